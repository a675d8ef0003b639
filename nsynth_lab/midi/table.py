"""The one table of channel messages: mido's type and fields for each kind of event."""

from __future__ import annotations

from typing import Any

from nsynth_lab.errors import MissingError
from nsynth_lab.midi.events import Event, Kind

# kind: (mido's type, its field for `number`, its field for `value`)
MESSAGES: dict[Kind, tuple[str, str, str]] = {
    Kind.NOTE_ON: ("note_on", "note", "velocity"),
    Kind.NOTE_OFF: ("note_off", "note", "velocity"),
    Kind.POLY_PRESSURE: ("polytouch", "note", "value"),
    Kind.CONTROL: ("control_change", "control", "value"),
    Kind.PROGRAM: ("program_change", "program", ""),
    Kind.PRESSURE: ("aftertouch", "", "value"),
    Kind.BEND: ("pitchwheel", "", "pitch"),
}
_KINDS = {name: (kind, number, value) for kind, (name, number, value) in MESSAGES.items()}
DEFAULT_OFF_VELOCITY = 64


def from_message(message: Any, *, at_sample: int = 0) -> Event | None:
    """A mido message as an event; None for those that say nothing to a synth (clock, system exclusive, meta).

    A note-on of velocity 0 is a note-off, as MIDI has it.
    """
    row = _KINDS.get(message.type)
    if row is None:
        return None
    kind, number, value = row
    event = Event(
        kind,
        message.channel,
        getattr(message, number) if number else 0,
        getattr(message, value) if value else 0,
        at_sample,
    )
    if kind is Kind.NOTE_ON and event.value == 0:
        return Event(Kind.NOTE_OFF, event.channel, event.number, DEFAULT_OFF_VELOCITY, at_sample)
    return event


def to_message(event: Event) -> Any:
    """The event as a mido message, to send or to write.

    >>> from nsynth_lab.midi.events import note_on
    >>> to_message(note_on(69, 80)).bytes()
    [144, 69, 80]
    """
    name, number, value = MESSAGES[event.kind]
    fields = {key: int(part) for key, part in ((number, event.number), (value, event.value)) if key}
    return load_mido().Message(name, channel=event.channel, **fields)


def load_mido() -> Any:  # the library ships no types
    """mido, on first use.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import mido
    except ImportError as error:
        raise MissingError(f"MIDI needs mido: pip install 'nsynth-lab[midi]' ({error})") from error
    return mido
