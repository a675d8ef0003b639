"""OSC packets: bytes to messages and back, with bounds, because anybody may send anything."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from nsynth_lab.errors import MissingError, NsynthLabError

LONGEST_BYTES = 8_192
MOST_MESSAGES = 128  # in a bundle
FURTHEST_SECONDS = 1.0  # that a bundle's time may lie ahead
DEEPEST = 4  # bundles in one another
BUNDLE, BUNDLE_BYTES = b"#bundle\0", 16
KNOWN_TYPES = b",ifdhsTF"
NTP_SECONDS = 2_208_988_800  # from 1900 to 1970
NO_OSC = "what is no OSC packet"

Value = float | str


class OscError(NsynthLabError):
    """A packet or message that is refused."""


class Message(NamedTuple):
    """What was sent to an address, and how many seconds from now it is to happen."""

    address: str
    values: tuple[Value, ...]
    later_seconds: float = 0.0


def check_installed() -> None:
    """Import python-osc.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import pythonosc.osc_message  # noqa: F401
    except ImportError as error:
        raise MissingError(f"OSC needs python-osc: pip install 'nsynth-lab[osc]' ({error})") from error


def read_packet(packet: bytes) -> list[Message]:
    """The messages of a packet, in its order.

    A bundle's time is kept where it lies within the next second; anything else happens now.

    Raises:
        OscError: it is too long, holds too many messages, or is no OSC.
    """
    from pythonosc.osc_message import OscMessage

    if len(packet) > LONGEST_BYTES:
        raise OscError(f"a packet of more than {LONGEST_BYTES} bytes")
    found: list[Message] = []
    for content, later_seconds in _contents(packet, 0.0, DEEPEST):
        if len(found) == MOST_MESSAGES:
            raise OscError(f"a bundle of more than {MOST_MESSAGES} messages")
        types = content[_padded(content) :].partition(b"\0")[0]
        if types.strip(KNOWN_TYPES):
            raise OscError("values that are neither numbers nor texts")
        try:
            message = OscMessage(content)
            found.append(Message(message.address, tuple(map(_plain, message.params)), later_seconds))
        except Exception as error:  # python-osc also raises struct.error and UnicodeDecodeError
            raise OscError(NO_OSC) from error
    return found


def _contents(packet: bytes, later_seconds: float, deepest: int) -> Iterator[tuple[bytes, float]]:
    """The messages of a packet as bytes, with their times.

    Bundles are taken apart here, because python-osc 1.10.2 goes round for ever where one holds a negative length.
    """
    if packet.startswith(b"/"):
        yield packet, later_seconds
        return
    if not packet.startswith(BUNDLE) or len(packet) < BUNDLE_BYTES or not deepest:
        raise OscError(NO_OSC)
    later_seconds, at = _later(int.from_bytes(packet[8:16], "big")), BUNDLE_BYTES
    while at < len(packet):
        length = int.from_bytes(packet[at : at + 4], "big")
        at += 4
        if not 0 < length <= len(packet) - at:
            raise OscError(NO_OSC)
        yield from _contents(packet[at : at + length], later_seconds, deepest - 1)
        at += length


def _later(tag: int) -> float:
    """Seconds from now to a time tag, in units of 2**-32 s since 1900; 0 where it is past or too far ahead."""
    seconds = tag / (1 << 32) - NTP_SECONDS - time.time()
    return seconds if 0.0 < seconds <= FURTHEST_SECONDS else 0.0


def _padded(content: bytes) -> int:
    """Length of the text that a message begins with: its address, a null, and as many as make it a multiple of 4."""
    return (content.find(b"\0") // 4 + 1) * 4


def _plain(value: object) -> Value:
    return value if isinstance(value, str) else float(cast("float", value))


def write_packet(address: str, values: Sequence[Value]) -> bytes:
    """One message as a packet: whole numbers as int32, others as float32, texts as they are."""
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value, "f" if isinstance(value, float) else None)
    return bytes(builder.build().dgram)
