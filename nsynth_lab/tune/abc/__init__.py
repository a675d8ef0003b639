"""ABC, the notation of folk tunes on the web: read and written.

    bytes --> book (tunes of a file) --> reader --> music, token by token --> bars --> Tune
    Tune --> writer --> text

book       a file's tunes, comments and file header
fields     values of information fields: key, unit length, tempo
texts      what fields say about a tune; which voice is taken
reader     a tune's lines -> Tune: start here for reading
music      a line's notes, chords, marks
tokens     a line of music cut into what it is made of
pitches    which pitch a letter is: signature, accidentals of the bar, ties
lengths    how long a note is: unit, tuplets, broken rhythm
bars       bar lines, repeats, endings
writer     Tune -> text: start here for writing

Source: the ABC standard 2.1 (abcnotation.com), as far as single melodies go.
"""

from nsynth_lab.tune.abc.book import decoded, tunes_of
from nsynth_lab.tune.abc.reader import read_text
from nsynth_lab.tune.abc.writer import abc_text
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.tune import Tune

__all__ = ["abc_text", "decoded", "read_text", "tune_from_abc", "tunes_of"]


def tune_from_abc(text: str) -> Tune:
    """The first tune of a text of ABC.

    Raises:
        TuneError: there is none.
    """
    return read_text(tunes_of(text)[0], Lines("line"))
