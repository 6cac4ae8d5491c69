"""Training: losses, optimizers, the loop, checkpoints and random restarts."""
