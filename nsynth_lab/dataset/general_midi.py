"""The General MIDI sound set as a table: program -> name, NSynth family, source, playing range.

Playing ranges are those in which an instrument is really played (MIDI notes, both ends included); SoundFonts stretch
their outermost samples far beyond them. Left out are programs without a definite pitch (113 agogo, a pair of bells,
and 115 to 127, drums and effects), those that sound a chord (55 orchestra hit, 86 lead in fifths, 97 soundtrack) and
31 guitar harmonics, which sound two octaves above the key.

Source: the names are those of General MIDI level 1 (MIDI Association, 1991).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nsynth_lab.note import runs


@dataclass(frozen=True)
class Program:
    """One General MIDI program: number 0..127, lower-case name, NSynth family and source, lowest and highest note."""

    number: int
    name: str
    family: str
    source: str
    low: int
    high: int


_TABLE = """
  0 keyboard   acoustic   21 108 acoustic grand piano
  1 keyboard   acoustic   21 108 bright acoustic piano
  2 keyboard   electronic 28 103 electric grand piano
  3 keyboard   acoustic   21 108 honky-tonk piano
  4 keyboard   electronic 28 100 electric piano 1
  5 keyboard   electronic 28 100 electric piano 2
  6 keyboard   acoustic   29  89 harpsichord
  7 keyboard   electronic 29  88 clavinet
  8 mallet     acoustic   60 108 celesta
  9 mallet     acoustic   79 108 glockenspiel
 10 mallet     acoustic   60  96 music box
 11 mallet     acoustic   53  89 vibraphone
 12 mallet     acoustic   36  96 marimba
 13 mallet     acoustic   65 108 xylophone
 14 mallet     acoustic   60  79 tubular bells
 15 mallet     acoustic   48  86 dulcimer
 16 organ      electronic 36  96 drawbar organ
 17 organ      electronic 36  96 percussive organ
 18 organ      electronic 36  96 rock organ
 19 organ      acoustic   36  96 church organ
 20 organ      acoustic   36  96 reed organ
 21 reed       acoustic   53  93 accordion
 22 reed       acoustic   60  96 harmonica
 23 reed       acoustic   48  93 tango accordion
 24 guitar     acoustic   40  84 acoustic guitar, nylon
 25 guitar     acoustic   40  86 acoustic guitar, steel
 26 guitar     electronic 40  86 electric guitar, jazz
 27 guitar     electronic 40  88 electric guitar, clean
 28 guitar     electronic 40  79 electric guitar, muted
 29 guitar     electronic 40  88 overdriven guitar
 30 guitar     electronic 40  88 distortion guitar
 32 bass       acoustic   28  64 acoustic bass
 33 bass       electronic 28  67 electric bass, finger
 34 bass       electronic 28  67 electric bass, pick
 35 bass       electronic 28  67 fretless bass
 36 bass       electronic 28  67 slap bass 1
 37 bass       electronic 28  67 slap bass 2
 38 bass       synthetic  24  72 synth bass 1
 39 bass       synthetic  24  72 synth bass 2
 40 string     acoustic   55  96 violin
 41 string     acoustic   48  91 viola
 42 string     acoustic   36  81 cello
 43 string     acoustic   28  64 contrabass
 44 string     acoustic   28  96 tremolo strings
 45 string     acoustic   28  96 pizzicato strings
 46 string     acoustic   24  86 orchestral harp
 47 mallet     acoustic   38  57 timpani
 48 string     acoustic   28  96 string ensemble 1
 49 string     acoustic   28  96 string ensemble 2
 50 string     synthetic  36  96 synth strings 1
 51 string     synthetic  36  96 synth strings 2
 52 vocal      acoustic   40  84 choir aahs
 53 vocal      acoustic   40  84 voice oohs
 54 vocal      synthetic  40  84 synth voice
 56 brass      acoustic   54  86 trumpet
 57 brass      acoustic   40  77 trombone
 58 brass      acoustic   26  65 tuba
 59 brass      acoustic   54  84 muted trumpet
 60 brass      acoustic   34  77 french horn
 61 brass      acoustic   36  84 brass section
 62 brass      synthetic  36  84 synth brass 1
 63 brass      synthetic  36  84 synth brass 2
 64 reed       acoustic   56  88 soprano sax
 65 reed       acoustic   49  81 alto sax
 66 reed       acoustic   44  76 tenor sax
 67 reed       acoustic   36  69 baritone sax
 68 reed       acoustic   58  91 oboe
 69 reed       acoustic   52  81 english horn
 70 reed       acoustic   34  75 bassoon
 71 reed       acoustic   50  94 clarinet
 72 flute      acoustic   74 105 piccolo
 73 flute      acoustic   60  96 flute
 74 flute      acoustic   60  93 recorder
 75 flute      acoustic   60  96 pan flute
 76 flute      acoustic   48  84 blown bottle
 77 flute      acoustic   55  86 shakuhachi
 78 flute      acoustic   72  96 whistle
 79 flute      acoustic   57  89 ocarina
 80 synth_lead synthetic  36  96 square lead
 81 synth_lead synthetic  36  96 saw lead
 82 synth_lead synthetic  36  96 calliope lead
 83 synth_lead synthetic  36  96 chiff lead
 84 synth_lead synthetic  36  96 charang lead
 85 synth_lead synthetic  36  96 voice lead
 87 synth_lead synthetic  24  84 bass and lead
 88 synth_lead synthetic  36  96 new age pad
 89 synth_lead synthetic  36  96 warm pad
 90 synth_lead synthetic  36  96 polysynth pad
 91 vocal      synthetic  40  84 choir pad
 92 synth_lead synthetic  36  96 bowed pad
 93 synth_lead synthetic  36  96 metallic pad
 94 synth_lead synthetic  36  96 halo pad
 95 synth_lead synthetic  36  96 sweep pad
 96 synth_lead synthetic  36  96 rain
 98 synth_lead synthetic  36  96 crystal
 99 synth_lead synthetic  36  96 atmosphere
100 synth_lead synthetic  36  96 brightness
101 synth_lead synthetic  36  96 goblins
102 synth_lead synthetic  36  96 echoes
103 synth_lead synthetic  36  96 sci-fi
104 guitar     acoustic   48  79 sitar
105 guitar     acoustic   48  86 banjo
106 guitar     acoustic   50  81 shamisen
107 guitar     acoustic   48  88 koto
108 mallet     acoustic   55  88 kalimba
109 reed       acoustic   60  81 bagpipe
110 string     acoustic   55  93 fiddle
111 reed       acoustic   60  84 shanai
112 mallet     acoustic   72 103 tinkle bell
114 mallet     acoustic   52  88 steel drums
"""


def _row(line: str) -> Program:
    number, family, source, low, high, name = line.split(maxsplit=5)
    return Program(int(number), name, family, source, int(low), int(high))


PROGRAMS: dict[int, Program] = {program.number: program for program in map(_row, _TABLE.strip().splitlines())}

MIN_MATCHES, MIN_FAMILIES = 8, 4
PIANO_RANGE = (21, 108)
MAX_STRAY_KEYS, MIN_MAIN_KEYS = 12, 24


def resembles_general_midi(names: Mapping[int, str]) -> bool:
    """Whether a SoundFont numbers its programs as General MIDI does, judged by their names (number -> name).

    It does if at least eight programs from four families, and at least half of all, share a word with General MIDI's
    name for that number. In known General MIDI fonts 92 to 95 % do, and at most 36 % when the numbers are shifted by
    one (measured on FluidR3, TimGM6mb, GeneralUser and MuseScore General). A few presets alone prove nothing.

    >>> resembles_general_midi({0: "Solo Cello"})
    False
    >>> resembles_general_midi({number: row.name.upper() for number, row in PROGRAMS.items()})
    True
    """
    pitched = names.keys() & PROGRAMS.keys()
    alike = [number for number in pitched if _words(names[number]) & _words(PROGRAMS[number].name)]
    families = {PROGRAMS[number].family for number in alike}
    return len(alike) >= max(MIN_MATCHES, len(pitched) / 2) and len(families) >= MIN_FAMILIES


def _words(name: str) -> set[str]:
    """The first four letters of each word: `SoloTrumpet` gives solo and trum, `Trumpets` gives trum."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return {word[:4] for word in re.findall(r"[a-z]{3,}", apart)}


def playing_range(keys: Sequence[int]) -> tuple[int, int]:
    """The lowest and the highest key worth playing, out of the keys (MIDI notes, rising) that an instrument maps.

    Short runs of keys apart from a long one are left out: they are keyswitches or noises. Keys beyond a piano's
    are left out too: sample libraries stretch their outermost samples to the ends of MIDI's range.

    >>> playing_range(range(128)), playing_range([36]), playing_range([24, 25, *range(36, 82)])
    ((21, 108), (36, 36), (36, 81))
    """
    low, high = keys[0], keys[-1]
    all_runs = runs(keys)
    longest = max(all_runs, key=len)
    if len(longest) >= MIN_MAIN_KEYS and all(len(run) <= MAX_STRAY_KEYS for run in all_runs if run is not longest):
        low, high = longest[0], longest[-1]
    within = [key for key in keys if max(low, PIANO_RANGE[0]) <= key <= min(high, PIANO_RANGE[1])]
    return (within[0], within[-1]) if within else (low, high)
