"""A model that was just trained gets its bank from another in one command, and every dead end names that command."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute, organ_cut_short
from pack_model import write_model
from tiny_model import tiny_model

from nsynth_lab.cli import run
from nsynth_lab.evaluate.metrics.distances import mel_error_db
from nsynth_lab.latents import Latents
from nsynth_lab.model import banks
from nsynth_lab.model.bank import Bank, BankEntry, load_bank
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint, save_weights
from nsynth_lab.model.user_bank import find_user_instrument, keep
from nsynth_lab.note import Instrument
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray

SHORT = ("--duration", "0.2", "-o", "out.wav", "--force")


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default checkpoint with a bank, a model trained from it without one, and an instrument of the user's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    usual = write_model(tmp_path / "usual").resolve()
    for module in ("nsynth_lab.model.banks", "nsynth_lab.render.session"):
        monkeypatch.setattr(f"{module}.DEFAULT_CHECKPOINT", usual)
    save_weights(Path("runs/horn"), tiny_model(seed=3), about={})
    own = replace(organ_cut_short(), model_id=load_checkpoint(usual).model_id)
    keep(Bank([BankEntry(Instrument("my zither", "string"), (0,))], [own], model_id=own.model_id), {}, force=False)


def sound(zone: Latents, checkpoint: Checkpoint) -> FloatArray:
    return np.concatenate(list(decode(replace(zone, model_id=checkpoint.model_id), checkpoint)))


def told(*words: str, capsys: pytest.CaptureFixture[str], code: int) -> str:
    capsys.readouterr()
    assert run(list(words)) == code
    return capsys.readouterr().err


def advice(said: str) -> list[str]:
    """The one command in a message."""
    (command,) = re.findall(r"`nsynth-lab (.+?)`", said)
    return shlex.split(command)


def test_one_command_gives_a_new_model_the_bank_of_another(capsys: pytest.CaptureFixture[str]) -> None:
    said = told("blend", "flute", "cello", "--checkpoint", "runs/horn", *SHORT, capsys=capsys, code=1)
    assert "has no bank" in said
    assert run([*advice(said), "--rounds", "4", "--jobs", "1"]) == 0
    assert run(["blend", "flute", "my zither", "--checkpoint", "runs/horn", *SHORT]) == 0
    old, new = load_checkpoint("usual"), load_checkpoint("runs/horn")
    before, after = load_bank("usual"), load_bank("runs/horn")
    assert list(after.entries) == [*before.entries, "my zither"]
    for zone, found in zip(before.zones, after.zones, strict=False):
        assert found.model_id == new.model_id
        assert (found.note, found.velocity) == (zone.note, zone.velocity)
        assert (found.attack_frames, found.release_frame) == (zone.attack_frames, zone.release_frame)
        np.testing.assert_allclose(found.loudness_db, zone.loudness_db, atol=0.04)
        assert mel_error_db(sound(found, new), sound(zone, old)) < 2.0


def test_it_adds_what_is_lacking_and_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["bank", "build", "--from-checkpoint", "default", "--checkpoint", "runs/horn", "--rounds", "0"]
    assert run([*words, "--jobs", "1"]) == 0
    first = load_bank("runs/horn")
    Path("runs/horn/bank.safetensors").unlink()
    monkeypatch.setattr("nsynth_lab.capture.reencode._reencode", None)
    assert run([*words, "--jobs", "1"]) == 0
    again = load_bank("runs/horn")
    assert list(again.entries) == list(first.entries)
    for one, other in zip(first.zones, again.zones, strict=True):
        np.testing.assert_array_equal(one.timbre, other.timbre)
    assert run([*words, "--jobs", "1"]) == 0
    assert len(load_bank("runs/horn").zones) == len(first.zones), "what is there stays, and is not there twice"


def test_an_instrument_of_another_model_says_how_it_becomes_one_of_this(capsys: pytest.CaptureFixture[str]) -> None:
    from nsynth_lab.model.bank import write_bank

    model_id = load_checkpoint("runs/horn").model_id
    mine = Bank([BankEntry(Instrument("my horn", "brass"), (0,))], [replace(flute(), model_id=model_id)],
                model_id=model_id)  # fmt: skip
    write_bank(Path("runs/horn"), mine, about={})
    said = told("blend", "my horn", "cello", "--checkpoint", "runs/horn", *SHORT, capsys=capsys, code=2)
    assert "'cello' is an instrument of the default checkpoint" in said
    assert advice(said)[:2] == ["bank", "build"]
    said = told("blend", "my horn", "My-Zither", "--checkpoint", "runs/horn", *SHORT, capsys=capsys, code=2)
    assert "captured with model" in said
    assert advice(said)[:2] == ["bank", "reencode"]
    assert run(advice(said)) == 0
    assert find_user_instrument("my zither").bank.model_id == model_id
    assert run(["blend", "my horn", "my zither", "--checkpoint", "runs/horn", *SHORT]) == 0
    said = told("blend", "flute", "my zither", *SHORT, capsys=capsys, code=2)
    assert "--from-checkpoint FOLDER" in said
    assert model_id in said


def test_what_cannot_be_encoded_anew_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    save_weights(Path("other"), tiny_model(seed=9), about={})
    same = told("bank", "reencode", "my zither", capsys=capsys, code=2)
    assert "are the same model" in same
    said = told("bank", "reencode", "my zither", "--from-checkpoint", "other", capsys=capsys, code=2)
    assert "was captured with model" in said
    said = told("bank", "build", "--from-checkpoint", "other", "--checkpoint", "runs/horn", capsys=capsys, code=1)
    assert "has no bank of its own model" in said
    assert "--from-checkpoint default" in told("bank", "build", "--checkpoint", "runs/horn", capsys=capsys, code=2)


def test_banks_are_told_apart_without_torch() -> None:
    import subprocess
    import sys

    script = (
        "import sys; from pathlib import Path; from nsynth_lab.model import banks\n"
        "names = banks.bank_names(Path('usual')); banks.other_model_hint('nothing', folder=Path('usual'))\n"
        "own = banks.user_instrument_names()\n"
        "sys.exit(names != ['flute', 'cello', 'piano'] or 'torch' in sys.modules or 'my zither' not in own)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    assert banks.bank_names(Path("usual")) == ["flute", "cello", "piano"]
