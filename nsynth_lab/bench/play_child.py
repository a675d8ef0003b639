"""`python -m nsynth_lab.bench.play_child FOLDER DEVICE VOICES SECONDS NAME NAME`: `play` without audio.

It loads the model, chooses threads and renders as `play` does, prints a line after the first block that is not silent,
and continues as fast as it can until SECONDS of audio are rendered.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Render as the command line says."""
    from nsynth_lab.midi.events import note_on
    from nsynth_lab.render import Session
    from nsynth_lab.render.instrument import make_engine
    from nsynth_lab.render.machine import choose_threads
    from nsynth_lab.synth.settings import Settings
    from nsynth_lab.units import SAMPLE_RATE

    folder, device, voices, seconds, *names = sys.argv[1:]
    engine = make_engine(Session(folder, device=device, user_instruments=False), [names], Settings(voices=int(voices)))
    choose_threads(engine)
    engine.send(note_on(36 + 3 * place % 48, at_sample=0) for place in range(int(voices)))
    while not engine.render(256).any():
        pass
    print("sound", flush=True)
    while engine.clock < float(seconds) * SAMPLE_RATE:
        engine.render(256)


if __name__ == "__main__":
    main()
