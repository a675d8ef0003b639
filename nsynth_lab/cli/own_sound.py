"""A recording followed by its continuation, played with the recording's own sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab.cli import console
from nsynth_lab.wording import counted

if TYPE_CHECKING:
    import typer

    from nsynth_lab.cli.tune_given import Hummed
    from nsynth_lab.render.session import Session
    from nsynth_lab.tune.tune import Tune
    from nsynth_lab.units import FloatArray

VELOCITY = 96
FADE_SECONDS = 0.03  # of the recording, where it would go on into what follows


def continue_sound(
    context: typer.Context,
    tune: Tune,
    given: Tune,
    hummed: Hummed,
    path: Path,
    *,
    checkpoint: Path | None,
    device: str,
    seed: int,
    force: bool,
) -> None:
    """Write the recording up to where `tune` leaves what is `given`, and then the rest, played by its own notes.

    Raises:
        AudioError: no note of it can be encoded.
    """
    import numpy as np

    from nsynth_lab.capture.own_sound import own_sound
    from nsynth_lab.cli import recipes
    from nsynth_lab.note import note_name
    from nsynth_lab.render import Session
    from nsynth_lab.render.offline import below_ceiling, faded
    from nsynth_lab.sinks.file import FileSink
    from nsynth_lab.tune.played import played_length, sounding
    from nsynth_lab.tune.tune import Tempo
    from nsynth_lab.units import SAMPLE_RATE, db_to_gain

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    recording = hummed.recording()
    own = own_sound(session, recording, hummed.notes, tuning=hummed.tuning)
    session.add(own.bank)
    whole_note = Fraction(240) / Fraction((given.tempo or Tempo()).quarters_bpm) * SAMPLE_RATE
    first = hummed.notes[0].begin_sample - round(sounding(given)[0].at * whole_note)
    begin = first + round(played_length(given) * whole_note)
    sound = _played(session, tune, played_length(given), whole_note=whole_note, a4_hz=hummed.a4_hz)
    end = min(len(recording), begin)
    whole = np.zeros((2, max(begin + sound.shape[1], end)), np.float32)
    whole[:, :end] = faded(recording[:end], round(FADE_SECONDS * SAMPLE_RATE)) if end < len(recording) else recording
    whole[:, begin : begin + sound.shape[1]] += sound * np.float32(db_to_gain(own.level_db))
    recipe = recipes.recipe(context, session, device=session.device)
    with FileSink(path, comment=recipe.comment(path), force=force) as sink:
        sink.write(below_ceiling(whole))
    recipe.put_beside(path)
    names = ", ".join(map(note_name, sorted(own.keys)))
    console.say(
        f"{path}: the recording until {begin / SAMPLE_RATE:.1f} s, then {counted(len(own.keys), 'note')} of it as the "
        f"instrument that plays: {names}"
    )


def _played(session: Session, tune: Tune, since: Fraction, *, whole_note: Fraction, a4_hz: float) -> FloatArray:
    """The sound of a tune from `since` whole notes on, [2, samples]; one lasts `whole_note` samples."""
    import numpy as np

    from nsynth_lab.capture.own_sound import NAME
    from nsynth_lab.midi.events import note_off, note_on
    from nsynth_lab.render.play_request import parse_play
    from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of
    from nsynth_lab.tune.played import sounding
    from nsynth_lab.units import SAMPLE_RATE

    voices = [voice for voice in (tune, tune.second_voice) if voice is not None]
    events, end = [], 0
    for note in (one for voice in voices for one in sounding(voice) if one.at >= since):
        begin, end = (round((at - since) * whole_note) for at in (note.at, note.at + note.length))
        events += [note_on(note.pitch.note, VELOCITY, at_sample=begin), note_off(note.pitch.note, at_sample=end)]
    events.sort(key=lambda event: (event.at_sample, event.value == VELOCITY))
    last = max((event.at_sample for event in events), default=0)
    engine = parse_play([NAME], a4=a4_hz).engine(session, live=False, ahead_samples=BLOCK_SAMPLES)
    blocks = []
    with console.sound_progress(last / SAMPLE_RATE, "rendering") as advance:
        for block in blocks_of(engine, events, end_sample=last):
            blocks.append(block)
            advance(BLOCK_SAMPLES)
    return np.concatenate(blocks, axis=1)
