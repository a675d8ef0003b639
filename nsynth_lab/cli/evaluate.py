"""`nsynth-lab evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.atomic_file import write_json
from nsynth_lab.cli import console
from nsynth_lab.cli.options import (
    CheckpointOption,
    ComputeOption,
    DetailOption,
    FiguresOption,
    ForceOption,
    JsonOption,
    OnlyOption,
    ReportOption,
    RoundsOption,
)
from nsynth_lab.errors import UsageError
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.wording import listed, quality_of_error

if TYPE_CHECKING:
    from nsynth_lab.evaluate.evaluate import Evaluation

TRANSLATION, CHORDS, UNPITCHED, WIDTH = "translation", "chords", "unpitched", "width"
KEPT_OF_NOTES = {"reconstruction", "recognition"}
OF_RECORDINGS = {  # sections
    TRANSLATION: "tunes", CHORDS: "music", UNPITCHED: "drums and noises", WIDTH: "stereo sounds",
}  # fmt: skip
MELODY, DUET, IMAGINATION, EVOLUTION = "melody", "duet", "imagination", "evolution"


def evaluate(
    data: Annotated[
        list[Path],
        typer.Argument(
            help="Note data sets in NSynth's layout; to translate, recorded tunes; melody, and a folder of tunes; or "
            "imagination."
        ),
    ],
    checkpoint: CheckpointOption = None,
    every_note: Annotated[bool, typer.Option("--all", help="All notes, not only those held out of training.")] = False,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Notes of the instruments that `train --split` holds out.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many notes, spread evenly over the data.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, max=10_000, help="Number of pairs of instruments to blend.")] = 200,
    rounds: RoundsOption = ROUNDS,
    detail: DetailOption = True,
    refine: Annotated[float, typer.Option(min=0, help="Seconds spent on fitting the latents further.")] = 0.0,
    only: OnlyOption = "",
    to: Annotated[
        str,
        typer.Option("--to", help="What plays them: instruments such as flute,cello; one of each family if not given."),
    ] = "",
    cells: Annotated[
        Path | None,
        typer.Option(
            help="A folder for the results of each note or tune (reconstruction, recognition, translation); an "
            "interrupted run resumes from them."
        ),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="melody: also train peers on the same tunes, ours as long, and compare.")
    ] = False,
    minutes: Annotated[
        float, typer.Option("--peer-minutes", min=0.1, help="With --peers: minutes of one core for each training.")
    ] = 10.0,
    figures_file: FiguresOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
    device: ComputeOption = "auto",
    force: ForceOption = False,
) -> None:
    """Measure how good a checkpoint is, on notes that it was not trained on.

    The mel error says most: the mean difference in 128 bands, within 60 dB of the note's loudest; 0 dB for the same
    sound. 200 notes and 200 pairs take about twenty minutes on one core; --limit, --pairs and --only make it shorter.

    **Examples**

        nsynth-lab evaluate notes/ --figures figures.json --report report

        nsynth-lab evaluate notes/ --only reconstruction,recognition --cells cells

        nsynth-lab evaluate notes/ --only blends --pairs 20

        nsynth-lab evaluate --only translation tunes/ --cells cells --report report

        nsynth-lab evaluate --only chords songs/ --to "acoustic grand piano"

        nsynth-lab evaluate --only unpitched drums/ --pairs 60

        nsynth-lab evaluate --only width my-samples/

    `nsynth-lab evaluate melody TUNES` measures the tunes that the melody model writes, against tunes of the collections
    that it was kept from (scripts/train_melody names them): each row has a goal. --limit says how many are written;
    --peers trains peers beside it, --peer-minutes each, to be resumed if it is interrupted.

    `nsynth-lab evaluate duet TUNES` measures the answers of `nsynth-lab duet` to phrases of these tunes, played by a
    made player. --limit says how many.

    `nsynth-lab evaluate imagination` compares imagined instruments with the bank's real ones, and with those that
    simpler ways make. --limit says how many of each family.

    `nsynth-lab evaluate evolution` lets simulated listeners with hidden tastes choose, round by round, from six tunes,
    presets (--only presets) or instruments, and says how good the best becomes. --limit says how many listeners.
    """
    if str(data[0]) == IMAGINATION and not data[0].exists():
        from nsynth_lab.cli.evaluate_imagination import evaluate_imagination

        evaluate_imagination(
            data[1:], checkpoint, each=limit, figures_file=figures_file, report=report, as_json=as_json, force=force
        )
        return
    if str(data[0]) == EVOLUTION and not data[0].exists():
        from nsynth_lab.cli.evaluate_evolution import evaluate_evolution

        evaluate_evolution(
            checkpoint, only=listed(only), listeners=limit, figures_file=figures_file, as_json=as_json, device=device
        )
        return
    if str(data[0]) == DUET and not data[0].exists():
        from nsynth_lab.cli.evaluate_duet import evaluate_duet

        evaluate_duet(data[1:], checkpoint, phrases=limit, figures_file=figures_file, report=report, as_json=as_json)
        return
    if str(data[0]) == MELODY and not data[0].exists():
        from nsynth_lab.cli.evaluate_melody import evaluate_melody

        evaluate_melody(
            data[1:], checkpoint, tunes=limit, pairs=pairs, peer_minutes=minutes if peers else 0.0,
            figures_file=figures_file, report=report, as_json=as_json, force=force,
        )  # fmt: skip
        return
    if peers:
        raise UsageError("--peers goes with melody: nsynth-lab evaluate melody TUNES --peers")
    from nsynth_lab.audio import check_target
    from nsynth_lab.cli.translator import Translator
    from nsynth_lab.errors import DatasetError
    from nsynth_lab.evaluate.evaluate import Evaluation, check_sections
    from nsynth_lab.evaluate.notes import choose_notes, read_pool
    from nsynth_lab.evaluate.page import MARK
    from nsynth_lab.evaluate.sections.section import EvaluationSetup
    from nsynth_lab.folders import make_folder
    from nsynth_lab.model.bank import BANK
    from nsynth_lab.render import Session
    from nsynth_lab.report_folder import check_report_folder

    sections = check_sections(listed(only))
    if unseen and every_note:
        raise UsageError("--unseen and --all exclude each other; use one of them")
    if figures_file is not None:
        check_target(figures_file, force=True)
    if report is not None:
        check_report_folder(report, force=force, mark=MARK)
    sets, recordings = _sorted(data, sections)
    phrases = recordings.get(TRANSLATION, [])
    if cells is not None:
        if not ({TRANSLATION} if phrases else KEPT_OF_NOTES if sets else set()) & set(sections):
            raise UsageError(
                "--cells keeps what is measured of notes and translations: nsynth-lab evaluate --only reconstruction "
                "NOTES, or --only translation TUNES"
            )
        make_folder(cells, UsageError)
    pool = read_pool(sets)
    kind = "of unseen instruments" if unseen else "all" if every_note else "held out"
    records = choose_notes(pool, kind=kind, limit=limit) if sets else []
    session = Session(checkpoint, device=device, user_instruments=False)
    bank = session.bank if (session.folder / BANK).is_file() else None
    targets = [session.bank.find(name).instrument.name for name in listed(to)]
    setup = EvaluationSetup(
        session.checkpoint,
        records,
        pool,
        bank,
        pairs=pairs,
        rounds=rounds,
        detail=detail,
        refine_seconds=refine,
        phrases=phrases,
        targets=targets,
        translator=Translator(session) if phrases or CHORDS in recordings else None,
        cells=cells,
        drums=recordings.get(UNPITCHED, []),
        stereo=recordings.get(WIDTH, []),
        chords=recordings.get(CHORDS, []),
    )
    evaluation = Evaluation(setup, sections)
    with console.progress(evaluation.steps(), "sounds", "evaluating") as advance:
        figures = evaluation.run(advance)
    if evaluation.reads_notes and not figures["notes"]:
        raise DatasetError(f"none of {len(records)} notes could be used: {figures['left_out'][0]}")
    if figures_file is not None:
        write_json(figures_file, figures)
    if report is not None:
        _write_report(report, evaluation, figures)
    if as_json:
        console.print_json(figures)
        return
    _show(figures)
    if report is not None:
        console.show(str(report / "index.html"))


def _sorted(data: list[Path], sections: list[str]) -> tuple[list[Path], dict[str, list[Path]]]:
    """Data sets, and the recordings for a section that takes some: the one that is wanted, or else `translation`.

    Raises:
        UsageError: no recording where only that section is wanted, or no such file.
    """
    from nsynth_lab.dataset.notes import EXAMPLES
    from nsynth_lab.evaluate.translations import phrases_in

    alone = sections[0] if len(sections) == 1 and sections[0] in OF_RECORDINGS else ""
    others = [path for path in data if not (path / EXAMPLES).is_file()]
    if alone and not others:
        raise UsageError(f"{data[0]}: a data set; {alone} takes recorded {OF_RECORDINGS[alone]}, or folders of them")
    if not alone and (TRANSLATION not in sections or len(others) == len(data)):
        return data, {}
    return [path for path in data if path not in others], {alone or TRANSLATION: phrases_in(others)}


def _write_report(folder: Path, evaluation: Evaluation, figures: dict[str, Any]) -> None:
    from nsynth_lab.evaluate.report import choose_examples, write_report

    examples = choose_examples(evaluation.errors)
    with console.progress(len(examples), "notes", "evaluating: report") as advance:
        write_report(folder, figures, examples, evaluation.setup, translations=evaluation.translations, advance=advance)


def _show(figures: dict[str, Any]) -> None:
    """Print a line per metric with the means of the peers beside it, then a table by family."""
    from rich.table import Table

    from nsynth_lab.evaluate.page import COLUMNS, as_words, format_figure, goal_of, metrics_of, peers_of, shares_of

    for name, section in figures.items():
        found = dict(metrics_of(section)) if isinstance(section, dict) and name != "peers" else {}
        if found:
            peers = peers_of(figures, name)
            goals = ["goal"] if any("goal" in one for one in found.values()) else []
            table = Table(as_words(name), *COLUMNS, *goals, "", *map(as_words, peers), box=None, header_style="bold")
            for metric, one in found.items():
                if not metric.startswith(("up_", "down_")):  # these are only on the page
                    numbers = (format_figure(one.get(column)) for column in COLUMNS)
                    beside = (means.get(metric, "") for means in peers.values())
                    goal = [goal_of(one)] * len(goals)
                    table.add_row(f"  {as_words(metric)}", *numbers, *goal, shares_of(one), *beside)
            console.show(table)
    _show_families(figures)
    error_db = figures.get("reconstruction", {}).get("mel_error_db", {}).get("median")
    if error_db is not None:
        console.show(f"median mel error {error_db:.2f} dB: {quality_of_error(error_db)}")
    console.show(f"{figures['notes']} notes, model {figures['model']}; {len(figures['left_out'])} left out")


def _show_families(figures: dict[str, Any]) -> None:
    from rich.table import Table

    columns = {
        "mel error dB": figures.get("reconstruction", {}).get("mel_error_db", {}),
        "7 semitones away": figures.get("transposition", {}).get("semitones_7_mel_error_db", {}),
    }
    kept = {title: metric["by_family"] for title, metric in columns.items() if metric}
    if kept:
        table = Table("family", *kept, box=None, header_style="bold")
        for family in sorted({family for values in kept.values() for family in values}):
            table.add_row(family, *(f"{values[family]:.2f}" if family in values else "" for values in kept.values()))
        console.show(table)
