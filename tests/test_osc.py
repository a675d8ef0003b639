"""OSC: every parameter by its name, notes, tempo; what is sent back; and whatever else comes over the wire."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from playing import small_engine

pytest.importorskip("pythonosc", reason="needs python-osc")

from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from nsynth_lab.cli import run
from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.osc.addresses import Addresses, address_of
from nsynth_lab.osc.feedback import OscFeedback, values_of
from nsynth_lab.osc.packets import LONGEST_BYTES, MOST_MESSAGES, Message, OscError, read_packet, write_packet
from nsynth_lab.osc.server import OscServer, parse_endpoint
from nsynth_lab.patch import Blend, Envelope, Macro, Move, Patch, Slot, targets
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.render.preset_synth import PatchEffects, settings_of
from nsynth_lab.synth.parameter_words import WORDS, parse_setting

PATCH = Patch(
    "p",
    Blend(("a", "b")),
    envelope=Envelope(release_seconds=0.3),
    effects=(Slot("delay", label="tape echo"), Slot("reverb")),
    macros=(Macro("Open up", moves=(Move("effects.reverb.mix", 0.1, 0.9), Move("blend.position", 1.0, 0.0))),),
)


def message(address: str, *values: float | str, later: float | None = None) -> bytes:
    """A packet as python-osc writes it; with `later` a bundle for that many seconds from now."""
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    if later is None:
        return bytes(builder.build().dgram)
    bundle = OscBundleBuilder(time.time() + later)
    bundle.add_content(builder.build())
    return bytes(bundle.build().dgram)


def until(done: Callable[[], bool], *, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.005)


@pytest.mark.parametrize("name", WORDS)
def test_every_parameter_has_its_address_and_does_what_set_does(name: str) -> None:
    value = round(0.3 * WORDS[name].high, 3)
    (event,) = Addresses().events(Message(f"/nsynth/{name}", (value,)))
    assert (event.name, event.value) == parse_setting(f"{name}={value}")


def test_everything_that_a_controller_moves_can_be_moved() -> None:
    """Each target of a preset, set by its address, is what the engine then has."""
    addresses = Addresses(PATCH)
    engine = small_engine(settings_of(PATCH), output_stage=PatchEffects(PATCH))
    for name, target in targets(PATCH).items():
        value = target.rule.low + 0.25 * (target.rule.high - target.rule.low)
        engine.send(addresses.events(Message(address_of(name), (value,))))
    engine.render(1024)
    assert engine.player.settings.x == 0.75, "the macro came last: 1 to 0, at a quarter"
    assert engine.player.settings.release_ms == 7_500.0
    assert "/nsynth/effects/tape_echo/delay_seconds" in addresses.rows


def test_notes_controllers_and_tempo_become_events() -> None:
    events = Addresses().events
    assert events(Message("/nsynth/note_on", (60.0, 90.0))) == [Event(Kind.NOTE_ON, 0, 60, 90)]
    assert events(Message("/nsynth/note_on", (60.0, 0.0, 3.0))) == [Event(Kind.NOTE_OFF, 2, 60, 64)]
    assert events(Message("/nsynth/bend", (1.0,))) == [Event(Kind.BEND, 0, 0, 8191)]
    assert events(Message("/nsynth/controller", (1.0, 64.0, 16.0))) == [Event(Kind.CONTROL, 15, 1, 64)]
    assert events(Message("/nsynth/program", (2.0,))) == [Event(Kind.PROGRAM, 0, 1, 0)]
    assert events(Message("/nsynth/tempo", (1e9,))) == [Event(Kind.TEMPO, value=999.0)]
    assert len(events(Message("/nsynth/panic", ()))) == 16


@pytest.mark.parametrize(
    ("address", "values", "says"),
    [
        ("/nsynth/spraed", (1.0,), "'/nsynth/spraed' is no address; did you mean /nsynth/spread?"),
        ("/nsynth/x", (), "/nsynth/x takes 1; got 0"),
        ("/nsynth/note_on", (1.0, 2.0, 3.0, 4.0), "/nsynth/note_on takes 2 to 3 numbers; got 4"),
        ("/nsynth/x", ("much",), "/nsynth/x takes numbers; got 'much'"),
        ("/nsynth/x", (float("nan"),), "/nsynth/x takes numbers; got nan"),
        ("/nsynth/x\n\x1b[2J", (1.0,), "'/nsynth/x\\\\n\\\\x1b[2J' is no address"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused_in_a_line(address: str, values: tuple[float | str, ...], says: str) -> None:
    with pytest.raises(OscError) as refused:
        Addresses().events(Message(address, values))
    assert says.replace("\\\\", "\\") in str(refused.value)
    assert str(refused.value).isprintable()


def test_packets_go_there_and_back() -> None:
    assert read_packet(write_packet("/nsynth/x", [0.25])) == [Message("/nsynth/x", (0.25,))]
    assert read_packet(message("/nsynth/note_on", 60, 90)) == [Message("/nsynth/note_on", (60.0, 90.0))]
    assert read_packet(message("/nsynth/panic")) == [Message("/nsynth/panic", ())]
    for later, kept in ((0.5, 0.5), (-3.0, 0.0), (3600.0, 0.0)):
        assert read_packet(message("/nsynth/x", 0.5, later=later))[0].later_seconds == pytest.approx(kept, abs=0.05)


def test_junk_is_refused_and_nothing_else_happens() -> None:
    """Lengths that go backwards, bundles in bundles, unknown types, cut packets, and 10,000 of random bytes."""
    head = b"#bundle\0" + bytes(8)
    nested = message("/nsynth/x", 0.5)
    for _ in range(400):
        nested = head + struct.pack(">i", len(nested)) + nested
    crowd = head + (struct.pack(">i", 16) + b"/nsynth/x\0\0\0,\0\0\0") * (MOST_MESSAGES + 1)
    whole = message("/nsynth/note_on", 60, 90, later=0.1)
    bad = [b"", b"/", b"\0", head[:12], nested, crowd, head + struct.pack(">i", -4), head + struct.pack(">i", -20)]
    bad += [
        head + struct.pack(">i", 0),
        b"/nsynth/x\0\0\0,[[[\0\0\0\0",
        b"/nsynth/x\0\0\0,z\0\0",
        bytes(LONGEST_BYTES + 1),
    ]
    bad += [whole[:cut] for cut in range(17, len(whole))]
    for packet in bad:
        with pytest.raises(OscError):
            read_packet(packet)
    dice = np.random.default_rng(1)
    for turn in range(10_000):
        packet = dice.bytes(int(dice.integers(0, 64)))
        with suppress(OscError):
            read_packet((b"/nsynth/x\0\0\0,", head, b"")[turn % 3] + packet)


class Arrived(list[tuple[float, Event]]):
    """What a server has received."""

    def __call__(self, seconds: float, events: Sequence[Event]) -> None:
        self.extend((seconds, event) for event in events)


def test_a_server_receives_and_tells_of_junk_once() -> None:
    arrived = Arrived()
    with OscServer(("127.0.0.1", 0), Addresses(), arrived) as server, socket.socket(type=socket.SOCK_DGRAM) as other:
        other.connect(("127.0.0.1", server.port))
        other.send(message("/nsynth/x", 0.25))
        other.send(message("/nsynth/y", 0.5, later=0.5))
        for _ in range(20):
            other.send(b"no OSC")
        until(lambda: server.refused == 20 and server.received == 2)
        assert server.troubles() == ["OSC from 127.0.0.1 refused: what is no OSC packet (and 19 packets more)"]
        other.send(b"no OSC")
        until(lambda: server.refused == 21)
        assert server.troubles() == [], "at most a line in five seconds"
    assert [(event.name, event.value) for _, event in arrived] == [("x", 0.25), ("y", 0.5)]
    assert arrived[1][0] - arrived[0][0] == pytest.approx(0.5, abs=0.2), "a bundle's time is kept"


def test_a_thousand_messages_move_a_parameter_and_a_flood_is_dammed() -> None:
    queue = EventQueue()
    with (
        OscServer(("127.0.0.1", 0), Addresses(), queue.put_at) as server,
        socket.socket(type=socket.SOCK_DGRAM) as other,
    ):
        other.connect(("127.0.0.1", server.port))
        for step in range(1_000):
            other.send(message("/nsynth/x", step / 999.0))
        until(lambda: server.received == 1_000)
        engine = small_engine()
        engine.send([event for _, event in queue.drain()])
        engine.render(512)
        assert engine.player.settings.x == 1.0
        server._in_second, server._second = 0, int(time.perf_counter())
        for _ in range(3):
            server._in_second = 10_000
            other.send(message("/nsynth/x", 0.5))
            until(lambda: server.refused > 0 or server.received > 1_000)
    assert server.refused, "more than 5,000 a second"


def test_changes_are_sent_once_each() -> None:
    engine = small_engine()

    def look() -> dict[str, float]:
        return values_of(engine.player, clock=engine.clock, voices=2, peak=0.1, load=0.2, underruns=0)

    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.settimeout(0.5)
        feedback = OscFeedback(other.getsockname(), look)

        def sent() -> dict[str, tuple[float | str, ...]]:
            feedback.send()
            got: dict[str, tuple[float | str, ...]] = {}
            other.settimeout(0.05)
            while True:
                try:
                    (one,) = read_packet(other.recv(LONGEST_BYTES))
                except TimeoutError:
                    return got
                got[one.address] = one.values

        first = sent()
        assert first["/nsynth/x"] == (0.5,)
        assert first["/nsynth/level_db"] == pytest.approx((-20.0,))
        assert first["/nsynth/tempo"] == (120.0,)
        assert first.keys() > {address_of(name) for name in WORDS}
        assert sent() == {}
        engine.player.settings = replace(engine.player.settings, x=0.75)
        assert sent() == {"/nsynth/x": (0.75,)}
        feedback._socket.close()


def test_a_port_that_is_taken_or_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1, UDP port {port} .*choose another port"):
            OscServer(("127.0.0.1", port), Addresses(), Arrived())
    with pytest.raises(UsageError, match=r"no such address as nowhere\.invalid"):
        OscFeedback(("nowhere.invalid", 9000), dict)
    assert parse_endpoint("::1:9000") == ("::1", 9000)
    for text in ("x", "70000", "0", "localhost:", "²"):
        with pytest.raises(UsageError, match="expected a port from 1 to 65535, such as 9000, or HOST:PORT"):
            parse_endpoint(text)
    assert run(["play", "flute", "--osc", "seven"]) == 2
    assert "--osc 'seven'; expected a port" in capsys.readouterr().err


def test_the_help_has_every_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["play", "--help"]) == 0
    said = capsys.readouterr().out
    for address in Addresses().rows:
        name = address.removeprefix("/nsynth/")
        assert address in said or name in said or name.startswith("weight_")
