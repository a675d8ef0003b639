"""Runtime: what plays a model. Every decoder on one page, and who chooses between them.

Decoder.step     `model.decoder`, in torch: the readable twin and the reference. Trains and fits, since it has
                 gradients, and decodes clips on a CUDA device
NumpyDecoder     a single clip on the CPU (`blend`, `decode`, `capture`, `evaluate`): there is no torch to import, and
                 nothing to compile or load
NumbaBatch       `play` and `render` on the CPU, and the clips of `pack`: compiled loops, so that no interpreter stands
                 between two voices; a step in two phases for small blocks
CudaGraphBatch   `play` on a CUDA device: one graph replayed instead of a hundred small kernels launched
TorchBatch       the fallback, by `Decoder.step` on the active voices: several frames of a voice in one step on a GPU, a
                 GPU that fails the check. Plays anything anywhere, slowest
GrowingBatch     `render` without a limit of voices: any of these, 64 slots at a time

`choose.choose_voice_batch` picks the voice batch and `clips.decode_blocks` how whole clips are decoded; nobody else
does, and on the CPU neither imports torch. `voice_batch` says what a voice batch is: slots, active voices, and a step
in two phases.

What holds each to the reference, and how fast it is (`nsynth-lab bench`, two cores of an AMD EPYC at 2.4 GHz,
26 November 2026; x is a multiple of real time, warm):

Decoder.step     tests/test_decoder.py: blocks of any size give what the whole gives, within 3e-5. A note of 4 s 67x, 64
                 notes one by one 63x
NumpyDecoder     tests/test_numpy_decoder.py: `Decoder.step` within 2e-5
NumbaBatch       tests/test_voice_batch.py: `Decoder.step` within 2e-5 (-94 dBFS); tests/test_compiled.py: the same bits
                 whatever plays beside. 24 voices without dropouts in blocks of 256, 16 in blocks of 128; 64 notes in
                 one batch 209x
CudaGraphBatch   tests/test_voice_batch.py, without its graph: within 2e-5; tests/test_cuda_graph_batch.py, with it,
                 where there is a GPU. There has been none: it has never run on one, and no figure is known. So `verify`
                 compares it with `Decoder.step` at start-up on the card that it will use, and takes it within -60 dB
TorchBatch       tests/test_voice_batch.py: within 2e-5
clips            tests/test_pack_loop.py: a clip alone (NumPy) and among others (compiled), within -80 dB of its peak

A decoder with a band stack and kernels that have not been proved on any card are in `nsynth_lab.research`.
"""
