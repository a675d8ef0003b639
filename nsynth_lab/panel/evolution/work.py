"""work: what is done for an evolution in a job's process. The panel holds the folder meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nsynth_lab.audio import read_audio
from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.folder import EvolutionFolder
from nsynth_lab.panel.evolution.cards import Card, Cards
from nsynth_lab.panel.messages.evolving import Evolve
from nsynth_lab.panel.pictures.spectrogram import spectrogram
from nsynth_lab.panel.produce.child import session_of
from nsynth_lab.panel.tunes.written import shown, write
from nsynth_lab.patch import Patch, parse_preset
from nsynth_lab.render.evolved.evolution import Evolution
from nsynth_lab.render.evolved.opening import INSTRUMENTS, TUNES, Wanted, opened
from nsynth_lab.render.evolved.tunes import TuneMaker
from nsynth_lab.tune.files import tune_in
from nsynth_lab.tune.tune import Tune

BREED, KEEP = (f"nsynth_lab.panel.evolution.work:{name}" for name in ("bred", "kept"))
NOTHING: Mapping[str, str] = {}
SETTINGS: Mapping[str, tuple[str, ...]] = {TUNES: ("metre", "key", "bars"), INSTRUMENTS: ("family",)}


def wanted_of(message: Evolve) -> Wanted:
    """What is to begin; nothing in particular where one goes on.

    Raises:
        UsageError: nothing says what instruments are to be heard as, or they are to begin from one's own.
    """
    if not message.what:
        return Wanted()
    if message.begin and message.what == INSTRUMENTS:
        raise UsageError("tunes and presets can be varied from your own; instruments are drawn anew")
    if message.what == INSTRUMENTS and not (message.family or message.names):
        raise UsageError("choose the family that the instruments are to be heard as, or some to make them of")
    asked = () if message.begin else SETTINGS.get(message.what, ())  # the rest is that of the first parent
    settings = {name: str(getattr(message, name)) for name in asked}
    own_names = message.begin and message.what != TUNES
    settings["names"] = json.dumps(message.names) if message.names and not own_names else ""
    return Wanted(message.what, {name: value for name, value in settings.items() if value}, message.seed)


def bred(
    folder: Path,
    tell: Any,
    *,
    path: str,
    session: Mapping[str, Any],
    wanted: Mapping[str, Any],
    liked: Sequence[int] | None,
    own: Mapping[str, str] = NOTHING,
) -> dict[str, Any]:
    """Open an evolution, go on from those that are liked unless that is None, and make what is missing.

    `own` is what a new one begins from: a `tune` in ABC, or a `preset` as its file; none, if it is empty.
    The cards of the present generation are in the folder as soon as there is one, and again with each that is made.

    Raises:
        NsynthLabError: it cannot be done.
    """
    tell(0.0, 0.0, "breeding" if liked is not None else "opening")
    begun = replace(Wanted(**wanted), own=_own(own))
    evolution = opened(EvolutionFolder(Path(path)), session_of(session), begun)
    if liked is not None:
        evolution.go_on(liked)
    drawn = _Drawn(evolution)
    drawn.cards().write(folder)
    total, done = len(evolution.to_make()), 0

    def made(count: int) -> None:
        nonlocal done
        done += count
        drawn.cards().write(folder)
        tell(done, total, "making")

    tell(0.0, total, "making")
    evolution.make(made)
    return {"generation": evolution.history.number}


def _own(own: Mapping[str, str]) -> Tune | Patch | None:
    if "tune" in own:
        return tune_in(own["tune"].encode()).tune
    return parse_preset(own["preset"]) if "preset" in own else None


def kept(
    folder: Path, tell: Any, *, path: str, session: Mapping[str, Any], generation: int, number: int, name: str
) -> dict[str, Any]:
    """Keep a member as `nsynth-lab evolve --save` does; a tune is written for pages besides.

    Raises:
        NsynthLabError: the name is taken, the generation is no longer the present one, or it cannot be written.
    """
    tell(0.0, 0.0, "saving")
    evolution = opened(EvolutionFolder(Path(path)), session_of(session), Wanted())
    if evolution.history.number != generation:
        raise UsageError("the next generation has come meanwhile; go back to save one of this")
    saved = evolution.save(number, name, output=None, force=False)
    if evolution.history.what != TUNES:
        return {"name": name}
    return write(replace(tune_in(saved.read_bytes()).tune, title=name), folder, instead=name)


class _Drawn:
    """The cards of an evolution's present generation; what has been drawn is not drawn again."""

    def __init__(self, evolution: Evolution) -> None:
        self._evolution = evolution
        self._rows = evolution.about()["members"]
        self._pictures: dict[int, bytes] = {}
        maker, members = evolution.maker, evolution.history.now.members
        tunes = [maker.tune(member) for member in members] if isinstance(maker, TuneMaker) else []
        self._notes = [tuple((at, length, key) for at, length, key in shown(tune)["notes"]) for tune in tunes]

    def cards(self) -> Cards:
        """As it stands."""
        missing = self._evolution.missing()
        cards = [self._card(number, is_made=number not in missing) for number in range(1, len(self._rows) + 1)]
        return Cards(self._evolution.history.number, tuple(cards))

    def _card(self, number: int, *, is_made: bool) -> Card:
        row = self._rows[number - 1]
        if self._notes:
            return Card(row["descent"], row["words"], is_made, notes=self._notes[number - 1])
        if is_made and number not in self._pictures:
            sound = read_audio(self._evolution.files(number)[1])
            self._pictures[number] = spectrogram(sound.mono())
        return Card(row["descent"], row["words"], is_made, picture=self._pictures.get(number, b""))
