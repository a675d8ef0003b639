"""check_labels(notes): do notes sound at the pitches their labels say? Heard before a run begins.

A wrong label cannot be learnt: partials are laid where it says. `nsynth-lab dataset check` listens to every note of a
data set; this to a hundred of what is to be trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.dataset.check import AGREE_SEMITONES
from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.dsp.pitch_guess import SURE, measure_note
from nsynth_lab.note import note_name
from nsynth_lab.units import SAMPLE_RATE

AT_MOST = 100
WORTH_A_WORD = 0.06  # of the notes: of bells and drums that are labelled right, as many are heard wrong
OFTEN = 0.5
NAMED = 3


@dataclass(frozen=True)
class LabelCheck:
    """What was heard.

    Attributes:
        sure: how many notes have a clear pitch.
        wrong: those that sound at another pitch, whatever the octave, as `data set/note: labelled A4, sounds D5`.
        octaves: how many sound an octave or more from their label.
    """

    sure: int
    wrong: tuple[str, ...]
    octaves: int

    @property
    def warnings(self) -> list[str]:
        """A line for each thing that is wrong with the labels as a whole, with what to do."""
        said = []
        if len(self.wrong) > WORTH_A_WORD * self.sure:
            first = "; ".join(self.wrong[:NAMED])
            said.append(
                f"pitch labels: {len(self.wrong)} of {self.sure} notes sound at another pitch than their label says "
                f"({first}); they cannot be learnt: stop, see `nsynth-lab dataset check`, and make the data set again "
                "with right file names or `nsynth-lab dataset folder --pitch measured`"
            )
        if self.octaves > OFTEN * self.sure:
            said.append(
                f"pitch labels: {self.octaves} of {self.sure} notes sound an octave from their label; if the file "
                "names do not call middle C C4, make the data set again with `nsynth-lab dataset folder --middle-c`"
            )
        return said


def check_labels(notes: PreparedNotes, *, at_most: int = AT_MOST) -> LabelCheck:
    """Listen to at most so many notes, spread evenly, and compare with their labels; octaves count apart."""
    sure, octaves = 0, 0
    wrong: list[str] = []
    for note in range(0, len(notes), max(1, -(-len(notes) // at_most))):
        heard, trust = measure_note(notes.samples(note), SAMPLE_RATE)
        if trust < SURE:
            continue
        sure += 1
        entry = notes.index[note]
        label = int(str(entry["pitch"]))
        apart = heard - label
        if abs((apart + 6) % 12 - 6) > AGREE_SEMITONES:
            data = str(entry["instrument"]).partition("/")[0]
            sounds = note_name(min(127, max(0, round(heard))))
            wrong.append(f"{data}/{entry['note_str']}: labelled {note_name(label)}, sounds {sounds}")
        elif abs(apart) > AGREE_SEMITONES:
            octaves += 1
    return LabelCheck(sure, tuple(wrong), octaves)
