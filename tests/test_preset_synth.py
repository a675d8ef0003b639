"""A patch on the synth: motion, tuning, effects and controllers sound the same at any block size, live and offline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from playing import SECOND, busy_events, played, small_engine

from nsynth_lab.blend.modulation import Moments
from nsynth_lab.errors import PatchError
from nsynth_lab.midi.events import control, note_on
from nsynth_lab.patch import Blend, Envelope, Lfo, Macro, Move, Patch, Route, Slot, Tuning, Voice, moved
from nsynth_lab.patch.rules import Rule
from nsynth_lab.render.preset_synth import PatchEffects, settings_of
from nsynth_lab.synth.modulation import STREAMS, Motion
from nsynth_lab.synth.settings import PARAMETERS
from nsynth_lab.units import FloatArray

CORNERS = ("a", "b", "c", "d")
PLAIN = Patch("plain", Blend(CORNERS), envelope=Envelope(release_seconds=0.3), voice=Voice(voices=6))
MOVED = replace(
    PLAIN,
    blend=Blend(
        CORNERS,
        position=(0.2, 0.7),
        timbre=(0.9, 0.1),
        lfos=(Lfo(target="pitch_cents", rate_hz=5.0, depth=30.0), Lfo(target="position", rate_hz=2.0, depth=0.3)),
    ),
    effects=(Slot("chorus"), Slot("delay", mix=0.3)),
    macros=(Macro("Glass", moves=(Move("blend.lfos.1.depth", 0.0, 80.0), Move("effects.delay.mix", 0.0, 0.8))),),
    midi=(Route(21, "macros.Glass"), Route(7, "level_db", low=-30.0, high=0.0), Route(1, "blend.position")),
)
MOVES = [control(21, 100, at_sample=9_000), control(7, 64, at_sample=20_000), control(1, 127, at_sample=31_000)]


def moments(*seconds: float) -> Moments:
    return Moments.steady(np.array(seconds))


def sound_of(patch: Patch, blocks: tuple[int, ...], *, ahead_samples: int = 512) -> FloatArray:
    settings = settings_of(patch.with_macros_applied())
    engine = small_engine(
        settings, corners=4, output_stage=PatchEffects(patch.with_macros_applied()), ahead_samples=ahead_samples
    )
    events = sorted([*busy_events(), *MOVES], key=lambda event: event.at_sample)
    return played(engine, events, samples=2 * SECOND, blocks=blocks)


def test_a_patch_sounds_the_same_at_any_block_size_and_offline() -> None:
    whole = sound_of(MOVED, (512,))
    assert np.abs(whole).max() > 0.02
    for blocks in ((64,), (256,), (1024, 64, 320)):
        assert np.abs(sound_of(MOVED, blocks) - whole).max() < 1e-3
    assert np.abs(sound_of(MOVED, (8192,), ahead_samples=8192) - whole).max() < 1e-3


def test_a_patch_without_effects_is_the_plain_synth_delayed() -> None:
    settings = settings_of(PLAIN)
    events = [note_on(60, 90), note_on(67, 60, at_sample=SECOND // 3)]
    output_stage = PatchEffects(PLAIN)
    late = output_stage.latency_samples
    came = played(small_engine(settings, corners=4, output_stage=output_stage), events, samples=SECOND)
    wanted = played(small_engine(replace(settings, motion=None), corners=4), events, samples=SECOND)
    assert 0.0 < np.abs(wanted).max() < 0.9, "the limiter must have nothing to do"
    assert np.abs(came[:, late:] - wanted[:, : SECOND - late]).max() < 1e-3


def test_each_stream_has_its_own_position() -> None:
    motion = Motion(Blend(("a", "b"), position=(0.25,), timbre=(1.0,), path=((0.0, 0.25), (2.0, 0.75))))
    found = dict(zip(STREAMS, motion.weights(2, np.array([[0.25], [0.35]]), moments(0.0, 1.0)), strict=True))
    np.testing.assert_allclose(found["timbre"], [[0, 1], [0, 1]])
    np.testing.assert_allclose(found["loudness"], [[0.75, 0.25], [0.4, 0.6]])


def test_lfos_of_pitch_and_level_begin_with_the_note() -> None:
    lfos = (Lfo(target="pitch_cents", rate_hz=1.0, depth=50.0), Lfo(target="level_db", rate_hz=0.5, depth=6.0))
    motion = Motion(Blend(("a", "b"), lfos=lfos))
    np.testing.assert_allclose(motion.cents(moments(0.0, 0.25, 0.75)), [0.0, 50.0, -50.0], atol=1e-9)
    np.testing.assert_allclose(motion.level_db(moments(0.0, 0.5)), [0.0, 6.0], atol=1e-9)


def test_three_corners_have_the_third_along_an_edge() -> None:
    patch = Patch("three", Blend(("a", "b", "c"), position=(0.3, 0.4)))
    assert settings_of(patch).place(4, np.nan) == (0.3, 0.4), "on a square whose lower edge is C"
    found = Motion(patch.blend).weights(4, np.array([[0.3, 0.4]]), moments(0.5))[0, 0]
    np.testing.assert_allclose([found[0], found[1], found[2] + found[3]], [0.42, 0.18, 0.4])


def test_tuning_and_voice_settings_come_from_the_patch() -> None:
    patch = replace(
        PLAIN, tuning=Tuning(a4_hz=432.0, transpose=-12), voice=Voice("legato", glide_seconds=0.2, unison=3)
    )
    settings = settings_of(patch)
    assert settings.tuning.hz(69) == pytest.approx(216.0)
    assert (settings.mode, settings.glide_ms, settings.unison) == ("legato", 200.0, 3)
    assert not settings.tuning.sounds(0)


def test_a_controller_moves_its_targets_and_nothing_else() -> None:
    effects = PatchEffects(MOVED.with_macros_applied())
    changes = effects.on_control_change(21, 127.0, 0)
    assert set(changes) == {"motion"}
    motion = changes["motion"]
    assert isinstance(motion, Motion)
    assert motion.blend.lfos[0].depth == 80.0
    assert effects.on_control_change(21, 127.0, 0) == {}, "it stands there already"
    assert effects.on_control_change(1, 127.0, 0)["x"] == 1.0
    assert effects.on_control_change(99, 5.0, 0) == {}


EVERYTHING = replace(
    MOVED,
    tuning=Tuning(a4_hz=432.0, transpose=2),
    effects=(Slot("delay", mix=0.0), Slot("gain")),
    macros=(Macro("All", moves=(Move("blend.timbre_y", 1.0, 0.25), Move("effects.gain.gain_db", -24.0, 12.0))),),
    midi=(
        Route(1, "blend.position"),
        Route(2, "blend.position_y", low=1.0, high=0.0),
        Route(3, "blend.loudness", low=0.1, high=0.9),
        Route(4, "blend.lfos.2.depth", low=0.0, high=1.0),
        Route(5, "tuning.fine_cents", low=-100.0, high=100.0),
        Route(6, "envelope.attack_seconds", low=0.0, high=2.0),
        Route(8, "envelope.sustain"),
        Route(9, "voice.detune_cents", low=3.0, high=50.0),
        Route(10, "effects.delay.mix"),
        Route(11, "level_db", low=-30.0, high=6.0),
        Route(12, "macros.All", low=0.2, high=0.9),
    ),
)


def test_a_controller_gives_the_same_numbers_as_a_validated_patch() -> None:
    """After many moves, synth and effects have the settings of a patch that was changed with validation."""
    effects, settings, patch = PatchEffects(EVERYTHING), settings_of(EVERYTHING), EVERYTHING
    rng = np.random.default_rng(5)
    for _ in range(200):
        controller, value = int(rng.choice([route.cc for route in EVERYTHING.midi])), int(rng.integers(128))
        settings = settings.changed(effects.on_control_change(controller, value, 0))
        for target, number in patch.controlled(controller, value).items():
            patch = moved(patch, target, number)
    wanted = settings_of(patch)
    for name in PARAMETERS:
        assert getattr(settings, name) == pytest.approx(getattr(wanted, name)), name
    assert settings.tuning.table_hz == pytest.approx(wanted.tuning.table_hz)
    assert settings.motion is not None
    for stream in ("timbre", "loudness", "f0", "partials"):
        assert getattr(settings.motion.blend, stream) == pytest.approx(getattr(patch.blend, stream))
    assert [lfo.depth for lfo in settings.motion.blend.lfos] == pytest.approx([lfo.depth for lfo in patch.blend.lfos])
    fresh = PatchEffects(patch)
    sound = np.random.default_rng(1).standard_normal((2, SECOND)).astype(np.float32) * 0.01
    for one in (effects, fresh):
        one.process(np.zeros((2, SECOND // 2), np.float32), 0)
    np.testing.assert_allclose(effects.process(sound, 0), fresh.process(sound, 0), atol=2e-4)


@pytest.mark.parametrize("patch", [MOVED, EVERYTHING], ids=["moved", "everything"])
def test_nothing_is_validated_while_a_controller_moves(patch: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    effects = PatchEffects(patch.with_macros_applied())
    asked: list[object] = []
    monkeypatch.setattr(Rule, "check", lambda _rule, value: asked.append(value))
    for value in range(0, 128, 9):
        for route in patch.midi:
            effects.on_control_change(route.cc, value, 0)
        effects.process(np.zeros((2, 64), np.float32), 0)
    assert asked == []


def test_an_impossible_controller_target_is_reported_before_playing() -> None:
    with pytest.raises(PatchError, match=r"midi\.1.*depth.*0 to 1$"):
        replace(MOVED, midi=(Route(1, "blend.lfos.2.depth", low=0.0, high=20.0),))
    replace(MOVED, midi=(Route(1, "blend.lfos.1.depth", low=0.0, high=1200.0),))


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.7), (-3.0, -0.3), (1.0, 1e-9), (20.0, 20_000.0)])
def test_a_controller_stays_within_its_range(low: float, high: float) -> None:
    route = Route(1, "level_db", low, high)
    values = [route.value(value) for value in range(128)]
    assert (values[0], values[-1]) == (low, high)
    assert min(low, high) <= min(values) <= max(values) <= max(low, high)


def test_the_tail_of_an_effect_is_played_out() -> None:
    patch = replace(PLAIN, effects=(Slot("reverb", mix=0.9),))
    effects = PatchEffects(patch)
    assert effects.quiet
    effects.process(np.full((2, 512), 0.5, np.float32), 0)
    assert not effects.quiet
    blocks = 0
    while not effects.quiet and blocks < 2_000:
        effects.process(np.zeros((2, 512), np.float32), 0)
        blocks += 1
    assert 100 < blocks < 2_000
