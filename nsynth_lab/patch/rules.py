"""Rules: one per field of a patch. The same rule checks a value, reads it from a file, and explains it.

`checked(self)` in `__post_init__` holds a dataclass to the rules of all its fields; `fields` has how they are declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, dataclass, fields
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.wording import quoted

RULE = "rule"
Parameter = float | bool | str


@dataclass(frozen=True)
class Rule:
    """What a value may be.

    Attributes:
        kind: number, whole, flag, text, numbers, points, texts, names, table, tables or parameters.
        says: what the field is for.
        low, high: of numbers, each of several included.
        unit: of numbers.
        least, most: how many there may be: characters of a text, items of a list.
        choices: the texts there are, where they are few.
        of: the dataclass of a table, or of each of several.
        each: how many numbers a point may have, at least and at most.
    """

    kind: str
    says: str = ""
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    of: Any = None
    each: tuple[int, int] = (2, 3)

    def check(self, value: Any) -> Any:
        """The value in its own type: whole numbers become floats, lists tuples.

        Raises:
            PatchError: it breaks the rule.
        """
        return getattr(self, f"_{self.kind}")(value)

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PatchError(f"{quoted(value)} is not a number; expected {self.span()}")
        if not self.low <= value <= self.high:
            raise PatchError(f"{quoted(value)} is out of range; expected {self.span()}")
        return float(value)

    def _whole(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise PatchError(f"{quoted(value)} is not a whole number; expected {self.span()}")
        return int(self._number(value))

    def _flag(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise PatchError(f"{quoted(value)} is neither true nor false")
        return value

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise PatchError(f"{quoted(value)} is not a text")
        if self.choices and value not in self.choices:
            raise PatchError(f"{quoted(value)}; expected one of {', '.join(self.choices)}")
        if not self.least <= len(value) <= self.most:
            raise PatchError(f"a text of {len(value)} characters; expected {self.least} to {self.most}")
        if not value.isprintable():
            raise PatchError(f"{quoted(value)} holds control characters; expected one line of plain text")
        return value

    def _numbers(self, value: Any) -> tuple[float, ...]:
        alone = isinstance(value, (int, float)) and self.least <= 1
        return tuple(self._number(one) for one in ([value] if alone else self.check_count(value)))

    def _texts(self, value: Any) -> tuple[str, ...]:
        each = Rule("text", least=1, most=400)
        return tuple(each.check(one) for one in self.check_count(value))

    def _names(self, value: Any) -> tuple[str, ...]:
        """Names of instruments or files, however odd: a preset file's own are held to more (see `preset_file`)."""
        given = self.check_count(value)
        for one in given:
            if not isinstance(one, str):
                raise PatchError(f"{quoted(one)} is not a text")
        return tuple(given)

    def _points(self, value: Any) -> tuple[tuple[float, ...], ...]:
        """Rows of numbers: a time in seconds, then a place; their ranges are the path's own business."""
        least, most = self.each
        each = Rule("numbers", low=self.low, high=self.high, unit=self.unit, least=least, most=most)
        return tuple(each.check(one) for one in self.check_count(value))

    def check_count(self, value: Any) -> list[Any]:
        """The items of a list that is neither too short nor too long.

        Raises:
            PatchError: it is, or is no list.
        """
        if not isinstance(value, (list, tuple)):
            raise PatchError(f"{quoted(value)} is not a list; expected {self.count()}")
        if not self.least <= len(value) <= self.most:
            raise PatchError(f"a list of {len(value)}; expected {self.count()}")
        return list(value)

    def _table(self, value: Any) -> Any:
        if not isinstance(value, self.of):
            raise PatchError(f"{quoted(value)} is not a table")
        return value

    def _tables(self, value: Any) -> tuple[Any, ...]:
        return tuple(Rule("table", of=self.of).check(one) for one in self.check_count(value))

    def _parameters(self, value: Any) -> dict[str, Parameter]:
        if not isinstance(value, dict):
            raise PatchError(f"{quoted(value)} is not a table of parameters")
        if len(value) > self.most:
            raise PatchError(f"{len(value)} parameters; expected at most {self.most}")
        for name, one in value.items():
            Rule("text", least=1, most=100).check(name)
            if isinstance(one, str):
                Rule("text", most=400).check(one)
            elif not isinstance(one, bool):
                Rule("number", low=self.low, high=self.high).check(one)
        return {
            name: float(one) if isinstance(one, int) and not isinstance(one, bool) else one
            for name, one in value.items()
        }

    def span(self) -> str:
        """The range, for a person to read."""
        return f"{plain(self.low)} to {plain(self.high)} {self.unit}".strip()

    def count(self) -> str:
        """How many, for a person to read."""
        return f"{self.least} to {self.most} values" if self.least != self.most else f"{self.least} values"


def rules_of(owner: Any) -> Iterator[tuple[Field[Any], Rule]]:
    """Each field of a dataclass that has a rule, and the rule."""
    for one in fields(owner):
        if RULE in one.metadata:
            yield one, one.metadata[RULE]


def checked(value: Any) -> None:
    """Hold all fields of a frozen dataclass to their rules, and bring them into their own types.

    Raises:
        PatchError: one breaks its rule.
    """
    for one, rule in rules_of(value):
        try:
            object.__setattr__(value, one.name, rule.check(getattr(value, one.name)))
        except PatchError as error:
            raise error.below(one.name) from None


def plain(value: float) -> str:
    """A number without needless zeros."""
    return f"{value:,.10g}" if abs(value) >= 10_000 else f"{value:g}"
