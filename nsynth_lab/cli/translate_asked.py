"""What `translate` is asked for: what plays, and which options go together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.errors import UsageError
from nsynth_lab.wording import listed

if TYPE_CHECKING:
    from nsynth_lab.render.ensemble import Playing
    from nsynth_lab.render.play_request import PlayRequest
    from nsynth_lab.render.session import Session


def request_of(names: str, checkpoint: Path | None, **more: Any) -> PlayRequest:
    """Instruments such as `flute,cello`, or a preset by its name, and more fields of the request.

    Raises:
        UsageError: neither.
    """
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, known_names
    from nsynth_lab.patch.library import preset_named
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.play_request import parse_play

    asked = listed(names)
    if len(asked) == 1 and preset_named(asked[0], instruments=known_names(checkpoint or DEFAULT_CHECKPOINT)):
        return parse_play(preset=asked[0], **more)
    check_sources(asked, checkpoint)
    return parse_play(asked, **more)


def check_together(
    source: Path, phrase_file: Path | None, residual_db: float | None, *, polyphonic: bool, gated: bool
) -> None:
    """Refuse options that do not go together.

    Args:
        source: a sound file or a phrase.
        phrase_file: --phrase.
        residual_db: --residual.
        polyphonic: --polyphonic.
        gated: whether a --gate is given.

    Raises:
        UsageError: see above.
    """
    from nsynth_lab.analysis.phrase import ENDING

    is_phrase = source.suffix.lower() == ENDING
    if gated and is_phrase:
        raise UsageError(f"--gate goes with a sound file; what is in {source} was heard already")
    if polyphonic and is_phrase:
        raise UsageError(f"{source}: a {ENDING} holds one voice; --polyphonic listens to a sound file")
    if polyphonic and phrase_file is not None:
        raise UsageError("--phrase keeps one voice; with --polyphonic write the notes: --midi-file out.mid")
    if residual_db is not None and not polyphonic:
        raise UsageError("--residual keeps what is not notes beside those of --polyphonic: give both")
    if residual_db is not None and not -80.0 <= residual_db <= 12.0:
        raise UsageError(f"--residual {residual_db:g}; expected -80 to 12 dB")


def is_of_the_bank(asked: PlayRequest) -> bool:
    """Whether what plays is in the bank: nothing has to be encoded then, which is shown, and no plugin is loaded."""
    return not asked.preset and not any(os.path.isfile(str(source)) for source in asked.sources)


def new_engine(asked: PlayRequest, session: Session) -> Playing:
    """What plays."""
    from nsynth_lab.render.song import BLOCK_SAMPLES

    return asked.engine(session, live=False, ahead_samples=BLOCK_SAMPLES)


def warm_engine(asked: PlayRequest, session: Session) -> Playing:
    """What plays, with its compiled loops loaded."""
    engine = new_engine(asked, session)
    engine.warm_up()
    return engine
