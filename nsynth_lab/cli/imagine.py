"""`nsynth-lab imagine`: instruments that nobody recorded, into your bank."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import completions, console
from nsynth_lab.cli.options import CheckpointOption, ForceOption, JsonOption, PlotOption, SeedOption

if TYPE_CHECKING:
    from nsynth_lab.imagine.choose import Imagined

MOST_AMOUNT, MOST_COUNT = 3.0, 100
Named = list[tuple[str, "Imagined"]]


def _amount(name: str, told: str) -> Any:
    return typer.Option(f"--{name}", min=-MOST_AMOUNT, max=MOST_AMOUNT, help=told)


OutputOption = Annotated[
    str, typer.Option("--output", "-o", help="Name of the new instrument in your bank; several are numbered.")
]
FamilyOption = Annotated[
    str,
    typer.Option(
        "--family",
        help="Instrument family that it should sound like, such as reed.",
        show_default="that of --like",
        autocompletion=completions.families,
    ),
]
LikeOption = Annotated[
    str,
    typer.Option(
        "--like",
        help="One to three instruments that it takes after, such as oboe,clarinet.",
        show_default="drawn from the family",
        autocompletion=completions.instrument_list,
    ),
]
BrighterOption = Annotated[
    float, _amount("brighter", "Brighter or, below 0, darker. 1 raises the centroid by 0.4 octaves.")
]
AiryOption = Annotated[float, _amount("airy", "More breath and noise; 1 is 6 dB.")]
HollowOption = Annotated[float, _amount("hollow", "More of the odd partials, as in a clarinet; 1 is 5 dB.")]
NasalOption = Annotated[float, _amount("nasal", "More between 1 and 2 kHz than in the octaves beside; 1 is 6 dB.")]
PercussiveOption = Annotated[
    float, _amount("percussive", "Begins and dies away faster or, below 0, slower; 1 is 8 dB in half a second.")
]
CountOption = Annotated[int, typer.Option("--count", min=1, max=MOST_COUNT, help="How many instruments.")]


def imagine(
    output: OutputOption,
    family: FamilyOption = "",
    like: LikeOption = "",
    brighter: BrighterOption = 0.0,
    airy: AiryOption = 0.0,
    hollow: HollowOption = 0.0,
    nasal: NasalOption = 0.0,
    percussive: PercussiveOption = 0.0,
    count: CountOption = 1,
    plot: PlotOption = None,
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Imagine instruments that nobody recorded, and add them to your bank, to blend, play and pack by their names.

    Each is made from one to three instruments of a family. Their recorded notes are blended, and the timbre of all of
    them is moved in the same way, about as far as members of the family differ. Up to twenty are tried, and the first
    is taken that at three keys sounds like one of the family, at the right pitch, and copies no real instrument.
    Changes such as --brighter are measured on the sound, and corrected once.

    **Examples**

        nsynth-lab imagine --family reed -o "new reed"

        nsynth-lab imagine --family reed --like oboe --brighter 0.5 --percussive 1 --count 8 -o "new reed"

        nsynth-lab imagine --like cello,viola --airy 1 -o "old viol" --plot viol.png

        nsynth-lab blend "new reed 1" flute -o between.wav
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.imagine.candidate import MOST_PARENTS
    from nsynth_lab.naming import checked_name
    from nsynth_lab.render.output_paths import PICTURE_ENDINGS, check_outputs, check_sources
    from nsynth_lab.wording import listed

    name = checked_name(output)
    names = [name] if count == 1 else [checked_name(f"{name} {number}") for number in range(1, count + 1)]
    check_outputs([plot] if plot else [], endings=PICTURE_ENDINGS, force=force)
    _check_family(family)
    if not family and not listed(like):
        raise UsageError("nothing says what to imagine; give --family, or --like and instruments")
    if len(listed(like)) > MOST_PARENTS:
        raise UsageError(f"--like names {len(listed(like))} instruments; expected at most {MOST_PARENTS}")
    check_sources(listed(like), checkpoint)
    _check_free(names, checkpoint, force=force)
    amounts = {
        "brighter": brighter, "airy": airy, "hollow": hollow, "nasal": nasal, "percussive": percussive,
    }  # fmt: skip
    wanted = {word: amount for word, amount in amounts.items() if amount}
    paths, made, family = _made(names, family, listed(like), wanted, checkpoint, seed, plot, force)
    _report(made, family, paths, plot, as_json=as_json, seed=seed)


def _made(
    names: Sequence[str],
    family: str,
    like: Sequence[str],
    amounts: dict[str, float],
    checkpoint: Path | None,
    seed: int,
    plot: Path | None,
    force: bool,
) -> tuple[list[Path], Named, str]:
    """The files, the instruments, and the family. Nothing is written before all of them are imagined."""
    import numpy as np

    from nsynth_lab.imagine.keep import keep_imagined
    from nsynth_lab.imagine.opening import imagination
    from nsynth_lab.render import Session

    session = Session(checkpoint, device="cpu", seed=seed)
    bank = session.bank
    parents = [bank.find(name).instrument for name in like]
    family = family or parents[0].family
    liked = [one.name for one in parents]
    imagining = imagination(session.folder, bank, session.checkpoint, progress=console.progress)
    made: Named = []
    with console.progress(len(names), "instruments", "imagining") as advance:
        for number, name in enumerate(names):
            rng = np.random.default_rng([seed, number])
            made.append((name, imagining.imagine(family, rng, like=liked, amounts=amounts)))
            advance()
    if plot is not None:
        from nsynth_lab.imagine.pictures import draw_imagined

        draw_imagined(plot, imagining, made, title="Imagined, beside their parents", force=True)
    asked = {"family": family, "like": liked, **amounts, "model": session.checkpoint.model_id, "seed": seed}
    paths = [
        keep_imagined(bank, one, name, family, asked={**asked, "number": number}, force=force)
        for number, (name, one) in enumerate(made, 1)
    ]
    return paths, made, family


def _check_family(family: str) -> None:
    from nsynth_lab.errors import UsageError
    from nsynth_lab.note import FAMILIES

    if family and family not in FAMILIES:
        raise UsageError(f"--family '{family}'; expected one of {', '.join(FAMILIES)}")


def _check_free(names: Sequence[str], checkpoint: Path | None, *, force: bool) -> None:
    """Refuse names that are taken: those of the checkpoint in any case, the user's own without `force`."""
    from nsynth_lab.errors import UsageError
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, bank_names, user_instrument_names
    from nsynth_lab.naming import folded

    own = user_instrument_names()
    real = set(map(folded, bank_names(checkpoint or DEFAULT_CHECKPOINT)))
    for name in names:
        if folded(name) in real:
            raise UsageError(f"'{name}' is an instrument of the checkpoint; choose another name after -o")
        if folded(name) in own and not force:
            raise UsageError(f"'{name}' is in your bank already; add --force to replace it, or choose another name")


def _report(made: Named, family: str, paths: Sequence[Path], plot: Path | None, *, as_json: bool, seed: int) -> None:
    import shlex
    import statistics

    if as_json:
        from dataclasses import asdict

        rows = [
            {"name": name, "file": path, "passes": one.passes, **asdict(one)}
            for (name, one), path in zip(made, paths, strict=True)
        ]
        console.print_json({"family": family, "seed": seed, "instruments": rows, "plot": plot})
        return
    from rich.table import Table

    table = Table(
        "instrument", "parents", f"heard as {family}", "nearest real", "changed", "drawn", box=None, header_style="bold"
    )
    for name, one in made:
        changed = ", ".join(f"{word} {_signed(word, by)}" for word, by in one.changed.items())
        near = f"{statistics.median(one.ratios):.2f}"
        heard = f"{100 * one.recognition.family:.0f} %"
        table.add_row(name, one.candidate.descent, heard, near, changed, str(one.tried))
    console.show(table)
    if doubtful := [name for name, one in made if not one.passes]:
        console.say(
            f"none of those tried for {', '.join(doubtful)} sounds like {family} at all three keys, at the right "
            "pitch, and unlike every real instrument; the best was taken. Try smaller changes, or another --seed"
        )
    for path in paths:
        console.show(str(path))
    console.show(f"blend it: nsynth-lab blend {shlex.quote(made[0][0])} flute -o between.wav")


def _signed(word: str, by: float) -> str:
    return f"{by:+.2f} octaves" if word == "brighter" else f"{by:+.1f} dB"
