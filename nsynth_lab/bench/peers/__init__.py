"""Others' decoders on the same machine, in the same run, for the same length of audio, with random weights.

rave                RAVE v2, from its own source in the folder of peers
music_translation   A Universal Music Translation Network's WaveNet in its plain PyTorch generator, likewise
ddsp                a DDSP decoder of the published size; ours
nsynth              NSynth's decoder of the published size, by fast generation with queues; ours
reverb              what pedalboard's reverb costs, for scale
ours                this decoder in the same positions
compare             one against the other, in turns, on one thread and on all

Speed does not depend on the weights. `python -m nsynth_lab.bench.peers --help`.
"""
