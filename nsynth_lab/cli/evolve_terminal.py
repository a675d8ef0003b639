"""The keys of `nsynth-lab evolve`: play, like, next, undo, save; members still missing are made in the background."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from nsynth_lab.cli import console
from nsynth_lab.cli.evolve import lines
from nsynth_lab.cli.status import clear, is_live
from nsynth_lab.errors import NsynthLabError

if TYPE_CHECKING:
    from nsynth_lab.render.evolved.evolution import Evolution
    from nsynth_lab.render.evolved.hearing import Hearing

HELP = "1-6 play, space like, Enter next six, u undo, s save, . stop the sound, q quit"
NUMBERS, ENDS, ENTER = "123456", ("q", "\x1b", "\x04"), ("\r", "\n")


def attend(evolution: Evolution) -> None:
    """Read the keys until the listener quits."""
    from nsynth_lab.midi.computer_keyboard import raw_terminal
    from nsynth_lab.render.evolved.hearing import Hearing

    console.say(HELP)
    with Hearing() as hearing, raw_terminal() as read:
        keys = Keys(evolution, hearing)
        try:
            keys.begin()
            while not keys.ended:
                for key in read():
                    keys.press(key)
                keys.look()
        except KeyboardInterrupt:
            pass  # how a listener ends
        finally:
            keys.stop()
            clear()


class Keys:
    """What the keys do: `press` for each, `look` now and then.

    Attributes:
        chosen: number of the member that was heard last; 0 if none was in this generation.
        ended: whether the listener has quit.
    """

    def __init__(self, evolution: Evolution, hearing: Hearing) -> None:
        self.evolution, self.hearing = evolution, hearing
        self.chosen, self.ended = 0, False
        self._making: threading.Thread | None = None
        self._stopped = threading.Event()
        self._trouble = ""
        self._shown = ""

    def begin(self) -> None:
        """Show the generation, and make what is missing of it in the background."""
        self.chosen = 0
        clear()
        for line in lines(self.evolution):
            console.show(line)
        self._stopped.clear()
        self._making = threading.Thread(target=self._make, name="making", daemon=True)
        self._making.start()

    def stop(self) -> None:
        """Make no more; waits for the one that is being made."""
        self._stopped.set()
        if self._making is not None:
            self._making.join()
            self._making = None

    def press(self, key: str) -> None:
        """Do what a key stands for; errors are shown as a line."""
        actions: dict[str, Callable[[], None]] = {" ": self._like, "u": self._undo, "s": self._save}
        try:
            if key in NUMBERS:
                self._play(int(key))
            elif key in ENTER:
                self._go_on()
            elif key in ENDS:
                self.ended = True
            elif key == ".":
                self.hearing.be_silent()
            elif key.lower() in actions:
                actions[key.lower()]()
        except NsynthLabError as error:
            self._say(str(error))

    def look(self) -> None:
        """Keep the line at the foot of the terminal up to date."""
        if self._trouble:
            self._say(self._trouble)
            self._trouble = ""
        line = self.line()
        if is_live() and line != self._shown:
            self._shown = line
            sys.stderr.write(f"\r\x1b[K{line[: max(1, console.stderr.width - 1)]}")
            sys.stderr.flush()

    def line(self) -> str:
        """Who is ready, who is liked (*) and who was heard last ([]): 1 [2*] 3 4 5 ."""
        missing, liked = self.evolution.missing(), self.evolution.history.now.liked
        shown = []
        for number in range(1, len(NUMBERS) + 1):
            name = "." if number in missing else f"{number}{'*' * (number in liked)}"
            shown.append(f"[{name}]" if number == self.chosen else name)
        made = f"  making {len(NUMBERS) - len(missing)}/{len(NUMBERS)}" if missing else ""
        return f"generation {self.evolution.history.number}: {' '.join(shown)}{made}"

    def _make(self) -> None:
        try:
            self.evolution.make(stopped=self._stopped.is_set)
        except NsynthLabError as error:
            self._trouble = str(error)

    def _play(self, number: int) -> None:
        if number in self.evolution.missing():
            self._say(f"{number} is still being made")
            return
        self.chosen = number
        self.hearing.play(self.evolution.files(number)[1])

    def _like(self) -> None:
        """Like the one that was heard last, or stop liking it."""
        if not self.chosen:
            self._say("hear one first: 1 to 6")
            return
        liked = self.evolution.history.now.liked
        is_liked = self.chosen in liked
        rest = tuple(one for one in liked if one != self.chosen)
        self.evolution.like(rest if is_liked else (*liked, self.chosen))

    def _go_on(self) -> None:
        self._say("the next generation")
        self.stop()
        self.hearing.be_silent()
        self.evolution.go_on(self.evolution.history.now.liked)
        self.begin()

    def _undo(self) -> None:
        self.stop()
        self.hearing.be_silent()
        try:
            self.evolution.undo()
        finally:
            self.begin()

    def _save(self) -> None:
        liked = self.evolution.history.now.liked
        number = self.chosen or (liked[0] if liked else 0)
        if not number:
            self._say("hear one first: 1 to 6")
            return
        self._say(f"saved {self.evolution.save(number, self.evolution.name_of(number), output=None, force=False)}")

    def _say(self, line: str) -> None:
        clear()
        console.say(line)
        self._shown = ""
