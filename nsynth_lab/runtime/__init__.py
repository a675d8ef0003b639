"""Runtime: what plays a model. Every decoder on one page, and who chooses between them.

Decoder.step     `model.decoder`, in torch: the readable twin and the reference. Trains and fits, since it has
                 gradients, and decodes clips on a CUDA device
NumpyDecoder     a single clip on the CPU (`blend`, `decode`, `capture`, `evaluate`): there is no torch to import, and
                 nothing to compile or load
NumbaBatch       `play` and `render` on the CPU, and the clips of `pack`: compiled loops, so that no interpreter stands
                 between two voices; a step in two phases for small blocks
CudaGraphBatch   `play` on a CUDA device: one graph replayed instead of many small kernels launched. It replays a
                 `SlotStep`: `fused.step.FusedStep`, in kernels of its own, or `slot_step.PlainStep`, by `Decoder.step`
TorchBatch       the fallback, by `Decoder.step` on the active voices: several frames of a voice in one step on a GPU, a
                 GPU that fails the check. Plays anything anywhere, slowest
UnpitchedBatch   noise and resonances of sounds without a pitch, in compiled loops, beside any of these; the twin is
                 `dsp.unpitched_renderer`. What has no tone at all goes through no decoder
GrowingBatch     `render` without a limit of voices: any of these, 64 slots at a time

`export` writes the decoder for other programs: TorchScript for nn~, and ONNX.

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
                 where there is a GPU. `verify` compares it with `Decoder.step` at start-up on the card that it will
                 use, and takes it within -60 dB. On an H100: -108 dB fused, -123 dB plain
FusedStep        tests/test_fused_step.py: within -100 dB by Triton's interpreter, and compiled for other cards. On an
                 H100 a step of 16 voices takes 0.23 ms and one of 1,024 takes 0.89 ms, of PlainStep 0.77 and 2.75 ms
TorchBatch       tests/test_voice_batch.py: within 2e-5
ExportStep       tests/test_export.py: within -80 dB, -60 dB as ONNX
UnpitchedBatch   tests/test_unpitched.py: within -100 dB of its twin, which a single clip takes. 16 cymbals cost 0.56
                 of what 16 flutes do
clips            tests/test_pack_loop.py: a clip alone (NumPy) and among others (compiled), within -80 dB of its peak

A decoder with a band stack is in `nsynth_lab.research`.
"""
