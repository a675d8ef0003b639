"""Several notes at once in the panel: heard, kept, drawn, played with what is left beside them, and rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_transcribe import chords, f1, needs_network

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.phrase import Phrase, read_phrase, write_phrase
from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.errors import AudioError, MissingError, UsageError
from nsynth_lab.midi.events import Kind
from nsynth_lab.panel.translation import hearing
from nsynth_lab.panel.translation.heard import HeardSound
from nsynth_lab.panel.translation.hearing import PHRASE, REST, SOURCE, hear_file
from nsynth_lab.panel.translation.note_file import NOTES, read_notes, write_notes
from nsynth_lab.panel.translation.performer import SOURCE as HEAR_SOURCE
from nsynth_lab.panel.translation.performer import Performer
from nsynth_lab.panel.translation.phrases import Kept
from nsynth_lab.panel.translation.picture import picture_of
from nsynth_lab.panel.translation.rendering import render
from nsynth_lab.panel.translation.score import Notes, Options, Target, score_of
from nsynth_lab.patch import Blend, Patch
from nsynth_lab.render import Session
from nsynth_lab.translate.played import play_notes
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import SAMPLE_RATE, FloatArray

BLOCK = 256
SPAN = Target(36, 84)
TRIAD = [
    HeardNote(4800, 24_000, float(key), -20.0, np.linspace(0.0, bend, 75).astype(np.float32))
    for key, bend in ((60, 0.0), (64, 0.5), (67, 0.0))
]


def levels(seconds: float = 1.0) -> Phrase:
    hops = round(seconds * SAMPLE_RATE / BLOCK)
    nothing = np.zeros(hops, np.float32)
    return Phrase(np.full(hops, np.nan, np.float32), nothing - 20.0, nothing, nothing)


def heard(folder: Path, sound: FloatArray) -> dict[str, Any]:
    path = write_audio(folder / "a.wav", Audio(sound[None], SAMPLE_RATE), force=True)
    return hear_file(folder, lambda *_: None, file=str(path), into=str(folder), title="a", several=True)


def test_chords_are_heard_kept_and_drawn(tmp_path: Path) -> None:
    """With what is left without them, which is softer where they sound; the picture has them, and no curve."""
    needs_network()
    sound, known = chords()
    said = HeardSound.of(heard(tmp_path, sound))
    notes, phrase = read_notes(tmp_path / NOTES), read_phrase(tmp_path / PHRASE)
    assert f1(known, [(note.begin_sample / SAMPLE_RATE, round(note.pitch)) for note in notes]) >= 0.85
    rows = [(note.begin_sample / SAMPLE_RATE, note.end_sample / SAMPLE_RATE, note.pitch) for note in notes]
    np.testing.assert_allclose([row[:3] for row in said.notes], rows, atol=1e-3)
    assert phrase.is_toneless
    assert phrase.samples == pytest.approx(len(sound), abs=BLOCK)
    source, rest = (np.fromfile(tmp_path / name, "<i2") for name in (SOURCE, REST))
    assert len(rest) >= len(source) == len(sound)
    assert np.std(rest) < 0.25 * np.std(source)
    kept = Kept("a", phrase, Notes(phrase, notes), said, tmp_path, source, rest)
    picture = picture_of(kept)
    assert (set(picture["pitch"]), len(picture["notes"])) == ({None}, len(notes))
    loud, quiet = (picture["level"][round(at / picture["step"])] for at in (0.3, 0.05))
    assert loud > quiet + 20.0
    row = kept.row()
    assert (row["several"], row["notes"], row["lowest"]) == (True, len(notes), 43)
    assert row["tone_seconds"] == pytest.approx(3.0, abs=0.3)


def test_without_notes_or_what_hears_them_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise MissingError("hearing several notes at once needs onnxruntime: pip install 'nsynth-lab[transcribe]'")

    monkeypatch.setattr(hearing, "transcribe", missing)
    with pytest.raises(MissingError, match="pip install"):
        heard(tmp_path, np.zeros(SAMPLE_RATE, np.float32))
    monkeypatch.undo()
    needs_network()
    with pytest.raises(AudioError, match="no notes were heard"):
        heard(tmp_path, np.zeros(SAMPLE_RATE, np.float32))


def test_notes_come_out_of_their_file_as_they_went_in(tmp_path: Path) -> None:
    write_notes(tmp_path / NOTES, TRIAD)
    for wanted, came in zip(TRIAD, read_notes(tmp_path / NOTES), strict=True):
        assert (came.begin_sample, came.end_sample, came.pitch) == (
            wanted.begin_sample,
            wanted.end_sample,
            wanted.pitch,
        )
        np.testing.assert_array_equal(came.bend, wanted.bend)


@pytest.mark.parametrize(
    "note", [HeardNote(10, 5, 60.0, -20.0), HeardNote(0, 1 << 40, 60.0, -20.0), HeardNote(0, 9, 200.0, -20.0)]
)
def test_what_is_no_note_is_not_read(tmp_path: Path, note: HeardNote) -> None:
    write_notes(tmp_path / NOTES, [*TRIAD, note])
    with pytest.raises(UsageError, match="no proper answer"):
        read_notes(tmp_path / NOTES)
    (tmp_path / NOTES).write_bytes(b"\xff" * 100)
    with pytest.raises(UsageError, match="no proper answer"):
        read_notes(tmp_path / NOTES)


def test_they_are_played_as_translate_plays_them() -> None:
    """As notes, whatever is chosen for tunes; three at once, each with its bend."""
    score = score_of(Notes(levels(), TRIAD), Options(), SPAN, sound=None, peak=0.0)
    assert score.level_share == 0.0
    one = Performer(is_zone=lambda: False)
    one.play(score, 0)
    events = [event for clock in range(0, SAMPLE_RATE, BLOCK) for event in one.events(clock, BLOCK)]
    wanted = list(play_notes(TRIAD, Rules(lowest=36, highest=84), octaves=True).events)
    assert [str(event) for event in events][: len(wanted)] == [str(event) for event in wanted]
    assert sorted(event.number for event in events if event.kind is Kind.NOTE_ON) == [60, 64, 67]


def test_what_is_left_is_heard_beside_them_as_loud_as_asked() -> None:
    """With the translation, in its time; it fades in and out, and goes with the source alone."""
    rest = (3000 * np.sin(np.arange(SAMPLE_RATE) / 50)).astype(np.int16)
    score = score_of(Notes(levels(), TRIAD), Options(), SPAN, sound=np.zeros(1, np.int16), peak=0.5, rest=rest)
    makeup = score.rest_gain * 32768
    one, clock = Performer(is_zone=lambda: False), 0
    one.play(score, 0)
    for rest_db, hears, gain in ((None, "translation", 0.0), (-6.0, "translation", 0.501), (-6.0, HEAR_SOURCE, 0.0)):
        one.rest_db, one.hears = rest_db, hears
        for _ in range(3):
            one.events(clock, BLOCK)
            block = one.mixed(np.zeros((2, BLOCK), np.float32), 0)
            clock += BLOCK
        wanted = gain * makeup * rest[clock - BLOCK : clock] / 32768
        np.testing.assert_allclose(block, np.broadcast_to(wanted, (2, BLOCK)), atol=2e-4)


def test_they_are_rendered_with_what_is_left(tmp_path: Path) -> None:
    from nsynth_lab.panel.produce.child import patch_arguments, session_arguments, write_guests

    session = Session(None)
    write_notes(tmp_path / NOTES, TRIAD)
    pcm = np.full(SAMPLE_RATE, 3000, "<i2")
    (tmp_path / REST).write_bytes(pcm.tobytes())
    found = []
    for residual in (None, -20.0):
        said = render(
            tmp_path,
            lambda *_: None,
            phrase=str(write_phrase(tmp_path / "p.phrase", levels(), force=True)),
            notes=str(tmp_path / NOTES),
            rest=str(tmp_path / REST),
            residual=residual,
            title=f"Chords {residual}",
            options={},
            target=list(SPAN),
            sound=patch_arguments(Patch("flute", Blend(("flute",)))),
            session=session_arguments(session),
            guests=str(write_guests(session, ["flute"], tmp_path / f"guests{residual}")),
            ending="wav",
        )
        assert said["notes"] == 3
        found.append(read_audio(tmp_path / said["file"]).samples[:, 2400:4000].mean())  # before they begin
    assert abs(found[0]) < 1e-4 < found[1]
