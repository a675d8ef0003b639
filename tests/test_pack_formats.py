"""The formats of particular samplers, read back with nothing but XML, JSON, zip and gzip: they say what the map says.

What was read is also handed to sfizz, somebody else's sampler, which then has to play it in tune and loop it.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest
import soundfile
from pack_reading import Sfizz, cents_off, chunks, need_module

from nsynth_lab.errors import UsageError
from nsynth_lab.pack.format_table import FORMATS, TABLE, USUAL, Extent, check_holds, left_out, size_share
from nsynth_lab.pack.formats.documents import WRITERS
from nsynth_lab.pack.formats.names import clip_file
from nsynth_lab.pack.formats.wav import write_clip
from nsynth_lab.pack.formats.zones import (
    Loop,
    PackInfo,
    PackLayer,
    PackMap,
    PackZone,
    PlannedClip,
    key_ranges,
    velocity_ranges,
)
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

ABOUT = PackInfo("Reed & <Bow>", "Reed-Bow", 'Jörg "J"', "CC0-1.0", "A blend", "nsynth_lab 0")
NOTES, VELOCITIES = (36, 60, 72, 122), (40, 80, 120)
OWN = ("multisample", "op-xy", "renoise", "ableton", "mpc")
SAMPLES, LOOP = 14_400, Loop(4_000, 13_600)  # 9,600 samples: a whole number of them at 44.1 kHz too
ODD_ROOT, ODD_LOOP = 72, Loop(4_000, 13_601)
SILENT_KEY = 120  # the first that Renoise does not have


@dataclass(frozen=True)
class Read:
    """A zone as a file has it, and the sound that it names."""

    keys: tuple[int, int]
    velocities: tuple[int, int]
    root: int
    loop: tuple[int, int] | None
    gain_db: float
    sound: FloatArray
    sample_rate: int
    name: str


@dataclass(frozen=True)
class Pack:
    """A map of zones, and the folder that its clips and files are in."""

    map: PackMap
    folder: Path


def loop_of(root: int) -> Loop:
    return ODD_LOOP if root == ODD_ROOT else LOOP


def hz_of(root: int) -> float:
    """The pitch next to a root's that has a whole number of periods in its loop."""
    seconds = (loop_of(root).end - loop_of(root).start) / SAMPLE_RATE
    return round(note_to_hz(float(root)) * seconds) / seconds


def tone(root: int, velocity: int, take: int) -> FloatArray:
    """A tone whose loop has no seam."""
    phase = 2 * np.pi * hz_of(root) * np.arange(SAMPLES) / SAMPLE_RATE + take
    return np.asarray(velocity / 200 * np.sin(phase)[None], np.float32)


def made(folder: Path, *, takes: int, ending: str) -> Pack:
    """Two positions, all of their clips on disk, and the files of every format."""
    layers = []
    for place, label in ((0.0, "p000"), (1.0, "p100")):
        zones = []
        for root in NOTES:
            for velocity in VELOCITIES:
                for take in range(1, takes + 1):
                    file = clip_file(ABOUT.stem, label, note=root, velocity=velocity, take=take, ending=ending)
                    zone = PackZone(
                        file, SAMPLES, root, *key_ranges(NOTES)[root], velocity, *velocity_ranges(VELOCITIES)[velocity],
                        take, takes, None if root == NOTES[-1] else loop_of(root), 3.0 if root == NOTES[0] else 0.0,
                        0.5,
                    )  # fmt: skip
                    (folder / file).parent.mkdir(parents=True, exist_ok=True)
                    sound = tone(root, velocity, take)
                    write_clip(folder / file, sound, zone, ABOUT, sample_rate=SAMPLE_RATE, bits=24)
                    zones.append(zone)
        layers.append(PackLayer(label, f"{ABOUT.title} {place:g}", (place,), tuple(zones)))
    pack = PackMap(ABOUT, tuple(layers), SAMPLE_RATE, 24, tracking=0.4)
    clips = [PlannedClip(zone.file, one.label, zone.velocity, zone.take) for one in layers for zone in one.zones]
    for name in OWN:
        names, writers = WRITERS[name]
        written = writers(folder, pack)
        assert sorted(written) == sorted(names(ABOUT, clips)), "what is written is what was planned"
        for file, write in written.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            write(folder / file)
    return Pack(pack, folder)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return made(tmp_path_factory.mktemp("formats"), takes=1, ending=".wav")


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The same with two round robins, of clips in FLAC."""
    return made(tmp_path_factory.mktemp("in-turn"), takes=2, ending=".flac")


def sound_of(content: bytes) -> tuple[FloatArray, int]:
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    return np.asarray(samples, np.float32), int(rate)


def value(element: Element | None, path: str) -> str:
    """What stands in an element below, which has to be there."""
    assert element is not None
    found = element.find(path)
    assert found is not None, path
    return found.get("Value", found.text or "")


def read_multisample(pack: Pack, label: str) -> list[Read]:
    reads = []
    with ZipFile(pack.folder / f"Reed-Bow_{label}.multisample") as file:
        assert all(entry.compress_type == ZIP_STORED for entry in file.infolist()), "to be played without unpacking"
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}, "whenever it is made"
        root = ElementTree.fromstring(file.read("multisample.xml"))
        assert root.get("name") == f"Reed & <Bow> {int(label[1:]) / 100:g}"
        assert [child.tag for child in root][:5] == ["generator", "category", "creator", "description", "keywords"]
        for sample in root.findall("sample"):
            assert [child.tag for child in sample] == ["key", "velocity", "select", "loop"]
            key, velocity, loop = (sample.find(tag) for tag in ("key", "velocity", "loop"))
            assert key is not None
            assert velocity is not None
            assert loop is not None
            assert (float(key.get("tune", "1")), float(key.get("track", "0"))) == (0.0, 1.0)
            sound, rate = sound_of(file.read(sample.get("file", "")))
            assert float(sample.get("sample-stop", "0")) == len(sound)
            reads.append(
                Read(
                    (int(key.get("low", "")), int(key.get("high", ""))),
                    (int(velocity.get("low", "")), int(velocity.get("high", ""))),
                    int(key.get("root", "")),
                    (int(loop.get("start", "")), int(loop.get("stop", ""))) if loop.get("mode") == "loop" else None,
                    float(sample.get("gain", "")), sound, rate, sample.get("file", ""),
                )
            )  # fmt: skip
            in_turn = pack.map.layers[0].zones[0].takes > 1
            assert sample.get("zone-logic") == ("round-robin" if in_turn else "always-play")
    return reads


def read_opxy(pack: Pack, label: str) -> list[Read]:
    within = pack.folder / "OP-XY" / f"Reed-Bow_{label}.preset"
    patch = json.loads((within / "patch.json").read_text("utf-8"))
    assert (patch["type"], patch["platform"]) == ("multisampler", "OP-XY")
    assert {path.name for path in within.iterdir()} == {"patch.json", *(one["sample"] for one in patch["regions"])}
    highs = [region["hikey"] for region in patch["regions"]]
    assert highs == sorted(set(highs)), "each zone reaches up to its own key, from the one below"
    assert len(highs) <= 24
    reads = []
    for region in patch["regions"]:
        sound, rate = sound_of((within / region["sample"]).read_bytes())
        assert soundfile.info(within / region["sample"]).subtype == "PCM_16"
        assert len(sound) == region["framecount"] == region["sample.end"]
        assert (region["tune"], region["gain"], region["loop.crossfade"], region["reverse"]) == (0, 0, 0, False)
        assert region["loop.enabled"] is region["loop.onrelease"]
        loop = (region["loop.start"], region["loop.end"]) if region["loop.enabled"] else None
        keys = (region["lokey"], region["hikey"])
        reads.append(Read(keys, (1, 127), region["pitch.keycenter"], loop, 0.0, sound, rate, region["sample"]))
    return reads


def read_renoise(pack: Pack, label: str) -> list[Read]:
    reads = []
    with ZipFile(pack.folder / f"Reed-Bow_{label}.xrni") as file:
        root = ElementTree.fromstring(file.read("Instrument.xml"))
        assert (root.tag, root.get("doc_version")) == ("RenoiseInstrument", "33")
        sounds = [name for name in file.namelist() if name.startswith("SampleData/")]
        assert sounds == sorted(sounds), "sounds are found by their place"
        mode = value(root, "SampleGenerator/KeyzoneOverlappingMode")
        assert mode == ("Cycle" if pack.map.layers[0].zones[0].takes > 1 else "Play All")
        samples = root.findall("SampleGenerator/Samples/Sample")
        assert len(samples) == len(sounds)
        for sample, name in zip(samples, sounds, strict=True):
            mapping = sample.find("Mapping")
            keys = (int(value(mapping, "NoteStart")), int(value(mapping, "NoteEnd")))
            velocities = (int(value(mapping, "VelocityStart")), int(value(mapping, "VelocityEnd")))
            assert value(mapping, "MapKeyToPitch") == "true"
            assert value(sample, "Finetune") == "0"
            assert f"({value(sample, 'FileName')}).flac" in name
            root_key = int(value(mapping, "BaseNote")) - int(value(sample, "Transpose"))
            loop = (int(value(sample, "LoopStart")), int(value(sample, "LoopEnd")))
            looped = value(sample, "LoopMode") == "Forward"
            gain_db = 20 * math.log10(float(value(sample, "Volume")))
            content = file.read(name)
            assert content[:4] == b"fLaC"
            reads.append(Read(keys, velocities, root_key, loop if looped else None, gain_db, *sound_of(content), name))
    return reads


def read_ableton(pack: Pack, label: str) -> list[Read]:
    library = pack.folder / "Ableton"
    content = (library / f"Presets/Instruments/Sampler/Reed-Bow_{label}.adv").read_bytes()
    assert content[4:8] == b"\0\0\0\0", "no date"
    root = ElementTree.fromstring(gzip.decompress(content))
    in_turn = pack.map.layers[0].zones[0].takes > 1
    assert root.get("MinorVersion", "")[:4] == ("12.0" if in_turn else "11.0")
    mapped = root.find("MultiSampler/Player/MultiSampleMap")
    assert mapped is not None
    assert (mapped.find("RoundRobin") is not None) == in_turn
    reads = []
    for part in mapped.findall("SampleParts/MultiSamplePart"):
        keys = (int(value(part, "KeyRange/Min")), int(value(part, "KeyRange/Max")))
        velocities = (int(value(part, "VelocityRange/Min")), int(value(part, "VelocityRange/Max")))
        assert (value(part, "Detune"), value(part, "TuneScale")) == ("0", "100")
        path = value(part, "SampleRef/FileRef/RelativePath")
        assert value(part, "SampleRef/FileRef/RelativePathType") == "6"
        sound, rate = sound_of((library / path).read_bytes())
        assert value(part, "SampleEnd") == value(part, "SampleRef/DefaultDuration") == str(len(sound))
        assert value(part, "SampleRef/DefaultSampleRate") == str(rate)
        loop = (int(value(part, "SustainLoop/Start")), int(value(part, "SustainLoop/End")))
        looped = value(part, "SustainLoop/Mode") == "1"
        gain_db = 20 * math.log10(float(value(part, "Volume")))
        root_key = int(value(part, "RootKey"))
        reads.append(Read(keys, velocities, root_key, loop if looped else None, gain_db, sound, rate, path))
    return reads


def read_mpc(pack: Pack, label: str) -> list[Read]:
    within = pack.folder / "MPC" / f"Reed-Bow_{label}"
    program = ElementTree.fromstring((within / f"Reed-Bow_{label}.xpm").read_bytes()).find("Program")
    assert program is not None
    assert program.get("type") == "Keygroup"
    groups = program.findall("Instruments/Instrument")
    assert int(value(program, "KeygroupNumKeygroups")) == len(groups) <= 128
    assert [group.get("number") for group in groups] == [str(place + 1) for place in range(len(groups))]
    reads = []
    for group in groups:
        layers = group.findall("Layers/Layer")
        assert 1 <= len(layers) <= 4
        in_turn = pack.map.layers[0].zones[0].takes > 1
        assert value(group, "ZonePlay") == ("0" if in_turn else "1")
        for layer in layers:
            sound, rate = sound_of((within / f"{value(layer, 'SampleName')}.WAV").read_bytes())
            assert (value(layer, "TuneCoarse"), value(layer, "TuneFine"), value(layer, "KeyTrack")) == (
                "0",
                "0",
                "True",
            )
            loop = (int(value(layer, "SliceLoopStart")), int(value(layer, "SliceEnd")))
            looped = value(layer, "SliceLoop") == "1"
            assert looped or loop == (0, len(sound))
            gain_db = 20 * math.log10(2 * float(value(layer, "Volume")) ** 2)
            keys = (int(value(group, "LowNote")), int(value(group, "HighNote")))
            velocities = (int(value(layer, "VelStart")), int(value(layer, "VelEnd")))
            root = int(value(layer, "RootNote")) - 1
            name = value(layer, "SampleName")
            reads.append(Read(keys, velocities, root, loop if looped else None, gain_db, sound, rate, name))
    return reads


READERS: dict[str, Callable[[Pack, str], list[Read]]] = {
    "multisample": read_multisample, "op-xy": read_opxy, "renoise": read_renoise, "ableton": read_ableton,
    "mpc": read_mpc,
}  # fmt: skip


def clip_of(read: Read, pack: Pack, label: str) -> PackZone:
    """The zone whose clip a file names."""
    named = re.search(r"Reed-Bow_p\d+_\d+_\w+?_v\d+_rr\d+", read.name)
    assert named is not None
    layer = next(one for one in pack.map.layers if one.label == label)
    return next(zone for zone in layer.zones if named[0] in zone.file)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("which", ["pack", "in_turn"])
def test_every_zone_is_the_map_s(name: str, which: str, request: pytest.FixtureRequest) -> None:
    pack: Pack = request.getfixturevalue(which)
    for layer in pack.map.layers:
        reads = READERS[name](pack, layer.label)
        for read in reads:
            zone = clip_of(read, pack, layer.label)
            ratio = read.sample_rate / SAMPLE_RATE
            assert read.root == zone.root
            assert read.keys == (zone.low_key, min(zone.high_key, 119 if name == "renoise" else 127))
            if name != "op-xy":
                assert read.velocities == (zone.low_velocity, zone.high_velocity)
            assert (read.loop is None) == (zone.loop is None)
            assert len(read.sound) == round(zone.samples * ratio)
            if read.loop and zone.loop:
                assert read.loop[1] - read.loop[0] == math.floor((zone.loop.end - zone.loop.start) * ratio)
                assert abs(read.loop[1] - zone.loop.end * ratio) < 1.0
                around = np.arange(-16, 16)
                seam = read.sound[read.loop[1] + around] - read.sound[read.loop[0] + around]
                assert np.abs(seam).max() < 1e-3 * read.sound.max(), "it is closed at the file's own rate"
            original = soundfile.read(pack.folder / zone.file, dtype="float32")[0]
            if ratio == 1.0:
                np.testing.assert_array_equal(read.sound, original)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("which", ["pack", "in_turn"])
def test_every_key_and_velocity_sounds_once_in_each_round(
    name: str, which: str, request: pytest.FixtureRequest
) -> None:
    pack: Pack = request.getfixturevalue(which)
    takes = 1 if name == "op-xy" else pack.map.layers[0].zones[0].takes
    for layer in pack.map.layers:
        heard = np.zeros((128, 128), int)
        for read in READERS[name](pack, layer.label):
            heard[read.keys[0] : read.keys[1] + 1, read.velocities[0] : read.velocities[1] + 1] += 1
        last = SILENT_KEY if name == "renoise" else 128
        assert (heard[:last, 1:] == takes).all()
        assert (heard[last:] == 0).all()


@pytest.mark.parametrize("name", OWN)
def test_levels_between_zones_are_the_map_s(name: str, pack: Pack) -> None:
    """What a file adds to its sound, at the velocity the clip was made for, is the zone's own level."""
    share = {"renoise": lambda part: part, "ableton": lambda part: 1 - 0.4 * (1 - part)}
    share["mpc"] = share["ableton"]
    added = {}
    for read in READERS[name](pack, "p000"):
        zone = clip_of(read, pack, "p000")
        original = soundfile.read(pack.folder / zone.file, dtype="float32")[0]
        louder = 20 * math.log10(float(read.sound.std() / original.std()))
        follows = 20 * math.log10(share[name](zone.velocity / 127)) if name in share else 0.0
        added[zone.file] = read.gain_db + louder + follows - zone.volume_db
    assert max(added.values()) - min(added.values()) < 0.05, "no zone is louder or softer than another for it"
    assert all(read.gain_db < 0.01 for read in READERS[name](pack, "p000"))


@pytest.mark.parametrize("name", OWN)
def test_sfizz_plays_what_the_file_says_in_tune_and_without_a_seam(name: str, pack: Pack, tmp_path: Path) -> None:
    need_module("pysfizz")
    lines = []
    for number, read in enumerate(READERS[name](pack, "p100")):
        soundfile.write(tmp_path / f"{number}.wav", read.sound, read.sample_rate, subtype="FLOAT")
        loop = f"loop_mode=loop_continuous loop_start={read.loop[0]} loop_end={read.loop[1] - 1}" if read.loop else ""
        lines.append(
            f"<region> sample={number}.wav lokey={read.keys[0]} hikey={read.keys[1]} lovel={read.velocities[0]} "
            f"hivel={read.velocities[1]} pitch_keycenter={read.root} volume={read.gain_db:.3f} amp_veltrack=0 {loop}"
        )
    (tmp_path / "read.sfz").write_text("\n".join(lines), "utf-8")
    engine = Sfizz(tmp_path / "read.sfz")
    for key, root in ((60, 60), (64, 60), (72, 72)):
        played = engine.play(key, 120, seconds=1.5)[: int(1.5 * SAMPLE_RATE)]
        own_cents = 1200 * math.log2(hz_of(root) / note_to_hz(float(root)))
        assert abs(cents_off(played, key, begin_seconds=0.3, end_seconds=1.4) - own_cents) < 1.0
        # a sine is twice as tall as its second difference says, wherever it is; a seam is not
        bend = np.abs(np.diff(played[SAMPLE_RATE // 2 :], 2))
        hz = note_to_hz(float(key)) * 2 ** (own_cents / 1200)
        tall = float(np.abs(played[SAMPLE_RATE // 2 :]).max())
        assert bend.max() < 1.2 * tall * (2 * math.sin(math.pi * hz / SAMPLE_RATE)) ** 2 + 2e-4


def test_the_same_pack_gives_the_same_bytes(pack: Pack, tmp_path: Path) -> None:
    again = made(tmp_path, takes=1, ending=".wav")
    files = [path.relative_to(pack.folder) for path in pack.folder.rglob("*") if path.is_file()]
    assert len(files) == 90
    for file in files:
        assert (again.folder / file).read_bytes() == (pack.folder / file).read_bytes(), file


def test_copies_of_clips_in_flac_are_wav_with_root_and_loop(in_turn: Pack) -> None:
    copies = [*in_turn.folder.rglob("MPC/*/*.WAV"), *in_turn.folder.rglob("Ableton/Samples/**/*.wav")]
    assert len(copies) == 2 * 2 * len(NOTES) * len(VELOCITIES) * 2
    for copy in copies[:4]:
        found = chunks(copy.read_bytes())
        assert {b"smpl", b"inst", b"data"} <= set(found)


EXTENT = Extent(
    notes=tuple(range(36, 85, 3)), velocities=(40, 80, 120), takes=1, seconds=4.0, sample_rate=48_000, bits=24
)


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("op-xy", {"notes": tuple(range(25))}, "holds 24 notes, the pack has 25"),
        ("op-xy", {"seconds": 20.5}, "at most 20 s, the pack's have 20.5: ask for shorter"),
        ("mpc", {"notes": tuple(range(65)), "velocities": (1, 2, 3, 4, 5)}, "128 keygroups, the pack needs 130"),
        ("mpc", {"notes": tuple(range(50)), "takes": 2}, "128 keygroups, the pack needs 150"),
    ],
)
def test_what_a_device_cannot_hold_is_refused(name: str, changes: dict[str, Any], says: str) -> None:
    check_holds(FORMATS, EXTENT)
    with pytest.raises(UsageError, match=says) as refused:
        check_holds([name], replace(EXTENT, **changes))
    assert f"leave {name} out of --formats" in str(refused.value)
    check_holds(USUAL, replace(EXTENT, **changes))


def test_the_largest_that_a_device_holds_is_not_refused() -> None:
    check_holds(["op-xy"], replace(EXTENT, notes=tuple(range(24)), seconds=20.0))
    check_holds(["mpc"], replace(EXTENT, notes=tuple(range(128)), velocities=(1, 2, 3, 4)))


def test_what_a_device_leaves_out_is_said() -> None:
    assert not left_out(USUAL, replace(EXTENT, takes=16, notes=(127,)))
    said = left_out(FORMATS, replace(EXTENT, takes=5, notes=(122,)))
    for sentence in (
        "velocity 120 alone",
        "OP-XY presets have no round robins",
        "no keys above B8",
        "the first 4 of 5",
    ):
        assert any(sentence in one for one in said), sentence
    assert size_share(USUAL, EXTENT) == 1.0
    assert size_share(FORMATS, EXTENT) > 4.0


def test_the_panel_offers_the_formats_of_the_table(repository: Path) -> None:
    page = (repository / "nsynth_lab/panel/page/index.html").read_text("utf-8")
    box = r'<label class="tick"><input type="checkbox" name="([\w-]+)"( checked)?> ([^<]+)</label>'
    offered = re.findall(box, re.findall(r'<fieldset class="whole formats">(.*?)</fieldset>', page, re.DOTALL)[0])
    assert offered == [(row.name, " checked" if row.usual else "", row.title) for row in TABLE]
