"""Sounds in memory, and sound files read and written: WAV, FLAC, OGG, MP3 and AIFF.

`Audio` is a sound. `read_audio` and `read_clip` read one, `mono_blocks` a file of any length; `write_audio` writes one,
`AudioWriter` block by block. `libsndfile` is the only door to the library behind them.
"""

from nsynth_lab.audio.reading import MAX_SECONDS as MAX_SECONDS
from nsynth_lab.audio.reading import file_hash as file_hash
from nsynth_lab.audio.reading import length_seconds as length_seconds
from nsynth_lab.audio.reading import mono_blocks as mono_blocks
from nsynth_lab.audio.reading import read_audio as read_audio
from nsynth_lab.audio.reading import read_clip as read_clip
from nsynth_lab.audio.reading import read_comment as read_comment
from nsynth_lab.audio.sound import SHORTEST_SECONDS as SHORTEST_SECONDS
from nsynth_lab.audio.sound import SILENCE as SILENCE
from nsynth_lab.audio.sound import Audio as Audio
from nsynth_lab.audio.sound import as_clip as as_clip
from nsynth_lab.audio.sound import samples_hash as samples_hash
from nsynth_lab.audio.writer import LONGEST_BYTES as LONGEST_BYTES
from nsynth_lab.audio.writer import AudioWriter as AudioWriter
from nsynth_lab.audio.writing import USUAL_FORMAT as USUAL_FORMAT
from nsynth_lab.audio.writing import check_target as check_target
from nsynth_lab.audio.writing import write_audio as write_audio
from nsynth_lab.sound_format import ENDINGS as ENDINGS
