"""A patch on the synth: its movements, tuning, effects and knobs sound the same in any blocks, live and offline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from playing import SECOND, busy_events, played, small_engine

from nsynth_lab.midi.events import control, note_on
from nsynth_lab.patch import Blend, Envelope, Lfo, Macro, Move, Patch, Route, Slot, Tuning, Voice
from nsynth_lab.render.patched import PatchEffects, corners_of, settings_of
from nsynth_lab.synth.motion import STREAMS, Motion
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
TURNS = [control(21, 100, at_sample=9_000), control(7, 64, at_sample=20_000), control(1, 127, at_sample=31_000)]


def sound_of(patch: Patch, blocks: tuple[int, ...], *, ahead_samples: int = 512) -> FloatArray:
    settings = settings_of(patch.settled())
    engine = small_engine(settings, corners=4, after=PatchEffects(patch.settled()), ahead_samples=ahead_samples)
    events = sorted([*busy_events(), *TURNS], key=lambda event: event.at_sample)
    return played(engine, events, samples=2 * SECOND, blocks=blocks)


def test_a_patch_sounds_the_same_in_any_blocks_and_offline() -> None:
    whole = sound_of(MOVED, (512,))
    assert np.abs(whole).max() > 0.02
    for blocks in ((64,), (256,), (1024, 64, 320)):
        assert np.abs(sound_of(MOVED, blocks) - whole).max() < 1e-3
    assert np.abs(sound_of(MOVED, (8192,), ahead_samples=8192) - whole).max() < 1e-3


def test_a_patch_that_adds_nothing_is_the_synth_a_little_later() -> None:
    settings = settings_of(PLAIN)
    events = [note_on(60, 90), note_on(67, 60, at_sample=SECOND // 3)]
    after = PatchEffects(PLAIN)
    late = after.latency_samples
    came = played(small_engine(settings, corners=4, after=after), events, samples=SECOND)
    wanted = played(small_engine(replace(settings, motion=None), corners=4), events, samples=SECOND)
    assert 0.0 < np.abs(wanted).max() < 0.9, "the limiter must have nothing to do"
    assert np.abs(came[:, late:] - wanted[:, : SECOND - late]).max() < 1e-3


def test_each_stream_has_its_own_place() -> None:
    motion = Motion(Blend(("a", "b"), position=(0.25,), timbre=(1.0,), path=((0.0, 0.25), (2.0, 0.75))))
    found = dict(
        zip(STREAMS, motion.weights(2, np.array([[0.25, 0.5], [0.35, 0.5]]), np.array([0.0, 1.0])), strict=True)
    )
    np.testing.assert_allclose(found["timbre"], [[0, 1], [0, 1]])
    np.testing.assert_allclose(found["loudness"], [[0.75, 0.25], [0.4, 0.6]])


def test_oscillations_of_pitch_and_level_begin_with_the_note() -> None:
    lfos = (Lfo(target="pitch_cents", rate_hz=1.0, depth=50.0), Lfo(target="level_db", rate_hz=0.5, depth=6.0))
    motion = Motion(Blend(("a", "b"), lfos=lfos))
    np.testing.assert_allclose(motion.cents(np.array([0.0, 0.25, 0.75])), [0.0, 50.0, -50.0], atol=1e-9)
    np.testing.assert_allclose(motion.level_db(np.array([0.0, 0.5])), [0.0, 6.0], atol=1e-9)


def test_three_corners_have_the_third_along_an_edge() -> None:
    patch = Patch("three", Blend(("a", "b", "c"), position=(0.3, 0.4)))
    assert corners_of(patch) == ("a", "b", "c", "c")
    found = Motion(patch.blend).weights(4, np.array([[0.3, 0.4]]), np.array([0.5]))[0, 0]
    np.testing.assert_allclose([found[0], found[1], found[2] + found[3]], [0.42, 0.18, 0.4])


def test_tuning_and_voices_are_the_patchs() -> None:
    patch = replace(
        PLAIN, tuning=Tuning(a4_hz=432.0, transpose=-12), voice=Voice("legato", glide_seconds=0.2, unison=3)
    )
    settings = settings_of(patch)
    assert settings.tuning.hz(69) == pytest.approx(216.0)
    assert (settings.mode, settings.glide_ms, settings.unison) == ("legato", 200.0, 3)
    assert not settings.tuning.sounds(0)


def test_a_knob_moves_all_it_should_and_nothing_else() -> None:
    effects = PatchEffects(MOVED.settled())
    changes = effects.turn(21, 127.0, 0)
    assert set(changes) == {"motion"}
    motion = changes["motion"]
    assert isinstance(motion, Motion)
    assert motion.blend.lfos[0].depth == 80.0
    assert effects.turn(21, 127.0, 0) == {}, "it stands there already"
    assert effects.turn(1, 127.0, 0)["x"] == 1.0
    assert effects.turn(99, 5.0, 0) == {}


def test_a_tail_is_waited_for() -> None:
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
