"""Bench: how fast this machine runs this model, where a user notices it. Start at `bench`, which runs all sections.

machine       processor, threads, and the peak rates of arithmetic and memory
offline       encoding and decoding of whole notes as multiples of real time, and how they scale
streaming     load of the engine that `play` uses with more and more voices, block by block (`load`)
controllers   the same load while knobs and wheels are moved
following     load and latency of `play --input`
duet          load of `duet`, and how long answers take to write
limit         one decoder step against the peak rates (`operations`), and a profile of a block (`profiling`)
processes     start-up time and memory of whole commands, each run by `child`; `play_child` stands in for `play`
training      training steps per second

work          the session, instruments and thoroughness that all sections share
timing        repeated measurements: median, lowest and highest
synthetic     generated recordings to encode and to train on
tables, page, plots     the results on the terminal and as a report
busy          encode, play and pack beside busy processes; `live_child` stands in for `play`
spinner       busy processes beside what is measured
pretended/    a sound card that nobody hears
turns/        whole commands of two versions of this program in turns
peers/        other projects' decoders on the same machine in the same run
"""
