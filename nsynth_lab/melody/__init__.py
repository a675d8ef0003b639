"""Melodies as a model reads and writes them. No torch.

steps      Tune -> steps: each note's duration and pitch in its key, where it stands, and what sounded bars ago
clusters   near duplicates, and a split for training that keeps them together
"""
