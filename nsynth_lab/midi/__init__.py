"""MIDI: a file, a port or the computer's keyboard -> timed events. The only door to python-rtmidi and LinkPython.

    .mid file          --> chunks --> track --> song --> note_offs --> Song.events
    MIDI input port    --> port_process --> ports --> parse ---------> Event
                                   --> clock ---------> tempo and beat
    computer keyboard  --> computer_keyboard ------------------------> Event

events             Event: what a player did and when; EventList, a song handed out block by block
parse              MIDI bytes from a wire -> events, whatever the bytes are
chunks             a file's header and tracks, in spite of wrappers and wrong lengths
track              one track's bytes -> messages at ticks
song               a standard MIDI file (formats 0, 1 and 2) -> events at sample times: start here for files
note_offs          which note-off ends which note
file_warnings      what is wrong with a file that is played all the same
ports              input ports by name, lost and found again: start here for live playing
clock              a MIDI clock -> tempo, beat, start and stop; tick_filter takes its jitter away
link_clock         the same of an Ableton Link session
port_process       the process that listens to them
computer_keyboard  letters as piano keys
channel_list       channels as musicians write them, such as 1,3-5
"""

from nsynth_lab.midi.events import Event, Kind

__all__ = ["Event", "Kind"]
