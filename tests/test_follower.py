"""Following a tune: right to a cent where the pitch is known, the same in every block size, and no tone in noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_tunes import faded, hiss, silence, steady, tone
from numpy.typing import NDArray

from nsynth_lab.analysis.follower import HOP, Follower, Heard
from nsynth_lab.analysis.phrase import ENDING, LOOK_AHEAD_HOPS, Phrase, follow, read_phrase, write_phrase
from nsynth_lab.analysis.pitch_candidates import Candidate
from nsynth_lab.analysis.pitch_path import PitchPath
from nsynth_lab.errors import PhraseError, UsageError
from nsynth_lab.units import SAMPLE_RATE, FloatArray, hz_to_note, note_to_hz

SETTLED = 8192  # samples, after which the longest window is full
RNG = np.random.default_rng(19)


def errors_cents(heard: list[Heard], hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Error of every pitch against that at the moment it describes; all frames must have one."""
    found = []
    for frame, one in enumerate(heard):
        at = (frame + 1) * HOP - one.delay_samples
        if at >= SETTLED:
            assert not np.isnan(one.note)
            found.append(100.0 * (one.note - hz_to_note(hz[at])))
    return np.array(found)


@pytest.mark.parametrize("hz", [20.6, 36.7, 55.0, 110.0, 246.9, 440.0, 987.8, 2093.0, 3520.0])
@pytest.mark.parametrize("partials", [1, 8])
def test_a_steady_tone_is_right_to_a_cent(hz: float, partials: int) -> None:
    pitch = steady(hz, 0.7)
    assert np.abs(errors_cents(Follower().feed(tone(pitch, partials=partials)), pitch)).max() < 1.0


@pytest.mark.parametrize("hz", [110.0, 220.0, 880.0])
def test_vibrato_is_followed(hz: float) -> None:
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    pitch = hz * 2.0 ** (50.0 / 1200.0 * np.sin(2 * np.pi * 6.0 * seconds))
    assert np.abs(errors_cents(Follower().feed(tone(pitch)), pitch)).max() < 4.0


def test_a_glide_is_a_glide() -> None:
    """Of four octaves in a second, through all windows."""
    pitch = 110.0 * 2.0 ** (4.0 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    errors = np.abs(errors_cents(Follower().feed(tone(pitch, partials=4)), pitch))
    assert np.percentile(errors, 95) < 3.0
    assert errors.max() < 40.0


@pytest.mark.parametrize("lowest", [60, 84])
def test_a_slide_of_an_octave_is_a_slide(lowest: int) -> None:
    """In 0.3 s, as birds and slide whistles do, heard from a file: within 30 cents, and without a gap."""
    up = np.concatenate([np.full(14_400, 0.0), np.linspace(0.0, 12.0, 14_400), np.full(14_400, 12.0)])
    pitch = note_to_hz((lowest + up).astype(np.float64))
    phrase = follow([faded(tone(pitch, partials=3))], look_ahead_hops=LOOK_AHEAD_HOPS)
    at = (np.arange(len(phrase.note)) + 1) * HOP - phrase.delay_samples.astype(np.int64)
    inside = (at > 1500) & (at < len(pitch) - 1500)
    assert np.abs(phrase.note[inside] - lowest - up[at[inside]]).max() < 0.3


def test_a_missing_fundamental_and_a_strong_octave_do_not_move_it_by_an_octave() -> None:
    phase = 2.0 * np.pi * np.cumsum(steady(196.0, 0.6)) / SAMPLE_RATE
    for partials in ({2: 1.0, 3: 1.0, 4: 0.5, 5: 0.4}, {1: 0.4, 2: 1.0, 3: 0.4, 4: 0.3}):
        sound = np.asarray(0.2 * sum(gain * np.sin(k * phase) for k, gain in partials.items()), np.float32)
        assert np.abs(errors_cents(Follower().feed(sound), steady(196.0, 0.6))).max() < 2.0


def test_a_formant_is_not_taken_for_the_tone() -> None:
    """A voice of 120 Hz with a singer's formant at 3 kHz, as strong as its lowest partials."""
    phase = 2.0 * np.pi * np.cumsum(steady(120.0, 0.6)) / SAMPLE_RATE
    gains = {k: 0.5 / k + 0.3 * np.exp(-(((120.0 * k - 3000.0) / 300.0) ** 2)) for k in range(1, 40)}
    sound = np.asarray(0.1 * sum(gain * np.sin(k * phase) for k, gain in gains.items()), np.float32)
    assert np.abs(errors_cents(Follower().feed(sound), steady(120.0, 0.6))).max() < 2.0


def test_noise_on_a_tone_moves_it_little() -> None:
    pitch = steady(220.0, 1.0)
    sound = tone(pitch)
    noisy = sound + np.float32(0.1 * np.sqrt(np.mean(sound**2))) * RNG.standard_normal(len(sound)).astype(np.float32)
    assert np.percentile(np.abs(errors_cents(Follower().feed(noisy), pitch)), 95) < 5.0


@pytest.mark.parametrize("sizes", [(1, 7, 300), (4096,), (255, 257)])
@pytest.mark.parametrize("look_ahead_hops", [0, 3, LOOK_AHEAD_HOPS])
def test_blocks_of_any_size_give_the_same(sizes: tuple[int, ...], look_ahead_hops: int) -> None:
    """With a look-ahead so many hops later, and each moment is given once."""
    sound = np.concatenate([faded(tone(steady(hz, 0.15))) for hz in (220.0, 330.0)])
    whole = Follower(look_ahead_hops=look_ahead_hops).feed(sound)
    assert len(whole) == len(sound) // HOP - look_ahead_hops
    follower, at, parts, turn = Follower(look_ahead_hops=look_ahead_hops), 0, [], 0
    while at < len(sound):
        size = sizes[turn % len(sizes)]
        parts += follower.feed(sound[at : at + size])
        at, turn = at + size, turn + 1
    np.testing.assert_array_equal(np.array(parts), np.array(whole))
    assert len(parts + follower.end()) == len(sound) // HOP


@pytest.mark.parametrize("hz", [36.7, 110.0, 880.0])
def test_with_a_look_ahead_a_pitch_is_told_in_its_own_time(hz: float) -> None:
    """From the beginning of a tone on, however low it is, and a glide where it is; in silence there is nothing."""
    begin = 9600
    pitch = np.concatenate([np.full(SAMPLE_RATE // 5, hz), hz * 2.0 ** np.linspace(0.0, 1.0, SAMPLE_RATE // 2)])
    phrase = follow([silence(0.2), tone(pitch), silence(0.2)], look_ahead_hops=LOOK_AHEAD_HOPS)
    assert phrase.is_in_time
    heard = phrase.note[begin // HOP + 2 : (begin + len(pitch)) // HOP - 6]
    wanted = hz_to_note(1.0) + 12.0 * np.log2(pitch[(np.arange(len(heard)) + 3) * HOP - begin % HOP])
    assert np.median(np.abs(heard - wanted)) < 0.05
    assert np.isnan(phrase.note[: begin // HOP - 2]).all()
    assert np.isnan(phrase.note[(begin + len(pitch)) // HOP + 3 :]).all()


def test_a_path_that_looks_ahead_goes_where_it_will_be() -> None:
    """For three moments the octave seems a little better; what comes after says that it was not."""

    def found(low: float, high: float) -> list[Candidate]:
        return [Candidate(110.0, low, low, 2048), Candidate(220.0, high, high, 1024)]

    moments = [found(0.9, 0.3)] * 5 + [found(0.5, 0.85)] * 3 + [found(0.9, 0.3)] * 9

    def path(lag: int) -> list[float]:
        path = PitchPath(lag=lag)
        return [one.hz for one in map(path.step, moments) if one is not None]

    assert 220.0 in path(0)
    assert set(path(8)) == {110.0}


def test_nothing_is_heard_in_silence_and_hardly_anything_in_noise() -> None:
    assert all(np.isnan(one.note) for one in Follower().feed(silence(0.5)))
    noise = 0.1 * RNG.standard_normal(SAMPLE_RATE).astype(np.float32)
    assert np.mean([not np.isnan(one.note) for one in Follower().feed(noise)]) < 0.1


@pytest.mark.parametrize("band_hz", [(2000.0, 4000.0), (3000.0, 3600.0), (4000.0, 7000.0)])
def test_an_s_between_vowels_is_no_tone(band_hz: tuple[float, float]) -> None:
    """A band of noise so narrow repeats itself for a few periods; it is silence between two notes of the singer."""
    vowel, s = faded(tone(steady(220.0, 0.2))), faded(hiss(*band_hz, 0.12))
    heard = Follower().feed(np.concatenate([silence(0.05), vowel, s, vowel, silence(0.05)]))
    notes = np.array([one.note for one in heard])
    assert np.nanmax(np.abs(notes - 57.0)) < 1.0
    within = slice(round(0.29 * SAMPLE_RATE / HOP), round(0.36 * SAMPLE_RATE / HOP))
    assert np.isnan(notes[within]).all()


@pytest.mark.parametrize("hz", [1300.0, 2600.0])
def test_a_breathy_whistle_with_vibrato_is_a_tone(hz: float) -> None:
    seconds = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    pitch = hz * 2.0 ** (60.0 / 1200.0 * np.sin(2 * np.pi * 6.0 * seconds))
    sound = tone(pitch, partials=1) + hiss(500.0, 9000.0, 0.5, level=0.05)
    heard = Follower().feed(np.asarray(sound, np.float32))
    assert np.mean([np.isnan(one.note) for one in heard[12:]]) < 0.02


def test_a_distant_neighbour_is_not_followed() -> None:
    """What comes 50 dB below the phrase, in a pause of it, is somebody else."""
    phrase = np.concatenate([faded(tone(steady(440.0, 0.3))), faded(tone(steady(300.0, 0.3), level=0.2 * 10**-2.5))])
    heard = Follower().feed(phrase)
    assert all(np.isnan(one.note) for one in heard[round(0.35 * SAMPLE_RATE / HOP) :])


def test_level_is_that_of_the_sound() -> None:
    """A 1 kHz sine of amplitude 1 is -3 dB, and a tenth of it 20 dB less."""
    for amplitude, expected_db in ((1.0, -3.0), (0.1, -23.0)):
        heard = Follower().feed(tone(steady(1000.0, 0.2), partials=1, level=amplitude))
        assert heard[-1].level_db == pytest.approx(expected_db, abs=0.1)


@pytest.mark.parametrize("look_ahead_hops", [0, LOOK_AHEAD_HOPS])
def test_the_level_of_a_low_tone_does_not_swing_with_its_period(look_ahead_hops: int) -> None:
    """C sharp below the piano, 17.6 Hz, as pulses that are over before the next one comes."""
    sound = faded(tone(steady(17.6, 0.8), partials=40))
    phrase = follow([sound], look_ahead_hops=look_ahead_hops)
    within = phrase.level_db[50:120]
    assert np.ptp(within[~np.isnan(phrase.note[50:120])]) < 2.0


def a_phrase() -> Phrase:
    """A tone between two pauses."""
    blocks: list[FloatArray] = [silence(0.1), faded(tone(steady(note_to_hz(57.0), 0.3))), silence(0.1)]
    return follow(blocks, provenance={"file": "hum.wav"})


def test_a_phrase_comes_back_from_its_file(tmp_path: Path) -> None:
    phrase = a_phrase()
    path = write_phrase(tmp_path / f"hum{ENDING}", phrase)
    again = read_phrase(path)
    for name in ("note", "level_db", "strength", "delay_samples"):
        np.testing.assert_array_equal(getattr(again, name), getattr(phrase, name))
    assert again.provenance == {"file": "hum.wav"}
    assert not again.is_toneless
    with pytest.raises(UsageError, match="exists"):
        write_phrase(path, phrase)


def test_a_damaged_or_hostile_phrase_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save

    path = write_phrase(tmp_path / f"hum{ENDING}", a_phrase())
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"\xff" * 200, save({"note": np.zeros(3, np.float32)})):
        path.write_bytes(damaged)
        with pytest.raises(PhraseError, match=str(path)):
            read_phrase(path)
    wild = a_phrase()
    wild.level_db[5] = 1e6
    with pytest.raises(PhraseError, match="level_db"):
        read_phrase(write_phrase(tmp_path / f"wild{ENDING}", wild))


def test_an_empty_sound_is_no_phrase() -> None:
    with pytest.raises(PhraseError, match="ends within 5 ms"):
        follow([])
