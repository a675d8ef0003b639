"""`python -m nsynth_lab.research.imagination RUN [EACH] [CLASSIFIER]`: train the prior, evaluate it beside the others.

EACH is the number of instruments of every family and kind. CLASSIFIER, such as one trained from another seed by
`evaluate.classifier_training`, hears them too: nothing was chosen by it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nsynth_lab.atomic_file import write_json
from nsynth_lab.evaluate.imagination.evaluate import compared
from nsynth_lab.evaluate.imagination.kinds import kinds
from nsynth_lab.imagine.ear import Ear
from nsynth_lab.imagine.heard_bank import heard_bank
from nsynth_lab.imagine.opening import imagination
from nsynth_lab.render.session import Session
from nsynth_lab.research.imagination.flow import train
from nsynth_lab.research.imagination.instruments import Prior
from nsynth_lab.research.imagination.zones import standardised, zone_points


@contextmanager
def told(total: int, unit: str, title: str) -> Iterator[Callable[..., None]]:
    """Progress as one line at the end."""
    yield lambda *_: None
    print(f"{title}: {total} {unit}", flush=True)


def main(run: Path, each: int, classifier: Path | None) -> None:
    """Train in `run`, or go on, and write figures.json there."""
    run.mkdir(parents=True, exist_ok=True)
    session = Session(None, device="cpu", user_instruments=False)
    imagining = imagination(session.folder, session.bank, session.checkpoint, progress=told)
    heard = heard_bank(session.folder, session.bank, imagining.ear, progress=told)
    net = train(zone_points(session.bank, heard), run)
    prior = Prior(net, imagining, standardised(session.bank, heard))
    second = Ear(session.checkpoint, classifier) if classifier else None
    ways = {**kinds(imagining), **prior.ways()}
    found = compared(imagining, ways, each=each, seed=0, progress=told, second=second)
    write_json(run / "figures.json", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    words = sys.argv[1:]
    main(Path(words[0]), int(words[1]) if len(words) > 1 else 12, Path(words[2]) if len(words) > 2 else None)
