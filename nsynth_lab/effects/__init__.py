"""Effects: the chain of a patch. The only door to pedalboard, imported on first use.

    blocks [1 or 2, n] --> stage --> stage --> level --> guard --> blocks [2, n]
                         effect, mix, bypass, watch      limiter at -0.3 dBFS

effect       the contract of everything in a chain
pedal        warming up, and latency
built_in     pedalboard's own effects, by the table in `patch.effect_table`
stage        wet and dry in step, bypass without clicks
watch        plugins that misbehave are taken out, and the music goes on
chain        all of it
plugin_info  what is known of a plugin without loading it
scan         finding that out, in a process of its own (`scan_child`, `apart`)
known        and remembering it
vst3, host   loading one, and playing it in a slot; its state is tried apart first (`trial`, `state_child`)
"""

from nsynth_lab.effects.chain import Chain, Trouble, chain_of
from nsynth_lab.effects.host import effect_info, is_preset, packed_state, read_state
from nsynth_lab.effects.plugin_cache import find_plugin, known_plugins
from nsynth_lab.effects.plugin_info import PluginInfo, PluginParameter
from nsynth_lab.effects.scan import plugin_files, scan

__all__ = [
    "Chain",
    "PluginInfo",
    "PluginParameter",
    "Trouble",
    "chain_of",
    "effect_info",
    "find_plugin",
    "is_preset",
    "known_plugins",
    "packed_state",
    "plugin_files",
    "read_state",
    "scan",
]
