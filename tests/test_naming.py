"""Names in any script are kept, and kept apart: of instruments, of presets, of packs."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute
from tiny_model import tiny_checkpoint

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.capture import CapturePlan
from nsynth_lab.cli import run
from nsynth_lab.errors import CheckpointError, UsageError
from nsynth_lab.model.bank import Bank, BankEntry, write_bank_file
from nsynth_lab.model.user_bank import (
    bank_folder,
    find_user_instrument,
    import_file,
    keep,
    user_instrument_path,
    with_user_instruments,
)
from nsynth_lab.naming import LONGEST_NAME, RESERVED, checked_name, digest_of, file_stem, folded
from nsynth_lab.note import Instrument
from nsynth_lab.pack.formats.names import stem
from nsynth_lab.patch.library import find_preset, preset_files
from nsynth_lab.render import Session
from nsynth_lab.render.instrument import load_sources
from nsynth_lab.units import SAMPLE_RATE

APART = [
    *("琵琶 solo", "笛子 solo", "solo", "古筝", "Цимбалы", "цитра", "قانون", "نی‌لبک", "하프", "ขิม", "עוד", "Ωδή"),
    *("Flöte", "Flote", "flute", "a.b", "a b", "a+b", "AC/DC", "🎹", "🎸", "e\u0301tude 2", "etude 2", "con", "NUL"),
    *("com1", "grandma's zither", "grandma zither", "50%", "*", "?", "...", "name.", "$(reboot)", "a" * 60, "琵" * 60),
]
ALIKE = [
    (
        "My Strings",
        "my_strings",
        "MY-STRINGS",
        "my  strings",
        "my\u3000strings",
        "\uff4d\uff59 strings",
        "my\u2013strings",
    ),
    ("café", "cafe\u0301", "CAFÉ"),
    ("Straße", "STRASSE"),
    ("نی‌لبک", "نیلبک"),
    ("ΟΔΟΣ", "οδος"),
]
NO_NAMES = ["", "   ", "-", "_ -", "a" * 61, "a\x1b[31mb", "a\nb", "a\tb", "a\x00b", "a\u202eb", "a\u200bb", "\udcf6",
            "..", "../up", "a/../b", "/etc/passwd", "~/x", "\\\\host\\x", "C:\\x", "..\\up"]  # fmt: skip


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", APART)
def test_a_name_of_any_script_is_a_name(name: str) -> None:
    kept = checked_name(name)
    assert folded(kept) == folded(name)
    assert CapturePlan(name).name == kept
    path = file_stem(name, instead="x")
    assert path.isascii()
    assert path == path.lower()
    assert not set(path) & set('/\\:*?"<>| .')
    assert len(path) <= LONGEST_NAME + 11
    assert path not in RESERVED


def test_names_that_differ_have_files_that_differ() -> None:
    for one, other in itertools.combinations(APART, 2):
        assert folded(one) != folded(other)
        assert file_stem(one, instead="x") != file_stem(other, instead="x")


@pytest.mark.parametrize("names", ALIKE)
def test_names_that_differ_only_in_case_or_separators_are_equal(names: tuple[str, ...]) -> None:
    assert len({folded(name) for name in names}) == 1
    assert len({file_stem(name, instead="x") for name in names}) == 1


@pytest.mark.parametrize("name", NO_NAMES)
def test_invalid_names_are_refused_with_a_reason(name: str) -> None:
    with pytest.raises(UsageError, match=r"printable characters|reads as a path|beside spaces") as caught:
        checked_name(name)
    assert str(caught.value).isprintable()
    with pytest.raises(UsageError):
        CapturePlan(name)


@pytest.mark.parametrize("name", ["take.wav", "take.FLAC", "x.latents"])
def test_an_instrument_is_not_called_as_a_file_is(name: str) -> None:
    with pytest.raises(UsageError, match="looks like the name of a sound file"):
        CapturePlan(name)


def owned(name: str) -> Bank:
    return Bank([BankEntry(Instrument(name, "string", "acoustic"), (0,))], [flute()], model_id="made")


def old_file(name: str, file: str) -> Path:
    """As the version wrote it that left out all that is not a-z and 0-9."""
    bank_folder().mkdir(parents=True, exist_ok=True)
    return write_bank_file(bank_folder() / f"{file}.safetensors", owned(name), about={})


def test_two_instruments_of_any_script_do_not_replace_each_other() -> None:
    for name in APART:
        keep(owned(name), {}, force=True)
    assert len(list(bank_folder().iterdir())) == len(APART)
    assert list(with_user_instruments(Bank([], [], model_id="made")).entries) != []
    for name in APART:
        assert find_user_instrument(name).name == name
    for names in ALIKE:
        keep(owned(names[0]), {}, force=True)
        for name in names[1:]:
            assert find_user_instrument(name).name == names[0]
            with pytest.raises(UsageError, match="exists already; add --force"):
                keep(owned(name), {}, force=False)


def test_banks_of_earlier_versions_keep_working() -> None:
    old = old_file("笛子 solo", "solo")
    assert user_instrument_path("笛子 solo") == old
    assert user_instrument_path("琵琶 solo") != old
    with pytest.raises(UsageError, match="'solo' is not one of your instruments; yours are 笛子 solo"):
        find_user_instrument("solo")
    for name in ("solo", "琵琶 solo", "Solo!"):
        keep(owned(name), {}, force=True)
    assert find_user_instrument("笛子 solo").path == old
    assert find_user_instrument("solo").name == "solo"
    keep(owned("笛子 solo"), {"again": True}, force=True)
    assert find_user_instrument("笛子 solo").capture == {"again": True}
    assert len(list(bank_folder().iterdir())) == 4
    assert old_file("my organ", "my-organ") == user_instrument_path("My Organ")
    assert old_file("con", "con") == user_instrument_path("con")


def test_a_damaged_bank_file_is_listed_by_its_file_name() -> None:
    old_file("solo", "solo").write_bytes(b"damaged")
    assert user_instrument_path("solo").stem == "solo"
    assert user_instrument_path("琵琶 solo").stem != "solo"
    with pytest.raises(CheckpointError):
        find_user_instrument("solo")


def test_a_file_with_anothers_digest_does_not_hide_it() -> None:
    taken = f"solo {digest_of('琵琶 solo')}"
    keep(owned(taken), {}, force=False)
    with pytest.raises(UsageError, match="used by another instrument"):
        keep(owned("琵琶 solo"), {}, force=True)
    assert find_user_instrument(taken).name == taken


def test_the_commands_take_them(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["琵琶 solo", "笛子 solo", "قانون", "con"]
    for name in names:
        keep(owned(name), {}, force=False)
    for number, name in enumerate(names):
        assert run(["bank", "export", name, "-o", f"{number}.safetensors"]) == 0
        capsys.readouterr()
        assert run(["bank", "show", name.upper(), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["name"] == name
    assert run(["bank", "remove", names[0], names[0].replace(" ", "_"), "CON"]) == 0
    assert {one.name for one in map(find_user_instrument, names[1:3])} == set(names[1:3])
    assert run(["bank", "import", "0.safetensors", "3.safetensors"]) == 0
    assert run(["bank", "import", "0.safetensors"]) == 2
    assert [find_user_instrument(name).name for name in names] == names
    assert "add --force" in capsys.readouterr().err


def test_what_is_imported_cannot_be_named_to_play_tricks(tmp_path: Path) -> None:
    for number, name in enumerate(["a\x1b[2Jb", "a\u202eb", " ", "x" * 300]):
        path = write_bank_file(tmp_path / f"{number}.safetensors", owned(name), about={})
        with pytest.raises(CheckpointError, match="printable text"):
            import_file(path, force=True)
    path = write_bank_file(tmp_path / "up.safetensors", owned("../../../up"), about={})
    assert import_file(path, force=True).path.parent == bank_folder()
    long = write_bank_file(tmp_path / "long.safetensors", owned("x" * 200), about={})
    assert len(import_file(long, force=False).path.name) < 100


def test_presets_of_any_script_do_not_replace_each_other(tmp_path: Path) -> None:
    model = str(tiny_checkpoint(tmp_path / "model"))
    names = ["琵琶", "笛子", "Glass Cello 2", "glass.cello 2", "con"]
    for name in names:
        assert run(["preset", "new", name, "flute", "flute", "--checkpoint", model]) == 0
    assert run(["preset", "new", "GLASS-cello_2", "flute", "flute", "--checkpoint", model]) == 2
    assert [find_preset(name).name for name in names] == names
    made = [path for path in preset_files() if path.parent == tmp_path / "home" / "presets"]
    assert len(made) == len(names)
    assert all(path.stem.lower() not in RESERVED for path in made)
    shutil.move(made[0], made[0].with_name("glass-cello-3.toml"))  # an older version's, of another name
    other = find_preset("glass-cello-3").name
    assert run(["preset", "new", "Glass Cello 3", "flute", "flute", "--checkpoint", model, "--force"]) == 0
    assert find_preset(other).name == other
    assert run(["preset", "new", "a\x1b[31m", "flute", "flute", "--checkpoint", model]) == 2


def test_packs_of_any_script_have_clips_of_their_own() -> None:
    assert len({stem(name) for name in ("琵琶", "笛子", "琵琶 solo", "笛子 solo", "solo", "Цимбалы", "pack")}) == 7
    for name in ("con", "CON.x", "琵" * 200, "a" * 200, "nul ", "..", "\udcf6"):
        made = stem(name)
        assert 0 < len(made) <= 60
        assert made.isascii()
        assert made.lower().partition(".")[0] not in RESERVED


def recorded(path: str) -> None:
    at = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    waves = sum(np.sin(2 * np.pi * 440 * order * at) / order for order in range(1, 6))
    write_audio(Path(f"{path}.wav"), Audio(np.asarray(0.2 * waves * np.minimum(1, at / 0.02), np.float32)[None]))
    Path(f"{path}.wav").rename(path)


@pytest.mark.parametrize("name", ["flute", "Flute"])
def test_a_file_named_like_an_instrument_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """In blend, play, render and pack, and in presets: a file without an ending is asked for with its folder."""
    model = tiny_checkpoint(tmp_path / "model")
    run(["preset", "new", "glass", "flute", "cello", "-o", "glass.toml", "--checkpoint", str(model)])
    last = ["--duration", "0.2", "--checkpoint", str(model)]
    blends = {"names": ["flute", "cello"], "preset": ["--preset", "glass.toml"]}
    for what, words in blends.items():
        assert run(["blend", *words, "-o", f"{what}-before.wav", *last]) == 0
    timbre = load_sources(Session(model), ["flute"]).timbre
    recorded(name)
    capsys.readouterr()
    assert run(["blend", name, "cello", "-o", "names-after.wav", *last]) == 0
    assert capsys.readouterr().err.count(f"'{name}' is the instrument; for the file of that name say ./{name}") == 1
    assert run(["blend", "--preset", "glass.toml", "-o", "preset-after.wav", *last]) == 0
    for what in blends:
        before, after = (read_audio(f"{what}-{when}.wav").samples for when in ("before", "after"))
        np.testing.assert_array_equal(before, after)
    session = Session(model)
    np.testing.assert_array_equal(load_sources(session, [name]).timbre, timbre)
    assert session.describe(name)["licence"] == "CC0-1.0"
    assert "sha256" in session.describe(f"./{name}")
    assert run(["blend", f"./{name}", "cello", "-o", "file.wav", *last]) == 0
    assert not np.array_equal(read_audio("file.wav").samples, read_audio("names-before.wav").samples)
    recorded("kazoo")
    assert session.file_of("kazoo") == Path("kazoo")  # no instrument is called so
    assert session.file_of("flu") is None
