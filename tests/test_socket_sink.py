"""The pace of the sound that goes to pages: what is late, and what is too late."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from nsynth_lab.sinks import socket_sink
from nsynth_lab.sinks.socket_sink import STORE_SECONDS, SocketSink

BLOCK = np.zeros((2, 256), np.float32)


def test_a_late_block_is_an_underrun_once_it_is_later_than_the_store_of_who_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before that nobody hears it; nor are voices given up before the store is almost gone."""
    now = [100.0]
    sleep = lambda seconds: now.__setitem__(0, now[0] + seconds)  # noqa: E731
    monkeypatch.setattr(socket_sink, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    with SocketSink(block_samples=256) as sink:
        for _ in range(10):
            sink.write(BLOCK)
        assert now[0] == pytest.approx(100.0 + 10 * sink.block_seconds)
        now[0] += 0.6 * STORE_SECONDS
        assert not sink.starving
        sink.write(BLOCK)
        assert sink.underruns == 0
        now[0] += STORE_SECONDS
        assert sink.starving
        sink.write(BLOCK)
        assert sink.underruns == 1
        sink.store_seconds = 2 * STORE_SECONDS
        assert not sink.starving, "somebody who keeps more can wait longer"
        for _ in range(10):
            sink.write(BLOCK)
        assert not sink.starving, "it has caught up"
