"""What `capture --list` and `dataset soundfont --list` print: the presets of a SoundFont."""

from __future__ import annotations

from pathlib import Path

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError
from nsynth_lab.wording import counted


def show_presets(font: Path, *, as_json: bool) -> None:
    """Print bank, program, name, keys and velocities of each preset; families where the font is General MIDI."""
    if font.suffix.lower() not in (".sf2", ".sf3"):
        raise UsageError(f"{font}: --list shows the presets of a SoundFont (.sf2 or .sf3)")
    from nsynth_lab.dataset.font_presets import is_general_midi, preset_row, read_presets
    from nsynth_lab.dataset.general_midi import PROGRAMS

    presets = read_presets(font)
    known = is_general_midi(presets)
    rows = [preset_row(preset) for preset in presets]
    for row in rows:
        named = PROGRAMS.get(row["program"]) if known and row["bank"] == 0 else None
        row["family"] = named.family if named else ""
    if as_json:
        console.print_json({"general_midi": known, "presets": rows})
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("bank", "program", "name", "keys", "velocities", "family", box=None, header_style="bold")
    for row in rows:
        velocities = f"{row['softest']} to {row['hardest']}" if row["softest"] else ""
        table.add_row(str(row["bank"]), str(row["program"]), Text(row["name"]), row["keys"], velocities, row["family"])
    console.show(table)
    said = "General MIDI" if known else "not General MIDI: its program numbers tell no family (--family)"
    console.say(f"{counted(len(rows), 'preset')}; {said}")
