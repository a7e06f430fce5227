"""The behaviour model: event embedding, backbone, objectives, and the heads that turn states into answers.

This room owns everything that learns. It refuses to read files, to build labels and to know about runs.
"""
