"""MusicXML: what is written is read by us and by others with the same notes; strangers' files are bounded."""

from __future__ import annotations

import io
import random
import zipfile
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tunes import ALL, JIG, WALTZ, again, heard, made_tune, tune_of

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.musicxml import musicxml_bytes, read_musicxml
from nsynth_lab.tune.musicxml.tree import MOST_ELEMENTS
from nsynth_lab.tune.places import bar_faults
from nsynth_lab.tune.tune import ChordSymbol, Tune

BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><score-partwise>&b;</score-partwise>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><score-partwise>&a;</score-partwise>'
PIECE = """<?xml version="1.0"?><score-partwise version="4.0"><part-list><score-part id="P1"/></part-list><part id="P1">
<measure number="1"><attributes><divisions>2</divisions><key><fifths>{fifths}</fifths>{mode}</key><time><beats>2</beats>
<beat-type>4</beat-type></time></attributes>{music}</measure></part></score-partwise>"""


def written(tune: Tune) -> bytes:
    return musicxml_bytes(tune, Lines())


def read(data: bytes) -> tuple[Tune, str]:
    lines = Lines()
    tune = read_musicxml(data, lines)
    return tune, "; ".join(lines.all)


def piece(music: str, *, fifths: int = 0, mode: str = "<mode>major</mode>") -> bytes:
    return PIECE.format(music=music, fifths=fifths, mode=mode).encode()


def step(letter: str, duration: int = 2, more: str = "", octave: int = 4) -> str:
    chord = "<chord/>" if "chord" in more else ""
    rest = more.replace("chord", "")
    pitch = f"<pitch><step>{letter}</step><octave>{octave}</octave></pitch>"
    return f"<note>{chord}{pitch}<duration>{duration}</duration>{rest}</note>"


def test_triplets_off_the_beat_are_beamed_with_the_beat_in_which_they_begin() -> None:
    """One that a beam broke in two was engraved with a bracket over both."""
    tune = tune_of("X:1\nM:4/4\nL:1/8\nK:D\nB(3dcB(3cBAB dA|]\n")
    root = ElementTree.fromstring(written(tune))
    beams = [note.findtext("beam", "") for note in root.iter("note")]
    assert beams == ["begin", "continue", "continue", "end", "begin", "continue", "end", "", "begin", "end"]


@pytest.mark.parametrize("text", ALL)
def test_a_tune_written_is_the_tune_read(text: str) -> None:
    tune = tune_of(text)
    back, says = read(written(tune))
    assert back == tune
    assert says == ""


def test_tunes_made_by_chance_come_back() -> None:
    for seed in range(25):
        tune = again(made_tune(seed))
        back, _ = read(written(tune))
        assert heard(back) == heard(tune), seed
        assert [bar.chords for bar in back.bars] == [bar.chords for bar in tune.bars], seed
        signs = [[(b.begins_repeat, b.plays, b.ending, b.line, b.length) for b in one.bars] for one in (back, tune)]
        assert signs[0] == signs[1], seed
        assert (back.key, back.metre, back.title, back.about) == (tune.key, tune.metre, tune.title, tune.about), seed


def test_another_library_reads_the_same_notes() -> None:
    music21 = pytest.importorskip("music21")
    for tune in [*(tune_of(text) for text in ALL), *(again(made_tune(seed)) for seed in range(3))]:
        score: Any = music21.converter.parseData(written(tune).decode(), format="musicxml")
        found = [
            (note.pitch.midi, Fraction(note.duration.quarterLength).limit_denominator(1000) / 4, note.tie is not None)
            for note in score.parts[0].recurse().notes
            if not note.duration.isGrace and isinstance(note, music21.note.Note)
        ]
        ours = [(note.pitch.note, note.length) for bar in tune.bars for note in bar.notes if note.pitch]
        assert sum((length for _, length, _ in found), Fraction(0)) == sum((length for _, length in ours), Fraction(0))
        if all(not tied for *_, tied in found):
            assert [(number, length) for number, length, _ in found] == ours


def test_engraved_by_another_program_every_note_is_there() -> None:
    verovio = pytest.importorskip("verovio")
    toolkit = verovio.toolkit()
    for text in ALL:
        tune = tune_of(text)
        assert toolkit.loadData(written(tune).decode())
        drawn = toolkit.renderToSVG(1)
        graces = sum(len(note.graces) for bar in tune.bars for note in bar.notes)
        values = sum(note.pitch is not None for bar in tune.bars for note in bar.notes)
        assert drawn.count('class="note"') == values + graces


def test_the_highest_of_a_chord_the_busiest_voice_and_the_first_part() -> None:
    tune, says = read(piece(step("C") + step("E", more="chord") + step("G", more="chord") + step("A")))
    assert [number for *_, number in heard(tune)] == [67, 69]
    assert "only the highest" in says
    second = "<backup><duration>4</duration></backup>" + step("C", 4, "<voice>2</voice>", 3)
    tune, says = read(piece(step("C", 2, "<voice>1</voice>") + step("D", 2, "<voice>1</voice>") + second))
    assert [number for *_, number in heard(tune)] == [60, 62] or len(heard(tune)) == 1
    assert "notes of others are left out" in says


def test_a_signature_without_a_mode_gets_the_one_that_the_notes_speak_for() -> None:
    music = "".join(step(letter) for letter in "DEFGABCDAFDD")
    tune, says = read(piece(music, mode=""))
    assert tune.key.name == "D dorian"
    assert says == "key found: D dorian; the file names a signature only"


def test_what_is_left_out_is_told() -> None:
    lyric = step("C", 2, "<lyric><text>la</text></lyric><lyric><text>lo</text></lyric>")
    jump = '<direction><direction-type><words>D.C.</words></direction-type><sound dacapo="yes"/></direction>'
    _, says = read(piece(lyric + step("D") + jump))
    assert says == "further verses of lyrics are left out; jumps (D.C., D.S., Fine, Coda) are not followed"


def test_bars_that_do_not_add_up_are_named() -> None:
    tune, _ = read(piece(step("C") * 7))
    assert bar_faults(tune) == ("bar 1 holds 7/4, expected 2/4",)


def test_compressed_files_are_read_and_bounded() -> None:
    tune = tune_of(WALTZ)
    container = '<container><rootfiles><rootfile full-path="a &amp; b.xml"/></rootfiles></container>'
    for named in (container, container.replace("&amp;", "&"), None):
        assert (
            read(packed({"a & b.xml": written(tune), **({"META-INF/container.xml": named} if named else {})}))[0]
            == tune
        )
    with pytest.raises(TuneError, match="unpacks to more than 32 MiB"):
        read(packed({"bomb.xml": b" " * (33 * 2**20)}))
    with pytest.raises(TuneError, match="without a score"):
        read(packed({"readme.txt": b"hello"}))
    whole = packed({"a.xml": written(tune)})
    with pytest.raises(TuneError, match=r"cannot be unpacked|not XML"):
        read(whole[: len(whole) // 2])


def packed(files: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "declares entities"),
        (OUTSIDE, "declares entities"),
        ("", "not XML"),
        ("<a>", "not XML"),
        ("<html/>", "'html'; expected a MusicXML"),
        ("<score-timewise/>", "score-timewise"),
        ("<score-partwise/>", "has no notes"),
        ("<score-partwise>" + "<a>" * 70 + "</a>" * 70 + "</score-partwise>", "deeper than 64"),
    ],
)
def test_what_is_no_score_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(TuneError, match=says):
        read(text.encode())


def test_too_many_elements_are_refused() -> None:
    with pytest.raises(TuneError, match="elements"):
        read(b"<score-partwise>" + b"<a/>" * (MOST_ELEMENTS + 1) + b"</score-partwise>")


def test_numbers_that_make_no_sense_never_crash() -> None:
    by = random.Random(9)
    whole = written(tune_of(JIG)).decode()
    for value in ("-5", "nan", "1e999", "9" * 4000, "x", ""):
        for tag in ("divisions", "duration", "fifths", "beats", "beat-type", "octave", "alter", "staff", "per-minute"):
            begin = whole.find(f"<{tag}>")
            if begin < 0:
                continue
            changed = whole[:begin] + f"<{tag}>{value}" + whole[whole.index(f"</{tag}>", begin) :]
            with suppress(TuneError):
                heard(read(changed.encode())[0])
    for _ in range(60):
        at = by.randrange(300, len(whole))
        with suppress(TuneError):
            heard(read((whole[:at] + whole[at + by.randrange(1, 40) :]).encode())[0])


def test_lead_sheets_of_a_collection(shared_data: Path) -> None:
    files = sorted((shared_data / "tunes" / "openewld").glob("*.mxl"))[::20]
    chords = 0
    for path in files:
        tune, _ = read(path.read_bytes())
        chords += any(bar.chords for bar in tune.bars)
        assert heard(again(tune)) == heard(tune), path.name
        assert heard(read(written(tune))[0]) == heard(tune), path.name
    assert len(files) > 20
    assert chords > 0.9 * len(files)


def test_chord_symbols_with_steps_in_brackets_stay_chord_symbols() -> None:
    names = ("C7(b9)", "Dm7(add11)", "G#d", "Bbsus4(add7)(add9)/C", "E(no3)", "F7(#5)")
    symbols = "".join(f'"{name}"C/' for name in names)
    lines = Lines()
    written = musicxml_bytes(tune_of(f"X:1\nM:3/4\nL:1/4\nK:C\n{symbols}|]"), lines)
    assert lines.all == ()
    back, _ = read(written)
    assert [chord.name for bar in back.bars for chord in bar.chords] == [name.replace("#d", "#dim") for name in names]
    degrees = [
        (degree.findtext("degree-value"), degree.findtext("degree-alter"), degree.findtext("degree-type"))
        for degree in ElementTree.fromstring(written).iter("degree")
    ]
    assert degrees == [
        ("9", "-1", "add"), ("11", "0", "add"), ("7", "0", "add"), ("9", "0", "add"), ("3", "0", "subtract"),
        ("5", "1", "alter"),
    ]  # fmt: skip


def test_chords_in_one_place_share_their_note() -> None:
    """As lead sheets have them: before a note that lasts, one after the other, in their order and without offsets."""
    harmony = "<harmony><root><root-step>{}</root-step></root><kind>major</kind></harmony>"
    two = "".join(map(harmony.format, "GC"))
    tune, _ = read(piece(two + step("C", duration=4)))
    assert [(chord.at, chord.name) for chord in tune.bars[0].chords] == [(0, "G"), (Fraction(1, 4), "C")]
    tune, _ = read(piece(two + step("C") + step("D") + step("E") + step("F")))
    assert [chord.at for chord in tune.bars[0].chords] == [0, Fraction(1, 8)]


def test_a_chord_within_a_note_is_engraved_beside_it() -> None:
    """In a voice that is not seen, with which the bar adds up; a file for other programs has none."""
    tune = tune_of('X:1\nM:4/4\nL:1/4\nK:C\n"C"c4|"F"f2 "G"g2|]')
    late = ChordSymbol(Fraction(3, 8), "Am")
    tune = replace(tune, bars=(replace(tune.bars[0], chords=(*tune.bars[0].chords, late)), *tune.bars[1:]))
    plain, engraved = (
        ElementTree.fromstring(musicxml_bytes(tune, Lines(), to_engrave=to_engrave)) for to_engrave in (False, True)
    )
    assert [note.get("print-object") for note in plain.iter("note")] == [None] * 3
    assert plain.findtext(".//harmony/offset") is not None
    assert engraved.find(".//harmony/offset") is None
    first = engraved.find(".//measure")
    assert first is not None
    unseen = [int(note.findtext("duration", "")) for note in first.iter("note") if note.get("print-object") == "no"]
    seen = [int(note.findtext("duration", "")) for note in first.iter("note") if not note.get("print-object")]
    assert sum(unseen) == sum(seen) == int(first.findtext("backup/duration", ""))
    assert unseen[0] * 8 == sum(unseen) * 3
