"""The page: one file, nothing from outside, everything escaped, pictures that parse, gaps shown."""

import copy
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
        "Enough data: 2,103 customers who did it at least once (500 needed).",
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


def test_paper_is_light_and_nothing_begins_a_page_of_its_own(html):
    """A task that began a page left the one before it mostly blank."""
    assert "@media screen and (prefers-color-scheme: dark)" in html
    paper = html[html.index("@media print") : html.index("</style>")]
    assert "break-inside: avoid" in paper
    assert "break-before: page" not in paper
    assert re.search(r"\.lead \{[^}]*break-after: avoid", paper), "a heading stays with what it heads"
    assert re.search(r"\.limits \{[^}]*columns: 2", paper)


def uplifted(report):
    """The made-up report with the ranking by effect and the estimate that a run adds."""
    document = copy.deepcopy(report.document)
    task = document["tasks"]["promotion"]
    note = "NOT RANDOMISED: the shop chose whom to reach."
    task["variants"] = {"uplift": {**copy.deepcopy(task), "notes": [note], "variants": {}, "unit": "customers"}}
    task["effect"] = {"value": 23.0, "low": -11.0, "high": 64.0, "raw_difference": 294.0, "share_without_overlap": 0.0}
    return Report(document)


def test_the_effect_stands_beside_its_warning(report):
    page = uplifted(report).html()
    outline(page)
    part = page[page.index("What the campaign changes") :]
    part = part[: part.index("</section>")]
    assert "By group" not in part, "groups and examples are those of the response, and stand before"
    assert "Examples of answers" not in part
    words, warning, figures = (part.index(words) for words in ("predicted effect", "NOT RANDOMISED", ">Qini<"))
    assert words < warning < figures, "words first, then the warning, then the figures"
    assert 'class="note loud"' in part
    assert "+23.00" in part
    assert "Calibration error" not in part, "the response's figures are not those of the effect"
    assert "What the campaign changes" not in report.html()


def test_what_an_effect_is_not_good_for_is_said_at_the_top(report):
    document = uplifted(report).document
    document["tasks"]["promotion"]["variants"]["uplift"]["do_not_use_for"] = ["choosing whom to mail"]
    page = Report(document).html()
    assert "choosing whom to mail" in page[page.index('id="limits"') : page.index('id="task-1"')]


def test_bias_says_what_it_was_measured_on(html):
    demand = html[html.index("How many units of each item") :]
    assert "bias is that of the mean forecasts, foretell\u2019s and the baselines\u2019 alike" in demand


def test_strong_features_of_an_amount_are_shown_with_their_sign(report):
    document = copy.deepcopy(report.document)
    document["tasks"]["demand"]["features"] = [
        {"name": "price", "association": -0.41, "measure": "spearman", "importance": 0.2}
    ]
    page = Report(document).html()
    assert "\u22120.410" in page
    assert "rank correlation" in page[page.index("\u22120.410") - 2000 : page.index("\u22120.410")]


def test_figures_side_by_side_differ_where_they_do(report):
    document = copy.deepcopy(report.document)
    task = document["tasks"]["churn"]
    task["metrics"]["auc"] |= {"value": 0.853242}
    task["baselines"]["lightgbm"]["auc"] |= {"value": 0.853067}
    task["verdict"] |= {"baseline": "lightgbm", "value": 0.000175, "low": 0.00003, "high": 0.0004}
    page = Report(document).html()
    row = page[page.index('<th scope="row"><a href="#task-5">') :]
    row = row[: row.index("</tr>")]
    assert "0.8532" in row
    assert "0.8531" in row
    assert "+0.00003" in row


def test_examples_read_as_answers(html):
    assert "%</td>" in html[html.index("Examples of answers") :]


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


def test_rules_that_removed_nothing_take_one_line(report):
    html = report.html()
    section = html[html.index('id="data"') : html.index('id="meaning"')]
    assert "Looked for and not found: no user." in section
    assert section.count('<th scope="row">') == 4, "one row for each rule that removed something"
