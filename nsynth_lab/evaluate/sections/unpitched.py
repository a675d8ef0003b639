"""`unpitched`: drums and noises that nobody trained on, encoded and decoded; and blends that begin with one of them.

mel_error_db            of the decoded sound; the worst too
onset_error_ms          where the 1 ms envelope comes within 20 dB of its peak
shaped_noise_mel_error_db, two_takes_mel_error_db    beside it: noise with the recording's spectrum, without any model;
                        and two renderings of the same latents, from other places in the noise: what chance makes
blends                  eleven sounds on the way to an instrument of the bank: metrics of `blend_path`, and `pitched`,
                        the pitched share of the power half-way, which should be a half

Sounds that have a clear pitch are counted and left to the other sections.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nsynth_lab.audio import read_clip
from nsynth_lab.blend import blend, pair, stretch
from nsynth_lab.dsp.envelope import find_marks
from nsynth_lab.dsp.pitch_guess import clear_note
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.attack_decay import attack_of, envelope_db
from nsynth_lab.evaluate.metrics.blend_path import AT_LEAST, POSITIONS, WITHIN, measure_path
from nsynth_lab.evaluate.metrics.distances import mel_error_db
from nsynth_lab.evaluate.metrics.followed_f0 import f0_off_cents
from nsynth_lab.evaluate.metrics.goals import Goal, with_goals
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.peers.shaped_noise import shaped_noise
from nsynth_lab.evaluate.sections.section import Advance, EvaluationSetup, Section, decode_whole
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import at_bank_level
from nsynth_lab.model.codec import UNPITCHED_NOTE, cut, encode_unpitched
from nsynth_lab.note import Note
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import SAMPLE_RATE, FloatArray, seconds_to_frames

LONGEST_SECONDS = 8.0
FRAMES = seconds_to_frames(1.5)
OTHER_TAKE = 7  # seed
ENVELOPE_HZ = 1000.0  # windows of the envelope are as short as they can be
GOALS = {"mel_error_db": Goal(3.0, most=True), "onset_error_ms": Goal(2.0, most=True)}
LIMITS = {"mel_error_db": (3.0, 4.0), "onset_error_ms": (2.0,)}
LAWS = ("monotonicity", "level_off_line_db", "intermediateness", "mixture_residual", "crossfade_residual")


class UnpitchedSection(Section):
    """Every sound by itself, then blends of some of them with instruments of the bank."""

    name: ClassVar[str] = "unpitched"
    uses_notes: ClassVar[bool] = False

    @classmethod
    def applies(cls, setup: EvaluationSetup) -> bool:
        """Where there are drums."""
        return bool(setup.drums)

    def steps(self) -> int:
        """One for every sound, and one for every blend."""
        return len(self.setup.drums) + self._pairs()

    def finish(self, advance: Advance) -> dict[str, Any]:
        """The figures; sounds that cannot be read are left out, with a line that says why."""
        figures, worst, left_out = MetricValues(), list[tuple[float, str]](), list[str]()
        encoded: list[Latents] = []
        pitched = 0
        for path in self.setup.drums:
            try:
                samples = cut(read_clip(path, max_seconds=LONGEST_SECONDS)).mono
            except NsynthLabError as error:
                left_out.append(f"{path.name}: {error}")
            else:
                if clear_note(samples, SAMPLE_RATE) is not None:
                    pitched += 1
                else:
                    latents = encode_unpitched(samples, self.setup.checkpoint.model_id, note=Note(UNPITCHED_NOTE))
                    errors = self._errors(latents, samples)
                    figures.add(errors, _kind(path))
                    worst.append((round(errors["mel_error_db"], 2), path.stem))
                    encoded.append(latents)
            advance(1)
        return {
            "sounds": len(encoded),
            "with_a_clear_pitch": pitched,
            **with_goals(figures.summary(within=LIMITS), GOALS),
            "worst": [f"{name}: {error}" for error, name in sorted(worst, reverse=True)[:10]],
            "blends": self._blends(encoded, advance),
            "left_out": left_out,
        }

    def _errors(self, latents: Latents, samples: FloatArray) -> dict[str, float]:
        first, other = (self._decoded(latents, seed)[: len(samples)] for seed in (0, OTHER_TAKE))
        marks = find_marks(latents.loudness_db)
        starts = [attack_of(envelope_db(sound, f0_hz=ENVELOPE_HZ), marks).start_ms for sound in (first, samples)]
        return {
            "mel_error_db": mel_error_db(first, samples),
            "onset_error_ms": abs(starts[0] - starts[1]),
            "shaped_noise_mel_error_db": mel_error_db(shaped_noise(samples), samples),
            "two_takes_mel_error_db": mel_error_db(other, first),
        }

    def _decoded(self, latents: Latents, seed: int) -> FloatArray:
        return np.concatenate(list(decode(latents, self.setup.checkpoint, seed=seed)))

    def _pairs(self) -> int:
        return min(self.setup.pairs, len(self.setup.drums)) if self.setup.bank is not None else 0

    def _blends(self, encoded: list[Latents], advance: Advance) -> dict[str, Any]:
        bank, count = self.setup.bank, min(self._pairs(), len(encoded))
        if bank is None or not count:
            return {}
        rng, figures, levels = np.random.default_rng(self.setup.seed), MetricValues(), 0
        for number in rng.permutation(len(encoded))[:count].tolist():
            name = str(rng.choice(bank.pitched))
            keys = [bank.notes[index].number for index in bank.entries[name].zones]
            note = Note(keys[len(keys) // 2])
            ends = at_bank_level(encoded[number]).at_note(note.number), bank.latents(name, note)
            path = [blend(ends, pair(position), frames=FRAMES) for position in POSITIONS]
            sounds = [Sound(decode_whole(one, self.setup.checkpoint), note.number) for one in path]
            alone = [Sound(decode_whole(stretch(end, FRAMES), self.setup.checkpoint), note.number) for end in ends]
            found = measure_path(sounds, alone)
            laws = {law: found[law] for law in LAWS}
            levels += laws["level_off_line_db"] is not None
            off = f0_off_cents(sounds[len(sounds) // 2 :])
            figures.add({**laws, "pitched": path[len(path) // 2].pitched, "f0_off_cents": off}, "")
            advance(1)
        goals = {"monotonicity": Goal(0.9), "level_off_line_db": Goal(1.5, most=True)}
        limits = {**WITHIN, "f0_off_cents": (5.0, 20.0)}
        return {
            "pairs": count,
            "with_a_level": levels,
            **with_goals(figures.summary(within=limits, at_least=AT_LEAST), goals),
        }


def _kind(path: Path) -> str:
    """The first word of a file's name, such as the kit or the kind of drum."""
    return path.stem.replace("-", "_").split("_")[0]
