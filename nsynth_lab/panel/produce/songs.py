"""songs: a MIDI file that a page sends, rendered with the present sound in a job's process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from nsynth_lab.errors import MidiError, UsageError
from nsynth_lab.legible import legible
from nsynth_lab.midi.events import CHANNELS
from nsynth_lab.midi.song import Song, read_song
from nsynth_lab.pack.formats.names import stem
from nsynth_lab.panel.produce.child import patch_of, session_of
from nsynth_lab.panel.produce.takes import clipped
from nsynth_lab.render.song_choice import PERCUSSION, spoken
from nsynth_lab.sound_format import SoundFormat
from nsynth_lab.units import SAMPLE_RATE
from nsynth_lab.version import __version__
from nsynth_lab.wording import counted

KIND, WORK = "song", "nsynth_lab.panel.produce.songs:render"
SUFFIXES = (".mid", ".midi", ".kar", ".smf")
MOST_BYTES = 16 << 20
ENDINGS = ("wav", "flac", "ogg", "mp3")
LONGEST_TITLE = 60


def title_of(name: str, *, instead: str = "song") -> str:
    r"""What a song or another sound is called after its file: the name without folders and ending.

    >>> title_of("C:\\songs\\My Song.mid"), title_of("../.mid")
    ('My Song', 'song')
    """
    last = PureWindowsPath(PurePosixPath(name).name).name
    shown = legible(last.rpartition(".")[0]).strip()[:LONGEST_TITLE]
    return shown or instead


def arguments_of(query: Mapping[str, str]) -> dict[str, Any]:
    """What is asked for beside the song: name, format, rate, bits, and whether percussion is played.

    Raises:
        UsageError: a format that there is not.
    """
    ending, rate = query.get("format", "wav"), query.get("rate", str(SAMPLE_RATE))
    if ending not in ENDINGS:
        raise UsageError(f"format {ending[:20]}: expected one of {', '.join(ENDINGS)}")
    if not rate.isdecimal() or len(rate) > 6:
        raise UsageError(f"rate {rate[:20]}: expected a number of Hz")
    sound_format = SoundFormat(int(rate), query.get("bits", ""))
    sound_format.check(f".{ending}")
    return {
        "title": title_of(query.get("name", "")),
        "ending": ending,
        "rate": int(rate),
        "bits": query.get("bits", ""),
        "percussion": query.get("percussion") == "1",
    }


def render(
    folder: Path,
    tell: Any,
    *,
    song: str,
    title: str,
    sound: Mapping[str, Any],
    session: Mapping[str, Any],
    guests: str,
    ending: str,
    rate: int,
    bits: str,
    percussion: bool,
) -> dict[str, Any]:
    """Render a song into a sound file; what it was, and how it went.

    Raises:
        NsynthLabError: the song, or the sound that plays it, cannot be used.
    """
    from nsynth_lab.render.parts import Parts
    from nsynth_lab.render.preset_synth import settings_of
    from nsynth_lab.render.song import BLOCK_SAMPLES, render_song
    from nsynth_lab.sinks.file import FileSink
    from nsynth_lab.synth.settings import Settings

    tell(0.0, 0.0, "reading")
    read, troubles = song_of(Path(song), percussion=percussion)
    made_by, patch = session_of(session, Path(guests)), patch_of(sound)
    parts = Parts(made_by, (), live=False, ahead_samples=BLOCK_SAMPLES, unlimited=True)
    engine = parts.patched(patch, settings_of(patch, seed=made_by.seed), Settings)
    path = folder / f"{stem(title)}.{ending}"
    comment = f"{title}, played with {patch.name} by nsynth_lab {__version__}, model {made_by.checkpoint.model_id}"
    done = 0

    def heard(samples: int) -> None:
        nonlocal done
        done += samples
        tell(min(done / SAMPLE_RATE, read.seconds), read.seconds, "rendering")

    with FileSink(path, sound_format=SoundFormat(rate, bits), comment=comment) as sink:
        played = render_song(engine, read, sink, advance=heard)
    return {
        "file": path.name,
        "seconds": played.seconds,
        "notes": read.notes,
        "voices": played.peak_voices,
        "times_real_time": played.times_real_time,
        "peak": sink.peak,
        "troubles": [*troubles, *engine.troubles(), *clipped(sink.peak)],
    }


def song_of(path: Path, *, percussion: bool) -> tuple[Song, list[str]]:
    """What is played of a song, and what is wrong with it or left out, a line each.

    Channel 10 is percussion in General MIDI, and left out unless it is wanted; in MPE it is one like the others.

    Raises:
        MidiError: it cannot be read, or no note is left.
    """
    try:
        song = read_song(path)
    except MidiError as error:
        raise MidiError(str(error).replace(str(path), "the song")) from None
    left_out = PERCUSSION in song.channels and not (percussion or song.is_mpe)
    left = song.only(set(range(CHANNELS)) - ({PERCUSSION} if left_out else set()))
    if not left.notes:
        why = "all its notes are on channel 10, percussion; have that played too" if left_out else "it has no note"
        raise MidiError(f"there is nothing to play: {why}")
    lines = list(song.warnings)
    if left_out:
        notes = counted(song.channels[PERCUSSION], "note")
        lines.append(f"left out: channel {spoken([PERCUSSION])}, percussion, {notes}")
    return left, lines
