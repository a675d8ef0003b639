"""What the panel renders beside its engine: in a process that may die, and truly what the blends sound like."""

from __future__ import annotations

import io
import os
import signal
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playing import spectrum_peak_hz

from nsynth_lab.dsp.impression import impression
from nsynth_lab.dsp.mel_spectrum import BANDS, band_edges_hz
from nsynth_lab.errors import UsageError
from nsynth_lab.note import Note
from nsynth_lab.panel.pictures.colours import Colours
from nsynth_lab.panel.pictures.keys import key_of
from nsynth_lab.panel.pictures.renderer import Renderer, RenderError
from nsynth_lab.panel.pictures.samples import Samples
from nsynth_lab.panel.pictures.spectrogram import COLUMNS, HIGHEST_HZ, ROWS
from nsynth_lab.panel.pictures.tools import Tools
from nsynth_lab.panel.pictures.work import AUDITION_SECONDS, HEARD_FRAMES, NOTE_FRAMES
from nsynth_lab.patch import Blend
from nsynth_lab.patch.library import find_preset
from nsynth_lab.process_tuning import NICENESS
from nsynth_lab.render import DEFAULT_CHECKPOINT, Session
from nsynth_lab.render.preset import play_note
from nsynth_lab.render.request import BlendRequest
from nsynth_lab.units import HOP_SAMPLES, FloatArray, frames_to_seconds

SECONDS = 120.0  # until a test gives up
pytest.importorskip("starlette", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")


@dataclass(frozen=True)
class Sleep:
    """Work that says when it began, or ends its process."""

    seconds: float = 0.0
    dies: bool = False
    fails: bool = False

    def do(self, _: Tools) -> tuple[int, int, float]:
        began = time.monotonic()
        if self.dies:
            os._exit(3)
        if self.fails:
            raise UsageError("nothing to do")
        time.sleep(self.seconds)
        return os.getpid(), os.nice(0), began


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(device="cpu")


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(DEFAULT_CHECKPOINT) as made:
        yield made


def result(future: Future[Any]) -> Any:
    return future.result(SECONDS)


def test_what_is_urgent_comes_first_in_a_process_that_gives_way(renderer: Renderer) -> None:
    first = renderer.ask(Sleep(0.3), urgent=False)
    later = renderer.ask(Sleep(), urgent=False)
    urgent = renderer.ask(Sleep(), urgent=True)
    (process, nice, _), (_, _, second), (_, _, third) = result(first), result(urgent), result(later)
    assert second < third
    assert process != os.getpid()
    assert nice == (os.nice(0) or NICENESS), "whoever runs the tests may have chosen another"


def test_a_process_that_dies_takes_one_request_with_it(renderer: Renderer) -> None:
    before = result(renderer.ask(Sleep(), urgent=False))[0]
    dead, next_ = renderer.ask(Sleep(dies=True), urgent=False), renderer.ask(Sleep(), urgent=False)
    with pytest.raises(RenderError, match="has died"):
        result(dead)
    assert result(next_)[0] != before
    busy = renderer.ask(Sleep(60.0), urgent=False)
    assert soon(lambda: busy.running())
    os.kill(renderer.process_id or 0, signal.SIGKILL)
    with pytest.raises(RenderError):
        result(busy)


def test_an_error_comes_back_as_it_is(renderer: Renderer) -> None:
    with pytest.raises(UsageError, match="nothing to do"):
        result(renderer.ask(Sleep(fails=True), urgent=True))


def test_it_ends_at_once_and_leaves_no_process() -> None:
    with Renderer(DEFAULT_CHECKPOINT) as renderer:
        process = result(renderer.ask(Sleep(), urgent=False))[0]
        renderer.ask(Sleep(60.0), urgent=False)
        waits = renderer.ask(Sleep(), urgent=False)
        began = time.monotonic()
    assert time.monotonic() - began < 5.0
    assert waits.cancelled()
    assert not Path(f"/proc/{process}").exists()
    with pytest.raises(RenderError):
        renderer.ask(Sleep(), urgent=False)


def whole(colours: Colours, blend: Blend, *, side: int = 33) -> dict[str, Any]:
    """The map of a blend when it is complete, or has so many columns; it never has fewer than before."""
    until, columns = time.monotonic() + SECONDS, 0
    while not ((shown := colours.shown(blend))["complete"] or shown["columns"] >= side):
        assert shown["columns"] >= columns
        columns = shown["columns"]
        assert time.monotonic() < until
        time.sleep(0.05)
    return shown


def test_colours_are_those_of_the_sounds_between_two(session: Session, renderer: Renderer) -> None:
    """Figures of clips as `blend` makes them, at three places; and from dull to bright there is a way up."""
    blend = Blend(("drawbar organ", "saw lead"), position=(0.8,))
    shown = whole(Colours(session, renderer, busy=lambda: False), blend)
    assert (shown["columns"], shown["rows"], shown["note"]) == (33, 1, "C4")
    for column, place in ((0, 0.0), (8, 0.25), (32, 1.0)):
        request = BlendRequest(blend.at((place,)), Note(60), seconds=frames_to_seconds(NOTE_FRAMES))
        sound = session.render(session.blend(request), limited=False).audio.mono()[: HEARD_FRAMES * HOP_SAMPLES]
        found = impression(sound, f0_hz=Note(60).hz)
        assert shown["brightness_hz"][column] == pytest.approx(found.brightness_hz, rel=0.01)
        assert shown["noise_db"][column] == pytest.approx(found.noise_db, abs=0.5)
        assert shown["attack_ms"][column] == pytest.approx(1000 * found.attack_seconds, rel=0.02)
    assert np.all(np.diff(shown["brightness_hz"]) > 0)


def test_corners_of_a_square_sound_as_they_do_by_themselves_and_a_tip_is_one_place(
    session: Session, renderer: Renderer
) -> None:
    colours = Colours(session, renderer, busy=lambda: False)
    square = whole(colours, Blend(("oboe", "cello", "choir aahs", "marimba")), side=5)
    assert len(square["brightness_hz"]) == square["columns"] * square["rows"] == 25
    edge = whole(colours, Blend(("choir aahs", "marimba")), side=5)
    assert edge["note"] == square["note"]
    np.testing.assert_allclose(square["brightness_hz"][-5:], edge["brightness_hz"], rtol=1e-3)
    triangle = whole(colours, Blend(("oboe", "cello", "marimba")), side=5)
    assert np.ptp(triangle["brightness_hz"][-5:]) == 0.0
    assert np.ptp(triangle["brightness_hz"][:5]) > 0.0


def test_colours_are_kept_and_wait_while_the_engine_is_busy(session: Session, renderer: Renderer) -> None:
    busy = True
    colours = Colours(session, renderer, busy=lambda: busy)
    blend = Blend(("flute", "oboe"))
    for _ in range(5):
        assert colours.shown(blend)["columns"] == 0
        time.sleep(0.05)
    busy = False
    first = whole(colours, blend)
    assert colours.shown(Blend(("flute", "oboe"), position=(0.1,))) == first
    assert colours.shown(Blend(("flute", "oboe"), timbre=(0.5,)))["columns"] == 0  # its timbre stays where it is
    assert whole(colours, Blend(("flute",)))["columns"] == 1
    with pytest.raises(UsageError):
        colours.shown(Blend(("no such instrument",)))


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so in time."""
    until = time.monotonic() + SECONDS
    while not is_so() and time.monotonic() < until:
        time.sleep(0.01)
    return is_so()


def samples_of(sound: bytes) -> FloatArray:
    """Of a WAV file, [channels, samples] at 48 kHz."""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (48_000, 2)
        values = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return np.asarray(values.reshape(-1, file.getnchannels()).T / 2**15, np.float32)


def test_an_instrument_is_heard_at_its_pitch_and_seen(session: Session, renderer: Renderer) -> None:
    """The fundamental's row of the picture is the lowest that is lit, and what is above the partials is dark."""
    samples = Samples(session, renderer)
    clip = result(samples.instrument("saw lead"))
    (heard,) = samples_of(clip.sound)
    assert spectrum_peak_hz(heard) % Note(60).hz == pytest.approx(0.0, abs=1.5)
    assert 1.4 < len(heard) / 48_000 < 1.8
    picture = np.frombuffer(result(samples.picture("saw lead")), np.uint8).reshape(ROWS, COLUMNS)
    assert picture.max() == 255
    edges = band_edges_hz(HIGHEST_HZ)[1 : BANDS + 1].reshape(ROWS, -1)[::-1]  # of the rows, from the top
    own = int(np.argmin(np.abs(edges.mean(axis=1) - Note(60).hz)))
    assert picture[own - 1 : own + 2, 12].max() > 180
    assert picture[-1, 12] < 120
    assert result(samples.picture("saw lead")) == clip.picture
    struck = np.frombuffer(result(samples.picture("xylophone")), np.uint8).reshape(ROWS, COLUMNS)
    assert struck[:, 4].mean() > 2 * struck[:, 40].mean()
    with pytest.raises(UsageError):
        samples.picture("no such instrument")


def test_who_goes_before_the_answer_is_there_does_no_harm(
    session: Session, renderer: Renderer, caplog: pytest.LogCaptureFixture
) -> None:
    """As a page that is closed meanwhile; the next one finds what was made."""
    samples = Samples(session, renderer)
    assert samples.instrument("recorder").cancel()
    assert result(samples.instrument("oboe")).sound
    assert samples.instrument("recorder").done()
    assert not caplog.records


def test_a_preset_is_heard_as_it_sounds(session: Session, renderer: Renderer) -> None:
    samples = Samples(session, renderer)
    patch = find_preset("glass-cello").with_macros_applied()
    key = key_of(session.bank, patch.blend.corners)
    expected = play_note(session, patch, Note(key), seconds=AUDITION_SECONDS).audio.samples
    heard = samples_of(result(samples.preset("glass-cello")).sound)
    np.testing.assert_allclose(heard, expected, atol=2e-3)
    assert samples.preset("glass-cello").done()  # it is kept
    with pytest.raises(UsageError):
        samples.preset("no-such-preset")
