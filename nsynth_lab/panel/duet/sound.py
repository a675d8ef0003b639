"""What a partner plays: what the player does, or a sound of its own."""

from __future__ import annotations

from nsynth_lab.errors import UsageError
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.engines import Answering
from nsynth_lab.panel.plugins import check_plugins
from nsynth_lab.panel.recordings.names import check_recordings
from nsynth_lab.patch import Patch, read_preset
from nsynth_lab.patch.library import preset_named
from nsynth_lab.patch.place import MAX_POSITIONED_SOURCES
from nsynth_lab.patch.preset_file import ENDING
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.session import Session
from nsynth_lab.render.target_range import target_range
from nsynth_lab.wording import counted, listed


def answering_of(session: Session, answer: str) -> Answering:
    """Instruments such as `flute,cello` or a preset by its name; what the player plays, if nothing is named.

    Raises:
        UsageError: there is none of that name, or more than four instruments.
        PatchError: the preset cannot be read, or sets a plugin to what it has not.
    """
    names = listed(answer)
    if not names:
        return Answering()
    patch = _patch_of(session, names)
    check_recordings(patch, session.bank)
    check_plugins(patch)
    return Answering(patch)


def range_of(session: Session, patch: Patch) -> tuple[int, int]:
    """The lowest and highest notes that the instruments of a patch have."""
    return target_range(session, PlayRequest(patch.blend.corners))


def _patch_of(session: Session, names: list[str]) -> Patch:
    is_path = len(names) == 1 and names[0].lower().endswith(ENDING)  # which no name from a page is
    if len(names) == 1 and not is_path and (path := preset_named(names[0], instruments=session.bank.entries)):
        return read_preset(path).with_macros_applied()
    if len(names) > MAX_POSITIONED_SOURCES:
        raise UsageError(f"{counted(len(names), 'instrument')} for the partner; expected one to four")
    return blend_patch([session.bank.find(name).instrument.name for name in names])
