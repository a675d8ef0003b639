"""A duet in the panel, without a browser: what is played is answered, into the engine and for all pages to see.

Blocks are pulled as fast as they can be made, and the answers are made here; that a process writes them is tested in
`test_duet`, and all of it together in `test_panel_duet_page`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")

from starlette.requests import Request
from test_panel_instrument import PATIENCE_SECONDS, Bench, bench, session, unpaced

from nsynth_lab.duet.values import Answer, DuetNote, Phrase, Wishes
from nsynth_lab.errors import CheckpointError, NsynthLabError
from nsynth_lab.midi.events import Event, Kind, note_off, note_on
from nsynth_lab.midi.song import parse_song
from nsynth_lab.panel.duet import desk as desk_module
from nsynth_lab.panel.duet.desk import DuetDesk
from nsynth_lab.panel.messages.parsing import format_message
from nsynth_lab.panel.messages.playing import Corners, NoteOff, NoteOn, Panic, Set
from nsynth_lab.panel.messages.shown import Partner, Trouble
from nsynth_lab.panel.messages.tunes import Duet
from nsynth_lab.render import Session
from nsynth_lab.render.event_queue import ClockFollower
from nsynth_lab.render.with_partner import partner_of
from nsynth_lab.units import SAMPLE_RATE

__all__ = ["session", "unpaced"]

SILENCE, STEP, LENGTH = 0.35, 4_800, 4_000  # seconds, samples


class Written:
    """In the place of the process: it has an answer of four notes at once, without a beat to wait for."""

    made: ClassVar[list[Written]] = []

    def __init__(self, checkpoint: Path, wishes: Wishes) -> None:
        self.checkpoint, self.wishes, self.is_open = checkpoint, wishes, False
        self.phrases: list[Phrase] = []
        self.made.append(self)

    def __enter__(self) -> Written:
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False

    def ask(self, phrase: Phrase) -> None:
        self.phrases.append(phrase)

    def take(self, _: Phrase) -> Answer:
        return Answer(tuple(DuetNote(at * STEP, at * STEP + LENGTH, 70 + at, 80) for at in range(4)))

    def troubles(self) -> list[str]:
        return []


class Stage:
    """A bench with a desk, and what the partner's engines are sent."""

    def __init__(self, made: Bench, desk: DuetDesk) -> None:
        self.bench, self.desk, self.instrument = made, desk, made.instrument
        self.sent: list[Event] = []
        self._watched: list[Any] = []

    def ask(self, **fields: Any) -> None:
        self.desk.handlers[Duet](Duet(**fields))

    def begin(self, **fields: Any) -> None:
        """A duet, until its partner listens."""
        self.ask(**fields)
        self.until(lambda: self.told.doing in ("listens", "plays along", "thinks", "answers"))

    @property
    def told(self) -> Partner:
        """What pages were told last."""
        last: Partner = (self.bench.of(Partner) or [Partner()])[-1]
        return last

    @property
    def switch(self) -> Any:
        return self.instrument._engines.switch

    def until(self, is_so: Callable[[], bool]) -> None:
        """Play on until it is so."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < end, self.told
            self.hear(0.01)
            time.sleep(0.001)  # the desk has a thread of its own

    def hear(self, seconds: float) -> Any:
        """The next sound; what the partner's engine is sent meanwhile is noted."""
        engine: Any = partner_of(self.switch.present)
        if engine is not None and engine not in self._watched:
            self._watched.append(engine)
            send, begins = engine.send, self.switch.clock - engine.clock

            def watch(events: Any) -> None:
                taken = list(events)
                self.sent += [event.at(event.at_sample + begins) for event in taken]
                send(taken)

            engine.send = watch
        return self.bench.hear(seconds)

    def key(self, key: int, seconds: float = 0.1) -> None:
        """A key, down for so long."""
        self.instrument.handle(NoteOn(key, 90))
        self.hear(seconds)
        self.instrument.handle(NoteOff(key))
        self.hear(0.02)

    def struck(self) -> list[tuple[int, int]]:
        """When the partner's engine struck which keys."""
        return [(event.at_sample, event.number) for event in self.sent if event.kind is Kind.NOTE_ON]

    def rows(self, part: int) -> list[tuple[float, ...]]:
        return [row for row in self.told.notes if row[3] == part]

    def take(self) -> Any:
        return parse_song(bytes(self.desk._midi(Request({"type": "http"})).body))


@contextmanager
def stage(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(desk_module, "Beside", Written)
    monkeypatch.setattr(desk_module, "TELL_SECONDS", 0.002)
    monkeypatch.setattr(ClockFollower, "begin_block", lambda clock, sample, _: setattr(clock, "sample_now", sample))
    monkeypatch.setattr(ClockFollower, "sample", lambda clock, _: clock.sample_now)  # at once
    Written.made.clear()
    with bench(session) as made:
        desk = DuetDesk(made.instrument)
        with desk:
            yield Stage(made, desk)
    assert not any(one.is_open for one in Written.made), "the process ends with the panel"


@pytest.mark.usefixtures("unpaced")
def test_what_is_played_is_answered_at_its_samples_and_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(session, monkeypatch) as here:
        here.hear(0.5)  # a duet has a clock of its own
        here.begin(loose=True, seed=3, close=0.5)
        assert not here.struck()
        for key in (60, 64, 67):
            here.key(key)
        here.until(lambda: len(here.struck()) == 4)
        here.until(lambda: here.told.doing == "listens" and here.told.turn == 1)
        (source,) = Written.made
        (phrase,) = source.phrases
        assert [note.key for note in phrase.notes] == [60, 64, 67]
        assert (source.wishes.seed, source.wishes.close) == (3, 0.5)
        times, keys = zip(*here.struck(), strict=True)
        assert keys == (70, 71, 72, 73)
        assert np.diff(times).tolist() == [STEP] * 3
        played, answered = here.rows(0), here.rows(1)
        assert [row[2] for row in played] == [60, 64, 67]
        assert answered[0][0] == pytest.approx(played[-1][0] + played[-1][1] + SILENCE, abs=2 / SAMPLE_RATE)
        assert [row[0] - answered[0][0] for row in answered] == pytest.approx([0.0, 0.1, 0.2, 0.3])
        assert [row[1] for row in answered] == pytest.approx([LENGTH / SAMPLE_RATE] * 4)
        assert here.told.first == 0
        assert not here.told.coming
        ahead = [told.coming for told in here.bench.of(Partner) if told.coming]
        assert ahead, "the notes to come were told"
        assert [row[2] for row in ahead[0]] == [70, 71, 72, 73][-len(ahead[0]) :]
        assert "nan" not in format_message(here.told).lower()
        song = here.take()
        assert song.channels == {0: 3, 1: 4}
        assert song.events[0].at_sample == pytest.approx(played[0][0] * SAMPLE_RATE, abs=13), "half a tick"


@pytest.mark.usefixtures("unpaced")
def test_the_partner_is_heard_beside_the_player(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its engine sounds as long as its notes do, with the player's knobs; and with a sound of its own, without them."""
    with stage(session, monkeypatch) as here:
        here.begin(loose=True)
        assert np.abs(here.hear(0.2)).max() < 1e-4
        here.key(60)
        here.until(lambda: len(here.struck()) == 1)
        assert np.abs(here.hear(0.3)).max() > 0.01
        mine, other = (part.engine.player for part in here.switch.present.parts)
        here.instrument.handle(Set("envelope.release_seconds", 1.5))
        here.hear(0.02)
        assert mine.settings.release_ms == other.settings.release_ms == 1500.0
        here.ask(loose=True, answer="cello")
        here.until(lambda: here.switch.present.parts[-1].engine.player is not other and not here.switch.changing)
        mine, other = (part.engine.player for part in here.switch.present.parts)
        assert len(other.programs[0].sources.corners) == 1
        assert len(mine.programs[0].sources.corners) == 2
        here.instrument.handle(Set("envelope.release_seconds", 0.5))
        here.hear(0.02)
        assert mine.settings.release_ms == 500.0
        assert other.settings.release_ms != 500.0


@pytest.mark.usefixtures("unpaced")
def test_live_input_is_a_player_and_a_tune_is_not(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    class Singing:
        """A note at the beginning, of a source that plays what comes in live, or of one that does not."""

        follow = 1.0

        def __init__(self, *, listens: bool) -> None:
            self.listens, self.notes = listens, [note_on(65, 80, channel=3), note_off(65, channel=3)]

        def events(self, clock: int, _: int) -> list[Event]:
            return [self.notes.pop(0).at(clock)] if self.notes else []

        def stop(self) -> None:
            """It has ended by itself."""

        def mixed(self, block: Any, _: int) -> Any:
            return block

    with stage(session, monkeypatch) as here:
        here.begin(loose=True)
        here.until(lambda: here.desk._seat._partner is not None)
        here.instrument.perform(Singing(listens=False))
        here.hear(0.5)
        assert not Written.made[0].phrases
        here.instrument.perform(Singing(listens=True))
        here.until(lambda: len(here.struck()) == 1)
        assert [[note.key for note in phrase.notes] for phrase in Written.made[0].phrases] == [[65]]


@pytest.mark.usefixtures("unpaced")
def test_a_key_silences_the_answer_at_its_next_note_and_a_panic_at_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(session, monkeypatch) as here:
        here.begin(loose=True)
        here.key(60)
        here.until(lambda: len(here.struck()) == 3)
        here.key(62, 0.2)
        here.until(lambda: here.told.turn == 1 and not here.told.coming)
        here.until(lambda: len(here.struck()) == 4)
        assert here.struck()[3][1] == 70, "the next answer begins, the one before does not go on"
        assert [[note.key for note in phrase.notes] for phrase in Written.made[0].phrases] == [[60], [62]]
        here.instrument.handle(Panic())
        here.hear(0.05)
        assert np.abs(here.hear(0.1)).max() < 1e-4
        here.hear(0.8)
        assert len(here.struck()) == 4, "and what was played before is not answered"
        here.key(64)
        here.until(lambda: len(here.struck()) == 5)


@pytest.mark.usefixtures("unpaced")
def test_the_duet_goes_on_when_the_sound_is_another_and_ends_when_it_is_ended(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(session, monkeypatch) as here:
        here.begin(loose=True)
        here.key(60)
        here.until(lambda: len(here.struck()) == 2)
        before = here.switch.present
        here.instrument.handle(Corners(("cello",)))
        here.until(lambda: here.switch.present is not before and not here.switch.changing)
        here.until(lambda: [key for _, key in here.struck()][-1] == 73)
        assert len(partner_of(here.switch.present).player.programs[0].sources.corners) == 1  # type: ignore[union-attr]
        times = {key: at for at, key in here.struck()}
        assert times[73] - times[72] == STEP, "in time all the while"
        here.ask(on=False)
        here.until(lambda: here.told.doing == "off" and partner_of(here.switch.present) is None)
        assert not Written.made[0].is_open
        here.key(60)
        here.hear(0.5)
        assert here.told.turn == 0
        assert here.take().channels == {0: 1, 1: 4}, "the take is there until the next duet"
        here.begin(loose=True)
        here.until(lambda: not here.told.notes)


@pytest.mark.usefixtures("unpaced")
def test_it_plays_along_or_begins_and_has_its_turns(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(session, monkeypatch) as here:
        here.begin(along=True, key="C")
        assert here.told.doing == "plays along"
        assert not Written.made, "nothing has to be written"
        for key in (72, 74, 76):
            here.key(key)
        here.until(lambda: len(here.rows(1)) == 3 and all(row[1] for row in here.told.notes))
        for mine, other in zip(here.rows(0), here.rows(1), strict=True):
            assert mine[:2] == other[:2], "at the very samples of the keys"
            assert mine[2] - other[2] in (3, 4, 5, 7, 8, 9, 12, 15, 16)
        here.ask(turns=2, loose=True)
        here.until(lambda: here.told.doing == "listens")
        assert len(here.told.notes) == 6, "it is the same duet still"
        here.ask(on=False)
        here.until(lambda: here.told.doing == "off")
        here.begin(lead=True, turns=1)
        here.until(lambda: here.told.doing == "off")
        assert [round(row[0], 6) for row in here.rows(1)] == [1.0, 1.1, 1.2, 1.3]
        assert not here.rows(0)


@pytest.mark.usefixtures("unpaced")
def test_what_cannot_be_is_said_and_the_sound_goes_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(session, monkeypatch) as here:
        for fields, says in (
            ({"answer": "no such thing"}, "no such thing"), ({"key": "H"}, "key 'H'"), ({"metre": "7/8"}, "7/8"),
            ({"bpm": 5.0}, "5 beats a minute"), ({"along": True, "turns": 3}, "leave out"),
            ({"answer": "flute, cello, flute, cello, flute"}, "one to four"),
        ):  # fmt: skip
            with pytest.raises(NsynthLabError, match=says):
                here.ask(**fields)

        def ends(*_: object) -> None:
            raise CheckpointError("answers cannot be written: it is broken")

        with monkeypatch.context() as patched:
            patched.setattr(Written, "__enter__", ends)
            here.ask()
            here.until(lambda: bool(here.bench.of(Trouble)))
        assert "it is broken" in here.bench.of(Trouble)[-1].says
        here.until(lambda: here.told.doing == "off" and partner_of(here.switch.present) is None)
        here.begin(loose=True)
        here.until(lambda: here.desk._seat._partner is not None)
        monkeypatch.setattr(here.desk._seat._partner, "play", ends)
        here.until(lambda: here.told.doing == "off")
        assert "the duet has ended" in here.bench.of(Trouble)[-1].says
        here.instrument.handle(NoteOn(60, 90))
        assert np.abs(here.hear(0.3)).max() > 0.01
