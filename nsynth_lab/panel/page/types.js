/**
 * What the modules of this page hand to each other; nothing runs here. The messages are those of `panel/messages`.
 *
 * @typedef {{ corners?: string[], position?: number | number[], weights?: number[],
 *   lfos?: Lfo[], track?: number, path?: number[][], path_unit?: "seconds" | "beats" }} Blend
 * @typedef {{ target?: string, rate_hz?: number, depth?: number, shape?: string, phase?: number,
 *   cycle_beats?: number, retrigger?: boolean }} Lfo
 * @typedef {{ mode?: string, voices?: number, unison?: number, bend_semitones?: number, mpe?: boolean }} Voice
 * @typedef {{ cc: number, target: string, low?: number, high?: number }} Route
 * @typedef {{ scale_cents?: number | number[], scale_root?: number, a4_hz?: number, transpose?: number }} Tuning
 * @typedef {{ name?: string, description?: string, tags?: string[], tempo_bpm?: number, blend?: Blend, effects?: Slot[],
 *   layers?: Layer[], voice?: Voice, tuning?: Tuning, midi?: Route[] }} Patch  tables of a preset file
 * @typedef {{ effect?: string, plugin?: string, label?: string, bypass?: boolean, mix?: number, impulse?: string,
 *   state?: string, parameters?: Record<string, number | boolean | string> }} Slot
 * @typedef {{ plugin: string, label?: string, level_db?: number, low_key?: number, high_key?: number,
 *   transpose?: number }} Layer
 * @typedef {{ value: number, low: number, high: number, unit: string, says: string }} Target
 *
 * @typedef {{ type: "welcome", version: number, program: string, sample_rate: number, block_samples: number }} Welcome
 * @typedef {{ type: "state", revision: number, patch: Patch, targets: Record<string, Target>, preset: string,
 *   is_changed: boolean, taken_out: Record<string, string>, can_undo: boolean, can_redo: boolean }} State
 * @typedef {{ type: "status", voices: number, x: number, y: number, load: number, peak: number, underruns: number,
 *   latency_ms: number, stolen: number, output: "socket" | "device" | "host", device: string,
 *   latency: "low" | "high",
 *   tempo_bpm: number, clock: "" | "midi" | "link", clock_is: "" | "not heard" | "stands still" | "runs" }} Status
 * @typedef {{ type: "midi_ports", watched: boolean, listen: string, names: string[], open: string[],
 *   problem: string }} MidiPorts
 * @typedef {{ type: "notes", notes: number[][] }} Notes  rows of key, x, y and pressure
 * @typedef {{ type: "keys", down: number[] }} Keys
 * @typedef {{ type: "playing", tune: string, on: boolean, at: number, speed: number, loop: boolean,
 *   change: "bar" | "slot", together: boolean, x: number, y: number, column: number, row: number,
 *   path: number[][] }} Playing
 * @typedef {{ answer: string, along: boolean, lead: boolean, loose: boolean, turns: number, close: number, free: number,
 *   bpm: number, metre: string, key: string, seed: number }} DuetOptions
 * @typedef {{ type: "partner", options: DuetOptions, doing: string, turn: number, late: number, heard: string,
 *   at: number, first: number, notes: [number, number, number, number][], coming: [number, number, number][],
 *   bars: number[] }} Partner
 * @typedef {{ type: "trouble", says: string }} Trouble
 *
 * @typedef {{ name: string, family: string, source: string, lowest: string, highest: string, velocities: number[],
 *   licence: string, attribution: string }} Instrument
 * @typedef {{ key: string, name: string, tags: string[], description: string, author: string,
 *   is_own: boolean }} Preset
 *
 * @typedef {{ kind: string, title: string, state: "waiting" | "running" | "done" | "failed" | "cancelled", done: number,
 *   total: number, says: string, seconds: number, files: { name: string, bytes: number }[], about: Record<string, unknown>,
 *   result: Record<string, unknown> }} Job
 * @typedef {{ name: string, title: string, version: number, kept: string, note: number, pitch: string, error_db: number,
 *   quality: string, seconds: number, family: string, remarks: string[], original: number[], reconstruction: number[] }} Recording
 * @typedef {{ name: string, title: string, kind: "number" | "flag" | "text", default: number | boolean | string,
 *   low: number, high: number, unit: string, choices: string[], steady: boolean, beats_of: string }} EffectParameter
 * @typedef {{ name: string, title: string, is_plugin: boolean, family: string, says: string, mix: number, takes_file: boolean, error: string,
 *   parameters: EffectParameter[] }} Effect
 *
 * @typedef {{ title: string, seconds: number, tone_seconds: number, notes: number, lowest: number, highest: number,
 *   several: boolean, has_sound: boolean, remarks: string[] }} Phrase
 * @typedef {{ transpose: number, follow: number, dynamics: number, expression: number, gate: number, snap: string, octaves: boolean, as_notes: boolean,
 *   several: boolean, rest: boolean, residual: number,
 *   loop: boolean, hears: "translation" | "source" | "both" }} TranslateOptions
 * @typedef {{ options: TranslateOptions, phrase: string, at: number, moved: number,
 *   listens: "nothing" | "machine" | "page", device: string, note: number, level_db: number, latency_ms: number,
 *   howls: boolean }} Translation
 * @typedef {{ seconds: number, step: number, late: number, pitch: (number | null)[], level: number[],
 *   notes: [number, number, number, number][], spectrogram: { lowest: number, rows_a_semitone: number, rows: number,
 *   columns: number, pixels: string } }} PhrasePicture  notes: begin, end, pitch, level
 *
 * @typedef {{ descent: string, words: string, is_made: boolean, notes: [number, number, number][], picture: string }} Member
 * @typedef {{ name: string, names: string[], what: "" | "tunes" | "presets" | "instruments", generation: number,
 *   members: Record<string, Member>, liked: number[], settings: Record<string, string>, folder: string, job: string,
 *   awaits: boolean }} Evolution
 *
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ left: number, top: number, width: number, height: number }} Box
 */
export {};
