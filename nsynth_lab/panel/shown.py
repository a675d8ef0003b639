"""Shown: the sound, and how it goes, as pages are told."""

from __future__ import annotations

from nsynth_lab.panel.history import History
from nsynth_lab.panel.messages import State, Status
from nsynth_lab.patch import targets
from nsynth_lab.patch.table import to_table
from nsynth_lab.render.live import Status as LiveStatus


def state_of(history: History, *, revision: int) -> State:
    """The present sound."""
    patch, preset, _ = history.now
    rows = {
        one.name: {
            "value": one.value,
            "low": one.rule.low,
            "high": one.rule.high,
            "unit": one.rule.unit,
            "says": one.rule.says,
        }
        for one in targets(patch).values()
    }
    return State(
        revision=revision,
        patch=to_table(patch),
        targets=rows,
        preset=preset,
        is_changed=history.now.is_changed,
        can_undo=history.can_undo,
        can_redo=history.can_redo,
    )


def status_of(status: LiveStatus, *, is_socket: bool) -> Status:
    """How it goes."""
    engine = status.engine
    return Status(
        voices=engine.voices,
        x=engine.x,
        y=engine.y,
        load=status.highest,
        peak=engine.peak,
        underruns=status.underruns,
        latency_ms=status.latency_ms,
        stolen=engine.stolen + engine.overload_stolen,
        output="socket" if is_socket else "device",
    )
