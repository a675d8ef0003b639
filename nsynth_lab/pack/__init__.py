"""Sample packs: clips of a blend or a preset for samplers, at every note, velocity, position and round robin.

    request --> plan --> blend_clips | preset_clips --> decode --> effects --> finish --> store --> keymap --> formats/

request                    what is to be made; `parse` reads it from text
plan                       every clip and the name of every file; the manifest
blend_clips, preset_clips  the latents of each clip. A loop is closed here: `blend.loop`, `blend.moving_loop`
decode                     latents -> samples, in batches
effects                    a preset's effects, and the loop of what comes out of them
finish, quality            a clip as it is written: level, rate, loop, measurements
store, folder              the folder of a pack, also unfinished: `--resume`
keymap                     which clip sounds for which key and velocity
formats/                   sampler formats, README, report: to add a format, start there
make                       all of it: `make_pack`, in `batches`, here or on a Ray cluster (`ray_workers`)
estimate                   size and time, before the work
"""
