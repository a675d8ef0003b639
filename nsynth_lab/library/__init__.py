"""Library: what `import nsynth_lab as nl` offers to notebooks and scripts.

    model   `load` and Model: instruments, blend, encode, decode, render
    sound   Sound, which a notebook plays, and Picture, which it shows

Here what is asked for in Python becomes the requests that the command line makes too, and `render` answers them. The
public names are listed in `nsynth_lab/__init__.py`.
"""
