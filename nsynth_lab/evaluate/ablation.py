"""ablate(...): what each part of the model and of its training contributes, after the same number of steps.

Parts are added one after another; each experiment is trained from the same initial weights on the same batches. The
last continues from the one before it, to show what as many steps again do.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nsynth_lab.atomic_file import write_json
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.evaluate.evaluate import Evaluation
from nsynth_lab.evaluate.sections.section import Advance, EvaluationSetup
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.decoder import Decoder, DecoderState
from nsynth_lab.train.initial_model import ENCODER_PARTIALS, build_model
from nsynth_lab.train.loop import train
from nsynth_lab.train.options import TrainingProgress, TrainOptions

FILE = "ablation.json"
SECTIONS = ("reconstruction", "transposition")
AGAIN_SEED = 1
ATTACK = TrainOptions().attack


@dataclass(frozen=True)
class Experiment:
    """One line of the table: what the model has, and how it is trained.

    Attributes:
        name: what this experiment adds to the one before.
        partials, f0: whether the decoder uses the streams `partials` and `f0_cents`.
        encoder_partials: the number of partials whose levels the encoder gets.
        swap_share, decorrelate, attack: see `TrainOptions`.
        again: whether it continues from the experiment before.
    """

    name: str
    partials: bool = True
    f0: bool = True
    encoder_partials: int = ENCODER_PARTIALS
    swap_share: float = 0.25
    decorrelate: float = 1.0
    attack: float = ATTACK
    again: bool = False


EXPERIMENTS = (
    Experiment(
        "excitation only", partials=False, f0=False, encoder_partials=0, swap_share=0.0, decorrelate=0.0, attack=0.0
    ),
    Experiment("+ partials", f0=False, encoder_partials=0, swap_share=0.0, decorrelate=0.0, attack=0.0),
    Experiment("+ f0 deviation", encoder_partials=0, swap_share=0.0, decorrelate=0.0, attack=0.0),
    Experiment("+ levels of partials in the encoder", swap_share=0.0, decorrelate=0.0, attack=0.0),
    Experiment("+ swap training", decorrelate=0.0, attack=0.0),
    Experiment("+ decorrelated timbre", attack=0.0),
    Experiment("+ attacks by the millisecond"),
    Experiment("as many steps again", again=True),
)


class RestrictedDecoder(Decoder):
    """A decoder that ignores the stream of partials, or rounds f0 to the nearest note."""

    def __init__(self, config: ModelConfig, *, partials: bool, f0: bool) -> None:
        super().__init__(config)
        self.uses_partials, self.uses_f0 = partials, f0

    def step(
        self,
        timbre: Tensor,
        loudness_db: Tensor,
        f0_hz: Tensor,
        partials: Tensor,
        state: DecoderState,
        *,
        every: bool = False,
        noise_gain: Tensor | None = None,
        detail: Tensor | None = None,
    ) -> tuple[Tensor, DecoderState]:
        """See `Decoder.step`."""
        partials = partials if self.uses_partials else 0.0 * partials
        f0_hz = f0_hz if self.uses_f0 else 440.0 * torch.exp2((12.0 * torch.log2(f0_hz / 440.0)).round() / 12.0)
        streams = timbre, loudness_db, f0_hz, partials
        return super().step(*streams, state, every=every, noise_gain=noise_gain, detail=detail)


def ablate(
    notes: PreparedNotes,
    records: Sequence[NoteRecord],
    pool: Sequence[NoteRecord],
    folder: Path,
    options: TrainOptions,
    *,
    on_step: Callable[[Experiment, TrainingProgress], None],
    advance: Advance = lambda _: None,
) -> list[dict[str, Any]]:
    """Train and evaluate each experiment; those whose figures are in `folder` already are not evaluated again.

    Args:
        notes: to train on.
        records: to evaluate with.
        pool: all notes; partners for transposition are chosen from them.
        folder: of the runs and of `ablation.json`.
        options: of every experiment's training.
        on_step: called after every training step.
        advance: called after every note that is evaluated.

    Raises:
        NsynthLabError: the figures or a run cannot be written.
    """
    figures: list[dict[str, Any]] = json.loads((folder / FILE).read_text()) if (folder / FILE).is_file() else []
    known = {one["name"] for one in figures}
    last: Autoencoder | None = None
    for number, experiment in enumerate(EXPERIMENTS):
        run = folder / f"row-{number}"
        start = _initial_model(experiment, last, seed=options.seed)
        callback = functools.partial(on_step, experiment)
        model = train(
            notes, run, _options(experiment, options), start, device="cpu", on_step=callback, on_save=lambda *_: None
        )
        last = model
        if experiment.name not in known:
            checkpoint = Checkpoint.of(model.eval(), model_id=f"row-{number}")
            setup = EvaluationSetup(checkpoint, records, pool, rounds=0, detail=False)  # the model alone
            figures.append({"name": experiment.name, **_figures(Evaluation(setup, SECTIONS).run(advance))})
            write_json(folder / FILE, figures)
    return figures


def _initial_model(experiment: Experiment, last: Autoencoder | None, *, seed: int) -> Autoencoder:
    if experiment.again:
        return build_model("excitation", last, seed=seed)
    torch.manual_seed(seed)
    model = Autoencoder(ModelConfig(encoder_partials=experiment.encoder_partials))
    decoder = RestrictedDecoder(model.config, partials=experiment.partials, f0=experiment.f0)
    decoder.load_state_dict(model.decoder.state_dict())
    model.decoder = decoder
    return model


def _options(experiment: Experiment, options: TrainOptions) -> TrainOptions:
    base = replace(
        options, swap_share=experiment.swap_share, decorrelate=experiment.decorrelate, attack=experiment.attack
    )
    return replace(base, seed=options.seed + AGAIN_SEED) if experiment.again else base


def _figures(figures: dict[str, Any]) -> dict[str, float]:
    reconstruction, transposition = figures["reconstruction"], figures["transposition"]
    return {
        "mel_error_db": reconstruction["mel_error_db"]["mean"],
        "partial_error_db": reconstruction["partial_error_db"]["mean"],
        "noise_error_db": reconstruction["noise_error_db"]["mean"],
        "loudness_error_db": reconstruction["loudness_error_db"]["mean"],
        "attack_error_ms": reconstruction["attack_error_ms"]["median"],
        "moved_mel_error_db": transposition["mel_error_db"]["mean"],
    }
