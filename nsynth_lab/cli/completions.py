"""What the shell offers when Tab is pressed: instruments, presets, families and other names, from headers alone.

Each function is given what was typed of a word and returns what it may become. Nothing here may be slow, say anything
or fail: what cannot be read has no names.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import typer

from nsynth_lab.errors import NsynthLabError

BASH = {"_NSYNTH_LAB_COMPLETE": "complete_bash"}
SPECIAL = re.compile(r"([^\w@%+=:,./-])")


def instruments(context: typer.Context, incomplete: str) -> list[str]:
    """Instruments of the bank and the user's own; `choir aahs` as `choir-aahs`, which needs no quotes."""
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, known_names

    folder = Path(context.params.get("checkpoint") or DEFAULT_CHECKPOINT)
    return _beginning(incomplete, _tried(lambda: known_names(folder)))


def instrument_list(context: typer.Context, incomplete: str) -> list[str]:
    """Instruments separated by commas: the last of them."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in instruments(context, last)]


def own_instruments(incomplete: str) -> list[str]:
    """The user's own instruments."""
    from nsynth_lab.model.banks import user_instrument_names

    return _beginning(incomplete, _tried(lambda: [name for name, _ in user_instrument_names().values()]))


def presets(incomplete: str) -> list[str]:
    """Presets, the factory's and the user's own."""
    from nsynth_lab.patch.library import preset_files

    return _beginning(incomplete, _tried(lambda: [path.stem for path in preset_files()]))


def presets_and_instruments(context: typer.Context, incomplete: str) -> list[str]:
    """What the panel takes: a preset alone, or instruments."""
    more = [] if context.params.get("what") else presets(incomplete)
    return sorted({*more, *instruments(context, incomplete)})


def own_presets(incomplete: str) -> list[str]:
    """The user's own presets."""
    from nsynth_lab.patch.own_presets import own_files

    return _beginning(incomplete, _tried(lambda: [path.stem for path in own_files()]))


def tags(incomplete: str) -> list[str]:
    """Tags that presets have."""
    from nsynth_lab.patch.library import presets as entries

    return _beginning(incomplete, _tried(lambda: {tag for one in entries() if one.patch for tag in one.patch.tags}))


def families(incomplete: str) -> list[str]:
    """Families of instruments."""
    from nsynth_lab.note import INSTRUMENT_FAMILIES

    return _beginning(incomplete, INSTRUMENT_FAMILIES)


def plugins(incomplete: str) -> list[str]:
    """Plugins that have been scanned."""
    from nsynth_lab.effects import scanned_plugins

    return _beginning(incomplete, _tried(lambda: [one.name for one in scanned_plugins() if not one.error]))


def parameters(incomplete: str) -> list[str]:
    """Parameters of the synth, for `--learn`."""
    from nsynth_lab.synth.parameter_words import WORDS

    return _beginning(incomplete, WORDS)


def settings(incomplete: str) -> list[str]:
    """Parameters of the synth and their `=`, for `--set`."""
    return [f"{name}=" for name in parameters(incomplete)] if "=" not in incomplete else []


def words(*choices: str) -> Callable[[str], list[str]]:
    """A function that offers fixed words."""
    return lambda incomplete: _beginning(incomplete, choices)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    """Those that may be meant; with spaces only where one has been typed, and none that reads as an option."""
    shown = names if " " in incomplete else (name.replace(" ", "-") for name in names)
    return sorted({name for name in shown if name.startswith(incomplete) and not name.startswith("-")})


def _tried(look: Callable[[], Iterable[str]]) -> list[str]:
    with suppress(NsynthLabError, OSError):
        return list(look())
    return []


@contextmanager
def escaped_for_bash() -> Iterator[None]:
    """Where bash asks: print what the shell would take for its own signs behind backslashes, which bash does not add.

    Inside quotes that were opened nothing needs them.
    """
    if any(os.environ.get(name) != value for name, value in BASH.items()):
        yield
        return
    typed = os.environ.get("COMP_WORDS", "").split("\n")[-1]
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            yield
    finally:
        text = said.getvalue()
        sys.stdout.write(text if typed[:1] in ("'", '"') else escaped(text))


def escaped(text: str) -> str:
    r"""Lines whose words bash takes as they are.

    >>> escaped("grandma's-zither\ncello")
    "grandma\\'s-zither\ncello"
    """
    return "\n".join(SPECIAL.sub(r"\\\1", line) for line in text.split("\n"))
