"""A tune drawn as a piano roll, which needs no engraver: notes as bars, bar lines, and the sections' letters."""

from __future__ import annotations

from pathlib import Path

from nsynth_lab.legible import legible
from nsynth_lab.note import note_name
from nsynth_lab.picture import new_figure, save_figure
from nsynth_lab.tune.form import sections
from nsynth_lab.tune.played import played_bars, sounding
from nsynth_lab.tune.tune import Tune

BARS_A_ROW, MOST_ROWS = 8, 40
ROW_INCHES, WIDTH_INCHES = 1.3, 10.0
AROUND = 2  # notes shown above the highest and below the lowest


def draw_roll(path: Path, tune: Tune) -> Path:
    """Write the roll as it is played, eight bars a row, into a .png, .svg or .pdf.

    Raises:
        MissingError: matplotlib is not installed.
    """
    notes, order = sounding(tune), played_bars(tune)
    begins = [0.0]
    for index in order:
        begins.append(begins[-1] + float(tune.bars[index].length))
    rows = [order[first : first + BARS_A_ROW] for first in range(0, len(order), BARS_A_ROW)][:MOST_ROWS]
    figure = new_figure(WIDTH_INCHES, 0.6 + ROW_INCHES * len(rows))
    low, high = (pick(note.pitch.note for note in notes) for pick in (min, max))
    letters = {section.first: section.letter for section in sections(tune)}
    figure.suptitle(legible(tune.title), fontsize=11)
    widest = max(begins[min(at + BARS_A_ROW, len(order))] - begins[at] for at in range(0, len(order), BARS_A_ROW))
    for number, axes in enumerate(figure.subplots(len(rows), 1, squeeze=False)[:, 0]):
        first = number * BARS_A_ROW
        end = min(first + BARS_A_ROW, len(order))
        left, right = begins[first], begins[end]
        for note in notes:
            at, length = float(note.at), float(note.length)
            if at < right and at + length > left:
                begin, until = max(at, left), min(at + length, right)
                axes.barh(
                    note.pitch.note, until - begin, 0.9, begin, color="tab:blue", edgecolor="white", linewidth=0.5
                )
        for place in range(first, end):
            axes.axvline(begins[place], color="0.6", linewidth=0.6)
            if order[place] in letters:
                axes.annotate(letters[order[place]], (begins[place], high + AROUND), fontsize=8)
        axes.set_xlim(left, left + widest)
        axes.set_ylim(low - AROUND, high + AROUND + 1)
        naturals = [note for note in range(low, high + 1) if note % 12 in (0, 7)]
        axes.set_yticks(naturals, [note_name(note) for note in naturals], fontsize=6)
        axes.set_xticks([])
    return save_figure(figure, path)
