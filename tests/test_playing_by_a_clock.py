"""Loops and a partner by the clock of another program: on its beats, at its tempo, silent where it stops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from playing import SECOND, small_engine

from nsynth_lab.cli import run as command
from nsynth_lab.duet.answering import answer_to
from nsynth_lab.duet.partner import Partner
from nsynth_lab.duet.values import Answer, DuetNote, Phrase, Wishes
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.palette import PalettePlayer, palette_of
from nsynth_lab.midi.beat_clock import BeatClock
from nsynth_lab.midi.events import Event, Kind, beat, note_off, note_on, run, setting, tempo
from nsynth_lab.render.clocked_palette import ClockedPalette
from nsynth_lab.render.palette_engine import PaletteEngine
from nsynth_lab.tune.abc import tune_from_abc

SCALE = "CDEF|GFED|]"  # in quarters
HIGH = "cdef|gfed|]"
BLOCKS = [(256,), (64, 1, 7, 333), (4_800,)]


def ramp(first: float = 90.0, last: float = 150.0, *, seconds: float = 12.0, begin: int = 0) -> list[Event]:
    """A tempo that rises, and its beat, 24 times a second as a clock tells them."""
    events, at_beat = [], 0.0
    for at in range(round(24 * seconds)):
        bpm = first + (last - first) * at / (24 * seconds)
        sample = begin + at * SECOND // 24
        events += [tempo(bpm, at_sample=sample), beat(at_beat, at_sample=sample)]
        at_beat += bpm / 60.0 / 24
    return events


def beats_of(events: Sequence[Event], clock: Sequence[Event], kind: Kind = Kind.NOTE_ON) -> np.ndarray:
    """At which beats of the clock these events come."""
    beats, waiting, found = BeatClock(), list(clock), []
    for event in sorted((one for one in events if one.kind is kind), key=lambda one: one.at_sample):
        while waiting and waiting[0].at_sample <= event.at_sample:
            beats.take(waiting.pop(0))
        found.append(float(beats.song(event.at_sample)))
    return np.array(found)


def loops(events: Sequence[Event], *, blocks: Sequence[int] = (256,), seconds: float = 12.0) -> list[Event]:
    grid = palette_of([[tune_from_abc(f"X:1\nM:4/4\nL:1/4\nK:C\n{one}\n") for one in (SCALE, HIGH)]], quarters_bpm=77.0)
    clocked, found, begin, turn = ClockedPalette(PalettePlayer(grid)), list[Event](), 0, 0
    while begin < seconds * SECOND:
        end = begin + blocks[turn % len(blocks)]
        for event in events:
            if begin <= event.at_sample < end:
                clocked.move(event.at_sample, event.name, event.value) if event.name else clocked.hear(event)
        found += clocked.until(end)
        begin, turn = end, turn + 1
    return found


@pytest.mark.parametrize("blocks", BLOCKS)
def test_loops_keep_to_the_beats_of_a_clock_whose_tempo_rises(blocks: tuple[int, ...]) -> None:
    clock = [run(True), *ramp()]
    found = loops(clock, blocks=blocks)
    places = beats_of(found, clock)
    assert len(places) > 20
    np.testing.assert_allclose(places, np.rint(places), atol=2e-4)  # a tenth of a millisecond
    keys = [one.number for one in found if one.kind is Kind.NOTE_ON]
    assert keys[:9] == [60, 62, 64, 65, 67, 65, 64, 62, 60]


def test_loops_stand_still_until_they_are_started_stop_and_are_wound_on() -> None:
    assert loops(ramp()) == []
    stopped = loops([run(True), *ramp(), run(False, at_sample=round(2.1 * SECOND))])
    assert max(one.at_sample for one in stopped) == round(2.1 * SECOND)
    assert stopped[-1].kind is Kind.NOTE_OFF, "what sounds ends"
    wound = [tempo(60.0), beat(0.0), run(True), beat(4.0, at_sample=SECOND // 2)]
    assert [one.number for one in loops(wound, seconds=2.4) if one.kind is Kind.NOTE_ON] == [60, 67, 65]


def test_the_position_moves_them_while_they_run_and_while_they_stand() -> None:
    moved = [tempo(60.0), beat(0.0), run(True), setting("x", 1.0, at_sample=round(1.5 * SECOND))]
    assert [one.number for one in loops(moved, seconds=3.5) if one.kind is Kind.NOTE_ON] == [60, 62, 76, 77]
    before = [setting("x", 1.0), *(event.at(SECOND) for event in (tempo(60.0), beat(0.0), run(True)))]
    assert [one.number for one in loops(before, seconds=2.5) if one.kind is Kind.NOTE_ON] == [72, 74]


def test_an_engine_hands_the_clock_to_its_loops_and_goes_by_it_too() -> None:
    grid = palette_of([[tune_from_abc(f"X:1\nM:4/4\nL:1/4\nK:C\n{SCALE}\n")]], quarters_bpm=240)
    engine = small_engine()
    under_hands = PaletteEngine(engine, ClockedPalette(PalettePlayer(grid)), controllers={}, together=False)
    under_hands.send([tempo(60.0), beat(8.0)])
    assert not under_hands.render(4_096).any()
    under_hands.send([run(True)])
    assert under_hands.render(SECOND // 2).any()
    assert float(engine.player.beats.song(engine.clock)) == pytest.approx(8.0 + engine.clock / SECOND, abs=0.01)


class OnTheClock:
    """Answers with a note on each of eight beats, at the tempo of the clock."""

    def __init__(self) -> None:
        self.phrases: list[Phrase] = []

    def ask(self, phrase: Phrase) -> None:
        self.phrases.append(phrase)

    def take(self, phrase: Phrase) -> Answer:
        period = 60.0 * SECOND / phrase.clock_bpm
        notes = tuple(DuetNote(round(at * period), round((at + 0.5) * period), 70 + at, 80) for at in range(8))
        return Answer(notes, 1_234.0, period, 2, "made", 4 * period)


PHRASE = [note_on(60, at_sample=5_000), note_off(60, at_sample=20_000)]


def answered(partner: Partner, clock: Sequence[Event], *, blocks: Sequence[int] = (256,)) -> list[Event]:
    found, begin, turn = list[Event](), 0, 0
    while begin < 12 * SECOND:
        end = begin + blocks[turn % len(blocks)]
        played = [event for event in (*clock, *PHRASE) if begin <= event.at_sample < end]
        found += partner.play(played, begin, end)
        begin, turn = end, turn + 1
    return found


@pytest.mark.parametrize("blocks", BLOCKS)
def test_an_answer_begins_on_a_beat_of_the_clock_and_stays_on_its_beats(blocks: tuple[int, ...]) -> None:
    """While the tempo rises by half: within a hundredth of a beat, as a clock tells its tempo 24 times a second."""
    source, clock = OnTheClock(), ramp()
    found = answered(Partner(source, turns=1), clock, blocks=blocks)
    places = beats_of(found, clock)
    assert len(places) == 8
    np.testing.assert_allclose(places, np.rint(places), atol=0.01)
    assert np.diff(np.rint(places)).tolist() == [1.0] * 7
    assert source.phrases[0].clock_bpm == pytest.approx(92.0, abs=2.0)


def test_where_the_clock_stops_the_partner_is_silent_and_can_be_played_to_again() -> None:
    stop = round(4.0 * SECOND)
    stopped = [run(False, at_sample=stop + at * 2_400) for at in range(100)]  # Link goes on saying so
    partner = Partner(OnTheClock())
    found = answered(partner, [run(True), *ramp(), *stopped])
    assert max(one.at_sample for one in found) <= stop
    again = [note_on(62, at_sample=13 * SECOND), note_off(62, at_sample=13 * SECOND + 9_000)]
    assert partner.play(again, 13 * SECOND, 16 * SECOND), "the tempo stays, and so answers still come"


def test_answers_are_written_at_the_tempo_of_the_clock() -> None:
    notes = tuple(DuetNote(at * 24_000, at * 24_000 + 20_000, 60 + at, 80) for at in (0, 2, 4, 5, 7, 4, 2, 0))
    ordered = tuple(DuetNote(at * 24_000, at * 24_000 + 20_000, one.key, 80) for at, one in enumerate(notes))
    answer = answer_to(MelodyModel(), Phrase(ordered, clock_bpm=120.0), Wishes(tempo_bpm=90.0))
    assert answer.period_samples == pytest.approx(24_000.0, rel=1e-3)
    assert Partner(OnTheClock()).play([], 0, 256) == []


def test_what_cannot_be_with_a_clock_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words, says in (
        (["duet", "flute", "--file", "a.mid", "-o", "a.wav", "--clock", "midi"], "follows no clock; leave out --clock"),
        (["loops", "play", "flute", "--grid", ".", "--clock", "sun"], "clock 'sun'; expected midi or link"),
        (["duet", "flute", "--osc", "no"], "--osc 'no'; expected a port"),
    ):
        assert command(words) == 2
        told = capsys.readouterr().err
        assert says in told
        assert told.count("\n") == 1
