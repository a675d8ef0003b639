"""`width`: stereo recordings, encoded and decoded in stereo: how far each octave's sides are from the recording's.

level_difference_off_db    of the left side above the right; by_family has the octaves
correlation_off            of the sides
mono_...                   beside them: the same of a mono sound, which is what there would be without a width
mono_recordings            how many are mono, and decode to one channel

Only octaves within 40 dB of a recording's loudest one are compared.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from nsynth_lab.audio import read_clip
from nsynth_lab.dsp.width_renderer import widened
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.goals import Goal, with_goals
from nsynth_lab.evaluate.metrics.sides import Octave, compare_sides
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.sections.section import Advance, EvaluationSetup, Section, decode_whole
from nsynth_lab.model.codec import cut, encode

LONGEST_SECONDS = 8.0
GOALS = {"level_difference_off_db": Goal(1.5, most=True), "correlation_off": Goal(0.1, most=True)}
LIMITS = {"level_difference_off_db": (1.5, 3.0), "correlation_off": (0.1, 0.2)}


class WidthSection(Section):
    """Every recording by itself."""

    name: ClassVar[str] = "width"
    uses_notes: ClassVar[bool] = False

    @classmethod
    def applies(cls, setup: EvaluationSetup) -> bool:
        """Where there are stereo recordings."""
        return bool(setup.stereo)

    def steps(self) -> int:
        """One for every recording."""
        return len(self.setup.stereo)

    def finish(self, advance: Advance) -> dict[str, Any]:
        """The figures; recordings that cannot be read are left out, with a line that says why."""
        figures, worst, left_out = MetricValues(), list[tuple[float, str]](), list[str]()
        mono = 0
        for path in self.setup.stereo:
            try:
                octaves = self._octaves(path)
            except NsynthLabError as error:
                left_out.append(f"{path.name}: {error}")
            else:
                mono += not octaves
                for one in octaves:
                    values = asdict(one)
                    figures.add(values, f"{values.pop('centre_hz'):g} Hz")
                if octaves:
                    worst.append((max(one.level_difference_off_db for one in octaves), path.stem))
            advance(1)
        return {
            "stereo_recordings": len(worst),
            "mono_recordings": mono,
            **with_goals(figures.summary(within=LIMITS), GOALS),
            "worst": [f"{name}: {off_db:.1f} dB" for off_db, name in sorted(worst, reverse=True)[:10]],
            "left_out": left_out,
        }

    def _octaves(self, path: Path) -> list[Octave]:
        """The octaves of a recording; none if it is mono."""
        clip = read_clip(path, max_seconds=LONGEST_SECONDS)
        latents = encode(clip, self.setup.checkpoint, rounds=self.setup.rounds, detail=self.setup.detail)
        if latents.width is None:
            return []
        return compare_sides(widened(decode_whole(latents, self.setup.checkpoint), latents.width), cut(clip).sides)
