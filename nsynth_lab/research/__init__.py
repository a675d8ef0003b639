"""Research: what has not been proved, or has not gained. Nothing outside imports this room: import-linter checks that.

bands            a decoder with a band stack, a WaveNet in 16 bands that adds what partials and noise cannot
pqmf             the filter bank that it works in: splits a sound into bands at a lower rate and joins them again
discriminators   adversarial losses on decoded sounds: HiFi-GAN's and UnivNet's discriminators, small enough for CPUs

What proves its worth by a measurement moves down to the room that uses it. The measurement speaks against them:
mel error after 300 more steps on the same model (the table in checkpoints/default/README.md) was 2.13 dB with nothing
added, 2.26 dB with discriminators and 2.47 dB with the band stack trained on top. The default checkpoint has neither,
and checkpoints and runs that have are refused. What is kept here are the parts with their laws; the training stages
`bands` and `adversarial`, with resuming and several processes, are in the history at commit 3ba06d8.
"""
