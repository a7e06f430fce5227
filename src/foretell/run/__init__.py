"""The run: from a log or a config to a folder with a predictor, predictions and a report.

This room owns the order of the stages, their resuming and the test window's one look. It refuses to define
models, metrics or tasks.
"""
