"""Impulses: recorded rooms that pages send. A process of its own reads each; then the chain has a convolution by it.

page --> file --> work (bounded, at 48 kHz) --> the folder of this session --> patch
"""
