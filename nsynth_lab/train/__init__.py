"""Training: batches of notes, losses, and the loop that optimizes a model. Nothing that plays imports this room.

    data sets -> dataset.prepare -> batches (+ augment) -> losses: encoder -> timbre -> decoder -> loss
                                                             |
         run_state (saved) <- loop, one step after another <-+-> optimizer (Adam and Muon), precision, distributed
                                |
                                +-> monitor: log, warnings (diagnosis, loss_curve), held-out notes to listen to

Start with `loop.train`; `initial_model` says with which model a run starts, and what each stage trains.

To add a loss: compute it in `losses.forward`, add it to `StepOutput` and, with a weight in `options.TrainOptions`, to
`losses.total_loss`. To add an augmentation of the encoder's input: `augment.AUGMENTATIONS`. To add a training stage:
`initial_model.STAGES`. To add a check of a run's health: `diagnosis.diagnose`.
"""
