"""Imagined instruments: what an offset and controls do to notes, by measure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute

from nsynth_lab.blend import blend
from nsynth_lab.blend.parts import find_parts
from nsynth_lab.cli import run
from nsynth_lab.errors import CheckpointError, UsageError
from nsynth_lab.imagine.candidate import Candidate, Controls, bank_of, moved, note_of, zones_of
from nsynth_lab.imagine.choose import CANDIDATES, Imagination, Imagined
from nsynth_lab.imagine.descriptors import DEFINITION, NAMES, STEPS, describe
from nsynth_lab.imagine.directions import Directions
from nsynth_lab.imagine.ear import HEARD_FRAMES, Ear, Recognition
from nsynth_lab.imagine.families import Families
from nsynth_lab.imagine.heard_bank import HeardBank, read_heard, write_heard
from nsynth_lab.latents import TIMBRE_LIMIT, Latents
from nsynth_lab.model.bank import LEVEL_DB, Bank, BankEntry, load_bank
from nsynth_lab.model.checkpoint import load_checkpoint
from nsynth_lab.model.user_bank import find_user_instrument
from nsynth_lab.note import Instrument, Note
from nsynth_lab.resources import default_checkpoint
from nsynth_lab.units import FRAME_RATE_HZ, HOP_SAMPLES, SAMPLE_RATE


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank(default_checkpoint())


def slope(note: Latents, begin: int = 60, end: int = 200) -> float:
    at = np.arange(begin, end)
    return float(np.polyfit(at / FRAME_RATE_HZ, note.loudness_db[begin:end], 1)[0])


def test_one_offset_moves_every_frame_of_every_zone_and_nothing_else(bank: Bank) -> None:
    offset = np.linspace(-0.2, 0.2, 16)
    made = zones_of(bank, Candidate(("oboe",), offset=tuple(offset.tolist())))
    real = [bank.zones[index] for index in bank.find("oboe").zones]
    assert [(one.note, one.velocity, one.frames) for one in made] == [(o.note, o.velocity, o.frames) for o in real]
    for one, other in zip(made, real, strict=True):
        inside = np.abs(other.timbre) < TIMBRE_LIMIT - 0.2
        assert np.allclose(
            (one.timbre - other.timbre)[inside], np.broadcast_to(offset, one.timbre.shape)[inside], atol=1e-5
        )
        assert np.array_equal(one.f0_cents, other.f0_cents)
        assert np.array_equal(one.partials, other.partials)
        assert np.ptp(one.loudness_db - other.loudness_db) < 1e-3


def test_controls_change_what_they_say() -> None:
    plain = flute()

    def with_controls(**values: float) -> Latents:
        return moved(plain, Candidate(("flute",), controls=Controls(**values)))

    assert slope(with_controls(decay=-12.0)) - slope(plain) == pytest.approx(-12.0, abs=0.1)
    assert slope(with_controls(decay=30.0)) <= 0.0, "no note swells"
    parts, longer = find_parts(plain), find_parts(with_controls(attack=1.0))
    assert longer.attack_frames == pytest.approx(2 * (parts.attack_frames + 1) - 1, abs=1)
    wide = with_controls(vibrato=1.0).f0_cents
    assert wide.std() == pytest.approx(2.0 * plain.f0_cents.std(), rel=0.01)
    assert np.median(wide) == pytest.approx(np.median(plain.f0_cents), abs=0.01)
    stretched = replace(plain, partials=np.linspace(0.0, 0.2, 128, dtype=np.float32))
    assert np.allclose(
        moved(stretched, Candidate(("flute",), controls=Controls(stretch=1.0))).partials, 2.0 * stretched.partials
    )


def test_parents_are_blended_by_weight_and_their_licences_joined(bank: Bank) -> None:
    candidate = Candidate(("oboe", "bassoon"), (0.75, 0.25))
    note = Note(62, 100)
    plain = blend([bank.latents(name, note) for name in candidate.parents], candidate.weights, frames=100)
    made_note = note_of(bank, candidate.moved(np.full(16, 0.1)), note, frames=100)
    assert np.allclose(made_note.timbre, (plain.timbre + 0.1).clip(-TIMBRE_LIMIT, TIMBRE_LIMIT), atol=1e-5)
    made = bank_of(bank, candidate, Instrument("new reed", "reed", "synthetic"))
    (entry,) = made.entries.values()
    assert bank.find("oboe").licence in entry.licence
    assert max(zone.loudness_db.max() for zone in made.zones) == pytest.approx(LEVEL_DB, abs=6.0)
    keys = {zone.note for zone in made.zones}
    assert keys <= {bank.notes[index].number for index in bank.find("oboe").zones}


def test_the_line_through_two_candidates_has_both_as_its_points() -> None:
    one = Candidate(("oboe",), offset=(0.1,) * 16, controls=Controls(attack=1.0))
    other = Candidate(("oboe", "clarinet"), (0.5, 0.5), (-0.3,) * 16, Controls(decay=-6.0))
    assert one.between(other, 0.0) == one
    assert one.between(other, 1.0) == other
    middle = one.between(other, 0.5)
    assert middle.parents == ("oboe", "clarinet")
    assert middle.weights == pytest.approx((0.75, 0.25))
    assert middle.offset == pytest.approx((-0.1,) * 16)
    assert middle.controls == Controls(attack=0.5, decay=-3.0)
    beyond = one.between(other, -0.3)
    assert beyond.parents == ("oboe",), "no weight below nothing"


def test_parents_that_share_no_key_are_refused() -> None:
    def at(key: int) -> Latents:
        return replace(flute(), note=key)

    entries = [BankEntry(Instrument(name, "flute"), (place,)) for place, name in enumerate(("low", "high"))]
    bank = Bank(entries, [at(30), at(90)], model_id="")
    with pytest.raises(UsageError, match="no keys in common"):
        zones_of(bank, Candidate(("low", "high"), (0.5, 0.5)))
    with pytest.raises(UsageError, match="one to 3 instruments"):
        Candidate(("a", "b", "c", "d"), (0.25,) * 4)


def test_nasal_is_the_octave_from_1_khz_against_its_neighbours_whatever_else_is_heard() -> None:
    at = np.arange(HEARD_FRAMES * HOP_SAMPLES) / SAMPLE_RATE

    def nasal(**amplitudes: float) -> float:
        hz = {"low": 150.0, "below": 700.0, "formant": 1_400.0, "above": 2_900.0, "high": 7_000.0}
        sound = sum(level * np.sin(2 * np.pi * hz[name] * at) for name, level in amplitudes.items())
        return float(describe(np.asarray(sound, np.float32), flute())[NAMES.index("nasal")])

    alone = nasal(below=0.1, formant=0.05)
    assert nasal(below=0.1, formant=0.1) - alone == pytest.approx(6.02, abs=0.1)
    assert nasal(below=0.1, formant=0.05, low=0.5, high=0.5) == pytest.approx(alone, abs=0.3)
    assert nasal(above=0.1, formant=0.05) < nasal(formant=0.05) - 20.0


@pytest.fixture(scope="module")
def imagination(bank: Bank) -> Imagination:
    """With a step of each descriptor along an axis of its own."""
    ear = Ear(load_checkpoint(default_checkpoint()))
    return Imagination(Families(bank), ear, Directions({"reed": np.eye(4, 16)}))


@pytest.mark.parametrize("follows", [0.4, 2.5])
def test_what_is_asked_for_comes_even_where_the_sound_follows_by_less_or_more(
    imagination: Imagination, follows: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def heard(_: Imagination, candidate: Candidate, __: object) -> np.ndarray:
        return np.append(follows * np.array(candidate.offset[:4]), 0.0)

    monkeypatch.setattr(Imagination, "_means", heard)
    _, changed = imagination.described(Candidate(("oboe",)), "reed", [60], {"nasal": 1.0, "brighter": -0.5})
    assert changed == pytest.approx({"nasal": STEPS["nasal"], "brighter": -0.5 * STEPS["brighter"]})


def judged_by_offset(
    monkeypatch: pytest.MonkeyPatch, *, far: float, recognised: Callable[[float], float] = lambda _: 1.0
) -> list[float]:
    """Candidates are as far from real ones as their offset is large, `far` times; returns the offsets to be heard."""
    heard = []

    def judged(_: Imagination, one: Candidate, __: str, *, tried: int, **___: object) -> Imagined:
        heard.append(one.offset[0])
        right = recognised(one.offset[0])  # at this share of the keys
        return Imagined(one, (60,), Recognition(right, right, 1.0, 0.0), (far * one.offset[0],), {}, tried)

    monkeypatch.setattr(Imagination, "judged", judged)
    return heard


def test_one_that_is_too_near_to_a_real_one_is_moved_further_once(
    imagination: Imagination, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = judged_by_offset(monkeypatch, far=0.8 / (1.3 * 0.9))
    drawn = iter([Candidate(("oboe",), offset=(size,) * 16) for size in (0.6, 0.9)])
    found = imagination.chosen(lambda: next(drawn), "reed")
    assert heard == pytest.approx([0.6, 0.8, 0.9, 1.2])
    assert found.passes
    assert found.tried == 4


def test_where_none_passes_a_copy_is_taken_last(imagination: Imagination, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_by_offset(monkeypatch, far=1.0, recognised=lambda size: 1.0 if size < 0.3 else 2 / 3)
    drawn = iter([Candidate(("oboe",), offset=(size,) * 16) for size in [0.1, 0.7] * CANDIDATES])
    found = imagination.chosen(lambda: next(drawn), "reed")
    assert not found.passes
    assert found.candidate.offset[0] == 0.7


def test_a_bank_that_was_heard_by_other_measures_is_heard_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = HeardBank(("oboe",), np.array([60]), np.zeros((1, 192), np.float32), np.zeros((1, 5)))
    write_heard(tmp_path / "heard", heard, "digest")
    assert read_heard(tmp_path / "heard", "digest").names == ("oboe",)
    monkeypatch.setattr("nsynth_lab.imagine.heard_bank.DEFINITION", DEFINITION + 1)
    with pytest.raises(CheckpointError, match="another version"):
        read_heard(tmp_path / "heard", "digest")


# What follows runs the command with the default checkpoint.


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_command_puts_instruments_into_the_bank_with_what_made_them(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["imagine", "--like", "oboe", "--brighter", "0.5", "-o", "Glass Reed", "--json", "--plot", "glass.png"]
    assert run(words) == 0
    (made,) = json.loads(capsys.readouterr().out)["instruments"]
    path = home / "bank" / "glass-reed.safetensors"
    assert Path(made["file"]) == path
    assert (home.parent / "glass.png").stat().st_size > 10_000
    assert made["changed"]["brighter"] > 0.1, "octaves"
    assert made["recognition"]["pitches_right"] == 1.0
    owned = find_user_instrument("glass reed")
    assert owned.entry.instrument == Instrument("glass reed", "reed", "synthetic")
    assert owned.entry.licence
    recipe = owned.capture["recipe"]
    assert recipe["asked"]["seed"] == 0
    assert recipe["asked"]["brighter"] == 0.5
    assert recipe["parents"] == made["candidate"]["parents"]
    parents = [load_bank(default_checkpoint()).find(name).licence for name in recipe["parents"]]
    assert all(licence in owned.entry.licence for licence in parents)

    before = path.read_bytes()
    assert run(words) == 2
    assert "add --force" in capsys.readouterr().err
    assert run([*words, "--force"]) == 0
    assert path.read_bytes() == before, "the same seed gives the same instrument"
    capsys.readouterr()
    assert run(["bank", "show", "glass reed"]) == 0
    shown = capsys.readouterr().out
    assert f"imagined {recipe['parents'][0]}" in shown
    assert "None" not in shown
    assert "mean_error_db" not in shown, "nothing was reconstructed"


def test_interrupted_it_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter((None, KeyboardInterrupt()))

    def imagine(self: Imagination, family: str, *_: object, **__: object) -> Imagined:
        if error := next(calls):
            raise error
        return self.judged(Candidate(("flute",)), family)

    monkeypatch.setattr(Imagination, "imagine", imagine)
    assert run(["imagine", "--family", "flute", "--count", "2", "-o", "two"]) == 130
    assert not (home / "bank").exists() or not list((home / "bank").iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "x"], "--family, or --like"),
        (["--family", "kazoo", "-o", "x"], "expected one of bass"),
        (["--like", "flote", "-o", "x"], "did you mean"),
        (["--family", "reed", "-o", "oboe"], "instrument of the checkpoint"),
        (["--family", "reed", "-o", "../x"], "reads as a path"),
        (["--family", "reed", "--plot", "x.jpg", "-o", "x"], "unknown ending"),
        (["--like", "oboe,flute,cello,viola", "-o", "x"], "at most 3"),
    ],
)
def test_what_cannot_be_imagined_is_refused_in_one_line(
    words: list[str], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["imagine", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not home.exists()
