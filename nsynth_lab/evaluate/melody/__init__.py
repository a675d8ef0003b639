"""How good the melody model is, on tunes that it has not learnt from: `nsynth-lab evaluate melody`.

held_out     the tunes that are kept, and those that were learnt from, for comparing
measures     what is counted in a tune: repetition, scales, ends, copies
ngram        n-grams, of the collections and within the tune: what to be ahead of
writing      bits a note, tunes written and continued
looping      loops rebuilt, and the ways between them
bare_midi    metre, upbeat, key and form found in MIDI files that say nothing of them
others       keys, chords, cost
evaluate     all of it, as rows with a goal each
"""
