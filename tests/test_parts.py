"""Songs rendered offline: channels with their own instruments, unlimited voices, a silent end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import mido
import numpy as np
import pytest
from made_notes import flute, piano
from playing import SECOND, busy_events, corner, played, spectrum_peak_hz
from tiny_model import tiny_model

from nsynth_lab.errors import MidiError, UsageError
from nsynth_lab.midi.channel_list import channel_list
from nsynth_lab.midi.events import Event, Kind, control, note_off, note_on
from nsynth_lab.midi.song import Song
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.render.ensemble import Ensemble, Part
from nsynth_lab.render.play_request import PlayRequest, parse_play
from nsynth_lab.render.song import BLOCK_SAMPLES, render_song
from nsynth_lab.render.song_choice import song_to_play
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.output_stage import Bypass
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import FloatArray, note_to_hz

FLUTE, PIANO = (Sources([corner(made())]) for made in (flute, piano))


def engine(
    settings: Settings | None = None,
    *,
    sources: Sequence[Sources] = (FLUTE,),
    ahead: int = BLOCK_SAMPLES,
    **options: Any,
) -> Engine:
    return Engine(Checkpoint.of(tiny_model()), sources, settings or Settings(), ahead_samples=ahead, **options)


class Kept:
    """A sink that keeps its blocks."""

    def __init__(self) -> None:
        self.blocks: list[FloatArray] = []

    def write(self, block: FloatArray) -> None:
        self.blocks.append(block.copy())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def sound(self) -> FloatArray:
        return np.concatenate(self.blocks, axis=1)


def rendered(song: Song, engine: Engine | Ensemble) -> FloatArray:
    sink = Kept()
    render_song(engine, song, sink)
    return sink.sound


def test_offline_steals_no_voice_and_sounds_as_live_with_enough_of_them() -> None:
    """More than sixty voices on a synth of sixteen."""
    events, settings = busy_events(notes=120, seconds=1.5), Settings(unison=4)
    offline, live = engine(settings, unlimited=True), engine(settings, unlimited=True, ahead=512)
    sound = played(offline, events, samples=2 * SECOND, blocks=(BLOCK_SAMPLES,))
    assert offline.state().stolen == live.state().stolen == 0
    assert np.abs(sound - played(live, events, samples=2 * SECOND)).max() < 1e-4
    limited = engine(settings)
    played(limited, events, samples=2 * SECOND, blocks=(BLOCK_SAMPLES,))
    assert limited.state().stolen > 100, "nothing would have been stolen: the test is too easy"


def test_offline_sounds_as_live_where_live_stole_nothing() -> None:
    events = [note_on(50 + 2 * place, at_sample=3000 * place) for place in range(16)]
    offline, live = engine(unlimited=True), engine(ahead=512)
    sound = played(offline, events, samples=2 * SECOND, blocks=(BLOCK_SAMPLES,))
    assert np.abs(sound - played(live, events, samples=2 * SECOND)).max() < 1e-4
    assert live.state().voices == offline.state().voices == 16


def test_more_voices_than_one_part_of_a_growing_batch_holds() -> None:
    """200 notes at once, each in its own slot of the decoder, and all end."""
    events = [note_on(number, 60, channel=channel) for number in range(40, 80) for channel in range(5)]
    offs = [event.at(SECOND // 10) for event in events]
    one = engine(unlimited=True)
    played(
        one,
        [*events, *(note_off(event.number, channel=event.channel, at_sample=event.at_sample) for event in offs)],
        samples=SECOND // 10,
        blocks=(4800,),
    )
    assert one.state().voices == 200
    assert len({voice.slot for voice in one.player.allocator.voices}) == 200
    one.render(2 * SECOND)
    assert one.state().voices == 0


def heard_by(engine: Engine, events: Sequence[Event]) -> list[tuple[int, int]]:
    """Programs that the voices play, by channel."""
    played(engine, events, samples=4800)
    return [(voice.channel, voice.program) for voice in engine.player.allocator.voices]


def test_a_channel_has_its_own_instrument_whatever_program_changes_say() -> None:
    changes = [Event(Kind.PROGRAM, channel, 41) for channel in range(4)]
    notes = [note_on(60 + channel, channel=channel) for channel in range(4)]
    one = engine(sources=[FLUTE, PIANO, FLUTE], assigned={2: 2})
    assert heard_by(one, [*changes, *notes]) == [(0, 1), (1, 1), (2, 2), (3, 1)]
    assert heard_by(engine(sources=[FLUTE], assigned={0: 0}), notes) == [(channel, 0) for channel in range(4)]


class Late(Bypass):
    """Effects that take `latency_samples` and change nothing else."""

    quiet = True
    taken_out: Mapping[str, str] = MappingProxyType({})

    def __init__(self, latency_samples: int) -> None:
        self.latency_samples = latency_samples
        self._rest = np.zeros((2, latency_samples), np.float32)

    def on_control_change(self, controller: int, value: float, at_sample: int) -> dict[str, object]:
        del controller, value, at_sample
        return {}

    def set_tempo(self, bpm: float, at_sample: int) -> None:
        pass

    def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
        del begin_sample
        both = np.concatenate([self._rest, block], axis=1)
        self._rest = both[:, block.shape[1] :]
        return both[:, : block.shape[1]]

    def troubles(self) -> list[str]:
        return []


def test_an_ensemble_sounds_as_the_sum_of_its_parts_in_time() -> None:
    """The effects of one part are 1,000 samples late."""
    notes = [note_on(57, channel=0), note_on(69, channel=1, at_sample=9600), note_on(45, channel=2)]
    notes += [event.at(SECOND // 2) for event in (note_off(57), note_off(69, channel=1))]
    song = Song(tuple(sorted(notes, key=lambda event: event.at_sample)), SECOND, 1)
    alone = [rendered(song.only({channel}), engine()) for channel in (0, 1)]
    both = rendered(song, Ensemble([Part(engine(output_stage=Late(1000)), {0}), Part(engine(), {1})]))
    length = min(sound.shape[1] for sound in (*alone, both))
    total = alone[0][:, :length] + alone[1][:, :length]
    assert np.abs(total).max() > 0.01
    assert np.abs(both[:, :length] - total)[:, : SECOND // 2].max() < 1e-5


def test_an_ensemble_counts_and_steals_voices_across_its_parts() -> None:
    ensemble = Ensemble([Part(engine(ahead=512), {0}), Part(engine(ahead=512), {1})])
    ensemble.send([note_on(60 + key, channel=key % 2) for key in range(6)])
    ensemble.render(4800)
    assert ensemble.state().voices == 6
    assert ensemble.max_voices == 32
    ensemble.limit(16)
    assert ensemble.limited
    assert ensemble.max_voices == 16
    assert ensemble.steal(4) == 4
    ensemble.render(4800)
    assert ensemble.state().voices == 2
    assert ensemble.clock == 9600
    assert not ensemble.idle


def test_a_song_ends_in_silence_even_where_it_must_be_cut() -> None:
    """A key held beyond the end is cut 20 s later, and fades out in the last block without a click."""
    held = rendered(Song((note_on(69),), SECOND // 10, 1), engine())
    assert held.shape[1] > 20 * SECOND
    assert held[:, -1].tolist() == [0.0, 0.0]
    loud = np.abs(held[:, -3 * BLOCK_SAMPLES : -BLOCK_SAMPLES]).max()
    assert loud > 1e-3, "nothing sounds at the end: the test is too easy"
    assert np.abs(held[:, -480:]).max() < 0.1 * loud
    steepest = np.abs(np.diff(held[:, -3 * BLOCK_SAMPLES : -BLOCK_SAMPLES], axis=1)).max()
    assert np.abs(np.diff(held[:, -BLOCK_SAMPLES - 1 :], axis=1)).max() < 1.2 * steepest
    released = rendered(Song((note_on(69), note_off(69, at_sample=4800)), SECOND // 10, 1), engine())
    assert released.shape[1] < 3 * SECOND
    assert released[:, -1].tolist() == [0.0, 0.0]


def test_a_long_song_reaches_the_engine_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """More events than an engine keeps waiting, and none is dropped."""
    monkeypatch.setattr("nsynth_lab.synth.engine.MAX_QUEUED", 300)
    events = tuple(control(11, 100 + place % 20, at_sample=100 * place) for place in range(1000))
    one = engine()
    render_song(one, Song(events, 100_000, 1), Kept())
    assert one.state().dropped == 0


@pytest.mark.parametrize("text", ["0", "17", "a", "1,", "5-3", "-3", "1-", "²", "1,,2", ""])
def test_invalid_channel_numbers_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="from 1 to 16"):
        channel_list(text)


def song_of(path: Path, notes: dict[int, int]) -> Path:
    """A file with notes of half a second one after the other: channel from 0, and key."""
    file = mido.MidiFile(ticks_per_beat=480)
    for place, (channel, key) in enumerate(notes.items()):
        track = [
            mido.Message("note_on", channel=channel, note=key, time=480 * place),
            mido.Message("note_off", channel=channel, note=key, time=480),
        ]
        file.tracks.append(mido.MidiTrack(track))
    file.save(path)
    return path


def choose(
    path: Path, channels: str = "", named: Sequence[int] = (), *, others: bool = True, mpe: bool = False
) -> Song:
    own = (((number,), ("cello",)) for number in named)
    asked = PlayRequest(("flute",) if others else (), channels=tuple(own), mpe=mpe)
    return song_to_play(path, asked, channels=channels)


def test_percussion_is_left_out_with_a_message_unless_asked_for(tmp_path: Path, told: list[str]) -> None:
    path = song_of(tmp_path / "gm.mid", {0: 69, 2: 60, 9: 36})
    song = choose(path)
    assert "left out: channel 10, percussion in General MIDI" in told[0]
    assert list(song.channels) == [0, 2]
    assert song.seconds == 1.5, "a song is as long as before"
    for asked in (choose(path, "1-16"), choose(path, named=[9]), choose(path, mpe=True)):
        assert list(asked.channels) == [0, 2, 9]
    assert list(choose(path, "3,10").channels) == [2, 9]
    assert list(choose(path, named=[2], others=False).channels) == [2]
    assert "without an instrument, 1, 10" in told[-1]


def test_channels_that_have_nothing_to_play(tmp_path: Path) -> None:
    drums, melody = song_of(tmp_path / "drums.mid", {9: 36}), song_of(tmp_path / "melody.mid", {0: 60, 4: 62})
    with pytest.raises(MidiError, match="add --midi-channels 10"):
        choose(drums)
    with pytest.raises(MidiError, match="it has notes on 1, 5"):
        choose(melody, "2-4")


def test_a_channel_is_given_one_complete_instrument() -> None:
    assert parse_play(channels=["2=cello", "3-4=oboe, flute"]).named() == {1, 2, 3}
    for wrong, says in (
        (["2"], "2=cello"),
        (["2="], "2=cello"),
        (["2-3=oboe", "3=flute"], "two"),
        (["x=oboe"], "1 to"),
    ):
        with pytest.raises(UsageError, match=says):
            parse_play(["flute"], channels=wrong)


def loudest_hz(sound: FloatArray, begin: float) -> float:
    return spectrum_peak_hz(sound[0, int(begin * SECOND) :][:14_400])


def test_a_channel_that_is_left_out_is_not_heard(tmp_path: Path) -> None:
    """Of three notes of half a second the second is on channel 10."""
    song = choose(song_of(tmp_path / "gm.mid", {0: 69, 9: 36, 1: 57}))
    sound = rendered(song, engine())
    for begin, key in ((0.1, 69), (1.1, 57)):
        partial = loudest_hz(sound, begin) / note_to_hz(float(key))
        assert abs(partial - round(partial)) < 0.02
    quiet = np.abs(sound[:, int(0.85 * SECOND) : SECOND]).max()
    assert quiet < 0.01 * np.abs(sound).max()
