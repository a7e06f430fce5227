"""Keeps the README's table of results equal to the figures of a run; nobody types a figure by hand.

    python benchmarks/readme_table.py runs/demo/report.json    take over the figures of that report
    python benchmarks/readme_table.py --check                  fail if the README says anything else

The figures taken over are kept in ``benchmarks/results/demo.json`` (the report without its timings), so that
the table can be checked where the demo has not been run. This script refuses to compute a metric.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
EVIDENCE = ROOT / "benchmarks" / "results" / "demo.json"
START, END = "<!-- results:start -->", "<!-- results:end -->"
EMPTY = "No run has been recorded yet: `make demo` makes one, `make results` puts its figures here."

# The metric a task is judged by is the first of these that its report has.
HEADLINES = {"auc": "AUC", "ndcg@10": "NDCG@10", "wape": "WAPE"}
LOWER_IS_BETTER = {"wape"}
KEPT_OF_REPORT = ("version", "model", "data", "windows")
KEPT_OF_TASK = ("kind", "horizon_days", "n", "positives", "metrics", "baselines", "paired", "checks")


TREES = "lightgbm_features"


class Rival(NamedTuple):
    """A baseline's headline figure and what the paired difference says of it."""

    name: str
    value: float
    outcome: str

    def words(self) -> str:
        """The figure, whose it is, and where foretell stands beside it."""
        named = "" if self.name == TREES else f" ({self.name.replace('_', ' ')})"
        return f"{self.value:.3f}{named}, {OUTCOMES[self.outcome]}"


OUTCOMES = {"beats": "ahead", "ties": "level", "behind": "behind"}


def headline(task: dict[str, Any]) -> str:
    """The metric a task is judged by.

    Raises:
        ValueError: If the task has none of the headline metrics.
    """
    metric = next((name for name in HEADLINES if name in task["metrics"]), None)
    if metric is None:
        raise ValueError(f"no headline metric. Received: {', '.join(task['metrics'])}. Add it to HEADLINES.")
    return metric


def rivals(task: dict[str, Any]) -> tuple[Rival, Rival | None]:
    """The best simple baseline of a task, and the trees on the features alone where they were tried.

    Raises:
        ValueError: If no simple baseline reports the task's metric.
    """
    metric = headline(task)
    found = [
        Rival(name, figures[metric]["value"], task["paired"][name][metric]["outcome"])
        for name, figures in task["baselines"].items()
        if metric in figures
    ]
    simple = [rival for rival in found if rival.name != TREES]
    if not simple:
        raise ValueError(f"no baseline reports {metric}. Received: {', '.join(task['baselines']) or 'no baselines'}.")
    best = (min if metric in LOWER_IS_BETTER else max)(simple, key=lambda rival: rival.value)
    return best, next((rival for rival in found if rival.name == TREES), None)


def evidence_of(report: dict[str, Any]) -> dict[str, Any]:
    """What of a report is kept: all that is the same in every run with the same seed, so no timings."""
    kept = {key: report[key] for key in KEPT_OF_REPORT}
    kept["tasks"] = {
        name: {key: task[key] for key in KEPT_OF_TASK if key in task} for name, task in report["tasks"].items()
    }
    return kept


def table(evidence: dict[str, Any]) -> str:
    """The Markdown that stands between the README's markers."""
    data, model, windows = evidence["data"], evidence["model"], evidence["windows"]
    lines = [
        "| task | judged by | foretell (95 % interval) | best simple baseline | LightGBM alone | calibration error |",
        "|---|---|---|---|---|---|",
    ]
    for name, task in evidence["tasks"].items():
        metric = headline(task)
        own, (simple, trees) = task["metrics"][metric], rivals(task)
        better = "lower is better" if metric in LOWER_IS_BETTER else "higher is better"
        error = task["metrics"].get("ece")
        horizon = f", {task['horizon_days']} days" if task.get("horizon_days") else ""
        lines.append(
            f"| {name}{horizon}, n = {task['n']:,} | {HEADLINES[metric]}, {better} "
            f"| {own['value']:.3f} ({own['low']:.3f} to {own['high']:.3f}) "
            f"| {simple.words()} | {trees.words() if trees else ''} "
            f"| {'' if error is None else format(error['value'], '.3f')} |"
        )
    lines += [
        "",
        f"Measured by `make demo` on {data['events']:,} events of {data['users']:,} customers and "
        f"{data['items']:,} items; test window {_day(windows['test'][0])} to {_day(windows['test'][1])}; "
        f"model size {model['size']} ({model['parameters']:,} parameters), seed {model['seed']}, "
        f"on {model['device']}. "
        "*Ahead* and *behind* mean that the 95 % interval of the paired difference excludes zero, *level* that it "
        "holds zero. *LightGBM alone* is boosting on the features without the sequence model, stopped early and "
        "calibrated like foretell. "
        "foretell was developed on this log: read the figures as a demonstration. "
        "`runs/demo/report.html` has every metric, baseline and check.",
    ]
    return "\n".join(lines)


def with_table(readme: str, content: str) -> str:
    """The README with ``content`` between its markers."""
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the README lacks the markers {START} and {END}")
    return f"{before}{START}\n{content}\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Take a report over, or check the README against the figures taken over last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", nargs="?", type=Path, help="a report.json to take the figures from")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where something is stale")
    chosen = parser.parse_args(arguments)
    if chosen.report is None and not chosen.check:
        parser.error("give a report.json, or --check")

    evidence = json.loads(EVIDENCE.read_text(encoding="utf-8")) if EVIDENCE.exists() else None
    if chosen.report is not None:
        fresh = evidence_of(json.loads(chosen.report.read_text(encoding="utf-8")))
        if chosen.check and fresh != evidence:
            print(
                f"{EVIDENCE.relative_to(ROOT)} differs from {chosen.report}: run make results",
                file=sys.stderr,
            )
            return 1
        evidence = fresh
    readme = README.read_text(encoding="utf-8")
    wanted = with_table(readme, EMPTY if evidence is None else table(evidence))
    if chosen.check:
        if readme != wanted:
            print("the results in README.md are stale: run make results", file=sys.stderr)
        return int(readme != wanted)
    EVIDENCE.parent.mkdir(exist_ok=True)
    EVIDENCE.write_text(json.dumps(evidence, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    README.write_text(wanted, encoding="utf-8")
    return 0


def _day(moment: str) -> str:
    """The date of an ISO moment."""
    return str(moment)[:10]


if __name__ == "__main__":
    raise SystemExit(main())
