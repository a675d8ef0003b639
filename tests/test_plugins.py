"""Third-party plugins, the real ones: found, described, played, and kept from doing harm.

With Debian's `zam-plugins` where it is installed; plugins that crash or hang are built here with a C compiler.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from tiny_model import tiny_checkpoint

from nsynth_lab.cli import run
from nsynth_lab.effects import Chain, find_plugin, plugin_files, scan, scanned_plugins
from nsynth_lab.effects.hosted_plugin import PluginSetup
from nsynth_lab.effects.plugin_cache import CACHE
from nsynth_lab.effects.plugin_process import PluginProcess
from nsynth_lab.errors import PatchError, PluginError
from nsynth_lab.folders import cache_folder
from nsynth_lab.patch import Slot
from nsynth_lab.render import Session
from nsynth_lab.render.check_preset import check_preset
from nsynth_lab.units import FloatArray

ZAM = Path("/usr/lib/vst3")
STEREO, MONO = "ZamCompX2", "ZamDelay"
SIZES = (64, 256, 1000, 31, 1024, 5)

needs_zam = pytest.mark.skipif(not (ZAM / f"{MONO}.vst3").exists(), reason="zam-plugins is not installed (Debian)")
needs_cc = pytest.mark.skipif(
    shutil.which("cc") is None or not sys.platform.startswith("linux"), reason="no C compiler, or not Linux"
)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two plugins have been scanned."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NSYNTH_LAB_HOME", str(home))
        scan([ZAM / f"{name}.vst3" for name in (STEREO, MONO)])
    return home


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))


@pytest.fixture
def zam(scanned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(scanned))


def noise(samples: int = 12_000) -> FloatArray:
    return np.asarray(np.random.default_rng(0).standard_normal((2, samples)) * 0.2, np.float32)


def bad_plugin(path: Path, code: str) -> Path:
    """A library that does `code` as soon as it is loaded."""
    source = path.with_suffix(".c")
    source.write_text(f"#include <stdlib.h>\n#include <unistd.h>\n__attribute__((constructor)) void f() {{ {code} }}\n")
    binary = path / "Contents" / "x86_64-linux" / f"{path.stem}.so"
    binary.parent.mkdir(parents=True)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", binary, source], check=True)
    return path


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_scan_reports_a_plugins_properties() -> None:
    delay, comp = find_plugin(MONO), find_plugin("zamcompx2")
    assert (delay.channels, comp.channels) == (1, 2)
    assert {delay.kind, comp.kind} == {"effect"}
    ranges = {one.name: (one.steps[0][1], one.steps[-1][1], one.unit) for one in delay.parameters}
    assert ranges["time"] == (1.0, 8000.0, "ms")
    assert ranges["feedback"] == (0.0, 1.0, "")
    assert not any("midi" in name or "buffer" in name for name in ranges)
    assert comp.find("threshold").unit == "dB"


@needs_zam
@pytest.mark.usefixtures("zam")
def test_unknown_parameters_and_values_are_refused_with_the_nearest() -> None:
    with pytest.raises(PatchError, match=r"effects.1.tresh: ZamCompX2 has no such parameter; did you mean threshold\?"):
        Chain([Slot(plugin=STEREO, parameters={"tresh": -20.0})])
    with pytest.raises(PatchError, match=r"threshold: 20.0; expected -80 to 0 dB"):
        Chain([Slot(plugin=STEREO, parameters={"threshold": 20.0})])
    with pytest.raises(PluginError, match="did you mean ZamDelay"):
        Chain([Slot(plugin="ZamDelayy")])


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_wrong_plugin_parameter_in_a_preset_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(
        'version = 1\nname = "x"\n[blend]\ncorners = ["flute", "cello"]\n'
        f'[[effects]]\nplugin = "{STEREO}"\n[effects.parameters]\ntresh = -20\n'
    )
    found = check_preset(path, Session(tiny_checkpoint(tmp_path / "model")), level=False)
    assert found["error"].startswith(f"{path}:8: effects.1.parameters.tresh: ZamCompX2 has no such parameter")


@needs_zam
@pytest.mark.usefixtures("zam")
def test_plugins_of_a_chain_that_cannot_be_made_are_unloaded_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    made: list[PluginProcess] = []

    def noted(setup: PluginSetup) -> PluginProcess:
        made.append(PluginProcess(setup))
        return made[-1]

    monkeypatch.setattr("nsynth_lab.effects.host.start_plugin", noted)
    with pytest.raises(PatchError, match=r"effects\.2\.tresh"):
        Chain([Slot(plugin=STEREO), Slot(plugin=MONO, parameters={"tresh": 1.0})])
    assert [plugin._child.poll() is not None for plugin in made] == [True]
    assert capfd.readouterr() == ("", "")


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_parameter_does_what_its_number_says() -> None:
    click = np.zeros((2, 24_000), np.float32)
    click[:, 0] = 0.5
    settings = {"time": 100.0, "dry_wet": 1.0, "feedback": 0.0, "lpf": 20_000.0}
    heard = Chain([Slot(plugin=MONO, parameters={**settings})]).run(click)
    assert abs(int(np.argmax(np.abs(heard[0]))) - 4800) < 48
    levels = []
    for threshold in (-10.0, -30.0, -50.0):
        heard = Chain([Slot(plugin=STEREO, parameters={"threshold": threshold, "ratio": 10.0})]).run(noise(48_000))
        levels.append(float(np.sqrt(np.mean(heard[:, 24_000:] ** 2))))
    assert levels == sorted(levels, reverse=True)
    assert levels[2] < levels[0] / 4


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_plugin_in_blocks_is_the_plugin_in_one_go() -> None:
    slots = [Slot("chorus"), Slot(plugin=MONO, parameters={"time": 20.0}), Slot("reverb"), Slot(plugin=STEREO)]
    chain, sound = Chain(slots), noise()
    whole = chain.process(sound)
    assert np.abs(whole).max() > 0.05
    chain.reset()
    blocks, first, turn = [], 0, 0
    while first < sound.shape[1]:
        size = SIZES[turn % len(SIZES)] if sound.shape[1] - first > 1100 else sound.shape[1] - first
        blocks.append(chain.process(sound[:, first : first + size]))
        first, turn = first + size, turn + 1
    assert np.abs(np.concatenate(blocks, axis=1) - whole).max() < 1e-6


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_mono_plugin_runs_once_per_channel() -> None:
    sound = noise()
    chain = Chain([Slot(plugin=MONO, parameters={"time": 20.0})])
    both = chain.process(sound)
    for side in (0, 1):
        chain.reset()
        alone = chain.process(np.stack([sound[side], sound[side]]))
        assert np.array_equal(alone[side], both[side])


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_plugin_may_be_loaded_on_one_thread_and_played_on_another() -> None:
    sound = noise()
    chains: list[Chain] = []
    thread = threading.Thread(target=lambda: chains.append(Chain([Slot(plugin=MONO), Slot("reverb")])))
    thread.start()
    thread.join()
    (chain,) = chains
    whole = chain.process(sound)
    chain.reset()
    heard: list[FloatArray] = []
    thread = threading.Thread(target=lambda: heard.append(chain.process(sound)))
    thread.start()
    thread.join()
    assert np.array_equal(heard[0], whole)


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_plugins_parameters_change_while_playing() -> None:
    chain, sound = Chain([Slot(plugin=STEREO, parameters={"threshold": 0.0})]), noise(48_000)
    before = np.abs(chain.process(sound)[:, -1000:]).mean()
    chain.set(f"{STEREO}.threshold", -60.0)
    chain.set(f"{STEREO}.ratio", 10.0)
    assert np.abs(chain.process(sound)[:, -1000:]).mean() < before / 2


@needs_zam
@pytest.mark.usefixtures("zam")
def test_a_state_in_a_preset_restores_the_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "state", STEREO, "--set", "threshold=-50", "--set", "ratio=10"]) == 0
    state = capsys.readouterr().out.strip()
    sound = noise(24_000)
    by_state = Chain([Slot(plugin=STEREO, state=state)]).process(sound)
    by_name = Chain([Slot(plugin=STEREO, parameters={"threshold": -50.0, "ratio": 10.0})]).process(sound)
    assert np.abs(by_state - by_name).max() < 1e-3
    assert np.abs(by_state - Chain([Slot(plugin=STEREO)]).process(sound)).max() > 0.05
    assert run(["plugins", "state", STEREO, "--set", "threshold"]) == 2
    assert run(["plugins", "state", STEREO, "--state", "nowhere"]) == 2


@needs_zam
@pytest.mark.usefixtures("zam")
def test_hostile_states_are_refused_or_harmless() -> None:
    dice = np.random.default_rng(0)
    for size in (0, 1, 16, 300, 20_000):
        state = b64encode(b"VC2!" + dice.bytes(size)).decode()
        with suppress(PluginError):
            assert np.isfinite(Chain([Slot(plugin=STEREO, state=state)]).process(noise(3000))).all()


@needs_zam
@needs_cc
@pytest.mark.usefixtures("zam")
def test_a_state_that_a_plugin_does_not_survive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "fatal.so"
    (tmp_path / "fatal.c").write_text("#include <stdlib.h>\n__attribute__((constructor)) void f() { abort(); }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "fatal.c"], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))  # whatever the child does, it dies of it
    with pytest.raises(PluginError, match=r"does not survive the state in this preset: it crashes .*SIGABRT"):
        Chain([Slot(plugin=STEREO, state="AAEC")])


@needs_zam
@pytest.mark.usefixtures("zam")
def test_scan_results_are_cached_by_file_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["nsynth_lab.effects.scan"], "run_in_subprocess", None)
    seen: list[Path] = []
    found = scan([ZAM / f"{MONO}.vst3"], progress=seen.append)
    assert [one.name for one in found] == [MONO]
    assert seen == [ZAM / f"{MONO}.vst3"]


@needs_zam
def test_a_plugin_that_changed_since_the_scan_is_not_loaded(tmp_path: Path) -> None:
    copy = tmp_path / f"{MONO}.vst3"
    shutil.copytree(ZAM / f"{MONO}.vst3", copy)
    scan([copy])
    assert Chain([Slot(plugin=MONO)]).latency_samples >= 0
    (copy / "Contents" / "added").write_text("x")
    with pytest.raises(PluginError, match="its file has changed"):
        Chain([Slot(plugin=MONO)])
    scan([copy])
    assert Chain([Slot(plugin=MONO)]).latency_samples >= 0, "a newer version of a plugin takes the old one's place"


def test_files_that_are_no_plugins_are_reported_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "junk.vst3").write_bytes(b"MZ" + bytes(1000))
    (tmp_path / "empty.vst3").mkdir()
    found = scan(plugin_files([tmp_path]))
    assert {one.name for one in found} == {"junk", "empty"}
    assert all("no VST3 plugin" in one.error for one in found)
    with pytest.raises(PluginError, match="no VST3 plugin"):
        find_plugin("junk")


@needs_cc
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("for (;;) sleep(1);", "hangs: no answer within 6 s"),
        ("abort();", "crashes while it is loaded (SIGABRT)"),
        ("*(volatile int *)0 = 1;", "crashes while it is loaded (SIGSEGV)"),
        ("kill(getpid(), 9);", "crashes while it is loaded (SIGKILL)"),
        ("_exit(3);", "ends the process that loads it (code 3)"),
    ],
)
def test_a_plugin_that_hangs_or_crashes_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    path = bad_plugin(tmp_path / "bad.vst3", f"extern int kill(int, int); {code}")
    (found,) = scan([path], timeout_seconds=6.0)
    assert found.error == says
    monkeypatch.setattr(sys.modules["nsynth_lab.effects.scan"], "run_in_subprocess", None)  # it is not tried again
    assert scan([path])[0].error == says


@needs_zam
@needs_cc
def test_the_scan_command_reports_failures_and_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad_plugin(tmp_path / "bad.vst3", "abort();")
    assert run(["plugins", "scan", str(tmp_path), str(ZAM / f"{MONO}.vst3")]) == 0
    told = capsys.readouterr()
    assert "1 plugins work (0 of them instruments), 1 are left out" in told.out
    assert "left out: bad" in told.err
    assert run(["plugins", "list"]) == 0
    told = capsys.readouterr()
    assert MONO in told.out
    assert "SIGABRT" in told.out
    assert run(["plugins", "show", MONO]) == 0
    assert "1 to 8000 ms; 160" in capsys.readouterr().out
    assert run(["plugins", "show", "nobody"]) == 1
    assert run(["plugins", "scan", str(tmp_path / "nowhere")]) == 1


@pytest.mark.parametrize("held", ["", "{}", "[1]", '{"version": 1, "plugins": {"a": [{"x": 1}]}}', "[" * 100_000])
def test_a_damaged_plugin_cache_counts_as_empty(held: str) -> None:
    cache_folder().mkdir(parents=True)
    (cache_folder() / CACHE).write_text(held, encoding="utf-8")
    assert scanned_plugins() == []
