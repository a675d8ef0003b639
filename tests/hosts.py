"""The plugin as hosts find it: a fixture."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from nsynth_lab.errors import MissingError, PluginError
from nsynth_lab.plugin.build import EFFECTS, FORMATS, build, built_folder
from nsynth_lab.plugin.install import install
from nsynth_lab.plugin.place import our_place

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The plugin in folders of hosts, by format, and the effect, such as "VST3 effect".

    Their engine ends two seconds after the last instance.
    """
    parent = REPOSITORY / "build" / "plugin"
    parent.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patched, open(parent / "lock", "w") as lock:
        # A plugin also offers the user's presets; without those of other tests, all tests of a run share one build.
        patched.setenv("NSYNTH_LAB_HOME", str(tmp_path_factory.mktemp("home")))
        kept = parent / built_folder().name
        fcntl.flock(lock, fcntl.LOCK_EX)  # other processes of this run build it too
        if not kept.is_dir():
            try:
                build(kept)
            except (MissingError, PluginError) as error:
                pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("hosts")
    paths = install(kept, {name: folder / name for name in FORMATS}, place=our_place(linger_seconds=2.0))
    return dict(zip([*FORMATS, *(f"{name} effect" for name in EFFECTS)], paths, strict=True))
