"""Notes to train on and to capture: from folders of recordings and from SoundFonts, with labels and checks."""
