"""Batches of a pack spread over a Ray cluster. The only door to Ray, imported on first use.

The latents are found here and travel to the workers, clips come back and are written here: a worker needs this
package and nothing else, neither sources nor a shared disk. Ray queues, retries what a lost worker had begun, and
gives every machine its turn.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nsynth_lab.errors import MissingError, PackError, UsageError
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.render.pack_clip import Finished, finish_clips
from nsynth_lab.render.pack_decode import decode_rows
from nsynth_lab.render.pack_latents import Row, settled_frame
from nsynth_lab.render.pack_request import PackRequest

SCHEME, HERE, RUNNING = "ray://", "local", "auto"
TRIES = 5
WAITING_FOR_EACH = 2  # batches under way for each processor, so that none runs dry

RowsOf = Callable[[range], list[Row]]


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
    address: str, batches: Sequence[range], rows_of: RowsOf, checkpoint: Checkpoint, request: PackRequest
) -> Iterator[tuple[range, list[Finished]]]:
    """Each batch and its clips, in the order in which they are finished.

    Raises:
        MissingError: Ray is not installed.
        PackError: the cluster cannot be reached, or a batch failed on every try.
    """
    ray = _joined(check_address(address))
    try:
        shared = ray.put(checkpoint)
        work = ray.remote(num_cpus=1, max_retries=TRIES)(finish_batch)
        most = WAITING_FOR_EACH * max(1, int(ray.cluster_resources().get("CPU", 1)))
        left = iter(batches)
        waiting: dict[Any, range] = {}
        while True:
            for batch in itertools.islice(left, most - len(waiting)):
                waiting[work.remote(shared, rows_of(batch), request)] = batch
            if not waiting:
                return
            ready, _ = ray.wait(list(waiting), num_returns=1)
            for done in ready:
                yield waiting.pop(done), ray.get(done)
    except ray.exceptions.RayError as error:
        raise PackError(f"the workers at {address} gave up: {' '.join(str(error).split())[-300:]}") from error
    finally:
        ray.shutdown()


def finish_batch(checkpoint: Checkpoint, rows: list[Row], request: PackRequest) -> list[Finished]:
    """What a worker does."""
    import torch

    torch.set_num_threads(1)
    return list(finish_clips(rows, decode_rows(rows, checkpoint, settled=settled_frame(request)), request))


def _joined(where: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingError(f"--workers needs Ray: pip install 'nsynth-lab[ray]' ({error})") from error
    address = where if where in (HERE, RUNNING) else f"{SCHEME}{where}"
    quiet = {"log_to_driver": False} | ({"include_dashboard": False} if where == HERE else {})
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise PackError(f"no Ray cluster at {SCHEME}{where}: {' '.join(str(error).split())[:200]}") from error
    return ray
