"""A tune played by another instrument: its notes, its pitch, its level; live as offline."""

from __future__ import annotations

import io
import math
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from made_tunes import faded, hiss, silence, steady, tone
from playing import Heard as Asked
from playing import small_engine

from nsynth_lab.analysis.follower import HOP, Follower, Heard
from nsynth_lab.analysis.phrase import LOOK_AHEAD_HOPS, Phrase, follow
from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.cli.translate_asked import request_of
from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.midi.events import follow as follow_events
from nsynth_lab.midi.write import midi_bytes
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT, Session
from nsynth_lab.render.play_request import parse_play
from nsynth_lab.render.song import blocks_of
from nsynth_lab.render.target_range import target_is_struck
from nsynth_lab.synth.followed import LAG_SAMPLES, Curve
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.voice_allocator import LOOK_AHEAD_SAMPLES, PHASE_SAMPLES
from nsynth_lab.translate.note_maker import NoteMaker
from nsynth_lab.translate.played import PhraseEvents, centred, levelled, play_curve, with_delay
from nsynth_lab.translate.rules import Rules, parse_snap
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, note_to_hz

HOPS_A_SECOND = SAMPLE_RATE / HOP


def sung(*notes: tuple[float, float], gap_seconds: float = 0.12) -> FloatArray:
    """Tones (MIDI note, seconds) with pauses between them."""
    parts = [silence(0.1)]
    for note, seconds in notes:
        parts += [faded(tone(steady(note_to_hz(note), seconds))), silence(gap_seconds)]
    return np.concatenate(parts)


def struck(events: list[Event]) -> list[tuple[float, int]]:
    """When, in seconds, and which keys."""
    return [(event.at_sample / SAMPLE_RATE, event.number) for event in events if event.kind is Kind.NOTE_ON]


def made(pitches: list[float], *, levels_db: list[float] | None = None, rules: Rules | None = None) -> list[Event]:
    """Events of a phrase whose pitch and level are given hop by hop."""
    maker = NoteMaker(rules or Rules())
    levels = levels_db or [-20.0] * len(pitches)
    heard = [Heard(note, level, 0.99, 512) for note, level in zip(pitches, levels, strict=True)]
    return [event for one in heard for event in maker.hear(one)] + maker.end()


def test_each_tone_is_a_note_that_begins_soon_and_ends_with_it() -> None:
    tune = sung((57, 0.3), (60, 0.25), (52, 0.3))
    events = list(PhraseEvents(follow([tune]), Rules()))
    begins = [0.1, 0.1 + 0.42, 0.1 + 0.42 + 0.37]
    assert [key for _, key in struck(events)] == [57, 60, 52]
    for (at, _), begin in zip(struck(events), begins, strict=True):
        assert 0.0 <= at - begin < 0.045
    ends = [event.at_sample / SAMPLE_RATE for event in events if event.kind is Kind.NOTE_OFF]
    for end, begin, seconds in zip(ends, begins, (0.3, 0.25, 0.3), strict=True):
        assert 0.0 <= end - begin - seconds < 0.06
    channels = [event.channel for event in events if event.kind is Kind.NOTE_ON]
    assert len(set(channels)) == 3, "a note that dies away keeps its own pitch"


def test_a_tied_leap_is_a_new_note_and_vibrato_is_none() -> None:
    leap = made([60.0] * 60 + [60.0 + step for step in (2.0, 4.0, 6.0)] + [67.0] * 60)
    assert [key for _, key in struck(leap)] == [60, 67]
    wide = [60.0 + 0.9 * math.sin(2 * math.pi * 5.5 * hop / HOPS_A_SECOND) for hop in range(300)]
    assert len(struck(made(wide))) == 1


def test_what_dies_away_is_struck_again_on_a_legato_step_and_what_sustains_is_not() -> None:
    """A whole tone and a semitone within 16 ms each; vibrato is neither, however it is played."""
    steps = [60.0] * 60 + [60.7, 61.4] + [62.0] * 60 + [61.5] + [61.0] * 60
    assert [key for _, key in struck(made(steps))] == [60]
    piano = struck(made(steps, rules=Rules(struck=True)))
    assert [key for _, key in piano] == [60, 62, 61]
    for (at, _), hop in zip(piano[1:], (61, 122), strict=True):
        assert 0.0 < at - hop / HOPS_A_SECOND < 0.07
    wide = [60.0 + 0.9 * math.sin(2 * math.pi * 5.5 * hop / HOPS_A_SECOND) for hop in range(300)]
    assert len(struck(made(wide, rules=Rules(struck=True)))) == 1


@pytest.mark.parametrize("is_struck", [False, True])
def test_a_note_whose_first_pitch_was_wrong_is_played_at_its_own(is_struck: bool) -> None:
    """Heard too low at first, it was moved into the target's range, by an octave that it does not need."""
    low = [49.0] * 60 + [math.nan] * 10 + [32.6] * 3 + [49.0] * 80
    events = made(low, rules=Rules(lowest=34, highest=82, struck=is_struck))
    assert [key for _, key in struck(events)][-1] == 49
    assert [event.value for event in events if event.kind is Kind.PITCH][-1] == pytest.approx(0.0, abs=0.01)


def test_a_glide_is_one_note() -> None:
    assert len(struck(made([60.0] * 30 + [60.0 + 0.08 * hop for hop in range(150)] + [72.0] * 50))) == 1


def test_a_dip_of_the_level_strikes_again_and_a_swell_does_not() -> None:
    assert len(struck(made([60.0] * 110, levels_db=[-20.0] * 50 + [-34.0] * 4 + [-20.0] * 56))) == 2
    swell = [-40.0 + 0.2 * hop for hop in range(100)] + [-20.0 - 0.2 * hop for hop in range(100)]
    assert len(struck(made([60.0] * 200, levels_db=swell))) == 1


def test_a_tone_too_short_to_be_sure_of_is_none() -> None:
    maker = NoteMaker(Rules())
    assert maker.hear(Heard(60.0, -20.0, 0.6, 512)) == maker.hear(Heard(math.nan, -90.0, 0.0, 512)) == []


def test_a_note_whose_pitch_is_known_at_once_waits_so_that_high_notes_sound_as_late_as_low_ones() -> None:
    """Two hops after its level rose; what is known later, or swells, is played as soon as it is known."""
    sharp, gap = [-90.0] * 10 + [-20.0] * 10, math.nan
    for known, played in ((10, 13), (12, 13), (14, 15)):
        ((at, _),) = struck(made([gap] * known + [60.0] * (20 - known), levels_db=sharp))
        assert at * HOPS_A_SECOND == pytest.approx(played)
    swell = [-40.0 + hop for hop in range(20)]
    ((at, _),) = struck(made([gap] * 10 + [60.0] * 10, levels_db=swell))
    assert at * HOPS_A_SECOND == pytest.approx(11)


def bends(events: list[Event]) -> list[float]:
    """The pitch, in semitones, of the only note of a phrase."""
    (key,) = (key for _, key in struck(events))
    return [key + event.value for event in events if event.kind is Kind.PITCH]


def test_follow_says_how_closely() -> None:
    wobble = [60.3 + 0.3 * math.sin(hop / 5.0) for hop in range(150)]
    assert np.ptp(bends(made(wobble))) == pytest.approx(0.6, abs=0.03)
    assert np.ptp(bends(made(wobble, rules=Rules(follow=0.5)))) == pytest.approx(0.3, abs=0.02)
    assert set(bends(made(wobble, rules=Rules(follow=0.0)))) == {60.0}


def test_snap_puts_notes_on_a_scale_and_keeps_their_vibrato() -> None:
    wobble = [61.2 + 0.2 * math.sin(hop / 5.0) for hop in range(300)]
    on_scale = bends(made(wobble, rules=Rules(snap=SCALES["major"])))
    assert np.mean(on_scale) == pytest.approx(62.0, abs=0.05)
    assert np.ptp(on_scale) == pytest.approx(0.4, abs=0.1)


def test_snap_does_not_jump_to_and_fro_halfway_between_two_notes() -> None:
    wobble = [60.5 + 0.2 * math.sin(hop / 5.0) for hop in range(300)]
    for scale in (SCALES["major"], SCALES["chromatic"]):
        halfway = bends(made(wobble, rules=Rules(snap=scale)))
        assert np.abs(np.diff(halfway)).max() < 0.1
        assert abs(np.mean(halfway) - round(float(np.mean(halfway)))) < 0.1
    steps = bends(made([60.4] * 60 + [62.4] * 60, rules=Rules(snap=SCALES["major"])))
    assert (steps[50], steps[-1]) == pytest.approx((60.0, 62.0), abs=0.05)


def test_a_flutter_is_one_note_and_what_is_repeated_stays_so() -> None:
    """A flutter-tongued flute's level swings 20 to 30 times a second, and nobody repeats notes so fast."""
    for rate in (18.0, 24.0, 30.0):
        turns = rate * np.arange(hops := round(HOPS_A_SECOND)) / HOPS_A_SECOND
        swinging = (-20.0 - 8.0 + 8.0 * np.cos(2.0 * np.pi * turns)).tolist()
        assert len(struck(made([60.0] * hops, levels_db=swinging))) <= 2
    for rate in (5.0, 10.0, 14.0):
        phase = (rate * np.arange(hops) / HOPS_A_SECOND) % 1.0
        dying = (-20.0 - 15.0 * phase).tolist()
        assert len(struck(made([60.0] * hops, levels_db=dying))) == rate


def test_a_phrase_s_events_can_be_gone_through_again_and_are_not_kept() -> None:
    played = play_curve(follow([sung((57, 0.2), (60, 0.2))]), Rules(), octaves=False)
    assert list(played.events) == list(played.events)
    assert iter(played.events) is not iter(played.events)


def breaths(strengths: list[float], expression: float) -> list[float]:
    """The gains of the noise, in dB, while a phrase is as periodic as this, hop by hop."""
    maker = NoteMaker(Rules(expression=expression))
    events = [event for strength in strengths for event in maker.hear(Heard(60.0, -20.0, strength, 512))]
    return [event.value for event in events if event.kind is Kind.BREATH]


def test_breath_of_the_source_is_noise_of_the_target_beyond_what_is_usual() -> None:
    """A voice at -17 dB of noise for 10 s, then at -7 dB for a fifth of a second."""
    voice = [0.98] * 1900 + [0.834] * 38
    whole = breaths(voice, 1.0)
    assert max(np.abs(whole[1500:1900])) < 0.5, "what is usual for it changes nothing"
    assert whole[-1] == pytest.approx(10.0, abs=1.0)
    assert breaths(voice, 0.5)[-1] == pytest.approx(whole[-1] / 2)
    assert breaths(voice, 0.0) == []


def test_breath_reaches_the_decoder_as_a_gain_of_the_noise() -> None:
    engine = small_engine(Settings(mpe=True))
    asked = Asked(engine)
    events: list[Event] = []
    for hop in range(100):
        events += follow_events(0.0, -20.0, at_sample=hop * HOP, channel=1)
        events.append(Event(Kind.BREATH, 1, 0, 12.0 if hop >= 40 else 0.0, hop * HOP))
    events.insert(2, Event(Kind.NOTE_ON, 1, 57, 100, 0))
    events.append(Event(Kind.NOTE_OFF, 1, 57, 64, 100 * HOP))
    list(blocks_of(engine, events, end_sample=120 * HOP))
    assert asked.noise_gain[:15] == [1.0] * 15
    np.testing.assert_allclose(asked.noise_gain[26:], 10.0 ** (12.0 / 20.0), rtol=1e-5)


def test_a_delay_moves_the_result_against_the_source_and_no_note_before_its_beginning() -> None:
    played = play_curve(follow([sung((57, 0.2), (60, 0.2))]), Rules(), octaves=False)
    assert played.delay_ms == pytest.approx(1000 * (1024 + LAG_SAMPLES) / SAMPLE_RATE)
    ahead = play_curve(follow([sung((57, 0.2), (60, 0.2))], look_ahead_hops=LOOK_AHEAD_HOPS), Rules(), octaves=False)
    assert ahead.delay_ms == 0.0, "what was heard with a look-ahead lies over its source"
    in_time, late = with_delay(played, 0.0), with_delay(played, 200.0)
    for moved, by_ms in ((in_time, -played.delay_ms), (late, 200.0 - played.delay_ms)):
        for (at, _), (came, _) in zip(struck(list(played.events)), struck(list(moved.events)), strict=True):
            assert came == pytest.approx(max(at + by_ms / 1000.0, 0.0), abs=1e-4)
    with pytest.raises(UsageError, match="--delay -1; expected 0 to 1000 ms"):
        with_delay(played, -1.0)


def test_an_s_is_silence_between_two_notes() -> None:
    vowel = faded(tone(steady(220.0, 0.25)))
    events = list(PhraseEvents(follow([np.concatenate([vowel, faded(hiss(3000.0, 3600.0, 0.12)), vowel])]), Rules()))
    assert [key for _, key in struck(events)] == [57, 57]
    (end, _) = (event.at_sample / SAMPLE_RATE for event in events if event.kind is Kind.NOTE_OFF)
    assert end < 0.25 + 0.05
    assert struck(events)[1][0] > 0.25 + 0.12


@pytest.mark.parametrize(
    ("text", "classes"), [("chromatic", tuple(range(12))), ("Bb minor", (0, 1, 3, 5, 6, 8, 10)), ("c, eb,G", (0, 3, 7))]
)
def test_scales_are_understood(text: str, classes: tuple[int, ...]) -> None:
    assert parse_snap(text) == classes


@pytest.mark.parametrize("text", ["", "h-major", "d-mojor", "c,x", "major"])
def test_other_scales_are_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match="--snap"):
        parse_snap(text)


def test_a_target_is_a_preset_by_either_name_or_instruments() -> None:
    for name in ("glass-cello", "Glass Cello", "presets/glass-cello.toml"):
        assert request_of(name, None).preset == name
    assert request_of("Flute, choir-aahs", None).sources == ("Flute", "choir-aahs")


def test_a_phrase_comes_into_the_target_s_range_by_octaves() -> None:
    phrase = follow([sung((84, 0.3), (88, 0.3))])
    rules = centred(Rules(lowest=45, highest=69), phrase)
    assert rules.transpose == -24
    assert [key for _, key in struck(list(PhraseEvents(phrase, rules)))] == [60, 64]


def test_a_phrase_within_the_range_is_not_moved_for_a_stray_tone() -> None:
    pitches = np.full(100, 60.0, np.float32)
    pitches[:2] = 40.0
    levels = np.full(100, -20.0, np.float32)
    phrase = Phrase(pitches, levels, np.full(100, 0.99, np.float32), np.full(100, 512.0, np.float32))
    assert centred(Rules(lowest=50, highest=86), phrase).transpose == 0.0
    pitches[:20] = 40.0
    assert centred(Rules(lowest=50, highest=86), phrase).transpose == 12.0


def test_dynamics_and_make_up() -> None:
    phrase = follow([sung((57, 0.4))])
    rules = levelled(Rules(), phrase)
    loud = [event.value for event in list(PhraseEvents(phrase, rules)) if event.kind is Kind.LEVEL]
    assert max(loud) == pytest.approx(-20.0, abs=4.5)
    flat = Rules(dynamics=0.0, makeup_db=rules.makeup_db)
    levels = [event.value for event in list(PhraseEvents(phrase, flat)) if event.kind is Kind.LEVEL]
    assert np.ptp(levels[10:]) < 0.5


def test_a_curve_is_read_late_enough_to_be_known() -> None:
    assert LAG_SAMPLES >= HOP_SAMPLES + LOOK_AHEAD_SAMPLES + 2 * PHASE_SAMPLES
    curve = Curve()
    assert math.isnan(curve.at(0))
    assert math.isnan(curve.last)
    for sample, value in ((0, 1.0), (256, 2.0), (512, 4.0)):
        curve.add(sample, value)
    assert [curve.at(LAG_SAMPLES + sample) for sample in (-9, 0, 128, 384, 512, 9999)] == [1.0, 1.0, 1.5, 3.0, 4.0, 4.0]
    curve.add(600, math.nan)
    assert math.isnan(curve.at(9999))


def test_what_is_played_has_the_pitch_and_the_level_that_were_given() -> None:
    """In the frames that the decoder is asked for: a glide of pitch and a swell of level, 24 ms later."""
    engine = small_engine(Settings(mpe=True))
    asked = Asked(engine)
    events: list[Event] = []
    for hop in range(120):
        events += follow_events(0.05 * hop, -30.0 + 0.1 * hop, at_sample=hop * HOP, channel=1)
    events.insert(2, Event(Kind.NOTE_ON, 1, 57, 100, 0))
    list(blocks_of(engine, events, end_sample=120 * HOP))
    pitches = np.array([pitch for _, _, pitch in asked.pitch])
    levels = np.array([level for _, _, level in asked.level])
    ends = np.arange(1, len(pitches) + 1) * HOP_SAMPLES
    inside = (ends > LAG_SAMPLES) & (ends < 100 * HOP)
    hops = (ends[inside] - LAG_SAMPLES) / HOP
    np.testing.assert_allclose(pitches[inside], 57.0 + 0.05 * hops, atol=0.01)
    after = inside & (ends > 20 * HOP)  # the attack is the instrument's own
    error_db = levels[after] - (-30.0 + 0.1 * (ends[after] - LAG_SAMPLES) / HOP)
    assert np.abs(error_db).max() < 3.0


def test_live_is_the_same_as_offline() -> None:
    tune = sung((57, 0.3), (61, 0.3))
    rules = Rules(makeup_db=3.0)
    events = list(PhraseEvents(follow([tune]), rules))
    blocks = blocks_of(small_engine(Settings(mpe=True)), events, end_sample=len(tune))
    offline = np.concatenate(list(blocks), axis=1)
    engine, follower, maker = small_engine(Settings(mpe=True)), Follower(), NoteMaker(rules)
    live = []
    for at in range(0, len(tune), 256):
        engine.send(event for heard in follower.feed(tune[at : at + 256]) for event in maker.hear(heard))
        live.append(engine.render(256))
    heard = np.concatenate(live, axis=1)
    samples = min(heard.shape[1], len(tune) - 600)  # offline the end is faded
    assert np.abs(offline[:, :samples]).max() > 0.01
    np.testing.assert_allclose(heard[:, :samples], offline[:, :samples], atol=1e-4)  # phases, to rounding


def test_somebody_else_reads_the_midi_file() -> None:
    phrase = follow([sung((57, 0.3), (60, 0.25))])
    events = list(PhraseEvents(phrase, Rules()))
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(events, end_sample=phrase.samples)))
    at, notes = 0.0, []
    for message in file:
        at += message.time
        if message.type == "note_on" and message.velocity:
            notes.append((at, message.note))
    assert [key for _, key in notes] == [57, 60]
    for (came, _), (expected, _) in zip(notes, struck(events), strict=True):
        assert came == pytest.approx(expected, abs=0.001)
    assert file.length == pytest.approx(phrase.seconds, abs=0.01)


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> tuple[FloatArray, FloatArray, Path]:
    """A tune, what a cello makes of it, and the folder."""
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    folder = tmp_path_factory.mktemp("translated")
    vibrato = note_to_hz(50.0) * 2 ** (40 / 1200 * np.sin(2 * np.pi * 5 * np.arange(30_000) / SAMPLE_RATE))
    tune = np.concatenate([sung((45, 0.5), (52, 0.5)), faded(tone(vibrato)), silence(0.6)])
    write_audio(folder / "hum.wav", Audio(np.stack([tune, -tune]), SAMPLE_RATE))  # a cable with opposed sides
    command = ["translate", str(folder / "hum.wav"), "--to", "cello", "-o", str(folder / "out.wav")]
    more = ["--midi-file", "out.mid", "--phrase", "hum.phrase", "--plot", "out.png"]
    paths = [word if word.startswith("--") else str(folder / word) for word in more]
    assert run([*command, *paths]) == 0
    return tune, read_audio(folder / "out.wav").mono(), folder


def test_the_result_sings_the_tune(translated: tuple[FloatArray, FloatArray, Path]) -> None:
    """Pitch within 20 cents for 95 % of the frames once the delay is taken out, and silence between the notes."""
    tune, sound, _ = translated
    source, result = follow([tune]), follow([sound])
    best = 0.0
    for delay in range(14):
        count = min(len(source.note), len(result.note) - delay)
        cents = 100.0 * np.abs(source.note[:count] - result.note[delay : delay + count])
        best = max(best, float(np.mean(cents[~np.isnan(cents)] < 20.0)))
    assert best > 0.95
    loud = np.percentile(result.level_db, 90)
    end = round((len(tune) / SAMPLE_RATE - 0.1) * HOPS_A_SECOND)
    assert np.median(result.level_db[end - 8 : end]) < loud - 50.0


def test_what_has_to_be_struck_is_known_from_its_notes() -> None:
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    session = Session(None)
    wanted = {("acoustic grand piano",): True, ("marimba", "acoustic guitar, nylon"): True, ("cello",): False,
              ("church organ",): False, ("marimba", "flute"): False}  # fmt: skip
    assert {names: target_is_struck(session, parse_play(list(names))) for names in wanted} == wanted


def test_what_was_heard_is_kept_and_played_again(translated: tuple[FloatArray, FloatArray, Path]) -> None:
    _, sound, folder = translated
    assert run(["translate", str(folder / "hum.phrase"), "--to", "cello", "-o", str(folder / "again.wav")]) == 0
    np.testing.assert_array_equal(read_audio(folder / "again.wav").mono(), sound)
    assert (folder / "out.png").read_bytes().startswith(b"\x89PNG")
    assert len(mido.MidiFile(folder / "out.mid").tracks) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["silent.wav", "--to", "cello"], 1, "no tone was heard"),
        (["empty.wav", "--to", "cello"], 1, "the sound ends within 5 ms"),
        (["missing.wav", "--to", "cello"], 1, "no such file"),
        (["noise.phrase", "--to", "cello"], 1, "not a phrase"),
        (["hum.wav", "--to", "celo"], 2, "cello"),
        (["hum.wav", "--to", "cello", "--follow", "2"], 2, "--follow 2; expected 0 to 1"),
        (["hum.wav", "--to", "cello", "--snap", "d-mojor"], 2, "major"),
        (["hum.wav", "--to", "cello", "--expression", "2"], 2, "--expression 2; expected 0 to 1"),
        (["noise.phrase", "--to", "cello", "--gate", "-30"], 2, "--gate goes with a sound file"),
        (["hum.wav", "--to", "cello", "--delay", "2000"], 2, "--delay 2000; expected 0 to 1000 ms"),
    ],
)
def test_bad_input_is_told_in_a_line(
    translated: tuple[FloatArray, FloatArray, Path],
    words: list[str],
    code: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = translated[2]
    write_audio(folder / "silent.wav", Audio(np.zeros((1, 9600), np.float32), SAMPLE_RATE), force=True)
    soundfile.write(str(folder / "empty.wav"), np.zeros(0), SAMPLE_RATE)
    (folder / "noise.phrase").write_bytes(b"noise")
    arguments = ["translate", str(folder / words[0]), *words[1:], "-o", str(folder / "never.wav")]
    assert run(arguments) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert says in said[-1]
    assert "Traceback" not in "".join(said)
    assert not (folder / "never.wav").exists()
