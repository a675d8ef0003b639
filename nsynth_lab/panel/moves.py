"""Moves: what an engine is told, so that it plays another patch without being built anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nsynth_lab.midi.events import Event, setting, tempo
from nsynth_lab.patch import STREAMS, Envelope, Patch, Slot, targets
from nsynth_lab.patch.targets import TRACK, unchecked
from nsynth_lab.render.preset_synth import IN_CHAIN, SYNTH, bypasses, synth_values
from nsynth_lab.tempo import DEFAULT_BPM


def moves(before: Patch, after: Patch) -> list[Event] | None:
    """Events that bring an engine from one patch to the other while it plays; None if that takes another engine."""
    streams = [stream for stream in (*STREAMS, TRACK) if getattr(after.blend, stream)]  # one of its own can be told
    if _fixed(before, streams) != _fixed(after, streams) or _beside(before) != _beside(after):
        return None
    if any(
        old.plugin and old.parameters.keys() - new.parameters
        for old, new in zip(before.effects, after.effects, strict=True)
    ):
        return None  # it goes back to what the plugin itself begins with
    old, new = told(before), told(after)
    told_tempo = [tempo(after.tempo_bpm)] if after.tempo_bpm != before.tempo_bpm else []
    return [*told_tempo, *(setting(name, value) for name, value in new.items() if value != old.get(name))]


def told(patch: Patch) -> dict[str, float]:
    """What an engine can be told while it plays: parameters of the synth, and all other targets of the patch.

    A stream without a place of its own goes with the position.
    """
    streams = {f"blend.{stream}{axis}" for stream in STREAMS for axis in ("", "_y") if not getattr(patch.blend, stream)}
    others = targets(patch, knobs=False).values()
    return {
        **synth_values(patch),
        **{one.name: one.value for one in others if one.name not in SYNTH and one.name not in streams},
        **bypasses(patch),
    }


def _fixed(patch: Patch, streams: Sequence[str]) -> Patch:
    """A patch without what its engine can be told while it plays, and without what is not heard."""
    heard = {name.removeprefix(IN_CHAIN) for name in targets(patch, knobs=False) if name.startswith(IN_CHAIN)}
    routed = {route.target for route in patch.midi}  # the engine knows the macros that controllers move
    lfos = tuple(
        unchecked(lfo, rate_hz=1.0, depth=0.0, cycle_beats=float(lfo.cycle_beats > 0)) for lfo in patch.blend.lfos
    )
    blend = unchecked(patch.blend, lfos=lfos, **dict.fromkeys(streams, ()))
    if not blend.path:  # which begins at the position
        blend = unchecked(blend, position=(), weights=(1.0,) * blend.is_weighted)
    return unchecked(
        patch,
        name="",
        description="",
        author="",
        tags=(),
        level_db=0.0,
        tempo_bpm=DEFAULT_BPM,
        effects=tuple(_fixed_slot(slot, heard) for slot in patch.effects),
        layers=tuple(unchecked(layer, level_db=0.0) for layer in patch.layers),
        blend=blend,
        envelope=Envelope(),
        tuning=unchecked(patch.tuning, fine_cents=0.0),
        voice=unchecked(patch.voice, glide_seconds=0.0, detune_cents=0.0, spread=0.0, vibrato_cents=0.0),
        macros=tuple(unchecked(macro, value=0.0) for macro in patch.macros if f"macros.{macro.name}" in routed),
    )


def _beside(patch: Patch) -> Path | None:
    """The folder of its impulse responses, if it has any."""
    return patch.home if any(slot.impulse for slot in patch.effects) else None


def _fixed_slot(slot: Slot, heard: set[str]) -> Slot:
    parameters = {name: value for name, value in slot.parameters.items() if f"{slot.label}.{name}" not in heard}
    return unchecked(slot, mix=0.0, bypass=False, parameters=parameters)
