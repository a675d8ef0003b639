"""What a list of notes does not say about itself: its key, metre, upbeat and repeats.

key        tonic and mode
bar_lines  metre and upbeat
repeats    bars written out -> repeats and endings
"""
