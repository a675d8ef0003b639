"""Translation: a phrase that was hummed, whistled, sung or played, played by what stands on the pad.

    dropped file, recorder --> upload --> hearing, a job --> Phrases --> Score --> Performer --> engine
    microphone of the machine or of a page ------------------------> LiveNotes -------^

As `nsynth-lab translate` and `play --input` do it; the notes are played by the panel's own engine, so that the pad,
the effects and the knobs move them while they sound.

    hearing      what the job does: read, follow, find notes, draw
    heard        what a job says of what it has heard, checked
    phrases      those of this session, and the options by which all of them are played
    score        a phrase with its options: what the performer plays, what goes into a MIDI file
    performer    plays on the engine's thread, beside the keys: a phrase, the sound that it was heard in, an input
    translation  what pages ask for, and what they are told
    page_input   the microphone of a page
    rendering    what the job does that plays a phrase into a file
    routes       where sounds are sent to, and where pictures and files are had
"""
