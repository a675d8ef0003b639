"""`nsynth-lab export`: the decoder with chosen instruments inside, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import completions, console
from nsynth_lab.cli.options import CheckpointOption, ForceOption, JsonOption
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.runtime.export.make import Checked

ENDINGS = {"nn~": ".ts", "onnx": ".onnx"}

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="1 to 32 instruments of the bank; the first four stand at the corners.",
        metavar="NAMES...",
        autocompletion=completions.instruments,
    ),
]
ToOption = Annotated[
    str, typer.Option("--to", help="nn~ (.ts) or onnx (.onnx).", show_default="what the ending of the file says")
]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write, such as blend.ts.")]
CheckOption = Annotated[
    Path | None, typer.Option("--check", help="Instead: whether an exported file plays its golden sound here.")
]


def export(
    names: NamesArgument = None,
    to: ToOption = "",
    output: OutputOption = None,
    check: CheckOption = None,
    checkpoint: CheckpointOption = None,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Export the decoder with instruments of the bank inside, for nn~ or for ONNX.

    Both play one voice from four controls, 93.75 times a second: f0 in Hz (0 for silence), loudness in dB (A-weighted,
    -100 to 20), and x and y, the place between four corners. They give stereo at 48 kHz.

    **nn~** plays the .ts file in Max, Pure Data and SuperCollider, in buffers of 512 samples or more. Its attributes
    are `instruments`, four names with `_` for a space, and `transpose` in semitones. At another sample rate it stays
    in tune.

    **ONNX** holds one frame: the state goes in and comes out, and begins with zeros. Writing it takes the package onnx:
    `pip install 'nsynth-lab[onnx]'`.

    Timbre, partials and details come from the bank; level and vibrato are the player's. A golden sound inside each file
    shows whether it plays right, here (`--check`) or anywhere. Check only files that you trust: a .ts file is a
    program.

    **Examples**

        nsynth-lab export flute cello "reed organ" --to nn~ -o blend.ts

        nsynth-lab export flute cello -o blend.onnx

        nsynth-lab export --check blend.ts
    """
    if check is not None:
        if names or to or output is not None:
            raise UsageError("--check goes with nothing else but --json")
        from nsynth_lab.runtime.export.make import check_export

        _show(check_export(check), "plays its golden sound", as_json=as_json)
        return
    if not names or output is None:
        raise UsageError("name the instruments and the file: nsynth-lab export flute cello -o blend.ts")
    kind = _kind(to, output)

    from nsynth_lab.audio import check_target
    from nsynth_lab.render import Session
    from nsynth_lab.runtime.export.make import write_export

    check_target(output, force=force)
    session = Session(checkpoint, progress=console.progress)
    made = write_export(output, kind, session.checkpoint, session.bank, names)
    _show(made, "written, and plays its golden sound", as_json=as_json)


def _kind(to: str, output: Path) -> str:
    ending = output.suffix.lower()
    kind = to or next((kind for kind, own in ENDINGS.items() if own == ending), "")
    if kind not in ENDINGS:
        what = f"--to '{to}'" if to else f"{output}: unknown ending '{output.suffix}'"
        raise UsageError(f"{what}; expected {' or '.join(f'{kind} ({own})' for kind, own in ENDINGS.items())}")
    if ending != ENDINGS[kind]:
        raise UsageError(f"{output}: files for {kind} end in {ENDINGS[kind]}")
    return kind


def _show(checked: Checked, how: str, *, as_json: bool) -> None:
    about = checked.about
    if as_json:
        told: dict[str, Any] = {
            "file": str(checked.path),
            "instruments": dict(zip(about.instruments, about.credits, strict=False)),
            "model": about.model,
            "needs": about.needs,
            "made_by": about.made_by,
            "golden_error_db": round(checked.error_db, 1),
            "bytes": checked.path.stat().st_size,
        }
        console.print_json(told)
        return
    console.say(
        f"{', '.join(about.instruments)}, model {about.model}, {checked.path.stat().st_size / 2**20:.1f} MiB: {how} "
        f"({checked.error_db:.0f} dB off)"
    )
    console.show(str(checked.path))
