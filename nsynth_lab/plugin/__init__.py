"""Plugin: the instrument on a track of a DAW, as VST3, CLAP and LV2; and an effect, which plays what a track sings.

    host --> shell (C++, built with DPF) ==memory==> bridge --> engine
                                       <--socket--> seat
             one of each per instance                all of them in one process, which serves every host

    layout       what shell and engine say to each other, in tables; parameters: what hosts automate
    memory       a session's shared memory, as the engine sees it
    bridge       records of the host's blocks -> events -> the engine -> audio at the host's rate
    follower     what the host plays into the effect, followed and played; beside the bridge
    seat         one instance's session: its preset, its engine, what goes wrong
    editor       the panel on a seat, opened when somebody asks for it; host_stage: what it plays on; moves: what the
                 host moves in it
    server       all seats; ends when the last one has been gone for a while
    __main__     the process: keeps a copy of itself ready, so that a crash is over within a moment
    place        where the engine and its socket are, as it is written beside an installed plugin
    dpf, build, install, status    behind `nsynth-lab plugin`
    shell/       the plugin itself

Shell, formats and presets of the instrument and the effect are the same; the effect has inputs and no keys.

The host's audio thread waits for the engine only where the host bounces; live, what is late is silence. The engine's
events take effect on its own grid of 64 samples at 48 kHz, live and offline alike.
"""
