"""The README section on a preset: its sound, movement and effects, and what a sampler cannot play of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nsynth_lab.patch import Patch
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import Blend, Envelope, Tuning

UNITS = {"pitch_cents": " cents", "level_db": " dB"}


def preset_lines(patch: Patch, places: Sequence[Sequence[float]], troubles: Sequence[str]) -> Iterator[str]:
    """Lines of Markdown on `patch`, of which the pack has the `places`; `troubles` are effects that failed."""
    patch = patch.with_macros_applied()
    yield f"## The preset {patch.name}"
    yield ""
    about = [patch.description, f"by {patch.author}" if patch.author else ""]
    if text := ", ".join(filter(None, about)):
        yield f"{text[0].upper()}{text[1:]}."
        yield ""
    yield f"- Instruments: {_blended(patch.blend, places)}."
    for lfo in patch.blend.lfos:
        depth = f"{lfo.depth:g}{UNITS.get(lfo.target, '')}"
        pace = f"every {lfo.cycle_beats:g} beats" if lfo.cycle_beats else f"at {lfo.rate_hz:g} Hz"
        yield f"- Movement: {lfo.target} by {depth} {pace} ({lfo.shape})."
    if patch.envelope != Envelope():
        yield f"- Envelope: {_envelope(patch.envelope)}."
    if patch.tuning != Tuning():
        yield f"- Tuning: {_tuning(patch.tuning)}."
    if patch.voice.unison > 1:
        yield f"- Unison: {patch.voice.unison} voices, {patch.voice.detune_cents:g} cents apart in all."
    heard = [_effect(slot) for slot in patch.effects if not slot.bypass]
    yield f"- Effects, in this order: {'; '.join(heard)}." if heard else "- No effects."
    yield ""
    yield "Not in the clips: " + "; ".join(_left_behind(patch, places, troubles)) + "."
    yield ""
    yield "`preset.toml` is the preset itself: `nsynth-lab play --preset preset.toml` plays it with all of that."


def _blended(blend: Blend, places: Sequence[Sequence[float]]) -> str:
    own = len(places) == 1 and tuple(places[0]) == blend.place
    if own and blend.path:
        return f"{_listed(blend.corners)}, along a path that begins at {_place(blend.path[0][1:])}"
    if not any(places):
        return _listed(blend.corners)
    return f"{_listed(blend.corners)}, blended at {' and '.join(_place(place) for place in places)}"


def _listed(corners: Sequence[str]) -> str:
    names = list(dict.fromkeys(corners))
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _place(place: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in place)


def _envelope(envelope: Envelope) -> str:
    release = f"release {envelope.release_seconds:g} s" if envelope.release_seconds else "the instruments' release"
    begin = f"attack {envelope.attack_seconds:g} s, decay {envelope.decay_seconds:g} s"
    return f"{begin}, sustain {envelope.sustain:g}, {release}"


def _tuning(tuning: Tuning) -> str:
    parts = [f"A4 at {tuning.a4_hz:g} Hz"]
    parts += [f"{tuning.transpose:+d} semitones"] if tuning.transpose else []
    parts += [f"{tuning.fine_cents:+g} cents"] if tuning.fine_cents else []
    parts += [f"a scale of {len(tuning.scale_cents)} steps"] if tuning.scale_cents else []
    return ", ".join(parts)


def _effect(slot: Slot) -> str:
    settings = [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in slot.parameters.items()
    ]
    told = [f"mix {slot.mix:g}", *settings, *(["with a state of its own"] if slot.state else [])]
    return f"{slot.label} ({', '.join(told)})"


def _left_behind(patch: Patch, places: Sequence[Sequence[float]], troubles: Sequence[str]) -> Iterator[str]:
    """What is for playing, what is switched off, and what failed."""
    voice, blend = patch.voice, patch.blend
    yield f"its {voice.mode} mode" + (f" with a glide of {voice.glide_seconds:g} s" if voice.glide_seconds else "")
    if blend.path and not (len(places) == 1 and tuple(places[0]) == blend.place):
        yield "its path through the blend"
    if patch.macros:
        yield f"its macros, which stay at their values ({', '.join(macro.name for macro in patch.macros)})"
    if patch.midi:
        yield f"its controllers ({', '.join(f'CC {route.cc}: {route.target}' for route in patch.midi)})"
    yield "what pressure and the pitch wheel do"
    for slot in patch.effects:
        if slot.bypass:
            yield f"{slot.label}, which is bypassed"
    yield from troubles
