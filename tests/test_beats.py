"""LFOs, paths and delays in beats: they follow every change of tempo, and sound the same live and offline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playing import SECOND, Heard, busy_events, played, small_engine

from nsynth_lab.blend.modulation import Moments, places_of, turns_of
from nsynth_lab.effects import chain_of
from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.midi.beat_clock import BeatClock
from nsynth_lab.midi.events import Event, Kind, beat, note_on, tempo
from nsynth_lab.midi.song import parse_song
from nsynth_lab.panel.changes import changed, with_corners
from nsynth_lab.panel.messages.playing import Change
from nsynth_lab.panel.moves import moves
from nsynth_lab.patch import Blend, Lfo, Patch, Slot, find_effect, format_preset, parse_preset, targets
from nsynth_lab.render.ensemble import Ensemble, Part
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.preset_synth import PatchEffects, settings_of
from nsynth_lab.units import FloatArray

CORNERS = ("a", "b")
PLAIN = Patch("plain", Blend(CORNERS))
IN_BEATS = replace(
    PLAIN,
    tempo_bpm=90.0,
    blend=Blend(
        CORNERS,
        path=((0.0, 0.1), (1.0, 0.9), (3.0, 0.4)),
        path_unit="beats",
        lfos=(
            Lfo("pitch_cents", depth=80.0, cycle_beats=0.5),
            Lfo("level_db", depth=9.0, shape="random", cycle_beats=0.25, retrigger=False),
        ),
    ),
    effects=(Slot("chorus", parameters={"cycle_beats": 2.0}), Slot("delay", parameters={"delay_beats": 0.5})),
)
TEMPI = [tempo(140.0, at_sample=20_000), beat(16.0, at_sample=33_333), tempo(60.0, at_sample=50_001)]
RAMP = [tempo(80.0 + step, at_sample=step * 11_111) for step in range(80)]


def beats_by_hand(events: list[Event], samples: np.ndarray, *, begin_bpm: float = 120.0) -> np.ndarray:
    """The beat at each sample, tempo by tempo."""
    passed = np.zeros(int(samples.max()) + 1)
    pace = np.full(len(passed), begin_bpm / 60.0 / SECOND)
    for event in events:
        pace[event.at_sample :] = event.value / 60.0 / SECOND
    passed[1:] = np.cumsum(pace)[:-1]
    return np.asarray(passed[samples])


def test_beats_are_counted_through_every_change_of_tempo() -> None:
    clock = BeatClock(120.0)
    for event in RAMP:
        clock.take(event)
        samples = np.arange(event.at_sample, event.at_sample + 11_111, 97)
        np.testing.assert_allclose(clock.passed(samples), beats_by_hand(RAMP, samples), atol=1e-6)


def test_where_a_song_is_wound_on_notes_go_on_counting() -> None:
    clock = BeatClock(60.0)
    clock.take(beat(32.0, at_sample=SECOND))
    assert (float(clock.passed(2 * SECOND)), float(clock.song(2 * SECOND))) == (2.0, 33.0)


def test_an_engine_keeps_the_time_of_a_tempo_between_its_steps() -> None:
    """Events take effect at multiples of 64 samples; a tempo counts from its own sample all the same."""
    engine = small_engine()
    played(engine, RAMP, samples=20 * SECOND, blocks=(8192,))
    now = np.array([engine.clock])
    assert float(engine.player.beats.passed(engine.clock)) == pytest.approx(beats_by_hand(RAMP, now)[0], abs=1e-6)


def test_an_lfo_that_keeps_to_the_song_is_where_the_song_is_whenever_its_notes_begin() -> None:
    moments = Moments(np.array([0.1, 0.1]), np.array([0.2, 0.2]), np.array([5.0, 6.5]))
    np.testing.assert_allclose(turns_of(Lfo(cycle_beats=4.0, retrigger=False), moments), [1.25, 1.625])
    np.testing.assert_allclose(turns_of(Lfo(cycle_beats=4.0), moments), [0.05, 0.05])
    np.testing.assert_allclose(turns_of(Lfo(rate_hz=2.0), moments), [0.2, 0.2])
    with pytest.raises(PatchError, match="retrigger: false; an LFO that keeps to the song's beat needs cycle_beats"):
        Lfo(retrigger=False)


def test_a_path_in_beats_is_as_far_as_its_note_in_beats() -> None:
    moments = Moments(np.array([9.0, 9.0]), np.array([0.5, 2.0]), np.array([0.0, 0.0]))
    np.testing.assert_allclose(places_of(replace(IN_BEATS.blend, lfos=()), moments)["timbre"][:, 0], [0.5, 0.65])


def test_pitch_swings_by_the_beat_while_a_note_is_held() -> None:
    """A cycle of half a beat: 0.25 s at 120, 0.5 s at 60; zero crossings say so."""
    patch = replace(PLAIN, blend=Blend(CORNERS, lfos=(Lfo("pitch_cents", depth=100.0, cycle_beats=0.5),)))
    engine = small_engine(settings_of(patch))
    heard = Heard(engine)
    played(engine, [note_on(57), tempo(60.0, at_sample=SECOND)], samples=3 * SECOND)
    swing = np.array([pitch for _, _, pitch in heard.pitch])
    swing -= (swing.max() + swing.min()) / 2
    crossings = np.flatnonzero(np.diff(np.sign(swing)) > 0) * 512 / SECOND
    first, later = crossings[crossings < 0.9], crossings[crossings > 1.2]
    np.testing.assert_allclose(np.diff(first), 0.25, atol=0.012)
    np.testing.assert_allclose(np.diff(later), 0.5, atol=0.012)


def sound_of(patch: Patch, blocks: tuple[int, ...], *, ahead_samples: int = 512) -> FloatArray:
    engine = small_engine(settings_of(patch), output_stage=PatchEffects(patch), ahead_samples=ahead_samples)
    events = sorted([*TEMPI, *busy_events()], key=lambda event: event.at_sample)
    return played(engine, events, samples=2 * SECOND, blocks=blocks)


def test_beats_sound_the_same_at_any_block_size_and_offline() -> None:
    whole = sound_of(IN_BEATS, (512,))
    assert np.abs(whole).max() > 0.02
    for blocks in ((64,), (1024, 64, 320)):
        assert np.abs(sound_of(IN_BEATS, blocks) - whole).max() < 1e-3
    assert np.abs(sound_of(IN_BEATS, (8192,), ahead_samples=8192) - whole).max() < 1e-3


def echo_seconds(patch: Patch, bpm: float | None = None) -> float:
    """When an impulse comes back."""
    with chain_of(patch) as chain:
        if bpm is not None:
            chain.set_tempo(bpm)
        impulse = np.zeros((2, 6 * SECOND), np.float32)
        impulse[:, 100] = 0.5
        out = np.abs(chain.run(impulse, tail=False)[0])
    return float((np.argmax(out > 0.05) - 100) / SECOND)


@pytest.mark.parametrize(
    ("beats", "bpm", "seconds"), [(0.75, 90.0, 0.5), (1.0, 240.0, 0.25), (8.0, 60.0, 4.0), (0.0, 90.0, 0.375)]
)
def test_a_delay_in_beats_follows_the_tempo(beats: float, bpm: float, seconds: float) -> None:
    """8 beats at 60 are more than the delay has: half of them are in time too. 0 beats leave it to the seconds."""
    slot = Slot("delay", mix=1.0, parameters={"delay_beats": beats, "feedback": 0.0})
    assert echo_seconds(replace(PLAIN, tempo_bpm=bpm, effects=(slot,))) == pytest.approx(seconds, abs=1e-4)
    assert echo_seconds(replace(PLAIN, effects=(slot,)), bpm) == pytest.approx(seconds, abs=1e-4)


def test_a_rate_in_beats_follows_the_tempo() -> None:
    assert find_effect("phaser").in_time({"rate_hz": 3.0, "cycle_beats": 4.0}, 120.0) == {"rate_hz": 0.5}
    assert find_effect("chorus").in_time({"rate_hz": 3.0, "cycle_beats": 0.0}, 120.0) == {"rate_hz": 3.0}


def test_beats_are_kept_in_the_preset_and_by_what_the_panel_changes() -> None:
    assert parse_preset(format_preset(IN_BEATS)) == IN_BEATS
    for patch in (
        changed(IN_BEATS, Change(within={"voice": {"unison": 2}})),
        changed(IN_BEATS, Change(within={"blend": {"interpolation": "spherical"}})),
        with_corners(IN_BEATS, ["c", "d"]),
    ):
        assert (patch.tempo_bpm, patch.blend.path, patch.blend.path_unit) == (90.0, IN_BEATS.blend.path, "beats")
        assert (patch.blend.lfos, patch.effects) == (IN_BEATS.blend.lfos, IN_BEATS.effects)


def test_an_engine_is_told_of_another_tempo_and_cycle_while_it_plays() -> None:
    faster = replace(IN_BEATS, tempo_bpm=100.0)
    assert moves(IN_BEATS, faster) == [tempo(100.0)]
    slower = replace(IN_BEATS.blend.lfos[0], cycle_beats=3.0)
    told = moves(IN_BEATS, replace(IN_BEATS, blend=replace(IN_BEATS.blend, lfos=(slower, IN_BEATS.blend.lfos[1]))))
    assert told is not None
    assert [(event.name, event.value) for event in told] == [("blend.lfos.1.cycle_beats", 3.0)]
    assert "blend.lfos.1.rate_hz" not in targets(IN_BEATS)


def test_a_tempo_reaches_every_part() -> None:
    parts = [small_engine(), small_engine()]
    both = Ensemble([Part(parts[0], {0}), Part(parts[1], {1}, is_set=False)])
    both.send([tempo(77.0)])
    both.render(512)
    assert [one.player.beats.bpm for one in parts] == [77.0, 77.0]


HEADER = b"MThd\0\0\0\6\0\0\0\1\1\xe0"  # 480 ticks a beat
TRACK = bytes.fromhex("00ff5103 07a120 00903c64 8360ff5103 0f4240 8360803c40 00ff2f00".replace(" ", ""))
FILE = HEADER + b"MTrk" + len(TRACK).to_bytes(4, "big") + TRACK


def test_a_midi_files_tempi_reach_the_engine_and_another_takes_their_place() -> None:
    """A beat at 120, then a beat at 60."""
    song = parse_song(FILE)
    assert song.seconds == 1.5
    assert [event.value for event in song.tempi if event.kind is Kind.TEMPO] == [120.0, 120.0, 60.0]
    clock = BeatClock()
    for event in song.timed:
        clock.take(event)
    assert float(clock.song(song.end_sample)) == pytest.approx(2.0)
    steady = parse_song(FILE, bpm=30.0)
    assert steady.seconds == 4.0
    assert [event.value for event in steady.tempi if event.kind is Kind.TEMPO] == [30.0]
    assert steady.only([0]).tempi == steady.tempi


def test_tempi_that_are_none_are_refused() -> None:
    assert PlayRequest(("flute",), tempo=90.0).settings().tempo_bpm == 90.0
    assert PlayRequest(preset="x", tempo=70.0).settings_of(IN_BEATS, seed=0).tempo_bpm == 70.0
    assert PlayRequest(preset="x").settings_of(IN_BEATS, seed=0).tempo_bpm == 90.0
    for bpm in (0.0, 9.0, 1000.0, float("nan")):
        with pytest.raises(UsageError, match="expected 10 to 999 beats a minute"):
            PlayRequest(("flute",), tempo=bpm)
    with pytest.raises(PatchError, match=r"tempo_bpm: .* out of range; expected 10 to 999 beats a minute"):
        replace(PLAIN, tempo_bpm=4.0)


def test_the_preset_reference_tells_of_beats() -> None:
    text = (Path(__file__).parents[1] / "presets" / "README.md").read_text(encoding="utf-8")
    for word in ("`tempo_bpm`", "`cycle_beats`", "`retrigger`", "`path_unit`", "`delay_beats`"):
        assert word in text
