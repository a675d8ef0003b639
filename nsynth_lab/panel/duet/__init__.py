"""The duet in the panel: a partner answers what keys, ports and the live input play, and all pages see both parts.

    page: duet --> DuetDesk, a thread of its own --> partner and its source of answers (`nsynth_lab.duet`)
                                    |                         |
                                    |                       Seat: the engine's thread asks it before each block
                                    '--> Instrument.accompany: an engine for the partner beside the player's

desk     what pages ask for, and what they are told. Start here
seat     where a partner sits while it plays
written  the notes of both, for a sheet
sound    what the partner plays
"""
