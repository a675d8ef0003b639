"""Synth: events -> voices -> one batched decoder step -> a mixed block.

    settings        what a player may turn: names, ranges, and the values of a whole synth
    tuning          keys to Hz; scala, its files: .scl and .kbm
    modulation      where the blend of each voice stands: the player's place for it, and how its patch moves it
    sources         the instruments of a blend, all their zones in one table
    zone_reader     one voice's way through its zones: attack, endless sustain, release
    channels        what the pedals, wheels and pressures of MIDI's sixteen channels say; MPE's zones
    voice           one sounding note
    held_keys       which notes are held, by finger, pedal or neither; what a mono voice plays next
    player          what was played -> which voices begin, change and are let go
    planner         the next frames of the voices that are active, as numbers
    renderer        planned frames -> steps of the decoder -> the mixer
    voice_allocator who gets a slot of the decoder, and who loses it
    mixer           where the frames of all voices are added up, to be taken in blocks of any size
    output_stage    what the mixed block goes through: a patch's effects, or nothing
    engine          Engine: all of it together

The clock is samples. A voice's frames begin at its own note-on, so a note waits for nobody, and a block is whatever
the caller asks for: events are taken at multiples of 64 samples, so that what comes out does not depend on it.
"""
