"""Everything that makes a model: data sets, losses and the training loop. Nothing that plays imports it."""
