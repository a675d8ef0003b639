"""open_source: what a word on the command line stands for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nsynth_lab.audio import ENDINGS
from nsynth_lab.capture.source import Source
from nsynth_lab.errors import PluginError, UsageError
from nsynth_lab.patch.rules import Parameter

FONTS, SFZ = (".sf2", ".sf3"), ".sfz"
USUAL_VELOCITY = 100


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
    velocity: int = USUAL_VELOCITY,
) -> Source:
    """A SoundFont, an SFZ, a .vst3 or the name of a scanned one, a folder of notes, or a recording of one.

    `note` and `velocity` say what the recording is.

    Raises:
        UsageError: none of these; or options that do not go with it.
        NsynthLabError: it cannot be used.
    """
    path = Path(text)
    ending = path.suffix.lower()
    is_recording = ending in ENDINGS and not path.is_dir()
    is_plugin = ending == ".vst3" or (not path.exists() and not is_recording and ending not in (*FONTS, SFZ))
    if not is_recording and (note is not None or velocity != USUAL_VELOCITY):
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
    """Of a .vst3 file that has not been scanned yet: what is in it."""
    if not text.lower().endswith(".vst3"):
        return text
    from nsynth_lab.effects import plugin_files, scan

    found = scan(plugin_files([text]))
    for one in found:
        if one.kind == "instrument":
            return one.name
    raise PluginError(f"{text}: {found[0].error or 'holds no instrument'}")
