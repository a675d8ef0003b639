"""Partner: whose turn it is in a duet, and what the partner plays, from block to block.

    listens --(nothing played for so long)--> thinks --(the answer is written)--> waits for the beat --> answers
       ^----------------------------(the answer is over, or a key is pressed)-------------------------------'

Everything happens at samples of the engine's clock, whatever the blocks: a key pressed while the partner answers
silences it at its next note. If the answer had hardly begun, the player had only rested and goes on with the phrase:
all of it is answered then. Where a clock of another program tells its beats among the events, answers are written at
its tempo, begin on its beats, stay on them, and end where it stops. Live, answers are written beside the music from
each moment on when all keys are up; one that is not there in time begins a beat later, which is the only difference
there may be to the same phrase in a file.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Iterable

from nsynth_lab.duet.along import SecondVoice
from nsynth_lab.duet.clock import Clock
from nsynth_lab.duet.listening import Listener, key_struck
from nsynth_lab.duet.sources import AnswerSource
from nsynth_lab.duet.values import Answer, DuetNote, Phrase, Shown
from nsynth_lab.midi.events import OF_THE_SONG, Event, Kind, control, note_off, note_on
from nsynth_lab.units import SAMPLE_RATE

CHANNEL = 16  # of the partner: one more than MIDI has, so that the player may have all of them
ASKED_AFTER_SAMPLES = round(0.04 * SAMPLE_RATE)  # without a key: most rests between notes are shorter
OPENS_AT_SAMPLES = SAMPLE_RATE  # where it begins
SHOWN_NOTES = 24
HARDLY_BEGUN = 0.5  # of an answer, and a bar at most
HARDLY_BEGUN_SAMPLES = 2 * SAMPLE_RATE  # without bars
EXACT = 1e-9  # beats: a beat at this very sample is the next one
SOUND_OFF = 120  # the controller after which nothing sounds
MOST_KEPT = 200_000  # events


class Partner:
    """`play(played, begin, end)` before each block: what the player does in it -> what the partner does in it.

    Attributes:
        events: of both, in order of time, as they were played: at most 200,000, the latest.
        loose: whether answers begin at once, instead of on the next beat.
        turns: after so many answers it is silent; 0: never.
    """

    def __init__(
        self,
        source: AnswerSource,
        *,
        leads: bool = False,
        loose: bool = False,
        turns: int = 0,
        along: SecondVoice | None = None,
    ) -> None:
        """See above.

        Args:
            source: where answers are written.
            leads: whether the partner begins.
            loose: see above.
            turns: see above.
            along: plays with the player instead of answering.
        """
        self.events: deque[Event] = deque(maxlen=MOST_KEPT)
        self.loose, self.turns = loose, turns
        self._source, self._along = source, along
        self._listener, self._clock = Listener(), Clock()
        self._waiting: list[Event] = []  # of the player, beyond the last block
        self._turn, self._period = 0, 0.0
        self._before = 0, 0.0  # both, as they were before the latest answer
        self._asked = Phrase(())  # what is being answered, or may be soon
        self._asked_up = -1  # its last key
        self._decided: int | None = None  # when it ended; None while it has not
        self._polled = False  # whether its answer has been found missing in this block
        self._notes: deque[DuetNote] = deque()  # to come, at samples of the clock
        self._begun = False  # whether any of the answer has sounded
        self._sounding: list[tuple[int, int]] = []  # (end, note)
        self._late, self._answer, self._start = 0, Answer(()), 0.0
        if leads and along is None:
            self._source.ask(self._asked)
            self._decided = OPENS_AT_SAMPLES

    @property
    def idle(self) -> bool:
        """Whether the partner has nothing left to play until the player plays again."""
        if self._waiting or self._sounding or self._notes or self._decided is not None:
            return False
        return self._along is not None or self._listener.is_empty or not self._answers

    @property
    def done(self) -> bool:
        """Whether it has had all its turns."""
        return not (self._answers or self._notes or self._sounding)

    @property
    def shown(self) -> Shown:
        """A snapshot for display, from any thread."""
        coming = tuple(note.key for note in self.coming)[:SHOWN_NOTES]
        if self._along is not None:
            doing = "plays along"
        elif self._notes or (self._sounding and self._begun):
            doing = "answers"
        elif self._decided is not None:
            doing = "thinks"
        else:
            doing = "listens" if self._answers else "has finished"
        return Shown(self._turn, doing, coming, self._answer.heard, self._late)

    @property
    def coming(self) -> tuple[DuetNote, ...]:
        """The notes that it is going to play, at samples of the clock; from any thread."""
        return tuple(self._notes.copy())

    @property
    def bar_lines(self) -> tuple[float, ...]:
        """Where the bars of its latest answer begin, and its end, in samples of the clock; none without a beat."""
        answer, start = self._answer, self._start
        if not math.isfinite(answer.bar_samples):
            return ()
        return tuple(start + bar * answer.bar_samples for bar in range(answer.bars + 1))

    def hush(self, now: int) -> list[Event]:
        """Be silent until the player plays again: what sounds ends at sample `now`, the phrase so far is forgotten."""
        ended = self._silence(now)
        self.events.extend(ended)
        return ended

    def play(self, played: Iterable[Event], begin: int, end: int) -> list[Event]:
        """What the partner plays from sample `begin` to before `end`.

        Args:
            played: by the player, in any order; what is later than the block waits, what is earlier counts as now.
            begin: of the block.
            end: of the block.
        """
        for event in played:
            insort(self._waiting, event.at(max(event.at_sample, begin)), key=_when)
        self._polled = False
        found: list[Event] = []
        now = begin
        while (at := self._next()) < end:
            now = max(int(at), now)
            found += self._step(now)
        return found

    @property
    def _answers(self) -> bool:
        """Whether it has another turn."""
        return not self.turns or self._turn < self.turns

    def _next(self) -> float:
        """When something happens next; infinity: never."""
        times = [float(end) for end, _ in self._sounding]
        times += [one.at_sample for one in self._waiting[:1]]
        if self._notes:
            times.append(self._notes[0].begin)
        elif self._decided is not None:
            times.append(math.inf if self._polled else self._decided)
        elif self._along is None and self._answers and (ends := self._listener.ends_at) is not None:
            times.append(ends if self._is_asked else self._listener.last_up + ASKED_AFTER_SAMPLES)
        return min(times, default=math.inf)

    @property
    def _is_asked(self) -> bool:
        return self._asked_up == self._listener.last_up

    def _step(self, now: int) -> list[Event]:
        """All that happens at sample `now`: first what the player does, then what ends, then what begins."""
        found: list[Event] = []
        while self._waiting and self._waiting[0].at_sample <= now:
            found += self._hear(self._waiting.pop(0))
        for end, note in [one for one in self._sounding if one[0] <= now]:
            self._sounding.remove((end, note))
            found.append(note_off(note, at_sample=now, channel=CHANNEL))
        if self._along is None:
            self._turn_to(now)
        while self._notes and self._notes[0].begin <= now:
            found += self._strike(self._notes.popleft(), now)
        self.events.extend(one for one in found if one.channel == CHANNEL)
        return found

    def _silence(self, now: int) -> list[Event]:
        self._notes.clear()
        self._decided, self._asked_up = None, -1
        self._listener.forget()
        ended = [note_off(note, at_sample=now, channel=CHANNEL) for _, note in self._sounding]
        self._sounding.clear()
        return ended if self._along is None else [*ended, *self._along.release_all(now)]

    def _hear(self, event: Event) -> list[Event]:
        """An event of the player; a key that goes down silences the partner at its next note."""
        if event.kind in OF_THE_SONG:
            return self._follow(event)
        self.events.append(event)
        if key_struck(event) is not None:
            self._take_up_or_leave(event.at_sample)
        if self._listener.hear(event):
            self._notes.clear()
            self._decided = None
            self._asked_up = -1
        if event.kind is Kind.CONTROL and event.number == SOUND_OFF:
            silence = control(SOUND_OFF, 0, at_sample=event.at_sample, channel=CHANNEL)
            return [*self._silence(event.at_sample), silence]
        if self._along is None:
            return []
        self._listener.forget()
        return self._along.play(event)

    def _follow(self, event: Event) -> list[Event]:
        """An event of the clock; where the song stops, the partner is silent too."""
        if event.kind is Kind.RUN:
            return self._silence(event.at_sample) if self._clock.stops(event) else []
        self._notes = deque(self._clock.take(event, self._notes))
        return []

    def _take_up_or_leave(self, now: int) -> None:
        """Go on with the phrase whose answer has hardly begun when a key goes down; else this key begins another."""
        answer = self._answer
        length = max((note.end for note in answer.notes), default=0)
        bar = answer.bar_samples if math.isfinite(answer.bar_samples) else HARDLY_BEGUN_SAMPLES
        if now - self._start >= min(HARDLY_BEGUN * length, bar):
            self._listener.leave()
        elif self._listener.take_up():
            self._turn, self._period = self._before

    def _turn_to(self, now: int) -> None:
        """Request an answer, hand the turn to the partner, or collect the answer, as the time requires."""
        if self._decided is None and self._answers and not self._notes:
            ends = self._listener.ends_at
            if ends is None:
                return
            if not self._is_asked and now >= self._listener.last_up + ASKED_AFTER_SAMPLES:
                self._asked = Phrase(self._listener.phrase(), self._turn, self._period, self._clock.bpm)
                self._asked_up = self._listener.last_up
                self._source.ask(self._asked)
            if now >= ends:
                self._decided = ends
        if self._decided is not None and now >= self._decided and not self._polled:
            answer = self._source.take(self._asked)
            self._polled = answer is None
            if answer is not None:
                self._begin(answer, now)

    def _begin(self, answer: Answer, now: int) -> None:
        """Schedule an answer's notes, from the next beat on."""
        assert self._decided is not None
        _, soonest = self._placed(answer, self._decided)
        answer, self._start = self._placed(answer, now)
        self._late += self._start > soonest
        self._decided, self._begun, self._answer = None, False, answer
        start = self._start
        self._notes.extend(
            DuetNote(round(start + one.begin), round(start + one.end), one.key, one.velocity) for one in answer.notes
        )
        if not self._notes:
            self._listener.forget()

    def _placed(self, answer: Answer, now: int) -> tuple[Answer, float]:
        """An answer in the clock's time, and where it begins if it is there at sample `now`."""
        answer, start = self._clock.in_time(answer, self._asked, now)
        if self.loose:
            start = float(now)
        elif answer.has_beat and not self._clock.bpm:
            first = self._listener.begins_at + answer.first_beat_samples
            start = first + math.ceil((now - first) / answer.period_samples - EXACT) * answer.period_samples
        return answer, start

    def _strike(self, note: DuetNote, now: int) -> list[Event]:
        if not self._begun:  # until now the player might have gone on with the phrase
            self._before = self._turn, self._period
            self._begun, self._turn, self._period = True, self._turn + 1, self._answer.period_samples
            self._listener.set_aside()
        again = [one for one in self._sounding if one[1] == note.key]
        for one in again:
            self._sounding.remove(one)
        self._sounding.append((max(note.end, now + 1), note.key))
        offs = [note_off(key, at_sample=now, channel=CHANNEL) for _, key in again]
        return [*offs, note_on(note.key, note.velocity, at_sample=now, channel=CHANNEL)]


def _when(event: Event) -> int:
    return event.at_sample
