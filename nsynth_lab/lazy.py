"""Names of a package that are imported on first use: whoever needs none of them does not wait for torch (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def lazy_names(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The `__getattr__` of `package`: `modules` has the names that each module defines.

    >>> lazy_names("music", {"math": ("floor",)})("floor")(2.7)
    2
    """

    def attribute(name: str) -> object:
        for module, names in modules.items():
            if name in names:
                return getattr(import_module(module), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return attribute
