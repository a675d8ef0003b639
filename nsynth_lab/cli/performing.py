"""Live performance: an engine on its own thread plays to a device, from a keyboard, and may be recorded."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING

from nsynth_lab.cli import console, recipes
from nsynth_lab.cli.remote import heard_values
from nsynth_lab.cli.status import StatusLine, clear, is_live
from nsynth_lab.errors import MidiError, MissingError

if TYPE_CHECKING:
    import typer

    from nsynth_lab.cli.stage import Stage
    from nsynth_lab.midi.followed_clock import Following
    from nsynth_lab.midi.ports import Ports
    from nsynth_lab.midi.song import Song
    from nsynth_lab.patch import Patch
    from nsynth_lab.render.live import Followed, Live, LiveEngine
    from nsynth_lab.render.partner import Partner
    from nsynth_lab.render.session import Session
    from nsynth_lab.sinks.device import DeviceSink
    from nsynth_lab.sinks.jack_sink import JackSink

TERMINAL_SECONDS, PLAIN_SECONDS = 0.2, 10.0


def perform(
    context: typer.Context,
    session: Session,
    engine: LiveEngine,
    stage: Stage,
    *,
    title: str,
    threads: int,
    song: Song | None = None,
    followed: Followed | None = None,
    partner: Partner | None = None,
    patch: Patch | None = None,
    over: Callable[[], bool] = lambda: False,
    news: Callable[[], Iterable[str]] = lambda: (),
) -> None:
    """Play until the song is over, the time is up or the player stops; then report.

    It also ends when `over()` says so and nothing sounds any more. What `news()` returns, which is asked now and then,
    is said too, a line each. Other programs can move what `patch` has, if one is played.
    """
    from nsynth_lab.midi.followed_clock import LINK, following
    from nsynth_lab.priority import lower_priority, never_for_long
    from nsynth_lab.render.clocked_song import ClockedSong
    from nsynth_lab.render.live import Live
    from nsynth_lab.render.live_thread import running
    from nsynth_lab.sinks.file import FileSink
    from nsynth_lab.sinks.recorder import Recorder
    from nsynth_lab.units import SAMPLE_RATE

    clocked = ClockedSong(song) if song is not None and stage.clock else None
    stop = threading.Event()
    until = float("inf")

    def done() -> bool:
        played = engine.clock >= song.end_sample if song is not None and clocked is None else False
        ended = over() or played or (clocked is not None and clocked.ended)
        quiet = engine.idle and (partner is None or partner.idle)
        return (ended and quiet) or time.monotonic() >= until

    with ExitStack() as stack:
        stack.enter_context(never_for_long(console.say))
        recorder = None
        if stage.record:
            recipe = recipes.recipe(context, session, compute=session.device)
            recipe.put_beside(stage.record)
            file = FileSink(stage.record, comment=recipe.comment(stage.record), force=stage.force)
            recorder = stack.enter_context(Recorder(file))
        sink = _sink(stage, engine)
        stack.enter_context(sink)
        live = Live(
            engine, sink, record=recorder, song=song.timed if song and clocked is None else (), clocked=clocked,
            followed=followed, partner=partner, overloaded=partial(lower_priority, console.say),
        )  # fmt: skip
        bpm = engine.player.beats.bpm
        clock = stack.enter_context(following(stage.clock, live.event_queue.put_at, bpm=bpm))
        if stage.clock == LINK:
            console.say("following Ableton Link")
        ports = stack.enter_context(_midi(live, stage, clock))
        refused = stack.enter_context(
            stage.remote.opened(live.event_queue.put_at, partial(heard_values, live), lambda: patch)
        )
        where = "JACK" if stage.jack else stage.output_device or "the default output"
        how = "decoding on the GPU" if session.device == "cuda" else f"threads {threads}"
        console.say(f"playing on {where}, {stage.block} samples a block, latency {stage.latency}, {how}")
        if stage.duration:  # of the sound: however long a device takes to open
            until = time.monotonic() + stage.duration
        with running(live, stop, done=done) as thread:
            lines: list[Callable[[], Iterable[str]]] = [
                news,
                refused,
                clock.troubles,
                partial(_offered, ports, told=[]),
            ]
            told = partial(_all_of, lines)
            _attend(live, thread, title=title, keys=not stage.midi and song is None, news=told)
    _warn(live)
    _summary(live, sink, ports if stage.midi else None)
    if recorder is not None and recorder.samples:
        lost = recorder.lost_samples / SAMPLE_RATE
        console.show(
            f"recorded {stage.record}, {recorder.samples / SAMPLE_RATE:.1f} s"
            + f", silence for {lost:.1f} s of it: the disk was too slow" * bool(lost)
        )


def _sink(stage: Stage, engine: LiveEngine) -> DeviceSink | JackSink:
    """Where it plays: an audio device, or JACK with a pair of ports for each part."""
    from nsynth_lab.priority import raise_audio_thread

    if not stage.jack:
        from nsynth_lab.sinks.device import DeviceSink

        return DeviceSink(
            stage.output_device, block_samples=stage.block, latency=stage.latency, begin=raise_audio_thread
        )
    from nsynth_lab.render.ensemble import Ensemble
    from nsynth_lab.sinks.jack_sink import JackSink

    made = partial(JackSink, block_samples=stage.block, latency=stage.latency)
    if not isinstance(engine, Ensemble):
        return made()
    return made([part.title or "out" for part in engine.parts], blocks=lambda: engine.latest)


def _all_of(news: Sequence[Callable[[], Iterable[str]]]) -> list[str]:
    return [line for one in news for line in one()]


@contextmanager
def _midi(live: Live, stage: Stage, clock: Following) -> Iterator[Ports | None]:
    from nsynth_lab.midi.ports import Ports
    from nsynth_lab.synth.engine import panic

    def made(*, insist: bool) -> Ports:
        return Ports(
            stage.midi, live.event_queue.put_at, on_lost=partial(live.event_queue.put, panic()),
            clock=clock.take, virtual=stage.virtual_midi, insist=insist,
        )  # fmt: skip

    ports = None
    if stage.midi:
        ports = made(insist=True)
    elif stage.virtual_midi:
        with suppress(MidiError, MissingError):  # nobody has asked for it
            ports = made(insist=False)
    with ports or nullcontext():
        if stage.midi and ports is not None:
            console.say(f"MIDI from {', '.join(ports.open) or 'any port that will come'}")
        yield ports


def _offered(ports: Ports | None, *, told: list[str]) -> list[str]:
    """A line, once the port for other programs is there."""
    from nsynth_lab.midi.ports import OWN_NAME

    if ports is None or told or not ports.has_virtual:
        return []
    told.append(f"other programs can send to the MIDI port {OWN_NAME}")
    return told


def _attend(
    live: Live,
    thread: threading.Thread,
    *,
    title: str,
    keys: bool,
    news: Callable[[], Iterable[str]] = lambda: (),
) -> None:
    """Read keys and show the status until the engine's thread ends or the player stops."""
    shown = float("-inf")
    line = StatusLine(title)
    between = TERMINAL_SECONDS if is_live() else PLAIN_SECONDS

    def look() -> bool:
        nonlocal shown
        for told in news():
            clear()
            console.say(told)
        now = time.monotonic()
        if now - shown >= between:
            shown = now
            _warn(live)
            line.show(live.status())
        return not thread.is_alive()

    try:
        if keys and sys.stdin.isatty():
            from nsynth_lab.midi.computer_keyboard import HELP, ComputerKeyboard, read_keys

            console.say(HELP)
            settings = live.engine.player.settings
            line.keyboard = ComputerKeyboard(settings.x, settings.y)
            read_keys(line.keyboard, live.event_queue.put, look)
        else:
            while not look():
                time.sleep(0.05)
    except KeyboardInterrupt:
        pass  # how a player ends
    finally:
        clear()


def _warn(live: Live) -> None:
    from nsynth_lab.priority import refusal

    refused = refusal() if live.sink.underruns else ""
    for line in live.troubles() + [refused] * bool(refused):
        clear()
        console.say(f"warning: {line}")


def _summary(live: Live, sink: DeviceSink | JackSink, ports: Ports | None) -> None:
    from nsynth_lab.units import SAMPLE_RATE

    status = live.status()
    console.show(
        f"{live.engine.clock / SAMPLE_RATE:.1f} s, underruns {status.underruns}, load median {status.median:.0%} and "
        f"99 % of blocks under {status.highest:.0%}, voices stolen {status.engine.overload_stolen}, "
        f"device lost {sink.lost} times, found {sink.found}, voices {status.engine.voices} at the end"
    )
    if ports is not None:
        console.show(f"MIDI ports found {ports.found}, lost {ports.lost}")
