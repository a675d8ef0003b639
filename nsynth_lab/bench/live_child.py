"""`python -m nsynth_lab.bench.live_child FOLDER DEVICE VOICES SECONDS BLOCK NAME NAME`: `play` without a sound card.

It plays as `play` does, with the same threads, priorities and latency, to one that nobody hears, and prints how many
blocks there were and how many were not there when the card asked for them. With NSYNTH_LAB_PRIORITY=normal in the
environment it asks for no priority.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable


def main() -> None:
    """Play as the command line says."""
    from nsynth_lab.bench.pretended import sounddevice

    sys.modules["sounddevice"] = sounddevice
    from nsynth_lab.midi.events import note_on
    from nsynth_lab.priority import never_for_long, raise_priority
    from nsynth_lab.render import Session
    from nsynth_lab.render.instrument import make_engine
    from nsynth_lab.render.live import Live
    from nsynth_lab.render.machine import choose_threads
    from nsynth_lab.sinks.device import DeviceSink
    from nsynth_lab.synth.settings import Settings
    from nsynth_lab.units import HOP_SAMPLES

    folder, device, voices, seconds, block, *names = sys.argv[1:]
    begin: Callable[[], object] = raise_priority
    if os.environ.get("NSYNTH_LAB_PRIORITY") == "normal":
        begin = bool
    session = Session(folder, device=device, user_instruments=False)
    engine = make_engine(session, [names], Settings(voices=int(voices)), ahead_samples=HOP_SAMPLES)
    choose_threads(engine)
    stop = threading.Event()
    with never_for_long(), DeviceSink(block_samples=int(block), begin=begin) as sink:
        live = Live(engine, sink)

        def run() -> None:
            begin()
            live.run(stop)

        thread = threading.Thread(target=run)
        thread.start()
        live.event_queue.put([note_on(36 + 3 * place % 48) for place in range(int(voices))])
        until = time.monotonic() + float(seconds)
        while time.monotonic() < until:
            live.status()
            time.sleep(0.2)
        late = sink.ring.underruns
        stop.set()
        thread.join()
    print(sink.ring.popped + late, late, flush=True)


if __name__ == "__main__":
    main()
