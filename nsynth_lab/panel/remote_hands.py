"""RemoteHands: what other programs do over OSC: heard at once, and kept in the sound once they have come to rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.panel.changes import by_hand, placed
from nsynth_lab.patch import Patch, targets
from nsynth_lab.render.preset_synth import SYNTH
from nsynth_lab.synth.parameter_words import WORDS

REST_SECONDS = 0.4
TEMPO = "tempo_bpm"
AXES = ("x", "y")
_TARGETS = {
    parameter: (target, next(word for word in WORDS.values() if word.parameter == parameter))
    for target, (parameter, _) in SYNTH.items()
}


class RemoteHands:
    """`note(events)` as they come, from any thread; `at_rest(patch)` now and then."""

    def __init__(self) -> None:
        self._moved: dict[str, float] = {}
        self._at = 0.0
        self._lock = threading.Lock()

    def note(self, events: Iterable[Event]) -> None:
        """Remember which parameters have been moved."""
        moved = {event.name or TEMPO: event.value for event in events if event.kind in (Kind.SETTING, Kind.TEMPO)}
        with self._lock:
            self._moved |= moved
            self._at = time.monotonic() if moved else self._at

    def at_rest(self, patch: Patch) -> Patch | None:
        """The patch with what has been moved, once nothing has been for 0.4 s; None if there is nothing to keep."""
        with self._lock:
            if not self._moved or time.monotonic() - self._at < REST_SECONDS:
                return None
            moved, self._moved = self._moved, {}
        kept = _with(patch, moved)
        return kept if kept != patch else None


def _with(patch: Patch, moved: Mapping[str, float]) -> Patch:
    """A patch with parameters as they have been moved, as far as they are its own."""
    place = dict(zip(AXES, (*patch.blend.position, 0.5, 0.5), strict=False)) | {
        axis: moved[axis] for axis in AXES if axis in moved
    }
    if moved.keys() & set(AXES) and patch.blend.dims and not patch.blend.is_weighted:
        patch = placed(patch, place["x"], place["y"])
    if TEMPO in moved:
        patch = replace(patch, tempo_bpm=moved[TEMPO])
    known = targets(patch)
    for name, value in moved.items():
        target, number = name, value
        if name in _TARGETS and name not in AXES:
            target, word = _TARGETS[name]
            number = word.outwards(value)
        if (row := known.get(target)) is not None:
            patch = _turned(patch, target, min(max(number, row.rule.low), row.rule.high))
    return patch


def _turned(patch: Patch, target: str, value: float) -> Patch:
    try:
        return by_hand(patch, target, value)
    except NsynthLabError:  # it has gone meanwhile, as an effect that a page has removed
        return patch
