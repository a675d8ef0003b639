"""Research: what has not been proved yet. Nothing else imports this room, and import-linter checks that.

triton_stack   the WaveNet stack in Triton kernels. Held to `GatedStack` by Triton's interpreter and compiled for one
               card in the tests; it has never run on a graphics card. To try it on one:
               `verified_batch(decoder, 16, seed=0, warn=print, ways=[("Triton", fused)])` (see `runtime.verify`)

What proves its worth by a measurement moves down to the room that uses it. Still outside this room, though a
measurement speaks against both (`nsynth-lab ablate`, the table in checkpoints/default/README.md; mel error after 300
steps more, against 2.13 dB with nothing added): the band stack (`model.bands`, `dsp.pqmf`, `train --stage bands`:
2.47 dB) and the discriminators (`train.discriminators`, `train --stage adversarial`: 2.26 dB). The default checkpoint
has neither.
"""
