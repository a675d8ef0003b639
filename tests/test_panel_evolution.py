"""Evolution in the panel: its folder is that of `nsynth-lab evolve`, pages are told what is in it, and it is held."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")

from starlette.responses import FileResponse

from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.folder import EvolutionFolder
from nsynth_lab.evolve.history import Generation, History, read_history, write_history
from nsynth_lab.evolve.population import SIZE, Member
from nsynth_lab.folders import data_folder
from nsynth_lab.midi.events import Kind
from nsynth_lab.midi.song import parse_song
from nsynth_lab.panel.evolution import work
from nsynth_lab.panel.evolution.cards import FILE, Card, Cards, read_cards
from nsynth_lab.panel.evolution.desk import ROOM, EvolutionDesk
from nsynth_lab.panel.messages.evolving import (
    CloseEvolution,
    Evolve,
    LikeMembers,
    NextGeneration,
    RemoveEvolution,
    SaveMember,
    UndoGeneration,
)
from nsynth_lab.panel.messages.shown import Evolution, Presets, Trouble
from nsynth_lab.patch import Blend, Patch, Slot, parse_preset
from nsynth_lab.render import Session
from nsynth_lab.render.evolved.opening import Wanted, opened
from nsynth_lab.tune.files import read_tune
from nsynth_lab.units import SAMPLE_RATE

SECONDS = 10.0  # until a test gives up
SESSION: dict[str, Any] = {"folder": str(Session(device="cpu").folder), "device": "cpu", "seed": 0}
TUNES = Evolve("it", what="tunes", names=("marimba",), key="E dorian", metre="3/4", bars=2, seed=3)

ABC = "X:1\nM:4/4\nL:1/4\nK:G\nGABc|dBGD|ECAF|G4|]\n"


def told(*_: Any) -> None:
    """Progress, of which nobody is told."""


def test_a_job_breeds_in_the_folder_what_the_command_goes_on_with(tmp_path: Path) -> None:
    """The cards show the notes that are in the files; and a tune that is kept is written as one of the panel's."""
    place, job = EvolutionFolder(tmp_path / "it"), tmp_path / "job"
    job.mkdir()
    seen = []

    def tell(done: float, total: float, _: str) -> None:
        found = read_cards(job)
        seen.append((done, total, found and [card.is_made for card in found.cards].count(True)))

    wanted = vars(work.wanted_of(TUNES))
    with place.held():
        arguments: dict[str, Any] = {"path": str(place.path), "session": SESSION}
        work.bred(job, tell, **arguments, wanted=wanted, liked=None)
        assert seen == [(0, 0, None), (0, 6, 0), *((done, 6, done) for done in range(1, SIZE + 1))]
        cards = read_cards(job)
        assert cards is not None
        for number, card in enumerate(cards.cards, 1):
            song = parse_song(place.file(1, number, ".mid").read_bytes())
            ons = [(event.at_sample / SAMPLE_RATE, event.number) for event in song.events if event.kind is Kind.NOTE_ON]
            assert [key for _, key in ons] == [key for _, _, key in card.notes]
            assert [at for at, _ in ons] == pytest.approx([at for at, _, _ in card.notes], abs=1e-3)
            assert card.descent == "new"
        work.bred(job, told, **arguments, wanted=vars(Wanted()), liked=[2, 5])
        cards = read_cards(job)
        assert cards is not None
        assert (cards.generation, cards.cards[0].descent) == (2, "2 lives on")
        assert all(card.is_made for card in cards.cards)
        found = work.kept(job, told, **arguments, generation=2, number=1, name="Mine")
    assert (found["title"], found["metre"], found["key"], found["bars"]) == ("Mine", "3/4", "E dorian", 2)
    assert read_tune(place.path / "saved-mine.abc").tune.title == "Mine"
    assert (job / "mine.mid").is_file()
    evolution = opened(place, Session(device="cpu"), Wanted("tunes"))
    assert evolution.history.generations[0].liked == ()
    assert evolution.history.now.came_from == (2, 5)
    assert evolution.to_make() == []


def test_the_first_six_come_from_a_tune_of_ones_own(tmp_path: Path) -> None:
    place, job = EvolutionFolder(tmp_path / "it"), tmp_path / "job"
    job.mkdir()
    wanted = vars(work.wanted_of(Evolve("it", what="tunes", begin="job-3", metre="6/8")))
    with place.held():
        work.bred(job, told, path=str(place.path), session=SESSION, wanted=wanted, liked=None, own={"tune": ABC})
    cards = read_cards(job)
    assert cards is not None
    assert [card.descent for card in cards.cards] == ["yours", *["from 1"] * 4, "new"]
    history = opened(place, Session(device="cpu"), Wanted("tunes")).history
    assert (history.settings["metre"], history.settings["key"]) == ("4/4", "G major"), "of the tune, not of the form"


def test_what_one_begins_with_is_ones_own(hand: Hand) -> None:
    """A tune by its job, or the sound as it stands; what of that cannot be bred is said."""
    hand.ask(Evolve("tunes", what="tunes", begin="job-3"))
    assert hand.works.started[-1]["own"] == {"tune": f"{ABC}% job-3"}
    hand.works.end("failed")
    hand.until(lambda shown: not shown.job)
    hand.ask(CloseEvolution())
    hand.ask(Evolve("sounds", what="presets", begin="here", names=("oboe",)))
    hand.until(lambda shown: shown.name == "sounds")
    assert parse_preset(hand.works.started[-1]["own"]["preset"]) == hand.patch
    assert "names" not in hand.works.started[-1]["wanted"]["settings"]
    assert Trouble("left out, since evolve does not turn it: bitcrush") in hand.told
    with pytest.raises(UsageError, match="instruments are drawn anew"):
        hand.ask(Evolve("reeds", what="instruments", begin="here", family="reed"))


@pytest.mark.parametrize(
    "change",
    [
        {"generation": "1"}, {"cards": []}, {"cards": [{}] * 6}, {"cards": None},
        {"cards": [{"descent": "", "words": 1, "is_made": True, "notes": [], "picture": ""}] * 6},
        {"cards": [{"descent": "", "words": "", "is_made": True, "notes": [[0, 1]], "picture": ""}] * 6},
        {"cards": [{"descent": "", "words": "", "is_made": True, "notes": [[0, 1e99, 60]], "picture": ""}] * 6},
        {"cards": [{"descent": "", "words": "", "is_made": True, "notes": [], "picture": "AAAA"}] * 6},
    ],
)  # fmt: skip
def test_cards_that_a_job_has_spoilt_are_none(tmp_path: Path, change: dict[str, Any]) -> None:
    card = Card("new\x1b", "w", True, notes=((0.0, 1.0, 60.0),))
    Cards(1, (card,) * SIZE).write(tmp_path)
    found = read_cards(tmp_path)
    assert found is not None
    assert found.cards[0] == Card("new", "w", True, notes=((0.0, 1.0, 60.0),))
    (tmp_path / FILE).write_text(json.dumps(json.loads((tmp_path / FILE).read_text()) | change))
    assert read_cards(tmp_path) is None


class Works:
    """Jobs that do nothing until a test says what they bring."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[dict[str, Any]] = []
        self.states: dict[str, str] = {}
        self.cancelled: set[str] = set()
        self.says = ""

    def start(self, kind: str, title: str, done_by: str, arguments: Any, **rest: Any) -> str:
        name = f"job-{len(self.started)}"
        (self.folder / name).mkdir()
        self.started.append({"kind": kind, "title": title, "work": done_by, **arguments, **rest})
        self.states[name] = "running"
        return name

    def rows(self) -> dict[str, dict[str, Any]]:
        return {name: {"state": state, "says": self.says} for name, state in self.states.items()}

    def folder_of(self, name: str) -> Path:
        return self.folder / name

    def cancel(self, name: str) -> None:
        assert self.states[name] == "running"
        self.cancelled.add(name)

    def forget(self, name: str) -> None:
        del self.states[name]

    def subscribe(self, tell: Callable[[], None]) -> Callable[[], None]:
        self.tell = tell
        return lambda: None

    def end(self, state: str, says: str = "") -> None:
        """The newest one ends."""
        name = f"job-{len(self.started) - 1}"
        self.states[name], self.says = state, says
        self.tell()

    def bring(self, *, made: int = SIZE) -> None:
        """The newest one does what it was asked for, as far as the cards."""
        asked, folder = self.started[-1], self.folder / f"job-{len(self.started) - 1}"
        place = EvolutionFolder(Path(asked["path"]))
        if not place.history.exists():
            write_history(place.history, History("tunes", 0, "m", {"key": "D"}, (generation(),)))
        elif asked["liked"] is not None:
            history = read_history(place.history)
            write_history(place.history, history.followed_by(generation().members, asked["liked"]))
        number = read_history(place.history).number
        cards = tuple(Card(f"of {number}", "w", k < made) for k in range(SIZE))
        Cards(number, cards).write(folder)
        self.tell()


def generation() -> Generation:
    return Generation((Member((0.0,)),) * SIZE)


class Hand:
    """A page, and the panel behind it."""

    def __init__(self, tmp_path: Path) -> None:
        self.works, self.told = Works(tmp_path), list[Any]()
        session = SimpleNamespace(folder=Path(SESSION["folder"]), device="cpu", seed=0)
        self.patch = Patch("Mine", Blend(("flute", "cello")), effects=(Slot("bitcrush"),))
        instrument = SimpleNamespace(session=session, tell=self.told.append, patch=self.patch)
        self.desk = EvolutionDesk(instrument, self.works, tune_of=lambda job: f"{ABC}% {job}")  # type: ignore[arg-type]

    def ask(self, message: Any) -> None:
        self.desk.handlers[type(message)](message)

    def until(self, is_so: Callable[[Evolution], object]) -> Evolution:
        """What pages have been told, once it is so."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            shown = [Evolution(), *(one for one in self.told if isinstance(one, Evolution))]
            if is_so(shown[-1]) and shown[-1] == self.desk.shown():
                return shown[-1]
            time.sleep(0.005)
        raise AssertionError(self.desk.shown())

    def troubles(self) -> list[str]:
        return [one.says for one in self.told if isinstance(one, Trouble)]

    def begin(self, name: str = "it") -> Evolution:
        self.ask(Evolve(name, what="tunes"))
        self.works.bring()
        self.works.end("done")
        return self.until(lambda shown: shown.generation == 1 and not shown.job)


@pytest.fixture
def hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    made = Hand(tmp_path)
    with made.desk:
        yield made


def test_likes_the_next_generation_and_back(hand: Hand) -> None:
    shown = hand.begin("My tunes")
    assert (shown.name, shown.what, shown.names, shown.settings) == ("my-tunes", "tunes", ("my-tunes",), {"key": "D"})
    assert shown.folder == str(data_folder() / ROOM / "my-tunes")
    hand.ask(LikeMembers((5.0, 2.0)))
    assert hand.until(lambda shown: shown.liked == (5, 2)).members["1"]["descent"] == "of 1"
    hand.ask(NextGeneration())
    hand.ask(NextGeneration())  # pressed twice
    assert [one["liked"] for one in hand.works.started] == [None, [5, 2]]
    assert hand.until(lambda shown: shown.awaits).generation == 1
    with pytest.raises(UsageError, match="on its way"):
        hand.ask(LikeMembers((1.0,)))
    hand.works.bring(made=3)
    shown = hand.until(lambda shown: shown.generation == 2)
    assert [row["is_made"] for row in shown.members.values()] == [True] * 3 + [False] * 3
    assert not shown.awaits
    hand.ask(LikeMembers((1.0,)))  # while the others are made
    hand.ask(UndoGeneration())
    assert hand.works.cancelled == {"job-1"}
    assert hand.desk.shown().generation == 2, "nothing is removed under a job that may still write"
    hand.works.end("cancelled")
    shown = hand.until(lambda shown: shown.generation == 1)
    assert (shown.liked, shown.job, shown.members["1"]["descent"]) == ((5, 2), "", "of 1")
    with pytest.raises(UsageError, match="nothing to undo"):
        hand.ask(UndoGeneration())
    assert len(hand.works.started) == 2, "all of them are there still"


def test_going_on_is_taken_back_while_it_is_on_its_way(hand: Hand) -> None:
    """Even if the job has written the next generation just before its end."""
    hand.begin()
    for has_come in (False, True):
        hand.ask(NextGeneration())
        hand.ask(UndoGeneration())
        if has_come:
            path = EvolutionFolder(data_folder() / ROOM / "it").history
            write_history(path, read_history(path).followed_by(generation().members, []))
        hand.works.end("cancelled")
        shown = hand.until(lambda shown: not shown.job)
        assert (shown.generation, shown.awaits) == (1, False)
        assert read_history(data_folder() / ROOM / "it" / "evolution.json").number == 1


def test_one_is_open_at_a_time_and_its_folder_is_held_until_it_is_put_away(hand: Hand) -> None:
    hand.begin()
    first, other = (EvolutionFolder(data_folder() / ROOM / name) for name in ("it", "other"))
    with pytest.raises(UsageError, match="another nsynth-lab"), first.held():
        pass
    with pytest.raises(UsageError, match="begun already"):
        hand.ask(Evolve("it", what="presets"))
    hand.begin("other")
    with first.held(), pytest.raises(UsageError, match="another nsynth-lab"), other.held():
        pass
    hand.ask(Evolve("it"))
    hand.ask(CloseEvolution())  # while it is being opened
    hand.works.end("cancelled")
    assert set(hand.until(lambda shown: not shown.name).names) == {"it", "other"}
    with first.held(), other.held():
        pass
    with pytest.raises(UsageError, match="no evolution is open"):
        hand.ask(NextGeneration())


def test_one_that_is_put_away_is_removed_and_only_what_belongs_to_it(hand: Hand) -> None:
    hand.begin()
    with pytest.raises(UsageError, match="put it away first"):
        hand.ask(RemoveEvolution("it"))
    hand.ask(CloseEvolution())
    hand.begin("other")
    first = EvolutionFolder(data_folder() / ROOM / "it")
    with first.held(), pytest.raises(UsageError, match="another nsynth-lab"):
        hand.ask(RemoveEvolution("it"))
    for name in ("../it", "nobody", ".", "/etc"):
        with pytest.raises(UsageError, match="has been removed"):
            hand.ask(RemoveEvolution(name))
    first.file(1, 2, ".wav").write_bytes(b"sound")
    hand.ask(RemoveEvolution("it"))
    assert hand.until(lambda shown: "it" not in shown.names).name == "other"
    assert not first.path.exists()
    hand.ask(CloseEvolution())
    saved = data_folder() / ROOM / "other" / "saved-mine.abc"
    saved.write_text("X:1")
    hand.ask(RemoveEvolution("other"))
    assert hand.until(lambda shown: not shown.names)
    assert list(saved.parent.iterdir()) == [saved]
    assert "still there" in hand.troubles()[-1]


def test_what_cannot_begin_says_why_and_leaves_nothing(hand: Hand) -> None:
    for name in ("../it", "nobody", "/etc", "."):
        with pytest.raises(UsageError):
            hand.ask(Evolve(name))
    with pytest.raises(UsageError, match="reads as a path"):
        hand.ask(Evolve("../it", what="tunes"))
    with pytest.raises(UsageError, match="choose the family"):
        hand.ask(Evolve("it", what="instruments"))
    hand.ask(Evolve("it", what="tunes", metre="5/4"))
    hand.works.end("failed", "5/4 is no metre")
    assert hand.until(lambda shown: not shown.name and hand.troubles()).names == ()
    assert hand.troubles() == ["5/4 is no metre"]
    assert list((data_folder() / ROOM).iterdir()) == []


def test_one_that_is_kept_is_told_of_and_its_sound_is_heard_by_name_alone(hand: Hand) -> None:
    hand.begin()
    hand.ask(SaveMember(3, " Mine "))
    asked = hand.works.started[-1]
    assert (asked["kind"], asked["generation"], asked["number"], asked["name"]) == ("tune", 1, 3, "Mine")
    hand.desk._kept("presets", "Mine")
    assert isinstance(hand.told[-1], Presets)
    folder = data_folder() / ROOM / "it"
    (folder / "generation-1-2.wav").write_bytes(b"sound")
    (folder / "generation-2-2.wav").write_bytes(b"another generation's")
    (folder / "generation-1-3.wav").symlink_to(folder / "evolution.json")
    assert heard(hand, "it", "generation-1-2.wav") == folder / "generation-1-2.wav"
    for name, file in (("it", "generation-2-2.wav"), ("it", "generation-1-3.wav"), ("it", "evolution.json"),
                       ("no", "generation-1-2.wav"), ("it", "../it/generation-1-2.wav")):  # fmt: skip
        assert heard(hand, name, file) is None, file


def heard(hand: Hand, name: str, file: str) -> Path | None:
    answer = hand.desk._sound(SimpleNamespace(path_params={"name": name, "file": file}))  # type: ignore[arg-type]
    assert answer.status_code == (200 if isinstance(answer, FileResponse) else 404)
    return Path(answer.path) if isinstance(answer, FileResponse) else None
