"""Batches of a pack distributed over a Ray cluster. The only door to Ray, imported on first use.

Latents are made here and sent to the workers; clips come back and are written here. So a worker needs only this
package: no sources, no shared disk. Ray queues the batches, retries those of a lost worker, and keeps every machine
busy.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from nsynth_lab.errors import MissingError, PackError, UsageError
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.threads import set_thread_count

SCHEME, LOCAL, AUTO = "ray://", "local", "auto"
TRIES = 5
BATCHES_PER_CPU = 2  # in flight, so that no processor runs dry

AnyClip = TypeVar("AnyClip")
Made = TypeVar("Made")


def check_address(address: str) -> str:
    """The part after `ray://`: HOST:PORT, `auto` for the cluster running here, `local` to start one.

    Raises:
        UsageError: not such an address.

    >>> check_address("ray://local")
    'local'
    """
    where = address.removeprefix(SCHEME)
    if not where or where == address:
        raise UsageError(f"--cluster {address}: expected ray://HOST:PORT, ray://auto or ray://local")
    return where


def over_ray(
    address: str,
    work: Callable[[Checkpoint, list[AnyClip], PackRequest], Made],
    batches: Sequence[range],
    latents_of: Callable[[range], list[AnyClip]],
    checkpoint: Checkpoint,
    request: PackRequest,
) -> Iterator[tuple[range, list[AnyClip], Made]]:
    """(batch, its latents, result of `work`) for each batch, in the order in which they finish.

    Raises:
        MissingError: Ray is not installed.
        PackError: the cluster cannot be reached, or a batch failed on every try.
    """
    ray = _connect(check_address(address))
    try:
        shared = ray.put(checkpoint)
        task = ray.remote(num_cpus=1, max_retries=TRIES)(_single_threaded(work))
        most = BATCHES_PER_CPU * max(1, int(ray.cluster_resources().get("CPU", 1)))
        left = iter(batches)
        in_flight: dict[Any, tuple[range, list[AnyClip]]] = {}
        while True:
            for batch in itertools.islice(left, most - len(in_flight)):
                clips = latents_of(batch)
                in_flight[task.remote(shared, clips, request)] = (batch, clips)
            if not in_flight:
                return
            ready, _ = ray.wait(list(in_flight), num_returns=1)
            for done in ready:
                yield *in_flight.pop(done), ray.get(done)
    except ray.exceptions.RayError as error:
        raise PackError(f"the workers at {address} gave up: {' '.join(str(error).split())[-300:]}") from error
    finally:
        ray.shutdown()


def _single_threaded(work: Callable[..., Made]) -> Callable[..., Made]:
    @functools.wraps(work)
    def on_one_thread(*given: Any) -> Made:
        set_thread_count(1)
        return work(*given)

    return on_one_thread


def _connect(where: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingError(f"--cluster needs Ray: pip install 'nsynth-lab[ray]' ({error})") from error
    address = where if where in (LOCAL, AUTO) else f"{SCHEME}{where}"
    options = {"log_to_driver": False} | ({"include_dashboard": False} if where == LOCAL else {})
    try:
        ray.init(address=address, **options)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise PackError(f"no Ray cluster at {SCHEME}{where}: {' '.join(str(error).split())[:200]}") from error
    return ray
