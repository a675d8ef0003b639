"""The synth: the same sound at any block size, endless sustain, release, voice stealing, and all of MIDI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_notes import flute, piano
from playing import SECOND, Heard, busy_events, corner, played, small_engine
from torch import Tensor

from nsynth_lab.compiled.voices import HELD
from nsynth_lab.errors import LatentsError, UsageError
from nsynth_lab.midi.events import Event, Kind, bend, control, note_off, note_on, setting
from nsynth_lab.runtime.numba_batch import NumbaBatch
from nsynth_lab.synth.engine import Engine, panic
from nsynth_lab.synth.mixer import Mixer, soft_clip
from nsynth_lab.synth.modulation import STREAMS
from nsynth_lab.synth.settings import PARAMETERS, Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.synth.tuning import equal
from nsynth_lab.synth.voice import Voice
from nsynth_lab.synth.voice_allocator import voices_to_steal
from nsynth_lab.synth.zone_reader import ZoneReader
from nsynth_lab.units import FloatArray, db_to_gain

CENT = 0.01
SMALL = Settings(voices=6)


@pytest.fixture(scope="module")
def whole() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    sound = played(small_engine(SMALL, corners=4), busy_events(), samples=3 * SECOND, blocks=(512,))
    assert np.abs(sound).max() > 0.02
    return sound


@pytest.mark.parametrize("blocks", [(64,), (128,), (256,), (1024,), (64, 65, 1, 300, 1024, 97), (480, 7)])
def test_the_sound_does_not_depend_on_the_block_size(
    blocks: tuple[int, ...], whole: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> None:
    sound = played(small_engine(SMALL, corners=4), busy_events(), samples=3 * SECOND, blocks=blocks)
    assert np.abs(sound - whole).max() < 1e-4


@pytest.mark.parametrize("ahead", [2048, 8192])
def test_offline_sounds_as_live(ahead: int, whole: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    engine = small_engine(SMALL, corners=4, ahead_samples=ahead)
    sound = played(engine, busy_events(), samples=3 * SECOND, blocks=(ahead,))
    assert np.abs(sound - whole).max() < 1e-4
    assert engine.state().stolen > 0, "nothing was stolen: the test is too easy"


def test_the_same_seed_gives_the_same_sound_and_another_seed_another() -> None:
    events = [note_on(60), note_off(60, at_sample=SECOND // 2)]
    first, again, other = (played(small_engine(seed=seed), events, samples=SECOND) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_note_begins_in_the_block_after_it_is_played() -> None:
    for at in (0, 100, 255, 256, 3000):
        sound = played(small_engine(), [note_on(69, 127, at_sample=at)], samples=SECOND // 4)
        first = int(np.flatnonzero(np.abs(sound).max(axis=0) > 0)[0])
        assert at <= first < at + 2 * 256


def counted_steps(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of voices in each step of an engine from now on, counted in whole steps or in their first phase."""
    steps = list[int]()

    def counting(taken: Callable[..., Any]) -> Callable[..., Any]:
        def counted(slots: Tensor, *streams: Tensor) -> Any:
            steps.append(len(slots))
            return taken(slots, *streams)

        return counted

    for name in ("step", "controls"):
        monkeypatch.setattr(engine.batch, name, counting(getattr(engine.batch, name)))
    return steps


def test_a_full_chord_begins_at_once_and_is_then_split_between_two_update_phases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = small_engine(Settings(voices=16))
    steps = counted_steps(engine, monkeypatch)
    engine.send([note_on(number, at_sample=1000) for number in range(50, 66)])
    for _ in range(16):
        engine.render(256)
    assert {voice.begin_sample for voice in engine.player.allocator.voices} == {1024}
    assert steps[:2] == [16, 16]
    assert set(steps[2:]) == {8}


@pytest.mark.parametrize("block", [64, 128])
def test_voices_begun_at_odd_times_share_one_step_per_256_samples(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = small_engine(Settings(voices=8))
    engine.send([note_on(50 + index, at_sample=64 * 7 * index) for index in range(8)])
    while engine.clock < SECOND // 4:
        engine.render(block)
    steps = counted_steps(engine, monkeypatch)
    for _ in range(4096 // block):
        engine.render(block)
    assert steps == [4] * 16


def test_no_small_block_computes_both_phases_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = small_engine(Settings(voices=8))
    engine.send([note_on(50 + index, at_sample=64 * 7 * index) for index in range(8)])
    while engine.clock < SECOND // 4:
        engine.render(128)
    done: list[str] = []
    batch = engine.batch
    assert isinstance(batch, NumbaBatch)
    for name, phase in (("controls", batch.controls), ("excite", batch.excite)):

        def noted(*streams: Any, name: str = name, phase: Callable[..., Any] = phase) -> Any:
            done.append(name)
            return phase(*streams)

        monkeypatch.setattr(batch, name, noted)
    for _ in range(32):
        before = len(done)
        engine.render(128)
        assert len(done) == before + 1
    assert done == ["controls", "excite"] * 16 or done == ["excite", "controls"] * 16


def test_a_held_note_lasts_and_does_not_repeat() -> None:
    reader = ZoneReader(Sources([corner(flute())]), 1)
    reader.start(0, reader.sources.layers(69, 110), np.array([1.0]), seed=3)
    rows, one = np.array([0]), np.ones((len(STREAMS), 1, 1))
    places, levels = [], []
    for _ in range(12_000):  # more than two minutes
        levels.append(float(reader.read(rows, one).level_db[0]))
        places.append(float(reader.layers.position[0, 1]))
    held = np.array(levels[200:])
    assert held.std() < 2.0
    assert abs(held[-3000:].mean() - held[:3000].mean()) < 1.0
    steps = np.sign(np.diff(places[200:]))
    turns = np.diff(np.flatnonzero(np.diff(steps)))
    assert len(turns) > 50
    for period in range(1, len(turns) // 2):
        assert not np.array_equal(turns[:-period], turns[period:]), f"the same {period} turns again and again"
    assert np.abs(np.diff(places[20:])).max() <= 1.0 + 1e-9, "the walk jumped"


def test_a_struck_note_dies_away_and_ends_while_its_key_is_held() -> None:
    engine = small_engine(Settings(x=1.0))
    played(engine, [note_on(69, 100)], samples=12 * SECOND, blocks=(4096,))
    assert engine.idle


def test_a_note_ends_with_its_instruments_own_release() -> None:
    """The flute's release takes 25 frames, the piano's 30, the last few of which are inaudible."""
    for x, frames in ((0.0, 25), (1.0, 30), (0.5, 27.5)):
        engine = small_engine(Settings(x=x))
        heard = Heard(engine)
        played(engine, [note_on(69), note_off(69, at_sample=SECOND)], samples=2 * SECOND)
        assert engine.idle
        last = max(at for at, *_ in heard.level)
        assert (last - SECOND) / 512 == pytest.approx(frames - 3, abs=3.0)
        assert heard.levels(0, 3)[-1] < heard.levels(0.5, 1).mean() - 50


def test_note_off_velocity_sets_the_speed_of_the_release() -> None:
    lengths = []
    for velocity in (1, 64, 127):
        engine = small_engine(Settings(x=0.0))
        heard = Heard(engine)
        played(engine, [note_on(69), note_off(69, velocity, at_sample=SECOND)], samples=3 * SECOND)
        lengths.append(max(at for at, *_ in heard.level))
    assert lengths[0] > lengths[1] > lengths[2]


def test_velocity_blends_the_layers() -> None:
    levels = []
    for velocity in (40, 75, 110):
        engine = small_engine(Settings(x=0.0))
        heard = Heard(engine)
        played(engine, [note_on(69, velocity)], samples=SECOND)
        levels.append(heard.levels(0.5, 1.0).mean())
    assert levels[2] - levels[0] == pytest.approx(12.0, abs=0.2)
    assert levels[1] - levels[0] == pytest.approx(6.0, abs=0.2)


def test_blend_position_moves_while_a_note_sounds() -> None:
    engine = small_engine(Settings(x=0.0))
    heard = Heard(engine)
    events = [note_on(69), control(1, 127, at_sample=SECOND // 2)]
    played(engine, events, samples=SECOND)
    early = np.mean([frame for at, _, frame in heard.timbre if SECOND // 4 < at < SECOND // 2], axis=0)
    late = np.mean([frame for at, _, frame in heard.timbre if at > SECOND // 2 + 512], axis=0)
    assert np.abs(late - early).max() > 0.5
    assert engine.state().x == 1.0


def test_midi_learn_assigns_the_next_controller() -> None:
    engine = small_engine(Settings(x=0.0, learn=("x", "volume_db")))
    events = [control(7, 90), control(21, 1, at_sample=100), control(21, 127, at_sample=1000)]
    played(engine, [*events, control(22, 64, at_sample=2000), control(22, 0, at_sample=3000)], samples=4096)
    assert engine.player.settings.controllers == {21: "x", 22: "volume_db"}
    assert engine.state().x == 1.0
    assert engine.player.settings.volume_db == PARAMETERS["volume_db"].low


def pitches(events: list[Event], settings: Settings | None = None, *, begin: float = 0.5, end: float = 1.0) -> float:
    """Mean pitch asked of the decoder between two times, for the piano, whose pitch is steady."""
    engine = small_engine(replace(settings or Settings(), x=1.0))
    heard = Heard(engine)
    played(engine, events, samples=int(end * SECOND))
    return float(heard.pitches(begin, end).mean())


def test_an_rpn_sets_the_bend_range() -> None:
    up = bend(8191, at_sample=4800)
    assert pitches([note_on(60), up]) == pytest.approx(62.0, abs=CENT)
    assert pitches([note_on(60), up], Settings(bend_semitones=7)) == pytest.approx(67.0, abs=CENT)
    rpn = [control(101, 0), control(100, 0), control(6, 12), control(38, 0)]
    assert pitches([*rpn, note_on(60), up]) == pytest.approx(72.0, abs=CENT)
    unset = [control(101, 127), control(100, 127), control(6, 24)]
    assert pitches([*unset, note_on(60), up]) == pytest.approx(62.0, abs=CENT)


def test_rpn_tunes_a_channel() -> None:
    coarse = [control(101, 0), control(100, 2), control(6, 64 + 5)]
    fine = [control(101, 0), control(100, 1), control(6, 64 + 32)]
    assert pitches([*coarse, *fine, note_on(60)]) == pytest.approx(65.5, abs=CENT)


def test_concert_pitch_and_unmapped_keys() -> None:
    assert pitches([note_on(69)], Settings(tuning=equal(432.0))) == pytest.approx(68.682, abs=CENT)
    only_a = replace(equal(), table_hz=tuple(440.0 if key == 69 else None for key in range(128)))
    engine = small_engine(Settings(tuning=only_a))
    played(engine, [note_on(70)], samples=1024)
    assert engine.idle


def test_an_mpe_note_has_its_own_bend_pressure_and_blend_position() -> None:
    engine = small_engine(Settings(mpe=True, x=0.0, vibrato_cents=0.0))
    heard = Heard(engine)
    events = [
        note_on(60, channel=1),
        note_on(60, channel=2),
        bend(4096, channel=2, at_sample=4800),  # half of 48 semitones
        control(74, 127, channel=2, at_sample=4800),
        Event(Kind.PRESSURE, 1, 0, 127, at_sample=4800),
        bend(8191, channel=0, at_sample=4800),  # the master's: two semitones for all
    ]
    played(engine, events, samples=SECOND)
    late = [(row, pitch) for at, row, pitch in heard.pitch if at > SECOND // 2]
    first, second = sorted({row for row, _ in late})
    assert np.mean([pitch for row, pitch in late if row == first]) == pytest.approx(62.0, abs=0.1)
    assert np.mean([pitch for row, pitch in late if row == second]) == pytest.approx(86.0, abs=0.1)
    timbres = {row: frame for at, row, frame in heard.timbre if at > SECOND // 2}
    assert np.abs(timbres[first] - timbres[second]).max() > 0.5
    levels = {row: level for at, row, level in heard.level if at < 4000}
    louder = {row: level for at, row, level in heard.level if at > SECOND // 2}
    assert louder[first] > levels[first]


def test_an_mpe_configuration_message_makes_a_zone() -> None:
    zone = [control(101, 0), control(100, 6), control(6, 4)]
    engine = small_engine()
    played(engine, zone, samples=512)
    assert set(engine.player.channels.zones) == {1, 2, 3, 4}
    played(engine, [replace(event, value=0) if event.number == 6 else event for event in zone], samples=512)
    assert not engine.player.channels.zones


def held(events: list[Event], *, at: float) -> int:
    """Voices still held at a time in seconds."""
    engine = small_engine(Settings(x=0.0))
    played(engine, events, samples=int(at * SECOND))
    return sum(not voice.released for voice in engine.player.allocator.voices)


def test_the_sustain_pedal_holds() -> None:
    events = [control(64, 127), note_on(60), note_off(60, at_sample=4800), control(64, 0, at_sample=SECOND // 2)]
    assert held(events, at=0.4) == 1
    assert held(events, at=0.6) == 0


def test_the_sostenuto_pedal_holds_only_what_was_down() -> None:
    events = [
        note_on(60),
        control(66, 127, at_sample=1000),
        note_on(64, at_sample=2000),
        note_off(60, at_sample=4800),
        note_off(64, at_sample=4800),
        control(66, 0, at_sample=SECOND // 2),
    ]
    assert held(events, at=0.4) == 1
    assert held(events, at=0.6) == 0


@pytest.mark.parametrize("number", [120, 123])
def test_all_notes_off_and_all_sound_off(number: int) -> None:
    events = [note_on(60), note_on(64), control(number, 0, at_sample=SECOND // 4)]
    assert held(events, at=0.2) == 2
    assert held(events, at=0.3) == 0


def test_panic_silences_everything() -> None:
    engine = small_engine()
    played(engine, [note_on(60, channel=5), note_on(64)], samples=4096)
    played(engine, panic(), samples=1024)
    assert engine.idle


def test_mono_plays_one_note_and_returns_to_the_key_still_held() -> None:
    settings = Settings(mode="mono", glide_ms=0.0)
    events = [note_on(60), note_on(67, at_sample=SECOND // 2), note_off(67, at_sample=SECOND)]
    assert pitches(events, settings, begin=0.7, end=1.0) == pytest.approx(67.0, abs=CENT)
    assert pitches(events, settings, begin=1.2, end=1.5) == pytest.approx(60.0, abs=CENT)


def test_legato_glides_without_striking_anew() -> None:
    engine = small_engine(Settings(mode="legato", glide_ms=200.0, x=1.0))
    heard = Heard(engine)
    events = [note_on(60), note_on(72, at_sample=SECOND // 2), note_off(60, at_sample=SECOND // 2 + 480)]
    played(engine, events, samples=SECOND)
    assert len({row for _, row, _ in heard.pitch}) == 1
    glide = heard.pitches(0.5, 0.72)
    assert (np.diff(glide) > -1e-6).all()
    assert heard.pitches(0.55, 0.65).mean() == pytest.approx(66.0, abs=1.0)
    assert heard.pitches(0.75, 1.0).mean() == pytest.approx(72.0, abs=CENT)


def test_unison_is_detuned_around_the_note_and_spread_in_stereo() -> None:
    engine = small_engine(Settings(unison=3, detune_cents=20.0, x=1.0))
    heard = Heard(engine)
    sound = played(engine, [note_on(60)], samples=SECOND // 2)
    assert sorted({round(100 * (pitch - 60)) for _, _, pitch in heard.pitch}) == [-10, 0, 10]
    assert np.abs(sound[0] - sound[1]).max() > 0.1 * np.abs(sound).max()


def test_the_envelope_is_applied_on_top_of_the_instruments_own() -> None:
    plain = played(small_engine(Settings(x=0.0)), [note_on(69)], samples=SECOND)
    slow = played(small_engine(Settings(x=0.0, attack_ms=500.0)), [note_on(69)], samples=SECOND)
    early, late = slice(9_600, 12_000), slice(40_000, 48_000)
    assert np.abs(slow[:, early]).max() < 0.7 * np.abs(plain[:, early]).max()
    assert np.abs(slow[:, late] - plain[:, late]).max() < 1e-5
    sunk = played(small_engine(Settings(x=0.0, decay_ms=100.0, sustain_db=-20.0)), [note_on(69)], samples=SECOND)
    ratio = np.sqrt((sunk[:, late] ** 2).mean() / (plain[:, late] ** 2).mean())
    assert ratio == pytest.approx(db_to_gain(-20.0), rel=0.01)


def test_a_shorter_release_ends_a_note_sooner() -> None:
    engine = small_engine(Settings(x=0.0, release_ms=50.0))
    played(engine, [note_on(69), note_off(69, at_sample=SECOND // 2)], samples=SECOND // 2 + 5_000)
    assert engine.idle


def test_released_voices_are_stolen_first() -> None:
    engine = small_engine(Settings(voices=3, x=0.0))
    events = [note_on(60), note_on(62), note_on(64), note_off(62, at_sample=4800), note_on(66, at_sample=6000)]
    played(engine, events, samples=8000)
    assert sorted(voice.key for voice in engine.player.allocator.sounding()) == [60, 64, 66]


def test_many_voices_are_stolen_with_one_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    """First those released longest ago, then the quietest, then the oldest, in whole unisons: as if chosen singly."""
    engine, rng = small_engine(Settings(voices=64, unison=2, x=0.0)), np.random.default_rng(7)
    played(engine, [note_on(40 + key) for key in range(32)], samples=512)
    voices = engine.player.allocator.sounding()
    for voice in voices:
        voice.table.level_db[voice.slot] = rng.choice([-40.0, -20.0])
        voice.frames, voice.released_frame = 20, rng.choice([HELD, 5, 11])

    def rank(voice: Voice) -> tuple[object, ...]:
        since = 0 if voice.released_frame == HELD else voice.released_frame - voice.frames
        return voice.released_frame == HELD, since, float(voice.table.level_db[voice.slot]), voice.serial

    rest = list(voices)
    wanted: list[Voice] = []
    while len(wanted) < 30:
        first = min(rest, key=rank)
        wanted += [voice for voice in rest if voice.serial == first.serial]
        rest = [voice for voice in rest if voice.serial != first.serial]
    sorts, lexsort = [0], np.lexsort

    def counted(keys: Any) -> Any:
        sorts[0] += 1
        return lexsort(keys)

    monkeypatch.setattr(np, "lexsort", counted)
    assert voices_to_steal(voices, 30) == wanted
    assert sorts == [1]
    assert voices_to_steal(voices, 0) == []
    assert engine.steal(30) == 30
    assert sorts == [2]
    assert {voice.key for voice in engine.player.allocator.sounding()} == {voice.key for voice in rest}


def add(mixer: Mixer, begin: int, audio: FloatArray, gains: FloatArray) -> None:
    """Add a frame to the first slot."""
    mixer.add(np.array([0]), np.array([begin]), audio[None], gains[None], fading=np.array([False]))


def test_a_voice_that_is_cut_fades_out_without_a_click() -> None:
    mixer = Mixer(1, ahead_samples=512)
    ones = np.ones(512, np.float32)
    add(mixer, 0, ones, np.full((2, 2), 0.5, np.float32))
    mixer.cut(0, 100)
    out = mixer.take(512)
    assert np.abs(np.diff(out, axis=1)).max() <= 0.5 / 240 + 1e-6
    assert np.abs(out[:, 341:]).max() < 1e-6
    assert (out[:, :100] == 0.5).all()


def test_a_frame_that_has_not_begun_is_cut_from_its_beginning() -> None:
    mixer = Mixer(1, ahead_samples=512)
    ones, gains = np.ones(512, np.float32), np.full((2, 2), 0.5, np.float32)
    add(mixer, 0, ones, gains)
    add(mixer, 512, ones, gains)
    mixer.cut(0, 100)
    out = np.concatenate([mixer.take(512), mixer.take(512)], axis=1)
    assert np.abs(np.diff(out, axis=1)).max() <= 0.5 / 240 + 1e-6
    assert (out[:, :512] == 0.5).all()
    assert np.abs(out[:, 512 + 241 :]).max() < 1e-6


def test_stealing_never_clicks() -> None:
    """No step between samples is larger than while the same notes sound undisturbed."""
    events = [note_on(number, at_sample=900 * index) for index, number in enumerate(range(50, 80))]
    calm = played(small_engine(Settings(voices=32, x=0.0)), events[:6], samples=SECOND // 2)
    engine = small_engine(Settings(voices=4, x=0.0))
    busy = played(engine, events, samples=SECOND)
    assert engine.state().stolen >= 20
    assert engine.steal(2) == 2
    busy = np.concatenate([busy, engine.render(2048)], axis=1)
    assert np.abs(np.diff(busy, axis=1)).max() < 1.5 * np.abs(np.diff(calm, axis=1)).max()


def test_a_block_takes_one_step_however_many_voices_are_stolen(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [note_on(48 + number, at_sample=64 * number) for number in range(60)]
    calm = played(small_engine(Settings(voices=3)), events[:3], samples=4096)
    engine = small_engine(Settings(voices=3))
    steps = counted_steps(engine, monkeypatch)
    engine.send(events)
    blocks = [engine.render(256) for _ in range(16)]
    assert engine.state().stolen > 40
    assert len(steps) <= len(blocks)
    assert np.abs(np.diff(np.concatenate(blocks, axis=1))).max() < 1.5 * np.abs(np.diff(calm)).max()


def test_soft_clip_bends_only_what_is_above_the_knee() -> None:
    ramp = np.linspace(-3, 3, 601, dtype=np.float32)[None]
    out = soft_clip(ramp)
    assert np.abs(out).max() < 1.0
    assert (np.diff(out) >= 0).all()
    quiet = np.abs(ramp) <= 0.8
    assert (out[quiet] == ramp[quiet]).all()


def test_parameters_are_set_by_name_and_kept_within_their_range() -> None:
    engine = small_engine()
    played(engine, [setting(name, 1e9) for name in PARAMETERS], samples=512)
    assert all(getattr(engine.player.settings, name) == parameter.high for name, parameter in PARAMETERS.items())


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": 1.5},
        {"voices": 0},
        {"unison": 9},
        {"unison": 3, "voices": 2},
        {"mode": "duo"},
        {"controllers": {200: "x"}},
        {"controllers": {1: "nothing"}},
        {"volume_db": float("nan")},
    ],
)
def test_invalid_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Settings(**wrong)  # type: ignore[arg-type]


def test_invalid_sources_are_refused() -> None:
    with pytest.raises(UsageError):
        Sources([])
    with pytest.raises(LatentsError):
        Sources([[flute()], [replace(piano(), model_id="another")]])
