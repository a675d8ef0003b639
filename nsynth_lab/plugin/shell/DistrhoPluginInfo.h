// What DPF is told at compile time. SPDX-License-Identifier: ISC
#pragma once

#define DISTRHO_PLUGIN_BRAND "nsynth_lab"
#ifdef NSYNTH_LAB_EFFECT
#define DISTRHO_PLUGIN_NAME "nsynth-lab translate"
#define DISTRHO_PLUGIN_URI "urn:nsynth-lab:translate"
#define DISTRHO_PLUGIN_CLAP_ID "nsynth-lab.translate"
#define DISTRHO_PLUGIN_CLAP_FEATURES "audio-effect", "stereo"
#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:SimulatorPlugin"
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Fx|Stereo"
#define DISTRHO_PLUGIN_IS_SYNTH 0
#define DISTRHO_PLUGIN_NUM_INPUTS 2
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 0
#else
#define DISTRHO_PLUGIN_NAME "nsynth-lab"
#define DISTRHO_PLUGIN_URI "urn:nsynth-lab:instrument"
#define DISTRHO_PLUGIN_CLAP_ID "nsynth-lab.instrument"
#define DISTRHO_PLUGIN_CLAP_FEATURES "instrument", "synthesizer", "stereo"
#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:InstrumentPlugin"
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Instrument|Synth|Stereo"
#define DISTRHO_PLUGIN_IS_SYNTH 1
#define DISTRHO_PLUGIN_NUM_INPUTS 0
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 1
#endif
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_NUM_OUTPUTS 2
#define DISTRHO_PLUGIN_WANT_LATENCY 1
#define DISTRHO_PLUGIN_WANT_PARAMETER_VALUE_CHANGE_REQUEST 1
#define DISTRHO_PLUGIN_WANT_STATE 1
#define DISTRHO_PLUGIN_WANT_FULL_STATE 1

// Whether the host bounces: set by the formats that know it, before each block on the block's own thread (see dpf.py).
extern thread_local bool nsynth_lab_offline;
