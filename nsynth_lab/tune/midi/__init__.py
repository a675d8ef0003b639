"""MIDI files of tunes: read, with what they do not say found; and written, repeats played out.

    bytes --> notes (lines in ticks) --> top_line --> grid --> bar_lines, find --> reader --> Tune
    Tune --> played --> writer --> bytes

Files are taken apart by `nsynth_lab.midi`.
"""

from nsynth_lab.tune.midi.reader import read_midi
from nsynth_lab.tune.midi.writer import midi_bytes

__all__ = ["midi_bytes", "read_midi"]
