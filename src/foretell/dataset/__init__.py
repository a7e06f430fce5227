"""The dataset: logs and tasks become labelled histories, split by time.

This room owns the windows of time and the labelled examples in them. It refuses to encode or to learn.
"""
