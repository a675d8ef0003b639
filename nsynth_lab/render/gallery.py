"""A web page to listen to presets: each plays the same short phrase and shows its spectrogram."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import USUAL_FORMAT
from nsynth_lab.dsp.programme_loudness import programme_loudness
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.html_page import document
from nsynth_lab.patch import Patch
from nsynth_lab.picture import Panel, draw_spectrograms
from nsynth_lab.render.levelling import phrase_for
from nsynth_lab.render.preset import play_patch
from nsynth_lab.render.session import Session
from nsynth_lab.sinks.file import write_sound
from nsynth_lab.sound_format import SoundFormat
from nsynth_lab.units import gain_to_db

PAGE = "index.html"
MARK = '<meta name="generator" content="nsynth-lab preset render">'
PANELS_A_SHEET = 4
STYLE = """
article { display: inline-block; width: 17rem; vertical-align: top; margin: 0 1rem 1rem 0; }
h3 { margin: 0.6rem 0 0; } p { margin: 0; } audio { width: 100%; }
"""


@dataclass(frozen=True)
class Heard:
    """One preset on the page: its sound file, its level, and notes on what went wrong."""

    key: str
    patch: Patch
    file: str = ""
    lufs: float = 0.0
    peak_db: float = 0.0
    notes: tuple[str, ...] = ()


def check_gallery(folder: Path, *, force: bool) -> None:
    """Refuse a folder that has other files in it, or that has a gallery and no `force`, before any work begins.

    Raises:
        UsageError: see above.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; expected a folder, new or empty")
    if folder.is_dir() and any(folder.iterdir()):
        page = folder / PAGE
        if not (page.is_file() and MARK in page.read_text(encoding="utf-8", errors="replace")[:2000]):
            raise UsageError(f"{folder}: holds other things; choose a new or an empty folder")
        if not force:
            raise UsageError(f"{folder}: holds such a page already; add --force to replace it")


def write_gallery(
    session: Session,
    presets: Sequence[tuple[str, Patch]],
    folder: Path,
    *,
    sound_format: SoundFormat = USUAL_FORMAT,
    comments: Mapping[str, str],
    advance: Callable[[], None],
) -> list[Heard]:
    """Play `presets` (key, patch) into sound files, sheets of spectrograms and a page; `advance` is called for each.

    Each sound file carries the comment that `comments` has for its key. A preset that cannot be played is noted on the
    page and does not stop the others.

    Raises:
        UsageError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}; choose another folder") from error
    heard: list[Heard] = []
    sheets: list[str] = []
    for first in range(0, len(presets), PANELS_A_SHEET):
        panels: list[Panel] = []
        for key, patch in presets[first : first + PANELS_A_SHEET]:
            comment = comments.get(key, "")
            heard.append(_play(session, key, patch, folder, panels, sound_format=sound_format, comment=comment))
            advance()
        sheets.append(f"sheet-{len(sheets) + 1:02d}.png" if panels else "")
        if panels:
            draw_spectrograms(folder / sheets[-1], panels, force=True)
    with atomic_write(folder / PAGE) as beside:
        beside.write_text(_page(heard, sheets, session), encoding="utf-8")
    return heard


def _play(
    session: Session,
    key: str,
    patch: Patch,
    folder: Path,
    panels: list[Panel],
    *,
    sound_format: SoundFormat,
    comment: str,
) -> Heard:
    try:
        sound = play_patch(session, patch, phrase_for(patch, session.bank))
    except NsynthLabError as error:
        return Heard(key, patch, notes=(str(error),))
    file = f"{key}.flac"
    write_sound(folder / file, sound.audio, sound_format, comment=comment, force=True)
    panels.append(Panel(patch.name, sound.audio.mono()))
    lufs, peak = programme_loudness(sound.audio.samples), gain_to_db(sound.audio.peak)
    return Heard(key, patch, file, lufs, peak, tuple(map(str, sound.troubles)))


def _page(heard: Sequence[Heard], sheets: Sequence[str], session: Session) -> str:
    parts = []
    for index, sheet in enumerate(sheets):
        row = heard[index * PANELS_A_SHEET : (index + 1) * PANELS_A_SHEET]
        parts += [f'<p><img src="{sheet}" alt="spectrograms" loading="lazy"></p>'] * bool(sheet)
        parts += [_article(one) for one in row]
    body = "\n".join(parts)
    whole = f"""<h1>{len(heard)} presets</h1>
<p>Model {escape(session.checkpoint.model_id)}, seed {session.seed}.</p>
{body}"""
    return document(whole, title=f"{len(heard)} presets", mark=MARK, style=STYLE)


def _article(one: Heard) -> str:
    patch = one.patch
    player = f'<audio controls preload="none" src="{escape(one.file)}"></audio>' if one.file else ""
    level = f"{one.lufs:.1f} LUFS, peak {one.peak_db:.1f} dBFS" if one.file else ""
    words = ", ".join(patch.tags)
    said = "".join(f"<p><small>{escape(note)}</small></p>" for note in one.notes)
    return (
        f"<article><h3>{escape(patch.name)}</h3><p>{escape(patch.description)}</p>"
        f"<p><small>{escape(' + '.join(patch.blend.corners))}<br>{escape(words)}<br>{level}</small></p>"
        f"{player}{said}</article>"
    )
