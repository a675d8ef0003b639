"""Options that several commands have: a command takes them as one value, in the place of one parameter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

Command = Callable[..., None]
BUNDLED = {"PlayRequest": object, "Stage": object}  # what commands name for the type checker alone


def bundled(name: str, table: Mapping[str, tuple[Any, Any]], made: Callable[..., Any]) -> Callable[[Command], Command]:
    """Gives a command the options of `table` where it has the parameter `name`, and hands it what `made` makes of them.

    A row is the name of a keyword of `made`: its option, and its default.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True, locals=BUNDLED)
        parameters: list[inspect.Parameter] = []
        for parameter in own.parameters.values():
            parameters += _parameters(table) if parameter.name == name else [parameter]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            words = {word: given.pop(word) for word in table}
            command(**{name: made(**words)}, **given)

        cast("Any", run).__signature__ = own.replace(parameters=parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _parameters(table: Mapping[str, tuple[Any, Any]]) -> list[inspect.Parameter]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [
        inspect.Parameter(name, kind, default=default, annotation=option) for name, (option, default) in table.items()
    ]
