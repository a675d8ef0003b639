"""A run of one net: steps of Muon and Adam, an average of the weights, saved now and then and resumed without loss."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nsynth_lab.train.optimizer import BETAS, Muon

WARM_UP, CONSTANT = 60, 0.35  # steps; share of the run before the rate begins to fall
LAST_RATE = 0.02  # of the rate
AVERAGED = 0.998
MOST_NORM = 1.0
NET_PREFIX, AVERAGED_PREFIX = "net.", "averaged."
STEP, SECONDS = "step", "seconds"  # in the state, beside the tensors
SAVE_SECONDS, SAY_SECONDS, MEASURE_SECONDS = 60.0, 30.0, 300.0


@dataclass(frozen=True)
class Plan:
    """How long and how fast: steps, learning rate, where the state is kept, and what is told at times."""

    steps: int
    rate: float
    state: Path
    say: Callable[[str], object]


class Run:
    """A net, its average and its optimizers between two steps.

    Attributes:
        net: as it is.
        plan: of the run.
        step: how many it has taken.
        seconds: of the processor that they took.
        averaged: the average of its weights.
    """

    def __init__(self, net: nn.Module, matrices: list[nn.Parameter], plan: Plan) -> None:
        inner = {id(one) for one in matrices}
        self.net, self.plan, self.step, self.seconds = net, plan, 0, 0.0
        self._muon = Muon(matrices) if matrices else None
        self._adam = torch.optim.Adam([one for one in net.parameters() if id(one) not in inner], betas=BETAS)
        self._parts = [part for part in (self._muon, self._adam) if part is not None]
        self.averaged = {name: value.detach().clone() for name, value in net.state_dict().items()}
        if plan.state.is_file():
            self._restore(load_file(plan.state))

    def fit(
        self,
        loss_of: Callable[[int], Tensor],
        measure: Callable[[], str] = lambda: "",
        *,
        most_steps: int | None = None,
    ) -> None:
        """Take the steps that are left, or so many; `loss_of` gives a step's loss, `measure` a figure to be told."""
        last = self.plan.steps if most_steps is None else min(self.plan.steps, self.step + most_steps)
        first = self.step
        began = said = saved = measured = time.monotonic()
        total, count = 0.0, 0
        while self.step < last:
            begun = time.process_time()
            torch.manual_seed(self.step)
            self.net.train()
            loss = loss_of(self.step)
            for part in self._parts:
                part.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.net.parameters(), MOST_NORM)
            self._take_step()
            self.step += 1
            self.seconds += time.process_time() - begun
            total, count, now = total + float(loss.detach()), count + 1, time.monotonic()
            if now - said > SAY_SECONDS or self.step == last:
                pace = (now - began) / (self.step - first)
                left = pace * (self.plan.steps - self.step)
                at_end = self.step == last
                figure = measure() if at_end or now - measured > MEASURE_SECONDS else ""
                measured = now if figure else measured
                self.plan.say(
                    f"step {self.step} of {self.plan.steps}, {1 / pace:.2f} steps/s, {left / 60:.1f} min left, "
                    f"loss {total / count:.4f} {figure}"
                )
                said, total, count = now, 0.0, 0
            if now - saved > SAVE_SECONDS or self.step == last:
                self._save()
                saved = now

    def rate(self) -> float:
        """The learning rate of the next step: rises, stays, falls in a line."""
        done = self.step / self.plan.steps
        falling = 1.0 if done < CONSTANT else max(LAST_RATE, (1 - done) / (1 - CONSTANT))
        return self.plan.rate * min(1.0, (self.step + 1) / WARM_UP) * falling

    def _take_step(self) -> None:
        rate = self.rate()
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate
        if self._muon is not None:
            self._muon.step(bf16=False)
        self._adam.step()
        keep = min(AVERAGED, self.step / (self.step + 10))
        for name, value in self.net.state_dict().items():
            self.averaged[name].lerp_(value, 1 - keep)

    def _save(self) -> None:
        tensors = {f"{NET_PREFIX}{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"{AVERAGED_PREFIX}{name}": value for name, value in self.averaged.items()}
        for name, value in self.net.named_parameters():
            for part in self._parts:
                for key, moment in part.state.get(value, {}).items():
                    tensors[f"{key}.{name}"] = torch.as_tensor(moment)
        tensors[STEP], tensors[SECONDS] = torch.tensor(self.step), torch.tensor(self.seconds)
        beside = self.plan.state.with_suffix(".new")
        save_file({name: value.contiguous() for name, value in tensors.items()}, beside)
        beside.replace(self.plan.state)

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        self.step, self.seconds = int(tensors.pop(STEP)), float(tensors.pop(SECONDS, 0.0))
        own, averaged = (
            {name.removeprefix(part): value for name, value in tensors.items() if name.startswith(part)}
            for part in (NET_PREFIX, AVERAGED_PREFIX)
        )
        self.net.load_state_dict(own)
        self.averaged = averaged
        for name, value in self.net.named_parameters():
            for part in self._parts:
                keys = ("momentum_buffer",) if part is self._muon else ("step", "exp_avg", "exp_avg_sq")
                if f"{keys[-1]}.{name}" in tensors:
                    part.state[value] = {key: tensors[f"{key}.{name}"] for key in keys}


def bits(loss: float) -> float:
    """Nats to bits."""
    return loss / math.log(2)
