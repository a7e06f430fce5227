"""Formats: tables in files and folders.

This room within ``sources`` owns bytes, compression, encodings, file formats, folders and globs. It refuses to know
what columns mean.
"""
