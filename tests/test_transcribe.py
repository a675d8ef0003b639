"""Several notes at once: what is heard in chords, how loud, what is left beside them, and what others play of them."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
from made_tunes import faded, silence, steady, tone

from nsynth_lab.analysis.basic_pitch import FRAME_SAMPLES, RATE, Activations, BasicPitch
from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.key_levels import KeyLevels
from nsynth_lab.analysis.note_tracker import NoteTracker, Tracked
from nsynth_lab.analysis.onset_network import OnsetNetwork
from nsynth_lab.analysis.phrase import follow
from nsynth_lab.analysis.semitone_spectrum import SemitoneSpectrum
from nsynth_lab.analysis.transcription import transcribe
from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import CheckpointError, MissingError
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.translate.residual import beside, residual
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

RNG = np.random.default_rng(7)
CHORDS = ((48, 55, 64), (50, 57, 65), (43, 59, 62, 67), (48, 60, 64, 67))
CHORD_SECONDS = 0.75
Known = tuple[float, int]  # when it begins, in seconds, and its key


def needs_network() -> None:
    try:
        BasicPitch()
    except MissingError as error:
        pytest.skip(str(error))


def struck(note: int, seconds: float, *, level: float = 0.1) -> FloatArray:
    """A tone that dies away like a plucked string."""
    own = tone(steady(note_to_hz(note), seconds), level=level)
    return faded(own * np.exp(-2.0 * np.arange(len(own)) / SAMPLE_RATE).astype(np.float32), seconds=0.004)


def chords() -> tuple[FloatArray, list[Known]]:
    """Four chords, 0.75 s each, after 0.2 s of silence."""
    parts, known = [silence(0.2)], []
    for place, chord in enumerate(CHORDS):
        parts.append(np.sum([struck(note, CHORD_SECONDS) for note in chord], axis=0))
        known += [(0.2 + place * CHORD_SECONDS, note) for note in chord]
    return np.concatenate([*parts, silence(0.3)]), known


def f1(known: Sequence[Known], heard: Sequence[Known], *, within_seconds: float = 0.05) -> float:
    """As mir_eval's onset and pitch: each note is found once."""
    left, found = list(heard), 0
    for at, key in known:
        near = [one for one in left if one[1] == key and abs(one[0] - at) <= within_seconds]
        if near:
            left.remove(near[0])
            found += 1
    return 2.0 * found / (len(known) + len(heard))


def begins(notes: Sequence[HeardNote]) -> list[Known]:
    return [(note.begin_sample / SAMPLE_RATE, round(note.pitch)) for note in notes]


def at_network_rate(sound: FloatArray) -> FloatArray:
    return np.asarray(resample(sound[None], SAMPLE_RATE, RATE)[0], np.float32)


def test_chords_are_heard_note_by_note() -> None:
    needs_network()
    sound, known = chords()
    transcript = transcribe([at_network_rate(sound)])
    assert f1(known, begins(transcript.notes)) >= 0.85
    assert transcript.seconds == pytest.approx(len(sound) / SAMPLE_RATE, abs=0.001)


def test_blocks_of_any_size_are_heard_alike() -> None:
    needs_network()
    sound = at_network_rate(chords()[0])
    whole, parts = transcribe([sound]), transcribe(np.array_split(sound, 11))
    assert begins(whole.notes) == begins(parts.notes)
    assert [note.level_db for note in whole.notes] == pytest.approx([note.level_db for note in parts.notes], abs=0.1)


def test_nothing_is_heard_in_silence_and_hardly_anything_in_noise() -> None:
    needs_network()
    assert not transcribe([np.zeros(RATE, np.float32)]).notes
    assert len(transcribe([0.1 * RNG.standard_normal(2 * RATE).astype(np.float32)]).notes) <= 2


def swelled(note: int, seconds: float) -> FloatArray:
    """A tone like a bowed string's: ten partials, which need a sixth of a second to come up."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    partials = sum(np.sin(2 * np.pi * note_to_hz(note) * k * times + k) / k for k in range(1, 11))
    return faded((0.05 * partials * np.minimum(times / 0.16, 1.0) ** 2).astype(np.float32), seconds=0.03)


def test_notes_that_swell_begin_where_they_were_begun() -> None:
    needs_network()
    parts, known = [silence(0.3)], []
    for place, chord in enumerate(((50, 57, 66), (52, 59, 67), (45, 61, 64))):
        parts.append(np.sum([swelled(note, 0.9) for note in chord], axis=0))
        known += [(0.3 + 0.9 * place, note) for note in chord]
    heard = begins(transcribe([at_network_rate(np.concatenate([*parts, silence(0.3)]))]).notes)
    assert f1(known, heard, within_seconds=0.06) >= 0.75


def test_notes_are_tracked_alike_however_the_activations_are_cut() -> None:
    needs_network()
    sound = at_network_rate(chords()[0])
    given = Activations._make(np.concatenate(rows) for rows in zip(*BasicPitch().activations([sound]), strict=True))
    frames = len(given.sounding)
    spectrum = SemitoneSpectrum(2048, FRAME_SAMPLES, fft_samples=4096)
    power = np.concatenate([spectrum.hear(sound), spectrum.end()])[:frames]

    def notes(step: int) -> list[tuple[int, float, float, int]]:
        tracker, found = NoteTracker(), list[Tracked]()
        for begin in range(0, frames, step):
            piece = slice(begin, begin + step)
            found += tracker.hear(Activations._make(rows[piece] for rows in given), power[piece])
        found += tracker.end()
        return sorted((note.key, round(note.begin, 2), round(note.end, 2), len(note.bend)) for note in found)

    whole = notes(frames)
    assert len(whole) >= 10
    assert notes(37) == notes(142) == whole


def test_a_key_is_over_before_it_is_struck_again() -> None:
    needs_network()
    repeated = np.concatenate([silence(0.2), *(struck(60, 0.3) + struck(67, 0.3) for _ in range(5)), silence(0.3)])
    notes = transcribe([at_network_rate(repeated)]).notes
    assert f1([(0.2 + 0.3 * place, key) for place in range(5) for key in (60, 67)], begins(notes)) >= 0.85
    for key in (60, 67):
        own = [note for note in notes if round(note.pitch) == key]
        assert all(one.end_sample <= after.begin_sample for one, after in pairwise(own))


def test_weights_that_are_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "onsets.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="damaged"):
        OnsetNetwork(tmp_path / "onsets.safetensors")
    with pytest.raises(CheckpointError, match="not the weights of an onset network"):
        OnsetNetwork(DEFAULT_CHECKPOINT / "classifier.safetensors")


def test_the_level_of_a_note_is_that_of_its_partials() -> None:
    """A 1 kHz sine of amplitude 1 is -3 dB; of two notes each has its own."""
    levels = KeyLevels()
    seconds = np.arange(2 * RATE) / RATE
    levels.hear((np.sin(2 * np.pi * 1000.0 * seconds)).astype(np.float32))
    levels.end()
    assert levels.of([(83, 10, 100)])[0] == pytest.approx(-3.0, abs=0.7)
    sound = at_network_rate(struck(57, 1.0, level=0.2) + struck(64, 1.0, level=0.05))
    two = KeyLevels()
    two.hear(sound)
    two.end()
    loud, soft = two.of([(57, 0, 80), (64, 0, 80)])
    assert loud - soft == pytest.approx(12.0, abs=3.5)


def test_what_is_left_beside_notes_is_in_time_and_has_none_of_them() -> None:
    noise = 0.05 * RNG.standard_normal(SAMPLE_RATE).astype(np.float32)
    without = np.concatenate(list(residual(np.array_split(noise, 7), [])))
    count = min(len(without), len(noise))
    assert count >= len(noise) - 2048
    np.testing.assert_allclose(without[2048 : count - 2048], noise[2048 : count - 2048], atol=1e-5)
    played = tone(steady(note_to_hz(57), 1.0))
    note = HeardNote(0, SAMPLE_RATE, 57.0, -20.0)
    left = np.concatenate(list(residual([played], [note])))[4096 : SAMPLE_RATE - 4096]
    assert 10 * np.log10(np.mean(left**2) / np.mean(played**2)) < -30.0
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[24_000] = 0.8
    left = np.concatenate(list(residual([played + click], [note])))
    assert abs(int(np.abs(left).argmax()) - 24_000) < 3
    assert np.abs(left).max() > 0.4


def test_the_rest_is_added_at_its_gain() -> None:
    def silent() -> Iterator[FloatArray]:
        yield from (np.zeros((2, size), np.float32) for size in (700, 300))

    rest = np.arange(1000, dtype=np.float32) / 4000.0
    heard = np.concatenate(list(beside(silent(), np.array_split(rest, 3), gain_db=-20.0)), axis=1)
    np.testing.assert_allclose(heard, np.stack([rest, rest]) / 10.0, atol=1e-6)


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Known], Path]:
    """Chords, on two channels that cancel each other, played by a piano."""
    needs_network()
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    folder = tmp_path_factory.mktemp("chords")
    sound, known = chords()
    write_audio(folder / "song.wav", Audio(np.stack([sound, -sound]), SAMPLE_RATE))
    words = ["translate", str(folder / "song.wav"), "--to", "acoustic grand piano", "--polyphonic"]
    more = ["--midi-file", str(folder / "out.mid"), "--plot", str(folder / "out.png"), "-o", str(folder / "out.wav")]
    assert run([*words, *more]) == 0
    return known, folder


def test_the_midi_file_has_the_chords(translated: tuple[list[Known], Path]) -> None:
    known, folder = translated
    at, came, held = 0.0, [], set[int]()
    for message in mido.MidiFile(file=io.BytesIO((folder / "out.mid").read_bytes())):
        at += message.time
        if message.type == "note_on":
            came.append((at, message.note))
            assert message.note not in held
            held.add(message.note)
        elif message.type == "note_off":
            held.remove(message.note)
        assert getattr(message, "channel", 0) == 0, "nothing is bent: one channel will do"
    assert not held
    assert f1(known, came) >= 0.85
    assert (folder / "out.png").read_bytes().startswith(b"\x89PNG")


def test_the_result_sounds_the_chords(translated: tuple[list[Known], Path]) -> None:
    """Each note's fundamental stands 12 dB above the semitones beside it, in a spectrum of its chord in the result."""
    _, folder = translated
    sound = read_audio(folder / "out.wav").mono()
    good, asked = 0, 0
    for place, chord in enumerate(CHORDS):
        first = round((0.2 + place * CHORD_SECONDS + 0.1) * SAMPLE_RATE)
        part = sound[first : first + round((CHORD_SECONDS - 0.15) * SAMPLE_RATE)]
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 17)) ** 2
        hz = np.fft.rfftfreq(1 << 17, 1.0 / SAMPLE_RATE)

        def loudest(note: float, power: np.ndarray = power, hz: np.ndarray = hz) -> float:
            return float(power[np.abs(12 * np.log2(np.maximum(hz, 1.0) / note_to_hz(note))) < 0.25].max())

        for note in chord:
            beside_it = max(loudest(note + step) for step in (-1.0, 1.0))
            good, asked = good + (loudest(note) > 16.0 * beside_it), asked + 1
    assert good >= 0.85 * asked


def test_the_same_song_with_what_is_left_beside_it(translated: tuple[list[Known], Path], tmp_path: Path) -> None:
    known, folder = translated
    sound = read_audio(folder / "song.wav").samples[0]
    song = sound.copy()
    for at, _ in known:
        song[round(at * SAMPLE_RATE) :][:400] += 0.3 * RNG.standard_normal(400).astype(np.float32)
    write_audio(tmp_path / "drums.wav", Audio(song[None], SAMPLE_RATE))
    words = ["translate", str(tmp_path / "drums.wav"), "--to", "acoustic grand piano", "--polyphonic"]
    assert run([*words, "-o", str(tmp_path / "dry.wav")]) == 0
    assert run([*words, "--residual", "0", "-o", str(tmp_path / "drums out.wav")]) == 0
    difference = read_audio(tmp_path / "drums out.wav").mono() - read_audio(tmp_path / "dry.wav").mono()
    level = np.array([np.abs(part).max() for part in np.array_split(difference, 300)])
    seconds = (np.arange(300) + 0.5) / 300 * len(difference) / SAMPLE_RATE
    for at in {at for at, _ in known}:
        assert level[np.abs(seconds - at) < 0.03].max() > 6.0 * np.median(level)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["silent.wav", "--polyphonic"], 1, "no notes were heard"),
        (["hum.phrase", "--polyphonic"], 2, "holds one voice"),
        (["silent.wav", "--polyphonic", "--phrase", "x.phrase"], 2, "--midi-file"),
        (["silent.wav", "--polyphonic", "--residual", "40"], 2, "expected -80 to 12 dB"),
        (["silent.wav", "--residual", "-6"], 2, "give both"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    words: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_network()
    write_audio(tmp_path / "silent.wav", Audio(np.zeros((1, 24_000), np.float32), SAMPLE_RATE))
    (tmp_path / "hum.phrase").write_bytes(b"")
    placed = [str(tmp_path / word) if word.endswith(".phrase") else word for word in words[1:]]
    command = ["translate", str(tmp_path / words[0]), "--to", "cello", *placed, "-o", str(tmp_path / "never.wav")]
    assert run(command) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert says in said[-1]
    assert not (tmp_path / "never.wav").exists()


def test_a_missing_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingError, match="pip install --no-deps basic-pitch"):
        BasicPitch()


def test_two_voices_where_one_is_followed_are_told() -> None:
    one = follow([faded(tone(steady(note_to_hz(57), 1.0)))])
    several = follow([sum(faded(tone(steady(note_to_hz(note), 1.0))) for note in (57, 63, 68))])  # type: ignore[list-item]
    assert not one.sounds_like_several
    assert several.sounds_like_several


def test_whoever_interrupts_leaves_no_half_of_a_file(
    translated: tuple[list[Known], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsynth_lab.render import song

    real = song.blocks_of

    def interrupted(*given: object, **named: object) -> Iterator[FloatArray]:
        for place, block in enumerate(real(*given, **named)):  # type: ignore[arg-type]
            if place == 2:
                raise KeyboardInterrupt
            yield block

    monkeypatch.setattr(song, "blocks_of", interrupted)
    command = ["translate", str(translated[1] / "song.wav"), "--to", "cello", "--polyphonic"]
    assert run([*command, "-o", str(tmp_path / "half.wav")]) == 130
    assert not list(tmp_path.iterdir())
