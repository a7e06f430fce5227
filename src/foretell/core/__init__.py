"""The nouns every room speaks: errors, columns, events, histories, batches, tasks and predictions.

This room owns the shared vocabulary and imports nothing above itself; it refuses torch, files and models.
"""
