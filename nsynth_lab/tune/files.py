"""A tune's files: which door reads a file, by what is in it, and which writes one, by its ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import MissingError, NsynthLabError, TuneError, UsageError
from nsynth_lab.tune.abc import abc_text, decoded, read_text, tunes_of
from nsynth_lab.tune.find.bar_lines import BarFinder, find_bars
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.midi import midi_bytes, read_midi
from nsynth_lab.tune.musicxml import musicxml_bytes, read_musicxml
from nsynth_lab.tune.places import bar_faults
from nsynth_lab.tune.tune import Tune
from nsynth_lab.wording import counted, quoted

MOST_BYTES = 8 * 2**20
MOST_FAULTS = 4
PNG_SCALE = 2  # of a page, so that its finest lines are a pixel or more
MIDI_BEGINS, ZIP_BEGINS = (b"MThd", b"RIFF"), b"PK\x03\x04"
NOTATION = (".abc", ".mid", ".musicxml")
PICTURES = (".svg", ".pdf", ".png")
ENDINGS = (*PICTURES, ".musicxml", ".abc", ".mid")


@dataclass(frozen=True)
class ReadTune:
    """A tune from a file, and what is to be told about it, a line each."""

    tune: Tune
    lines: tuple[str, ...]


def read_tune(
    path: str | Path,
    *,
    number: str = "",
    metre: Metre | None = None,
    key: Key | None = None,
    finder: BarFinder = find_bars,
) -> ReadTune:
    """Read a tune from ABC, MIDI or MusicXML, whatever the file is called.

    Args:
        path: the file.
        number: which tune of a book of ABC, as after its X:; the first if empty.
        metre: of a MIDI file, instead of what it says or what would be found.
        key: likewise.
        finder: of a MIDI file's metre and upbeat; `melody.bar_lines.BarLines` finds more of them.

    Raises:
        UsageError: the file does not exist, or has no tune of that number.
        TuneError: no tune can be read from it.
        MidiError: it is a MIDI file that cannot be read.
    """
    path = Path(path)
    if path.is_dir() or not path.exists():
        what = "is a folder" if path.is_dir() else "no such file"
        raise UsageError(f"{path}: {what}; expected a tune: .abc, .mid, .musicxml or .mxl")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TuneError(f"larger than {MOST_BYTES // 2**20} MiB; no tune is")
        return tune_in(path.read_bytes(), number=number, metre=metre, key=key, finder=finder)
    except NsynthLabError as error:
        raise type(error)(f"{path}: {error}") from error
    except OSError as error:
        raise TuneError(f"{path}: cannot be read: {error.strerror}") from error


def tune_in(
    data: bytes,
    *,
    number: str = "",
    metre: Metre | None = None,
    key: Key | None = None,
    finder: BarFinder = find_bars,
) -> ReadTune:
    """The tune in a file's bytes; see `read_tune`."""
    if not data.strip():
        raise TuneError("the file is empty; expected a tune in ABC, MIDI or MusicXML")
    lines = Lines("bar")
    if data.startswith(MIDI_BEGINS) or b"MThd" in data[:1024]:
        tune = read_midi(data, lines, metre=metre, key=key, finder=finder)
    elif data.startswith(ZIP_BEGINS) or data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        tune = read_musicxml(data, lines)
    else:
        lines = Lines("line")
        tune = _of_book(decoded(data), number, lines)
    faults = bar_faults(tune)
    more = [f"and {len(faults) - MOST_FAULTS} more bars that do not add up"] if len(faults) > MOST_FAULTS else []
    return ReadTune(tune, (*lines.all, *faults[:MOST_FAULTS], *more))


def _of_book(text: str, number: str, lines: Lines) -> Tune:
    if "\0" in text:
        raise TuneError("neither ABC, MIDI nor MusicXML; expected a tune in one of these")
    tunes = tunes_of(text)
    if number:
        chosen = [tune for tune in tunes if tune.number == number]
        if not chosen:
            some = ", ".join(tune.number or "without a number" for tune in tunes[:12])
            raise UsageError(f"no tune X:{quoted(number)}; it has {counted(len(tunes), 'tune')}: {some}")
        return read_text(chosen[0], lines)
    if len(tunes) > 1:
        lines.add(f"the first of {len(tunes)} tunes; --number takes another, by its X:")
    return read_text(tunes[0], lines)


def write_tune(tune: Tune, path: Path) -> tuple[str, ...]:
    """Write a tune as what its ending says: notation, or a picture of it; returns what is to be told, a line each.

    Without an engraver a picture is a piano roll, and that is told.

    Raises:
        UsageError: an ending that is none of `ENDINGS`.
        TuneError: the tune cannot be engraved.
        NsynthLabError: the file cannot be written.
    """
    ending, lines = path.suffix.lower(), Lines()
    notation: dict[str, Callable[[], bytes]] = {
        ".abc": lambda: abc_text(tune).encode(),
        ".mid": lambda: midi_bytes(tune, lines),
        ".musicxml": lambda: musicxml_bytes(tune, lines),
    }
    if ending in notation:
        data = notation[ending]()
        with atomic_write(path) as beside:
            beside.write_bytes(data)
    elif ending in PICTURES:
        _draw(tune, path, lines)
    else:
        raise UsageError(f"{path}: unknown ending '{path.suffix}'; expected {', '.join(ENDINGS)}")
    return lines.all


def _draw(tune: Tune, path: Path, lines: Lines) -> None:
    from nsynth_lab.drawing import draw_pages
    from nsynth_lab.tune.engrave import engraved
    from nsynth_lab.tune.piano_roll import draw_roll
    from nsynth_lab.tune.svg_shapes import A4_INCHES, page_of

    ending = path.suffix.lower()
    try:
        documents = engraved(musicxml_bytes(tune, lines, to_engrave=True), on_pages=ending == ".pdf")
    except MissingError as missing:
        lines.add(f"a piano roll is drawn: {missing}")
        draw_roll(path, tune)
        return
    if ending == ".svg":
        with atomic_write(path) as beside:
            beside.write_text(documents[0], encoding="utf-8")
    else:
        width_inches = A4_INCHES * (PNG_SCALE if ending == ".png" else 1)
        draw_pages(path, [page_of(document, width_inches=width_inches) for document in documents])
