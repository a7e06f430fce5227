"""The page: one file, nothing from outside, everything escaped, pictures that parse, gaps shown."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from foretell.evaluate import Report, TaskFacts, build_report, evaluate_probability

VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = '<script>alert("x")</script> & <b>bold</b>'


class Outline(HTMLParser):
    """Checks that tags are balanced and collects ids, links, tags and text."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.words = [], [], [], set(), []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.add(tag)
        if "id" in values:
            self.ids.append(values["id"])
        for name in ("href", "src"):
            if name in values:
                self.links.append(values[name])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def outline(html):
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def html(report):
    return report.html()


def test_the_page_stands_alone(html):
    page = outline(html)
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"https?://", html)


def test_data_is_escaped_everywhere(html):
    assert "<script" not in html
    assert "<b>" not in html
    assert html.count("&lt;script&gt;") >= 6


def test_pictures_are_well_formed_and_named(html):
    pictures = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(pictures) > 60
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert root.get("aria-label") or root.get("aria-hidden") == "true"
        assert "NaN" not in picture
        assert "inf" not in re.sub(r'aria-label="[^"]*"', "", picture)
        for element in root.iter():
            for length in ("width", "height", "r"):
                assert float(element.get(length, 0)) >= 0


def test_the_reader_finds_what_was_promised(html, report):
    text = " ".join("".join(outline(html).words).split())
    for words in (
        "At a glance",
        "Do not use for",
        "Clearly better",
        "No clear difference",
        "Data is thin",
        "Enough data: 2,103 buyers (500 needed).",
        "434 redemptions; 500 are wanted",
        "Households were not chosen by chance",
        "Treatment was not assigned by chance",
        "only 23 rows; a figure needs 50",
        "Without items bought before",
        "rows kept",
        "1,458,032",
        "quarantine.parquet",
        "6 Nov \u2013 31 Dec 2017",
        "foretell demo --out runs/demo",
        "Read the estimated effect as an association",
    ):
        assert words in text, words
    for task in report.document["tasks"].values():
        assert task["question"] in text
        for check in task["checks"]:
            assert check["message"] in text
    for entry in report.document["definitions"].values():
        assert entry["meaning"] in text


def test_paper_is_light_and_charts_are_not_cut(html):
    assert "@media screen and (prefers-color-scheme: dark)" in html
    assert "@media print" in html
    assert "break-inside: avoid" in html


def test_the_same_report_gives_the_same_page(report, html):
    assert Report(report.document).html() == html


def test_a_page_of_nothing_still_opens():
    empty = build_report({}, model={}, data={}, windows={}, seconds={}, peak_memory_mib=0)
    page = outline(empty.html())
    assert "overview" in page.ids


def test_gaps_are_shown_as_gaps():
    task = evaluate_probability([0] * 60, probability=[0.2] * 60, facts=TaskFacts(kind="ad", horizon_days=None))
    html = build_report(
        {"ad": task},
        model={},
        data={"removed": {HOSTILE: 0}},
        windows={"test": ["soon", HOSTILE]},
        seconds={"read": None},
        peak_memory_mib=3,
    ).html()
    outline(html)
    assert "only one outcome occurs" in html
    assert "No baseline" in html
    assert "<script" not in html
