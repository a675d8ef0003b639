"""Recordings: the players' own sounds on the corners, for this session or, kept, for good.

    dropped file, microphone --> upload --> encoding, a job --> Recordings --> the session's bank
                                               ^                   |  |
                                               +-- another pitch --+  +------> the user's own bank

    names       what recordings are called, so that nobody takes one that is gone for another instrument
    encoding    what the job does: read, measure, encode, decode again, compare
    recordings  those of this session: shown, encoded again, kept, removed
    outcome     what a job says of what it has encoded, checked
    routes      where they are sent to, and where both sounds are heard

Nothing of a recording is left when the panel ends, but what was kept.
"""
