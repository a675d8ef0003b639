"""`python linked_packages.py WHEEL ENVIRONMENT`: give an environment the packages that a wheel depends on, as links.

They are those of the Python that runs this; nothing else that it has is there.
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def dependencies(wheel: Path) -> dict[str, Distribution]:
    """Every package that the wheel depends on, directly or not, by name."""
    (program,) = distributions(path=[str(wheel)])
    found: dict[str, Distribution] = {}
    asked = {("", "")}
    waiting = [(program, "")]  # a package, and one of its extras
    while waiting:
        package, extra = waiting.pop()
        for line in package.requires or ():
            requirement = Requirement(line)
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            name = canonicalize_name(requirement.name)
            found[name] = distribution(name)
            for more in {"", *requirement.extras}:
                if (name, more) not in asked:
                    asked.add((name, more))
                    waiting.append((found[name], more))
    return found


def link(package: Distribution, folder: Path) -> None:
    """Links in `folder` to a package's modules, its folders and its metadata."""
    for name in {path.parts[0] for path in package.files or ()} - {"..", "__pycache__"}:
        place = folder / name
        if not place.is_symlink():  # several packages share a folder, as NVIDIA's do
            place.symlink_to(Path(str(package.locate_file(name))).resolve())


def main(wheel: Path, environment: Path) -> None:
    """As the module says."""
    (folder,) = environment.glob("lib/python*/site-packages")
    for package in dependencies(wheel).values():
        link(package, folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
