"""What a pack will cost before it is made: clips, minutes of sound, bytes on disk, seconds of work."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.errors import PackError
from nsynth_lab.pack.batches import batches_at_once
from nsynth_lab.pack.format_table import FLAC_SHARE, left_out, size_share
from nsynth_lab.pack.make import make_batches
from nsynth_lab.pack.plan import PackPlan
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.render.session import Session
from nsynth_lab.threads import thread_count

EXTRA_BYTES = 4 * 2**20  # pictures, preview, tables
MANY_CLIPS = 1_000


@dataclass(frozen=True)
class Estimate:
    """Clips, seconds of sound, bytes on disk, seconds of work on this machine, and what some formats leave out."""

    clips: int
    sound_seconds: float
    disk_bytes: int
    work_seconds: float
    left_out: tuple[str, ...]


def disk_bytes(request: PackRequest, *, clip_seconds: float | None = None) -> int:
    """Approximate size of a pack. `clip_seconds` is a clip's length times its channels; by default from the request."""
    usual = request.seconds * (2 if request.preset else 1)
    samples = request.clips * round((clip_seconds or usual) * request.sample_rate)
    clips = samples * request.bits // 8
    own = FLAC_SHARE if request.flac else 1.0
    return round(clips * (own + size_share(request.formats, request.extent))) + EXTRA_BYTES


def estimate(session: Session, plan: PackPlan) -> Estimate:
    """Measured by making some batches from the middle of the pack: one, or as many as the processors make at once."""
    request = plan.request
    batch = plan.batches[len(plan.batches) // 2]
    make_batches(session, plan, [batch[:1]])  # warm up: the first decoding of a run is slower
    most = (
        1
        if session.device == "cuda"
        else min(thread_count(), batches_at_once(request, session.device, rows=len(batch)))
    )
    first = max(0, min(len(plan.batches) // 2, len(plan.batches) - most))
    started = time.perf_counter()
    made = make_batches(session, plan, plan.batches[first : first + most])
    a_clip = (time.perf_counter() - started) / len(made)
    seconds = sum(clip.samples.shape[1] for clip in made) / len(made) / request.sample_rate
    both_sides = sum(clip.samples.size for clip in made) / len(made) / request.sample_rate
    return Estimate(
        clips=request.clips,
        sound_seconds=request.clips * seconds,
        disk_bytes=disk_bytes(request, clip_seconds=both_sides),
        work_seconds=a_clip * request.clips,
        left_out=tuple(left_out(request.formats, request.extent)),
    )


def check_room(request: PackRequest, folder: Path) -> None:
    """Refuse before the work if the disk is too full.

    Raises:
        PackError: the disk is too full for the pack.
    """
    here = folder if folder.is_dir() else folder.absolute().parent
    free = shutil.disk_usage(here).free
    if disk_bytes(request) > free:
        raise PackError(
            f"{folder}: the pack needs about {megabytes(disk_bytes(request))}, {megabytes(free)} are free there; "
            "make room, or ask for fewer notes, velocities or formats"
        )


def megabytes(count: int) -> str:
    """A number of bytes, readable.

    >>> megabytes(300_000_000), megabytes(2_500_000_000)
    ('300 MB', '2.5 GB')
    """
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
