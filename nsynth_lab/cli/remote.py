"""The options by which other programs play along over OSC, and the connections while it plays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.wording import counted

if TYPE_CHECKING:
    from nsynth_lab.osc.feedback import Look
    from nsynth_lab.osc.server import OscServer, Receive
    from nsynth_lab.patch import Patch
    from nsynth_lab.render.live import Live

OscOption = Annotated[
    str,
    typer.Option(
        "--osc",
        help="Listen for OSC on this UDP port, such as 9000; for other machines HOST:PORT, such as 0.0.0.0:9000.",
    ),
]
OscOutOption = Annotated[
    str, typer.Option("--osc-out", help="Send parameters, tempo and levels as OSC to a PORT, or to HOST:PORT.")
]

PatchNow = Callable[[], "Patch | None"]


@dataclass(frozen=True)
class Remote:
    """Who plays along over OSC: the port that is listened on and the one that is sent to, as typed; none if empty."""

    osc: str = ""
    osc_out: str = ""

    def check(self) -> None:
        """Check both before any work.

        Raises:
            UsageError: one is no port.
            MissingError: python-osc is not installed.
        """
        from nsynth_lab.osc.packets import check_installed
        from nsynth_lab.osc.server import parse_endpoint

        for text, option in ((self.osc, "--osc"), (self.osc_out, "--osc-out")):
            if text:
                parse_endpoint(text, option=option)
                check_installed()

    @contextmanager
    def opened(self, receive: Receive, look: Look, patch: PatchNow) -> Iterator[Callable[[], Iterable[str]]]:
        """The connections while it plays; gives a function that returns a line about what was refused, if anything.

        `receive` takes the events of what comes in, `look()` gives the values that are sent. What `patch()`
        returns, if anything, can be moved too.

        Raises:
            UsageError: the port is taken.
        """
        from nsynth_lab.osc.addresses import PresentAddresses
        from nsynth_lab.osc.feedback import OscFeedback
        from nsynth_lab.osc.server import OscServer, parse_endpoint

        server = None
        with ExitStack() as stack:
            if self.osc:
                endpoint = parse_endpoint(self.osc)
                server = stack.enter_context(OscServer(endpoint, PresentAddresses(patch), receive))
                console.say(f"OSC on {endpoint[0]}, UDP port {server.port}")
            if self.osc_out:
                endpoint = parse_endpoint(self.osc_out, option="--osc-out")
                stack.enter_context(OscFeedback(endpoint, look))
            yield server.troubles if server is not None else tuple
        if server is not None:
            console.show(_summary(server))


def heard_values(live: Live) -> dict[str, float]:
    """What other programs are told of a performance."""
    from nsynth_lab.osc.feedback import values_of

    status = live.status()
    return values_of(
        live.engine.player,
        clock=live.engine.clock,
        voices=status.engine.voices,
        peak=status.engine.peak,
        load=status.median,
        underruns=status.underruns,
    )


def _summary(server: OscServer) -> str:
    return f"OSC: {counted(server.received, 'message')} taken, {counted(server.refused, 'packet')} refused"
