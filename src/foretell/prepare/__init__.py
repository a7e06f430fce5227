"""Prepare: from a log as it was read to a log that can be trusted, and whether it is enough.

This room owns cleaning, data-sufficiency gates and the description of a log's quality. It refuses to read
files.
"""

from __future__ import annotations

from foretell.prepare.cleaning import REASONS, Cleaned, clean
from foretell.prepare.gates import Gate, gates, require_any
from foretell.prepare.quality import quality
from foretell.prepare.rules import CleaningRules

__all__ = ["REASONS", "Cleaned", "CleaningRules", "Gate", "clean", "gates", "quality", "require_any"]
