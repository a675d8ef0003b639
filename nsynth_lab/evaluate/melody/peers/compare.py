"""Peers and ours, each trained as long on the same tunes, measured on the same others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from nsynth_lab.errors import DatasetError
from nsynth_lab.evaluate.melody.held_out import Data
from nsynth_lab.evaluate.melody.ngram import NGram, long_and_short
from nsynth_lab.evaluate.melody.peers.lasting import trained_for
from nsynth_lab.evaluate.melody.peers.letters import RATE as LETTERS_RATE
from nsynth_lab.evaluate.melody.peers.letters import train_letters
from nsynth_lab.evaluate.melody.peers.lookback import RATE as LOOKBACK_RATE
from nsynth_lab.evaluate.melody.peers.lookback import events_of, train_lookback
from nsynth_lab.evaluate.melody.peers.vae import RATE as VAE_RATE
from nsynth_lab.evaluate.melody.peers.vae import train_vae
from nsynth_lab.folders import cache_folder, make_folder
from nsynth_lab.melody.conditions import METRES, bar_ticks_of
from nsynth_lab.melody.slots import BARS, SLOT_TICKS
from nsynth_lab.train.melody.collections import Piece
from nsynth_lab.train.melody.loops_net import LoopsNet
from nsynth_lab.train.melody.loops_training import RATE as LOOPS_RATE
from nsynth_lab.train.melody.loops_training import loops_of, rebuilt, train_loops
from nsynth_lab.train.melody.pool import example_of
from nsynth_lab.train.melody.writer_net import WriterNet
from nsynth_lab.train.melody.writer_training import RATE as WRITER_RATE
from nsynth_lab.train.melody.writer_training import bits_a_note, train_writer

MEASURED = ("6/8", "4/4")
Say = Callable[[str], object]


def peers(data: Data, *, minutes: float, seed: int, say: Say, folder: Path | None = None) -> dict[str, Any]:
    """Bits a note, and loops rebuilt, of peers and of ours, each trained for so many minutes of one processor.

    Bits are measured on the held-out tunes that lie in sixteenths, which all can say. The states of the trainings lie
    in a folder, by default of the user's cache: interrupted, they are resumed.
    """
    torch.set_num_threads(1)
    chosen = [at for at, sample in enumerate(data.kept_samples) if events_of(sample.draft) is not None]
    kept, pieces = [data.kept_samples[at] for at in chosen], [data.kept[at] for at in chosen]
    there = folder or cache_folder() / "melody-peers" / _name(data.learnt)
    make_folder(there, DatasetError)
    often: dict[str, Any] = {"seconds": 60 * minutes, "folder": there, "say": say}
    letters = trained_for(
        "letters", lambda plan: train_letters(data.learnt_samples, plan, seed=seed), rate=LETTERS_RATE, **often
    )
    lookback = trained_for(
        "lookback", lambda plan: train_lookback(data.learnt_samples, plan, seed=seed), rate=LOOKBACK_RATE, **often
    )
    alone, together = long_and_short(NGram(data.learnt_samples), kept)
    found: dict[str, Any] = {
        "minutes": minutes,
        "tunes": len(kept),
        "bits": {
            "ours": _writer_bits(data, pieces, seed=seed, often=often),
            "LSTM over ABC": letters.bits(kept),
            "look-back RNN": lookback.bits(kept),
            "n-gram": alone,
            "n-gram with the tune so far": together,
        },
    }
    found["loops"] = _loops(data, seed=seed, often=often)
    return found


def _writer_bits(data: Data, pieces: Sequence[Piece], *, seed: int, often: dict[str, Any]) -> float:
    examples = [example_of(piece) for piece in data.learnt]
    weights = trained_for("writer", lambda plan: train_writer(examples, [], plan, seed=seed), rate=WRITER_RATE, **often)
    net = WriterNet()
    net.load_state_dict(weights)
    duration, pitch, _ = bits_a_note(net, [example_of(piece) for piece in pieces])
    return duration + pitch


def _loops(data: Data, *, seed: int, often: dict[str, Any]) -> dict[str, dict[str, tuple[float, float]]]:
    """By metre, shares of slots and of whole loops that come back: ours, and the peer's."""
    learnt, kept = loops_of(data.learnt, every=1), loops_of(data.kept, every=2)
    weights = trained_for("loops", lambda plan: train_loops(learnt, kept, plan, seed=seed), rate=LOOPS_RATE, **often)
    vae = trained_for("vae", lambda plan: train_vae(learnt, plan, seed=seed), rate=VAE_RATE, **often)
    net = LoopsNet().eval()
    net.load_state_dict(weights)
    found = {}
    for name in MEASURED:
        loops = kept[BARS * bar_ticks_of(METRES.index(name)) // SLOT_TICKS]
        slots, whole, _ = rebuilt(net, loops)
        found[name] = {"ours": (slots, whole), "VAE of LSTMs": vae.rebuilt(loops)}
    return found


def _name(learnt: Sequence[Piece]) -> str:
    """A name of the tunes that are learnt from: what is trained on others is not resumed."""
    content = ",".join(str(piece.digest) for piece in learnt)
    return hashlib.blake2b(content.encode(), digest_size=6).hexdigest()
