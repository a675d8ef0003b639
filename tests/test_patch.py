"""Patches and preset files: what goes in comes out, what is wrong is told in one line, nothing hostile gets through."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nsynth_lab.errors import NsynthLabError, PatchError, UsageError
from nsynth_lab.patch import (
    Blend,
    Lfo,
    Macro,
    Move,
    Patch,
    Route,
    Slot,
    Tuning,
    format_preset,
    moved,
    parse_preset,
    read_preset,
    targets,
    write_preset,
)
from nsynth_lab.patch.chance import random_patch
from nsynth_lab.patch.library import FACTORY, find_preset, preset_files
from nsynth_lab.patch.preset_file import MAX_BYTES, migrated
from nsynth_lab.patch.schema import schema_page

FULL = Patch(
    "Full",
    Blend(
        ("flute", "cello", "oboe"),
        position=(0.2, 0.5),
        timbre=(0.1, 0.9),
        path=((0.0, 0.0, 0.1), (2.5, 1.0, 1.0)),
        lfos=(Lfo("timbre", 0.3, 0.2, "random", 0.25), Lfo("pitch_cents", 5.0, 12.0)),
    ),
    tags=("pad",),
    level_db=-3.25,
    tuning=Tuning(scale_cents=(240.0, 480.0, 720.0, 960.0, 1200.0)),
    effects=(
        Slot("reverb", parameters={"room_size": 0.8}),
        Slot("reverb", label="far", bypass=True, mix=0.1),
        Slot(plugin="ZamDelay", parameters={"time": 20.0, "invert": True}, state="AAEC"),
    ),
    macros=(Macro("Breath", 0.25, (Move("blend.timbre", 0.0, 1.0), Move("effects.far.damping", 0.2, 0.9))),),
    midi=(Route(1, "macros.Breath"), Route(7, "level_db", -40.0, 0.0)),
)
MINIMAL = 'version = 1\nname = "x"\n[blend]\ncorners = ["a", "b"]\n'


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write_preset(tmp_path / "full.toml", FULL)
    assert read_preset(path) == FULL
    assert read_preset(path).home == tmp_path.resolve()
    assert path.read_text(encoding="utf-8") == format_preset(read_preset(path))


def test_what_stands_at_its_default_is_not_written() -> None:
    text = format_preset(parse_preset(MINIMAL))
    assert tomllib.loads(text) == tomllib.loads(MINIMAL)


def test_a_preset_is_not_overwritten(tmp_path: Path) -> None:
    write_preset(tmp_path / "a.toml", FULL)
    with pytest.raises(UsageError, match="--force"):
        write_preset(tmp_path / "a.toml", FULL)


@pytest.mark.parametrize("path", sorted(FACTORY.glob("*.toml")), ids=lambda path: path.stem)
def test_the_factory_presets_are_right(path: Path) -> None:
    patch = read_preset(path)
    assert parse_preset(format_preset(patch)) == patch
    assert patch.with_macros_applied() == patch, "its macros stand elsewhere than what they move"
    assert patch.description
    assert patch.author
    assert patch.tags


def test_there_are_many_factory_presets_of_every_kind() -> None:
    patches = [read_preset(path) for path in FACTORY.glob("*.toml")]
    assert len(patches) >= 32
    assert len({patch.name for patch in patches}) == len(patches)
    kinds = {"keys", "pluck", "pad", "bass", "bell", "wind", "lead", "hybrid"}
    for kind in kinds:
        assert sum(kind in patch.tags for patch in patches) >= 4, kind


def test_the_page_of_the_grammar_is_the_grammar() -> None:
    assert schema_page() in (FACTORY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('version = 1\nname = "x"\n[blend]\ncorners = ["a", "b"]\nposition = 1.5', "5: blend.position: 1.5 is out of"),
        ('version = 1\nname = "x"\n[blend]\ncorners = []', "4: blend.corners: a list of 0; expected 1 to 8"),
        (MINIMAL + "postion = 0.5", "5: blend.postion: unknown key 'postion'; did you mean position?"),
        (
            MINIMAL + '[[effects]]\neffect = "revreb"',
            "6: effects.1.effect: 'revreb' is not an effect; did you mean reverb",
        ),
        (
            MINIMAL + '[[effects]]\neffect = "gain"\n[[effects]]\neffect = "reverb"\n[effects.parameters]\nroom = 0.5',
            "10: effects.2.parameters.room: reverb has no such parameter; did you mean room_size?",
        ),
        (
            MINIMAL + '[[effects]]\neffect = "reverb"\n[effects.parameters]\nroom_size = 3',
            "8: effects.1.parameters.room_size: 3.0 is out of range; expected 0 to 1",
        ),
        (MINIMAL + '[[effects]]\nplugin = "/tmp/evil.vst3"', "effects.1.plugin: '/tmp/evil.vst3' is a path"),
        (MINIMAL + '[[effects]]\neffect = "convolution"\nimpulse = "../x.wav"', "7: effects.1.impulse: '../x.wav'"),
        (MINIMAL + "[envelope]\nrelease_seconds = nan", "6: envelope.release_seconds: nan is out of range"),
        (MINIMAL + f"level_db = {10**400}", "unknown key"),
        (f"version = {10**300}", "... is newer than 1; a newer nsynth-lab reads it"),
        ('name = "x"', "version: None; expected version = 1"),
        ("version = true", "version: True; expected version = 1"),
        ("version = 1", "name: missing"),
        ("version = 1\nversion = 1", "not TOML"),
        ("a = " + "[" * 5_000, "not TOML: nested too deeply"),
        (
            'version = 1\nname = "\\u001b[31m"\n[blend]\ncorners = ["a", "b"]',
            "2: name: '?x1b[31m' holds control".replace("?", "\\"),
        ),
        (MINIMAL + '[[midi]]\ncc = 1\ntarget = "blend.positoin"', "midi.1.target: 'blend.positoin' is no parameter"),
        (MINIMAL + '[[midi]]\ncc = 1\ntarget = "level_db"\nhigh = 99', "midi.1.level_db: 99.0 is out of range"),
        (MINIMAL + '[[macros]]\nname = "A"\n[[macros.moves]]\ntarget = "macros.A"\nlow = 0\nhigh = 1', "no parameter"),
        (
            MINIMAL + '[[effects]]\neffect = "gain"\n[[effects]]\neffect = "gain"',
            "effects.2: 'gain' stands there twice",
        ),
        (MINIMAL + "path = [[0, 0], [2, 1], [1, 0]]", "5: blend.path: goes back in time"),
        (MINIMAL + "path = [[0, 0, 0]]", "blend.path: point 1 has 3 numbers; expected 2"),
        (MINIMAL + "position = [0.1, 0.2]", "blend.position: 2 numbers; 2 corners take one number"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_what_was_expected(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PatchError) as caught:
        read_preset(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:")
    assert says in said
    assert "\n" not in said
    assert len(said) < 600


def test_presets_of_the_middle_size_and_up_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    path.write_text(f'version = 1\nname = "{"x" * 10_000_000}"\n', encoding="utf-8")
    with pytest.raises(PatchError, match=f"larger than {MAX_BYTES // 1024} KiB"):
        read_preset(path)


@pytest.mark.parametrize("kind", ["folder", "missing", "loop", "binary"])
def test_what_is_no_preset_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "binary":
        path.write_bytes(bytes(range(256)))
    with pytest.raises(PatchError):
        read_preset(path)


def mutations(seed: int) -> Iterator[str]:
    """Preset texts, each with something done to it that a hostile or clumsy hand would do."""
    dice = random.Random(seed)
    sources = [path.read_text(encoding="utf-8") for path in sorted(FACTORY.glob("*.toml"))] + [format_preset(FULL)]
    values: list[Any] = [
        "1e308", "-1e308", "inf", "-inf", "nan", "9" * 5000, "0x" + "f" * 900, "-1", "true", '""', '"../../etc/passwd"',
        '"' + "A" * 100_000 + '"', "[" * 900 + "]" * 900, "[]", "{}", "[[1]]", "1979-05-27", '"\\u0000"', '"\\uFFFF"',
        "[" + "0," * 9000 + "]", '"/dev/zero"', "{ a = { b = 1 } }", '"%s%n"', "1_0", '"""a\nb"""',
    ]  # fmt: skip
    while True:
        lines = dice.choice(sources).splitlines()
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(lines))
            kind = dice.randrange(6)
            if kind == 0 and "=" in lines[at]:
                lines[at] = f"{lines[at].partition('=')[0]}= {dice.choice(values)}"
            elif kind == 1:
                lines.insert(
                    at, f"{dice.choice(['x', 'version', 'name', '__class__', 'home', 'a.b.c'])} = {dice.choice(values)}"
                )
            elif kind == 2:
                lines[at] = "".join(chr(dice.randrange(1, 0x2FF)) for _ in range(dice.randint(1, 80)))
            elif kind == 3:
                lines *= dice.choice([1, 2, 20])
            elif kind == 4:
                del lines[at:]
                lines.append("[[effects]]\nplugin = " + dice.choice(values))
            else:
                lines[at] = lines[at].replace("0", "-").replace("[", "[[", 1)
        yield "\n".join(lines)


def test_two_hundred_mutated_presets_are_refused_in_one_line_or_harmless(tmp_path: Path) -> None:
    refused = 0
    for number, text in zip(range(300), mutations(1), strict=False):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            patch = read_preset(path)
        except NsynthLabError as error:
            refused += 1
            said = str(error)
            assert said.startswith(str(path))
            assert "\n" not in said
            assert len(said) < 700, said
            assert said.isprintable(), repr(said)
        else:
            assert parse_preset(format_preset(patch)) == patch
            targets(patch)
    assert refused >= 200


def test_older_versions_migrate_step_by_step() -> None:
    steps = {
        1: lambda table: {"title": table["name"], "loud": table["loud"]},
        2: lambda table: {**table, "loud": 2 * table["loud"]},
    }
    assert migrated({"version": 1, "name": "a", "loud": 3}, steps=steps) == {"title": "a", "loud": 6}
    assert migrated({"version": 2, "title": "a", "loud": 3}, steps=steps) == {"title": "a", "loud": 6}
    assert migrated({"version": 3, "title": "a"}, steps=steps) == {"title": "a"}
    with pytest.raises(PatchError, match="newer than 3"):
        migrated({"version": 4}, steps=steps)


def test_every_target_can_be_moved_to_both_ends_of_its_range() -> None:
    for name, target in targets(FULL).items():
        if not name.startswith("effects.ZamDelay."):
            for value in (target.rule.low, target.rule.high):
                if (name, value) != ("blend.lfos.1.depth", 1200.0):
                    assert targets(moved(FULL, name, value))[name].value == pytest.approx(value), name


def test_a_macro_puts_what_it_moves_where_it_stands() -> None:
    patch = moved(FULL, "macros.Breath", 0.5)
    assert patch.blend.timbre[0] == 0.5
    assert patch.effects[1].parameters["damping"] == pytest.approx(0.55)
    assert patch.with_macros_applied() == patch
    stale = replace(patch, effects=(patch.effects[0], replace(patch.effects[1], parameters={}), patch.effects[2]))
    assert stale.with_macros_applied() == patch


def test_a_controller_moves_what_the_knob_it_turns_moves() -> None:
    assert FULL.controlled(1, 127.0) == pytest.approx({"blend.timbre": 1.0, "effects.far.damping": 0.9})
    assert FULL.controlled(7, 0.0) == {"level_db": -40.0}
    assert FULL.controlled(99, 64.0) == {}
    for name, value in FULL.controlled(1, 127.0).items():
        assert targets(moved(FULL, "macros.Breath", 1.0))[name].value == pytest.approx(value)


def test_a_scale_tunes_every_key() -> None:
    five = Tuning(scale_cents=(240.0, 480.0, 720.0, 960.0, 1200.0), scale_root=60)
    sounding = [100 * (note - 60) + five.cents(note) for note in range(55, 67)]
    assert sounding == pytest.approx([-1200 + 240 * step for step in range(12)])
    assert Tuning(a4_hz=432.0).cents(60) == pytest.approx(-31.77, abs=0.01)
    assert Tuning(transpose=-12).cents(69) == -1200


@pytest.mark.parametrize("seed", range(40))
def test_patches_by_chance_are_right_and_the_same_again(seed: int) -> None:
    instruments = {"flute": (60, 96), "cello": (36, 76), "piano": (21, 108), "bell": (80, 108), "horn": (40, 75)}
    patch = random_patch(instruments, seed=seed)
    assert patch == random_patch(dict(reversed(instruments.items())), seed=seed)
    assert parse_preset(format_preset(patch)) == patch
    assert patch != random_patch(instruments, seed=seed + 1)


def test_presets_are_found_by_file_and_by_name(tmp_path: Path) -> None:
    assert find_preset("glass-cello").name == "Glass Cello"
    assert find_preset("Glass Cello") == find_preset("glass_cello") == find_preset("GLASS-CELLO")
    with pytest.raises(UsageError, match="did you mean glass-cello"):
        find_preset("glas-celo")
    with pytest.raises(PatchError, match="no such preset file"):
        find_preset(str(tmp_path / "none.toml"))


def test_a_users_own_preset_stands_before_the_factorys(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "presets"
    folder.mkdir(parents=True)
    write_preset(folder / "glass-cello.toml", FULL)
    assert find_preset("glass-cello") == FULL
    assert len(preset_files()) == len(list(FACTORY.glob("*.toml")))
