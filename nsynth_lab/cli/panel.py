"""`nsynth-lab panel`: the instrument as a page in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import completions, console
from nsynth_lab.cli.clocks import ClockOption, check_clock
from nsynth_lab.cli.options import CheckpointOption, ComputeOption, SeedOption
from nsynth_lab.cli.remote import OscOption, OscOutOption, Remote
from nsynth_lab.cli.stage import LatencyOption
from nsynth_lab.errors import MissingError, UsageError

if TYPE_CHECKING:
    from nsynth_lab.patch import Patch

TO_BEGIN_WITH = ("flute", "cello", "choir aahs", "marimba")
EXTRA = ("starlette", "uvicorn", "websockets")
DEFAULT_DEVICE = "default"

WhatArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="A preset by name or a .toml file, or one to four instruments by name.",
        metavar="PRESET | A B [C D]",
        show_default=False,
        autocompletion=completions.presets_and_instruments,
    ),
]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 chooses a free one.")]
HostOption = Annotated[
    str, typer.Option(help="The address to listen on. With another, other machines can play too: they need the token.")
]
NoBrowserOption = Annotated[bool, typer.Option("--no-browser", help="Only print the address; open nothing.")]
OutputDeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device", help="An audio output, by name, or default: it plays instead of the page.", show_default="the page"
    ),
]
BlockOption = Annotated[int, typer.Option(help="Samples a block: 64, 128, 256, 512 or 1024.")]


def panel(
    what: WhatArgument = None,
    port: PortOption = 8765,
    host: HostOption = "127.0.0.1",
    no_browser: NoBrowserOption = False,
    output_device: OutputDeviceOption = None,
    latency: LatencyOption = "low",
    block: BlockOption = 256,
    clock: ClockOption = "",
    osc: OscOption = "",
    osc_out: OscOutOption = "",
    compute: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
) -> None:
    """Play the instrument on a page in the browser: a pad between two to four instruments, keys, presets, knobs.

    The page opens by itself, and its address is printed; Ctrl-C ends it. It sounds in the browser, or with `--device`
    through an audio output of this machine. Any number of pages may be open: all play the same instrument. Nothing
    leaves this machine, and no other can reach it; with `--host 0.0.0.0` others can, by the address with its token.
    Browsers sound only on pages of their own machine or of an encrypted one, so from another machine take a tunnel,
    `ssh -L 8765:127.0.0.1:8765 STUDIO`, or let `--device` play. A program can play too: /api/messages says how.

    With `--clock` the tempo of a DAW or drum machine is followed, which can be chosen on the page too; with `--osc`
    touch surfaces and other programs move and play what the page does, as in `nsynth-lab play`.

    **Examples**

        nsynth-lab panel

        nsynth-lab panel flute cello

        nsynth-lab panel glass-cello --device default --block 128

        nsynth-lab panel glass-cello --clock link --osc 9000 --osc-out 9001

        nsynth-lab panel flute cello "choir aahs" marimba --port 0 --no-browser
    """
    from nsynth_lab.render.play_request import BLOCKS
    from nsynth_lab.sinks.device import LATENCIES

    if latency not in LATENCIES:
        raise UsageError(f"latency '{latency}'; expected low or high")
    if block not in BLOCKS:
        raise UsageError(f"blocks of {block} samples; expected one of {', '.join(map(str, BLOCKS))}")
    remote = Remote(osc, osc_out)
    check_clock(clock, has_port=True)
    remote.check()
    patch, preset = _to_play(what or (), checkpoint)

    try:
        from nsynth_lab.panel.guard import Guard
        from nsynth_lab.panel.server import address_of, listen, make_app, serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise MissingError(
            f"the panel needs starlette, uvicorn and websockets: pip install 'nsynth-lab[panel]' ({error})"
        ) from error
    from nsynth_lab.panel.instrument import Instrument
    from nsynth_lab.render import Session

    with listen(host, port) as listener:
        guard = Guard.of(listener, host)
        console.say("loading")
        session = Session(checkpoint, device=compute, seed=seed, progress=console.progress)
        device = "" if output_device == DEFAULT_DEVICE else output_device
        with (
            Instrument(
                session, patch, preset=preset, block_samples=block, latency=latency, device=device
            ) as instrument,
            remote.opened(instrument.hear_remote, instrument.heard_values, lambda: instrument.patch) as troubles,
        ):
            instrument.remote_troubles = troubles
            if clock:
                instrument.follow_clock(clock)
            address = address_of(listener, guard)
            console.show(address)
            console.say("open; Ctrl-C ends it")
            if not no_browser:
                open_browser(address)
            with suppress(KeyboardInterrupt):  # how a player ends
                serve(make_app(instrument, guard=guard), listener, instrument.worker)


def _to_play(what: Sequence[str], checkpoint: Path | None) -> tuple[Patch, str]:
    """The patch that is meant, and the name of its preset: one word may be a preset or an instrument.

    Raises:
        UsageError: neither of the two, or more instruments than the pad has corners.
        PatchError: a preset that cannot be read.
    """
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, find_name, known_names
    from nsynth_lab.panel.changes import blend_patch
    from nsynth_lab.patch.library import preset_files, preset_named
    from nsynth_lab.patch.place import MAX_POSITIONED_SOURCES
    from nsynth_lab.patch.preset_file import read_preset
    from nsynth_lab.wording import did_you_mean, quoted

    if len(what) > MAX_POSITIONED_SOURCES:
        raise UsageError(f"{len(what)} instruments; expected one to four, as the pad has four corners")
    known = known_names(checkpoint or DEFAULT_CHECKPOINT)
    if not what:
        what = [name for name in TO_BEGIN_WITH if name in known] or known[:MAX_POSITIONED_SOURCES]
    if len(what) == 1:
        (word,) = what
        presets = [path.stem for path in preset_files()]
        if path := preset_named(word, instruments=known):
            return read_preset(path).with_macros_applied(), path.stem
    else:
        word, presets = "", []

    def neither(name: str) -> str:
        hint = did_you_mean(name, [*known, *presets]) if name == word else ""
        return f"{quoted(name)} is neither a preset nor an instrument; {hint}" if hint else ""

    return blend_patch([find_name(name, known, hint=neither) for name in what]), ""


def open_browser(address: str) -> None:
    """Where there is one to be seen; never waits for it."""
    from nsynth_lab.panel.browser_window import open_window

    if not open_window(address):
        console.say("open this address in a browser; there is no display here")
