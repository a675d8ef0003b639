"""Shown: the sound, and how it goes, as pages are told."""

from __future__ import annotations

from collections.abc import Mapping

from nsynth_lab.model.bank import Bank
from nsynth_lab.panel.history import History
from nsynth_lab.panel.messages.shown import Notes, State, Status
from nsynth_lab.panel.output import Output
from nsynth_lab.panel.plugins import plugin_ranges
from nsynth_lab.patch import Blend, targets
from nsynth_lab.patch.rules import rules_of
from nsynth_lab.patch.table import to_table
from nsynth_lab.patch.targets import TRACK, Target
from nsynth_lab.render.live import Status as LiveStatus
from nsynth_lab.synth.player import Player
from nsynth_lab.unpitched import TRACK as OF_TRACK

MOST_NOTES = 128


def state_of(history: History, bank: Bank, *, revision: int, taken_out: Mapping[str, str]) -> State:
    """The present sound of instruments of the bank, of whose effects some were taken out."""
    patch, preset, _ = history.now
    plugins = plugin_ranges(patch)
    captured = _captured_track(patch.blend, bank)
    known = {one.name: one for one in captured} | targets(patch)
    rows = {
        one.name: {
            "value": one.value,
            "low": one.rule.low,
            "high": one.rule.high,
            "unit": one.rule.unit,
            "says": one.rule.says,
        }
        for one in known.values()
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


def _captured_track(blend: Blend, bank: Bank) -> list[Target]:
    """How far the first drum or noise among the corners follows the keys by itself; none if there is none."""
    rule = next(rule for one, rule in rules_of(blend) if one.name == TRACK)
    for name in blend.corners:
        if name in bank.entries and (rows := bank.zones[bank.entries[name].zones[0]].unpitched) is not None:
            return [Target(f"blend.{TRACK}", rule, float(rows[0, OF_TRACK]))]
    return []


def status_of(status: LiveStatus, output: Output, *, bpm: float, clock: str, clock_is: str) -> Status:
    """How it goes, and at which tempo; the clock that is followed, and how it is heard."""
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
        output=output.kind,
        device=output.device or "",
        latency=output.latency,
        tempo_bpm=bpm,
        clock=clock,
        clock_is=clock_is,
    )


def notes_of(player: Player) -> Notes:
    """Where the notes that have a place of their own are: those held on the channels of MPE zones.

    From any thread while the engine plays: a note that begins or ends meanwhile may be missing.
    """
    channels, settings = player.channels, player.settings
    corners = len(player.programs[0].sources.corners)
    found: dict[tuple[int, int], tuple[float, ...]] = {}
    for voice in tuple(player.allocator.voices):
        if voice.released or voice.fading or not channels.is_member(voice.channel):
            continue
        own = channels.controls(voice.channel, settings)
        slide, pressure = (voice.kept_slide, voice.kept_pressure) if voice.detached else (own.slide, own.pressure)
        place = settings.place(corners, slide)
        if len(place) in (1, 2):
            found[voice.channel, voice.key] = (voice.key, *(*place, 0.5)[:2], pressure)
    return Notes(tuple(found.values())[:MOST_NOTES])
