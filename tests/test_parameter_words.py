"""--set, --cc and --learn call parameters what presets call them, in the units of presets."""

from __future__ import annotations

import re

import pytest

from nsynth_lab import cli
from nsynth_lab.errors import UsageError
from nsynth_lab.patch import parse_preset
from nsynth_lab.render.play_request import parse_play
from nsynth_lab.render.preset_synth import settings_of
from nsynth_lab.synth.parameter_words import WORDS, listing, parse_setting, word_of
from nsynth_lab.synth.settings import PARAMETERS, WEIGHTS, Settings

PRESET = """
version = 1
name = "Two"
[blend]
corners = ["flute", "cello"]
[envelope]
attack_seconds = 0.25
decay_seconds = 1.5
sustain = 0.4
release_seconds = 0.3
[voice]
glide_seconds = 0.12
"""
SAME = ("attack_seconds=0.25", "decay_seconds=1.5", "sustain=0.4", "release_seconds=0.3", "glide_seconds=0.12")


def test_a_setting_means_what_it_means_in_a_preset() -> None:
    settings = settings_of(parse_preset(PRESET))
    for text in SAME:
        name, value = parse_setting(text)
        assert value == pytest.approx(getattr(settings, name))
    assert parse_play(["flute"], sets=SAME).settings().sustain_db == pytest.approx(-7.9588)


@pytest.mark.parametrize("name", [name for name in WORDS if name not in WEIGHTS])
def test_both_ends_of_a_range_are_taken_and_nothing_beyond(name: str) -> None:
    word = WORDS[name]
    for value, limit in ((word.low, PARAMETERS[word.parameter].low), (word.high, PARAMETERS[word.parameter].high)):
        parameter, inside = parse_setting(f"{name}={value!r}")
        assert inside == pytest.approx(limit)
        Settings(**{parameter: inside})  # type: ignore[arg-type]
    for text in (f"{name}={word.high + 1}", f"{name}={word.low - 1}", f"{name}=nan", f"{name}=", f"{name}=inf"):
        with pytest.raises(UsageError, match=rf"--set {re.escape(text)}: expected"):
            parse_setting(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("release_ms=300", "release_seconds=0.3"),
        ("attack_ms=5", "attack_seconds=0.005"),
        ("sustain_db=-6", "sustain=0.501187"),
        ("sustain_db=-60", "sustain=0"),
    ],
)
def test_old_names_work_and_say_the_new_ones(old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert parse_setting(old)[0] == parse_setting(new)[0]
    assert parse_setting(old)[1] == pytest.approx(parse_setting(new)[1], abs=1e-4)
    capsys.readouterr()
    name, new_name = old.partition("=")[0], new.partition("=")[0]
    words = ["play", "flute", "--set", old, "--cc", f"21={name}", "--learn", name, "--block", "1"]
    assert cli.run(words) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == f"{old} is now {new}; the old name goes in 0.3"
    assert told[1:-1] == [f"{name} is now {new_name}; the old name goes in 0.3"] * 2
    asked = parse_play(["flute"], controllers=[f"21={new_name}"], learn=[new_name])
    assert (dict(asked.controllers), asked.learn) == ({21: name}, (name,))


def test_the_help_of_play_and_render_lists_every_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its range and meaning, from the table that the synth itself goes by."""
    shown = {word_of(name) for name in PARAMETERS if name not in WEIGHTS}
    assert shown == {name for name, _, _ in listing()[:-1]}
    for command in ("play", "render"):
        assert cli.run([command, "--help"]) == 0
        told = re.sub(r"\s+", " ", capsys.readouterr().out)
        for name, span, about in listing():
            assert f"{name} {span}: {about}" in told
