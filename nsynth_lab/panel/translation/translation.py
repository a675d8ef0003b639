"""Translation: what pages ask for of phrases and of live input, and what they are told; any thread may call it."""

from __future__ import annotations

import math
import secrets
import shutil
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from nsynth_lab.errors import NsynthLabError, PatchError
from nsynth_lab.midi.write import midi_bytes
from nsynth_lab.panel.messages.shown import State
from nsynth_lab.panel.messages.shown import Translation as Told
from nsynth_lab.panel.messages.translating import Listen, PlayPhrase, RemovePhrase, TakePhrase, Translate
from nsynth_lab.panel.produce.child import patch_arguments
from nsynth_lab.panel.translation import rendering
from nsynth_lab.panel.translation.hearing import PHRASE, REST
from nsynth_lab.panel.translation.note_file import NOTES
from nsynth_lab.panel.translation.page_input import PageInput
from nsynth_lab.panel.translation.performer import Performer
from nsynth_lab.panel.translation.phrases import Phrases
from nsynth_lab.panel.translation.score import Options, Score, Target, played_of, score_of
from nsynth_lab.priority import raise_audio_thread
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.target_range import target_is_struck, target_range
from nsynth_lab.sinks.device_input import DeviceInput
from nsynth_lab.translate.live_notes import LiveNotes, Source
from nsynth_lab.translate.live_voices import LiveVoices
from nsynth_lab.units import SAMPLE_RATE

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument
    from nsynth_lab.panel.jobs.jobs import Jobs
    from nsynth_lab.panel.listeners import Told as FromInstrument
    from nsynth_lab.panel.produce.desk import Desk

NOTHING, MACHINE, PAGE = "nothing", "machine", "page"
MOST_LINES = 20


class Translation:
    """Handles the messages of `handlers`; leaving it as a context ends what plays and what is listened to.

    A context manager, within that of its jobs.
    """

    def __init__(self, instrument: Instrument, jobs: Jobs, desk: Desk) -> None:
        self._instrument, self._jobs, self._desk = instrument, jobs, desk
        self.phrases = Phrases(jobs)
        self._performer = Performer(is_zone=lambda: instrument.has_zone)
        instrument.perform(self._performer)
        self._lock = threading.RLock()
        self._wanted = Translate()
        self._phrase = ""  # that plays, or played last
        self._suits = Target()
        self._corners: tuple[str, ...] = ()
        self._listens, self._device = NOTHING, ""
        self._source: Source | None = None
        self._followed: LiveNotes | None = None
        self._howls, self._voices = False, LiveVoices()
        self._stack, self._device_stack = ExitStack(), ExitStack()
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._listeners: list[Callable[[], None]] = []

    @property
    def handlers(self) -> Mapping[type, Callable[[Any], None]]:
        """What to do with messages, by their types; any thread may."""
        return {
            Translate: self._translate,
            PlayPhrase: self._play,
            TakePhrase: self._take,
            RemovePhrase: self._remove,
            Listen: self._listen,
        }

    @property
    def is_busy(self) -> bool:
        """Whether something plays or is listened to."""
        return self._performer.plays or self._listens != NOTHING

    def shown(self) -> Told:
        """How phrases are played, and what plays."""
        performer, followed = self._performer, self._followed
        score = performer.score
        told = Told(
            options=asdict(self._wanted),
            phrase=self._phrase if performer.plays else "",
            at=performer.at_sample / SAMPLE_RATE,
            moved=score.rules.transpose if score is not None else 0.0,
            listens=self._listens,
            device=self._device,
        )
        if followed is None:
            return told
        heard, output = followed.heard, self._instrument.output.live.status()
        block_ms = 1000.0 * self._instrument.block_samples / SAMPLE_RATE
        return Told(
            **{
                **asdict(told),
                "note": -1.0 if math.isnan(heard.note) else heard.note,
                "level_db": heard.level_db,
                "latency_ms": max(output.latency_ms - block_ms, 0.0) + 1000.0 * followed.latency_seconds,
                "howls": self._howls,
            }
        )

    def troubles(self) -> list[str]:
        """Problems since the last call, one line each."""
        told = self._followed.troubles() if self._followed is not None else []
        while self._lines:
            told.append(self._lines.popleft())
        self._howls |= any("hears the loudspeakers" in line for line in told)
        if failed := self._performer.failed:
            self._performer.failed = ""
            told.append(f"the phrase has ended: {failed} (a defect of nsynth-lab: please report it)")
        return told

    def midi(self, name: str) -> bytes:
        """A MIDI file of a phrase as it is played now.

        Raises:
            UsageError: there is no such phrase.
            AudioError: it has no notes.
        """
        kept = self.phrases.of(name)
        played = played_of(kept.notes, Options.of(self._wanted), self._target())
        return midi_bytes(played.midi, end_sample=kept.phrase.samples)

    def hear_page(self, message: bytes) -> None:
        """Sound that a page sends.

        Raises:
            PatchError: nobody listens to it, or it is none.
        """
        source = self._source
        if not isinstance(source, PageInput):
            raise PatchError("sound that nobody listens to: ask for it by `listen` first")
        source.put(message)

    def leave_page(self) -> None:
        """The page whose microphone is listened to has gone."""
        if self._listens == PAGE:
            self._listen(Listen())

    def subscribe(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Tell of every change from now on; returns what ends it. `tell` comes from any thread and must not wait."""
        self._listeners.append(tell)
        return partial(self._listeners.remove, tell)

    def __enter__(self) -> Self:
        self._performer.changed = self._note_end
        self._stack.callback(self._instrument.subscribe(self._note_state))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._performer.stop()
        self._change_input(Listen())

    def _translate(self, message: Translate) -> None:
        before = self._wanted
        Options.of(message).rules(Target())  # or it says what is wrong
        with self._lock:
            self._wanted = message
            self._performer.loops, self._performer.hears = message.loop, message.hears
            self._performer.rest_db = message.residual if message.rest else None
            self.phrases.gate_db, self.phrases.several = message.gate, message.several
            if Options.of(before) != Options.of(message):
                self._renew()
            elif before.gate != message.gate:
                self._follow_input()
        self._tell()

    def _play(self, message: PlayPhrase) -> None:
        with self._lock:
            if not message.on:
                if self._phrase == message.phrase:
                    self._performer.stop()
            else:
                score = self._score(message.phrase)
                self._close_input()
                self._phrase = message.phrase
                self._performer.play(score, round(message.at * SAMPLE_RATE))
        self._tell()

    def _remove(self, message: RemovePhrase) -> None:
        with self._lock:
            if self._phrase == message.phrase and self._performer.plays:
                self._performer.stop()
            self.phrases.remove(message.phrase)
        self._tell()

    def _take(self, message: TakePhrase) -> None:
        kept, patch = self.phrases.of(message.phrase), self._instrument.patch
        wanted, several = self._wanted, kept.notes.several is not None
        arguments = {
            "title": kept.title,
            "options": asdict(Options.of(wanted)),
            "target": list(self._target()),
            "residual": wanted.residual if several and wanted.rest else None,
            "sound": patch_arguments(patch),
            "ending": message.format,
        }
        about = {"sound": patch.name, "phrase": message.phrase}
        names = {"phrase": PHRASE, "notes": NOTES, "rest": REST} if several else {"phrase": PHRASE}
        with ExitStack() as copies:
            files = {one: self._copy(kept.folder / name, copies) for one, name in names.items()}
            self._desk.start(rendering.KIND, kept.title, rendering.WORK, arguments, patch, about=about, files=files)

    def _copy(self, path: Path, copies: ExitStack) -> Path:
        """A copy that is removed with `copies`: the phrase may be removed before its job reads it."""
        aside = self._jobs.folder / f"{secrets.token_hex(8)}{path.suffix}"
        copies.callback(aside.unlink, missing_ok=True)
        return Path(shutil.copyfile(path, aside))

    def _listen(self, message: Listen) -> None:
        """By the worker where a device is opened or closed: it does the same for outputs."""
        if message.to == MACHINE or self._listens == MACHINE:
            self._instrument.worker.ask("input", partial(self._change_input, message))
        else:
            self._change_input(message)

    def _change_input(self, message: Listen) -> None:
        with self._lock:
            self._close_input()
            try:
                self._open_input(message)
            except NsynthLabError as error:
                self._lines.append(str(error))
        self._tell()

    def _open_input(self, message: Listen) -> None:
        """Raises what `DeviceInput` raises."""
        if message.to == NOTHING:
            return
        if message.to == PAGE:
            self._source = PageInput(message.latency_ms / 1000.0)
        else:
            device = DeviceInput(
                message.device,
                block_samples=self._instrument.block_samples,
                latency=self._instrument.output.latency,
                begin=raise_audio_thread,
            )
            self._source = self._device_stack.enter_context(device)
        self._listens, self._device = message.to, message.device
        self._howls, self._voices = False, LiveVoices()
        self._follow_input()

    def _follow_input(self) -> None:
        """Play what comes in, from now on with the present options and for the present target. With the lock."""
        if self._source is None:
            return
        options = Options.of(self._wanted)
        target = self._target()
        target = target if options.octaves else Target(struck=target.struck)
        rules = options.rules(target, keeps_octaves=True)
        self._followed = LiveNotes(
            self._source,
            rules,
            block_samples=self._instrument.block_samples,
            gate_db=self._wanted.gate,
            voices=self._voices,
        )
        self._performer.listen(self._followed)

    def _close_input(self) -> None:
        """Listen no more. With the lock."""
        if self._source is None:
            return
        self._source = self._followed = None
        self._listens, self._device = NOTHING, ""
        self._performer.stop()
        self._device_stack.close()

    def _note_end(self) -> None:
        """From any thread: a phrase has ended, or a panic has stopped everything."""
        if self._listens != NOTHING and not self._performer.listens:
            self._instrument.worker.ask("input", partial(self._change_input, Listen()))
        self._tell()

    def _note_state(self, told: FromInstrument) -> None:
        """From any thread: another target may have another range."""
        if (
            self.is_busy
            and isinstance(told, State)
            and tuple(told.patch.get("blend", {}).get("corners", ())) != self._corners
        ):
            self._instrument.worker.ask("range", self._renewed)

    def _renewed(self) -> None:
        with self._lock:
            self._renew()
        self._tell()

    def _renew(self) -> None:
        """Play otherwise what plays. With the lock."""
        if self._performer.plays:
            self._performer.change(self._score(self._phrase))
        else:
            self._follow_input()

    def _score(self, name: str) -> Score:
        kept = self.phrases.of(name)
        options, target = Options.of(self._wanted), self._target()
        return score_of(kept.notes, options, target, sound=kept.sound, peak=kept.heard.peak, rest=kept.rest)

    def _target(self) -> Target:
        """What stands on the pad."""
        corners = self._instrument.patch.blend.corners
        if corners != self._corners:
            session, asked = self._instrument.session, PlayRequest(corners)
            self._corners = corners
            self._suits = Target(*target_range(session, asked), target_is_struck(session, asked))
        return self._suits

    def _tell(self) -> None:
        for tell in tuple(self._listeners):
            tell()
