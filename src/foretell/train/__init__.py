"""Training: the pre-training loop, the heads' fitting, and the run that ties the stages together.

This room owns everything that takes long: progress, checkpoints, resuming. It refuses to define models.
"""
