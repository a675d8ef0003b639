"""A duet: phrases end where they should, answers come on the beat and suit the phrase, whatever the blocks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_tunes import faded, silence, steady, tone

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.cli.tune_given import Hummed
from nsynth_lab.duet import answering
from nsynth_lab.duet.along import SecondVoice
from nsynth_lab.duet.answering import answer_to
from nsynth_lab.duet.beat import find_beat
from nsynth_lab.duet.choice import COPY_SHARE, Judged, best_of, is_copy, longest_shared, varied
from nsynth_lab.duet.listening import Listener
from nsynth_lab.duet.partner import CHANNEL, Partner
from nsynth_lab.duet.sources import AnswerSource, Beside
from nsynth_lab.duet.take import take_bytes
from nsynth_lab.duet.values import Answer, DuetNote, Phrase, Wishes
from nsynth_lab.errors import TuneError, UsageError
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.writing import Written
from nsynth_lab.midi.events import Event, EventList, Kind, control, note_off, note_on, setting
from nsynth_lab.midi.song import parse_song
from nsynth_lab.render.with_partner import partner_of, with_partner
from nsynth_lab.tune.key import parse_key
from nsynth_lab.units import SAMPLE_RATE, note_to_hz

BEAT = SAMPLE_RATE // 2
SCALE = (62, 64, 66, 67, 69, 71, 73, 74)  # D major
TUNE = (  # four bars of 4/4 in D: key and length in eighths
    (62, 2), (66, 1), (69, 1), (74, 2), (73, 1), (71, 1), (69, 2), (66, 1), (67, 1), (69, 4),
    (71, 2), (67, 1), (71, 1), (69, 2), (66, 1), (69, 1), (67, 1), (66, 1), (64, 1), (66, 1), (62, 3),
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> MelodyModel:
    return MelodyModel()


def tune(
    *, begin: int = 0, beat: float = BEAT, held: float = 0.9, velocity: int = 90, swing: float = 0.5
) -> list[DuetNote]:
    """It as notes."""

    def at(eighths: int) -> float:
        return begin + beat * (eighths // 2 + swing * (eighths % 2))

    notes, place = [], 0
    for key, eighths in TUNE:
        first, last = at(place), at(place + eighths)
        notes.append(DuetNote(round(first), round(first + held * (last - first)), key, velocity))
        place += eighths
    return notes


def as_events(notes: Sequence[DuetNote], channel: int = 0) -> list[Event]:
    events = [note_on(one.key, one.velocity, at_sample=one.begin, channel=channel) for one in notes]
    events += [note_off(one.key, at_sample=one.end, channel=channel) for one in notes]
    return sorted(events, key=lambda event: (event.at_sample, event.kind is Kind.NOTE_ON))


class Remembering:
    """Writes an answer when it is taken, and never twice."""

    written: dict[Phrase, Answer]

    def __init__(self, model: MelodyModel, wishes: Wishes | None = None) -> None:
        self._model, self._wishes, self.written = model, wishes or Wishes(), {}

    def ask(self, phrase: Phrase) -> None:
        pass

    def take(self, phrase: Phrase) -> Answer | None:
        if phrase not in self.written:
            self.written[phrase] = answer_to(self._model, phrase, self._wishes)
        return self.written[phrase]


class Made:
    """Has an answer of four notes at once, or after so many calls."""

    def __init__(self, *, after: int = 0, beat: bool = True) -> None:
        self.phrases: list[Phrase] = []
        self._after, self._beat = after, beat

    def ask(self, phrase: Phrase) -> None:
        self.phrases.append(phrase)

    def take(self, _: Phrase) -> Answer | None:
        self._after -= 1
        if self._after >= 0:
            return None
        notes = tuple(DuetNote(at * BEAT, at * BEAT + 20_000, 70 + at, 80) for at in range(4))
        return Answer(notes, 0.0 if self._beat else float("nan"), BEAT, 1, "made")


def performed(
    partner: Partner, events: Sequence[Event], *, blocks: Sequence[int] = (256,), seconds: float = 30.0
) -> list[Event]:
    """What a partner plays to events, in blocks of these sizes in turn."""
    queue, found, begin, turn = EventList(events), list[Event](), 0, 0
    while begin < seconds * SAMPLE_RATE:
        end = begin + blocks[turn % len(blocks)]
        found += partner.play(queue.until(end), begin, end)
        begin, turn = end, turn + 1
    return found


def onsets(events: Sequence[Event]) -> list[int]:
    return [event.at_sample for event in events if event.kind is Kind.NOTE_ON]


def silence_after(notes: Sequence[DuetNote]) -> int:
    """How long after its last key a phrase ends, in samples."""
    listener = Listener()
    for event in as_events(notes):
        listener.hear(event)
    assert listener.ends_at is not None
    return listener.ends_at - notes[-1].end


def test_a_phrase_ends_after_a_third_of_a_second_or_one_and_a_half_of_its_silences() -> None:
    quick = [DuetNote(at * 12_000, at * 12_000 + 9_000, 60 + at, 80) for at in range(6)]
    assert silence_after(quick) == round(0.35 * SAMPLE_RATE)
    sparse = [DuetNote(at * 40_000, at * 40_000 + 10_000, 60 + at, 80) for at in range(5)]
    assert silence_after(sparse) == 45_000  # 1.5 * 30,000
    legato = [DuetNote(at * 40_000, at * 40_000 + 41_000, 60 + at, 80) for at in range(5)]
    assert silence_after(legato) == round(0.35 * SAMPLE_RATE)


def test_a_phrase_does_not_end_while_a_key_is_down_and_panic_lifts_it() -> None:
    listener = Listener()
    assert listener.hear(note_on(60, 80, at_sample=100))
    assert listener.ends_at is None
    listener.hear(control(123, 0, at_sample=5_000))
    assert listener.ends_at == 5_000 + round(0.35 * SAMPLE_RATE)
    assert listener.phrase() == (DuetNote(0, 4_900, 60, 80),)


@pytest.mark.parametrize("blocks", [(1_024,), (64, 1, 7, 333), (48_000,)])
def test_the_same_answer_at_the_same_samples_in_blocks_of_any_size(
    blocks: tuple[int, ...], whole: tuple[Remembering, list[Event]]
) -> None:
    """Live is offline: two phrases, the second of which begins while the first is being answered."""
    source, expected = whole
    assert performed(Partner(source), two_phrases(), blocks=blocks) == expected
    assert len(onsets(expected)) > 12


def two_phrases() -> list[Event]:
    return as_events([*tune(begin=5_000), *tune(begin=12 * SAMPLE_RATE + 77, beat=20_000.0)])


@pytest.fixture(scope="module")
def whole(model: MelodyModel) -> tuple[Remembering, list[Event]]:
    source = Remembering(model)
    return source, performed(Partner(source), two_phrases(), blocks=(256,))


def test_the_first_note_comes_on_the_next_beat_and_loose_at_once(whole: tuple[Remembering, list[Event]]) -> None:
    """Within 10 ms of the beat, and not later than the next one; without a beat at the very sample of the decision."""
    _, expected = whole
    ends = max(note.end for note in tune(begin=5_000)) + round(0.35 * SAMPLE_RATE)
    begun = onsets(expected)[0]
    beats = (begun - 5_000) / BEAT
    assert abs(beats - round(beats)) * BEAT < 0.010 * SAMPLE_RATE
    assert 0 <= begun - ends <= BEAT + 0.010 * SAMPLE_RATE
    loose = performed(Partner(Made(), loose=True), as_events(tune(begin=5_000)), seconds=14)
    assert onsets(loose)[0] == ends
    free = performed(Partner(Made(beat=False)), as_events(tune(begin=5_000)), seconds=14)
    assert onsets(free)[0] == ends


def test_an_answer_that_comes_late_begins_on_a_later_beat() -> None:
    partner = Partner(Made(after=200))
    found = performed(partner, as_events(tune()), seconds=14)
    assert (onsets(found)[0]) % BEAT == 0
    assert onsets(found)[0] > max(note.end for note in tune()) + 200 * 256
    assert partner.shown.late == 1
    early = Partner(Made(after=10))
    assert (
        onsets(performed(early, as_events(tune()), seconds=14))[0]
        == onsets(performed(Partner(Made()), as_events(tune()), seconds=14))[0]
    )
    assert early.shown.late == 0, "it was there before its beat"


def test_a_key_silences_the_partner_at_its_next_note_and_begins_the_next_phrase() -> None:
    source = Made()
    alone = performed(Partner(Made()), as_events(tune()), seconds=14)
    third, fourth = onsets(alone)[2:4]
    pressed = (third + fourth) // 2
    partner = Partner(source)
    events = [*as_events(tune()), note_on(60, 80, at_sample=pressed), note_off(60, at_sample=pressed + 4_000)]
    found = performed(partner, events, seconds=pressed / SAMPLE_RATE + 0.3)
    assert onsets(found) == onsets(alone)[:3]
    assert [event for event in found if event.kind is Kind.NOTE_OFF] == alone[1:6:2], "what sounds sounds to its end"
    assert partner.shown.turn == 1
    assert partner.shown.coming == ()
    assert len(source.phrases[-1].notes) == 1


@pytest.mark.parametrize("beat", [True, False])
def test_a_long_rest_in_a_phrase_does_not_end_it(beat: bool) -> None:
    """Whose answer has hardly begun has only rested: all of the phrase is answered, in the same turn."""
    source = Made(beat=beat)
    alone = performed(Partner(Made(beat=beat)), as_events(tune()), seconds=14)
    again = onsets(alone)[0] + 100
    rest = tune(begin=again)
    partner = Partner(source, turns=1)
    found = performed(partner, [*as_events(tune()), *as_events(rest)], blocks=(64, 777), seconds=30)
    assert onsets(found)[0] == onsets(alone)[0]
    assert len(onsets(found)) == 1 + 4
    assert onsets(found)[1] > rest[-1].end
    assert source.phrases[-1] == Phrase((*tune(), *rest), 0, 0.0)
    assert partner.done


def test_all_sound_off_silences_the_partner_at_once() -> None:
    """What sounds ends there, nothing of it comes any more, and what was played before is not answered."""
    alone = performed(Partner(Made()), as_events(tune()), seconds=14)
    at = onsets(alone)[1] + 1_000
    partner = Partner(Made())
    events = [*as_events(tune()), note_on(60, 80, at_sample=at - 500), control(120, 0, at_sample=at)]
    found = performed(partner, events, blocks=(100, 777), seconds=20)
    assert onsets(found) == onsets(alone)[:2]
    after = [event for event in found if event.at_sample >= at]
    assert [(event.kind, event.number, event.at_sample) for event in after] == [
        (Kind.NOTE_OFF, 71, at), (Kind.CONTROL, 120, at)
    ]  # fmt: skip
    voice = SecondVoice(CHANNEL, key=parse_key("D"))
    along = performed(Partner(Made(), along=voice), [note_on(69, 80), control(120, 0, at_sample=900)], seconds=1)
    assert [event.kind for event in along] == [Kind.NOTE_ON, Kind.NOTE_OFF, Kind.CONTROL]


def test_who_goes_on_before_the_answer_has_sounded_goes_on_with_the_phrase() -> None:
    source = Made()
    late = round(max(note.end for note in tune()) + 0.36 * SAMPLE_RATE)  # decided, and the beat has not come
    events = [*as_events(tune()), note_on(60, 80, at_sample=late), note_off(60, at_sample=late + 4_000)]
    partner = Partner(source)
    performed(partner, events, seconds=14)
    assert partner.shown.turn == 1
    assert len(source.phrases[-1].notes) == len(TUNE) + 1


def test_it_has_its_turns_and_can_begin() -> None:
    notes = [*tune(), *tune(begin=20 * SAMPLE_RATE), *tune(begin=40 * SAMPLE_RATE)]
    partner = Partner(Made(), turns=2)
    assert len(onsets(performed(partner, as_events(notes), seconds=60))) == 8
    assert partner.done
    assert partner.idle
    leads = Partner(Made(beat=False), leads=True)
    found = performed(leads, [], seconds=6)
    assert onsets(found)[0] == SAMPLE_RATE
    assert len(onsets(found)) == 4


def test_an_answer_suits_the_phrase(model: MelodyModel) -> None:
    """As long in bars, in its scale, within five semitones of its range, as loud, as short and as swung."""
    for held, velocity, swing in ((0.9, 50, 0.5), (0.4, 110, 0.62)):
        notes = tune(held=held, velocity=velocity, swing=swing)
        answer = answer_to(model, Phrase(tuple(notes)), Wishes())
        assert answer.bars == 4
        assert answer.heard == "4/4, D major, 120 beats a minute"
        assert answer.bar_samples == pytest.approx(4 * BEAT, rel=0.001)
        assert {note.key % 12 for note in answer.notes} <= {key % 12 for key in SCALE}
        assert min(note.key for note in answer.notes) >= 62 - 5
        assert max(note.key for note in answer.notes) <= 74 + 5
        assert abs(statistics.fmean(note.velocity for note in answer.notes) - velocity) < 2
        last = max(note.end for note in answer.notes)
        assert 2.9 * 4 * BEAT < last <= 4.01 * 4 * BEAT
        shares = [(one.end - one.begin) / (two.begin - one.begin) for one, two in pairwise(answer.notes)]
        assert statistics.median(shares) == pytest.approx(held, abs=0.06)
        inside = [note.begin / BEAT % 1 for note in answer.notes]
        halves = [place for place in inside if 0.4 < place < 0.7]
        assert halves
        assert statistics.median(halves) == pytest.approx(swing, abs=0.02)


def test_the_beat_is_what_is_accented_where_nothing_else_tells() -> None:
    """Even notes, twelve times a run of two or three: with the first of every two accented, or of every three."""
    for parts, ticks in ((2, 24), (3, 36)):
        onsets = [0.25 * at for at in range(24)]
        hit = [95 if at % parts == 0 else 75 for at in range(24)]
        beat = find_beat(onsets, [60 + (5 * at) % 7 for at in range(24)], hit, 0.25)
        assert beat.beat_ticks == ticks
        assert beat.period_seconds == pytest.approx(0.25 * parts, rel=0.01)
        assert beat.ticks.tolist() == [ticks // parts * at for at in range(24)]


def test_how_close_it_keeps_to_what_was_played(model: MelodyModel) -> None:
    """At 1 it nearly repeats; below, it is never a copy, in whatever key."""
    phrase = Phrase(tuple(tune()))
    shared = {}
    line = [(key, eighths) for key, eighths in TUNE]
    for close in (0.0, 1.0):
        notes = answer_to(model, phrase, Wishes(close=close)).notes
        played = [(one.key, round((two.begin - one.begin) / (BEAT / 2))) for one, two in pairwise(notes)]
        shared[close] = longest_shared(played, line)
        assert close == 1.0 or not is_copy(played, line)
    assert shared[1.0] > shared[0.0]


@pytest.mark.parametrize("shift", [0, 5, -3])
def test_a_copy_is_known_in_every_key(shift: int) -> None:
    line = [(key + shift, eighths) for key, eighths in TUNE]
    assert is_copy(line, [(key, eighths) for key, eighths in TUNE])
    other = [(key + shift + at % 3, eighths) for at, (key, eighths) in enumerate(TUNE)]
    assert not is_copy(other, [(key, eighths) for key, eighths in TUNE])


def test_notes_of_a_copy_are_changed_until_it_is_none() -> None:
    """In as few places as that takes, to neighbours in the scale; whatever is repeated, and in whatever rhythm."""
    scale = [key for key in range(57, 80) if key % 12 in {one % 12 for one in SCALE}]
    for line in ([*TUNE], [(62, 2)] * 12, [(62 + 2 * (at % 2), 1) for at in range(30)]):
        for copied in (line, line[: len(line) // 2 + 2]):
            made = varied(copied, line, scale)
            bare, known = ([(key, 0) for key, _ in one] for one in (made, line))
            assert longest_shared(bare, known) < COPY_SHARE * len(bare)
            changed = [(one[0], two[0]) for one, two in zip(made, copied, strict=True) if one[0] != two[0]]
            assert 0 < len(changed) <= max(1, len(copied) // 6)
            assert all(one in scale and abs(one - two) <= 5 for one, two in changed)
            assert [length for _, length in made] == [length for _, length in copied]
    other = [(74, 1), (66, 2), (67, 1), (62, 4)]
    assert varied(other, list(TUNE), scale) == other
    assert varied([(62, 1)] * 4, [(62, 1)] * 4, [62]) == [(62, 1)] * 4, "there is nothing else to play"


def test_a_copy_is_chosen_only_among_copies_and_then_the_one_that_is_least_of_one() -> None:
    copy, less, other = Judged(0.5, 0.9, True), Judged(0.9, 0.7, True), Judged(2.0, 0.2, False)
    assert best_of([copy, other, less]) == 1, "however well a copy suits otherwise"
    assert best_of([copy, less]) == 1
    assert best_of([other, Judged(1.0, 0.5, False)]) == 1


def test_where_every_candidate_copies_the_answer_still_does_not(
    model: MelodyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copying(_: Any, drafts: Sequence[Any], *__: Any, **___: Any) -> list[Written]:
        for draft in drafts:
            for at in range(len(draft)):
                draft.wait_until(draft.begins[at] % draft.bar_ticks)
                draft.add(draft.durations[at], draft.pitches[at])
        return [Written(draft, [2.0]) for draft in drafts]

    monkeypatch.setattr(answering, "write", copying)
    line = [(key, eighths) for key, eighths in TUNE]
    for close, copies in ((0.3, False), (1.0, True)):
        notes = answer_to(model, Phrase(tuple(tune())), Wishes(close=close)).notes
        assert len(notes) == len(TUNE)
        played = [(one.key, round((two.begin - one.begin) / (BEAT / 2))) for one, two in pairwise(notes)]
        assert is_copy(played, line) == copies
        assert {note.key % 12 for note in notes} <= {key % 12 for key in SCALE}


def cat() -> list[DuetNote]:
    chance = np.random.default_rng(0)
    at = np.sort(chance.integers(0, 6 * SAMPLE_RATE, 70)).tolist()
    spans = ((500, 90_000), (0, 128), (1, 128))
    lasts, keys, hard = (chance.integers(low, high, len(at)).tolist() for low, high in spans)
    return [DuetNote(one, one + long, key, how) for one, long, key, how in zip(at, lasts, keys, hard, strict=True)]


@pytest.mark.parametrize(
    "notes",
    [
        [DuetNote(0, 30_000, 60, 90)],
        [DuetNote(0, 1, 0, 1)],
        [DuetNote(at, 30_000, 127 - 4 * at, 127) for at in range(3)],
        [DuetNote(3_600 * at, 3_600 * at + 3_000, 60 + 2 * (at % 2), 80) for at in range(200)],
        [DuetNote(0, 40_000, 48, 70), DuetNote(2_000_000, 2_040_000, 50, 70)],
        cat(),
    ],
    ids=["one note", "a click", "a chord", "a trill", "a minute apart", "a cat"],
)
def test_whatever_is_played_something_musical_or_nothing_comes(model: MelodyModel, notes: list[DuetNote]) -> None:
    answer = answer_to(model, Phrase(tuple(notes)), Wishes())
    assert 0 < answer.bars <= 8
    keys = [note.key for note in notes]
    assert all(min(keys) - 17 <= note.key <= max(keys) + 17 for note in answer.notes)
    assert all(0 <= note.begin < note.end <= note.begin + 4 * SAMPLE_RATE + 1 for note in answer.notes)
    assert [note.begin for note in answer.notes] == sorted(note.begin for note in answer.notes)
    runs = [len(list(run)) for _, run in groupby(note.key for note in answer.notes)]
    assert max(runs, default=0) <= 7, "it never gets stuck on a note"


def test_silence_is_answered_by_silence() -> None:
    source = Made()
    partner = Partner(source)
    assert performed(partner, [control(1, 64, at_sample=100)], seconds=5) == []
    assert partner.idle
    assert source.phrases == []


def test_tempo_metre_and_key_that_are_given_are_kept(model: MelodyModel) -> None:
    wishes = Wishes(tempo_bpm=60.0, metre="3/4", key="Gmaj")
    assert answer_to(model, Phrase(tuple(tune())), wishes).heard == "3/4, G major, 60 beats a minute"
    for close, free, tempo_bpm in ((1.5, 1.0, None), (0.5, -1.0, None), (0.5, 1.0, 0.0)):
        with pytest.raises(UsageError, match="expected"):
            Wishes(close, free, tempo_bpm=tempo_bpm)
    with pytest.raises(TuneError, match="7/8"):
        Wishes(metre="7/8")


def test_an_answer_keeps_within_what_the_instrument_has(model: MelodyModel) -> None:
    answer = answer_to(model, Phrase(tuple(tune())), Wishes(lowest=28, highest=52))
    assert all(28 <= note.key <= 52 for note in answer.notes)


def test_another_process_writes_the_same_answers(model: MelodyModel) -> None:
    phrases = [Phrase(tuple(tune())), Phrase(tuple(tune(velocity=60)), 1, float(BEAT))]
    with Beside(None, Wishes(seed=3)) as source:
        found = [waited(source, phrase) for phrase in phrases]
        source.ask(phrases[0])
        source.ask(phrases[1])  # the first is given up
        assert waited(source, phrases[1]) == found[1]
        source.wishes = Wishes(seed=4, highest=60)
        again = waited(source, replace(phrases[0], turn=2))
    assert again == answer_to(model, replace(phrases[0], turn=2), Wishes(seed=4, highest=60))
    assert found == [answer_to(model, phrase, Wishes(seed=3)) for phrase in phrases]


def waited(source: AnswerSource, phrase: Phrase) -> Answer:
    source.ask(phrase)
    deadline = time.monotonic() + 60
    while (answer := source.take(phrase)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return answer


def test_what_both_play_becomes_a_file_on_channels_of_their_own() -> None:
    partner = Partner(Made())
    found = performed(partner, as_events(tune()), seconds=14)
    song = parse_song(take_bytes(partner.events))
    assert song.channels == {0: len(TUNE), 1: 4}
    begins = [event.at_sample for event in song.events if event.kind is Kind.NOTE_ON and event.channel == 1]
    assert np.abs(np.array(begins) - onsets(found)).max() <= 13  # half a tick
    assert all(event.channel == CHANNEL for event in found)


def test_a_second_voice_lies_below_in_the_scale_and_ends_with_its_note() -> None:
    """In thirds and sixths for the most part, never in parallel fifths or octaves, at the very samples of the hands."""
    notes = [*tune(), *tune(begin=9 * SAMPLE_RATE)]
    voice = SecondVoice(CHANNEL, key=parse_key("D"))
    partner = Partner(Made(), along=voice)
    found = performed(partner, as_events(notes), blocks=(64, 777), seconds=20)
    assert onsets(found) == [note.begin for note in notes]
    assert [event.at_sample for event in found if event.kind is Kind.NOTE_OFF] == [note.end for note in notes]
    below = [event.number for event in found if event.kind is Kind.NOTE_ON]
    assert {number % 12 for number in below} <= {key % 12 for key in SCALE}
    apart = [note.key - number for note, number in zip(notes, below, strict=True)]
    assert np.mean([one in (3, 4, 8, 9, 15, 16) for one in apart]) > 0.9
    moved = [(one, two) for one, two in pairwise(zip(notes, apart, strict=True)) if one[0].key != two[0].key]
    assert not [one for one, two in moved if one[1] == two[1] and one[1] in (7, 12)]
    assert partner.idle


def test_a_second_voice_finds_the_key_in_what_is_played() -> None:
    voice = SecondVoice(CHANNEL)
    found = performed(Partner(Made(), along=voice), as_events([*tune(), *tune(begin=9 * SAMPLE_RATE)]), seconds=20)
    later = [event.number % 12 for event in found if event.kind is Kind.NOTE_ON][len(TUNE) :]
    assert set(later) <= {key % 12 for key in SCALE}


def test_the_partner_has_an_engine_and_a_channel_of_its_own() -> None:
    heard: list[list[Event]] = [[], []]

    class Deaf:
        delay_samples, player = 0, None

        def __init__(self, place: int) -> None:
            self._place = place

        def send(self, events: Sequence[Event]) -> None:
            heard[self._place] += events

    engines: Any = (Deaf(0), Deaf(1))
    events = [note_on(60, channel=0), note_on(61, channel=15), note_on(62, channel=CHANNEL)]
    for together in (True, False):
        both = with_partner(*engines, together=together)
        assert partner_of(both) is engines[1]
        both.send([*events, setting("x", 0.5)])
        assert [(event.number, event.channel) for event in heard[0][:2]] == [(60, 0), (61, 15)]
        assert [(event.number, event.channel) for event in heard[1][:1]] == [(62, 0)]
        assert [sum(event.kind is Kind.SETTING for event in one) for one in heard] == [1, int(together)]
        heard[:] = [[], []]
    assert partner_of(engines[0]) is None


def test_what_is_hummed_in_a_file_is_played_as_it_was_hummed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hummed = [faded(tone(steady(note_to_hz(key + 0.3), 0.42))) for key in (62, 66, 69)]  # nobody hums to a tuning fork
    hummed[1] *= 0.1
    sound = np.concatenate([part for one in hummed for part in (one, silence(0.18))])
    write_audio(tmp_path / "hum.wav", Audio(sound[None], 48_000))
    song = Hummed.in_file(tmp_path / "hum.wav").song()
    notes = [event for event in song.events if event.kind is Kind.NOTE_ON]
    assert [event.number for event in notes] == [62, 66, 69]
    assert [event.at_sample / SAMPLE_RATE for event in notes] == pytest.approx([0.0, 0.6, 1.2], abs=0.02)
    first, soft, last = (event.value for event in notes)
    assert soft < min(first, last) - 10
    write_audio(tmp_path / "hush.wav", Audio(np.zeros((1, SAMPLE_RATE), np.float32), 48_000))
    assert run(["duet", "flute", "--file", str(tmp_path / "hush.wav"), "-o", str(tmp_path / "x.wav")]) == 1
    assert "no note heard" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["flute", "-o", "a.wav"], "--file"),
        (["flute", "--file", "a.mid", "--midi", "all"], "--file and --midi both play"),
        (["flute", "--file", "a.mid", "--lead"], "--lead begins"),
        (["flute", "--along", "--turns", "3"], "--turns counts answers"),
        (["flute", "--close", "2"], "--close 2; expected 0 to 1"),
        (["flute", "--tempo", "5"], "--tempo 5; expected 20 to 400"),
        (["flute", "--metre", "5/8"], "metre 5/8"),
        (["flute", "--key", "H"], "key 'H'"),
        (["flute", "--answer", "no such thing"], "no such thing"),
        (["flute", "--notes", "a.txt"], ".mid"),
        (["flute", "--dynamics", "0.5"], "goes with --input"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert run(["duet", *words]) in (1, 2)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert said in told
