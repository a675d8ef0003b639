"""What each MIDI channel plays: all instruments share one engine, each preset has its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import CHANNELS
from nsynth_lab.patch import Patch
from nsynth_lab.patch.library import find_preset
from nsynth_lab.patch.preset_file import ENDING
from nsynth_lab.render.ensemble import Ensemble, Part, Playing
from nsynth_lab.render.instrument import load_sources, make_engine
from nsynth_lab.render.session import Session, Source
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources

Own = Sequence[tuple[Sequence[int], Sequence[Source]]]  # channels, and what they play
Chosen = Callable[[], Settings]


class Parts:
    """Engines for `own`, the instruments and presets of single channels, and for all other channels.

    `playing(programs)` gives the others instruments, `patched(patch)` a preset. `live`, `ahead_samples` and `unlimited`
    are as in `PatchEffects` and `Engine`; `of_presets` are settings that take the place of those of presets. With
    `apart` the instruments of each channel have an engine of their own too, so that each can be heard by itself.

    Raises:
        UsageError, AudioError, LatentsError, PatchError: a source or preset that cannot be used.
    """

    def __init__(
        self,
        session: Session,
        own: Own,
        *,
        live: bool,
        ahead_samples: int,
        unlimited: bool,
        of_presets: Mapping[str, object] = MappingProxyType({}),
        apart: bool = False,
    ) -> None:
        self._session, self._live = session, live
        self._ahead, self._unlimited = ahead_samples, unlimited
        self._of_presets = of_presets
        self._apart = apart
        self._sources: list[tuple[Sequence[int], Sources]] = []
        self._patches: list[tuple[Sequence[int], Patch]] = []
        self._titles: dict[int, str] = {}
        for channels, names in own:
            found = _found(session, names)
            self._titles |= {channel: f"{channels[0] + 1} {title_of(names)}" for channel in channels}
            if isinstance(found, Patch):
                self._patches.append((channels, found))
            else:
                self._sources.append((channels, found))
        self._others = set(range(CHANNELS)).difference(*(channels for channels, _ in own))

    def playing(self, programs: Sequence[Sequence[Source]], settings: Chosen) -> Playing:
        """An engine for `programs`, selected by program changes, and for the single channels.

        Raises:
            UsageError, AudioError, LatentsError, PatchError, PluginError: a source or preset that cannot be used.
        """
        title = title_of(programs[0]) if programs else ""
        parts = self._instruments(programs, settings, title) + self._presets()
        return parts[0].engine if len(parts) == 1 else Ensemble(parts)

    def patched(self, patch: Patch, settings: Settings, instruments: Chosen) -> Playing:
        """An engine for a preset, and for the single channels; `instruments` are the settings where these have some.

        Raises:
            UsageError, AudioError, LatentsError, PatchError, PluginError: a source or preset that cannot be used.
        """
        first = Part(self._patched(patch, settings), self._others, title=patch.name)
        parts = [first, *self._instruments([], instruments, ""), *self._presets()]
        return first.engine if len(parts) == 1 else Ensemble(parts)

    def _instruments(self, programs: Sequence[Sequence[Source]], settings: Chosen, title: str) -> list[Part]:
        """One engine for all channels with instruments, if there are any; if they are heard apart, one for each."""
        if not programs and not self._sources:
            return []
        if self._apart:
            first = [Part(self._engine(programs, settings(), {}), self._others, title=title)] if programs else []
            return first + [
                Part(self._engine([sources], settings(), {}), channels, title=self._titles[channels[0]])
                for channels, sources in self._sources
            ]
        assigned = {
            channel: len(programs) + index for index, (channels, _) in enumerate(self._sources) for channel in channels
        }
        engine = self._engine([*programs, *(sources for _, sources in self._sources)], settings(), assigned)
        return [Part(engine, {*assigned, *(self._others if programs else ())}, title=title)]

    def _engine(
        self, programs: Sequence[Sequence[Source] | Sources], settings: Settings, assigned: Mapping[int, int]
    ) -> Engine:
        return make_engine(
            self._session,
            programs,
            settings,
            ahead_samples=self._ahead,
            assigned=assigned,
            unlimited=self._unlimited,
        )

    def _presets(self) -> list[Part]:
        if not self._patches:
            return []
        from nsynth_lab.render.preset_synth import settings_of

        seed = self._session.seed
        return [
            Part(
                self._patched(patch, settings_of(patch, seed=seed).changed(self._of_presets)),
                channels,
                title=self._titles[channels[0]],
            )
            for channels, patch in self._patches
        ]

    def _patched(self, patch: Patch, settings: Settings) -> Engine:
        from nsynth_lab.render.preset_synth import PatchEffects  # whoever plays instruments loads no effects

        sources = load_sources(self._session, patch.blend.corners, files=False)  # before any plugin is loaded
        output_stage = PatchEffects(patch, live=self._live, seed=self._session.seed)
        return make_engine(
            self._session,
            [sources],
            settings,
            output_stage=output_stage,
            ahead_samples=self._ahead,
            unlimited=self._unlimited,
        )


def title_of(sources: Sequence[Source]) -> str:
    """What instruments are called together, without the folders of files.

    >>> title_of(["flute", "takes/horn.wav"])
    'flute + horn.wav'
    """
    return " + ".join(Path(source).name if isinstance(source, str) else "latents" for source in sources)


def _found(session: Session, sources: Sequence[Source]) -> Sources | Patch:
    """Instruments, or the preset with this name."""
    name = sources[0] if len(sources) == 1 and isinstance(sources[0], str) else ""
    if name.lower().endswith(ENDING):
        return find_preset(name).with_macros_applied()
    try:
        return load_sources(session, sources)
    except UsageError as error:
        if not name:
            raise
        try:
            return find_preset(name).with_macros_applied()
        except UsageError as also:
            raise UsageError(f"{error}; {also}") from also
