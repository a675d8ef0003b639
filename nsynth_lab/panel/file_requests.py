"""FileRequests: presets and files that a page loads, saves, opens and removes, and what that makes of the sound."""

from __future__ import annotations

from nsynth_lab.panel.files import is_scale, loaded, opened_patch, removed, saved, tuned
from nsynth_lab.panel.history import Sound
from nsynth_lab.panel.listeners import Listeners
from nsynth_lab.panel.messages.playing import Load, OpenFile, Remove, Save
from nsynth_lab.panel.messages.shown import Presets
from nsynth_lab.panel.present_sound import PresentSound
from nsynth_lab.panel.recordings.names import check_kept

File = Load | OpenFile | Save | Remove


class FileRequests:
    """`handle(message)` may wait for the disk. It holds no lock while it does, so that keys never wait for it."""

    def __init__(self, present: PresentSound, listeners: Listeners) -> None:
        self._present, self._listeners = present, listeners

    def handle(self, message: File) -> None:
        """Do what a page asks for.

        Raises:
            NsynthLabError: it cannot be done.
        """
        match message:
            case Save():
                self._save(message)
            case Remove():
                self._present.forget(removed(message))
                self._listeners.tell(Presets())
            case Load():
                self._present.keep(loaded(message), as_it_was=True)
            case OpenFile() if is_scale(message):
                self._present.revise(lambda patch: tuned(patch, message))
            case OpenFile():
                patch = opened_patch(message)
                self._present.keep(Sound(patch, saved=patch), as_it_was=True)

    def _save(self, message: Save) -> None:
        patch = self._present.now.patch
        check_kept(patch)
        self._present.rename(saved(patch, message))
        self._listeners.tell(Presets())
