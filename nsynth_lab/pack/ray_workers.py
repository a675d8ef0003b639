"""Batches of a pack spread over a Ray cluster. The only door to Ray, imported on first use.

The latents are found here and travel to the workers, clips come back and are written here: a worker needs this
package and nothing else, neither sources nor a shared disk. Ray queues, retries what a lost worker had begun, and
gives every machine its turn.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from nsynth_lab.errors import MissingError, PackError, UsageError
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.pack.request import PackRequest

SCHEME, HERE, RUNNING = "ray://", "local", "auto"
TRIES = 5
WAITING_FOR_EACH = 2  # batches under way for each processor, so that none runs dry

AnyClip = TypeVar("AnyClip")
Made = TypeVar("Made")


def check_address(address: str) -> str:
    """What follows `ray://`: a host and port, `auto` for the cluster that runs here, `local` for one of its own.

    Raises:
        UsageError: something else.

    >>> check_address("ray://local")
    'local'
    """
    where = address.removeprefix(SCHEME)
    if not where or where == address:
        raise UsageError(f"workers '{address}'; expected ray://HOST:PORT, ray://auto or ray://local")
    return where


def over_ray(
    address: str,
    share: Callable[[Checkpoint, list[AnyClip], PackRequest], Made],
    batches: Sequence[range],
    latents_of: Callable[[range], list[AnyClip]],
    checkpoint: Checkpoint,
    request: PackRequest,
) -> Iterator[tuple[range, list[AnyClip], Made]]:
    """Each batch, its clips and what `share` made of them, in the order in which they are finished.

    Raises:
        MissingError: Ray is not installed.
        PackError: the cluster cannot be reached, or a batch failed on every try.
    """
    ray = _joined(check_address(address))
    try:
        shared = ray.put(checkpoint)
        work = ray.remote(num_cpus=1, max_retries=TRIES)(_on_one_thread(share))
        most = WAITING_FOR_EACH * max(1, int(ray.cluster_resources().get("CPU", 1)))
        left = iter(batches)
        waiting: dict[Any, tuple[range, list[AnyClip]]] = {}
        while True:
            for batch in itertools.islice(left, most - len(waiting)):
                clips = latents_of(batch)
                waiting[work.remote(shared, clips, request)] = (batch, clips)
            if not waiting:
                return
            ready, _ = ray.wait(list(waiting), num_returns=1)
            for done in ready:
                yield *waiting.pop(done), ray.get(done)
    except ray.exceptions.RayError as error:
        raise PackError(f"the workers at {address} gave up: {' '.join(str(error).split())[-300:]}") from error
    finally:
        ray.shutdown()


def _on_one_thread(share: Callable[..., Made]) -> Callable[..., Made]:
    @functools.wraps(share)
    def work(*given: Any) -> Made:
        import torch

        torch.set_num_threads(1)
        return share(*given)

    return work


def _joined(where: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingError(f"--cluster needs Ray: pip install 'nsynth-lab[ray]' ({error})") from error
    address = where if where in (HERE, RUNNING) else f"{SCHEME}{where}"
    quiet = {"log_to_driver": False} | ({"include_dashboard": False} if where == HERE else {})
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise PackError(f"no Ray cluster at {SCHEME}{where}: {' '.join(str(error).split())[:200]}") from error
    return ray
