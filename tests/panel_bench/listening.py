"""Listening: when a key was pressed, and when its sound began."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from browsing import Visit
from servers import RECORD

from nsynth_lab.units import SAMPLE_RATE, FloatArray

AUDIBLE = 1e-3  # of full scale
FRAME_BYTES = 8  # two channels of float32

# A node beside the loudspeaker: when, by the clock of the page, the first audible sample leaves the page, and when the
# browser says that it is played.
ONSETS = f"""
class Onset extends AudioWorkletProcessor {{
  constructor() {{
    super();
    this.armed = false;
    this.port.onmessage = () => (this.armed = true);
  }}
  process([[left]]) {{
    for (let i = 0; this.armed && left && i < left.length; i++) {{
      if (Math.abs(left[i]) <= {AUDIBLE}) continue;
      this.armed = false;
      this.port.postMessage(currentTime + i / sampleRate);
    }}
    return true;
  }}
}}
registerProcessor("onset", Onset);
"""
LISTEN = """async (source) => {
  addEventListener("keydown", ({ timeStamp }) => (window.pressed = timeStamp), true);
  if (!source) return;
  const { context, player } = window.looked.sound;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const onset = new AudioWorkletNode(context, "onset", { numberOfOutputs: 0 });
  player.connect(onset);
  window.arm = () => onset.port.postMessage(null);
  window.onsets = [];
  onset.port.onmessage = ({ data }) => {
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    const played = performanceTime + 1000 * (data - contextTime);
    const ahead = 1000 * (context.currentTime - contextTime);
    window.onsets.push([window.pressed, played - ahead, played]);
  };
}"""


def listen(visit: Visit, *, in_page: bool) -> None:
    """Note the presses of keys from now on, and the page's sound if it plays."""
    visit.page.evaluate(LISTEN, ONSETS if in_page else "")


def pressed(visit: Visit, key: str) -> float:
    """Press a key; when it was, by the page's clock in seconds."""
    visit.page.keyboard.down(key)
    return float(visit.page.evaluate("window.pressed")) / 1000.0


def clocks_apart(visit: Visit) -> float:
    """What to add to the page's clock to have this program's, in seconds: from the quickest of some answers."""
    found: list[tuple[float, float]] = []
    for _ in range(40):
        before = time.monotonic()
        there = visit.page.evaluate("performance.now()") / 1000.0
        after = time.monotonic()
        found.append((after - before, (before + after) / 2 - there))
    return min(found)[1]


class Recording:
    """What the sound server plays, with the time at which it came; a context manager.

    A sample's time is when it came from the server, less what it had been kept back: a recording is delivered in
    pieces, and the promptest of them says what the clock of its samples is.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        command = [*RECORD[:-1], "--latency-msec=5"]
        self._process: Any = subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE)
        self._pieces: list[tuple[float, bytes]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._thread.join()
        self._process.communicate()

    def _run(self) -> None:
        while piece := os.read(self._process.stdout.fileno(), 1 << 16):
            self._pieces.append((time.monotonic(), piece))

    def onsets(self, times: Sequence[float], *, within: float = 1.0) -> list[float]:
        """Seconds from each of these times to the first audible sample; only of those after which there is one."""
        pieces = list(self._pieces)
        whole = b"".join(piece for _, piece in pieces)
        sound: FloatArray = np.frombuffer(whole[: len(whole) // FRAME_BYTES * FRAME_BYTES], np.float32)[::2]
        ends = np.cumsum([len(piece) for _, piece in pieces]) / FRAME_BYTES / SAMPLE_RATE
        begin = float(np.min(np.asarray([at for at, _ in pieces]) - ends))
        found = []
        for at in times:
            first = max(0, round((at - begin) * SAMPLE_RATE))
            loud = np.flatnonzero(np.abs(sound[first : first + round(within * SAMPLE_RATE)]) > AUDIBLE)
            if loud.size and loud[0] > 0:
                found.append(begin + (first + int(loud[0])) / SAMPLE_RATE - at)
        return found
