"""Melodies heard: played by a blend of instruments, kept as MIDI, drawn as piano rolls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nsynth_lab.audio import check_target
from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.population import Member, Point
from nsynth_lab.evolve.tunes import TuneSpace
from nsynth_lab.midi.song import parse_song
from nsynth_lab.naming import file_stem
from nsynth_lab.note import note_name
from nsynth_lab.picture import name_notes, new_figure, save_figure
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.session import Session
from nsynth_lab.render.song import BLOCK_SAMPLES, render_song
from nsynth_lab.sinks.file import FileSink
from nsynth_lab.tune.files import write_tune
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.midi import midi_bytes
from nsynth_lab.tune.played import Sounding, played_length, sounding
from nsynth_lab.tune.tune import Tune
from nsynth_lab.wording import counted

SOURCE = "S"  # as ABC calls where a tune comes from
COLUMNS = 2
WIDTH_INCHES, ROW_INCHES = 11.0, 2.0
BEGIN = 6  # notes by which a tune is told from others
AROUND = 2  # notes shown above the highest and below the lowest


@dataclass(frozen=True)
class TuneMaker:
    """Makes melodies.

    Attributes:
        space: where they lie.
        session: what plays them.
        instruments: the blend that does.
    """

    space: TuneSpace
    session: Session
    instruments: tuple[str, ...]
    ending: str = ".mid"
    _made: dict[Point, Tune] = field(default_factory=dict, repr=False)

    def write(self, member: Member, file: Path, sound: Path, *, title: str, comment: str) -> None:
        """As MIDI, and played."""
        tune = replace(self.tune(member), title=title)
        write_tune(tune, file)
        song = parse_song(midi_bytes(tune, Lines()))
        engine = PlayRequest(self.instruments).engine(self.session, live=False, ahead_samples=BLOCK_SAMPLES)
        with FileSink(sound, comment=comment, force=True) as sink:
            render_song(engine, song, sink)

    def about(self, member: Member) -> dict[str, Any]:
        """Its notes, and the lowest and highest of them."""
        tune = self.tune(member)
        notes = [note.pitch.note for note in sounding(tune)]
        low, high = note_name(min(notes)), note_name(max(notes))
        begin = " ".join(map(note_name, notes[:BEGIN]))
        words = f"{counted(len(notes), 'note')}, {low} to {high}: {begin}{' ...' * (len(notes) > BEGIN)}"
        return {"words": words, "notes": len(notes), "lowest": low, "highest": high, "bars": len(tune.bars)}

    def picture(self, members: Sequence[Member], sounds: Sequence[Path], path: Path, *, title: str) -> None:  # noqa: ARG002
        """Piano rolls side by side, all on the same axes."""
        tunes = [self.tune(member) for member in members]
        notes = [sounding(tune) for tune in tunes]
        low = min(note.pitch.note for one in notes for note in one) - AROUND
        high = max(note.pitch.note for one in notes for note in one) + AROUND
        rows = -(-len(tunes) // COLUMNS)
        figure = new_figure(WIDTH_INCHES, 0.5 + ROW_INCHES * rows)
        figure.suptitle(title, fontsize=11)
        for number, axes in enumerate(figure.subplots(rows, COLUMNS).flat):
            _roll(axes, tunes[number], notes[number])
            axes.set_ylim(low, high)
            axes.set_title(str(number + 1), fontsize=9, loc="left")
            name_notes(axes, classes=(0, 7))
        save_figure(figure, path)

    def place(self, folder: Path, name: str) -> Path | None:
        """ABC in the folder."""
        return folder / f"saved-{file_stem(name, instead='tune')}.abc"

    def save(self, member: Member, name: str, origin: str, *, output: Path | None, force: bool) -> Path:
        """As notation, or a picture of it.

        Raises:
            UsageError: the file cannot be written.
        """
        if output is None:
            raise UsageError("no file to write the tune to; expected .abc, .mid, .musicxml or .svg")
        check_target(output, force=force)
        write_tune(replace(self.tune(member), title=name, about=((SOURCE, origin),)), output)
        return output

    def tune(self, member: Member) -> Tune:
        """The tune itself."""
        if member.point not in self._made:
            self._made[member.point] = self.space.tunes([member.point])[0]
        return self._made[member.point]


def _roll(axes: Any, tune: Tune, notes: Sequence[Sounding]) -> None:
    length = float(played_length(tune))
    axes.barh(
        [note.pitch.note for note in notes], [float(note.length) for note in notes], 0.9,
        [float(note.at) for note in notes], color="tab:blue", edgecolor="white", linewidth=0.5,
    )  # fmt: skip
    for bar in range(len(tune.bars) + 1):
        axes.axvline(bar * length / len(tune.bars), color="0.7", linewidth=0.6)
    axes.set_xlim(0.0, length)
    axes.set_xticks([])
