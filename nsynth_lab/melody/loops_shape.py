"""Sizes of the loops' net, for what is trained and for its twin that plays."""

LATENTS, WIDE = 64, 512
IN_SLOT, OUT_SLOT = 16, 24  # numbers for each slot, going in and coming out
