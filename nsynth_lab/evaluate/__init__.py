"""Evaluation: how good a model is on notes that it was not trained on. Nothing that plays imports this room.

    data sets -> notes (held out) -> evaluate.Evaluation: every note encoded and decoded once
                                         |
                                         +-> sections/ (one module each) --+-> metrics/ (pure functions) -> figures
                                         +-> peers/ (without a network)  --+                                  |
                                                                                                        report, page

Start with `evaluate.Evaluation` and `sections.section.Section`. `model.classifier`, trained by `classifier_training`,
judges whether decoded notes are still recognised; `ablation` trains models with and without each part.

To add a metric of a reconstructed note: compute it in `metrics/` and add it to `metrics.compare.compare`; of a blend:
to `metrics.blend_path.measure_path`. To add a section: subclass `sections.section.Section` in a module of its own and
add it to `evaluate.SECTIONS`. To add a peer: `peers.RECONSTRUCT` and `peers.MORPH`.
"""
