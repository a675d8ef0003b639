"""`nsynth-lab bank`: your own instruments; and the bank of a checkpoint."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from nsynth_lab.cli import completions, console, train
from nsynth_lab.cli.options import CheckpointOption, ForceOption, JsonOption, OwnName, RoundsOption
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.wording import quality_of_error

if TYPE_CHECKING:
    from nsynth_lab.model.user_bank import UserInstrument

BUILD = "build"


class BankGroup(TyperGroup):
    """A group in which `bank DATA...` still means `bank build DATA...`, as in earlier versions."""

    default_command = BUILD

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command if the arguments start with neither a command of the group nor a help option."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=BankGroup,
    no_args_is_help=True,
    help="Your own captured instruments, and the bank of a checkpoint.",
    epilog="Add one: `nsynth-lab capture SOURCE --name NAME`.",
)
app.command(BUILD)(train.build_bank)
app.command("detail")(train.add_details)


@app.command("list")
def list_owned(as_json: JsonOption = False) -> None:
    """List your own instruments.

    **Example**: `nsynth-lab bank list`
    """
    from nsynth_lab.errors import CheckpointError
    from nsynth_lab.model.user_bank import read_user_instrument, user_instrument_files

    rows = []
    for path in user_instrument_files():
        try:
            rows.append(_summary(read_user_instrument(path)))
        except CheckpointError as error:
            console.say(f"left out: {error}")
    if as_json:
        console.print_json(rows)
        return
    if not rows:
        console.say("you have none yet: `nsynth-lab capture SOURCE --name NAME`")
    from rich.table import Table

    table = Table(
        "instrument", "family", "notes", "error dB", "source", "licence", "model", box=None, header_style="bold"
    )
    for row in rows:
        shown = "" if row["mean_error_db"] is None else f"{row['mean_error_db']:.2f}"
        words = (row["name"], row["family"], str(row["zones"]), shown, row["source"], row["licence"], row["model"])
        table.add_row(*words)
    console.show(table)


@app.command()
def show(
    name: OwnName,
    as_json: JsonOption = False,
) -> None:
    """Show where one of your instruments came from, and how well each of its notes was reconstructed.

    **Example**: `nsynth-lab bank show "my strings"`
    """
    from nsynth_lab.model.banks import check_user_instrument

    check_user_instrument(name)

    from nsynth_lab.model.user_bank import find_user_instrument
    from nsynth_lab.note import UNPITCHED_FAMILIES

    owned = find_user_instrument(name)
    summary = _summary(owned)
    notes = _notes(owned)
    if as_json:
        console.print_json({**summary, "capture": owned.capture})
        return
    for key, value in summary.items():
        if value is not None:  # an imagined instrument has no error of reconstruction
            has_pitch = summary["family"] not in UNPITCHED_FAMILIES
            words = f" ({quality_of_error(value, has_pitch=has_pitch)})" if key == "mean_error_db" else ""
            console.show(f"{key}: {value}{words}")
    if not notes:
        return
    from rich.table import Table

    table = Table("note", "velocity", "mel error dB", "", box=None, header_style="bold")
    for note in notes:
        error = note.get("error_db")
        shown = f"{error:.2f}" if isinstance(error, float) else ""
        table.add_row(_text(note.get("note")), _text(note.get("velocity")), shown, _text(note.get("left_out")))
    console.show(table)


@app.command("map")
def draw_map(
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture: .png, .svg or .pdf.")],
    checkpoint: CheckpointOption = None,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Draw a map of all instruments, on which those that sound alike lie close together.

    Your own have a ring, imagined ones among them. Those of the checkpoint always keep their places. --json prints
    the place of each.

    **Example**: `nsynth-lab bank map -o map.png`
    """
    from nsynth_lab.render.output_paths import PICTURE_ENDINGS, check_outputs

    check_outputs([output], endings=PICTURE_ENDINGS, force=force)

    from dataclasses import asdict

    from nsynth_lab.imagine.sound_map import draw_map as draw
    from nsynth_lab.imagine.sound_map import sound_map
    from nsynth_lab.render import Session

    session = Session(checkpoint, device="cpu")
    places = sound_map(session.folder, session.bank, session.checkpoint, progress=console.progress)
    draw(output, places)
    if as_json:
        console.print_json({"file": output, "instruments": [asdict(place) for place in places]})
        return
    own = sum(place.own for place in places)
    console.show(f"{len(places)} instruments, {own} of them yours")
    console.show(str(output))


@app.command()
def remove(
    names: Annotated[
        list[str], typer.Argument(help="Instruments of yours.", autocompletion=completions.own_instruments)
    ],
) -> None:
    """Delete instruments from your bank.

    **Example**: `nsynth-lab bank remove "my strings"`
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.model.banks import check_user_instrument

    for name in names:
        check_user_instrument(name)

    from nsynth_lab.model.user_bank import user_instrument_path

    paths = [user_instrument_path(name) for name in names]
    for name, path in zip(names, paths, strict=True):
        if not path.is_file():
            raise UsageError(f"'{name}' is not one of your instruments (`nsynth-lab bank list`)")
    for path in dict.fromkeys(paths):
        path.unlink()
        console.show(f"removed {path}")


@app.command("export")
def export_owned(
    name: OwnName,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it, such as strings.safetensors.")],
    force: ForceOption = False,
) -> None:
    """Write one of your instruments to a file, for another machine or another person. Mind its licence.

    **Example**: `nsynth-lab bank export "my strings" -o strings.safetensors`
    """
    from nsynth_lab.audio import check_target
    from nsynth_lab.model.banks import check_user_instrument

    check_user_instrument(name)
    check_target(output, force=force)

    from nsynth_lab.model.user_bank import export_file

    console.show(str(export_file(name, output, force=force)))


@app.command("import")
def import_owned(
    files: Annotated[list[Path], typer.Argument(help="Files that `bank export` has written.")],
    force: ForceOption = False,
) -> None:
    """Add exported instruments to your bank.

    **Example**: `nsynth-lab bank import strings.safetensors`
    """
    from nsynth_lab.model.user_bank import import_file

    for file in files:
        owned = import_file(file, force=force)
        console.show(f"{owned.name}: {owned.path}")


@app.command()
def reencode(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Instruments of yours; all of the old model if none.", autocompletion=completions.own_instruments
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    from_checkpoint: Annotated[
        str,
        typer.Option("--from-checkpoint", help="The checkpoint that instruments come from; or default."),
    ] = "default",
    rounds: RoundsOption = ROUNDS,
) -> None:
    """Re-encode your own instruments for another checkpoint, to which they then belong.

    They are decoded by the checkpoint that they were captured with, which must exist here; export those first that you
    want to keep for it. For the whole bank of a checkpoint together with your own, use `nsynth-lab bank build`.

    **Example**: `nsynth-lab bank reencode "my strings" --checkpoint runs/mine`
    """
    from nsynth_lab.errors import CheckpointError, UsageError
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, check_user_instrument
    from nsynth_lab.model.headers import model_of

    old = DEFAULT_CHECKPOINT if from_checkpoint == "default" else Path(from_checkpoint)
    new, model = checkpoint or DEFAULT_CHECKPOINT, model_of(old)
    if model == model_of(new):
        raise UsageError(
            f"{new} and {old} are the same model; name the other one with --from-checkpoint or --checkpoint"
        )
    for name in names or ():
        check_user_instrument(name)

    from nsynth_lab.capture.reencode import reencode_bank
    from nsynth_lab.model.user_bank import find_user_instrument, keep, read_user_instrument, user_instrument_files

    chosen = [find_user_instrument(name) for name in names or ()]
    for owned in chosen:
        if owned.bank.model_id != model:
            raise UsageError(
                f"'{owned.name}' was captured with model {owned.bank.model_id}, {old} is model {model}; name the "
                "checkpoint of that model with --from-checkpoint"
            )
    if not names:
        for path in user_instrument_files():
            with suppress(CheckpointError):
                chosen.append(read_user_instrument(path))
        chosen = [owned for owned in chosen if owned.bank.model_id == model]
    with console.progress(sum(len(owned.bank.zones) for owned in chosen), "notes", "encoding") as advance:
        for owned in chosen:
            bank = reencode_bank(owned.bank, old, new, rounds=rounds, progress=lambda: advance(1))
            console.show(str(keep(bank, {**owned.capture, "reencoded_from": model}, force=True)))


def _summary(owned: UserInstrument) -> dict[str, Any]:
    entry, recipe = owned.entry, owned.capture.get("recipe")
    recipe = recipe if isinstance(recipe, dict) else {}
    errors = [note["error_db"] for note in _notes(owned) if isinstance(note.get("error_db"), float)]
    parents = recipe.get("parents")
    like = " + ".join(map(_text, parents[:8])) if isinstance(parents, list) else ""
    what = recipe.get("file") or recipe.get("plugin") or recipe.get("folder") or like
    return {
        "name": owned.name,
        "family": entry.instrument.family,
        "zones": len(entry.zones),
        "mean_error_db": round(sum(errors) / len(errors), 3) if errors else None,
        "source": f"{_text(recipe.get('source'))} {_text(what)}".strip(),
        "licence": _text(entry.licence),
        "attribution": _text(entry.attribution),
        "model": _text(owned.bank.model_id),
        "file": str(owned.path),
    }


def _notes(owned: UserInstrument) -> list[dict[str, Any]]:
    notes = owned.capture.get("notes")
    return [note for note in notes if isinstance(note, dict)][:1000] if isinstance(notes, list) else []


def _text(value: object) -> str:
    """Text from an untrusted file, safe to print."""
    return "".join(letter for letter in str("" if value is None else value)[:200] if letter.isprintable())
