"""Evolution: six at a time, some of them liked, and the next six come from these. No torch, and no sound.

    space --> first generation --> liked --> next generation --> ...
                                               population, in the latents and not in the notes

population   the loop: children on the line through two that were liked, noise that shrinks, a newcomer. Start here
tunes        melodies, in the loops' latents
presets      patches, in what can be turned
own_preset   a preset of the user's own as a point of that space
instruments  imagined instruments, in offsets of timbre and controls
history      what has come about, as one JSON file
folder       which file is which
record       both together: who is liked, and back to the generation before
"""
