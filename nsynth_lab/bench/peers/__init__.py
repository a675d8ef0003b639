"""Other projects' decoders, timed on the same machine in the same run for the same length of audio.

rave                RAVE v2, from its own source
music_translation   the WaveNet of A Universal Music Translation Network, from its own source
ddsp                a DDSP decoder of the published size, reimplemented here
nsynth              NSynth's decoder of the published size, reimplemented here with fast generation
reverb              pedalboard's reverb, for scale
ours                the decoder and engine of this project
compare             each of them against ours, alternately, on one thread and on all cores

All weights are random: speed does not depend on them. `python -m nsynth_lab.bench.peers --help` tells how to run it.
"""
