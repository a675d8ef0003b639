"""The model: encoder, decoder, checkpoints and the bank of instruments (see `nsynth_lab` for the signal flow).

Start at `codec`: one recorded note to latents and back. `decoder.Decoder` is the reference implementation in PyTorch;
`nsynth_lab.runtime` has the faster decoders that play, and says which one is used where.
"""
