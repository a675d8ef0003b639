"""Evolution made to sound: of each member the files that make it again, a sound, and a picture of all six.

evolution   Evolution: a folder, its history, and what has still to be made. Start here
makers      what makes the members of one kind
tunes, presets, instruments   the three of them
"""
