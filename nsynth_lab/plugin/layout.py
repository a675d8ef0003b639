"""Layout: what the shell in the host and the engine say to each other, in tables; the shell's header is made from them.

Each activation of a plugin has a session of its own: shared memory, made by the shell, and a Unix socket.

    shared memory   header | records, shell to engine | audio, engine to shell | audio, shell to engine: the effect's
    socket          frames of (kind, length, UTF-8 text), both ways; the first carries the memory and two pipes

Records and audio are rings for one writer and one reader. Their counters only grow, and each is advanced by one side
after what it counts has been written. Behind each advance goes a byte through a pipe, on which the other side may wait;
a full pipe is as good as a byte. A block of the host is its events, then one `BLOCK` record; the engine answers with as
many frames, in order. Frame n lies at n modulo `AUDIO_FRAMES`. Byte order and alignment are the machine's.

The shell reads frame n as its output n + lead, and silence before: the lead is the latency that it reports, and the
time that the engine has.

An engine whose voices and tails have died away sleeps, live: the shell gives silence by itself and wakes it now and
then, to make what is owed. So its clock, and the LFOs of its effects, go on as if it had been awake.
"""

from __future__ import annotations

from dataclasses import dataclass

MAGIC = int.from_bytes(b"NSL-RING", "little")
VERSION = 4
LONGEST_TEXT_BYTES = 1 << 20
RECORDS = 1 << 13
AUDIO_FRAMES = 1 << 16
CHANNELS = 2
FOLLOWED_SAMPLES = 1536  # at 48 kHz, from a tone's beginning to its note, of most voices
ASLEEP_FRAMES = 4096  # made at once by an engine that sleeps
USUAL_DELAY_SAMPLES = 72  # at 48 kHz, of the limiter behind all effects; until the engine says what it is
LARGEST_BLOCK_FRAMES = 1 << 13  # of the shell's; larger ones of a host are parted


@dataclass(frozen=True)
class Row:
    """A number that both sides know.

    Attributes:
        name: what it is called on both sides.
        number: an offset in bytes, or a kind.
        says: what it means.
    """

    name: str
    number: int
    says: str


HEADER = (  # each counter has a cache line of its own
    Row("AT_MAGIC", 0, "uint64: MAGIC"),
    Row("AT_VERSION", 8, "uint32: VERSION"),
    Row("AT_RATE", 12, "uint32: sample rate of the host in Hz"),
    Row("AT_LEAD", 16, "uint32: lead in frames"),
    Row("AT_OFFLINE", 20, "uint32: 1 while the shell waits for every frame, 0 while it plays live"),
    Row(
        "AT_ASLEEP",
        24,
        "uint32: 1 while silence follows until there is a record of another kind than BLOCK, and nobody need wake the "
        "engine before so many frames are owed; set by the engine, taken back by either",
    ),
    Row("AT_INPUTS", 28, "uint32: channels of audio from the host: 0, or `CHANNELS` for the effect"),
    Row("AT_ASKED", 64, "uint64: records written; the shell's"),
    Row("AT_DONE", 128, "uint64: records read; the engine's"),
    Row("AT_MADE", 192, "uint64: frames written; the engine's"),
    Row(
        "AT_NEEDED",
        256,
        "uint64: frames that the host has been given so far, whether they were there or not; the shell's",
    ),
    Row("AT_RECORDS", 320, "records: uint32 kind, uint32 frame in the block, uint32 number, float32 value"),
    Row("AT_AUDIO", 320 + 16 * RECORDS, "audio: float32 [AUDIO_FRAMES, CHANNELS]"),
    Row(
        "AT_INPUT",
        320 + 16 * RECORDS + 4 * CHANNELS * AUDIO_FRAMES,
        "what the host plays into the effect, a frame for each that is asked for: float32 [AUDIO_FRAMES, CHANNELS]",
    ),
    Row("MEMORY_BYTES", 320 + 16 * RECORDS + 8 * CHANNELS * AUDIO_FRAMES, "all of it"),
)
RECORD_KINDS = (
    Row("RECORD_MIDI", 1, "number: the bytes of a channel message, the status lowest"),
    Row("RECORD_PARAMETER", 2, "number: a row of `parameters.PARAMETERS`; value: in its unit"),
    Row("RECORD_BLOCK", 3, "number: frames of the block that ends here"),
)
MESSAGES = (
    Row(
        "SAY_HELLO",
        1,
        "shell: VERSION, a newline, and a name of its own, the same in all its sessions; with it the memory, the pipe "
        "it writes to and the one it reads from",
    ),
    Row("SAY_PRESET", 2, "shell: serial number, a newline, and the text of a preset"),
    Row("SAY_READY", 3, "engine: serial number of the preset that plays, and the frames by which its effects are late"),
    Row("SAY_VALUES", 4, "engine: serial number, and what the preset has for each row of `parameters.PARAMETERS`"),
    Row("SAY_TROUBLE", 5, "engine: a line for the user"),
    Row("SAY_SILENT", 6, "engine: serial number of a preset in whose place nothing plays"),
    Row("SAY_STATUS", 7, "anybody, instead of hello; the engine answers with its `server.Server.status` in JSON"),
    Row("SAY_USE", 8, "anybody, instead of hello: track, from 1, a newline, and a preset; engine to shell: play this"),
    Row("SAY_PANEL", 9, "shell: open the panel; anybody, instead of hello: track, from 1, answered with its address"),
    Row(
        "SAY_KEPT",
        10,
        "engine: serial number, pairs of a row of `parameters.PARAMETERS` and its value, a newline, and the preset "
        "that the one of that number has become",
    ),
)
RINGS = (
    Row("RECORDS", RECORDS, "in the ring, a power of two"),
    Row("AUDIO_FRAMES", AUDIO_FRAMES, "in the ring, a power of two"),
    Row("CHANNELS", CHANNELS, "of audio"),
    Row("LARGEST_BLOCK_FRAMES", LARGEST_BLOCK_FRAMES, "of one BLOCK record"),
    Row("FOLLOWED_SAMPLES", FOLLOWED_SAMPLES, "at 48 kHz, by which the effect is late besides"),
    Row("ASLEEP_FRAMES", ASLEEP_FRAMES, "owed by an engine that sleeps before it is woken"),
    Row("USUAL_DELAY_SAMPLES", USUAL_DELAY_SAMPLES, "at 48 kHz, by which a preset is late"),
    Row("LONGEST_TEXT_BYTES", LONGEST_TEXT_BYTES, "of a message"),
    Row("VERSION", VERSION, "of this layout"),
)
NUMBER = {row.name: row.number for table in (HEADER, RECORD_KINDS, MESSAGES, RINGS) for row in table}


def header() -> str:
    """The layout as a header for the shell."""
    lines = [
        "// Made from nsynth_lab/plugin/layout.py when the plugin is built.",
        "#pragma once",
        "#include <cstdint>",
        "",
    ]
    lines += ["namespace layout {", f"constexpr uint64_t MAGIC = {MAGIC:#x};"]
    for table in (RINGS, HEADER, RECORD_KINDS, MESSAGES):
        lines += [f"constexpr uint32_t {row.name} = {row.number};  // {row.says}" for row in table]
    return "\n".join([*lines, "}", ""])
