"""Fields that only messages have, and how long their texts may be."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.preset_file import MAX_BYTES
from nsynth_lab.patch.rules import RULE, Rule
from nsynth_lab.wording import quoted

SHORT, LONGER = 200, 2_000  # characters of a text


class ObjectRule(Rule):
    """A JSON object; what is in it is checked by whoever takes it."""

    def _object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise PatchError(f"{quoted(value)} is not an object")
        return value


class FileRule(Rule):
    """The text of a file, of any characters."""

    def _file(self, value: Any) -> str:
        if not isinstance(value, str):
            raise PatchError(f"{quoted(value)} is not a text")
        if len(value) > self.most:
            raise PatchError(f"a file of {len(value)} characters; expected at most {self.most}")
        return value


def file_text(*, says: str) -> Any:
    """A field that holds the text of a file."""
    return field(metadata={RULE: FileRule("file", says=says, most=MAX_BYTES)})


def values(*, says: str) -> Any:
    """A field that holds a JSON object, empty by default."""
    return field(default_factory=dict, metadata={RULE: ObjectRule("object", says=says)})
