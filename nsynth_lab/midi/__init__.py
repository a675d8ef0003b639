"""MIDI: a file or a port -> timed events. The only door to python-rtmidi.

    events      Event: what a player did, when; plain values
    parse       bytes as they come off a wire -> events, whatever the bytes are
    chunks      a file's header and tracks: out of wrappers, and where lengths are wrong
    track       one track's bytes -> messages at ticks
    fingering   which note-off ends which note
    song        a standard MIDI file (formats 0, 1, 2) -> events at sample times
    tolerance   what was wrong with a file that is read all the same
    feed        a song, handed out block by block
    ports       input ports by name, lost and found again
    listen      what they say, heard by a process of its own

A song comes from its file by chunks, track, song and fingering, in this order.
"""

from nsynth_lab.midi.events import Event, Kind

__all__ = ["Event", "Kind"]
