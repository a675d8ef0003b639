"""Sinks: where blocks of sound end up. All follow `sink.Sink`: a context manager with `write(block)`.

sink       the contract
file       FileSink: a sound file; conversion to its sample rate, bits and channels is in `conversion`
listen     plays a finished sound file (`--listen`)
recorder   Recorder: a sound file written on a thread of its own, while something plays live
device     DeviceSink: an audio interface, through PortAudio; start here for live playing
jack       (jack_sink) JackSink: ports of JACK, a pair for each part, for `play --jack`
input      (device_input) DeviceInput: what a microphone or a line brings in, for `play --input`
portaudio  what both have in common: the library, its errors in words, streams that vanish
socket     (socket_sink) SocketSink: frames for the pages of the panel, at the pace of the clock
ring       the lock-free queue between the engine's thread and the audio thread
outputs    which audio outputs and inputs there are, for `nsynth-lab devices`

Sample packs are written by `pack`.
"""
