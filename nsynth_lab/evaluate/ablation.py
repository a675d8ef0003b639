"""Ablation: what each part of the model and each stage of training is worth, after equally many steps.

The parts are added one after the other, each row trained from the same first weights on the same batches. The stages
go on from the last of them for as many steps again, beside a row that simply trains on.
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
from nsynth_lab.evaluate.sections.section import Advance, Work
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.decoder import Decoder, DecoderState
from nsynth_lab.train.discriminators import ADVERSARIAL_DB
from nsynth_lab.train.initial_model import ENCODER_PARTIALS, first_model
from nsynth_lab.train.loop import train
from nsynth_lab.train.options import Report, TrainOptions

FILE = "ablation.json"
SECTIONS = ("reconstruction", "transposition")
STAGE_SEED = 1
ATTACK = TrainOptions().attack


@dataclass(frozen=True)
class Row:
    """One line of the table: what the model has, and how it is trained.

    Attributes:
        name: what this row adds to the one before.
        partials, f0: whether the decoder hears where the partials sit, and of the deviation from the nominal note.
        encoder_partials: how many partials' levels the encoder sees.
        swap_share, decorrelate, attack: of the training.
        stage: goes on from the last row of stage `excitation`, except for that stage itself.
    """

    name: str
    partials: bool = True
    f0: bool = True
    encoder_partials: int = ENCODER_PARTIALS
    swap_share: float = 0.25
    decorrelate: float = 1.0
    attack: float = ATTACK
    stage: str = "excitation"


ROWS = (
    Row("excitation only", partials=False, f0=False, encoder_partials=0, swap_share=0.0, decorrelate=0.0, attack=0.0),
    Row("+ partials", f0=False, encoder_partials=0, swap_share=0.0, decorrelate=0.0, attack=0.0),
    Row("+ f0 deviation", encoder_partials=0, swap_share=0.0, decorrelate=0.0, attack=0.0),
    Row("+ levels of partials in the encoder", swap_share=0.0, decorrelate=0.0, attack=0.0),
    Row("+ swap training", decorrelate=0.0, attack=0.0),
    Row("+ decorrelated timbre", attack=0.0),
    Row("+ attacks by the millisecond"),
    Row("as many steps again", stage="more"),
    Row("+ band stack", stage="bands"),
    Row("+ adversarial refinement", stage="adversarial"),
)


class DeafDecoder(Decoder):
    """A decoder that does not hear of the partials' places, or takes every f0 for the nearest note."""

    def __init__(self, config: ModelConfig, *, partials: bool, f0: bool) -> None:
        super().__init__(config)
        self.hears_partials, self.hears_f0 = partials, f0

    def step(
        self,
        timbre: Tensor,
        loudness_db: Tensor,
        f0_hz: Tensor,
        partials: Tensor,
        state: DecoderState,
        *,
        every: bool = False,
    ) -> tuple[Tensor, DecoderState]:
        """As `Decoder.step`."""
        heard = partials if self.hears_partials else 0.0 * partials
        f0_hz = f0_hz if self.hears_f0 else 440.0 * torch.exp2((12.0 * torch.log2(f0_hz / 440.0)).round() / 12.0)
        return super().step(timbre, loudness_db, f0_hz, heard, state, every=every)


def ablate(
    notes: PreparedNotes,
    records: Sequence[NoteRecord],
    pool: Sequence[NoteRecord],
    folder: Path,
    options: TrainOptions,
    *,
    report: Callable[[Row, Report], None],
    advance: Advance = lambda _: None,
) -> list[dict[str, Any]]:
    """Train and evaluate each row; figures are kept in `folder`, and rows that are there already are not made again.

    Args:
        notes: to train on.
        records: to evaluate with.
        pool: all notes, of which partners for transposition are taken.
        folder: of the runs and of `ablation.json`.
        options: of every row's training; their steps are a row's.
        report: hears of every step.
        advance: hears of every note evaluated.

    Raises:
        NsynthLabError: the figures or a run cannot be written.
    """
    figures: list[dict[str, Any]] = json.loads((folder / FILE).read_text()) if (folder / FILE).is_file() else []
    known = {row["name"] for row in figures}
    last: Autoencoder | None = None
    for number, row in enumerate(ROWS):
        run = folder / f"row-{number}"
        begun = _first(row, last, seed=options.seed)
        own = _options(row, options)
        told = functools.partial(report, row)
        model = train(notes, run, own, begun, device="cpu", report=told, listen=lambda *_: None)
        last = model if row.stage == "excitation" else last
        if row.name not in known:
            work = Work(Checkpoint(model.eval(), f"row-{number}", {}), records, pool, rounds=0)  # the model alone
            figures.append({"name": row.name, **_figures(Evaluation(work, SECTIONS).run(advance))})
            write_json(folder / FILE, figures)
    return figures


def _first(row: Row, last: Autoencoder | None, *, seed: int) -> Autoencoder:
    if row.stage == "excitation":
        torch.manual_seed(seed)
        model = Autoencoder(ModelConfig(encoder_partials=row.encoder_partials))
        deaf = DeafDecoder(model.config, partials=row.partials, f0=row.f0)
        deaf.load_state_dict(model.decoder.state_dict())
        model.decoder = deaf
        return model
    stage = "excitation" if row.stage == "more" else row.stage
    return first_model(stage, last, seed=seed)


def _options(row: Row, options: TrainOptions) -> TrainOptions:
    base = replace(options, swap_share=row.swap_share, decorrelate=row.decorrelate, attack=row.attack)
    if row.stage == "excitation":
        return base
    adversarial = ADVERSARIAL_DB if row.stage == "adversarial" else 0.0
    return replace(base, seed=options.seed + STAGE_SEED, adversarial=adversarial)


def _figures(figures: dict[str, Any]) -> dict[str, float]:
    found, moved = figures["reconstruction"], figures["transposition"]
    return {
        "mel_error_db": found["mel_error_db"]["mean"],
        "partial_error_db": found["partial_error_db"]["mean"],
        "noise_error_db": found["noise_error_db"]["mean"],
        "loudness_error_db": found["loudness_error_db"]["mean"],
        "attack_error_ms": found["attack_error_ms"]["median"],
        "moved_mel_error_db": moved["mel_error_db"]["mean"],
    }
