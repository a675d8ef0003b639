"""`nsynth-lab duet`: a partner that answers what is played."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import completions, console, following, recipes
from nsynth_lab.cli.options import FREE, CheckpointOption, ComputeOption, SeedOption
from nsynth_lab.cli.performing import perform
from nsynth_lab.cli.playing import LearnOption, playing
from nsynth_lab.cli.stage import Stage, staged
from nsynth_lab.cli.tune_options import checked_key, checked_metre
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nsynth_lab.duet.partner import Partner
    from nsynth_lab.duet.sources import AnswerSource
    from nsynth_lab.duet.values import Wishes
    from nsynth_lab.midi.song import Song
    from nsynth_lab.render.ensemble import Ensemble
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.render.session import Session

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="A MIDI file, a tune, or a recording of one hummed, whose phrases are answered instead of yours.",
    ),
]
AnswerOption = Annotated[
    str,
    typer.Option(
        "--answer",
        help="What the partner plays: instruments such as flute,cello, or a preset.",
        show_default="what you play",
        autocompletion=completions.presets_and_instruments,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Where to write the sound of --file and its answers, without a device."),
]
NotesOption = Annotated[Path | None, typer.Option("--notes", help="Also write what both play to this .mid file.")]
TurnsOption = Annotated[int, typer.Option("--turns", min=0, max=100_000, help="How many answers; 0: no end.")]
LeadOption = Annotated[bool, typer.Option("--lead", help="The partner begins.")]
AlongOption = Annotated[
    bool, typer.Option("--along", help="Play along: a second voice under your hands instead of answers.")
]
LooseOption = Annotated[bool, typer.Option("--loose", help="Answer at once, without waiting for the beat.")]
CloseOption = Annotated[float, typer.Option("--close", help="How near answers keep to what was played, 0 to 1.")]
FreeOption = Annotated[float, FREE]
TempoOption = Annotated[
    float | None,
    typer.Option(
        "--tempo",
        help="Quarter notes a minute, dotted ones in 6/8 and the like.",
        show_default="found in what you play",
    ),
]
MetreOption = Annotated[
    str,
    typer.Option(
        "--metre", callback=checked_metre, help="The metre, such as 6/8.", show_default="found in what you play"
    ),
]
KeyOption = Annotated[
    str,
    typer.Option("--key", callback=checked_key, help="The key, such as Edor.", show_default="found in what you play"),
]


@dataclass(frozen=True)
class _Duet:
    """How player and partner play."""

    asked: PlayRequest
    answering: PlayRequest
    wishes: Wishes
    turns: int
    lead: bool
    loose: bool
    along: bool

    def partner(self, source: AnswerSource) -> Partner:
        """Who answers."""
        from nsynth_lab.duet.along import SecondVoice
        from nsynth_lab.duet.partner import CHANNEL, Partner
        from nsynth_lab.tune.key import parse_key

        voice, wishes = None, self.wishes
        if self.along:
            key = parse_key(wishes.key) if wishes.key else None
            voice = SecondVoice(CHANNEL, key=key, lowest=wishes.lowest, highest=wishes.highest)
        return Partner(source, leads=self.lead, loose=self.loose, turns=self.turns, along=voice)

    def engine(self, session: Session, *, live: bool, ahead_samples: int) -> Ensemble:
        """The player's and the partner's engine."""
        from nsynth_lab.render.with_partner import with_partner

        own, other = (
            asked.engine(session, live=live, ahead_samples=ahead_samples) for asked in (self.asked, self.answering)
        )
        return with_partner(own, other)

    def within(self, session: Session) -> _Duet:
        """The same, with answers limited to the range of the instrument that plays them."""
        from nsynth_lab.render.target_range import target_range

        low, high = target_range(session, self.answering)
        return replace(self, wishes=replace(self.wishes, lowest=low, highest=high))

    @property
    def title(self) -> str:
        """Of both."""
        return f"{self.asked.title()} + {self.answering.title()}"


@playing(learn=LearnOption)
@staged()
def duet(
    context: typer.Context,
    asked: PlayRequest,
    stage: Stage,
    answer: AnswerOption = "",
    file: FileOption = None,
    output: OutputOption = None,
    turns: TurnsOption = 0,
    lead: LeadOption = False,
    along: AlongOption = False,
    loose: LooseOption = False,
    close: CloseOption = 0.3,
    free: FreeOption = 1.0,
    tempo: TempoOption = None,
    metre: MetreOption = "",
    key: KeyOption = "",
    audio_input: following.InputOption = "",
    transpose: following.TransposeOption = 0.0,
    follow: following.FollowOption = 1.0,
    snap: following.SnapOption = "",
    gate: following.GateOption = -60.0,
    dynamics: following.DynamicsOption = 1.0,
    expression: following.ExpressionOption = 0.0,
    octaves: following.OctavesOption = True,
    makeup: following.MakeupOption = None,
    notes: NotesOption = None,
    compute: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
) -> None:
    """Play a phrase, and a partner answers it in the same key, tempo and style.

    Play as with `nsynth-lab play`: on the computer's keys, MIDI, MPE, or into a microphone with --input. When you stop,
    an answer as long as your phrase begins on the next beat, as loud, as short and as swung as you play; --loose does
    not wait for the beat. Press a key, and the partner is silent from its next note on. --close 0 answers freely, 1
    nearly repeats you. With --along it plays a second voice below yours instead.

    With --clock answers keep to the tempo and the beats of a DAW or drum machine, and fall silent where it stops.

    With --file and -o the same happens without a device, as fast as possible: the same notes give the same answers.

    **Examples**

        nsynth-lab duet flute cello --midi all --answer "choir aahs" --record take.wav --notes take.mid --turns 8

        nsynth-lab duet marimba --lead --key Am --tempo 120 --turns 4

        nsynth-lab duet oboe --midi all --along --key Gmin

        nsynth-lab duet cello --input default --answer flute --loose

        nsynth-lab duet oboe --midi all --answer cello --clock midi

        nsynth-lab duet flute --file tune.mid --answer oboe --close 0.6 -o answer.wav --notes answer.mid
    """
    from nsynth_lab.cli.translate_asked import request_of
    from nsynth_lab.duet.values import Wishes
    from nsynth_lab.render import SOUND_ENDINGS, check_outputs
    from nsynth_lab.render.output_paths import check_sources

    stage = replace(stage, block=asked.block)
    _check(file, output, stage, audio_input=audio_input, lead=lead, along=along, turns=turns)
    stage.check()
    wishes = Wishes(close, free, seed, tempo, metre, key)
    heard = following.input_asked(
        context, audio_input, transpose=transpose, follow=follow, snap=snap, gate=gate, dynamics=dynamics,
        expression=expression, octaves=octaves, makeup=makeup,
    )  # fmt: skip
    given = [file] if file else []
    check_outputs([output] if output else [], endings=SOUND_ENDINGS, sources=given, force=stage.force)
    check_outputs([notes] if notes else [], endings=(".mid",), sources=given, force=stage.force)
    check_sources(asked.all_sources(), checkpoint)
    if not (answer or asked.plays_all):
        raise UsageError("name what the partner plays: --answer flute")
    answering = request_of(answer, checkpoint, block=asked.block) if answer else replace(asked, mpe=False, channels=())
    if heard is not None:
        asked = heard.player(asked)
    how = _Duet(asked, answering, wishes, turns, lead, loose, along)
    song = _song(file, asked) if file else None

    from nsynth_lab.render import Session

    session = Session(checkpoint, device=compute, seed=seed, progress=console.progress)
    console.say("loading")
    how = how.within(session)
    if song is not None and output is not None:
        partner = _offline(context, how, session, song, output, compute=compute, force=stage.force)
    else:
        partner = _live(context, how, session, stage, song=song, heard=heard, checkpoint=checkpoint)
    if notes is not None:
        from nsynth_lab.atomic_file import atomic_write
        from nsynth_lab.duet.take import take_bytes

        with atomic_write(notes) as beside:
            beside.write_bytes(take_bytes(partner.events))
        console.show(str(notes))


def _check(
    file: Path | None, output: Path | None, stage: Stage, *, audio_input: str, lead: bool, along: bool, turns: int
) -> None:
    """Refuse options that exclude each other.

    Raises:
        UsageError: there are such.
    """
    if output is not None and file is None:
        raise UsageError("-o writes the answers to a --file; what you play yourself is kept by --record take.wav")
    excluded = [
        ("--file and --input both play; give one of them", file and audio_input),
        ("--file and --midi both play; give one of them", file and stage.midi),
        ("-o writes without a device, --record what is played on one; give one of them", output and stage.record),
        ("-o writes without a device and follows no clock; leave out --clock", output and stage.clock),
        ("--lead begins, and so does --file; give one of them", lead and file),
        ("--lead begins, and --along never does; give one of them", lead and along),
        ("--turns counts answers, and --along gives none; give one of them", turns and along),
    ]
    for why, together in excluded:
        if together:
            raise UsageError(why)


def _song(file: Path, asked: PlayRequest) -> Song:
    """The player's notes in a file: as written, or as somebody hummed them.

    Raises:
        NsynthLabError: none can be read or heard.
    """
    from nsynth_lab.cli.tune_given import SOUNDS, Hummed
    from nsynth_lab.render.song_choice import song_to_play

    return Hummed.in_file(file).song() if file.suffix.lower() in SOUNDS else song_to_play(file, asked)


def _offline(
    context: typer.Context, how: _Duet, session: Session, song: Song, output: Path, *, compute: str, force: bool
) -> Partner:
    """Render a file and its answers to a sound file."""
    from nsynth_lab.duet.sources import AtOnce
    from nsynth_lab.melody.model import MelodyModel
    from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of
    from nsynth_lab.sinks.file import FileSink
    from nsynth_lab.units import SAMPLE_RATE

    partner = how.partner(AtOnce(MelodyModel(session.folder), how.wishes))
    news = _News(partner)
    engine = how.engine(session, live=False, ahead_samples=BLOCK_SAMPLES)
    recipe = recipes.recipe(context, session, compute=session.device if compute else compute)
    with (
        console.sound_progress(song.seconds, "playing") as advance,
        FileSink(output, comment=recipe.comment(output), force=force) as sink,
    ):
        for block in blocks_of(engine, song.events, end_sample=song.end_sample, partner=partner):
            sink.write(block)
            advance(block.shape[1])
            for line in news():
                console.say(line)
    recipe.put_beside(output)
    for line in engine.troubles():
        console.say(f"warning: {line}")
    console.show(f"{sink.samples / SAMPLE_RATE:.1f} s, {_answers(partner)}")
    console.show(str(output))
    return partner


def _live(
    context: typer.Context, how: _Duet, session: Session, stage: Stage, *, song: Song | None,
    heard: following.Input | None, checkpoint: Path | None,
) -> Partner:  # fmt: skip
    """Play both on a device, until the player stops or the partner has had all its turns."""
    from nsynth_lab.duet.sources import Beside
    from nsynth_lab.render.machine import choose_threads
    from nsynth_lab.units import HOP_SAMPLES

    engine = how.engine(session, live=True, ahead_samples=HOP_SAMPLES)
    threads = choose_threads(engine)
    hint = "use headphones: the partner would hear itself"
    with (
        Beside(checkpoint, how.wishes) as source,
        heard.opened(session, how.asked, stage, hint=hint) if heard is not None else nullcontext() as followed,
    ):
        partner = how.partner(source)
        news = _News(partner)
        perform(
            context, session, engine, stage, title=how.title, threads=threads, song=song, followed=followed,
            partner=partner, over=lambda: partner.done, news=lambda: (*news(), *source.troubles()),
        )  # fmt: skip
    console.show(_answers(partner))
    return partner


class _News:
    """A line for each answer that has begun since the last call."""

    def __init__(self, partner: Partner) -> None:
        self._partner, self._turn = partner, 0

    def __call__(self) -> Iterator[str]:
        shown = self._partner.shown
        if shown.turn > self._turn:
            self._turn = shown.turn
            yield f"answer {shown.turn}: {shown.heard}"


def _answers(partner: Partner) -> str:
    from nsynth_lab.wording import counted

    shown = partner.shown
    return counted(shown.turn, "answer") + f", {shown.late} of them late" * bool(shown.late)
