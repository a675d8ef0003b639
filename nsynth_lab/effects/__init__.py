"""Effects: the effects chain of a patch, built-in effects and VST3 plugins. The only door to pedalboard.

    block [1 or 2, samples] --> stage --> stage --> level_db --> limiter at -0.3 dBFS --> block [2, samples]
                                effect, mix, bypass, watchdog

effect            the contract of every effect
pedal             how pedalboard's effects are warmed up, and how their latency is measured
built_in          pedalboard's own effects, as listed in `patch.effect_table`
smoothing         parameter changes without clicks
stage             one effect in the chain: wet and dry in sync, click-free bypass
watchdog          takes a misbehaving plugin out of the chain while the music goes on
chain             the whole chain: start here
plugin_info       what is known of a plugin without loading it
plugin_cache      the results of scanning, on disk
scan              finds plugins and examines each in a process of its own (`scan_child`, `subprocess_probe`)
vst3              one loaded plugin
hosted_plugin     that plugin set up, playing block by block: in a process of its own (`plugin_process`, `plugin_child`,
                  `shared_blocks`), or in this one (`plugin_here`)
host              the plugin as an effect
layers            hosted instruments under the synth's keys, which `keys` tells them of
stable_notes      waits for plugins that load their samples late

To add a built-in effect: add a row to `patch.effect_table`, naming the pedalboard class. The preset parser, `preset
check`, the help, the schema and this chain all read that table. An effect that pedalboard does not have implements
`effect.Effect` and is made in `chain._stage`.
"""

from nsynth_lab.effects.chain import Chain, Trouble, chain_of
from nsynth_lab.effects.host import effect_info, instrument_info, is_preset, packed_state, read_state
from nsynth_lab.effects.layers import Layers
from nsynth_lab.effects.plugin_cache import find_plugin, scanned_plugins
from nsynth_lab.effects.plugin_info import PluginInfo, PluginParameter
from nsynth_lab.effects.scan import plugin_files, scan

__all__ = [
    "Chain",
    "Layers",
    "PluginInfo",
    "PluginParameter",
    "Trouble",
    "chain_of",
    "effect_info",
    "find_plugin",
    "instrument_info",
    "is_preset",
    "packed_state",
    "plugin_files",
    "read_state",
    "scan",
    "scanned_plugins",
]
