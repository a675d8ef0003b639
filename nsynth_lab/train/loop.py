"""The training loop: one step after another; a run can be interrupted and resumed after any step.

    batch -> encoder -> timbre (+ a little noise) -> decoder with the target's own streams -> losses -> optimizer

In a run on several processes (see `distributed`) each process does this with its rows of the batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.errors import TrainingError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.controls import ControlNet
from nsynth_lab.train.batches import MARGIN_FRAMES, Batch, Batches
from nsynth_lab.train.distillation import distillation_loss_db
from nsynth_lab.train.distributed import SINGLE_PROCESS, ProcessGroup, deferred_interrupts
from nsynth_lab.train.loss_curve import LossCurve
from nsynth_lab.train.losses import TIMBRE_NOISE, forward, total_loss
from nsynth_lab.train.options import TrainingProgress, TrainOptions, learning_rate
from nsynth_lab.train.precision import bf16_is_faster, use_bf16
from nsynth_lab.train.run_state import RunState, read_state, saved_step, write_state

EMA = 0.9995
GRADIENT_NORM = 1.0

OnStep = Callable[[TrainingProgress], None]
OnSave = Callable[[Autoencoder, int], None]


def train(
    notes: PreparedNotes,
    run: Path,
    options: TrainOptions,
    model: Autoencoder,
    *,
    device: str,
    on_step: OnStep,
    on_save: OnSave,
    teacher: ControlNet | None = None,
    group: ProcessGroup = SINGLE_PROCESS,
) -> Autoencoder:
    """Train and return the averaged model.

    Continues the run saved in the folder `run`, or starts with `model` if nothing is saved there. Parameters of `model`
    that do not require a gradient stay as they are, as when only a control net is distilled. On Ctrl-C the run is saved
    and KeyboardInterrupt is raised. Of several processes only the first writes and calls back; all stop after the same
    step, whichever of them is interrupted.

    Args:
        notes: to train on.
        run: folder of the run.
        options: stored with the run.
        model: of the right sizes (see `initial_model`).
        device: such as "cpu" or "cuda".
        on_step: called after every step.
        on_save: called with the averaged model and the step whenever the run is saved, and at the end.
        teacher: a control net to distill into the model's own, instead of training on sounds (see `distillation`).
        group: the processes of the run.

    Raises:
        TrainingError: the loss is not a number, or diverges; what was saved last stays as it is.
    """
    place = torch.device(device)
    state = read_state(run, model, base=options.base, device=place)
    bf16 = group.broadcast(bf16_is_faster(place), place)
    for part in (state.model, teacher):
        if part is not None:
            use_bf16(part.to(place), bf16)
    stepper = _Stepper(state, options, place, group, teacher)
    # torchrun passes on a Ctrl-C that the terminal has already sent to every process, and kills them if they take long
    with deferred_interrupts(at_most=1 if group.size == 1 else math.inf) as pressed:
        try:
            _run_steps(stepper, _batches(notes, options), run, pressed, on_step=on_step, on_save=on_save)
        except TrainingError as error:
            raise TrainingError(f"step {state.step}: {error}; {_advice(run, options)}") from error
        except BaseException:
            if group.is_leader:
                write_state(run, state)
            raise
        if group.is_leader:
            write_state(run, state)
    if group.is_leader:
        on_save(state.averaged, state.step)
    group.wait()
    return state.averaged


def _batches(notes: PreparedNotes, options: TrainOptions) -> Batches:
    return Batches(
        notes,
        size=options.batch,
        frames=options.frames + 2 * MARGIN_FRAMES,
        swap_share=options.swap_share,
        augment_share=options.augment_share,
        seed=options.seed,
    )


def _run_steps(
    stepper: _Stepper, batches: Batches, run: Path, pressed: list[int], *, on_step: OnStep, on_save: OnSave
) -> None:
    """Train until the last step or until Ctrl-C was pressed in any process, saving at intervals."""
    state, options, group = stepper.state, stepper.options, stepper.group
    rows = group.rows(options.batch)
    saved = started = time.monotonic()
    first, curve = state.step, LossCurve()
    while state.step < options.steps:
        loss_db, interrupted = stepper.step(batches.at(state.step, rows), interrupted=bool(pressed))
        curve = curve.append(loss_db)
        speed = (state.step - first) / (time.monotonic() - started)
        rate = learning_rate(state.step, options)
        if group.is_leader:
            on_step(TrainingProgress(state.step, options.steps, curve.mean_db, curve.first_steps_db, rate, speed))
        if interrupted:
            raise KeyboardInterrupt
        if group.is_leader and time.monotonic() - saved > 60.0 * options.minutes_between_saves:
            write_state(run, state)
            on_save(state.averaged, state.step)
            saved = time.monotonic()


def _advice(run: Path, options: TrainOptions) -> str:
    """What to do about a failed run."""
    step = saved_step(run)
    how = f"resume from step {step}, which is saved, with --resume" if step else "nothing was saved: start again"
    return f"{how} and a --learning-rate below {options.rate:g}"


@dataclass(frozen=True)
class _Stepper:
    """Takes training steps: changes `state` by one batch after another."""

    state: RunState
    options: TrainOptions
    device: torch.device
    group: ProcessGroup
    teacher: ControlNet | None

    def step(self, batch: Batch, *, interrupted: bool) -> tuple[float, bool]:
        """One step; returns the batch's distance in dB, and whether any process was interrupted."""
        state = self.state
        batch = Batch(batch.source.to(self.device), batch.target.to(self.device), batch.loss_from_frame)
        distance_db = self._train_on_sounds(batch) if self.teacher is None else self._distill(self.teacher, batch)
        state.step += 1
        keep = min(EMA, (1 + state.step) / (10 + state.step))
        with torch.no_grad():
            for average, value in zip(state.averaged.parameters(), state.model.parameters(), strict=True):
                average.lerp_(value, 1.0 - keep)
        shared = torch.stack([distance_db.detach(), torch.tensor(float(interrupted), device=self.device)])
        distance, interrupts = self.group.all_sum(shared).tolist()
        return distance, interrupts > 0

    def _distill(self, teacher: ControlNet, batch: Batch) -> Tensor:
        """Train the control net to predict what `teacher` does; returns the distance in dB."""
        state = self.state
        distance_db = distillation_loss_db(
            state.model, teacher, batch, seed=state.step, noise=TIMBRE_NOISE, group=self.group
        )
        self._descend(distance_db)
        return distance_db

    def _train_on_sounds(self, batch: Batch) -> Tensor:
        """Train on recordings; returns the spectral distance in dB."""
        state = self.state
        output = forward(state.model, batch, seed=state.step, noise=TIMBRE_NOISE, group=self.group)
        self._descend(total_loss(output, self.options))
        return output.distance_db

    def _descend(self, loss: Tensor) -> None:
        state = self.state
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.group.sum_gradients(state.model.parameters())
        if not torch.nn.utils.clip_grad_norm_(state.model.parameters(), GRADIENT_NORM).isfinite():
            raise TrainingError("the gradient of the loss is not a number")
        state.optimizer.step(rate=learning_rate(state.step, self.options))
