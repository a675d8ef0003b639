"""The drums and noises of the default bank: their names, and the recordings that they are taken from.

Keys of a SoundFont's kit are General MIDI's. Single drums stand on middle C, a kit's drums on their own keys.
"""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.note import DRUM, NOISE

STANDARD, POWER, ELECTRONIC, TR_808, BRUSH, ORCHESTRA = 0, 16, 24, 25, 40, 48  # programs of bank 128
MIDDLE_C = 60
LONGEST_SECONDS, LONGEST_IN_KIT = 3.0, 1.8
HARD, TWO_LAYERS = (110,), (55, 110)
PERCUSSION, WITHOUT = range(35, 82), range(35, 60)  # what differs from kit to kit ends at 59


@dataclass(frozen=True)
class Drum:
    """One instrument: of a kit in the SoundFont by `program` and `keys`, or the recording `file`.

    Attributes:
        name: by which it is blended.
        family: drum or noise.
        velocities: at which each key is struck, of a recording its nominal one.
        program, keys: of the SoundFont's bank 128; a single key is put on middle C.
        file: in Sonic Pi's folder of samples, without its ending.
        maker: whom to credit for a recording.
    """

    name: str
    family: str = DRUM
    velocities: tuple[int, ...] = HARD
    program: int = STANDARD
    keys: tuple[int, ...] = ()
    file: str = ""
    maker: str = ""

    @property
    def longest_seconds(self) -> float:
        """After this it fades out."""
        return LONGEST_IN_KIT if len(self.keys) > 1 else LONGEST_SECONDS


def _struck(name: str, key: int, program: int = STANDARD, velocities: tuple[int, ...] = HARD) -> Drum:
    return Drum(name, program=program, keys=(key,), velocities=velocities)


def _recorded(name: str, file: str, maker: str, family: str = DRUM) -> Drum:
    return Drum(name, family, file=file, maker=maker)


DRUMS = (
    Drum("standard kit", program=STANDARD, keys=tuple(PERCUSSION)),
    Drum("electronic kit", program=ELECTRONIC, keys=tuple(WITHOUT)),
    Drum("808 kit", program=TR_808, keys=tuple(WITHOUT)),
    Drum("brush kit", program=BRUSH, keys=tuple(WITHOUT)),
    _struck("kick", 36, velocities=TWO_LAYERS),
    _struck("power kick", 36, POWER),
    _struck("808 kick", 36, TR_808),
    _struck("concert bass drum", 36, ORCHESTRA),
    _struck("snare", 38, velocities=TWO_LAYERS),
    _struck("rim shot", 37),
    _struck("electronic snare", 38, ELECTRONIC),
    _struck("808 snare", 38, TR_808),
    _struck("brush snare", 38, BRUSH),
    _struck("clap", 39),
    _struck("808 clap", 39, TR_808),
    _struck("closed hat", 42, velocities=TWO_LAYERS),
    _struck("pedal hat", 44),
    _struck("open hat", 46),
    _struck("808 hat", 42, TR_808),
    _struck("crash", 49),
    _struck("splash", 55),
    _struck("china", 52),
    _struck("ride", 51),
    _struck("ride bell", 53),
    _struck("floor tom", 41),
    _struck("mid tom", 47),
    _struck("high tom", 50),
    _struck("electronic tom", 45, ELECTRONIC),
    _struck("tambourine", 54),
    _struck("cowbell", 56),
    _struck("vibraslap", 58),
    _struck("bongo", 60),
    _struck("conga", 63),
    _struck("timbale", 65),
    _struck("agogo", 67),
    _struck("cabasa", 69),
    _struck("maracas", 70),
    _struck("guiro", 74),
    _struck("claves", 75),
    _struck("wood block", 76),
    _struck("triangle", 81),
    _recorded("deep kick", "bd_boom", "Snapper4298"),
    _recorded("house kick", "bd_haus", "Rodrigo The Mad"),
    _recorded("dub snare", "sn_dub", "Adriak909"),
    _recorded("tabla", "tabla_dhec", "dio_333"),
    _recorded("finger snap", "perc_snap", "SoundCollectah"),
    _recorded("vinyl scratch", "vinyl_scratch", "hello_flowers"),
    _recorded("door", "perc_door", "hullum"),
    _recorded("swoosh", "perc_swoosh", "hullum", NOISE),
)
