"""One preset, one sound: a clip of a pack and a phrase are the very notes that are played live, law by law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute, piano
from playing import SECOND, Heard, corner, played, small_engine
from tiny_model import tiny_checkpoint, tiny_model

from nsynth_lab.cli import run
from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.latents import with_silence
from nsynth_lab.midi.events import Event, note_off, note_on
from nsynth_lab.model.bank import BANK
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import Note
from nsynth_lab.pack.blend_clips import ClipLatents
from nsynth_lab.pack.decode import decode_clips
from nsynth_lab.pack.request import ClipKey
from nsynth_lab.patch import Blend, Envelope, Lfo, Patch, Slot, Tuning, Voice, read_preset, write_preset
from nsynth_lab.patch.library import FACTORY
from nsynth_lab.render import DEFAULT_CHECKPOINT, Session
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.render.levelling import phrase_for
from nsynth_lab.render.patch_note import patch_note
from nsynth_lab.render.preset import PhraseNote, patch_sources, play_note, play_patch
from nsynth_lab.render.preset_synth import PatchEffects, settings_of
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.mixer import mix_whole
from nsynth_lab.synth.settings import PARAMETERS, Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.synth.tuning import Tuning as KeyTuning
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

SAME_DB = -60.0
PRESETS = sorted(path.stem for path in FACTORY.glob("*.toml"))
PATCH = Patch("made", Blend(("flute", "cello")), envelope=Envelope(release_seconds=0.2))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(tiny_checkpoint(tmp_path_factory.mktemp("model")), seed=3)


@cache
def trained() -> Session:
    return Session(user_instruments=False)


def key_of(note: Note, *, hold_seconds: float) -> list[Event]:
    return [
        note_on(note.number, note.velocity),
        note_off(note.number, at_sample=round(hold_seconds * SAMPLE_RATE)),
    ]


def from_engine(session: Session, patch: Patch, note: Note, *, hold_seconds: float, samples: int) -> FloatArray:
    """[2, samples] of the synth, before the patch's effects, in blocks as small as they get; nothing is bent."""
    settings = replace(settings_of(patch, seed=session.seed), volume_db=-20.0)
    engine = make_engine(session, [patch_sources(session, patch)], settings)
    late = engine.delay_samples
    return played(engine, key_of(note, hold_seconds=hold_seconds), samples=samples + late, blocks=(64,))[
        :, late:
    ] * np.float32(10)


def as_clip(session: Session, patch: Patch, note: Note, *, hold_seconds: float) -> FloatArray:
    """[2, samples] as a pack decodes it, before the patch's effects, not brought in tune and not looped."""
    one = patch_note(patch_sources(session, patch), patch, note, hold_seconds=hold_seconds, seed=session.seed)
    rows, gains = [], []
    for voice in one.voices:
        more = one.frames - voice.latents.frames
        cents = np.asarray(voice.latents.f0_cents + voice.detune_cents, np.float32)
        latents = with_silence(replace(voice.latents, f0_cents=cents), more)
        rows.append(
            ClipLatents(ClipKey(0, note.number, note.velocity, 0), latents, None, True, noise_places(voice.seed), 0.0)
        )
        gains.append(np.pad(voice.gains, ((0, more), (0, 0), (0, 0))))
    return mix_whole(decode_clips(rows, session.checkpoint), gains)


def apart_db(one: FloatArray, other: FloatArray) -> float:
    """Power of the difference, relative to `other`."""
    difference, power = (np.square(sound, dtype=np.float64).mean() for sound in (one - other, other))
    return float(10 * np.log10(difference / power + 1e-20))


def assert_one_sound(session: Session, patch: Patch, note: Note, *, hold_seconds: float) -> None:
    clip = as_clip(session, patch, note, hold_seconds=hold_seconds)
    assert np.abs(clip).max() > 1e-3
    live = from_engine(session, patch, note, hold_seconds=hold_seconds, samples=clip.shape[1])
    assert apart_db(clip, live) < SAME_DB


# --- a clip is the note that is played ---


@pytest.mark.skipif(not (DEFAULT_CHECKPOINT / BANK).is_file(), reason="no checkpoint")
@pytest.mark.parametrize("name", PRESETS)
def test_a_note_of_a_factory_preset_is_the_same_from_the_engine_and_as_a_clip(name: str) -> None:
    patch = read_preset(FACTORY / f"{name}.toml").with_macros_applied()
    note = phrase_for(patch, trained().bank)[1].note
    assert_one_sound(trained(), patch, note, hold_seconds=0.3)


EVERYWHERE = {
    "envelope": replace(PATCH, envelope=Envelope(0.1, 0.4, 0.3, 0.5)),
    "no sustain": replace(PATCH, envelope=Envelope(0.0, 0.5, 0.0, 0.2)),
    "unison": replace(PATCH, voice=Voice(unison=3, detune_cents=30.0, spread=0.8)),
    "tuning": replace(PATCH, tuning=Tuning(a4_hz=432.0, transpose=-12, scale_cents=(90.0, 700.0, 1200.0))),
    "random": replace(PATCH, blend=replace(PATCH.blend, lfos=(Lfo("timbre", 6.0, 0.4, "random"),))),
    "moving": replace(
        PATCH,
        blend=Blend(
            ("flute", "cello", "flute"),
            path=((0.0, 0.1, 0.2), (0.4, 0.9, 0.8)),
            partials=(0.3, 0.3),
            lfos=(Lfo("pitch_cents", 5.0, 40.0), Lfo("level_db", 3.0, 6.0), Lfo("position_y", 2.0, 0.3)),
        ),
    ),
    "legato": replace(PATCH, voice=Voice("legato", glide_seconds=0.3)),
}


@pytest.mark.parametrize("name", EVERYWHERE)
@pytest.mark.parametrize("velocity", [17, 101])
def test_whatever_a_patch_does_its_clip_is_the_note_that_is_played(session: Session, name: str, velocity: int) -> None:
    assert_one_sound(session, EVERYWHERE[name], Note(64, velocity), hold_seconds=0.7)


def test_a_clip_that_is_held_longer_than_its_recording_is_still_the_note_that_is_played(session: Session) -> None:
    assert_one_sound(session, replace(PATCH, envelope=Envelope()), Note(57), hold_seconds=3.5)


def test_a_phrase_is_what_is_played_live(session: Session) -> None:
    effects = (Slot("distortion", parameters={"drive_db": 18.0}), Slot("chorus"))
    legato = Voice("legato", glide_seconds=0.15, unison=2)
    phrase = [PhraseNote(Note(60), 0.0, 0.3), PhraseNote(Note(67, 60), 0.2, 0.3), PhraseNote(Note(72), 0.7, 0.2)]
    for patch in (replace(PATCH, effects=effects, voice=legato), replace(PATCH, effects=effects)):
        sound = play_patch(session, patch, phrase).audio.samples[:, :SECOND]
        stage = PatchEffects(patch, seed=session.seed)
        settings = settings_of(patch, seed=session.seed)
        engine = make_engine(session, [patch_sources(session, patch)], settings, output_stage=stage)
        events = []
        for one in phrase:
            begin = round(one.start_seconds * SAMPLE_RATE)
            events += [note_on(one.note.number, one.note.velocity, at_sample=begin),
                       note_off(one.note.number, at_sample=begin + round(one.hold_seconds * SAMPLE_RATE))]  # fmt: skip
        late = engine.delay_samples
        live = played(engine, sorted(events, key=lambda event: event.at_sample), samples=SECOND + late)[:, late:]
        assert apart_db(sound, live) < SAME_DB


def test_a_note_of_a_preset_fills_its_seconds(session: Session) -> None:
    sound = play_note(session, PATCH, Note(60), seconds=0.8).audio.samples
    assert sound.shape == (2, round(0.8 * SAMPLE_RATE))
    phrase = play_patch(session, PATCH, [PhraseNote(Note(60), 0.0, 0.6)]).audio.samples
    assert apart_db(sound[:, : round(0.6 * SAMPLE_RATE)], phrase[:, : round(0.6 * SAMPLE_RATE)]) < SAME_DB
    assert np.abs(sound[:, -480:]).max() < 1e-2 * np.abs(sound).max()


# --- the envelope ---


def gain_db(settings: Settings, events: Sequence[Event], *, seconds: float) -> dict[float, float]:
    """What the envelope adds to a note, in dB, where it is heard: at each frame's end, from the samples."""
    samples = round(seconds * SAMPLE_RATE)
    wet = played(small_engine(settings), events, samples=samples)[0]
    dry = played(small_engine(Settings(release_ms=PARAMETERS["release_ms"].high)), events, samples=samples)[0]
    found = {}
    for end in range(512, samples, 512):
        near = slice(end - 8, end)
        if (loud := np.abs(dry[near]).max()) > 1e-5:
            found[end / SAMPLE_RATE] = 20 * np.log10(max(np.abs(wet[near]).max(), 1e-9) / loud)
    return found


def nearest(found: dict[float, float], seconds: float) -> float:
    at = min(found, key=lambda at: abs(at - seconds))
    assert abs(at - seconds) < 0.02
    return found[at]


def test_an_envelope_rises_straight_and_decays_as_sounds_do() -> None:
    settings = Settings(attack_ms=500.0, decay_ms=1000.0, sustain_db=20 * np.log10(0.5))
    found = gain_db(settings, [note_on(57)], seconds=1.6)
    for seconds in (0.1, 0.25, 0.4):
        assert nearest(found, seconds) == pytest.approx(20 * np.log10(seconds / 0.5), abs=0.4)
    for since in (0.1, 0.2, 0.5, 1.0):
        left = 0.5 + 0.5 * 10 ** (-3 * since)
        assert nearest(found, 0.5 + since) == pytest.approx(20 * np.log10(left), abs=0.2)
    assert nearest(found, 0.7) == pytest.approx(-4.1, abs=0.2)


def test_a_release_falls_by_60_db_within_its_time_from_wherever_it_was() -> None:
    settings = Settings(decay_ms=100.0, sustain_db=-6.0, release_ms=1000.0)
    found = gain_db(settings, [note_on(57), note_off(57, at_sample=SECOND // 2)], seconds=1.2)
    begun = nearest(found, 0.55)
    for later in (0.05, 0.1, 0.18):
        # the note that it is compared with falls by 60 dB in 30 s
        assert nearest(found, 0.55 + later) - begun == pytest.approx(-60.0 * later + 2.0 * later, abs=0.7)


def test_as_long_an_attack_as_a_preset_may_have_is_played() -> None:
    patch = replace(PATCH, envelope=Envelope(20.0, 60.0, 0.5, 30.0), voice=Voice("legato", glide_seconds=10.0))
    settings = settings_of(patch)
    assert (settings.attack_ms, settings.decay_ms, settings.release_ms) == (20_000.0, 60_000.0, 30_000.0)
    assert settings.glide_ms == 10_000.0
    found = gain_db(Settings(attack_ms=20_000.0), [note_on(57)], seconds=0.5)
    assert nearest(found, 0.4) == pytest.approx(20 * np.log10(0.4 / 20.0), abs=0.4)
    assert PARAMETERS["attack_ms"].from_controller(127) == 5_000.0, "a controller keeps its fine steps"


def test_a_sustain_of_nothing_ends_the_note() -> None:
    engine = small_engine(Settings(decay_ms=300.0, sustain_db=-60.0))
    played(engine, [note_on(57)], samples=SECOND // 2)
    assert engine.state().voices == 0


@pytest.mark.parametrize("release_ms", [50.0, 300.0])
def test_a_note_of_no_length_is_heard_whatever_its_release(release_ms: float) -> None:
    def peak(settings: Settings) -> float:
        return float(np.abs(played(small_engine(settings), [note_on(60), note_off(60)], samples=SECOND // 2)).max())

    assert peak(Settings(release_ms=release_ms)) > 0.5 * peak(Settings())


# --- zones, level, noise ---


def test_a_key_sounds_with_the_zone_nearest_to_its_pitch() -> None:
    notes = (45, 57, 69)
    marked = [
        replace(note, timbre=np.full_like(note.timbre, float(index)))
        for index, note in enumerate(corner(flute(), notes=notes, velocities=(100,)))
    ]
    low = KeyTuning(tuple(note_to_hz(float(key) - 12.0) for key in range(128)))
    for tuning, key, zone in ((low, 57, 0), (low, 69, 1), (low, 81, 2), (Settings().tuning, 57, 1)):
        engine = Engine(Checkpoint.of(tiny_model()), [Sources([marked])], Settings(tuning=tuning))
        heard = Heard(engine)
        played(engine, [note_on(key)], samples=4096)
        assert {float(frame[0]) for _, _, frame in heard.timbre} == {float(zone)}, (key, zone)


def test_effects_get_the_sound_as_loud_as_it_is() -> None:
    """Nothing is bent before a compressor or a drive sees it: the chain's own limiter is the last."""
    loud = [note_on(key, 127) for key in (45, 50, 57, 62, 69, 74)]
    settings = Settings(volume_db=12.0)
    seen: list[FloatArray] = []

    class Watching(PatchEffects):
        def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
            seen.append(block.copy())
            return super().process(block, begin_sample)

    out = played(small_engine(settings, output_stage=Watching(PATCH)), loud, samples=SECOND // 4)
    quiet = played(small_engine(replace(settings, volume_db=-20.0)), loud, samples=SECOND // 4)
    came = np.concatenate(seen, axis=1)
    assert np.abs(came).max() > 1.0, "or this shows nothing"
    assert apart_db(came * 10 ** (-32 / 20), quiet) < SAME_DB
    assert np.abs(out).max() <= 10 ** (-0.25 / 20)
    bent = played(small_engine(settings), loud, samples=SECOND // 4)
    assert np.abs(bent).max() < 0.9701, "without effects, what is too loud is bent"


def test_voices_of_following_seeds_begin_equally_far_apart_in_the_noise() -> None:
    places = noise_places(np.arange(5))
    assert places.tolist() == [noise_places(seed) for seed in range(5)]
    assert tiny_model().decoder.start(5).noise_position.tolist() == places.tolist()


def test_a_struck_note_keeps_its_decay_in_a_longer_clip() -> None:
    """A piano's note does not die away more slowly because a clip is longer."""
    sources = Sources([corner(piano()), corner(piano())])
    patch = Patch("struck", Blend(("piano", "piano")))
    short, long = (
        patch_note(sources, patch, Note(57), hold_seconds=seconds).voices[0].latents for seconds in (1.0, 6.0)
    )
    until = short.release_frame
    assert np.array_equal(short.loudness_db[:until], long.loudness_db[:until])


def test_keys_that_a_tuning_leaves_silent_are_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tiny_checkpoint(tmp_path / "model"))
    write_preset(tmp_path / "high.toml", replace(PATCH, tuning=Tuning(transpose=36)))
    preset = ["--preset", str(tmp_path / "high.toml"), "--checkpoint", model]
    for words in (
        ["blend", *preset, "--note", "C8", "-o", str(tmp_path / "note.wav")],
        ["pack", *preset, "--notes", "C4,C8", "--velocities", "100", "-o", str(tmp_path / "pack")],
    ):
        assert run(words) == 2
        assert "C8 would sound at 33,488 Hz" in capsys.readouterr().err
    assert not (tmp_path / "note.wav").exists()
    assert not (tmp_path / "pack").exists()
