"""What a SoundFont says of its presets, and what is made of it: names, keys, families; fonts that are damaged."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from made_font import EVERYWHERE, MadePreset, chunk, write_font

from nsynth_lab.capture.soundfont import SoundFontSource
from nsynth_lab.capture.source import KeyVelocity, key_remarks
from nsynth_lab.cli import run
from nsynth_lab.dataset.fluidsynth import library_version
from nsynth_lab.dataset.font_instruments import PresetSelection, select_instruments
from nsynth_lab.dataset.font_presets import is_general_midi, preset_row, read_presets
from nsynth_lab.dataset.general_midi import PROGRAMS, playing_range
from nsynth_lab.dataset.notes import read_dataset
from nsynth_lab.dsp.pitch_guess import measure_note
from nsynth_lab.errors import DatasetError, MissingError, NsynthLabError, UsageError
from nsynth_lab.note import key_ranges
from nsynth_lab.units import SAMPLE_RATE

GM = [MadePreset(row.name.title()[:20], number) for number, row in PROGRAMS.items()]


@pytest.fixture
def plays() -> None:
    try:
        library_version()
    except MissingError as error:
        pytest.skip(str(error))


def test_presets_are_read_with_their_own_names_keys_and_velocities(tmp_path: Path) -> None:
    font = write_font(
        tmp_path / "f.sf2",
        [
            MadePreset("Solo Cello", 0, zones=[(36, 81, 0, 127)]),
            MadePreset("Flügel".encode("latin-1"), 3, bank=1, zones=[(60, 72, 64, 127), (66, 80, 1, 20)]),
            MadePreset("笛", 5, bank=8, zones=[(0, 127, 0, 127)], within=(50, 52)),
            MadePreset("a\x1b[31m", 9, zones=[(40, 39, 0, 127)]),
            MadePreset("", 11),
            MadePreset("Kit", 0, bank=128, zones=[(36, 36, 0, 127), (38, 38, 0, 127)]),
        ],
    )
    rows = [tuple(preset_row(preset).values()) for preset in read_presets(font)]
    assert rows == [
        (0, 0, "Solo Cello", "C2 to A5", 1, 127),
        (0, 9, "a[31m", "none", None, None),
        (0, 11, "program 11", "C-1 to G9", 1, 127),
        (1, 3, "Flügel", "C4 to G#5", 1, 127),
        (8, 5, "笛", "D3 to E3", 1, 127),
        (128, 0, "Kit", "C2, D2", 1, 127),
    ]
    mapped = read_presets(font)[3].mapped
    assert [bool(mapped[key, velocity]) for key, velocity in ((60, 63), (60, 64), (66, 20), (66, 21), (80, 100))] == [
        False, True, True, False, False,
    ]  # fmt: skip


def test_a_font_is_general_midi_by_the_names_of_many_programs(tmp_path: Path) -> None:
    def judged(presets: list[MadePreset]) -> bool:
        return is_general_midi(read_presets(write_font(tmp_path / "f.sf2", presets)))

    assert judged(GM)
    assert judged([one for one in GM if one.program in (0, 6, 24, 40, 42, 56, 60, 68, 71, 73)]), "an orchestra's share"
    assert not judged([MadePreset("Violin", 40)]), "one preset tells nothing by its number, whatever it is called"
    assert not judged([MadePreset(one.name, one.program, bank=8) for one in GM]), "bank 0 is General MIDI's"
    assert not judged([MadePreset(one.name, (one.program + 1) % 128) for one in GM]), "counted from 1"
    assert not judged([MadePreset(f"Grand Piano {number}", number) for number in range(12)]), "twelve pianos"
    assert not judged([MadePreset(f"{number:03d}", number) for number in range(128)])


def test_keyswitches_lie_apart_and_the_ends_of_midi_are_not_notes() -> None:
    keys = [24, 25, 26, *range(36, 82)]
    assert playing_range(keys) == (36, 81)
    assert key_remarks(keys, lowest=36, highest=81) == [
        "C1 to D1 are apart from its other notes, like keyswitches, and left out; use --low and --high to include them"
    ]
    assert playing_range(range(128)) == (21, 108)
    assert playing_range([36, 40, 44]) == (36, 44), "a few keys far apart are all notes"
    assert key_remarks([38], lowest=38, highest=38) == ["only 1 of its keys sounds: D2"]
    assert playing_range([1, 2, 3]) == (1, 3)
    assert key_ranges([1, 2, 3, 5]) == "C#-1 to D#-1, F-1"


@pytest.mark.usefixtures("plays")
@pytest.mark.parametrize("ending", [".sf2", ".sf3"])
def test_the_only_preset_is_taken_with_its_own_range_and_no_family(tmp_path: Path, ending: str) -> None:
    preset = MadePreset("Solo Cello", 40, bank=3, zones=[(36, 81, 0, 127)])
    silent = MadePreset("Empty", 0, zones=[])
    source = SoundFontSource(write_font(tmp_path / f"c{ending}", [preset, silent], compressed=ending == ".sf3"))
    about = source.info
    assert (about.name, about.family, about.lowest, about.highest) == ("Solo Cello", "", 36, 81)
    sound = source.play(KeyVelocity(57, 100), hold_seconds=0.5, seconds=0.8)
    source.close()
    assert measure_note(sound.mean(axis=0), SAMPLE_RATE)[0] == pytest.approx(57, abs=0.1)


@pytest.mark.usefixtures("plays")
def test_of_several_presets_one_has_to_be_chosen_and_the_message_says_which_there_are(tmp_path: Path) -> None:
    font = write_font(tmp_path / "f.sf2", [MadePreset("A", 0), MadePreset("B", 4, bank=2), MadePreset("C", 4, bank=5)])
    for bank, program, said in (
        (None, None, r"which preset\? It has 0:0 'A', 2:4 'B', 5:4 'C'; choose with --bank and --program"),
        (None, 4, r"which preset\? It has 2:4 'B', 5:4 'C'; choose with --bank"),
        (None, 7, r"has no program 7; it has 0:0 'A', 2:4 'B', 5:4 'C'"),
        (9, 4, r"has no program 4 in bank 9; it has 2:4 'B', 5:4 'C'"),
    ):
        with pytest.raises(UsageError, match=said):
            SoundFontSource(font, bank=bank, program=program)
    for bank, program, name in ((None, 0, "A"), (2, None, "B"), (5, 4, "C")):
        source = SoundFontSource(font, bank=bank, program=program)
        assert source.info.name == name
        source.close()
    with pytest.raises(UsageError, match="none of its 2 presets maps a key"):
        SoundFontSource(write_font(tmp_path / "rom.sf2", [MadePreset(), MadePreset("B", 1)], sample_kind=0x8001))


@pytest.mark.usefixtures("plays")
def test_of_a_general_midi_font_the_number_tells_family_and_playing_range(tmp_path: Path) -> None:
    font = write_font(tmp_path / "gm.sf2", [*GM, MadePreset("Standard", 0, bank=128)])
    source = SoundFontSource(font, bank=0, program=42)
    assert (source.info.family, source.info.lowest, source.info.highest) == ("string", 36, 81)
    source.close()
    kit = SoundFontSource(font, bank=128)
    assert kit.info.family == ""
    assert "drum" in kit.info.remarks[0]
    kit.close()


@pytest.mark.usefixtures("plays")
def test_a_velocity_without_a_sample_says_so(tmp_path: Path) -> None:
    source = SoundFontSource(write_font(tmp_path / "f.sf2", [MadePreset(zones=[(60, 60, 64, 127)])]))
    with pytest.raises(DatasetError, match="no sample is mapped to this key at velocity 50; the preset has 64 to 127"):
        source.play(KeyVelocity(60, 50), hold_seconds=0.1, seconds=0.2)
    source.close()


def test_data_sets_take_own_names_and_ask_for_families(tmp_path: Path) -> None:
    font = write_font(
        tmp_path / "f.sf2",
        [MadePreset("Solo Cello", 0, zones=[(36, 81, 0, 127)]), MadePreset("Horn", 1), MadePreset("Horn", 5, bank=2)],
    )
    with pytest.raises(UsageError, match="the family of 0:0 'Solo Cello', 0:1 'Horn', 2:5 'Horn' is not known"):
        select_instruments(font, PresetSelection())
    rows, missing = select_instruments(font, PresetSelection(families=("brass", "0=string")))
    assert [(one.name, one.family, one.number, one.keys[0], one.keys[-1]) for one in rows] == [
        ("Solo Cello", "string", 0, 36, 81),
        ("Horn 0:1", "brass", 1, 21, 108),
        ("Horn 2:5", "brass", 128, 21, 108),
    ]
    assert missing == ()
    switched = write_font(tmp_path / "s.sf2", [MadePreset("Viola", zones=[(12, 16, 0, 127), (48, 91, 0, 127)])])
    (viola,), _ = select_instruments(switched, PresetSelection(families=("string",)))
    assert (viola.keys[0], viola.keys[-1]) == (48, 91), "keyswitches are no notes"
    with pytest.raises(UsageError, match="has no program 7 in bank 0; it has"):
        select_instruments(font, PresetSelection("7", ("brass",)))
    with pytest.raises(UsageError, match="has only drum kits"):
        select_instruments(write_font(tmp_path / "k.sf2", [MadePreset("Kit", 0, bank=128)]), PresetSelection())
    for families in (("kazoo",), ("0=",), ("a=string",), ("0-200=string",)):
        with pytest.raises(UsageError):
            PresetSelection(families=families)


def test_general_midi_gives_its_own_names_to_data_sets(tmp_path: Path) -> None:
    font = write_font(tmp_path / "gm.sf2", [one for one in GM if one.program != 73])
    rows, missing = select_instruments(font, PresetSelection())
    assert missing == (73,)
    assert [one.name for one in rows] == [row.name for number, row in PROGRAMS.items() if number != 73]
    numbered = write_font(tmp_path / "n.sf2", [MadePreset(f"{number:03d}", number) for number in range(128)])
    with pytest.raises(UsageError, match="family"):
        select_instruments(numbered, PresetSelection("40"))
    (violin,), _ = select_instruments(numbered, PresetSelection("40", general_midi=True))
    assert (violin.name, violin.family, violin.preset) == ("violin", "string", "040")


@pytest.mark.usefixtures("plays")
def test_a_font_of_its_own_becomes_a_data_set_with_its_own_name(tmp_path: Path) -> None:
    font = write_font(tmp_path / "Cello.sf2", [MadePreset("Solo Cello", 0, bank=1, zones=[(57, 69, 0, 127)])])
    words = ["dataset", "soundfont", str(font), "-o", str(tmp_path / "ds"), "--velocities", "100", "--holds", "0.3"]
    assert run(words) == 2
    assert not (tmp_path / "ds").exists()
    assert run([*words, "--family", "string", "--max-duration", "0.5"]) == 0
    records = read_dataset(tmp_path / "ds")
    assert {(one.instrument_name, one.family, one.source) for one in records} == {("Solo Cello", "string", "acoustic")}
    assert [one.pitch for one in records] == [60, 64, 68], "own keys alone"


@pytest.mark.usefixtures("plays")
@pytest.mark.skipif(sys.platform != "linux", reason="names are UTF-8 here")
def test_a_font_whose_name_is_not_utf_8_becomes_a_data_set(tmp_path: Path) -> None:
    font = write_font(tmp_path / os.fsdecode(b"Fl\xf6te.sf2"), [MadePreset("Gong", zones=[(60, 60, 0, 127)])])
    words = ["--family", "mallet", "--velocities", "100", "--holds", "0.2", "-o", str(tmp_path / "ds")]
    assert run(["dataset", "soundfont", str(font), *words]) == 0
    assert [one.pitch for one in read_dataset(tmp_path / "ds")] == [60]


@pytest.mark.parametrize("command", [["capture"], ["dataset", "soundfont"]])
def test_presets_are_listed(tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    font = write_font(tmp_path / "f.sf2", [MadePreset("[red]Solo", 0, zones=[(36, 81, 0, 100)])])
    assert run([*command, str(font), "--list"]) == 0
    shown = capsys.readouterr()
    assert "[red]Solo  C2 to A5  1 to 100" in shown.out
    assert "not General MIDI" in shown.err
    assert run([*command, str(write_font(tmp_path / "gm.sf2", GM)), "--list"]) == 0
    assert "C-1 to G9  1 to 127    string" in capsys.readouterr().out
    assert run([*command, str(tmp_path / "x.wav"), "--list"]) == 2


def _broken_fonts(whole: bytes) -> dict[str, bytes]:
    """The same font with its tables spoilt, one by one."""
    found = {"cut": whole[: len(whole) - 60], "no tables": whole.replace(b"pdta", b"xdta")}
    for name in (b"phdr", b"pbag", b"pgen", b"inst", b"ibag", b"igen", b"shdr"):
        at = whole.index(name)
        found[f"{name!r} huge"] = whole[: at + 4] + b"\xff\xff\xff\x7f" + whole[at + 8 :]
        found[f"{name!r} odd"] = whole[: at + 4] + b"\x07\0\0\0" + whole[at + 8 :]
        found[f"{name!r} gone"] = whole.replace(name, b"junk")
        found[f"{name!r} empty"] = whole[: at + 4] + bytes(4) + whole[at + 8 :]
    bag = whole.index(b"phdr") + 8 + 24
    found["backwards"] = whole[:bag] + b"\xff\xff" + whole[bag + 2 :]
    generator = whole.index(b"ibag") + 8
    found["far"] = whole[:generator] + b"\xf0\xff" + whole[generator + 2 :]
    found["lists"] = b"RIFF" + (4 + 8 * 9999).to_bytes(4, "little") + b"sfbk" + chunk(b"LIST", b"") * 9999
    return found


def test_damaged_tables_are_one_line(tmp_path: Path) -> None:
    whole = write_font(tmp_path / "whole.sf2", [MadePreset("A"), MadePreset("B", 1)]).read_bytes()
    for name, data in _broken_fonts(whole).items():
        path = tmp_path / "broken.sf2"
        path.write_bytes(data)
        with pytest.raises(DatasetError) as caught:
            read_presets(path)
        assert "\n" not in str(caught.value), name


def test_spoilt_bytes_never_crash_the_reader(tmp_path: Path) -> None:
    whole = write_font(tmp_path / "whole.sf2", [MadePreset("A"), MadePreset("B", 1)]).read_bytes()
    chance, start, path = random.Random(1), whole.index(b"pdta"), tmp_path / "broken.sf2"
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(4):
            data[chance.randrange(start, len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            presets = read_presets(path)
        except NsynthLabError:
            continue
        assert all(0 <= key < 128 for preset in presets for key in preset.keys)
    assert np.array_equal(read_presets(tmp_path / "whole.sf2")[0].mapped, np.ones((128, 128), bool))
    assert EVERYWHERE == (0, 127, 0, 127)
