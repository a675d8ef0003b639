"""Drums: the drums and noises of the default checkpoint's bank, from a SoundFont, from recordings and from formulas.

    table      which there are, and where each is from
    noises     those that are made of random numbers and filters
    build      encodes them and writes them into a checkpoint's bank

`scripts/add_drums` calls it. To add a drum, add a row to `table.DRUMS`; a noise, a function to `noises`.
"""
