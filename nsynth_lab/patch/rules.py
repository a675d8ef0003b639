"""Rules: one per field of a patch. The same rule validates a value, reads it from a file and documents it.

A patch is validated here: `checked(self)` in `__post_init__` applies the rules of all fields of a dataclass, which are
declared with the functions in `fields`.
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
    """What values a field may have.

    Attributes:
        kind: number, whole, flag, text, numbers, points, texts, names, table, tables or parameters.
        says: what the field is for.
        low, high: range of numbers, also within lists.
        unit: of numbers.
        least, most: characters of a text, items of a list.
        choices: allowed texts, if only some are.
        of: dataclass of a table, or of each of several tables.
        each: least and most numbers of a point.
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
        """The value converted to its type: integers to floats, lists to tuples.

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
        """Names of instruments or files, of any characters; `preset_file` restricts those in files."""
        given = self.check_count(value)
        for one in given:
            if not isinstance(one, str):
                raise PatchError(f"{quoted(one)} is not a text")
        return tuple(given)

    def _points(self, value: Any) -> tuple[tuple[float, ...], ...]:
        """Rows of numbers: a time in seconds, then a place, whose range `Blend` checks."""
        least, most = self.each
        each = Rule("numbers", low=self.low, high=self.high, unit=self.unit, least=least, most=most)
        return tuple(each.check(one) for one in self.check_count(value))

    def check_count(self, value: Any) -> list[Any]:
        """The items of a list of valid length.

        Raises:
            PatchError: it is too short, too long or not a list.
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
        """The range as text."""
        return f"{plain(self.low)} to {plain(self.high)} {self.unit}".strip()

    def count(self) -> str:
        """The number of values as text."""
        return f"{self.least} to {self.most} values" if self.least != self.most else f"{self.least} values"


def rules_of(owner: Any) -> Iterator[tuple[Field[Any], Rule]]:
    """Each field of a dataclass that has a rule, and the rule."""
    for one in fields(owner):
        if RULE in one.metadata:
            yield one, one.metadata[RULE]


def checked(value: Any) -> None:
    """Validate all fields of a frozen dataclass by their rules, and convert them to their types.

    Raises:
        PatchError: one breaks its rule.
    """
    for one, rule in rules_of(value):
        try:
            object.__setattr__(value, one.name, rule.check(getattr(value, one.name)))
        except PatchError as error:
            raise error.below(one.name) from None


def plain(value: float) -> str:
    """A number as text without needless zeros."""
    return f"{value:,.10g}" if abs(value) >= 10_000 else f"{value:g}"
