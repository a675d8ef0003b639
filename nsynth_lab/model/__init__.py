"""The model: encoder, decoder, checkpoint and bank (see `nsynth_lab` for the flow)."""
