"""The picture of how the cost of a log grows with its size, from the committed figures.

    python -m benchmarks.scale_plot benchmarks/results/prepare_features.json --out docs/assets/scale.svg

The line through the origin is the rate of the smallest log: were the cost linear without a fixed part, every point
would lie on it. This script refuses to measure.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from foretell.evaluate.chart_parts import HEIGHT, WIDTH, Plot

__all__ = ["picture"]

MILLION: Final = 1_000_000
_STYLE: Final = """<style>
text{font:11px system-ui,sans-serif;fill:#667}
.axis,.grid{stroke:#9ab;stroke-width:.6;fill:none}
.line{fill:none;stroke-width:2}.model{stroke:#2b6cb0}.reference{stroke:#a0aec0;stroke-dasharray:4 4;fill:none}
.dot{fill:#2b6cb0;stroke:none}
</style>"""


def picture(result: Mapping[str, Any]) -> str:
    """Seconds against millions of events, with the peak of memory beside each point.

    Example:
        >>> found = {"by_size": {"1000000": {"rows": 1_000_000, "seconds": 2.0, "peak_memory_mib": 512}}}
        >>> picture(found).startswith("<svg")
        True
    """
    points = sorted(
        (one["rows"] / MILLION, one["seconds"], one["peak_memory_mib"]) for one in result["by_size"].values()
    )
    millions, seconds = [point[0] for point in points], [point[1] for point in points]
    widest, longest = max(millions) * 1.08, max(seconds) * 1.12
    across = [(size, f"{size:.0f} M") for size in millions]
    upwards = [(tick, f"{tick:.0f} s") for tick in _ticks(longest)]
    plot = Plot((0, widest), y=(0, longest), titles=("Events", "Seconds"), labels=(across, upwards))
    rate = seconds[0] / millions[0]
    plot.line([0, min(widest, longest / rate)], ys=[0, min(widest * rate, longest)], class_="reference")
    plot.points(millions, ys=seconds)
    shown = ", ".join(f"{size:.0f} million in {took:.0f} s with {mib / 1024:.1f} GiB" for size, took, mib in points)
    drawn = str(plot.drawn(f"Cleaning and features: {shown}.", legend=[("line model", "foretell")]))
    opening, rest = drawn.split(">", 1)
    size = f' xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{HEIGHT:.0f}">'
    return f"{opening}{size}{_STYLE}{rest}\n"


def _ticks(longest: float) -> list[float]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if longest / step <= 8 or step == 500)
    return [float(step * number) for number in range(int(longest / step) + 1)]


def main() -> None:
    """Draw the committed figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.out.write_text(picture(json.loads(chosen.result.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
