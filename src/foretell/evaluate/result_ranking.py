"""Evaluation of ranked lists: from the lists of a test window to the task dictionary.

This module owns the entrance ``evaluate_ranking``. It refuses lists ranked among sampled candidates: their
figures cannot be compared with anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from foretell.evaluate.assemble import assemble_task, single_value, strongest
from foretell.evaluate.facts import NO_EVIDENCE, Evidence, TaskFacts
from foretell.evaluate.inputs import EvaluationError, IntArray, clusters, require_rows
from foretell.evaluate.intervals import Resamples, bootstrap
from foretell.evaluate.ranking import popular_items
from foretell.evaluate.relevance import RANKING_METRICS, RelevantSets, hits, per_list
from foretell.evaluate.resampled import CombinedStatistic, MeanStatistic
from foretell.evaluate.resampled_amounts import CoverageStatistic
from foretell.evaluate.slices import evaluate_slices

__all__ = ["evaluate_ranking"]

Rows = npt.NDArray[np.bool_]


def evaluate_ranking(
    ranked: npt.ArrayLike,
    *,
    relevant_values: npt.ArrayLike,
    relevant_offsets: npt.ArrayLike,
    popularity: npt.ArrayLike,
    facts: TaskFacts,
    baselines: Mapping[str, npt.ArrayLike] | None = None,
    k: int = 10,
    cluster: npt.ArrayLike | None = None,
    slices: Mapping[str, npt.ArrayLike] | None = None,
    evidence: Evidence = NO_EVIDENCE,
    seed: int = 0,
    replicates: int = 200,
) -> dict[str, Any]:
    """Evaluate ranked lists, ranked among all items, on a test window.

    Args:
        ranked: The model's item codes, best first, shape ``[n, at least k]``; -1 where a list is short.
        relevant_values: Item codes wanted in the window, all lists one after another.
        relevant_offsets: Where each list's wanted items begin, shape ``[n + 1]``. Lists whose owner wanted
            nothing count for coverage and popularity only.
        popularity: How often each item code was bought in training, shape ``[n_items]``; its length is the
            catalogue.
        facts: The question and how the answer may be used.
        baselines: Ranked lists of each baseline, shape ``[n, at least k]``.
        k: The cut of all metrics.
        cluster: The user of each list, the unit that is resampled; lists themselves when None.
        slices: A label per list for each slicing.
        evidence: Features, blend, examples.
        seed: Fixes the resamples.
        replicates: How many resamples.

    Returns:
        The task dictionary (see ``report.Report``), with metrics such as ``ndcg@10``.

    Raises:
        EvaluationError: If arrays do not fit together or an item code lies outside the catalogue.

    Example:
        >>> task = evaluate_ranking(
        ...     np.tile([[0, 1]], (60, 1)), relevant_values=np.zeros(60), relevant_offsets=np.arange(61),
        ...     popularity=[9, 3, 1], facts=TaskFacts(kind="recommend", horizon_days=14), k=2,
        ... )
        >>> task["metrics"]["ndcg@2"]["value"]
        1.0
    """
    values = np.asarray(relevant_values).astype(np.int64)
    relevant = RelevantSets(values, np.asarray(relevant_offsets).astype(np.int64))
    counts, bought = relevant.counts, np.asarray(popularity, dtype=np.float64)
    has_wants = counts > 0
    wanted_items = relevant.pairs[1]
    require_rows(int(has_wants.sum()))
    units = clusters(cluster, n_rows=len(counts))
    resamples = Resamples(units.count, replicates=replicates, seed=seed)
    head = popular_items(bought)
    headline = f"ndcg@{k}"

    def quality(lists: npt.ArrayLike, rows: IntArray) -> MeanStatistic:
        table = np.nan_to_num(per_list(hits(lists, relevant=relevant), counts=counts, k=k))
        named = {f"{name}@{k}": table[rows, column] for column, name in enumerate(RANKING_METRICS)}
        return MeanStatistic(named, clusters=units.take(rows), weight=has_wants[rows].astype(np.float64))

    def statistic(lists: npt.ArrayLike, name: str) -> CombinedStatistic:
        top = np.asarray(lists)[:, :k].astype(np.int64)
        if top.size and top.max() >= len(bought):
            raise EvaluationError(
                f"The lists of {name} hold an item outside the catalogue.",
                received=f"code {top.max()}, {len(bought)} items",
                remedy="popularity must have an entry for every item code.",
            )
        shown = (top >= 0).sum(axis=1).astype(np.float64)
        popular = (head[np.maximum(top, 0)] & (top >= 0)).sum(axis=1) / np.maximum(shown, 1)
        return CombinedStatistic(
            quality(lists, np.arange(len(counts))),
            CoverageStatistic(top, n_items=len(bought), clusters=units, name=f"coverage@{k}"),
            MeanStatistic({f"popularity_share@{k}": popular}, clusters=units, weight=shown),
        )

    others = {name: np.asarray(lists) for name, lists in (baselines or {}).items()}
    compared = {name: bootstrap(statistic(lists, name), resamples=resamples) for name, lists in others.items()}
    best = strongest(compared, headline=headline)

    asked = np.flatnonzero(has_wants)

    def describe(rows: Rows) -> dict[str, Any]:
        part = asked[rows]
        return {
            "positives": int(counts[part].sum()),
            "baseline": single_value(quality(others[best], part), n_clusters=units.count, name=headline)
            if best
            else None,
        }

    def by_k(lists: npt.ArrayLike) -> dict[str, list[float]]:
        hit = hits(lists, relevant=relevant)[has_wants]
        tables = [per_list(hit, counts=counts[has_wants], k=cut).mean(axis=0) for cut in range(1, k + 1)]
        return {name: [float(table[column]) for table in tables] for column, name in enumerate(RANKING_METRICS)}

    curves: dict[str, Any] = {"by_k": {"k": list(range(1, k + 1)), **by_k(ranked)}}
    if best is not None:
        curves["by_k_baseline"] = {"name": best, "k": list(range(1, k + 1)), **by_k(others[best])}
    return assemble_task(
        bootstrap(statistic(ranked, "the model"), resamples=resamples),
        answer="ranking",
        headline=headline,
        baselines=compared,
        facts=facts,
        evidence=evidence,
        sizes={"n": int(has_wants.sum()), "positives": int(counts.sum())},
        details={
            "k": k,
            "catalogue": len(bought),
            "without_wants": int((~has_wants).sum()),
            "popularity": {
                "items": int(head.sum()),
                "share_of_wanted": float(head[wanted_items].mean()) if len(wanted_items) else None,
            },
            "curves": curves,
            "slices": evaluate_slices(
                {name: _of_lists(labels, len(counts))[asked] for name, labels in (slices or {}).items()},
                n_rows=len(asked),
                metric=headline,
                statistic=lambda rows: quality(ranked, asked[rows]),
                resamples=resamples,
                describe=describe,
            ),
        },
    )


def _of_lists(labels: npt.ArrayLike, n_lists: int) -> npt.NDArray[Any]:
    given = np.asarray(labels)
    if given.shape != (n_lists,):
        raise EvaluationError(
            "A slice needs one label per list.",
            received=f"shape {given.shape} for {n_lists} lists",
            remedy="Give an array of labels in the order of the lists.",
        )
    return given
