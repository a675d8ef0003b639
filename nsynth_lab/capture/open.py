"""open_source(text): the source that a file, a folder or a plugin's name stands for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nsynth_lab.audio import ENDINGS
from nsynth_lab.capture.source import Source
from nsynth_lab.errors import PluginError, UsageError
from nsynth_lab.patch.rules import Parameter

FONTS, SFZ = (".sf2", ".sf3"), ".sfz"
DEFAULT_VELOCITY = 100


def open_source(
    text: str,
    *,
    bank: int | None = None,
    program: int | None = None,
    keyswitch: int | None = None,
    family: str = "",
    settings: Mapping[str, Parameter] | None = None,
    state: Path | None = None,
    note: int | None = None,
    velocity: int = DEFAULT_VELOCITY,
) -> Source:
    """Open a SoundFont, an SFZ file, a .vst3 or the name of a scanned plugin, a folder of notes, or one recording.

    `note` and `velocity` are those of a single recording; without a note its pitch is measured.

    Raises:
        UsageError: none of these, or options that belong to another kind.
        NsynthLabError: it cannot be used.
    """
    path = Path(text)
    ending = path.suffix.lower()
    is_recording = ending in ENDINGS and not path.is_dir()
    is_plugin = ending == ".vst3" or (not path.exists() and not is_recording and ending not in (*FONTS, SFZ))
    if not is_recording and (note is not None or velocity != DEFAULT_VELOCITY):
        raise UsageError("--source-note and --source-velocity are for a single recording")
    if (settings or state) and not is_plugin:
        raise UsageError("--set and --state are for VST3 instruments")
    if (bank, program) != (None, None) and ending not in FONTS:
        raise UsageError("--bank and --program are for SoundFonts (.sf2 or .sf3)")
    if keyswitch is not None and ending != SFZ:
        raise UsageError("--keyswitch is for SFZ instruments")
    if ending in FONTS:
        from nsynth_lab.capture.soundfont import SoundFontSource

        return SoundFontSource(path, bank=bank, program=program)
    if ending == SFZ:
        from nsynth_lab.capture.sfz import SfzSource

        return SfzSource(path, keyswitch=keyswitch)
    if path.is_dir() and ending != ".vst3":
        from nsynth_lab.capture.folder import FolderSource

        return FolderSource(path, family=family)
    if is_recording:
        from nsynth_lab.capture.file import FileSource

        return FileSource(path, note=note, velocity=velocity)
    if is_plugin:
        from nsynth_lab.capture.vst3 import Vst3Source

        return Vst3Source(_plugin_name(text), settings=settings or {}, state=state)
    raise UsageError(
        f"{text}: expected a .vst3 or a plugin's name, a SoundFont, an SFZ file, a folder of notes or a recording"
    )


def _plugin_name(text: str) -> str:
    """The name of a plugin; a .vst3 file is scanned for the first instrument in it."""
    if not text.lower().endswith(".vst3"):
        return text
    from nsynth_lab.effects import plugin_files, scan

    found = scan(plugin_files([text]))
    for one in found:
        if one.kind == "instrument":
            return one.name
    raise PluginError(f"{text}: {found[0].error or 'contains no instrument'}")
