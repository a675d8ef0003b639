"""Bench: how fast this machine runs this model, measured where a user notices it. Nothing here keeps a sound.

timing      seconds of a piece of work, repeated: median, lowest, highest
work        what is measured with: a session, two instruments, how thoroughly
machine     processor, threads, and the rates of the machine itself
offline     encode and decode: multiples of real time, and how they grow with seconds and notes
load        the engine that `play` plays on, block by block; streaming: with more and more voices
limit       one step of the decoder against what the machine could do; counts in `count`, where its time goes in `parts`
processes   whole commands from outside: start-up and memory, by `child`
training    steps a second
bench       the sections in a row; page and plots show them
peers/      others' decoders on the same machine in the same run
"""
