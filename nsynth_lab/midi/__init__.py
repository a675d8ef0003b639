"""MIDI: a file or a port -> timed events. The only door to mido.

    events    Event: what a player did, when; plain values
    table     the one table of MIDI's channel messages: mido's names <-> events
    parse     bytes as they come off a wire -> events, whatever the bytes are
    song      a standard MIDI file (types 0, 1, 2) -> events at sample times
    ports     input ports by name, lost and found again
    listen    what they say, heard by a process of its own

mido is imported on first use.
"""

from nsynth_lab.midi.events import Event, Kind

__all__ = ["Event", "Kind"]
