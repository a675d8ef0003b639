"""All messages by the names that they have on the socket."""

from __future__ import annotations

from collections.abc import Mapping

from nsynth_lab.panel.messages.evolving import (
    CloseEvolution,
    Evolve,
    LikeMembers,
    MapInstruments,
    NextGeneration,
    RemoveEvolution,
    SaveMember,
    UndoGeneration,
)
from nsynth_lab.panel.messages.playing import (
    Bend,
    Change,
    Clock,
    Controller,
    Corners,
    Hello,
    Load,
    Midi,
    MidiIn,
    NoteOff,
    NoteOn,
    Open,
    OpenFile,
    Output,
    Panic,
    Place,
    Redo,
    Remove,
    Save,
    Set,
    Undo,
)
from nsynth_lab.panel.messages.producing import (
    Cancel,
    EncodeRecording,
    Forget,
    KeepRecording,
    Pack,
    Record,
    RemoveRecording,
    Scan,
)
from nsynth_lab.panel.messages.shown import (
    Evolution,
    JobRows,
    Keys,
    MidiPorts,
    Notes,
    Partner,
    Phrases,
    Playing,
    Presets,
    Recordings,
    State,
    Status,
    Translation,
    Trouble,
    Welcome,
)
from nsynth_lab.panel.messages.translating import Listen, PlayPhrase, RemovePhrase, TakePhrase, Translate
from nsynth_lab.panel.messages.tunes import (
    Compose,
    DrawLoop,
    Duet,
    Palette,
    PlayTune,
    RenderTune,
    StopTune,
    TunePlace,
    TuneWay,
)

FROM_PAGE: Mapping[str, type] = {
    "hello": Hello, "note_on": NoteOn, "note_off": NoteOff, "bend": Bend, "controller": Controller, "panic": Panic,
    "place": Place, "corners": Corners, "set": Set, "change": Change, "load": Load, "open": Open,
    "open_file": OpenFile, "save": Save, "remove": Remove, "undo": Undo, "redo": Redo, "output": Output,
    "midi": Midi, "midi_in": MidiIn, "clock": Clock,
    "cancel": Cancel, "forget": Forget, "record": Record, "pack": Pack, "scan": Scan,
    "compose": Compose, "draw_loop": DrawLoop, "palette": Palette, "play_tune": PlayTune, "stop_tune": StopTune,
    "tune_way": TuneWay, "tune_place": TunePlace, "render_tune": RenderTune,
    "encode_recording": EncodeRecording, "keep_recording": KeepRecording, "remove_recording": RemoveRecording,
    "translate": Translate, "play_phrase": PlayPhrase, "take_phrase": TakePhrase, "remove_phrase": RemovePhrase,
    "listen": Listen, "duet": Duet,
    "evolve": Evolve, "like_members": LikeMembers, "next_generation": NextGeneration, "undo_generation": UndoGeneration,
    "save_member": SaveMember, "close_evolution": CloseEvolution, "remove_evolution": RemoveEvolution,
    "map_instruments": MapInstruments,
}  # fmt: skip
FROM_SERVER: Mapping[str, type] = {
    "welcome": Welcome, "state": State, "status": Status, "keys": Keys, "presets": Presets,
    "midi_ports": MidiPorts, "notes": Notes, "trouble": Trouble,
    "jobs": JobRows, "recordings": Recordings, "phrases": Phrases, "translation": Translation, "playing": Playing,
    "partner": Partner, "evolution": Evolution,
}  # fmt: skip
