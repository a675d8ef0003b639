"""check_labels(notes): do the notes sound at the pitches their labels say? Checked before training starts.

A note with a wrong label cannot be learnt, because the decoder places its partials at the labelled pitch. This checks
a hundred of the notes to be trained on; `nsynth-lab dataset check` checks every note of a data set.
"""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.dataset.check import AGREE_SEMITONES
from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.dsp.pitch_guess import SURE, measure_note
from nsynth_lab.note import note_name
from nsynth_lab.units import SAMPLE_RATE

MAX_NOTES = 100
WRONG_SHARE = 0.06  # correctly labelled bells and drums reach this: their pitch is often measured wrongly
OCTAVE_SHARE = 0.5
MAX_EXAMPLES = 3


@dataclass(frozen=True)
class LabelCheck:
    """The result of `check_labels`.

    Attributes:
        sure: how many notes have a clear pitch.
        wrong: notes of another pitch class than their label, such as `data set/note: labelled A4, sounds D5`.
        octaves: how many sound one or more octaves away from their label.
    """

    sure: int
    wrong: tuple[str, ...]
    octaves: int

    @property
    def warnings(self) -> list[str]:
        """One line for each systematic fault of the labels, with what to do about it; empty if there is none."""
        lines = []
        if len(self.wrong) > WRONG_SHARE * self.sure:
            first = "; ".join(self.wrong[:MAX_EXAMPLES])
            lines.append(
                f"pitch labels: {len(self.wrong)} of {self.sure} notes sound at another pitch than their label says "
                f"({first}); such notes cannot be learnt: stop, see `nsynth-lab dataset check`, and make the data set "
                "again with corrected file names or with `nsynth-lab dataset folder --pitch measured`"
            )
        if self.octaves > OCTAVE_SHARE * self.sure:
            lines.append(
                f"pitch labels: {self.octaves} of {self.sure} notes sound an octave from their label; if the file "
                "names do not call middle C C4, make the data set again with `nsynth-lab dataset folder --middle-c`"
            )
        return lines


def check_labels(notes: PreparedNotes, *, at_most: int = MAX_NOTES) -> LabelCheck:
    """Measure the pitch of at most `at_most` notes, spread evenly, and compare it with their labels."""
    sure, octaves = 0, 0
    wrong: list[str] = []
    for note in range(0, len(notes), max(1, -(-len(notes) // at_most))):
        pitch, trust = measure_note(notes.samples(note), SAMPLE_RATE)
        if trust < SURE:
            continue
        sure += 1
        entry = notes.index[note]
        label = int(str(entry["pitch"]))
        apart = pitch - label
        if abs((apart + 6) % 12 - 6) > AGREE_SEMITONES:
            data = str(entry["instrument"]).partition("/")[0]
            sounds = note_name(min(127, max(0, round(pitch))))
            wrong.append(f"{data}/{entry['note_str']}: labelled {note_name(label)}, sounds {sounds}")
        elif abs(apart) > AGREE_SEMITONES:
            octaves += 1
    return LabelCheck(sure, tuple(wrong), octaves)
