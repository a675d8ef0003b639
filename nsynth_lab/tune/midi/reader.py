"""A MIDI file's bytes -> Tune: metre, key, upbeat and form found where the file does not name them, and said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.abc.fields import key_field
from nsynth_lab.tune.find.bar_lines import BarFinder, find_bars
from nsynth_lab.tune.find.key import Heard, find_key
from nsynth_lab.tune.find.repeats import with_repeats
from nsynth_lab.tune.form import form
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.midi.bar_lines import BarSpan, bar_spans
from nsynth_lab.tune.midi.grid import on_the_grid
from nsynth_lab.tune.midi.notes import DEFAULT_TEMPO, MidiNotes, read_notes
from nsynth_lab.tune.midi.top_line import top_line
from nsynth_lab.tune.midi.writer import KEY_TEXT, UPBEAT_TEXT
from nsynth_lab.tune.pitch import spelled
from nsynth_lab.tune.tune import FINAL, Bar, Tempo, Tune, TuneNote
from nsynth_lab.wording import counted

ABOUT = re.compile(r"([A-Z]):\s*(.+)")
LONGEST_TEXT, MOST_TEXTS = 2_000, 50
LONGEST_UPBEAT, LONGEST = 4, 2_000  # whole notes
NOT_TEXTS = "IKLMPQTVX"


def read_midi(
    data: bytes, lines: Lines, *, metre: Metre | None = None, key: Key | None = None, finder: BarFinder = find_bars
) -> Tune:
    """The melody of a MIDI file; what is found, mended or left out is added to `lines`.

    Args:
        data: the file's bytes.
        lines: what is to be told.
        metre: to be taken instead of what the file says or what would be found.
        key: likewise.
        finder: finds what the file does not say of metre and upbeat.

    Raises:
        MidiError: it is no MIDI file.
        TuneError: it has no notes besides percussion, or too many.
    """
    found = read_notes(data, lines)
    notes = top_line(found.lines, found.quarter, lines)
    heard = [(begin / 4, (end - begin) / 4, note) for begin, end, note in on_the_grid(notes, found.quarter, lines)]
    early = [note for note in heard if note[0] - heard[0][0] < LONGEST]
    if len(early) < len(heard):
        lines.add(f"what comes after {LONGEST:,} whole notes is left out")
    heard = early
    spans, chosen, upbeat = _bars(found, heard, metre, lines, finder)
    if key is None:
        key = _key(found, heard, spans, chosen, lines)
    bars = [_bar(span, heard, key) for span in spans]
    written = _ended(with_repeats(bars, upbeat, chosen.length))
    tune = Tune(written, key, chosen, found.name[:LONGEST_TEXT], _tempo(found), _about(found))
    shape = form(tune)
    lines.add(f"form found: {shape}, {counted(len(tune.bars), 'bar')} as written, {len(spans)} as played")
    if found.lyrics:
        lines.add("lyrics are left out")
    if found.tempo_changes:
        lines.add("changes of tempo are left out", times=found.tempo_changes)
    return tune


def _bars(
    found: MidiNotes, heard: Sequence[Heard], metre: Metre | None, lines: Lines, finder: BarFinder
) -> tuple[list[BarSpan], Metre, Fraction]:
    """(the bars, the metre of the beginning, the length of the upbeat)."""
    first, end = heard[0][0], heard[-1][0] + heard[-1][1]
    stated = _stated_upbeat(found)
    changes = [
        (Fraction(tick, 4 * found.quarter), one)
        for tick, one in found.metres
        if Fraction(tick, 4 * found.quarter) < end
    ]
    is_whole = metre is not None or not changes or (len(changes) == 1 and changes[0][0] == first)
    if not is_whole:
        spans = bar_spans(changes, first, end, Fraction(0))
        chosen = spans[0].metre
        return spans, chosen, spans[0].length if spans[0].length < chosen.length else Fraction(0)
    known = metre or (changes[0][1] if changes else None)
    if known is not None and stated is not None:
        return bar_spans([(first, known)], first, end, stated), known, stated
    chosen, upbeat = finder([(at - first, length, note) for at, length, note in heard], known)
    if known is None:
        lines.add(f"no metre in the file: {chosen.name} found")
    if upbeat:
        lines.add(f"upbeat found: {upbeat} of a whole note before the first bar line")
    return bar_spans([(first, chosen)], first, end, upbeat), chosen, upbeat


def _key(found: MidiNotes, heard: Sequence[Heard], spans: Sequence[BarSpan], metre: Metre, lines: Lines) -> Key:
    begin = spans[1].begin if len(spans) > 1 else spans[0].begin
    shifted = [(at - begin, length, note) for at, length, note in heard]
    signature, minor = (found.signatures[0][1], found.signatures[0][2]) if found.signatures else (None, None)
    if len({row[1:] for row in found.signatures}) > 1:
        lines.add("changes of key are left out: the pitches are as they were, spelled in the first key")
    stated = _stated_key(found)
    if stated is not None:
        return stated
    key = find_key(shifted, metre.length, signature=signature, minor=minor)
    lines.add(f"key found: {key.name}{', from the notes: the file has no signature' if signature is None else ''}")
    return key


def _stated_upbeat(found: MidiNotes) -> Fraction | None:
    """The upbeat that a text of the file names, as ours do."""
    shapes = [re.fullmatch(re.escape(UPBEAT_TEXT) + r"(\d{1,4})(?:/([1-9]\d{0,3}))?", text) for text in found.texts]
    named = [Fraction(int(shape[1]), int(shape[2] or 1)) for shape in shapes if shape]
    return named[0] if named and named[0] < LONGEST_UPBEAT else None


def _stated_key(found: MidiNotes) -> Key | None:
    """The key that a text of the file names, if the signature is that key's."""
    for text in found.texts[:MOST_TEXTS]:
        if text.startswith(KEY_TEXT):
            with suppress(TuneError):
                key, _ = key_field(text.removeprefix(KEY_TEXT))
                if key is not None and [row[1] for row in found.signatures[:1]] == [key.fifths]:
                    return key
    return None


def _bar(span: BarSpan, heard: Sequence[Heard], key: Key) -> Bar:
    """The part of the melody that lies in a bar; what lasts over its end is tied."""
    notes: list[TuneNote] = []
    at = span.begin
    for begin, length, note in span.of(heard):
        first, end = max(begin, span.begin), min(begin + length, span.end)
        if first > at:
            notes.append(TuneNote(first - at))
        pitch = spelled(note, fifths=key.fifths, minor=key.is_minor)
        notes.append(TuneNote(end - first, pitch, begin + length > span.end))
        at = end
    if at < span.end:
        notes.append(TuneNote(span.end - at))
    return Bar(tuple(notes), metre=span.metre if span.changes else None)


def _ended(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """The same bars with a final line, if no repeat ends them."""
    return (*bars[:-1], replace(bars[-1], line="" if bars[-1].plays > 1 else FINAL))


def _tempo(found: MidiNotes) -> Tempo | None:
    if found.tempo is None:
        return None
    return Tempo(Fraction(round(60e6 / (found.tempo or DEFAULT_TEMPO), 2)).limit_denominator(100))


def _about(found: MidiNotes) -> tuple[tuple[str, str], ...]:
    """Texts such as 'C: Turlough O'Carolan', as many programs write ABC's fields into MIDI files."""
    matches = [ABOUT.fullmatch(text[:LONGEST_TEXT]) for text in found.texts[:MOST_TEXTS]]
    named = [(match[1], match[2]) for match in matches if match and match[1] not in NOT_TEXTS]
    return tuple(dict.fromkeys(named))  # every track may repeat them
