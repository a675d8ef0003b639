"""Messages from JSON, checked, and to JSON."""

from __future__ import annotations

import json
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.panel.messages.table import FROM_PAGE, FROM_SERVER
from nsynth_lab.patch.preset_file import MAX_BYTES
from nsynth_lab.patch.rules import rules_of
from nsynth_lab.patch.table import from_table
from nsynth_lab.wording import did_you_mean, quoted

LONGEST = MAX_BYTES + 4096  # characters of a message from a page; the longest holds a preset
_NAMES = {of: name for name, of in (*FROM_PAGE.items(), *FROM_SERVER.items())}


def parse(given: str) -> Any:
    """A message from a page, checked.

    Raises:
        PatchError: not JSON, no such message, an unknown field, or a value that breaks its rule.
    """
    if len(given) > LONGEST:
        raise PatchError(f"a message of {len(given)} characters; expected at most {LONGEST}")
    try:
        fields = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise PatchError("not JSON") from error
    if not isinstance(fields, dict) or not isinstance(name := fields.pop("type", None), str):
        raise PatchError('expected a JSON object with a "type"')
    if (of := FROM_PAGE.get(name)) is None:
        raise PatchError(f"{quoted(name)} is no message; {did_you_mean(name, list(FROM_PAGE))}")
    try:
        return from_table(of, fields)
    except PatchError as error:
        raise error.below(name) from None


def format_message(message: Any) -> str:
    """A message as it goes over the socket."""
    fields = {one.name: getattr(message, one.name) for one, _ in rules_of(message)}
    return json.dumps({"type": _NAMES[type(message)], **fields}, allow_nan=False)
