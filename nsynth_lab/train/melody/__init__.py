"""How the melody model is trained: `python -m nsynth_lab.train.melody TUNES -o RUN`; see scripts/train_melody.

collections   tunes of public collections -> pieces, each on one side of the split
pool          pieces -> arrays, and batches of them
writer_net, loops_net   the nets in torch; `melody.writer` and `melody.loops` are their twins in NumPy
run           steps, averages, saving and resuming
harmony       chords counted
marginals     durations and rests counted, as people and as the writer write them
__main__      all of it, one after the other, into one file
"""
