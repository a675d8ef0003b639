"""The command lines that the READMEs and the help texts show, and a folder in which they can be run."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
from pack_model import write_model
from test_train import pluck, write_notes
from tiny_model import tiny_model
from typer.main import get_command

from nsynth_lab import cli
from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.latents import Latents
from nsynth_lab.melody.checkpoint import FILE as MELODY
from nsynth_lab.model.bank import Bank, load_bank, write_bank
from nsynth_lab.model.checkpoint import save_weights
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.tune.files import read_tune, write_tune
from nsynth_lab.units import SAMPLE_RATE

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "nsynth_lab/train/README.md", "nsynth_lab/bench/README.md")
EACH = 6  # instruments of which a small model keeps one, besides those that are named
SHOWN = r"^ {4}((?:nsynth-lab|scripts/|torchrun|\.) .*?|scripts/\S+)(?: +#.*)?$"
EXAMPLE = r"^ +(nsynth-lab .+?)$|^ *(?:\*\*Example\*\*|Example): `(nsynth-lab .+?)`"


def in_the_readmes() -> list[str]:
    """Every command line in the blocks of the pages, in their order."""
    texts = [(REPOSITORY / page).read_text(encoding="utf-8") for page in PAGES]
    return [line for text in texts for line in re.findall(SHOWN, text, re.MULTILINE)]


def in_the_help() -> list[str]:
    """Every example of every command's help."""

    def walk(command: Any) -> Iterator[str]:
        for match in re.finditer(EXAMPLE, command.help or "", re.MULTILINE):
            yield match[1] or match[2]
        for child in getattr(command, "commands", {}).values():
            yield from walk(child)

    return list(walk(get_command(cli.app)))


def takes(words: Sequence[str], option: str) -> bool:
    """Whether the command of these words has such an option."""
    command: Any = get_command(cli.app)
    for word in words:
        if not hasattr(command, "commands"):
            break
        command = command.commands.get(word, command.commands.get("build"))
    return any(option in parameter.opts for parameter in command.params)


def shortened(line: str, shorter: dict[str, Sequence[str]], *, checkpoint: str) -> list[str]:
    """The words of a line with options that make it short, and a small model where it names none.

    `shorter` holds, by the beginning of a line, options: those that the line has already get the value there, others
    are added. All beginnings that fit count.
    """
    words = shlex.split(line)[1:]
    for beginning, options in shorter.items():
        if line.removeprefix("nsynth-lab ").startswith(beginning):
            for option, value in zip(options[::2], options[1::2], strict=True):
                words = _with(words, option, value)
    if takes(words, "--base"):
        return words if {"--base", "--fresh", "--resume"} & set(words) else [*words, "--base", checkpoint]
    refines = "--refine" in words  # the model that comes with the repository, which musicians have
    if takes(words, "--checkpoint") and "--checkpoint" not in words and not refines:
        words += ["--checkpoint", checkpoint]
    return words


def _with(words: list[str], option: str, value: str) -> list[str]:
    if not option:
        return [*words, value]
    if option in words:
        at = words.index(option) + 1
        return [*words[:at], value, *words[at + 1 :]]
    return [*words, option, value]


def make_inputs(font: Path | None) -> None:
    """In the folder where the test runs, everything that command lines name: recordings, notes, a song, a model."""
    for name in ("my-kalimba", "odd-bell", "my-voice", "strange-bell", "hum", "whistle"):
        write_audio(f"{name}.wav", pluck(72, seconds=0.6))
    for folder in ("drums", "songs"):
        Path(folder).mkdir()
    for name in ("band.wav", "songs/band.wav"):
        write_audio(name, pluck(60, seconds=1.5))
    for name in ("tom.wav", "drums/snare.wav"):
        noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE // 4) * np.geomspace(1.0, 1e-3, SAMPLE_RATE // 4)
        write_audio(name, Audio(0.2 * noise[None].astype(np.float32), SAMPLE_RATE))
    Path("tunes").mkdir()
    write_audio("tunes/whistle.wav", pluck(72, seconds=0.6))
    for folder, octaves in (("my-samples", 0), ("my-horn", 0), ("recordings/flute", 0), ("horn", 1)):  # Yamaha's names
        Path(folder).mkdir(parents=True)
        for name, pitch in (("C3", 48), ("G3", 55), ("D4", 62)):
            write_audio(f"{folder}/{name}.wav", pluck(pitch + 12 * octaves))
    for folder in ("notes", "nsynth-train", "data/mine"):
        write_notes(Path(folder))
    Path("piano.sfz").write_text("<region> sample=my-samples/C3.wav lokey=40 hikey=60 pitch_keycenter=48\n")
    Path("just.scl").write_text("just\n7\n9/8\n5/4\n4/3\n3/2\n5/3\n15/8\n2/1\n")
    for name in ("FONT.sf2", "FluidR3_GM.sf2", "piano.sf2", "MuseScore_General.sf3") if font else ():
        Path(name).symlink_to(font or "")
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(
        mido.MidiTrack([mido.Message("note_on", note=69, time=0), mido.Message("note_off", note=69, time=240)])
    )
    song.save("song.mid")
    song.save("tune.mid")
    for name in ("start.abc", "mine.abc", "a.abc", "b.abc"):
        Path(name).write_text("X:1\nM:4/4\nL:1/8\nK:D\nDFAF d2AF|GBAF D4|]\n")
    for name in ("a.mid", "b.mid", "c.mid", "d.mid"):
        write_tune(read_tune("a.abc").tune, Path(name))
    for name in ("tune.abc", "book.abc"):
        Path(name).write_text("X:12\nT:Two bars\nM:2/4\nL:1/8\nK:D\nDF AF|D4|]\n")
    small_model(Path("tiny-model"))
    write_model(Path("few-model"))  # the same model with three instruments


def small_model(folder: Path) -> None:
    """A tiny model with the instruments that the lines and presets name, and one in `EACH` of the others.

    All would take `imagine`, which listens to the whole bank, nine seconds.
    """
    bank = load_bank(DEFAULT_CHECKPOINT)
    model_id = save_weights(folder, tiny_model(), about={})
    named = "\n".join(
        [
            *in_the_help(),
            *in_the_readmes(),
            *(path.read_text("utf-8") for path in (REPOSITORY / "presets").glob("*.toml")),
        ]
    )
    kept = [
        entry for place, entry in enumerate(bank.entries.values()) if not place % EACH or entry.instrument.name in named
    ]
    zones: list[Latents] = []
    entries = []
    for entry in kept:
        own = [replace(bank.zones[zone], model_id=model_id) for zone in entry.zones]
        entries.append(replace(entry, zones=tuple(range(len(zones), len(zones) + len(own)))))
        zones += own
    write_bank(folder, Bank(entries, zones, model_id=model_id), about={})
    shutil.copy(DEFAULT_CHECKPOINT / MELODY, folder)


class NoPorts:
    """A MIDI keyboard that nobody touches."""

    def __init__(self, wanted: str, *_: object, **__: object) -> None:
        self.open, self.wanted, self.found, self.lost = [wanted], wanted, 1, 0
        self.has_virtual = False

    def __enter__(self) -> NoPorts:
        return self

    def __exit__(self, *_: object) -> None:
        pass
