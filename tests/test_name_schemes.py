"""File names of real libraries: what whole folders of them mean, by the names alone and with the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from name_schemes import File, Scheme, schemes

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.file_names import read_name
from nsynth_lab.dataset.from_folder import ImportOptions, import_folder
from nsynth_lab.dataset.recordings import Recording, find_recordings
from nsynth_lab.dataset.screening import ScreeningResult
from nsynth_lab.units import FloatArray, note_to_hz

RATE = 22_050
SCHEMES = schemes()
RIGHT = 0.98
MOST_HEARD = 16


def tone(pitch: int, velocity: int) -> FloatArray:
    """Half a second at the note, as loud as the velocity."""
    at = np.arange(RATE // 2) / RATE
    orders = [k for k in range(1, 6) if k * note_to_hz(float(pitch)) < 0.4 * RATE] or [1]
    wave = sum(np.sin(2 * np.pi * k * note_to_hz(float(pitch)) * at) / k for k in orders)
    ends = np.minimum(1.0, np.minimum(at / 0.005, (0.5 - at) / 0.02))
    return np.asarray(0.5 * velocity / 127 * ends * wave / 2.3 * 10 ** (-at), np.float32)


def wrong_names(scheme: Scheme, recordings: dict[str, Recording]) -> list[str]:
    """Files whose name is not read as it is meant."""
    wrong = []
    for file in scheme.files:
        recording = recordings[f"{file.path}.wav"]
        velocity = recording.velocity if file.pitch is not None else file.velocity
        if recording.parsed.pitch != file.pitch or velocity != file.velocity:
            wrong.append(f"{file.path}: {recording.parsed.pitch}, {velocity}; {recording.scheme}")
    return wrong


@pytest.mark.parametrize("scheme", [one for one in SCHEMES if not one.heard], ids=lambda one: one.title)
def test_names_alone_are_read_as_their_makers_meant_them(scheme: Scheme, tmp_path: Path) -> None:
    for file in scheme.files:
        path = tmp_path / "pack" / f"{file.path}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    recordings = {recording.file: recording for recording in find_recordings(tmp_path / "pack", family="keyboard")}
    wrong = wrong_names(scheme, recordings)
    assert len(wrong) <= (1 - RIGHT) * len(scheme.files), wrong[:5]


def heard_files(scheme: Scheme) -> list[File]:
    """Some of a scheme's files whose pitches can be heard in half a second, with all their layers."""
    pitches = sorted({file.pitch for file in scheme.files if file.pitch is not None and 36 <= file.pitch <= 96})
    chosen = set(pitches[:: max(1, len(pitches) // 5)])
    velocities = sorted({file.velocity for file in scheme.files})
    kept = {velocities[0], velocities[len(velocities) // 2], velocities[-1]}
    found: dict[tuple[int | None, int], File] = {}
    for file in scheme.files:
        if file.pitch in chosen and file.velocity in kept:
            found.setdefault((file.pitch, file.velocity), file)
    return list(found.values())


def test_a_dry_run_over_all_of_them_reads_98_in_100_rightly_and_errs_in_none(tmp_path: Path) -> None:
    """Each library in a folder of its own, as tones; a name that is read wrongly is at least doubted."""
    files: dict[str, File] = {}
    for number, scheme in enumerate(SCHEMES):
        for file in heard_files(scheme):
            path = tmp_path / "packs" / f"library {number}" / f"{file.path}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert file.pitch is not None
            write_audio(path, Audio(tone(file.pitch, file.velocity)[None], RATE))
            files[str(path.relative_to(tmp_path / "packs"))] = file
    results = {
        found.file: found for found in import_folder(tmp_path / "packs", None, ImportOptions("keyboard"), jobs=1)
    }
    right = [path for path, file in files.items() if is_right(results[path], file)]
    wrong = [(results[path], files[path]) for path in files if path not in right]
    assert len(right) >= RIGHT * len(files), wrong[:5]
    assert [one for one in wrong if one[0].outcome == "taken"] == []


def is_right(found: ScreeningResult, file: File) -> bool:
    return (found.outcome, found.pitch, found.velocity) == ("taken", file.pitch, file.velocity)


def test_an_organs_pedal_is_a_note_and_the_noise_of_a_pedal_is_none() -> None:
    assert read_name("Pedal Bourdon 036-C2").doubt == ""
    assert all(read_name(stem).doubt.startswith("pedal") for stem in ("pedalD1", "pedalU2", "pedal_down_2"))


def test_a_note_without_an_octave_is_no_dynamic() -> None:
    assert read_name("808 Bass 9 - F#").velocity is None
    assert read_name("Bell_C4_mf#2").velocity == 80
