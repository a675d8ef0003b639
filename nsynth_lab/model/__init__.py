"""The model: encoder, decoder, checkpoint and bank (see `nsynth_lab` for the flow).

`decoder.Decoder` is the readable twin of everything that plays: `nsynth_lab.runtime` says which decoder plays where.
"""
