"""Writes answers in a process of its own: `python -m nsynth_lab.duet.answer_process`.

    stdin, a JSON object a line:   {"checkpoint": ""}, then {"phrase": ..., "wishes": {...}} a line
    stdout:                        ready, then {"phrase": ..., "answer": ...} a line

Work on a phrase is given up as soon as the next one comes. The process ends when its stdin does.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from nsynth_lab.duet.answering import GivenUp, answer_to
from nsynth_lab.duet.values import DuetNote, Phrase, Wishes, answer_to_json, phrase_from_json, phrase_to_json
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.melody.model import MelodyModel


class _Newest:
    """The newest line of a stream, read on a thread of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._line, self._ended = stream, "", False
        self._came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def there(self) -> bool:
        """Whether a line has come, or the stream has ended."""
        return bool(self._line) or self._ended

    def next(self) -> str:
        """The newest line, waited for; empty at the end."""
        with self._came:
            self._came.wait_for(lambda: self.there)
            line, self._line = self._line, ""
            return line

    def _read(self) -> None:
        for line in self._stream:
            with self._came:
                self._line = line
                self._came.notify()
        with self._came:
            self._ended = True
            self._came.notify()


def main() -> None:
    """Load the model, then answer phrases until the stream ends."""
    told: dict[str, Any] = json.loads(sys.stdin.readline() or "{}")
    try:
        model = MelodyModel(Path(told["checkpoint"]) if told.get("checkpoint") else None)
        answer_to(model, Phrase((DuetNote(0, 1, 60, 64),)), Wishes())  # so that all is loaded before it is needed
    except NsynthLabError as error:
        _say(str(error))
        return
    _say("ready")
    newest = _Newest(sys.stdin)
    while line := newest.next():
        asked = json.loads(line)
        phrase = phrase_from_json(asked["phrase"])
        try:
            answer = answer_to(model, phrase, Wishes(**asked["wishes"]), given_up=lambda: newest.there)
        except GivenUp:
            continue
        _say(json.dumps({"phrase": phrase_to_json(phrase), "answer": answer_to_json(answer)}))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
