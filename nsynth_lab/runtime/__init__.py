"""What plays a model: batches of voices on the processor and on the graphics card, and who chooses between them."""
