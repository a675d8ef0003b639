"""Sample packs: which clips, blended and decoded in batches, finished, looped, mapped and written for samplers.

    request --> plan --> blend_clips | preset_clips --> decode --> effects --> finish --> store --> keymap --> formats/
                                                                                            |
                                                                                            +-- resumes

A pack is made in batches (`batches`), here or by workers (`ray_workers`).
"""
