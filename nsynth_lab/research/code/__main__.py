"""`python -m nsynth_lab.research.code RUN [PHRASES...]`: train the code, judge it, compare translations."""

from __future__ import annotations

import sys
from pathlib import Path

from nsynth_lab.render.session import Session
from nsynth_lab.research.code.compare import compare
from nsynth_lab.research.code.performances import performances
from nsynth_lab.research.code.training import UniversalCode, judged, train

FILE = "code.safetensors"
SHARES = (0.0, 0.5, 1.0)


def main(run: Path, phrases: list[Path]) -> None:
    """Performances and the code are kept in `run`; what is there is not made again."""
    run.mkdir(parents=True, exist_ok=True)
    session = Session(None, device="cpu", user_instruments=False)
    played = performances(session.bank, session.checkpoint, run)
    print(f"{len(played)} instruments, {sum(len(one.note) for one in played.values())} hops")
    if not (run / FILE).is_file():
        plain = train(played, confusion=0.0)[1]
        print("without confusion:", plain)
        train(played)[0].save(run / FILE)
    code = UniversalCode.load(run / FILE)
    print("with confusion:   ", judged(code, played))
    if phrases:
        for share, row in compare(session, code, phrases, shares=SHARES, tell=print).items():
            print(
                f"share {share:g}: brightness {row.brightness:.3f}, level {row.level:.3f}, target named {row.named:.3f}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(word) for word in sys.argv[2:]])
