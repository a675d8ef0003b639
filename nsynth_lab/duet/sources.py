"""Writes answers: at once, where nothing is heard meanwhile, or in a process of its own beside the music."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self

from nsynth_lab.duet.answering import answer_to
from nsynth_lab.duet.values import Answer, Phrase, Wishes, answer_from_json, phrase_from_json, phrase_to_json
from nsynth_lab.errors import CheckpointError
from nsynth_lab.melody.model import MelodyModel

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class AnswerSource(Protocol):
    """Writes answers."""

    def ask(self, phrase: Phrase) -> None:
        """Begin to write an answer; what was asked before is forgotten. Never waits."""

    def take(self, phrase: Phrase) -> Answer | None:
        """The answer to a phrase that was asked for; None while it is being written."""


class AtOnce:
    """Writes each answer when it is collected: for rendering a file, where the music can wait."""

    def __init__(self, model: MelodyModel, wishes: Wishes) -> None:
        self._model, self._wishes = model, wishes

    def ask(self, phrase: Phrase) -> None:
        """Nothing needs to be begun."""

    def take(self, phrase: Phrase) -> Answer:
        """The answer."""
        return answer_to(self._model, phrase, self._wishes)


class Beside:
    """`with Beside(checkpoint, wishes) as source`: another process writes, so that the music is never held up.

    A thread carries phrases there and answers back; only the latest phrase counts.

    Attributes:
        wishes: how answers are to be that are asked for from now on; any thread may change them.

    Raises:
        CheckpointError: the process could not begin.
    """

    def __init__(self, checkpoint: Path | None, wishes: Wishes) -> None:
        self.wishes = wishes
        self._checkpoint = checkpoint
        self._wanted: Phrase | None = None
        self._found: tuple[Phrase, Answer] | None = None
        self._changed, self._ended = threading.Condition(), False
        self._troubles: list[str] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._tell({"checkpoint": str(self._checkpoint or "")})
        said = self._process.stdout.readline()  # type: ignore[union-attr]
        if said.strip() != "ready":
            self.__exit__()
            raise CheckpointError(f"answers cannot be written: {said.strip() or 'the process that writes them ended'}")
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._ask_all, self._read_all)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not handed over is not wanted any more
                pipe.close()  # type: ignore[union-attr]

    def ask(self, phrase: Phrase) -> None:
        """See `AnswerSource`."""
        with self._changed:
            self._wanted = phrase
            self._changed.notify_all()

    def take(self, phrase: Phrase) -> Answer | None:
        """See `AnswerSource`. An answer that cannot be written is none: silence."""
        found = self._found
        if found is not None and found[0] == phrase:
            return found[1]
        return Answer(()) if self._ended else None

    def troubles(self) -> list[str]:
        """Problems since the last call, one line each."""
        told = self._troubles[:]
        self._troubles.clear()
        return told

    @cached_property
    def _process(self) -> subprocess.Popen[str]:
        pipe, command = subprocess.PIPE, [sys.executable, "-m", "nsynth_lab.duet.answer_process"]
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}  # of its products none is worth two threads
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=environment)

    def _tell(self, values: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(values) + "\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]

    def _ask_all(self) -> None:
        """Hand over what is wanted, whenever that changes."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._wanted is not None)
                wanted, self._wanted = self._wanted, None
            if self._ended or wanted is None:
                return
            try:
                self._tell({"phrase": phrase_to_json(wanted), "wishes": asdict(self.wishes)})
            except (OSError, ValueError):  # it has ended, which `_read_all` tells
                return

    def _read_all(self) -> None:
        for line in self._process.stdout or ():
            said = json.loads(line)
            self._found = (phrase_from_json(said["phrase"]), answer_from_json(said["answer"]))
        if not self._ended:
            self._troubles.append("the process that writes answers has ended; there are no more")
            self._ended = True
