"""Lines of Apache and nginx become events; every line is an event, counted, or set aside with its reason."""

import gzip
import logging
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import ConfigError, SchemaError, SourceError
from foretell.sources import read_events, recognise
from foretell.sources.access_logs.lines import take_apart

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def line(target, *, method="GET", status=200, host="10.0.0.1", login="-", agent=FIREFOX, second=0, more=""):
    when = f"10/Oct/2025:13:55:{second:02d} +0200"
    return f'{host} - {login} [{when}] "{method} {target} HTTP/1.1" {status} 512 "-" "{agent}"{more}\n'


def common(target, **choices):
    return re.sub(r' "[^"]*" "[^"]*"$', "", line(target, **choices).rstrip("\n")) + "\n"


VISIT = [
    line("/", second=0),
    line("/static/shop.css", second=0),
    line("/product/A%201?ref=home", second=1),
    line("/search?page=2&q=green+tea%21", second=2),
    line("/cart/add/A1", method="POST", status=302, second=3),
    line("/checkout/success/O-77", second=4),
    line("/product/A2", status=404, second=5),
    line("/product/A3", agent="Mozilla/5.0 (compatible; Googlebot/2.1)", second=6),
    line("/img/logo.png", second=6),
    line("/about", second=7),
    "OPTIONS nonsense\n",
    line("/product/A9", login="mary", host="10.0.0.2", second=8),
]


def test_a_visit_by_default_pages(write, caplog):
    path = write("access.log", "".join(VISIT))
    with caplog.at_level(logging.INFO, logger="foretell.sources"):
        log = read_events(path)
    assert log.events.select("action", "item_id", "query", "order_id").sort("action", "item_id").rows() == [
        ("cart", "A1", None, None),
        ("purchase", None, None, "O-77"),
        ("search", None, "green tea!", None),
        ("view", "A 1", None, None),
        ("view", "A9", None, None),
    ]
    assert sorted(set(log.events["user_id"])) == [f"10.0.0.1 {FIREFOX}", "mary"]
    assert log.events["time"].min() == 1_760_097_301_000_000
    assert log.rejected.rows() == [
        ("The line is in neither the common nor the combined log format.", "OPTIONS nonsense")
    ]
    said = caplog.text
    assert "No pages are declared" in said
    assert "told apart by address and browser" in said
    assert "Of 11 requests 5 are events; left aside:" in said
    for what in ("2 static files", "2 other pages", "1 request that failed", "1 request of robots"):
        assert what in said
    assert "/about (1)" in said


DECLARED = {
    "pages": {
        "view": ["^/wine/(?P<item_id>[0-9]+)", r"^/bottle\?(?:.*&)?sku=(?P<item_id>[^&]+)"],
        "search": r"^/find/(?P<query>[^/?]+)",
        "purchase": r"^POST /pay/(?P<order_id>\w+)\?total=(?P<value>[0-9.]+)",
        "wishlist": "^/later/(?P<item_id>[0-9]+)",
    },
    "user": ["cookie:uid", "parameter:u", "login", "address"],
}


def test_declared_pages_and_users(write):
    lines = [
        line("/wine/7?u=42", more=' "theme=dark; uid=c%201"', second=1),
        line("/bottle?x=1&sku=8&u=42", second=2),
        line("/find/red%20wine", login="mary", second=3),
        line("/pay/O1?total=12.50", method="POST", host="10.0.0.9", second=4),
        line("/pay/O1?total=12.50", method="GET", second=5),
        line("/later/3", second=6),
        line("/product/A1", second=7),
    ]
    log = read_events(write("shop", "".join(lines)), access_log=DECLARED)
    found = log.events.select("user_id", "action", "item_id", "query", "order_id", "value").sort("user_id", "action")
    assert found.rows() == [
        ("10.0.0.1", "favourite", "3", None, None, None),
        ("10.0.0.9", "purchase", None, None, "O1", 12.5),
        ("42", "view", "8", None, None, None),
        ("c 1", "view", "7", None, None, None),
        ("mary", "search", None, "red wine", None, None),
    ]


@pytest.mark.parametrize("name", ["access.log", "access.log.1", "access.log-20251010.gz", "whatever.txt", "logfile"])
def test_files_are_known_by_their_content(name, write):
    content = "".join(VISIT).encode()
    path = write(name, gzip.compress(content) if name.endswith(".gz") else content)
    assert len(read_events(path)) == 5
    found = recognise(path)
    assert found.mapping["item_id"] == "item_id"
    assert found.notes[0].startswith("No pages are declared")


def test_rotated_logs_in_a_folder_are_one_log(write, tmp_path):
    write("logs/access.log", "".join(VISIT[:3]))
    write("logs/access.log.1", "".join(VISIT[3:6]))
    write("logs/access.log.2.gz", gzip.compress("".join(VISIT[6:]).encode()))
    assert len(read_events(tmp_path / "logs")) == 5
    assert len(read_events(f"{tmp_path}/logs/access.log*", access_log={"robots": True})) == 6


def test_the_common_format_and_virtual_hosts(write):
    lines = [common("/product/1"), "shop.example:443 " + line("/product/2"), line("http://shop.example/product/3?x=1")]
    log = read_events(write("access.log", "".join(lines)))
    assert sorted(log.events["item_id"]) == ["1", "2", "3"]
    assert "10.0.0.1" in set(log.events["user_id"])


def test_foreign_letters_quotes_and_line_ends(write):
    odd = line('/search?q=a\\"b', agent='say \\"hi\\"', second=1).encode()
    foreign = line("/search?q=caf\xe9", second=2).encode("latin-1")
    log = read_events(write("access.log", (odd + foreign).replace(b"\n", b"\r\n")))
    assert sorted(log.events["query"]) == ['a\\"b', "café"]
    assert log.rejected is None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"pages": {"view": "^/wine/(?P<item_id>["}}, "cannot be searched for"),
        ({"pages": {"view": "^/wine/(?P<colour>.*)"}}, "names a group 'colour'"),
        ({"pages": {"view": r"^/wine/(?!red)"}}, "cannot be searched for"),
        ({"user": "telepathy"}, "'telepathy' is no way"),
        ({"users": "login"}, "Extra inputs"),
        ({"pages": {"view": []}}, "at least one pattern"),
    ],
)
def test_settings_are_checked(config, words, write):
    path = write("access.log", "".join(VISIT))
    with pytest.raises(ConfigError, match="access_log") as caught:
        read_events(path, access_log=config)
    assert words in str(caught.value)


def test_pages_for_something_else_are_refused(write):
    path = write("a.parquet", b"")
    pl.DataFrame({"user_id": [1], "time": [1_577_836_800], "action": ["view"]}).write_parquet(path)
    with pytest.raises(ConfigError, match="access_log has no effect on a Parquet file"):
        read_events(path, access_log=DECLARED)


def test_a_log_without_a_shop_says_what_was_asked_for(write):
    with pytest.raises(SchemaError, match=r"Not one of|no events") as caught:
        read_events(write("access.log", line("/about") + "nonsense\n"))
    assert caught.value.remedy


TARGET = st.text(st.characters(codec="latin-1", exclude_characters='"\\ \n\r\x00\x85'), min_size=1, max_size=20)


def decoded(part):
    """A line as it is read: one of nothing but a blank of Windows-1252 is blank."""
    try:
        return part.decode()
    except UnicodeDecodeError:
        return part.decode("cp1252", errors="replace")


@given(st.lists(st.one_of(st.builds(line, TARGET.map("/".__add__)), st.binary(max_size=60)), min_size=1, max_size=12))
def test_every_line_is_accounted_for(tmp_path_factory, lines):
    path = tmp_path_factory.getbasetemp() / "fuzz.log"
    content = line("/product/1").encode() + b"".join(
        part.encode("latin-1") if isinstance(part, str) else part + b"\n" for part in lines
    )
    path.write_bytes(content)
    from foretell.sources.access_logs.config import AccessLogConfig
    from foretell.sources.access_logs.table import AccessLogFile

    rows = AccessLogFile(path, config=AccessLogConfig()).read(["user_id"])
    told = [note.split("aside: ")[1] for note in rows.notes if note.startswith("Of ")]
    aside = sum(int(count) for note in told for count in re.findall(r"(\d+) [a-z]", note))
    n_lines = pl.Series([decoded(part) for part in content.split(b"\n")]).str.strip_chars().str.len_bytes().gt(0).sum()
    assert rows.frame.height + aside + rows.rejected.height == n_lines


def test_lines_taken_apart():
    fields = take_apart(pl.Series([common("/a", login="John Doe").strip(), 'x - - [bad] "GET / HTTP/1.1" 200 1']))
    assert fields["login"].to_list() == ["John Doe", None]
    assert fields["host"].to_list() == ["10.0.0.1", None]


def test_a_log_whose_pages_fit_no_pattern_says_so(write):
    path = write("access.log", line("/artikel/7") + line("/artikel/8") + line("/static/shop.css"))
    for verb in (read_events, recognise):
        with pytest.raises(SourceError, match="No request of the access log is an event") as caught:
            verb(path)
        assert "/artikel/7 (1)" in str(caught.value)
        assert "access_log.pages" in str(caught.value)


def test_inspect_calls_an_access_log_one(write):
    from foretell.run.inspection import inspect_log, inspection_text

    found = inspect_log(str(write("access.log", "".join(VISIT))))
    assert "Recognised as an access log" in inspection_text(found)
