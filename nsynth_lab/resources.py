"""The files that come with the program: the default checkpoint with its bank, and the factory presets.

In the repository, and so in an editable install, they stand beside the package, in `checkpoints/default` and `presets`;
a wheel carries them inside it, in `nsynth_lab/_data`. They are only ever read: an installed package may be read-only.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSIDE = PACKAGE / "_data"  # made by the wheel's build alone: see pyproject.toml


def is_installed() -> bool:
    """Whether this is a package installed from a wheel, rather than a checkout or an editable install of one."""
    return INSIDE.is_dir()


def default_checkpoint() -> Path:
    """The folder of the default checkpoint, its bank and its model card."""
    return _root() / "checkpoints" / "default"


def factory_presets() -> Path:
    """The folder of the presets that come with the program, and of their reference, README.md."""
    return _root() / "presets"


def _root() -> Path:
    return INSIDE if is_installed() else PACKAGE.parent
