"""About: what an export says of itself: its format, the model, the instruments, the golden sound."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from nsynth_lab.errors import ExportError
from nsynth_lab.runtime.export.golden import Golden
from nsynth_lab.units import SAMPLE_RATE
from nsynth_lab.version import __version__

NAME = "nsynth-lab.json"
FORMAT = 1
MAX_BYTES = 4 * 2**20


@dataclass(frozen=True)
class About:
    """What is written into an export.

    Attributes:
        model: the id of the model.
        instruments: the names of those inside, in order.
        credits: the licence of each, and whom to credit.
        golden: a short sound to check it by.
        made_by: the version of nsynth-lab.
        needs: what it was made with, such as torch 2.11 or opset 17.
    """

    model: str
    instruments: tuple[str, ...]
    credits: tuple[str, ...]
    golden: Golden
    needs: str
    made_by: str = __version__

    def to_text(self) -> str:
        """As JSON."""
        values: dict[str, Any] = {
            "format": FORMAT,
            "made_by": f"nsynth-lab {self.made_by}",
            "needs": self.needs,
            "model": self.model,
            "sample_rate": SAMPLE_RATE,
            "instruments": list(self.instruments),
            "credits": list(self.credits),
            "golden": self.golden.to_dict(),
        }
        return json.dumps(values)

    @classmethod
    def from_text(cls, text: str) -> About:
        """The inverse of `to_text`.

        Raises:
            ExportError: no export of ours, or of another format than this version knows.
        """
        try:
            values = json.loads(text)
            if values["format"] != FORMAT:
                raise ExportError(
                    f"it has format {values['format']}, and nsynth-lab {__version__} knows {FORMAT}: check it with "
                    f"{values['made_by']}, or export again"
                )
            return cls(
                str(values["model"]),
                tuple(map(str, values["instruments"])),
                tuple(map(str, values["credits"])),
                Golden.from_dict(values["golden"]),
                str(values["needs"]),
                str(values["made_by"]).removeprefix("nsynth-lab "),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ExportError("it is no export of nsynth-lab, or a damaged one") from error
