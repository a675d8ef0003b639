"""Output files and sources are checked before any work begins, and before torch is imported."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nsynth_lab.audio import ENDINGS as SOUND_ENDINGS
from nsynth_lab.audio import check_target
from nsynth_lab.errors import AudioError, CheckpointError, LatentsError, UsageError
from nsynth_lab.latents import ENDING as LATENTS_ENDING
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, bank_names, find_name, other_model_hint, user_instrument_names
from nsynth_lab.model.headers import model_of
from nsynth_lab.picture import ENDINGS as PICTURE_ENDINGS
from nsynth_lab.sound_format import STDOUT

__all__ = ["LATENTS_ENDING", "PICTURE_ENDINGS", "SOUND_ENDINGS", "check_outputs", "check_sources"]


def check_outputs(
    paths: Sequence[Path], *, endings: Sequence[str], sources: Sequence[str | Path] = (), force: bool
) -> None:
    """Refuse outputs that cannot be written, have an unknown ending, or are also a source (see `audio.check_target`).

    Raises:
        UsageError: see above.
    """
    for path in paths:
        if path == STDOUT and SOUND_ENDINGS[0] in endings:
            continue
        if path.name and path.suffix.lower() not in endings:
            raise UsageError(f"{path}: unknown ending '{path.suffix}'; use one of {' '.join(endings)}")
        try:
            check_target(path, force=force)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}; choose another name") from error
        for source in sources:
            if os.path.exists(source) and os.path.exists(path) and os.path.samefile(source, path):
                raise UsageError(f"{path}: is one of the sources; write to another file")


def check_sources(sources: Sequence[str | Path], checkpoint: Path | None = None) -> None:
    """Refuse names of unknown instruments and missing files, reading headers only.

    A bank that cannot be read is no error here; it is reported when it is needed.

    Raises:
        UsageError: no such instrument; the closest are offered.
        AudioError, LatentsError: no such file.
    """
    folder = checkpoint or DEFAULT_CHECKPOINT
    names: list[str] | None = None
    for source in map(str, sources):
        ending = Path(source).suffix.lower()
        if ending in (LATENTS_ENDING, *SOUND_ENDINGS):
            if not os.path.exists(source):
                raise (LatentsError if ending == LATENTS_ENDING else AudioError)(f"{source}: no such file")
            continue
        if os.path.isfile(source):
            continue
        try:
            names = names if names is not None else _names(folder)
        except CheckpointError:
            return
        find_name(source, names, hint=lambda name: other_model_hint(name, folder=folder))


def _names(folder: Path) -> list[str]:
    model = model_of(folder)
    own = [name for name, other in user_instrument_names().values() if other == model]
    return [*bank_names(folder), *own]
