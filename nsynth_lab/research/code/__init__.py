"""A universal code of how a tune is played, beside its pitch and its level, that forgets who plays it.

    tune --> features --> code [4 numbers a hop] --> displacement within the target's own range of timbre --> decoder

The idea is that of Mor et al. (2018), A Universal Music Translation Network: one encoder, trained against a classifier
that tries to name whom it hears, and a decoder of its own for everybody. Here the encoder is a net of 24 units, the
classifiers are for the instrument and for the pitch, and what belongs to an instrument is a matrix from the code to its
timbre, relative to the centre of the key and in units of its own spread.

features         what is heard beside pitch and level, hop by hop, causal
performances     instruments of a bank that play notes at random: sounds whose timbre is known
training         the encoder, the matrices and the classifiers; fresh classifiers judge what is left
engine           an engine that plays with it

    python -m nsynth_lab.research.code RUN [PHRASES]

trains on one core in minutes and goes on where it was interrupted; with PHRASES it also compares translations with the
code and without it. On the 186 instruments of the default bank, 652,000 hops, half of them never learnt:

                                           with confusion   without   by chance
    a fresh classifier names the instrument      1.9 %       14.2 %      0.6 %
    a fresh classifier names the pitch          14.8 %       19.1 %     14.5 %     in bins of 6 semitones
    timbre rebuilt, of its variance             14.7 %       19.5 %

Translated, first ten seconds of six phrases (saxophone, humming, singing, flute, whistling, speech) into nine targets:

                                                            with the code   without
    brightness of the result with the source's, correlation      0.12         0.04      what pitch explains left out
    level with the source's, correlation                         0.93         0.93
    the target's family is named, of the notes                   23 %         26 %

Both tables used performances of a forerunner with the same features, and the second also its own engine; the weight of
the confusion was chosen out of three by the first. Parts of a performance come again at another speed, so that what is
judged is not wholly new, which flatters the last line of the first table. With this code, one phrase (the flute) into
ten targets: brightness 0.12 against -0.06, level 0.91 both, the target named in 20 % against 28 % of the notes.

So the confusion does what it should and the code moves the timbre a little the way it should, but hardly audibly, and
the target is heard less clearly for it. It stays here and nothing plays it. What a swell needs, brighter with louder,
comes from the velocity layers (`synth.velocity_walk`).
"""
