"""`nsynth-lab score`: a tune engraved, or written in another notation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import ForceOption, JsonOption
from nsynth_lab.cli.tune_options import checked_key, checked_metre
from nsynth_lab.errors import UsageError

TuneArgument = Annotated[
    Path, typer.Argument(help="A tune: ABC, MIDI or MusicXML (also compressed, .mxl).", metavar="TUNE")
]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", help="Where to write; the ending is the format: see below.")
]
NumberOption = Annotated[str, typer.Option("--number", help="Which tune of a book of ABC, as after its X:.")]
MetreOption = Annotated[
    str,
    typer.Option(
        "--metre",
        callback=checked_metre,
        help="The metre of a MIDI file, such as 6/8.",
        show_default="what it says, or found",
    ),
]
KeyOption = Annotated[
    str,
    typer.Option(
        "--key",
        callback=checked_key,
        help="The key of a MIDI file, such as Edor.",
        show_default="what it says, or found",
    ),
]
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".aiff")


def score(
    tune: TuneArgument,
    output: OutputOption,
    number: NumberOption = "",
    metre: MetreOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Engrave a tune, or write it in another notation.

    .svg, .pdf and .png are engraved by verovio (`pip install 'nsynth-lab[score]'`; without it a piano roll is drawn,
    and said); .musicxml goes to notation programs, .abc to folk tune collections, .mid to everything that plays. Of a
    MIDI file the metre, key, upbeat and form are found and said; of several voices the highest line is taken. What a
    format cannot hold is said, a line each. `nsynth-lab render tune.abc flute cello -o tune.wav` plays a tune.

    **Examples**

        nsynth-lab score tune.abc -o tune.svg

        nsynth-lab score tune.mid --metre 6/8 --key Edor -o tune.abc

        nsynth-lab score book.abc --number 12 -o tune.pdf
    """
    from nsynth_lab.audio import check_target
    from nsynth_lab.melody.bar_lines import BarLines
    from nsynth_lab.tune.files import ENDINGS, read_tune, write_tune
    from nsynth_lab.tune.form import form
    from nsynth_lab.tune.key import parse_key
    from nsynth_lab.tune.metre import parse_metre
    from nsynth_lab.wording import counted

    ending = output.suffix.lower()
    if ending in SOUNDS:
        raise UsageError(f"{output}: a score is silent; `nsynth-lab render {tune} flute -o {output}` plays it")
    if ending not in ENDINGS:
        raise UsageError(f"{output}: unknown ending '{output.suffix}'; expected {', '.join(ENDINGS)}")
    check_target(output, force=force)
    if output.exists() and tune.exists() and output.samefile(tune):
        raise UsageError(f"{output}: is the tune itself; choose another name")
    asked_metre = parse_metre(metre) if metre else None
    asked_key = parse_key(key) if key else None
    read = read_tune(tune, number=number, metre=asked_metre, key=asked_key, finder=BarLines())
    for line in read.lines:
        console.say(f"{tune}: {line}")
    for line in write_tune(read.tune, output):
        console.say(f"{output}: {line}")
    found = read.tune
    report = {
        "file": str(output),
        "title": found.title,
        "key": found.key.name,
        "metre": found.metre.name if found.metre else "free",
        "upbeat": str(found.upbeat),
        "form": form(found),
        "bars": len(found.bars),
        "notes": found.notes,
        "told": list(read.lines),
    }
    if as_json:
        console.print_json(report)
        return
    form_said = f", form {report['form']}" if len(str(report["form"])) > 1 else ""
    console.show(
        f"{found.title or 'untitled'}: {report['key']}, {report['metre']}{form_said}, "
        f"{counted(len(found.bars), 'bar')}, {counted(found.notes, 'note')}"
    )
    console.show(str(output))
