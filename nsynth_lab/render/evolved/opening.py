"""An evolution begun or gone on with: from words and from its folder to what makes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.folder import EvolutionFolder
from nsynth_lab.evolve.history import EvolutionError, History, Settings, read_history
from nsynth_lab.evolve.own_preset import check_own, point_of
from nsynth_lab.evolve.population import Member, Space
from nsynth_lab.evolve.presets import PresetSpace, named
from nsynth_lab.evolve.tunes import TuneSpace, asked_by
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.patch import Patch
from nsynth_lab.render.evolved.evolution import Evolution
from nsynth_lab.render.evolved.instruments import instrument_maker
from nsynth_lab.render.evolved.makers import Maker
from nsynth_lab.render.evolved.presets import PresetMaker
from nsynth_lab.render.evolved.tunes import TuneMaker
from nsynth_lab.render.session import Session
from nsynth_lab.tune.key import NO_MODE, parse_key
from nsynth_lab.tune.metre import parse_metre
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import Doubles
from nsynth_lab.wording import quoted

TUNES, INSTRUMENTS, PRESETS = "tunes", "instruments", "presets"
USUAL: dict[str, Settings] = {
    TUNES: {"names": json.dumps(["flute"]), "metre": "4/4", "key": "D", "bars": "4"},
    PRESETS: {"names": "[]"},
    INSTRUMENTS: {"names": "[]", "family": ""},
}


@dataclass(frozen=True)
class Wanted:
    """What is asked of an evolution.

    Attributes:
        what: tunes, instruments or presets; empty of a folder that has begun.
        settings: those that are not the usual ones.
        seed: of chance, if it begins.
        own: a tune or a preset of the user's own from which it begins.
    """

    what: str = ""
    settings: Settings = field(default_factory=dict)
    seed: int | None = None
    own: Tune | Patch | None = None


def opened(folder: EvolutionFolder, session: Session, wanted: Wanted) -> Evolution:
    """The evolution of a folder that is held, as it stands; a new one has its first generation.

    Raises:
        UsageError: it does not fit what is wanted.
        EvolutionError: what the folder holds cannot be used.
    """
    if folder.history.exists() or folder.history.is_symlink():
        return _continued(folder, session, wanted)
    if not wanted.what:
        raise UsageError(f"{folder.path}: nothing has begun there; say what is to: --tunes, --instruments or --presets")
    if unknown := sorted(set(wanted.settings) - set(USUAL[wanted.what])):
        raise UsageError(f"--{unknown[0]} does not go with --{wanted.what}")
    settings = {**USUAL[wanted.what], **_found({**_asked_by(wanted), **wanted.settings}, session)}
    if wanted.what == INSTRUMENTS and not settings["family"]:
        settings["family"] = _family_of(named(settings["names"]), session)
    history = History(wanted.what, wanted.seed or 0, session.checkpoint.model_id, settings)
    maker = maker_of(history, session)
    return Evolution.begun(folder, maker, history, _own_point(wanted, maker))


def _asked_by(wanted: Wanted) -> Settings:
    """What something of the user's own says of the evolution that begins from it."""
    own = wanted.own
    if own is None:
        return {}
    if isinstance(own, Patch):
        check_own(own)
        return {"names": json.dumps(own.blend.corners)}
    metre, key, bars = asked_by(own)
    return {"metre": metre.name, "key": key.name, "bars": str(bars)}


def _own_point(wanted: Wanted, maker: Maker) -> tuple[Doubles, str] | None:
    """Its point, and its kind."""
    if isinstance(wanted.own, Patch) and isinstance(maker, PresetMaker):
        return point_of(maker.space, wanted.own), json.dumps(maker.space.corners)
    if isinstance(wanted.own, Tune) and isinstance(maker, TuneMaker):
        return maker.space.point_of(wanted.own), ""
    return None


def _continued(folder: EvolutionFolder, session: Session, wanted: Wanted) -> Evolution:
    history = read_history(folder.history)
    if wanted.own is not None:
        raise UsageError(f"{folder.path}: has begun already; what is to begin from your own needs a new folder")
    if wanted.what not in ("", history.what):
        raise UsageError(f"{folder.path}: an evolution of {history.what}, not of {wanted.what}; choose another folder")
    for name, value in _found(wanted.settings, session).items():
        if value != (own := history.settings.get(name, "")):
            raise UsageError(f"{folder.path}: began with {name} {quoted(own)}; leave it out, or begin another folder")
    if wanted.seed not in (None, history.seed):
        raise UsageError(f"{folder.path}: began with seed {history.seed}; leave it out, or begin another folder")
    if history.model != session.checkpoint.model_id:
        raise EvolutionError(
            f"{folder.path}: began with model {history.model}, this checkpoint is {session.checkpoint.model_id}; name "
            "the other with --checkpoint"
        )
    is_whole = set(history.settings) == set(USUAL[history.what])
    is_whole &= all(session.bank.holds(name) for name in named(history.settings.get("names", "")))
    maker = maker_of(history, session) if is_whole else None
    members = [one for generation in history.generations for one in generation.members]
    if maker is None or not all(_fits(maker.space, member) for member in members):
        raise EvolutionError(f"{folder.history}: not an evolution, or damaged; begin another folder")
    return Evolution(folder, maker, history)


def _found(settings: Settings, session: Session) -> Settings:
    """With the instruments as the bank calls them.

    Raises:
        UsageError: it has none of such a name.
    """
    if "names" not in settings:
        return settings
    names = [session.bank.find(name).instrument.name for name in named(settings["names"])]
    return {**settings, "names": json.dumps(names)}


def _family_of(names: Sequence[str], session: Session) -> str:
    if not names:
        raise UsageError("nothing says what instruments are to be heard as; give a --family, or instruments")
    return session.bank.entries[names[0]].instrument.family


def _fits(space: Space, member: Member) -> bool:
    point = np.array(member.point)
    alike = len(point) == len(space.spread) and np.allclose(space.within(point), point)
    return alike and space.knows(member.kind)


def maker_of(history: History, session: Session) -> Maker:
    """What makes an evolution's members.

    Raises:
        UsageError, TuneError: settings that cannot be used.
    """
    settings = history.settings
    names = named(settings["names"])
    if history.what == PRESETS:
        return PresetMaker(PresetSpace(session.ranges(), names), session)
    if history.what == INSTRUMENTS:
        return instrument_maker(session, settings["family"], names)
    key, metre = parse_key(settings["key"]), parse_metre(settings["metre"])
    if key.mode == NO_MODE or metre is None:
        raise UsageError(f"key {settings['key']}, metre {settings['metre']}; expected such as Edor and 6/8")
    space = TuneSpace(MelodyModel(session.folder), metre, key, _whole(settings["bars"]))
    return TuneMaker(space, session, names)


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise UsageError(f"{text} bars; expected a whole number")
    return int(text)
