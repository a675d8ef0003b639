"""`nsynth-lab play`: the synth under the fingers."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console, recipes
from nsynth_lab.cli.options import CheckpointOption, ComputeOption, ForceOption, MidiChannelsOption, SeedOption
from nsynth_lab.cli.playing import LearnOption, playing
from nsynth_lab.cli.status import StatusLine, clear, is_live
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.midi.ports import Ports
    from nsynth_lab.render.live import Live
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.sinks.device import DeviceSink

TERMINAL_SECONDS, PLAIN_SECONDS = 0.2, 10.0


FileOption = Annotated[Path | None, typer.Option("--file", help="A MIDI file to play through the device.")]
MidiOption = Annotated[
    str, typer.Option(help="A MIDI input, by a part of its name, or all; none leaves the computer's keyboard.")
]
OutputDeviceOption = Annotated[str, typer.Option("--device", help="An audio output, by name.")]
LatencyOption = Annotated[str, typer.Option(help="low, or high where the sound breaks up.")]
RecordOption = Annotated[Path | None, typer.Option(help="Also write what is played to this sound file.")]
DurationOption = Annotated[float, typer.Option(min=0, help="Seconds of sound; 0 plays until Esc or Ctrl-C.")]


@playing(learn=LearnOption)
def play(
    context: typer.Context,
    asked: PlayRequest,
    file: FileOption = None,
    midi: MidiOption = "",
    output_device: OutputDeviceOption = "",
    latency: LatencyOption = "low",
    record: RecordOption = None,
    duration: DurationOption = 0.0,
    midi_channels: MidiChannelsOption = "",
    compute: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    force: ForceOption = False,
) -> None:
    """Play a blend of instruments live, from a MIDI keyboard or the computer's.

    Without --midi the computer's keys play: z to / from C4 up, q to p from C5 up, arrows move the blend, - and = the
    octave, space holds notes. On MIDI the mod wheel moves the blend; --cc gives that and any other parameter to other
    controllers, and --learn to whichever is moved next. `--latency high` and a larger `--block` help where the sound
    breaks up.

    **Examples**

        nsynth-lab play flute cello

        nsynth-lab play flute cello "choir aahs" marimba --midi all --cc 21=x --cc 22=y --record take.wav

        nsynth-lab play --preset glass-cello --midi all

        nsynth-lab play flute cello --midi all --learn x --learn release_seconds

        nsynth-lab play oboe --midi seaboard --mpe --set bend_semitones=48

        nsynth-lab play flute cello --file song.mid --latency high

        nsynth-lab play flute --file song.mid --part 2=cello --part 3-4=glass-cello --midi-channels 1-4
    """
    from nsynth_lab.render import SOUND_ENDINGS, check_outputs
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.song_choice import song_to_play
    from nsynth_lab.sinks.device import LATENCIES, DeviceSink
    from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

    if latency not in LATENCIES:
        raise UsageError(f"latency '{latency}'; expected low or high")
    if midi_channels and not file:
        raise UsageError("--midi-channels chooses from a MIDI file; give --file too")
    check_outputs([record] if record else [], endings=SOUND_ENDINGS, force=force)
    check_sources(asked.all_sources(), checkpoint)
    song = song_to_play(file, asked, channels=midi_channels) if file else None

    from nsynth_lab.priority import lower_priority, never_for_long, raise_priority
    from nsynth_lab.render import Session
    from nsynth_lab.render.live import Live
    from nsynth_lab.render.live_thread import running
    from nsynth_lab.render.machine import choose_threads
    from nsynth_lab.sinks.file import FileSink
    from nsynth_lab.sinks.recorder import Recorder

    session = Session(checkpoint, device=compute, seed=seed, progress=console.progress)
    console.say("loading")
    engine = asked.engine(session, live=True, ahead_samples=HOP_SAMPLES)
    threads = choose_threads(engine)
    stop = threading.Event()
    until = time.monotonic() + duration if duration else float("inf")

    def done() -> bool:
        ended = song is not None and engine.clock >= song.end_sample and engine.idle
        return ended or time.monotonic() >= until

    with ExitStack() as stack:
        stack.enter_context(never_for_long(console.say))
        recorder = None
        if record:
            recipe = recipes.recipe(context, session, compute=session.device)
            recipe.put_beside(record)
            recorder = stack.enter_context(Recorder(FileSink(record, comment=recipe.comment(record), force=force)))
        sink = DeviceSink(output_device, block_samples=asked.block, latency=latency, begin=raise_priority)
        stack.enter_context(sink)
        events = song.events if song else ()
        live = Live(engine, sink, record=recorder, song=events, overloaded=lambda: lower_priority(console.say))
        ports = stack.enter_context(_midi(live, midi))
        where = output_device or "the default output"
        how = "decoding on the GPU" if session.device == "cuda" else f"threads {threads}"
        console.say(f"playing on {where}, {asked.block} samples a block, latency {latency}, {how}")
        with running(live, stop, done=done) as thread:
            _attend(live, thread, title=asked.title(), keys=not midi and song is None)
    _warn(live)
    _summary(live, sink, ports)
    if recorder is not None and recorder.samples:
        lost = recorder.lost_samples / SAMPLE_RATE
        console.show(
            f"recorded {record}, {recorder.samples / SAMPLE_RATE:.1f} s"
            + f", silence for {lost:.1f} s of it: the disk was too slow" * bool(lost)
        )


@contextmanager
def _midi(live: Live, wanted: str) -> Iterator[Ports | None]:
    from nsynth_lab.midi.ports import Ports
    from nsynth_lab.synth.engine import panic

    if not wanted:
        yield None
        return
    with Ports(wanted, live.event_queue.put_at, on_lost=lambda: live.event_queue.put(panic())) as ports:
        console.say(f"MIDI from {', '.join(ports.open) or 'any port that will come'}")
        yield ports


def _attend(live: Live, thread: threading.Thread, *, title: str, keys: bool) -> None:
    """Read the keys and show how it goes until the engine's thread ends or the player has had enough."""
    shown = float("-inf")
    line = StatusLine(title)
    between = TERMINAL_SECONDS if is_live() else PLAIN_SECONDS

    def look() -> bool:
        nonlocal shown
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


def _summary(live: Live, sink: DeviceSink, ports: Ports | None) -> None:
    status = live.status()
    console.show(
        f"{live.engine.clock / 48_000:.1f} s, underruns {status.underruns}, load median {status.median:.0%} and "
        f"99 % of blocks under {status.highest:.0%}, voices stolen {status.engine.overload_stolen}, "
        f"device lost {sink.lost} times, found {sink.found}, voices {status.engine.voices} at the end"
    )
    if ports is not None:
        console.show(f"MIDI ports found {ports.found}, lost {ports.lost}")
