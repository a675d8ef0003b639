"""The player of the panel's page: what it makes of frames that come early, late, in heaps, or by another clock."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from browsing import Visit
from numpy.typing import NDArray

from nsynth_lab.units import SAMPLE_RATE, FloatArray

CALL, BLOCK, PREFILL, SPARE = 128, 256, 768, 256  # samples

# Each call of the worklet takes `CALL` samples of the card's clock; before it, the frames that have come by then.
PLAYED = """async ([sound, arrivals, prefill, spare]) => {
  let Player;
  globalThis.AudioWorkletProcessor ??= class { port = { postMessage() {} }; };
  globalThis.registerProcessor = (_, found) => (Player = found);
  await import(`/page/worklet.js?${Math.random()}`);
  const player = new Player();
  player.keep({ prefill, spare });
  const samples = new Float32Array(sound);
  const frame = (number) => {
    const buffer = new ArrayBuffer(8 + 8 * 256);
    new DataView(buffer).setUint32(0, number, true);
    new DataView(buffer).setUint32(4, 256, true);
    const pairs = new Float32Array(buffer, 8);
    for (let i = 0; i < 256; i++) pairs[2 * i] = pairs[2 * i + 1] = samples[(256 * number + i) % samples.length];
    return buffer;
  };
  const out = [];
  const held = [];
  let [last, steepest] = [0, 0];
  const [left, right] = [new Float32Array(128), new Float32Array(128)];
  let number = 0;
  for (let call = 0; number < arrivals.length; call++) {
    while (number < arrivals.length && arrivals[number] <= 128 * call) player.take(frame(number++));
    player.process([], [[left, right]]);
    if (out.length < 12000) out.push(...left);
    held.push(player.written - player.read);
    for (const one of left) {
      if (call > 16) steepest = Math.max(steepest, Math.abs(one - last));
      last = one;
    }
  }
  return [out, held, player.counts, steepest];
}"""


class Played(NamedTuple):
    """Of a player.

    Attributes:
        out: [samples] the first quarter of a second.
        held: samples in store after each call.
        counts: its counters.
        steepest: the largest step from one sample to the next, but at the beginning.
    """

    out: FloatArray
    held: NDArray[np.int_]
    counts: dict[str, int]
    steepest: float


def played(visit: Visit, sound: FloatArray, arrivals: NDArray[np.float64], *, prefill: int = PREFILL) -> Played:
    """What comes of `sound` [samples], played again and again; `arrivals`: when each frame comes, in samples."""
    out, held, counts, steepest = visit.page.evaluate(PLAYED, [sound.tolist(), arrivals.tolist(), prefill, SPARE])
    return Played(np.asarray(out, np.float32), np.asarray(held), counts, steepest)


def sine(seconds: float, hz: float = 375.0) -> FloatArray:
    """In whole periods, so that it can go on for ever."""
    at: FloatArray = np.arange(round(seconds * SAMPLE_RATE), dtype=np.float32)
    wave: FloatArray = np.float32(0.5) * np.sin(np.float32(2 * np.pi * hz / SAMPLE_RATE) * at)
    return wave


def evenly(seconds: float, *, faster: float = 0.0) -> NDArray[np.float64]:
    """Arrivals by a clock that is `faster` than the card's."""
    return np.arange(0, seconds * SAMPLE_RATE, BLOCK / (1.0 + faster))


SLOPE = 0.5 * 2 * np.pi * 375.0 / SAMPLE_RATE  # the largest step of `sine`


@pytest.fixture
def no_sound() -> FloatArray:
    return np.zeros(BLOCK, np.float32)


def test_what_comes_in_time_goes_out_as_it_is(visit: Visit) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, BLOCK * 40).astype(np.float32)
    out, held, counts, _ = played(visit, sound, evenly(0.2))
    begin = int(np.flatnonzero(out)[0])
    faded = begin + 64
    np.testing.assert_array_equal(out[faded : begin + 5000], sound[64:5000])
    assert set(counts.values()) == {0}
    assert held.max() <= PREFILL


def test_a_late_block_is_one_underrun_and_more_is_kept_from_then_on(visit: Visit) -> None:
    arrivals = evenly(4.0)
    arrivals[200:] += 2 * PREFILL
    _, held, counts, steepest = played(visit, sine(0.08), arrivals)
    assert counts["underruns"] == 1
    assert steepest < SLOPE + 1 / 64, "it fades out and in"
    before, after = held[100:380], held[-300:]
    assert after.min() >= before.min() + 128


def test_it_does_not_run_dry_or_full_by_another_clock(visit: Visit) -> None:
    """300 millionths either way, which is more than sound cards have: a splice now and then, and it cannot be heard."""
    for faster in (-3e-4, 3e-4):
        _, held, counts, steepest = played(visit, sine(0.08), evenly(60.0, faster=faster))
        assert counts["underruns"] == 0
        assert counts["skipped" if faster > 0 else "repeated"] > 0
        assert held[1000:].max() < 2 * PREFILL + BLOCK
        assert steepest < 1.05 * SLOPE


def test_what_came_in_a_heap_is_skipped_in_the_next_silence(visit: Visit, no_sound: FloatArray) -> None:
    """After a wait the whole heap would be heard late, for as long as it lies there."""
    arrivals = evenly(6.0)
    arrivals[100:130] = arrivals[130]
    _, held, counts, _ = played(visit, no_sound, arrivals, prefill=4 * PREFILL)
    assert counts["underruns"] <= 1
    assert held[-100:].max() <= SPARE + 256 + BLOCK + CALL
    assert counts["lost"] == 0


def test_the_page_says_how_much_it_keeps(visit: Visit) -> None:
    """Low and high, at once while it sounds; and the browser's own part is made anew."""
    visit.page.mouse.click(5, 400)
    visit.wait("panel.sound.isRunning && panel.sound.report.playing")
    low: Any = visit.panel("panel.sound.context.baseLatency")
    visit.page.locator("[data-safety=high]").click()
    visit.wait("panel.sound.isRunning && panel.sound.context.baseLatency > given", low)
    visit.wait("panel.sound.report.playing && panel.sound.report.held > 2048")
    visit.page.locator("[data-safety=low]").click()
    visit.wait("panel.sound.isRunning && panel.sound.context.baseLatency === given", low)
    assert visit.complaints == []
