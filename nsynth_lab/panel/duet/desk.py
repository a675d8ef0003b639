"""DuetDesk: takes what pages ask of a duet, and tells them how it goes.

What takes time, such as the process that writes answers, is waited for on a thread of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nsynth_lab.duet.along import SecondVoice
from nsynth_lab.duet.partner import CHANNEL, Partner
from nsynth_lab.duet.sources import Beside
from nsynth_lab.duet.take import take_bytes
from nsynth_lab.duet.values import Phrase, Wishes
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.panel.duet.seat import Seat
from nsynth_lab.panel.duet.sound import answering_of, range_of
from nsynth_lab.panel.engines import Answering
from nsynth_lab.panel.in_thread import in_thread
from nsynth_lab.panel.messages.shown import Partner as Told
from nsynth_lab.panel.messages.shown import Trouble
from nsynth_lab.panel.messages.tunes import Duet
from nsynth_lab.panel.own_thread import OwnThread
from nsynth_lab.priority import come_behind
from nsynth_lab.tune.key import parse_key
from nsynth_lab.tune.tune import FASTEST_BPM, SLOWEST_BPM
from nsynth_lab.units import SAMPLE_RATE

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument

TELL_SECONDS, AGAIN_SECONDS, POLL_SECONDS = 0.1, 1.0, 0.01
OFF, BEGINS = "off", "begins"
MOST_COMING = 1_000


class NoAnswers:
    """The source of a partner that plays along: nothing is ever answered."""

    def ask(self, phrase: Phrase) -> None:
        """Nothing is written."""

    def take(self, phrase: Phrase) -> None:
        """There is no answer."""


class DuetDesk:
    """Handles the messages of `handlers` and the requests of `routes`; a context manager, which ends the duet."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._seat = Seat()
        instrument.play_with(self._seat)
        self._wanted = self._asked = Duet(on=False)  # what pages want, and what has been seen to
        self._partner: Partner | None = None
        self._source: Beside | None = None
        self._last: Partner | None = None  # that played in the last duet, or in this one
        self._range: tuple[tuple[str, ...], tuple[int, int]] = ((), (0, 127))  # of which instruments
        self._doing = OFF
        self._told = self.shown()
        self._choosing = threading.Lock()  # held where `_wanted` is changed
        self._stack = ExitStack()  # the process that writes answers
        self._thread = OwnThread("duet", self._run)

    @property
    def handlers(self) -> Mapping[type, Callable[[Any], None]]:
        """What to do with messages, by their types; any thread may."""
        return {Duet: self._ask}

    @property
    def routes(self) -> list[Route]:
        """What can be taken away."""
        return [Route("/api/duet.mid", in_thread(self._midi))]

    def shown(self) -> Told:
        """As pages are told."""
        partner, options = self._partner, {name: one for name, one in asdict(self._wanted).items() if name != "on"}
        first, notes = self._seat.written.rows
        told = Told(options, self._doing, at=self._seat.seconds, first=first, notes=notes)
        if partner is None:
            return told
        shown = partner.shown
        coming = [
            (one.begin / SAMPLE_RATE, (one.end - one.begin) / SAMPLE_RATE, one.key)
            for one in partner.coming[:MOST_COMING]
        ]
        return replace(
            told, doing=shown.doing, turn=shown.turn, late=shown.late, heard=shown.heard, coming=tuple(coming),
            bars=tuple(at / SAMPLE_RATE for at in partner.bar_lines),
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)

    def _ask(self, message: Duet) -> None:
        """Say at once what cannot be; the rest is done by the thread.

        Raises:
            UsageError, TuneError, PatchError: it cannot be.
        """
        if message.on:
            _wishes_of(message)
            answering_of(self._instrument.session, message.answer)
        with self._choosing:
            self._wanted = message
        self._thread.wake()

    def _midi(self, _: Request) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="duet.mid"'}
        events = self._last.events.copy() if self._last is not None else ()
        return Response(take_bytes(events), media_type="audio/midi", headers=headers)

    def _run(self) -> None:
        while self._thread.wait(TELL_SECONDS):
            come_behind()
            wanted, before = self._wanted, self._asked
            if wanted is not before:
                self._asked = wanted
                self._follow(wanted, before)
            self._look()
            now, told = self.shown(), self._told
            if now != replace(told, at=now.at) or now.at - told.at >= AGAIN_SECONDS:
                self._tell(now)
        self._end()

    def _tell(self, now: Told) -> None:
        self._told = now
        self._instrument.tell(now)

    def _follow(self, wanted: Duet, before: Duet) -> None:
        """See to what pages want now."""
        try:
            if not wanted.on:
                self._end()
            elif self._partner is None:
                self._begin(wanted)
            else:
                self._change(wanted, before)
        except NsynthLabError as error:
            self._give_up(str(error))

    def _begin(self, wanted: Duet) -> None:
        """Raises what `Beside` raises, and what `answering_of` does."""
        self._doing = BEGINS
        self._tell(self.shown())
        self._instrument.accompany(answering_of(self._instrument.session, wanted.answer))
        partner = self._partner_of(wanted, leads=wanted.lead)
        while self._instrument.answering is not None and not self._instrument.partner_is_ready:
            if not self._thread.wait(POLL_SECONDS) or self._wanted is not wanted:
                self._thread.wake()  # what is wanted now comes next
                return
        self._sit(partner)

    def _change(self, wanted: Duet, before: Duet) -> None:
        self._instrument.accompany(answering_of(self._instrument.session, wanted.answer))
        partner = self._partner
        if partner is None or wanted.along or before.along:
            self._sit(self._partner_of(wanted))
            return
        partner.loose, partner.turns = wanted.loose, wanted.turns
        self._keep_wishes()

    def _partner_of(self, wanted: Duet, *, leads: bool = False) -> Partner:
        """Who answers, or plays along; the process that writes answers is begun, if there is none yet."""
        wishes = self._wishes(wanted)
        if wanted.along:
            key = parse_key(wishes.key) if wishes.key else None
            voice = SecondVoice(CHANNEL, key=key, lowest=wishes.lowest, highest=wishes.highest)
            return Partner(NoAnswers(), along=voice)
        if self._source is None:
            self._source = self._stack.enter_context(Beside(self._instrument.session.folder, wishes))
        self._source.wishes = wishes
        return Partner(self._source, leads=leads, loose=wanted.loose, turns=wanted.turns)

    def _sit(self, partner: Partner) -> None:
        self._partner = self._last = partner
        self._seat.sit(partner)

    def _keep_wishes(self) -> None:
        """Let answers be as they are wanted now, within the range of what plays them now."""
        if self._source is not None:
            self._source.wishes = self._wishes(self._asked)

    def _wishes(self, wanted: Duet) -> Wishes:
        instrument = self._instrument
        patch = (instrument.answering or Answering()).patch(instrument.patch)
        if patch.blend.corners != self._range[0]:
            self._range = patch.blend.corners, range_of(instrument.session, patch)
        lowest, highest = self._range[1]
        return replace(_wishes_of(wanted), lowest=lowest, highest=highest)

    def _look(self) -> None:
        """What happens by itself: answers that cannot be written, a partner that has finished or cannot be heard."""
        for line in self._source.troubles() if self._source is not None else ():
            self._instrument.tell(Trouble(line))
        if self._partner is None:
            if self._instrument.answering is not None and self._instrument.partner_is_silent:
                self._instrument.accompany(None)
            return
        self._keep_wishes()
        if self._seat.failed:
            failed, self._seat.failed = self._seat.failed, ""
            self._give_up(f"the duet has ended: {failed} (a defect of nsynth-lab: please report it)")
        elif self._partner.done or self._instrument.answering is None:
            self._leave()  # the engine has told why

    def _give_up(self, says: str) -> None:
        self._instrument.tell(Trouble(says))
        self._leave()

    def _leave(self) -> None:
        """End it, though pages want it still."""
        self._end()
        with self._choosing:
            if self._wanted is self._asked:
                self._wanted = self._asked = replace(self._asked, on=False)

    def _end(self) -> None:
        self._seat.leave()
        self._partner, self._source, self._doing = None, None, OFF
        self._stack.close()


def _wishes_of(message: Duet) -> Wishes:
    """How answers are to be.

    Raises:
        UsageError, TuneError: wishes that exclude each other, or a tempo, metre or key that cannot be.
    """
    if message.bpm and not SLOWEST_BPM <= message.bpm <= FASTEST_BPM:
        raise UsageError(f"{message.bpm:g} beats a minute; expected {SLOWEST_BPM:g} to {FASTEST_BPM:g}, or 0")
    if message.along and (message.lead or message.turns):
        raise UsageError("who plays along gives no answers: leave out `lead` and `turns`")
    return Wishes(message.close, message.free, message.seed, message.bpm or None, message.metre, message.key)
