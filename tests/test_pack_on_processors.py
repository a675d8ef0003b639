"""Packs are made on all processors: the same files on any number of them, and errors are told as on one."""

from __future__ import annotations

import errno
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pack_reading import everything

from nsynth_lab import threads
from nsynth_lab.cli import run
from nsynth_lab.pack import batches, make
from nsynth_lab.pack.formats.wav import write_clip
from nsynth_lab.pack.formats.zones import PackLayer, PackZone, missing_zones
from nsynth_lab.pack.in_stages import in_stages
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.patch import Blend, Envelope, Patch, Slot, Voice, write_preset
from nsynth_lab.render import Session

FAILED = 1
MANY = 5
BLEND = ("pack", "flute", "cello", "--notes", "C3,C4,C5,C6", "--velocities", "100", "--positions", "0,1",
         "--round-robin", "2", "--duration", "0.5", "--checkpoint", "model")  # fmt: skip
PRESET = ("pack", "--preset", "pad.toml", "--notes", "C3-B4/4", "--velocities", "100", "--duration", "0.5",
          "--formats", "sfz", "--checkpoint", "model")  # fmt: skip
PAD = Patch(
    "Pad",
    Blend(("flute", "cello"), position=(0.4,)),
    envelope=Envelope(release_seconds=0.1),
    effects=(Slot("reverb", mix=0.3, parameters={"room_size": 0.1}), Slot("compressor")),
    voice=Voice(unison=2),
)


@pytest.fixture(autouse=True)
def _folder(beside_model: Path) -> None:
    write_preset(beside_model / "pad.toml", PAD)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Compute on so many threads."""
    monkeypatch.setattr(threads, "_chosen", None)
    return lambda count: monkeypatch.setenv(threads.VARIABLE, str(count))


@pytest.mark.parametrize("words", [BLEND, PRESET], ids=["blend", "preset"])
def test_the_files_are_the_same_on_one_processor_and_on_several(
    words: tuple[str, ...], on: Callable[[int], None]
) -> None:
    folders = {}
    for count in (1, MANY):
        on(count)
        assert run([*words, "-o", f"on{count}"]) == 0
        folders[count] = everything(Path(f"on{count}"))
    assert folders[1] == folders[MANY]


def test_a_full_disk_is_told_in_one_line_and_what_was_made_is_kept(
    on: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on(MANY)
    assert run([*BLEND, "-o", "whole"]) == 0
    left = itertools.count(12, -1)

    def until_the_disk_is_full(*given: Any, **named: Any) -> Path:
        if next(left) <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_clip(*given, **named)

    monkeypatch.setattr(make, "write_clip", until_the_disk_is_full)
    capsys.readouterr()
    assert run([*BLEND, "-o", "out"]) == FAILED
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(told) == 1
    assert "the disk is full; finished clips are kept" in told[0]
    assert not list(Path("out/.unfinished").glob("*.wav")), "no file is left half written"
    kept = {path: path.stat().st_mtime_ns for path in Path("out/Samples").rglob("*.wav")}
    assert len(kept) == 12
    monkeypatch.setattr(make, "write_clip", write_clip)
    assert run(["pack", "--resume", "-o", "out"]) == 0
    assert everything(Path("out")) == everything(Path("whole"))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "finished clips are not made again"


def test_no_more_batches_are_at_work_than_memory_allows() -> None:
    short = PackRequest(PAD, positions=((0.4,),), notes=(60,), velocities=(100,), seconds=0.5)
    long = replace(short, seconds=60.0)
    assert batches.batches_at_once(short, "cpu", rows=8) == threads.thread_count() + 1
    for rows in (8, 64, 128):
        bytes_of_batch = 4 * 48_000 * 60 * rows * PAD.voice.unison
        most = batches.batches_at_once(long, "cuda", rows=rows)
        assert most == 1 or most * bytes_of_batch <= 1.01 * batches.MOST_BYTES


def test_a_source_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    zones, asked = Session.zones, []

    def counted(self: Session, text: str, *, files: bool = True) -> Any:
        asked.append(text)
        return zones(self, text, files=files)

    monkeypatch.setattr(Session, "zones", counted)
    assert run([*BLEND, "-o", "out"]) == 0
    assert max(asked.count("flute"), asked.count("cello")) <= 2, "once for the plan, once for all clips"


def stages(
    decode: Callable[[int, threading.Event], list[int]], finish: Callable[[int], int], **options: Any
) -> Iterator[tuple[int, list[int]]]:
    return in_stages(range(20), prepare=lambda item: item, decode=decode, finish=finish, **options)


@pytest.mark.parametrize("one_decodes", [False, True])
def test_results_come_in_order_and_few_items_are_at_work(one_decodes: bool) -> None:
    begun: list[int] = []
    pause = random.Random(1)

    def decode(item: int, stopped: threading.Event) -> list[int]:
        begun.append(item)
        stopped.wait(pause.uniform(0.0, 0.004))
        return [item, item + 100]

    for done, (item, results) in enumerate(
        stages(decode, lambda part: -part, threads=4, at_once=3, one_decodes=one_decodes)
    ):
        assert (item, results) == (done, [-done, -done - 100])
        assert len(begun) <= done + 3
    assert sorted(begun) == list(range(20))


def test_after_an_error_nothing_new_begins_and_what_is_decoded_stops() -> None:
    begun: list[int] = []

    def decode(item: int, stopped: threading.Event) -> list[int]:
        begun.append(item)
        if item > 2:
            assert stopped.wait(20.0), "it is told to stop"
        return [item]

    def finish(part: int) -> int:
        if part == 2:
            raise OSError("the third fails")
        return part

    done: list[tuple[int, list[int]]] = []
    with pytest.raises(OSError, match="the third fails"):
        done.extend(stages(decode, finish, threads=5, at_once=4))
    assert [item for item, _ in done] == [0, 1]
    assert max(begun) <= 6


def by_counting(layer: PackLayer) -> list[tuple[int, int]]:
    """The definition, cell by cell."""
    takes = max((zone.takes for zone in layer.zones), default=1)
    return [
        (key, velocity)
        for key in range(128)
        for velocity in range(1, 128)
        if sorted(
            zone.take
            for zone in layer.zones
            if zone.low_key <= key <= zone.high_key and zone.low_velocity <= velocity <= zone.high_velocity
        )
        != list(range(1, takes + 1))
    ]


def test_missing_zones_are_those_where_not_every_take_sounds_once() -> None:
    pick = random.Random(3)
    whole = PackZone("a.wav", 10, 60, 0, 127, 100, 1, 127, 1, 1, None, 0.0, 0.1)
    layers = [(), (whole,), (whole, whole), (replace(whole, take=2, takes=2),), (replace(whole, takes=10**9),)]
    for _ in range(6):
        ends = [sorted(pick.choices(range(128), k=2)) + sorted(pick.choices(range(1, 128), k=2)) for _ in range(4)]
        layers.append(
            (
                whole,
                *(
                    replace(
                        whole, take=pick.choice([1, 2, 3]), takes=2, low_key=one[0], high_key=one[1],
                        low_velocity=one[2], high_velocity=one[3],
                    )
                    for one in ends
                ),
            )
        )  # fmt: skip
    for zones in layers[:4] + layers[5:]:
        layer = PackLayer("p", "p", (0.0,), tuple(zones))
        assert missing_zones(layer) == by_counting(layer)
    assert len(missing_zones(PackLayer("p", "p", (0.0,), layers[4]))) == 128 * 127
