"""Imagined instruments measured: against real ones, and beside rivals that make instruments in simpler ways.

    kinds: real, imagined, rivals --> heard at keys that chose nothing --> measures --> table with goals

Start with `evaluate.figures`. `kinds` makes instruments, `heard` hears them, `measures` are pure functions, `wishes`
asks for descriptors, and `pca` is the Gaussian among the rivals.
"""
