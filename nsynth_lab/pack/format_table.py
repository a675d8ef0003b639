"""The sampler formats that a pack can be written in, a row each: their names, their sizes, and the limits of devices.

The command's help, the check of a request, the estimate and the panel's form all go by this table. `formats.documents`
has what writes the files of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nsynth_lab.errors import UsageError

EVERY = "all"
FLAC_SHARE = 0.65  # size relative to WAV
OPXY_ZONES, OPXY_SECONDS, OPXY_RATE, OPXY_BITS = 24, 20.0, 44_100, 16
MPC_KEYGROUPS, MPC_LAYERS = 128, 4
RENOISE_HIGHEST_KEY = 119


@dataclass(frozen=True)
class Extent:
    """How much a pack has of everything: notes, velocity layers, round robins, and seconds and bits in each clip."""

    notes: tuple[int, ...]
    velocities: tuple[int, ...]
    takes: int
    seconds: float
    sample_rate: int
    bits: int


def _nothing(_: Extent) -> Iterator[str]:
    yield from ()


def _no_size(_: Extent) -> float:
    return 0.0


def _all_clips(_: Extent) -> float:
    return 1.0


@dataclass(frozen=True)
class SamplerFormat:
    """A format.

    Attributes:
        name: what `--formats` calls it.
        title: what the panel calls it.
        usual: whether it is written when nothing is said about formats.
        share: size of its files, relative to all clips as WAV.
        refuses: why it cannot hold a pack and what to ask for, in words; nothing if it can.
        leaves_out: what it leaves out of a pack, in words.
        needs_wav: whether it is the WAV files of the pack themselves.
    """

    name: str
    title: str
    usual: bool = False
    share: Callable[[Extent], float] = _no_size
    refuses: Callable[[Extent], Iterator[str]] = _nothing
    leaves_out: Callable[[Extent], Iterator[str]] = _nothing
    needs_wav: bool = False


def mpc_keygroups(extent: Extent) -> int:
    """Number of keygroups of an MPC program: each has four layers, velocities or round robins of one velocity."""
    velocities = len(extent.velocities)
    return len(extent.notes) * (velocities if extent.takes > 1 else -(-velocities // MPC_LAYERS))


def _soundfont_share(extent: Extent) -> float:
    return 1.0 / extent.takes


def _opxy_share(extent: Extent) -> float:
    smaller = OPXY_RATE / extent.sample_rate * OPXY_BITS / extent.bits
    return smaller / (len(extent.velocities) * extent.takes)


def _opxy_refuses(extent: Extent) -> Iterator[str]:
    if len(extent.notes) > OPXY_ZONES:
        yield f"an OP-XY preset holds {OPXY_ZONES} notes, the pack has {len(extent.notes)}: ask for fewer"
    if extent.seconds > OPXY_SECONDS:
        yield f"an OP-XY plays clips of at most {OPXY_SECONDS:g} s, the pack's have {extent.seconds:g}: ask for shorter"


def _opxy_leaves_out(extent: Extent) -> Iterator[str]:
    if len(extent.velocities) > 1:
        yield f"OP-XY presets have no velocity layers: of each note velocity {max(extent.velocities)} alone is written"
    if extent.takes > 1:
        yield "OP-XY presets have no round robins: the first alone is written"


def _renoise_leaves_out(extent: Extent) -> Iterator[str]:
    if max(extent.notes) > RENOISE_HIGHEST_KEY:
        yield "Renoise has no keys above B8: notes above it are left out"


def _mpc_refuses(extent: Extent) -> Iterator[str]:
    if (groups := mpc_keygroups(extent)) > MPC_KEYGROUPS:
        yield f"an MPC program holds {MPC_KEYGROUPS} keygroups, the pack needs {groups}: ask for fewer notes or layers"


def _mpc_leaves_out(extent: Extent) -> Iterator[str]:
    if extent.takes > MPC_LAYERS:
        yield f"an MPC keygroup holds {MPC_LAYERS} round robins: the first {MPC_LAYERS} of {extent.takes} are written"


TABLE = (
    SamplerFormat("sfz", "SFZ", usual=True),
    SamplerFormat("sf2", "SoundFont", usual=True, share=_soundfont_share),
    SamplerFormat("decentsampler", "DecentSampler", usual=True),
    SamplerFormat("wav", "WAV with loops", usual=True, needs_wav=True),
    SamplerFormat("multisample", "Bitwig, Studio One", share=_all_clips),
    SamplerFormat("op-xy", "OP-XY", share=_opxy_share, refuses=_opxy_refuses, leaves_out=_opxy_leaves_out),
    SamplerFormat("renoise", "Renoise", share=lambda _: FLAC_SHARE, leaves_out=_renoise_leaves_out),
    SamplerFormat("ableton", "Ableton Sampler", share=_all_clips),
    SamplerFormat("mpc", "Akai MPC", share=_all_clips, refuses=_mpc_refuses, leaves_out=_mpc_leaves_out),
)
FORMATS = tuple(row.name for row in TABLE)
USUAL = tuple(row.name for row in TABLE if row.usual)


def check_holds(formats: Sequence[str], extent: Extent) -> None:
    """Refuse a pack that is too large for one of its formats.

    Raises:
        UsageError: the first limit that it passes, and what to do.
    """
    for row in _rows(formats):
        for why in row.refuses(extent):
            raise UsageError(f"{why}, or leave {row.name} out of --formats")


def left_out(formats: Sequence[str], extent: Extent) -> list[str]:
    """What some of `formats` cannot hold of a pack, a sentence each."""
    return [sentence for row in _rows(formats) for sentence in row.leaves_out(extent)]


def size_share(formats: Sequence[str], extent: Extent) -> float:
    """Size of the formats' own files, relative to all clips as WAV."""
    return sum(row.share(extent) for row in _rows(formats))


def named_formats(names: Sequence[str], *, flac: bool) -> tuple[str, ...]:
    """The formats that were named; `all` names every one, and no name the usual ones. With FLAC clips wav is not one.

    >>> named_formats([], flac=True), named_formats(["mpc"], flac=False), len(named_formats(["all"], flac=False))
    (('sfz', 'sf2', 'decentsampler'), ('mpc',), 9)
    """
    if names and list(names) != [EVERY]:
        return tuple(names)
    return tuple(row.name for row in TABLE if (names or row.usual) and not (flac and row.needs_wav))


def listed_formats() -> str:
    """All names in a sentence, for help.

    >>> listed_formats()
    'sfz, sf2, decentsampler, wav, multisample, op-xy, renoise, ableton and mpc'
    """
    return f"{', '.join(FORMATS[:-1])} and {FORMATS[-1]}"


def _rows(formats: Sequence[str]) -> list[SamplerFormat]:
    return [row for row in TABLE if row.name in formats]
