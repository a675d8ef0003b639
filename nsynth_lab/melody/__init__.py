"""Melodies written, continued, blended and given chords by a small model. No torch.

    Tune --> steps --> draft --> writer --> writing (by rules) --> notation --> Tune
               |                              ^
               +--> slots --> loops --> sketch+

model        MelodyModel: writer, loops and harmony of a checkpoint. Start here
composing    compose: tunes of a metre, key and form, of which a critic takes the best
continuing   go_on: a tune with bars added
between      a tune between two tunes
looping      Loop, loop_of, encode, along, way, grid, sampled: two bars as points
harmony      Harmony.with_chords
bar_lines    BarLines: metre and upbeat of notes that name none
surprise     bits of each note; blends that follow them, the form or the pitch

draft        a tune while it is written, and what is known before each note
writer, loops   the nets in NumPy; writer_shape, loops_shape their sizes
writing      drafts go on, by chance, along a sketch, to a goal; rules: what they may do
marginals    Tilt: durations and rests as often as people write them
sketch       how likely each slot's pitch is
hearing      any tune as the model hears it
notation     drafts as bars
form_asked, conditions   what is asked for
critic       what is wrong with a draft
checkpoint   melody.safetensors
steps        Tune -> steps: each note's duration and pitch in its key, where it stands, and what sounded bars ago
slots        two bars in sixteenths
clusters     near duplicates, and a split for training that keeps them together
"""
