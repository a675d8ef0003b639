"""Card: all that is to be tried on a graphics card, in one command, `scripts/on_gpu`.

    gpu_tests   the tests that need a card
    voices      a step of the decoder by its number of voices, and blocks of the engine that `play` uses
    packs       a pack of 255 clips, on the card and on the processor
    training    steps per second, on the card and on the processor; gradients summed by NCCL, with one process
    parts       these four, each with a limit of time; run, which starts each in a process of its own
    page        the figures as a table in Markdown

With `--dry-run` all of it is done on the processor, as briefly as it can be.
"""
