"""Options that have been renamed: the old name still works for one release, with a line that says the new one.

`RENAMED` is the whole list. A command declares its options by their new names alone; before a command line is read,
`with_new_names` puts these in the place of the old ones. Where an old name lives on with another meaning, `value` tells
the two apart: it is what the old meaning took.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nsynth_lab.wording import renamed

EVERYWHERE = "*"


@dataclass(frozen=True)
class Renamed:
    """An option that had another name, in one command or in all that have the new one.

    Attributes:
        command: its words, such as `dataset soundfont`; `*` is every command that has the new option.
        old: the name it had.
        new: the name it has.
        value: a pattern; only a value that fits it whole shows that the old meaning is meant. Empty: any, or none.
    """

    command: str
    old: str
    new: str
    value: str = ""

    @property
    def hint(self) -> str:
        """Message for somebody who typed the old name."""
        return renamed(self.old, self.new)


RENAMED = (
    Renamed(EVERYWHERE, "--device", "--compute"),  # --device is the audio output, and that is play's
    Renamed("ablate", "--processes", "--jobs"),
    Renamed("bank build", "--processes", "--jobs"),
    Renamed("bench", "--json", "--figures", value=r".*\.json"),
    Renamed("capture", "--seconds", "--duration"),
    Renamed("dataset check", "--at-most", "--limit"),
    Renamed("dataset check", "--listen", "--audio"),
    Renamed("dataset check", "--no-listen", "--no-audio"),
    Renamed("dataset folder", "--all", "--show-all"),
    Renamed("dataset folder", "--max-seconds", "--max-duration"),
    Renamed("dataset folder", "--out", "--output"),
    Renamed("dataset soundfont", "--max-seconds", "--max-duration"),
    Renamed("dataset soundfont", "--out", "--output"),
    Renamed("encode", "--note", "--source-note"),
    Renamed("encode", "--velocity", "--source-velocity"),
    Renamed("evaluate", "--json", "--figures", value=r".*\.json"),
    Renamed("pack", "--format", "--formats"),
    Renamed("pack", "--workers", "--cluster"),
    Renamed("play", "--channel", "--part"),
    Renamed("play", "--channels", "--midi-channels"),
    Renamed("play", "--program", "--program-change"),
    Renamed("play", "--seconds", "--duration"),
    Renamed("plugins state", "--from", "--state"),
    Renamed("render", "--channel", "--part"),
    Renamed("render", "--channels", "--midi-channels", value=r"[\d ,-]+"),
    Renamed("render", "--program", "--program-change"),
    Renamed("train", "--processes", "--jobs"),
    Renamed("train", "--rate", "--learning-rate"),
)


def with_new_names(root: Any, words: Sequence[str]) -> tuple[list[str], list[Renamed]]:
    """A command line with the new names, and which old ones it held, each once.

    Args:
        root: the group of all commands.
        words: the command line, without the program's name.
    """
    command, path, at = _command(root, words)
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    renamed = [row for row in RENAMED if row.command in (path, EVERYWHERE) and row.new in known]
    renamed = [row for row in renamed if row.old not in known or row.value]
    valued = set(_valued(command))
    out, found = list(words[:at]), dict[Renamed, None]()
    while at < len(words) and words[at] != "--":
        name, equals, value = words[at].partition("=")
        following = value if equals else "".join(words[at + 1 : at + 2])
        for row in renamed:
            if row.old == name and _fits(row, following):
                name, found[row] = row.new, None
                break
        count = 2 if not equals and _takes_next(name, valued) else 1  # a value may look like an option
        out += [f"{name}{equals}{value}", *words[at + 1 : at + count]]
        at += count
    return [*out, *words[at:]], list(found)


def _command(root: Any, words: Sequence[str]) -> tuple[Any, str, int]:
    """The command that a line calls, its name, and where its own words begin."""
    command, names, at = root, list[str](), 0
    while commands := getattr(command, "commands", None):
        default = getattr(command, "default_command", None)
        if at < len(words) and words[at] in commands:
            names, command, at = [*names, words[at]], commands[words[at]], at + 1
        elif default and at < len(words):
            names, command = [*names, default], commands[default]
        else:
            break
    return command, " ".join(names), at


def _valued(command: Any) -> Iterator[str]:
    """The names of options that take a value."""
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.is_flag and not parameter.count:
            yield from parameter.opts


def _takes_next(name: str, valued: set[str]) -> bool:
    """Whether the word after this one is its value; short options may be joined, `-fo x`."""
    if name.startswith("--"):
        return name in valued
    letters = name[1:] if name.startswith("-") else ""
    takes = [k for k, letter in enumerate(letters) if f"-{letter}" in valued]
    return bool(takes) and takes[0] == len(letters) - 1


def _fits(row: Renamed, value: str) -> bool:
    return not row.value or re.fullmatch(row.value, value) is not None
