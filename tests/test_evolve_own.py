"""Evolution from something of one's own: the first generation holds it, and what a preset loses on the way is said."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.cli import run
from nsynth_lab.errors import TuneError, UsageError
from nsynth_lab.evolve.own_preset import check_own, left_out, point_of
from nsynth_lab.evolve.population import OWN_NOISE, SIZE, first_generation
from nsynth_lab.evolve.presets import PresetSpace
from nsynth_lab.evolve.tunes import TuneSpace, asked_by
from nsynth_lab.melody.checkpoint import FILE as MELODY
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.model.banks import known_names
from nsynth_lab.patch import Blend, Lfo, Macro, Move, Patch, Slot, Voice
from nsynth_lab.resources import default_checkpoint
from nsynth_lab.tune.files import tune_in
from nsynth_lab.tune.played import sounding

RANGES = {"flute": (60, 96), "cello": (36, 76), "glockenspiel": (79, 108), "tuba": (28, 58)}
TUNE = "X:1\nT:Mine\nM:6/8\nL:1/8\nK:Edor\nB|EBB dBG|FAF DEF|EBB dBA|BGE E2 B|EBB dBG|FAF DEF|GAB dBA|BGE E2|]\n"


def test_the_first_generation_is_ones_own_four_varied_from_it_and_a_new_one() -> None:
    space = PresetSpace(RANGES, ("flute", "cello"))
    own = np.full(len(space.spread), 0.5), json.dumps(["flute", "cello"])
    sizes = []
    for seed in range(20):
        first, *varied, new = first_generation(space, seed=seed, own=own)
        assert (first.point, first.kind, first.lives_on, first.parents) == (tuple(own[0]), own[1], True, ())
        assert [one.parents for one in varied] == [(1,)] * (SIZE - 2)
        assert (new.parents, new.lives_on) == ((), False)
        sizes.append(np.std([np.array(one.point) - own[0] for one in varied]))
    assert np.mean(sizes) == pytest.approx(OWN_NOISE * space.spread[0], rel=0.03)


@pytest.mark.parametrize("names", [("flute",), ("flute", "cello"), ("flute", "cello", "tuba"), tuple(RANGES)])
def test_a_preset_of_the_space_is_found_in_it_again(names: tuple[str, ...]) -> None:
    space = PresetSpace(RANGES, names)
    for member in first_generation(space, seed=2):
        patch = space.patch(member.point, member.kind, name="x")
        found = point_of(space, patch)
        assert space.patch(tuple(found), member.kind, name="x") == patch
        assert np.allclose(space.within(found), found)
        assert left_out(patch) == []


def test_what_a_preset_has_besides_is_told_and_what_cannot_be_is_refused() -> None:
    blend = Blend(("flute", "cello"), lfos=(Lfo("timbre"), Lfo("timbre"), Lfo("loudness")), path=((0, 0), (1, 1)))
    rich = Patch(
        "x", blend, voice=Voice("mono"), effects=(Slot("reverb"), Slot("compressor")),
        macros=(Macro("Morph", 0.5, (Move("blend.position", 0.0, 1.0),)),),
    )  # fmt: skip
    assert left_out(rich) == [
        "the LFO on timbre", "the LFO on loudness", "compressor", "the path", "mono or legato", "macros"
    ]  # fmt: skip
    check_own(rich)
    with pytest.raises(UsageError, match="by weights"):
        check_own(replace(rich, blend=Blend(tuple(RANGES), weights=(1, 1, 1, 2)), macros=()))


def test_a_tune_is_found_again_by_its_latents() -> None:
    tune = tune_in(TUNE.encode()).tune
    metre, key, bars = asked_by(tune)
    assert (metre.name, key.name, bars) == ("6/8", "E dorian", 8)
    space = TuneSpace(MelodyModel(), metre, key, 4)
    again = space.tunes([tuple(space.point_of(tune))])[0]
    told = {(one.at - tune.upbeat, one.pitch.note) for one in sounding(tune) if 0 <= one.at - tune.upbeat < 3}
    found = {(one.at, one.pitch.note) for one in sounding(again)}
    assert len(told & found) >= 0.9 * len(told)
    with pytest.raises(TuneError, match="bars 9 and 10"):
        replace(space, bars=10).point_of(tune)


def test_a_tune_of_ones_own_begins_an_evolution(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tmp_path / "model"
    shutil.copytree(model_folder, checkpoint)
    shutil.copy(default_checkpoint() / MELODY, checkpoint)
    mine = tmp_path / "mine.abc"
    mine.write_text(TUNE)
    words = ["evolve", str(tmp_path / "it"), "--checkpoint", str(checkpoint), "--json"]
    assert run([*words, "--tunes", sorted(known_names(checkpoint))[0], "--begin", str(mine), "--bars", "2"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert [row["descent"] for row in about["members"]] == ["yours", *["from 1"] * 4, "new"]
    assert (about["metre"], about["key"], about["bars"]) == ("6/8", "E dorian", "2")
    assert run([*words, "--like", "1,3"]) == 0
    for rest, told in (
        (["--tunes", "--begin", str(mine)], "has begun already"),
        (["--begin", str(mine)], "goes with --tunes or --presets"),
        (["--tunes", "--begin", str(mine), "--key", "D"], "leave it out"),
        (["--presets", "flute", "--begin", "glass-cello"], "leave it out"),
        (["--presets", "--begin", "no such preset"], "neither a preset"),
    ):
        folder = tmp_path / ("it" if "already" in told else "new")
        assert run(["evolve", str(folder), *words[2:], *rest]) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "new" / "evolution.json").exists()
