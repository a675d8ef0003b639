"""Research: what has not been proved, or has not gained. Nothing outside imports this room: import-linter checks that.

bands            a decoder with a band stack, a WaveNet in 16 bands that adds what partials and noise cannot
pqmf             the filter bank that it works in: splits a sound into bands at a lower rate and joins them again
code             how a tune is played, apart from who plays it: forgets the instrument, but moves the timbre too little
discriminators   adversarial losses on decoded sounds: HiFi-GAN's and UnivNet's discriminators, small enough for CPUs
imagination      a learnt prior of instruments, rectified flow over zones: a rival of what `imagine` draws

What proves its worth by a measurement moves down to the room that uses it. The measurements speak against them. The
mel error after 300 more steps on the same model (the table in checkpoints/default/README.md) was 2.13 dB with nothing
added, 2.26 dB with discriminators and 2.47 dB with the band stack trained on top. The default checkpoint has neither,
and checkpoints and runs that have are refused. What is kept here are the parts with their laws; the training stages
`bands` and `adversarial`, with resuming and several processes, are in the history at commit 3ba06d8.

Of 66 instruments drawn from the prior after 3,250 steps, six of each family, the family is recognised at 45 % of the
keys, and where only their timbre is moved there and the frames are real, at 61 %, with 16 % of the notes nearer to a
real instrument than half of what real ones are apart. Real instruments are recognised at 86 %, what `imagine` draws at
about 70 % before it is chosen, and at 90 % afterwards, with 3 % so near. So the prior is not offered.
"""
