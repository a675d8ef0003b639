"""Translations with the code and without it: whether the brightness of the result moves with that of the source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nsynth_lab.analysis.phrase import Phrase, follow
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.evaluate.sections.compared_phrase import cuts
from nsynth_lab.evaluate.sections.translation import USUAL
from nsynth_lab.evaluate.translations import PlayedNote, read_phrase_sound
from nsynth_lab.model.classifier import CLASSIFIER, classify, load_classifier
from nsynth_lab.render.play_request import parse_play
from nsynth_lab.render.session import Session
from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of
from nsynth_lab.render.target_range import target_range
from nsynth_lab.research.code.engine import CodedEngine, codes_of
from nsynth_lab.research.code.features import features_of
from nsynth_lab.research.code.training import UniversalCode
from nsynth_lab.translate.played import notes_of, play_curve
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, note_to_hz

WINDOW, LOWEST_HZ, HIGHEST_HZ = 4096, 50.0, 12_000.0
LATE_FRAMES, HEARD_DB, RANGE_DB, FEWEST = 4, 25.0, 50.0, 30
MOST_SAMPLES = 10 * SAMPLE_RATE


class Row(NamedTuple):
    """Correlations of brightness and of level with the source's, and the share of notes in which the target is named.

    NaN where there is too little to say.
    """

    brightness: float
    level: float
    named: float


def compare(
    session: Session,
    code: UniversalCode,
    phrases: Sequence[Path],
    *,
    shares: Sequence[float],
    tell: Callable[[str], None],
) -> dict[float, Row]:
    """The means, for each share, over the first ten seconds of all phrases into the ten usual targets."""
    rows: dict[float, list[Row]] = {share: [] for share in shares}
    for path in phrases:
        samples = read_phrase_sound(path)[:MOST_SAMPLES]
        phrase = follow([samples])
        f0_hz = note_to_hz(phrase.note.astype(np.float64))
        codes = codes_of(code, list(features_of(samples, f0_hz)))
        for target in USUAL:
            for share in shares:
                rows[share].append(_row(session, code, codes, phrase, samples, target, share))
            tell(
                f"{path.stem}, {target}: "
                + "; ".join(" ".join(f"{one:.2f}" for one in own[-1]) for own in rows.values())
            )
    return {share: Row(*np.nanmean(np.array(own), axis=0).tolist()) for share, own in rows.items()}


def _row(
    session: Session, code: UniversalCode, codes: Doubles, phrase: Phrase, source: FloatArray, target: str, share: float
) -> Row:
    low, high = target_range(session, parse_play([target], mpe=True))
    events = play_curve(phrase, Rules(lowest=low, highest=high), octaves=True).events
    engine = CodedEngine(
        session.checkpoint, session.bank, target, code, codes, share=share, ahead_samples=BLOCK_SAMPLES
    )
    result = np.concatenate(list(blocks_of(engine, events, end_sample=len(source))), axis=1).mean(axis=0)
    levels = [loudness_db(one) for one in (source, result)]
    count = min(len(levels[0]), len(levels[1]) - LATE_FRAMES)
    own, came = levels[0][:count], levels[1][LATE_FRAMES:][:count]
    loud = [np.percentile(one, 95.0) for one in (own, came)]
    hops = np.minimum(((np.arange(count) * HOP_SAMPLES + 1024) // 256), len(phrase.note) - 1)
    note = np.where(own > loud[0] - HEARD_DB, phrase.note[hops], np.nan)
    clamped = [np.maximum(one, top - RANGE_DB) for one, top in zip((own, came), loud, strict=True)]
    level = float(np.corrcoef(clamped[0], clamped[1])[0, 1])
    notes = [PlayedNote(*one) for one in sorted(notes_of(events, phrase.seconds))]
    classifier, _ = load_classifier(CLASSIFIER)
    family = session.bank.find(target).instrument.family
    named = [classify(cut, classifier)[0] == family for cut in cuts(result, notes)]
    bright = _without_pitch(_brightness(source, note, 0), _brightness(result, note, LATE_FRAMES), note)
    return Row(bright, level, float(np.mean(named)) if named else np.nan)


def _brightness(samples: FloatArray, note: Doubles, late_frames: int) -> Doubles:
    """log2 of the centre of the power spectrum in Hz, at each frame that has a note."""
    padded = np.pad(samples, (WINDOW // 2, WINDOW + late_frames * HOP_SAMPLES))
    hz = np.fft.rfftfreq(WINDOW, 1.0 / SAMPLE_RATE)
    heard = (hz > LOWEST_HZ) & (hz < HIGHEST_HZ)
    found = np.full(len(note), np.nan)
    for frame in np.flatnonzero(~np.isnan(note)).tolist():
        begin = (frame + late_frames) * HOP_SAMPLES
        power = np.square(np.abs(np.fft.rfft(padded[begin : begin + WINDOW] * np.hanning(WINDOW)))) * heard
        if power.sum() > 1e-3:
            found[frame] = np.log2(power @ hz / power.sum())
    return found


def _without_pitch(one: Doubles, other: Doubles, note: Doubles) -> float:
    """The correlation of what the pitch does not explain in either; NaN for too few frames."""
    known = ~(np.isnan(one) | np.isnan(other) | np.isnan(note))
    if known.sum() < FEWEST:
        return np.nan
    given = np.stack([note[known], np.ones(int(known.sum()))], axis=1)
    left = [own[known] - given @ np.linalg.lstsq(given, own[known], rcond=None)[0] for own in (one, other)]
    return float(np.corrcoef(*left)[0, 1])
