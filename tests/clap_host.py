"""A CLAP host for tests: loads the plugin's library as any host does, through the C interface of CLAP 1.1.

Source: the headers in https://github.com/free-audio/clap, include/clap. `python clap_host.py PLUGIN STATE SOUND` plays
a note with a saved state in a process of its own.
"""

from __future__ import annotations

import ctypes as c
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.units import FloatArray

PARAM_VALUE, MIDI = 5, 10
Events = Sequence[tuple[int, bytes]]  # frame and message


def _made(**fields: Any) -> Any:
    return type("Made", (c.Structure,), {"_fields_": list(fields.items())})


def _function(result: Any, *arguments: Any) -> Any:
    return c.CFUNCTYPE(result, *arguments)


P, U32, I32, U16, I16, BOOL, REAL, TEXT = (
    c.c_void_p, c.c_uint32, c.c_int32, c.c_uint16, c.c_int16, c.c_bool, c.c_double, c.c_char_p
)  # fmt: skip
VERSION = {"major": U32, "minor": U32, "revision": U32}
HEADER = {"size": U32, "time": U32, "space": U16, "type": U16, "flags": U32}
Entry = _made(**VERSION, init=_function(BOOL, TEXT), deinit=_function(None), factory=_function(P, TEXT))
Factory = _made(count=_function(U32, P), descriptor=_function(P, P, U32), create=_function(P, P, P, TEXT))
Host = _made(
    **VERSION,
    data=P,
    **dict.fromkeys(("name", "vendor", "url", "version"), TEXT),
    extension=_function(P, P, TEXT),
    **dict.fromkeys(("restart", "process", "callback"), _function(None, P)),
)
Plugin = _made(
    descriptor=P,
    data=P,
    init=_function(BOOL, P),
    destroy=_function(None, P),
    activate=_function(BOOL, P, REAL, U32, U32),
    deactivate=_function(None, P),
    start=_function(BOOL, P),
    stop=_function(None, P),
    reset=_function(None, P),
    process=_function(I32, P, P),
    extension=_function(P, P, TEXT),
    main=_function(None, P),
)
MidiEvent = _made(**HEADER, port=U16, data=c.c_uint8 * 3)
ParamEvent = _made(**HEADER, id=U32, cookie=P, note=I32, port=I16, channel=I16, key=I16, value=REAL)
InEvents = _made(data=P, size=_function(U32, P), get=_function(P, P, U32))
OutEvents = _made(data=P, push=_function(BOOL, P, P))
Buffer = _made(data32=P, data64=P, channels=U32, latency=U32, constant=c.c_uint64)
Process = _made(
    time=c.c_int64,
    frames=U32,
    transport=P,
    inputs=P,
    outputs=P,
    input_count=U32,
    output_count=U32,
    in_events=P,
    out_events=P,
)
ParamInfo = _made(
    id=U32, flags=U32, cookie=P, name=c.c_char * 256, module=c.c_char * 1024, low=REAL, high=REAL, first=REAL
)
Params = _made(
    count=_function(U32, P),
    info=_function(BOOL, P, U32, P),
    value=_function(BOOL, P, U32, P),
    text=_function(BOOL, P, U32, REAL, P, U32),
    parse=P,
    flush=P,
)
Latency = _made(get=_function(U32, P))
Render = _made(hard=P, set=_function(BOOL, P, I32))
Stream = _made(data=P, move=_function(c.c_int64, P, P, c.c_uint64))
State = _made(save=_function(BOOL, P, P), load=_function(BOOL, P, P))
HostParams = _made(**dict.fromkeys(("rescan", "clear", "flush"), _function(None, P)))
HostLatency = _made(changed=_function(None, P))


class Clap:
    """One instance of the plugin in this process; `close` it.

    Attributes:
        active: whether it plays.
        took_seconds: how long the last block kept the host.
    """

    def __init__(self, path: Path, *, name: str = "nsynth-lab.instrument") -> None:
        self._library = c.CDLL(str(path))
        self._entry = Entry.in_dll(self._library, "clap_entry")
        assert self._entry.init(str(path).encode())
        where = self._entry.factory(b"clap.plugin-factory")
        ignore = _function(None, P)(lambda _: None)
        self._kept = HostParams(ignore, ignore, ignore), HostLatency(ignore)
        offered = dict(zip((b"clap.params", b"clap.latency"), map(c.addressof, self._kept), strict=True))
        extension = _function(P, P, TEXT)(lambda _, name: offered.get(name))
        self._host = Host(1, 1, 0, None, b"tests", b"", b"", b"1", extension, ignore, ignore, ignore)
        create = c.cast(where, c.POINTER(Factory)).contents.create
        self._at = create(where, c.addressof(self._host), name.encode())
        assert self._at
        self._plugin = c.cast(self._at, c.POINTER(Plugin)).contents
        assert self._plugin.init(self._at)
        self._events: list[Any] = []
        size = _function(U32, P)(lambda _: len(self._events))
        self._in = InEvents(None, size, _function(P, P, U32)(lambda _, place: c.addressof(self._events[place])))
        self._out = OutEvents(None, _function(BOOL, P, P)(lambda _a, _b: True))
        self.active = False
        self.took_seconds = 0.0

    def _extension(self, name: bytes, kind: Any) -> Any:
        return c.cast(self._plugin.extension(self._at, name), c.POINTER(kind)).contents

    def activate(self, *, rate: int = 48_000, block: int = 512, offline: bool = True) -> None:
        """Begin to play."""
        self.deactivate()
        self._extension(b"clap.render", Render).set(self._at, int(offline))
        assert self._plugin.activate(self._at, float(rate), 1, block)
        assert self._plugin.start(self._at)
        self.active = True

    def deactivate(self) -> None:
        """Play no more."""
        if self.active:
            self._plugin.stop(self._at)
            self._plugin.deactivate(self._at)
        self.active = False

    def close(self) -> None:
        """The instance is gone."""
        self.deactivate()
        self._plugin.destroy(self._at)
        self._entry.deinit()

    def play(
        self,
        frames: int,
        events: Events = (),
        *,
        moves: Sequence[tuple[str, float]] = (),
        given: FloatArray | None = None,
    ) -> FloatArray:
        """One block [2, frames]; parameters by name are set at its begin, and an effect is `given` as many frames."""
        ids = {name: place for place, (name, *_) in enumerate(self.parameters())} if moves else {}
        self._events = [
            ParamEvent(c.sizeof(ParamEvent), 0, 0, PARAM_VALUE, 0, ids[name], None, -1, -1, -1, -1, value)
            for name, value in moves
        ]
        self._events += [
            MidiEvent(c.sizeof(MidiEvent), at, 0, MIDI, 0, 0, (c.c_uint8 * 3)(*message.ljust(3, b"\0")))
            for at, message in events
        ]
        sound = np.zeros((2, frames), np.float32)
        sides = (P * 2)(*(side.ctypes.data for side in sound))
        buffer = Buffer(c.addressof(sides), None, 2, 0, 0)
        played = np.ascontiguousarray(sound if given is None else given, np.float32)
        sides_in = (P * 2)(*(side.ctypes.data for side in played))
        buffer_in = Buffer(c.addressof(sides_in), None, 2, 0, 0)
        events_in, events_out = c.addressof(self._in), c.addressof(self._out)
        inputs = None if given is None else c.addressof(buffer_in)
        process = Process(
            -1, frames, None, inputs, c.addressof(buffer), int(given is not None), 1, events_in, events_out
        )
        begun = time.perf_counter()
        done = self._plugin.process(self._at, c.addressof(process))
        self.took_seconds = time.perf_counter() - begun
        assert done != 0
        return sound

    def render(self, frames: int, events: Events = (), *, blocks: Sequence[int] = (512,)) -> FloatArray:
        """Sound [2, frames] in blocks of these sizes in turn; events at their frames."""
        made, done, turn = [], 0, 0
        while done < frames:
            size = min(blocks[turn % len(blocks)], frames - done)
            made.append(self.play(size, [(at - done, message) for at, message in events if done <= at < done + size]))
            done, turn = done + size, turn + 1
        return np.concatenate(made, axis=1)

    @property
    def latency(self) -> int:
        """In frames."""
        return int(self._extension(b"clap.latency", Latency).get(self._at))

    def parameters(self) -> list[tuple[str, float, float, float]]:
        """Name, lowest, highest and first value of each."""
        params, info, found = self._extension(b"clap.params", Params), ParamInfo(), []
        for place in range(params.count(self._at)):
            assert params.info(self._at, place, c.addressof(info))
            found.append((info.name.decode(), info.low, info.high, info.first))
        return found

    def value(self, name: str) -> float:
        """Where a parameter stands."""
        value = c.c_double()
        place = [row[0] for row in self.parameters()].index(name)
        assert self._extension(b"clap.params", Params).value(self._at, place, c.addressof(value))
        return value.value

    def text(self, name: str) -> str:
        """Where a parameter stands, as a host shows it."""
        text = c.create_string_buffer(256)
        place = [row[0] for row in self.parameters()].index(name)
        show = self._extension(b"clap.params", Params).text
        assert show(self._at, place, self.value(name), c.addressof(text), 256)
        return text.value.decode()

    def save(self) -> bytes:
        """The state, as a project keeps it."""
        saved = bytearray()

        def write(_: int, data: int, size: int) -> int:
            saved.extend(c.string_at(data, size))
            return size

        stream = Stream(None, _function(c.c_int64, P, P, c.c_uint64)(write))
        assert self._extension(b"clap.state", State).save(self._at, c.addressof(stream))
        return bytes(saved)

    def load(self, saved: bytes) -> None:
        """Take a state."""
        at = 0

        def read(_: int, data: int, size: int) -> int:
            nonlocal at
            given = saved[at : at + size]
            c.memmove(data, given, len(given))
            at += len(given)
            return len(given)

        stream = Stream(None, _function(c.c_int64, P, P, c.c_uint64)(read))
        assert self._extension(b"clap.state", State).load(self._at, c.addressof(stream))


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait for it, for so long at most."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


if __name__ == "__main__":
    plugin = Clap(Path(sys.argv[1]))
    plugin.load(Path(sys.argv[2]).read_bytes())
    plugin.activate()
    np.save(sys.argv[3], plugin.render(24_000, [(0, bytes([0x90, 69, 100]))]))
    plugin.close()
