"""`nsynth-lab evaluate evolution`: simulated listeners search tunes, presets and instruments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.evolve.population import Member
    from nsynth_lab.units import FloatArray

WHAT = ("tunes", "presets", "instruments")
SEED = 0
SECONDS, VELOCITY = 1.6, 100


def evaluate_evolution(
    checkpoint: Path | None,
    *,
    only: Sequence[str],
    listeners: int | None,
    figures_file: Path | None,
    as_json: bool,
    device: str,
) -> None:
    """Measure, print the table, and write the figures that were asked for.

    Raises:
        UsageError: something else than tunes, presets or instruments is wanted.
    """
    from nsynth_lab.atomic_file import write_json
    from nsynth_lab.audio import check_target
    from nsynth_lab.cli.evaluate_melody import show_rows
    from nsynth_lab.evaluate.evolution.evaluate import Materials, figures, rows
    from nsynth_lab.evolve.presets import PresetSpace
    from nsynth_lab.imagine.ear import Ear
    from nsynth_lab.imagine.families import Families
    from nsynth_lab.melody.model import MelodyModel
    from nsynth_lab.render import Session
    from nsynth_lab.render.levelling import phrase_for
    from nsynth_lab.render.preset import play_note

    if unknown := [one for one in only if one not in WHAT]:
        raise UsageError(f"--only {unknown[0]}; of evolution there are {', '.join(WHAT)}")
    if figures_file is not None:
        check_target(figures_file, force=True)
    session = Session(checkpoint, device=device, seed=SEED, user_instruments=False)
    presets, ear = PresetSpace(session.ranges()), Ear(session.checkpoint)

    def play(member: Member) -> FloatArray:
        patch = presets.patch(member.point, member.kind, name="x")
        return play_note(session, patch, phrase_for(patch, session.bank)[0].note, seconds=SECONDS).audio.samples

    families, model = Families(session.bank), MelodyModel(session.folder)
    given = Materials(model, presets, play, families, ear, console.progress, listeners or 0, SEED)
    found: dict[str, Any] = figures(given, only or WHAT)
    table = rows(found)
    found["rows"] = [vars(row) for row in table]
    if figures_file is not None:
        write_json(figures_file, found)
    if as_json:
        console.print_json(found)
        return
    show_rows(table)
    counts = ", ".join(f"{found[what]['listeners']} to {what}" for what in only or WHAT)
    console.show(f"simulated listeners: {counts}; seed {SEED}")
