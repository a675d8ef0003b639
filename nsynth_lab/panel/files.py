"""Files: presets saved, loaded and removed by name, and files that a page opens. No name from a page is a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.panel.history import Sound
from nsynth_lab.panel.messages.playing import Load, OpenFile, Remove, Save
from nsynth_lab.patch import Patch, read_preset
from nsynth_lab.patch.library import listed_file
from nsynth_lab.patch.own_presets import is_own, save_preset
from nsynth_lab.patch.preset_file import ENDING, located, parse_preset
from nsynth_lab.synth.scala import parse_scl
from nsynth_lab.wording import did_you_mean, quoted

SCALE_ENDING = ".scl"
MOST_STEPS = 128  # of a patch's scale
ABOUT = ("tags", "description", "author")


def saved(patch: Patch, message: Save) -> Sound:
    """The patch once it is saved.

    Raises:
        UsageError: a name that cannot be used, or one that is taken, without `force`.
        PatchError: a tag or a description that breaks its rule, or a disk that refuses.
    """
    path = save_preset(_with_about(patch, message.about), message.name, force=message.force)
    patch = read_preset(path)
    return Sound(patch, path.stem, patch)


def loaded(message: Load) -> Sound:
    """A preset of the library.

    Raises:
        UsageError: there is none of that name.
        PatchError: it cannot be read.
    """
    path = listed_file(message.preset)
    patch = read_preset(path).with_macros_applied()
    return Sound(patch, path.stem, patch)


def removed(message: Remove) -> str:
    """The name of a preset of the user's own, once it is gone.

    Raises:
        UsageError: there is none of that name, or it is a factory preset.
        PatchError: the disk refuses.
    """
    path = listed_file(message.preset)
    if not is_own(path):
        raise UsageError(f"'{path.stem}' is a factory preset, and stays")
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise PatchError(f"'{path.stem}' cannot be removed: {error.strerror}") from error
    return path.stem


def opened_patch(message: OpenFile) -> Patch:
    """The patch of a preset file that somebody has sent.

    Raises:
        PatchError: not a preset, or a value that breaks its rule; with the line of the file.
    """
    try:
        return parse_preset(message.text).with_macros_applied()
    except PatchError as error:
        raise located(PurePath(message.name), message.text, error) from error


def tuned(patch: Patch, message: OpenFile) -> Patch:
    """The patch in the scale of a Scala file, on the root that it has.

    Raises:
        MidiError: not a Scala scale.
        PatchError: one of too many steps, or beyond the range of a patch.
    """
    cents = parse_scl(message.text).cents
    if len(cents) > MOST_STEPS:
        raise PatchError(f"{message.name}: a scale of {len(cents)} steps; a patch has at most {MOST_STEPS}")
    return replace(patch, tuning=replace(patch.tuning, scale_cents=cents))


def is_scale(message: OpenFile) -> bool:
    """Whether a file is a Scala scale, and not a preset.

    Raises:
        UsageError: it is neither, by its name.
    """
    ending = PurePath(message.name).suffix.lower()
    if ending not in (ENDING, SCALE_ENDING):
        raise UsageError(f"{quoted(message.name)}: expected a preset ({ENDING}) or a Scala scale ({SCALE_ENDING})")
    return ending == SCALE_ENDING


def _with_about(patch: Patch, about: Mapping[str, Any]) -> Patch:
    for name in about:
        if name not in ABOUT:
            raise PatchError(f"{quoted(name)}; {did_you_mean(name, list(ABOUT))}", place="about")
    return replace(patch, **about)
