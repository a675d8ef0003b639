"""Freed memory is kept, threads are left to torch, those that wait sleep, and long work gives way."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from nsynth_lab.cli import COMMANDS, GROUPS
from nsynth_lab.process_tuning import (
    AUTOGROUP,
    LONG_COMMANDS,
    NICENESS,
    NUMPY_POOLS,
    SESSION_NICENESS,
    WAIT_POLICY,
    WAITING,
    give_way,
    keep_freed_memory,
    leave_threads_to_torch,
    sleep_while_waiting,
)
from nsynth_lab.threads import usable_processors
from nsynth_lab.workers import LEAST_ITEMS, in_parallel, with_helpers

FAULTS = """
import resource, sys
import torch
from nsynth_lab.process_tuning import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
for _ in range(3):
    kept = [torch.ones(1_000_000) for _ in range(4)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    kept = [torch.ones(1_000_000) for _ in range(4)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    mapped = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}  # left alone, glibc may or may not learn to keep
    command = [sys.executable, "-c", FAULTS, how]
    ran = subprocess.run(command, env=mapped, capture_output=True, text=True, check=True, timeout=120)
    return int(ran.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told to keep memory")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    assert faults("kept") * 5 < faults("given back")


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()


def test_numpy_has_one_thread_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NUMPY_POOLS[0], "3")
    monkeypatch.delenv(NUMPY_POOLS[1], raising=False)
    leave_threads_to_torch()
    assert [os.environ[pool] for pool in NUMPY_POOLS] == ["3", "1"]


def test_the_command_line_does_not_import_numpy_before_it_has_said_so() -> None:
    watched = (
        "import sys, nsynth_lab.process_tuning as p; p.leave_threads_to_torch = lambda: print('numpy' in sys.modules)"
    )
    command = [
        sys.executable,
        "-c",
        f"{watched}; import nsynth_lab.__main__ as m; sys.argv[1:] = ['--version']; m.main()",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.startswith("False")


WAITED = """
import os, sys, time
from nsynth_lab.process_tuning import sleep_while_waiting
if sys.argv[1] == "asleep":
    sleep_while_waiting()
import torch
torch.set_num_threads(2)
for _ in range(200):
    torch.ones(1_000_000)  # on both threads
    time.sleep(0.002)  # one has nothing to do meanwhile
others = [one for one in os.listdir("/proc/self/task") if int(one) != os.getpid()]
assert others
print(sum(int(open(f"/proc/self/task/{one}/schedstat").read().split()[0]) for one in others))
"""


def processor_time_of_other_threads(how: str) -> int:
    free = {name: value for name, value in os.environ.items() if name not in (*WAITING, WAIT_POLICY)}
    command = [sys.executable, "-c", WAITED, how]
    ran = subprocess.run(command, env=free, capture_output=True, text=True, check=True, timeout=120)
    return int(ran.stdout)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or usable_processors() < 2, reason="needs Linux's record of each thread"
)
def test_a_thread_that_waits_leaves_the_processor_alone() -> None:
    assert 2 * processor_time_of_other_threads("asleep") < processor_time_of_other_threads("as usual")


def test_how_threads_wait_is_left_to_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*WAITING, WAIT_POLICY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOMP_SPINCOUNT", "77")
    sleep_while_waiting()
    assert {name: os.environ[name] for name in WAITING} == {**WAITING, "GOMP_SPINCOUNT": "77"}
    for name in WAITING:
        monkeypatch.delenv(name)
    monkeypatch.setenv(WAIT_POLICY, "ACTIVE")
    sleep_while_waiting()
    assert not set(WAITING) & set(os.environ)


def test_the_library_sets_nothing() -> None:
    asked = "import os; before = dict(os.environ); import nsynth_lab.render; assert dict(os.environ) == before"
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=120)


def nice_value(*arguments: str, before: int = 0) -> int:
    asked = "import os, sys; from nsynth_lab.process_tuning import give_way; os.nice(int(sys.argv[1]));"
    command = [sys.executable, "-c", f"{asked} give_way(sys.argv[2:]); print(os.nice(0))", str(before), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return int(ran.stdout)


@pytest.mark.skipif(not hasattr(os, "nice") or os.nice(0) != 0, reason="these tests run with a nice value themselves")
def test_long_work_gives_way_and_nothing_else_does() -> None:
    assert nice_value("pack", "flute", "-o", "pack") == nice_value("bank", "build") == NICENESS
    assert nice_value("play", "flute") == nice_value("bank", "list") == nice_value() == 0
    assert nice_value("pack", "flute", before=2) == 2  # the user has decided


def test_long_commands_are_commands() -> None:
    assert {words[0] for words in LONG_COMMANDS} <= {name for name, _ in (*COMMANDS, *GROUPS)}
    give_way(["no", "such", "command"])


def process_of(_: int) -> int:
    return os.getpid()


def test_there_are_as_many_workers_as_usable_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsynth_lab.workers.usable_processors", lambda: 1)
    assert {pid for _, pid in in_parallel(process_of, range(4))} == {os.getpid()}


def slow_process_of(item: int) -> tuple[int, int]:
    time.sleep(0.1)
    return item, os.getpid()


def test_helpers_share_the_items_with_this_process_and_keep_their_order() -> None:
    done = list(with_helpers(slow_process_of, range(4 * LEAST_ITEMS), jobs=2))
    assert [item for item, _ in done] == list(range(4 * LEAST_ITEMS))
    assert os.getpid() in {pid for _, pid in done}
    assert len({pid for _, pid in done}) <= 2


def test_a_few_items_need_no_helpers() -> None:
    items = range(2 * LEAST_ITEMS - 1)
    assert {pid for _, pid in with_helpers(slow_process_of, items[:3], jobs=2)} == {os.getpid()}
    assert list(with_helpers(abs, items, jobs=2)) == list(items)


def fail_at_last(item: int) -> int:
    if item == 2 * LEAST_ITEMS - 1:
        raise ValueError("the last one")
    return item


def test_an_error_comes_in_its_turn() -> None:
    made = with_helpers(fail_at_last, range(2 * LEAST_ITEMS), jobs=2)
    assert [next(made) for _ in range(2 * LEAST_ITEMS - 1)] == list(range(2 * LEAST_ITEMS - 1))
    with pytest.raises(ValueError, match="the last one"):
        next(made)


def test_long_work_with_a_session_of_its_own_lets_other_sessions_go_first() -> None:
    if not AUTOGROUP.exists():
        pytest.skip("this system does not weigh sessions")
    script = "from nsynth_lab.process_tuning import AUTOGROUP, go_last; go_last(); print(AUTOGROUP.read_text())"
    for own in (True, False):
        ran = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, start_new_session=own
        )
        assert ran.stdout.strip().endswith(f"nice {SESSION_NICENESS}") == own
