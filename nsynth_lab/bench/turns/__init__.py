"""Turns: whole commands of two versions of this program in turns, alone and beside a busy process.

    commands   what is run, as a musician would type it
    child      one run: seconds, processor time, what it imports
    compare    the turns, and what came of them
    table      the figures as Markdown

`scripts/bench_start OLD NEW` calls it; OLD and NEW are checkouts, each with its own `.venv`.
"""
