"""What a page asks of phrases, and of what comes in live, which the sound plays."""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.panel.messages.fields import SHORT
from nsynth_lab.patch.fields import REQUIRED, choice, flag, number, text


@dataclass(frozen=True)
class Translate:
    """How phrases, and what comes in live, are played by what stands on the pad: the options of `translate`."""

    transpose: float = number(0.0, low=-48.0, high=48.0, unit="semitones", says="up, or down if negative")
    follow: float = number(1.0, low=0.0, high=1.0, says="how closely pitch and level follow the source")
    dynamics: float = number(1.0, low=0.0, high=2.0, says="how much of the source's dynamics is kept; 1 all")
    expression: float = number(0.0, low=0.0, high=1.0, says="how much of the source's breath goes into the noise")
    gate: float = number(
        -60.0, low=-120.0, high=0.0, unit="dB",
        says="peak level below which nothing is heard: of what is sent, or comes in live, from now on",
    )  # fmt: skip
    snap: str = text("", most=SHORT, says="where notes may stand: chromatic, a scale such as d-minor, or c,d,eb,g")
    octaves: bool = flag(True, says="whether a phrase is moved by octaves into the range of what plays it")
    as_notes: bool = flag(False, says="whether notes have the attack and sustain of what plays them; not live")
    several: bool = flag(False, says="whether several notes at once are heard in what is sent from now on; not live")
    rest: bool = flag(False, says="whether what is not notes, such as drums, is kept where several notes were heard")
    residual: float = number(0.0, low=-80.0, high=12.0, unit="dB", says="how much louder that is kept")
    loop: bool = flag(False, says="whether a phrase that ends begins again")
    hears: str = choice("translation", ("translation", "source", "both"), says="what is heard of a phrase")


@dataclass(frozen=True)
class PlayPhrase:
    """A phrase begins to play, or ends. It goes along with the pad, the effects and all knobs."""

    phrase: str = text(REQUIRED, least=1, most=SHORT, says="its name in `phrases`")
    on: bool = flag(True, says="false ends it")
    at: float = number(0.0, low=0.0, high=2000.0, unit="s", says="where in the phrase it begins")


@dataclass(frozen=True)
class TakePhrase:
    """A phrase is rendered into a sound file with the present sound, as a job."""

    phrase: str = text(REQUIRED, least=1, most=SHORT, says="its name in `phrases`")
    format: str = choice("wav", ("wav", "flac"), says="of the file")


@dataclass(frozen=True)
class RemovePhrase:
    """A phrase is removed from the session, or is not heard any further."""

    phrase: str = text(
        REQUIRED, least=1, most=SHORT, says="its name in `phrases`, or as the answer to its sound has it"
    )


@dataclass(frozen=True)
class Listen:
    """What comes in live is played, by a microphone of this machine or of the page that asks.

    A page then sends its sound in binary messages: mono samples at 48 kHz, 32-bit floats, at most 4096 at a time.
    """

    to: str = choice("nothing", ("nothing", "machine", "page"), says="where it comes in")
    device: str = text("", most=SHORT, says="name of the machine's input; the default one if empty")
    latency_ms: float = number(0.0, low=0.0, high=2000.0, unit="ms", says="that the page's own microphone takes")
