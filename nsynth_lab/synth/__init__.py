"""Synth: events -> voices -> one batched step of the decoder -> a mixed block.

    events ----> engine ---> player ----> voice_allocator     which voice gets a slot, which is stolen
                   |         channels, held_keys              wheels, pedals and MPE; keys that are down
                   |         settings, tuning (scala)         parameters; the pitch of each key
                   |
                   |         beat_clock                       samples to beats, through changes of tempo
                   |
                   +-------> planner ---> modulation          the weights of the blend of each voice
                   |                      zone_reader         the zones of its instruments, blended (sources)
                   |                      compiled.voices     pitch, envelope and gain: the frame as numbers
                   |
                   +-------> renderer --> network             what has a tone goes through the decoder (runtime)
                   |                      mixer               frames of all voices, added up
                   |
                   +-------> output_stage                     effects, or a soft clip

Start with `engine.Engine._render`: it is this picture. A voice is stolen in `player.Player._make_room`, which asks
`voice_allocator.voices_to_steal`; under overload by `Engine.steal`. The blend is taken in `planner._plan`. A voice's
numbers are described in `compiled.voices.Voices`. `planned_note` plans one key without decoding it, for clips.

The clock counts samples. A voice's frames begin at its own note-on, so no note waits for another, and a block has
whatever size the caller asks for: events take effect at multiples of 64 samples, so that the sound does not depend on
the block size.
"""
