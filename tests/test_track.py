"""How far a drum follows the keys: an option, a parameter of presets, and a knob, live as offline and in packs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute
from playing import corner, played
from test_unpitched import drum, stroke
from tiny_model import tiny_checkpoint, tiny_model

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.errors import PatchError
from nsynth_lab.latents import Latents
from nsynth_lab.midi.events import Event, note_off, note_on, setting
from nsynth_lab.model.bank import Bank, BankEntry, at_bank_level
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import Instrument, Note
from nsynth_lab.pack.blend_clips import BlendClips
from nsynth_lab.pack.parse import from_dict, parse_pack
from nsynth_lab.panel.changes import blend_patch, by_hand, changed
from nsynth_lab.panel.history import History, Sound
from nsynth_lab.panel.messages.playing import Change, Corners
from nsynth_lab.panel.moves import moves
from nsynth_lab.panel.shown import state_of
from nsynth_lab.patch import Blend, Patch, format_preset, parse_preset
from nsynth_lab.render import Session
from nsynth_lab.render.patch_note import patch_note
from nsynth_lab.render.play_request import parse_play
from nsynth_lab.render.preset_synth import settings_of
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources

TARGET = "blend.track"
KEYS = [note_on(72), note_off(72, at_sample=6_000), note_on(48, at_sample=7_000)]
TOM = drum(stroke(hz=90.0, decay_seconds=0.2))


def corners(track: float = 0.0) -> list[list[Latents]]:
    return [[at_bank_level(TOM.tracking(track))], corner(flute())]


def heard(track: float, settings: Settings, *, events: list[Event] = KEYS, ahead: int = 512) -> np.ndarray:
    engine = Engine(Checkpoint.of(tiny_model()), [Sources(corners(track))], settings, ahead_samples=ahead)
    return played(engine, events, samples=20_000, blocks=(ahead,))


def patch_of(*, track: tuple[float, ...] = ()) -> Patch:
    return Patch("p", Blend(("tom", "flute"), position=(0.2,), track=track))


def test_what_is_set_sounds_as_what_is_captured_so_and_moves_live_as_offline() -> None:
    captured = heard(0.7, Settings(x=0.2))
    assert np.abs(captured - heard(0.0, Settings(x=0.2))).max() > 0.01
    np.testing.assert_allclose(heard(0.0, Settings(x=0.2, track=0.7)), captured, atol=2e-5)
    np.testing.assert_allclose(heard(1.0, settings_of(patch_of(track=(0.7,)))), captured, atol=2e-5)
    turned = [setting("track", 0.7, at_sample=640), *KEYS, setting("track", 0.2, at_sample=7_680)]
    live = heard(0.0, Settings(x=0.2), events=turned)
    np.testing.assert_allclose(heard(0.0, Settings(x=0.2), events=turned, ahead=8_192), live, atol=2e-5)
    assert np.abs(live - captured).max() > 0.01


def test_a_preset_keeps_it_and_says_nothing_where_it_is_as_captured() -> None:
    patch = patch_of(track=(0.5,))
    text = format_preset(patch)
    assert "track = 0.5" in text
    assert parse_preset(text) == patch
    assert parse_preset(text).blend.at((1.0,)).key_track == 0.5
    assert "track" not in format_preset(patch_of())
    assert patch_of().blend.key_track is None
    with pytest.raises(PatchError, match=r"track: 1.5 is out of range"):
        patch_of(track=(1.5,))
    rows = [patch_note(Sources(corners(1.0)), one, Note(72), hold_seconds=0.1).voices[0] for one in (patch, patch_of())]
    lower, higher = (voice.latents.unpitched for voice in rows)
    assert lower is not None
    assert higher is not None
    assert not np.allclose(lower, higher)


def test_a_knob_can_be_turned_while_it_plays_but_what_was_captured_takes_another_engine() -> None:
    usual = patch_of()
    half = by_hand(usual, TARGET, 0.5)
    assert half.blend.track == (0.5,)
    assert moves(usual, half) == [setting("track", 0.5)]
    assert moves(half, by_hand(half, TARGET, 0.25)) == [setting("track", 0.25)]
    assert moves(half, usual) is None
    assert changed(half, Change(within={"blend": {"track": []}})) == usual
    assert changed(half, Corners(("flute", "tom"))).blend.track == (0.5,), "other corners keep it"


def test_pages_are_told_of_it_where_there_is_a_drum() -> None:
    entries = [BankEntry(Instrument("tom", "drum"), (0,)), BankEntry(Instrument("flute", "flute"), (1,))]
    bank = Bank(entries, [TOM.tracking(0.6), flute()], model_id=flute().model_id)
    told = {
        names: state_of(History(Sound(blend_patch(names))), bank, revision=1, taken_out={}).targets.get(TARGET)
        for names in (("tom", "flute"), ("flute",))
    }
    assert told["flute",] is None
    row = told["tom", "flute"]
    assert row is not None
    assert row["value"] == pytest.approx(0.6)
    assert (row["low"], row["high"]) == (0.0, 1.0)


def test_it_reaches_every_part_that_is_played() -> None:
    asked = parse_play(["flute"], track=0.3)
    assert asked.settings().track == pytest.approx(0.3)
    assert parse_play(["flute"], sets=["track=1"]).settings().track == 1.0
    assert asked.settings_of(patch_of(track=(1.0,)), seed=0).track == pytest.approx(0.3)
    assert parse_play(["flute"]).settings_of(patch_of(track=(1.0,)), seed=0).track == 1.0


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a checkpoint, and a tom in the user's bank."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    tiny_checkpoint(tmp_path / "model")
    write_audio("tom.wav", Audio(stroke(hz=90.0, decay_seconds=0.2)[None]))
    assert run(["encode", "tom.wav", "--source-note", "none", "--checkpoint", "model", "-o", "tom.latents"]) == 0
    return tmp_path


PACK = ("--notes", "C3,C5", "--velocities", "100", "--positions", "0.2", "--duration", "0.5", "--checkpoint", "model")


def test_a_pack_follows_the_keys_and_can_be_made_again(here: Path) -> None:
    for name, more in (("stays", []), ("follows", ["--track", "1"])):
        assert run(["pack", "tom.latents", "flute", *PACK, *more, "-o", name]) == 0
    recipe = json.loads((here / "follows/manifest.json").read_text("utf-8"))["recipe"]
    assert recipe["track"] == [1.0]
    assert from_dict(recipe).patch.blend.track == (1.0,)
    assert "track" not in json.loads((here / "stays/manifest.json").read_text("utf-8"))["recipe"]
    assert run(["pack", "--from", "follows/manifest.json", "--checkpoint", "model", "-o", "again"]) == 0
    clips = sorted(path.relative_to(here / "follows") for path in (here / "follows").rglob("*.wav"))
    assert clips
    for clip in clips:
        assert (here / "again" / clip).read_bytes() == (here / "follows" / clip).read_bytes()
    assert any((here / "stays" / clip).read_bytes() != (here / "follows" / clip).read_bytes() for clip in clips)


def test_a_clip_follows_as_the_session_blends_it(here: Path) -> None:
    request = parse_pack(["tom.latents"], notes="C5", velocities="100", seconds=0.5, track=1.0, loop=False)
    session = Session(here / "model", device="cpu")
    (key,) = request.keys()
    clip = BlendClips(session, request).clip(key).latents.unpitched
    wanted = session.blend(request.blend_request(key)).unpitched
    assert clip is not None
    assert wanted is not None
    np.testing.assert_array_equal(clip, wanted)
    stays = replace(request, patch=Patch("blend", Blend(("tom.latents",))))
    other = BlendClips(session, stays).clip(key).latents.unpitched
    assert other is not None
    assert not np.array_equal(other, clip)


def test_a_presets_pack_takes_it_from_the_option(here: Path) -> None:
    (here / "one.toml").write_text(format_preset(patch_of()), "utf-8")
    request = parse_pack([], preset="one.toml", notes="C5", velocities="100", track=0.5)
    assert request.patch.blend.track == (0.5,)
    assert parse_preset(request.preset).blend.track == (0.5,), "what the manifest keeps"
