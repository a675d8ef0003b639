"""Hosted instruments beside the blend: the same live and offline, in time, within their keys, and apart when they fail.

The instrument is built by `scripts/build-kars`, the effects are Debian's `zam-plugins`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playing import SECOND, played, small_engine, spectrum_peak_hz

from nsynth_lab.cli import run
from nsynth_lab.effects import Chain, find_plugin, scan
from nsynth_lab.effects.hosted_plugin import setup_of
from nsynth_lab.effects.keys import Keys
from nsynth_lab.effects.layers import Layers
from nsynth_lab.effects.plugin_here import PluginHere
from nsynth_lab.effects.plugin_process import PluginProcess
from nsynth_lab.effects.shared_blocks import BLOCKS, MAX_EVENTS, Message
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import PatchError, PluginError
from nsynth_lab.midi.events import Event, Kind, bend, control, note_off, note_on
from nsynth_lab.panel.changes import changed
from nsynth_lab.panel.messages.playing import Change
from nsynth_lab.patch import (
    Blend,
    Envelope,
    Layer,
    Macro,
    Move,
    Patch,
    Route,
    Slot,
    Tuning,
    format_preset,
    moved,
    parse_preset,
)
from nsynth_lab.render.preset_synth import PatchEffects, settings_of
from nsynth_lab.units import FloatArray, db_to_gain, note_to_hz

KARS = Path(__file__).resolve().parent.parent / "build" / "vst3" / "Kars.vst3"
ZAM = Path("/usr/lib/vst3")
STEREO, MONO, LATE = "ZamCompX2", "ZamDelay", "ZaMaximX2"
needs_kars = pytest.mark.skipif(not KARS.exists(), reason="no VST3 instrument was built (scripts/build-kars)")
needs_zam = pytest.mark.skipif(not (ZAM / f"{LATE}.vst3").exists(), reason="zam-plugins is not installed (Debian)")

PLAIN = Patch("plain", Blend(("a", "b")), envelope=Envelope(release_seconds=0.1), level_db=-12.0)
KARS_LAYER = Layer("Kars", level_db=-6.0, parameters={"sustain": True})
LAYERED = replace(PLAIN, layers=(KARS_LAYER,))
NOTES = [
    note_on(57, 90, at_sample=960),
    note_on(64, 70, at_sample=9_600),
    bend(2_000, at_sample=12_000),
    note_off(57, at_sample=18_000),
    note_off(64, at_sample=25_000),
]
MINUS_90_DB = db_to_gain(-90.0)


@pytest.fixture(scope="module", autouse=True)
def _scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home in which the plugins have been scanned."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NSYNTH_LAB_HOME", str(tmp_path_factory.mktemp("home")))
        files = [KARS, *(ZAM / f"{name}.vst3" for name in (STEREO, MONO, LATE))]
        scan([path for path in files if path.exists()])
        yield


def sound_of(
    patch: Patch,
    blocks: Sequence[int] = (256,),
    *,
    events: Sequence[Event] = NOTES,
    samples: int = SECOND * 3 // 4,
    ahead_samples: int = 512,
) -> FloatArray:
    stage = PatchEffects(patch)
    engine = small_engine(settings_of(patch), output_stage=stage, ahead_samples=ahead_samples)
    sound = played(engine, events, samples=samples, blocks=blocks)
    assert stage.troubles() == []
    stage.close()
    return sound


def kill(plugin: object) -> None:
    assert isinstance(plugin, PluginProcess)
    plugin._child.kill()
    plugin._child.wait()


@needs_kars
def test_a_layer_sounds_the_same_in_blocks_of_any_size_and_offline() -> None:
    whole = sound_of(LAYERED)
    assert np.abs(whole - sound_of(PLAIN)).max() > 0.05, "it is heard"
    assert np.abs(sound_of(LAYERED, (64, 1024, 331, 5)) - whole).max() < MINUS_90_DB
    assert np.abs(sound_of(LAYERED, (8192,), ahead_samples=8192) - whole).max() < MINUS_90_DB


@needs_kars
def test_a_layers_level_is_moved_by_a_macro_and_a_controller_at_their_sample() -> None:
    target = "layers.Kars.level_db"
    moving = replace(
        LAYERED, macros=(Macro("Pluck", moves=(Move(target, -60.0, 0.0),)),), midi=(Route(20, "macros.Pluck"),)
    ).with_macros_applied()
    assert moved(LAYERED, target, -20.0).layers[0].level_db == -20.0
    events = sorted([*NOTES, control(20, 127, at_sample=11_000)], key=lambda event: event.at_sample)
    whole = sound_of(moving, events=events)
    assert np.abs(sound_of(moving, (8192,), events=events, ahead_samples=8192) - whole).max() < MINUS_90_DB
    assert np.abs(sound_of(moving, (64, 331), events=events) - whole).max() < MINUS_90_DB
    before, after = (
        np.abs((whole - sound_of(PLAIN))[:, part]).max() for part in (slice(0, 11_000), slice(12_000, None))
    )
    assert after > 30 * before


@needs_kars
@needs_zam
def test_a_layer_is_added_to_the_blend_at_the_same_sample_and_the_effects_follow() -> None:
    """What is heard beside the blend is what the instrument plays by itself, in time, whatever the effects delay."""
    stage = PatchEffects(replace(LAYERED, effects=(Slot(plugin=LATE, bypass=True),)))
    late = stage.latency_samples
    stage.close()
    alone = PluginHere(setup_of(find_plugin("Kars"), changes={"sustain": 1.0}))
    alone.submit(960)
    alone.submit(1000, events=[Message(0, bytes((0x90, 57, 90)))])
    wanted = [alone.take() for _ in range(2)][1]
    assert wanted is not None
    alone.close()
    patch = replace(PLAIN, effects=(Slot(plugin=LATE, bypass=True),))
    beside = sound_of(replace(patch, layers=LAYERED.layers), samples=6_000) - sound_of(patch, samples=6_000)
    assert np.flatnonzero(np.abs(beside[0]) > MINUS_90_DB)[0] >= 960 + late
    gain = db_to_gain(PLAIN.level_db + KARS_LAYER.level_db)
    assert np.abs(beside[:, 960 + late :][:, :1000] - gain * wanted).max() < MINUS_90_DB


@needs_kars
def test_a_plugin_in_its_own_process_is_the_plugin_here() -> None:
    """Blocks of odd sizes, more events than a block takes at once, and a reset."""
    setup = setup_of(find_plugin("kars"))
    apart, here = PluginProcess(setup).ready(), PluginHere(setup)
    for plugin in (apart, here):
        plugin.reset()
    for turn, size in enumerate((1, 1024, 7, 333, 3, 512)):
        events = [Message(size // 2, bytes((0x90, 50 + turn, 100)))]
        sounds = []
        for plugin in (apart, here):
            plugin.submit(size, events=events)
            sounds.append(plugin.take())
        assert sounds[0] is not None
        assert sounds[1] is not None
        assert np.array_equal(sounds[0], sounds[1])
    for plugin in (apart, here):  # more blocks than there is room for, before any is taken
        for _ in range(2 * BLOCKS):
            plugin.submit(1024)
    for _ in range(2 * BLOCKS):
        sounds = [plugin.take() for plugin in (apart, here)]
        assert sounds[0] is not None
        assert sounds[0].any()
        assert np.array_equal(sounds[0], sounds[1] if sounds[1] is not None else ())
    apart.submit(64, events=[Message(0, bytes((0xB0, 1, number % 128))) for number in range(2 * MAX_EVENTS)])
    assert apart.take() is not None
    assert apart._events, "what does not fit comes with the next block"
    apart.close()
    here.close()


@needs_kars
def test_a_key_range_and_transpositions() -> None:
    layer = Layer("Kars", low_key=60, high_key=72, transpose=-12)
    patch = replace(PLAIN, layers=(layer,), tuning=Tuning(transpose=5))
    with_layer = Layers(patch)
    heard: dict[int, FloatArray] = {}
    for key in (59, 60, 72, 73):
        at = len(heard) * SECOND
        with_layer.hear(note_on(key, 100), at)
        with_layer.hear(note_off(key), at + SECOND // 2)
        with_layer.collect(at, SECOND)
        heard[key] = with_layer.mixed(np.zeros((2, SECOND), np.float32), slice(0, SECOND))[0, : SECOND // 2]
    with_layer.close()
    assert not heard[59].any()
    assert np.abs(heard[73]).max() < 0.01 * np.abs(heard[72]).max(), "only what is left of the note before"
    for key in (60, 72):
        cents = 1200 * np.log2(spectrum_peak_hz(heard[key]) / note_to_hz(key - 12 + 5))
        assert abs((cents + 600) % 1200 - 600) < 50.0, "Kars is a little flat, and an overtone may be the strongest"


def test_what_a_plugin_is_told() -> None:
    keys = Keys(low=60, high=62, transpose=70)
    events = [note_on(60, 90), note_on(62), control(64, 127), bend(-8192), Event(Kind.PRESSURE, 3, 0, 50)]
    told = [list(data) for event in events for data in keys.messages(event)]
    assert told == [[0xB0, 64, 127], [0xE0, 0, 0], [0xD3, 50]], "130 and 132 are no notes"
    keys = Keys()
    events = [note_on(60, 90, channel=2), note_off(61, channel=2), control(120, 0, channel=2), note_on(60, 0)]
    told = [list(data) for event in events for data in keys.messages(event)]
    assert told == [[0x92, 60, 90], [0x82, 61, 64], [0x82, 60, 64], [0xB2, 120, 0], [0x80, 60, 0]]
    for event in (Event(Kind.PROGRAM, 0, 5), control(0, 1), control(32, 1), Event(Kind.LEVEL, value=float("nan"))):
        assert list(keys.messages(event)) == [], "the preset says what it plays"


@needs_kars
def test_an_instrument_killed_in_mid_note_is_silent_and_the_blend_plays_on() -> None:
    stage = PatchEffects(LAYERED)
    engine = small_engine(settings_of(LAYERED), output_stage=stage)
    before = played(engine, NOTES, samples=14_400)
    kill(stage.layers._layers[0]._plugin)
    after = played(engine, [], samples=14_400)
    wanted = sound_of(PLAIN, samples=28_800)
    late = stage.latency_samples
    assert np.abs(before - wanted[:, :14_400]).max() > 0.05
    assert np.abs(after[:, late + 256 :] - wanted[:, 14_400 + late + 256 :]).max() < MINUS_90_DB
    assert engine.troubles() == ["layer Kars has crashed (SIGKILL); the rest plays on"]
    assert engine.troubles() == [], "that is told once"
    assert engine.state().taken_out == {"Kars": "has crashed (SIGKILL)"}
    stage.close()


@needs_zam
@pytest.mark.parametrize("name", [STEREO, MONO])
def test_an_effect_killed_in_mid_sound_is_bypassed(name: str) -> None:
    sound = np.asarray(np.random.default_rng(0).standard_normal((2, 9_600)) * 0.1, np.float32)
    with Chain([Slot(plugin=name)]) as chain, Chain([]) as nothing:
        chain.process(sound)
        kill(chain._stages[0].effect._plugin)  # type: ignore[attr-defined]
        after = chain.process(sound)[:, 1024:]  # what the limiter held is over
        nothing.process(sound)
        assert np.abs(after - nothing.process(sound)[:, 1024:]).max() < MINUS_90_DB
        assert [str(one) for one in chain.troubles()] == [
            f"effect {name} failed: it has crashed (SIGKILL); it is bypassed"
        ]


@needs_kars
def test_a_block_too_late_is_silence_and_counted_and_then_it_is_there_again() -> None:
    plugin = PluginProcess(setup_of(find_plugin("Kars"), live=True, changes={"sustain": 1.0})).ready()
    plugin.submit(256, events=[Message(0, bytes((0x90, 60, 100)))])
    taken = plugin.take()  # may be late on a busy machine
    os.kill(plugin._child.pid, signal.SIGSTOP)
    begun = time.perf_counter()
    for _ in range(40):  # more than there is room for
        plugin.submit(256, events=[Message(0, bytes((0x90, 72, 1)))])
        assert plugin.take() is None
    assert plugin.late == 40 + (taken is None)
    assert time.perf_counter() - begun < 1.0, "it is not waited for again and again"
    os.kill(plugin._child.pid, signal.SIGCONT)
    for _ in range(200):
        plugin.submit(256)
        if (sound := plugin.take()) is not None:
            break
        time.sleep(0.005)
    assert sound is not None
    assert np.abs(sound).max() > 0.0
    plugin.close()


@needs_kars
def test_a_plugins_process_ends_with_the_one_that_plays() -> None:
    """However that ends: nothing is left of a program that was killed."""
    program = (
        "import os, signal\n"
        "from nsynth_lab.effects import find_plugin\n"
        "from nsynth_lab.effects.hosted_plugin import setup_of\n"
        "from nsynth_lab.effects.plugin_process import PluginProcess\n"
        "plugin = PluginProcess(setup_of(find_plugin('Kars'))).ready()\n"
        "print(plugin._child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    for _ in range(100):
        if not Path(f"/proc/{int(done.stdout)}/stat").exists():
            return
        time.sleep(0.02)
    state = Path(f"/proc/{int(done.stdout)}/stat").read_text().rpartition(")")[2].split()[0]
    assert state == "Z", "it is over, and only nobody has asked"


@needs_kars
def test_an_instrument_that_loads_its_samples_late_is_waited_for(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = Vst3.play_note, []

    def late(self: Vst3, note: int, velocity: int, *, hold_seconds: float, seconds: float) -> FloatArray:
        tried.append(note)
        sound = real(self, note, velocity, hold_seconds=hold_seconds, seconds=seconds)
        return sound * np.float32(len(tried) > 3)

    monkeypatch.setattr(Vst3, "play_note", late)
    waited = PluginHere(setup_of(find_plugin("Kars"), note=48))
    assert tried == [48] * 5, "three times silent, then twice alike"
    assert told == ["Kars is still silent; waiting up to 20 s for it to load its samples"]
    waited.submit(512, events=[Message(0, bytes((0x90, 60, 100)))])
    sound = waited.take()
    assert sound is not None
    assert sound.any()
    waited.close()


@needs_kars
def test_a_preset_with_layers_is_kept_and_the_panel_keeps_it() -> None:
    state = b64encode(b"state").decode()
    layer = Layer("Kars", label="pluck", low_key=48, transpose=-12, state=state, parameters={"sustain": True})
    patch = replace(LAYERED, layers=(KARS_LAYER, layer))
    assert parse_preset(format_preset(patch)) == patch
    assert format_preset(LAYERED).count("[[layers]]") == 1
    asked = Change(patch={"envelope": {"attack_seconds": 0.5}})
    assert changed(patch, asked).layers == patch.layers


BEGINNING = 'version = 1\nname = "x"\n[blend]\ncorners = ["flute", "cello"]\n[[layers]]\n'


@needs_zam
@needs_kars
@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        ('plugin = "Nobody"', 0, "'Nobody' is no plugin that is known here"),
        ('plugin = "../Kars.vst3"', 6, "is a path; name a plugin that was scanned"),
        (f'plugin = "{STEREO}"', 0, f"{STEREO} is an effect: write it under [[effects]]"),
        ('plugin = "Kars"\nstate = "!!"', 7, "layers.1.state: is not base64"),
        ('plugin = "Kars"\nlow_key = 70\nhigh_key = 60', 7, "70 is above high_key = 60"),
        ('plugin = "Kars"\n[[layers]]\nplugin = "Kars"', 7, "'Kars' stands there twice; give one another label"),
        ('plugin = "Kars"\n[layers.parameters]\nsusten = 1', 8, "Kars has no such parameter; did you mean sustain?"),
        ("level_db = 3", 5, "layers.1.plugin: missing"),
    ],
)
def test_a_layer_that_cannot_be_is_one_line(
    lines: str, line: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(BEGINNING + lines + "\n")
    assert run(["preset", "check", str(path), "--json"]) == 1
    out = capsys.readouterr().out
    assert says in out
    assert f"{path}:{line}:" in out or not line


@needs_kars
def test_a_pack_of_a_preset_with_layers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("layered.toml").write_text(BEGINNING + 'plugin = "Kars"\n')
    assert run(["pack", "--preset", "layered.toml", "--notes", "C4", "-o", "pack"]) == 2
    assert "x has layers, and a pack holds what the model plays" in capsys.readouterr().err


@needs_kars
def test_a_state_that_does_not_fit_is_told_and_a_plugin_that_will_not_load_is_an_error(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    PatchEffects(replace(PLAIN, layers=(replace(KARS_LAYER, state=b64encode(b"junk" * 20).decode()),))).close()
    assert told == ["Kars was not changed by this preset: it already has that state, or did not accept it"]
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # its process cannot even begin
    with pytest.raises(PluginError, match="Kars: ends the process that loads it"):
        PatchEffects(LAYERED)
    with pytest.raises(PatchError, match=r"layers.1.parameters.sustain: "):
        PatchEffects(replace(PLAIN, layers=(replace(KARS_LAYER, parameters={"sustain": "x"}),)))
