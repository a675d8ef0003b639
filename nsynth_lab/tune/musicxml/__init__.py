"""MusicXML, what notation programs exchange: read (plain or compressed) and written (score-partwise).

    bytes --> container (.mxl) --> tree (bounded, no entities) --> measure_reader, signs --> reader --> Tune
    Tune --> values (notes and dots, beams) --> measure_writer --> writer --> bytes

Source: MusicXML 4.0 (w3.org/2021/06/musicxml40).
"""

from nsynth_lab.tune.musicxml.reader import read_musicxml
from nsynth_lab.tune.musicxml.writer import musicxml_bytes

__all__ = ["musicxml_bytes", "read_musicxml"]
