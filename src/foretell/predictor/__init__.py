"""The predictor: the one saved thing that answers every task.

This room owns the encoder, the inputs each head reads, the answers, and how all of it is saved and loaded. It
refuses to learn (``train``) and to score itself (``evaluate``).
"""
