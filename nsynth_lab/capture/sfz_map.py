"""read_map(path): what an SFZ file maps to its keys: which sound, which are keyswitches, which samples are missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.capture.sfz_text import Opcodes, read_regions
from nsynth_lab.errors import UsageError
from nsynth_lab.note import key_ranges, note_name, parse_note

KeyMap = NDArray[np.bool_]  # [128 keys, 128 velocities]
ATTACK_TRIGGERS = ("attack", "first")
DEFAULT_CC = {7: 100, 10: 64, 11: 127}
NO_KEY = -1


@dataclass(frozen=True)
class SfzMap:
    """Keys and velocities of one articulation of an SFZ instrument.

    Attributes:
        mapped: [128 keys, 128 velocities] where a region has a sample.
        missing: [128 keys, 128 velocities] where a region's sample is missing.
        samples, missing_samples: all sample files of the regions, and those that do not exist.
        switches: keyswitches, rising.
        switch: the keyswitch of this articulation; None if there are none.
        is_default: whether it sounds without that keyswitch.
        label: name of the articulation; may be empty.
    """

    mapped: KeyMap = field(repr=False, compare=False)
    missing: KeyMap = field(repr=False, compare=False)
    samples: tuple[str, ...]
    missing_samples: tuple[str, ...]
    switches: tuple[int, ...]
    switch: int | None
    is_default: bool
    label: str = ""

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys that sound and are not keyswitches, rising."""
        sounding = np.flatnonzero(self.mapped.any(axis=1))
        return tuple(int(key) for key in sounding if key not in self.switches)

    def remarks(self) -> list[str]:
        """Messages for the user, one line each."""
        found = []
        if self.missing_samples:
            sounding = self.mapped.any(axis=1)
            incomplete = (self.missing & ~self.mapped).any(axis=1)
            whole, partly = np.flatnonzero(incomplete & ~sounding), np.flatnonzero(incomplete & sounding)
            what = f"; left out: {key_ranges(whole.tolist())}" if len(whole) else ""
            what += f"; without some velocities: {key_ranges(partly.tolist())}" if len(partly) else ""
            found.append(
                f"{len(self.missing_samples)} of {len(self.samples)} samples are missing, such as "
                f"{self.missing_samples[0][:200]}{what}"
            )
        if self.switch is not None:
            label = f" ('{self.label}')" if self.label else ""
            found.append(
                f"{key_ranges(self.switches)}: keyswitches; the articulation is that of "
                f"{note_name(self.switch)}{label}, choose another with --keyswitch"
            )
        return found


def read_map(path: Path, *, keyswitch: int | None = None) -> SfzMap:
    """Read an SFZ file; `keyswitch` selects an articulation, None the default one, or else the first.

    Raises:
        UsageError: it has no region, no existing sample, or no such keyswitch.
    """
    regions = [_Region(opcodes) for opcodes in read_regions(path)]
    if not regions:
        raise UsageError(f"{path}: not an SFZ file: it has no <region>")
    named = sorted({key for one in regions for key in one.chosen_by})
    defaults = [key for one in regions if (key := one.key("sw_default")) in named]
    if keyswitch is not None and keyswitch not in named:
        raise UsageError(f"{path}: it has no keyswitch {note_name(keyswitch)}; it has {key_ranges(named)}")
    switch = keyswitch if keyswitch is not None else defaults[-1] if defaults else named[0] if named else None
    files = _Files(path.parent)
    mapped, missing = np.zeros((2, 128, 128), np.bool_)
    samples = dict.fromkeys(one.sample for one in regions if one.sample)
    missing_samples = [sample for sample in samples if not files.has(sample)]
    for one in regions:
        if one.sample and one.sounds(switch):
            (missing if one.sample in set(missing_samples) else mapped)[one.place] = True
    if samples and len(missing_samples) == len(samples):
        raise UsageError(
            f"{path}: all its {len(missing_samples)} samples are missing, such as {missing_samples[0][:200]}; expected "
            "them there, relative to the file's folder"
        )
    return SfzMap(
        mapped, missing, tuple(samples), tuple(missing_samples), _switches(regions, named, mapped), switch,
        is_default=switch is None or (bool(defaults) and defaults[-1] == switch),
        label=next((one.text("sw_label") for one in regions if switch in one.chosen_by and one.text("sw_label")), ""),
    )  # fmt: skip


def _switches(regions: list[_Region], named: list[int], mapped: KeyMap) -> tuple[int, ...]:
    """The whole range of keyswitches; only those with an articulation if no note would be left."""
    if not named:
        return ()
    span = {key for one in regions if one.chosen_by for key in one.switch_range} | set(named)
    sounding = {int(key) for key in np.flatnonzero(mapped.any(axis=1))}
    return tuple(sorted(span if sounding - span else named))


class _Region:
    """One region, as a sampler in its initial state plays it: no key was played before, controllers are at default."""

    def __init__(self, opcodes: Opcodes) -> None:
        self._opcodes = opcodes
        self._offset = self._number("note_offset", 0) + 12 * self._number("octave_offset", 0)
        sample = self.text("sample")
        made = sample.startswith("*")
        self.sample = sample if made or not sample else (self.text("default_path") + sample).replace("\\", "/")
        low, high = self.key("lokey", 0), self.key("hikey", 127)
        if "key" in opcodes:
            low = high = self.key("key", 0)
        velocities = slice(max(0, self._number("lovel", 0)), self._number("hivel", 127) + 1)
        nothing = low == NO_KEY or high == NO_KEY
        self.place = (slice(0, 0) if nothing else slice(max(0, low), min(127, high) + 1), velocities)
        first, last = self.key("sw_lolast"), self.key("sw_hilast")
        single = self.key("sw_last")
        chosen = (single,) if single != NO_KEY else range(first, last + 1) if NO_KEY not in (first, last) else ()
        self.chosen_by = tuple(key for key in chosen if 0 <= key <= 127)
        switches = self.key("sw_lokey"), self.key("sw_hikey")
        self.switch_range = range(0) if NO_KEY in switches else range(max(0, switches[0]), min(127, switches[1]) + 1)

    def sounds(self, switch: int | None) -> bool:
        """Whether its keys start it if nothing else was played."""
        return (
            self.text("trigger", "attack") in ATTACK_TRIGGERS
            and (not self.chosen_by or switch in self.chosen_by)
            and not {"sw_previous", "sw_down"} & self._opcodes.keys()
            and self._number("end", 0) != -1
            and all(self._controller_in_range(name) for name in self._opcodes if name[:4] in ("locc", "hicc"))
        )

    def key(self, name: str, default: int = NO_KEY) -> int:
        """The MIDI number of a key, given as a number or a note name."""
        text = self.text(name)
        try:
            return int(text) + self._offset if text and int(text) >= 0 else NO_KEY if text else default
        except ValueError:
            try:
                return parse_note(text) + self._offset
            except UsageError:
                return default

    def text(self, name: str, default: str = "") -> str:
        return self._opcodes.get(name, default)

    def _number(self, name: str, default: int) -> int:
        try:
            return int(float(self.text(name) or default))
        except (ValueError, OverflowError):
            return default

    def _controller_in_range(self, name: str) -> bool:
        number = name[4:]
        default = DEFAULT_CC.get(int(number), 0) if number.isdecimal() and len(number) < 4 else 0
        value = self._number(f"set_cc{number}", default)
        return self._number(name, value) <= value if name.startswith("lo") else self._number(name, value) >= value


class _Files:
    """Whether samples exist, ignoring upper and lower case as sfizz does."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._listed = folder, dict[Path, dict[str, Path]]()

    def has(self, sample: str) -> bool:
        if sample.startswith("*"):
            return True
        try:
            return (self._folder / sample).is_file() or self._found(Path(sample)).is_file()
        except (OSError, ValueError):
            return False

    def _found(self, sample: Path) -> Path:
        at = self._folder
        for part in sample.parts:
            at = at / part if part == ".." else self._names(at).get(part.lower(), at / part)
        return at

    def _names(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listed:
            self._listed[folder] = {one.name.lower(): one for one in folder.iterdir()} if folder.is_dir() else {}
        return self._listed[folder]
