"""The command line: one thin function per command, parse -> one call -> exit code.

`COMMANDS` and `GROUPS` are the whole list, each name with its module in this room and its function there. `run` is
the only place that turns an exception into a line on stderr and an exit code:

    0    done
    1    the work failed                       errors.NsynthLabError, or a defect of ours
    2    the request cannot be met as put      errors.UsageError, or typer's own
    130  interrupted                           Ctrl-C

This module and every command module import fast and without torch; a command's module is imported when it is called
or listed, and what it needs, inside its function.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup
from typer.main import get_group

from nsynth_lab import messages
from nsynth_lab.cli import completions, console, old_names
from nsynth_lab.errors import NsynthLabError

COMMANDS = (
    ("instruments", "instruments.instruments"),
    ("blend", "blend.blend"),
    ("capture", "capture.capture"),
    ("pack", "pack.pack"),
    ("export", "export.export"),
    ("encode", "codec.encode"),
    ("decode", "codec.decode"),
    ("play", "play.play"),
    ("panel", "panel.panel"),
    ("render", "render.render"),
    ("translate", "translate.translate"),
    ("score", "score.score"),
    ("tones", "tones.tones"),
    ("compose", "compose.compose"),
    ("loops", "loops.loops"),
    ("loops play", "loops_play.play"),
    ("duet", "duet.duet"),
    ("evolve", "evolve.evolve"),
    ("imagine", "imagine.imagine"),
    ("recipe", "recipe.show"),
    ("devices", "devices.devices"),
    ("train", "train.train"),
    ("evaluate", "evaluate.evaluate"),
    ("ablate", "ablate.ablate"),
    ("bench", "bench.bench"),
    ("doctor", "doctor.doctor"),
)
GROUPS = (
    ("preset", "preset.app"),
    ("plugins", "plugins.app"),
    ("plugin", "plugin.app"),
    ("bank", "bank.app"),
    ("dataset", "dataset.app"),
)

WITH_TABLE = ("play", "loops play", "duet", "render")  # whose help lists what `--set` takes
OF_TWO_WORDS = {tuple(name.split()): name for name, _ in COMMANDS if " " in name}

FAILED, INTERRUPTED = 1, 130
DEBUG = "NSYNTH_LAB_DEBUG"
MARKUP: Literal["markdown"] = "markdown"


class Commands(Mapping[str, Any]):
    """All commands by name, each imported when it is asked for: whoever calls one does not wait for the others."""

    def __init__(self) -> None:
        self._places = dict((*COMMANDS, *GROUPS))
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _command(name, self._places[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _command(name: str, place: str) -> Any:
    """The command, or the group of commands, that stands at `place`: its module and its name there."""
    module, _, attribute = place.partition(".")
    found = getattr(import_module(f"{__name__}.{module}"), attribute)
    alone = typer.Typer(rich_markup_mode=MARKUP)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        from nsynth_lab.cli.playing import PlayingCommand

        alone.command(name, cls=PlayingCommand if name in WITH_TABLE else None)(found)
    return get_group(alone).commands[name]


class Root(TyperGroup):
    """All commands; old names of options are translated, with a message."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.commands: Any = Commands()

    def list_commands(self, _: Any) -> list[str]:
        """Their names."""
        return list(self.commands)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the new names of options in the place of old ones."""
        if joined := OF_TWO_WORDS.get(tuple(args[:2])):
            args = [joined, *args[2:]]
        words, renamed = old_names.with_new_names(self, args)
        for row in renamed if not ctx.resilient_parsing else ():  # the shell only asks how a word may go on
            console.say(row.hint)
        return super().parse_args(ctx, words)


app = typer.Typer(
    cls=Root,
    name="nsynth-lab",
    no_args_is_help=True,
    rich_markup_mode=MARKUP,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every command explains itself: `nsynth-lab COMMAND --help`. Start with `nsynth-lab doctor`.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from nsynth_lab.version import __version__

        typer.echo(f"nsynth-lab {__version__}")
        raise typer.Exit()


@app.callback()
def nsynth_lab(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Blend recorded instruments and decode the blend to 48 kHz audio."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; an error is one line on stderr, never a traceback."""
    messages.subscribe(console.say)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what it cannot hold, such as a name that is not UTF-8, is shown
            stream.reconfigure(errors="backslashreplace")
    try:
        with completions.escaped_for_bash():
            app(list(arguments), prog_name="nsynth-lab")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else FAILED if end.code else 0
        if code == INTERRUPTED:
            console.fail("interrupted")
        return code
    except KeyboardInterrupt:
        console.fail("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return FAILED
    except NsynthLabError as error:
        if os.environ.get(DEBUG):
            raise
        console.fail(f"error: {error}")
        return error.exit_code
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        console.mute(False)
        console.fail(
            f"error: unexpected {type(error).__name__}: {error} "
            f"(a defect of nsynth-lab: run again with {DEBUG}=1 to see where, and report it)"
        )
        return FAILED
    return 0


def _silence_stdout() -> None:
    """The reader of our output went away (`| head`): keep the interpreter from complaining when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
