"""A second voice: in the scale and the chords, below the tune, without hollow parallels; and in every notation."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path

import mido
import pytest
from tunes import tune_of

from nsynth_lab.cli import run
from nsynth_lab.errors import TuneError
from nsynth_lab.melody.second_voice import with_second
from nsynth_lab.tune.abc import abc_text, tune_from_abc
from nsynth_lab.tune.chord_name import KINDS, TONES, chord_tones, parse_chord
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.midi import midi_bytes, read_midi
from nsynth_lab.tune.musicxml import musicxml_bytes, read_musicxml
from nsynth_lab.tune.played import sounding
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.tune.tune import Tune

JIG = """X:1
M:6/8
L:1/8
K:Edor
B|:"Em"e2f gfe|"D"dBA BAF|"Em"E2F G2A|"Bm"B2A B2-B:|
|:"G"g2f edB|"D"dBA d2e|"G"g2f "A"e2^c|"D"dAF "Em"E2z:|
"""
SONG = 'X:1\nM:4/4\nL:1/4\nK:Am\n"Am"A B c A|"E7"e2 ^G2|"Dm"f e d f|"E7"e B ^G E|"Am"A4|]\n'
TUNES = (
    JIG,
    SONG,
    JIG.replace('"Em"', "").replace('"D"', "").replace('"G"', "").replace('"Bm"', "").replace('"A"', ""),
)


def both(tune: Tune) -> list[tuple[int, int]]:
    """The notes of the two voices."""
    second = with_second(tune).second_voice
    assert second is not None
    one, two = sounding(tune), sounding(second)
    assert [(note.at, note.length) for note in one] == [(note.at, note.length) for note in two]
    return [(above.pitch.note, below.pitch.note) for above, below in zip(one, two, strict=True)]


@pytest.mark.parametrize("text", TUNES)
def test_it_lies_below_in_the_scale_or_the_chord_mostly_in_thirds_and_sixths(text: str) -> None:
    tune = tune_of(text)
    notes = both(tune)
    scale = {(tune.key.tonic + step) % 12 for step in SCALES[tune.key.mode]}
    chords = [parse_chord(symbol.name) for bar in tune.bars for symbol in bar.chords]
    allowed = scale | {tone for chord in chords if chord for tone in chord_tones(chord)}
    assert all(below < above or above == notes[-1][0] for above, below in notes)
    assert {below % 12 for _, below in notes} <= allowed
    sweet = [(above - below) % 12 in (3, 4, 8, 9) for above, below in notes]
    assert sum(sweet) >= 0.6 * len(sweet)
    for (above, below), (next_above, next_below) in pairwise(notes):
        along = (next_above - above) * (next_below - below) > 0
        hollow = {(above - below) % 12, (next_above - next_below) % 12}
        assert not (along and len(hollow) == 1 and hollow <= {0, 7})


def test_it_follows_the_chords() -> None:
    tune = tune_of(SONG)
    second = with_second(tune).second
    wanted = [chord_tones(parse_chord(bar.chords[0].name)) for bar in tune.bars]  # type: ignore[arg-type]
    for notes, tones in zip(second, wanted, strict=True):
        assert notes[0].pitch is not None
        assert notes[0].pitch.note % 12 in tones
    other = with_second(tune_of(SONG.replace('"Am"A4', '"Dm"A4'))).second
    assert other[-1] != second[-1]
    assert set(TONES) == {name for name, _ in KINDS}


def test_it_is_in_every_notation_and_the_tune_is_read_again_as_it_was() -> None:
    tune = with_second(tune_of(JIG))
    second = tune.second_voice
    assert second is not None
    names = [[(note.at, note.pitch.note) for note in sounding(voice)] for voice in (tune, second)]
    for read, data in ((read_midi, midi_bytes(tune, Lines())), (read_musicxml, musicxml_bytes(tune, Lines()))):
        lines = Lines()
        again = read(data, lines)
        assert [(note.at, note.pitch.note) for note in sounding(again)] == names[0]
        assert "left out" in "; ".join(lines.all)
    text = abc_text(tune)
    assert [(note.at, note.pitch.note) for note in sounding(tune_from_abc(text))] == names[0]
    below = text.split("V:1\n")[0] + text.split("V:2\n")[1]
    assert [(note.at, note.pitch.note) for note in sounding(tune_from_abc(below))] == names[1]


def test_others_read_both_voices() -> None:
    music21 = pytest.importorskip("music21")
    tune = with_second(tune_of(SONG))
    second = tune.second_voice
    assert second is not None
    wanted = [[note.pitch.note for note in sounding(voice)] for voice in (tune, second)]
    for data, form in ((musicxml_bytes(tune, Lines()).decode(), "musicxml"), (abc_text(tune), "abc")):
        score = music21.converter.parseData(data, format=form)
        assert [[note.pitch.midi for note in part.recurse().notes if note.isNote] for part in score.parts] == wanted
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(tune, Lines())))
    on = [message for message in file.tracks[0] if message.type == "note_on"]
    assert [[message.note for message in on if message.channel == channel] for channel in (0, 1)] == wanted


def test_compose_adds_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "two.abc"
    assert run(["compose", "--second", "--bars", "4", "--form", "AB", "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tunes"][0]["notes"] == tune_from_abc(out.read_text()).notes
    assert '"' not in out.read_text()  # chords lead it, and are written only if they are asked for
    assert out.read_text().count("V:2") == 1


def test_rests_alone_have_none() -> None:
    with pytest.raises(TuneError, match="no notes"):
        with_second(tune_from_abc("X:1\nM:2/4\nL:1/8\nK:C\nC4|\n").with_bars(()))
