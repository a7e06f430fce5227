"""A table is read whole, with or without a line of names, and nothing is lost in silence."""

import gzip

import pytest

from foretell.core.errors import ConfigError, SourceError
from foretell.tabular.reading import read_table


def test_a_file_without_names_takes_those_given(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("3,shoes,1\n5,coat,0\n", encoding="utf-8")
    frame = read_table(path, columns=["page_views", "search_terms", "made_purchase"]).frame
    assert frame.rows() == [("3", "shoes", "1"), ("5", "coat", "0")]


def test_a_gzipped_file_reads_as_the_plain_one(tmp_path):
    text = "page_views,made_purchase\n3,yes\n4,no\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert read_table(tmp_path / "a.csv").frame.equals(read_table(tmp_path / "a.csv.gz").frame)


def test_repeated_names_are_refused(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("3,1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="once"):
        read_table(path, columns=["a", "a"])


def test_a_missing_or_empty_file_is_explained(tmp_path):
    with pytest.raises(SourceError):
        read_table(tmp_path / "none.csv")
    (tmp_path / "names.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no rows"):
        read_table(tmp_path / "names.csv")


def test_a_damaged_line_is_counted(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("page_views,made_purchase\n3,yes\n4,no,too,many\n5,no\n", encoding="utf-8")
    rows = read_table(path)
    assert rows.frame.height + rows.rejected.height == 3
    assert rows.rejected.height == 1
