"""What every benchmark's JSON file has in common: the machine its figures were made on, and how it is written."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

__all__ = ["machine", "write_result"]


def machine() -> dict[str, Any]:
    """The processor's model where the system tells it, cores, memory and Python's version."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return {
        "processor": next(models, platform.processor() or platform.machine()),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "python": platform.python_version(),
    }


def write_result(result: dict[str, Any], *, out: Path | None) -> None:
    """Write figures as JSON, into a file (its folder is made) or, without one, to standard output."""
    text = json.dumps(result, indent=1) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
