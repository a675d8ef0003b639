"""Shown: the sound, and how it goes, as pages are told."""

from __future__ import annotations

from collections.abc import Mapping

from nsynth_lab.panel.history import History
from nsynth_lab.panel.messages import State, Status
from nsynth_lab.panel.plugins import plugin_ranges
from nsynth_lab.patch import targets
from nsynth_lab.patch.table import to_table
from nsynth_lab.render.live import Status as LiveStatus


def state_of(history: History, *, revision: int, taken_out: Mapping[str, str]) -> State:
    """The present sound, of whose effects some were taken out."""
    patch, preset, _ = history.now
    plugins = plugin_ranges(patch)
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
    for name, row in plugins.items():
        values = [float(value) for _, value in row.steps]
        here = {"value": float(row.default), **rows.get(name, {})}
        rows[name] = {**here, "low": min(values), "high": max(values), "unit": row.unit, "says": row.title}
    return State(
        revision=revision,
        patch=to_table(patch),
        targets=rows,
        preset=preset,
        is_changed=history.now.is_changed,
        taken_out=dict(taken_out),
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
