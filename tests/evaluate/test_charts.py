"""Charts put things where they belong and survive odd figures."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from foretell.evaluate import charts, marks
from foretell.evaluate.bars import Bar, metric_bars
from foretell.evaluate.chart_parts import Plot
from foretell.evaluate.svg import Frame, Scale, element, ticks


def shapes(markup, tag, class_):
    return [
        shape for shape in ElementTree.fromstring(str(markup)).iter(tag) if class_ in shape.get("class", "").split()
    ]


def test_text_and_attributes_are_escaped():
    assert str(element("text", "<i>", class_='"><b')) == '<text class="&#34;&gt;&lt;b">&lt;i&gt;</text>'


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 7, [0, 1, 2, 3, 4, 5, 6, 7]),
        (3, 3, [3]),
        (-2, 2, [-2, -1, 0, 1, 2]),
    ],
)
def test_ticks_are_round_and_within(low, high, expected):
    assert ticks(low, high=high) == pytest.approx(expected)


def test_scales_are_straight():
    scale = Scale(0, 2, 10, 30)
    assert scale.all([0, 1, 2]) == [10, 20, 30]
    assert Scale(1, 1, 5, 9)(1) == 5


def test_bars_grow_with_the_figure_from_the_start():
    bars = [Bar("mine", 0.8, 0.75, 0.85, "0.800", True), Bar("other", 0.65, 0.6, 0.7, "0.650", False)]
    picture = metric_bars(bars, start=0.5, start_name="0.5 is guessing", title="AUC")
    mine, other = (float(shapes(picture, "rect", class_)[0].get("width")) for class_ in ("model", "rival"))
    assert mine == pytest.approx(2 * other, rel=0.01)
    worse = [Bar("mine", 0.4, 0.35, 0.45, "0.400", True)]
    bar = shapes(metric_bars(worse, start=0.5, start_name="", title=""), "rect", "model")[0]
    assert float(bar.get("x")) > 120


def test_many_bars_with_long_names_stay_within_the_picture():
    bars = [Bar("gradient boosting without embedding", 0.8, 0.7, 0.9, "0.800", False)] * 9
    picture = metric_bars(bars, start=0.5, start_name="", title="")
    names = shapes(picture, "text", "bar-name")
    assert all(len(name.text) <= 24 for name in names)
    assert all(float(name.get("x")) - 6.3 * len(name.text) >= 0 for name in names)


def test_the_reliability_diagram_keeps_the_order_of_bins():
    curve = {
        "predicted": [0.1, 0.5, 0.9],
        "observed": [0.2, 0.4, 0.8],
        "low": [0.1, 0.3, 0.7],
        "high": [0.3, 0.5, 0.9],
        "mass": [0.3, 0.4, 0.3],
    }
    dots = shapes(charts.reliability(curve), "circle", "model")
    xs, ys = ([float(dot.get(axis)) for dot in dots] for axis in ("cx", "cy"))
    assert xs == sorted(xs)
    assert ys == sorted(ys, reverse=True)
    assert len(shapes(charts.reliability(curve, before=curve), "path", "before")) == 1


def test_rare_outcomes_get_logarithmic_axes():
    curve = {
        "predicted": [0.00001, 0.0001, 0.001, 0.01],
        "observed": [0.0, 0.0001, 0.001, 0.01],
        "low": [0.0, 0.0, 0.0005, 0.008],
        "high": [0.0001, 0.0005, 0.002, 0.013],
        "mass": [0.25] * 4,
    }
    picture = charts.reliability(curve, histogram={"edge": [0.0, 1.0], "mass": [1.0]})
    places = [float(dot.get("cx")) for dot in shapes(picture, "circle", "model")]
    steps = [right - left for left, right in pairwise(places)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)
    assert "0.01%" in str(picture)
    assert not shapes(picture, "rect", "mass")


def test_the_gain_chart_marks_the_first_fifth():
    share = [0.0, 0.2, 1.0]
    curve = {"share": share, "found": [0.0, 0.62, 1.0], "lift": [3.1, 3.1, 1.0]}
    picture = charts.gain(curve, baseline={**curve, "name": "lightgbm"})
    assert "62%" in str(picture)
    assert "LightGBM" in str(picture)


@pytest.mark.parametrize("value", [-0.02, 0.0, 0.02])
def test_differences_lie_on_their_side_of_zero(value):
    dot = shapes(marks.difference(value - 0.01, value=value, high=value + 0.01, outcome="ties"), "circle", "dot")[0]
    assert (float(dot.get("cx")) > 70) == (value > 0)
    assert (float(dot.get("cx")) < 70) == (value < 0)


def test_meters_stay_within_their_track():
    for share, width in ((-1, 0), (0.5, 80), (7, 160)):
        assert float(shapes(marks.meter(share), "rect", "bar")[0].get("width")) == width


def test_windows_that_cannot_be_read_draw_nothing():
    assert marks.timeline({}) == ""
    assert marks.timeline({"test": ["soon", "later"]}) == ""
    picture = marks.timeline({"train": ["2017-01-01", "2017-03-01"], "test": ["2017-03-01", "2017-04-01"]})
    assert len(shapes(picture, "rect", "window")) == 2


def keys(picture):
    return [(text.text, float(text.get("x")), float(text.get("y"))) for text in shapes(picture, "text", "key")]


def test_legends_list_lines_in_the_order_given():
    plot = Plot((0, 1), y=(0, 1), titles=("a", "b"), labels=([], []))
    names = [name for name, _, _ in keys(plot.drawn("", legend=[("line model", "one"), ("reference", "two")]))]
    rows = [y for _, _, y in keys(plot.drawn("", legend=[]))]
    assert names == ["one", "two"]
    assert rows == sorted(rows)


def test_a_legend_above_lies_side_by_side():
    totals = {"period": ["2017-12-04"], "actual": [3.0], "forecast": [2.0], "baseline": [1.0], "baseline_name": "last"}
    picture = charts.totals(totals)
    names, xs, ys = zip(*keys(picture), strict=True)
    assert names == ("Actual", "foretell", "Last")
    assert list(xs) == sorted(xs)
    assert len(set(ys)) == 1
    heights = {line.get("class"): float(line.get("y1")) for line in shapes(picture, "line", "level")}
    assert heights["line model level"] < heights["line rival level"], "more lies higher"


def test_flat_figures_do_not_divide_by_zero():
    flat = {"share": [0.0, 1.0], "gain": [0.0, 0.0], "random": [0.0, 0.0]}
    zero = {"level": [0.5], "observed": [0.0], "strict": [0.0], "low": [0.0], "high": [0.0]}
    by_k = {"k": [1], "ndcg": [0.0], "hit_rate": [0.0]}
    totals = {"period": ["2017-12-04"], "actual": [0.0], "forecast": [0.0]}
    nothing = {"predicted": [0.0], "observed": [0.0], "low": [0.0], "high": [0.0], "mass": [1.0]}
    for picture in (
        charts.qini(flat),
        charts.quantile_coverage(zero),
        charts.depth(by_k),
        charts.depth(by_k, metric="hit_rate"),
        charts.totals(totals),
        charts.reliability(nothing, histogram={"edge": [0.0, 1.0], "mass": [0.0]}),
        marks.difference(0.0, value=0.0, high=0.0, outcome="ties"),
        marks.interval_dot(0.5, value=0.5, high=0.5, domain=(0.5, 0.5)),
        marks.blend({"one": 0.0}),
        metric_bars([Bar("mine", 0.0, 0.0, 0.0, "0", True)], start=0.0, start_name="", title=""),
    ):
        ElementTree.fromstring(str(picture))
    assert Frame.of((0, 0), y=(0, 0), width=10, height=10).diagonal()
