"""Peers of the melody model: they say the same tunes, their shares add up to 1, they learn as long as is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tunes import REEL, eighths, tune_of

from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.evaluate.melody.peers import letters, lookback
from nsynth_lab.evaluate.melody.peers.lasting import trained_for
from nsynth_lab.evaluate.melody.peers.letters import signs_of, train_letters
from nsynth_lab.evaluate.melody.peers.lookback import LookbackNet, events_of, told_of, train_lookback
from nsynth_lab.evaluate.melody.peers.vae import train_vae
from nsynth_lab.melody.conditions import METRES
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.slots import HOLD, SILENCE
from nsynth_lab.melody.steps import DURATIONS, END_OF_TUNE, REST, steps_of
from nsynth_lab.train.melody.loops_training import Loops
from nsynth_lab.train.melody.run import SECONDS, Plan, Run

QUARTER = DURATIONS.index(24)


def sample() -> Sample:
    return Sample(Draft.of(96, steps_of(tune_of(REEL)).notes), METRES.index("4/4"), 0)


def scale() -> Sample:
    draft = eighths(*[12, 14, 16, 17, 19, 21, 23, 24] * 16)
    draft.flags[-1] = END_OF_TUNE
    return Sample(draft, METRES.index("4/4"), 0)


def test_letters_say_every_note_in_c() -> None:
    signs = signs_of(scale())
    assert signs[:2] == ["M:4/4", "K:major"]
    notes = [sign for sign in signs[2:] if sign[0] in "ABCDEFGabcdefg_^="]
    assert notes == ["C", "D", "E", "F", "G", "A", "B", "c"] * 16
    assert signs.count("|") == 15
    assert signs[-1] == "|]"


def test_sixteenths_say_what_begins_goes_on_and_is_silent() -> None:
    draft = Draft(96, position=84)
    for duration, pitch in ((QUARTER - 2, 20), (QUARTER, REST), (QUARTER, 24)):
        draft.add(duration, pitch)
    events = events_of(draft)
    assert events is not None
    lengths = [DURATIONS[QUARTER - 2] // 6, 4, 4]
    assert events.tolist() == [
        20, *[HOLD] * (lengths[0] - 1), SILENCE, *[HOLD] * 3, 24, *[HOLD] * 3,
    ]  # fmt: skip
    draft.add(DURATIONS.index(8), 25)
    assert events_of(draft) is None


def test_a_look_back_is_told_what_was_a_bar_ago_and_its_shares_add_up_to_one() -> None:
    read = told_of(scale())
    assert read is not None
    told, events = read
    assert told[16:, 1].tolist() == events[:-16].tolist()
    assert told[40:, 3].all()
    assert told[:, 5].tolist() == [at % 16 for at in range(len(events))]
    torch.manual_seed(0)
    shares = LookbackNet().eval()(torch.as_tensor(told[None, :40])).exp().sum(-1)
    assert np.allclose(shares.detach().numpy(), 1, atol=1e-3)


def test_each_learns_what_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for peer in (letters, lookback):
        monkeypatch.setattr(peer, "TOGETHER", 4)
    shown = [scale(), scale()]
    for train in (train_letters, train_lookback):
        name = train.__name__
        few = train(shown, Plan(1, 5e-3, tmp_path / f"{name}-1.safetensors", lambda _: None), seed=0)
        more = train(shown, Plan(12, 2e-2, tmp_path / f"{name}.safetensors", lambda _: None), seed=0)
        assert more.bits(shown) < 0.8 * few.bits(shown)


def test_a_vae_rebuilds_the_loop_that_it_has_learnt(tmp_path: Path) -> None:
    slots = np.array([[20, HOLD, 22, HOLD, 24, HOLD, SILENCE, HOLD]] * 8)
    loops = Loops(slots, np.full(8, 1), np.zeros(8, np.int64))
    vae = train_vae({8: loops}, Plan(40, 5e-3, tmp_path / "vae.safetensors", lambda _: None), seed=0)
    assert vae.rebuilt(loops) == (1.0, 1.0)


def test_a_training_has_as_many_steps_as_last_so_long_and_keeps_their_number(tmp_path: Path) -> None:
    plans: list[Plan] = []

    def train(plan: Plan) -> int:
        plans.append(plan)
        if not plan.state.exists():
            save_file({SECONDS: torch.tensor(plan.steps / 64)}, plan.state)
        return plan.steps

    often: dict[str, Any] = {"rate": 1e-3, "folder": tmp_path, "say": lambda _: None}
    assert trained_for("one", train, seconds=0.3, **often) == round(0.3 * 64)
    assert trained_for("one", train, seconds=0.3, **often) == round(0.3 * 64)
    assert len(plans) == 3  # it is timed once
    assert trained_for("one", train, seconds=1.25, **often) == 1.25 * 64


def test_a_run_knows_how_long_its_steps_took_though_it_was_interrupted(tmp_path: Path) -> None:
    state = tmp_path / "run.safetensors"
    known = 0.0
    for steps in (3, 5):
        net = torch.nn.Linear(2, 1)
        run = Run(net, [], Plan(8, 1e-3, state, lambda _: None))
        assert run.seconds == pytest.approx(known)
        run.fit(lambda _, net=net: net.weight.square().sum(), most_steps=steps)  # type: ignore[misc]
        assert run.seconds > known
        known = run.seconds
    assert float(load_file(state)[SECONDS]) == pytest.approx(known)
