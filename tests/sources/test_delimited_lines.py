"""Damaged text: each line ends up in a row or among the rejected."""

from hypothesis import given
from hypothesis import strategies as st

from foretell.sources import read_events
from foretell.sources.formats.delimited_lines import read_lines

HEADER = "user_id,time,action\n"
SOUND = "a,2020-01-01,view\n"


def test_too_many_cells(write):
    log = read_events(write("a.csv", HEADER + SOUND + "b,2020-01-01,view,1,2\n" + SOUND))
    assert len(log) == 2
    assert log.rejected.rows() == [("The line has 5 cells where 3 are named.", "b,2020-01-01,view,1,2")]


def test_too_few_cells_are_empty_cells(write):
    log = read_events(write("a.csv", HEADER + SOUND + "b,2020-01-01\n"))
    assert log.events["action"].to_list() == ["view", None]
    assert log.rejected is None


def test_a_quote_never_closed_costs_one_line_only(write):
    log = read_events(write("a.csv", HEADER + 'b,2020-01-01,"vi\n' + SOUND * 3000))
    assert len(log) == 3000
    assert log.rejected.rows() == [("A quote is opened and never closed.", 'b,2020-01-01,"vi')]


def test_line_breaks_inside_quotes_are_kept(write):
    rows = 'a,2020-01-01,review,"good,\nvery ""good"""\nb,2020-01-02,review,fine\n'
    log = read_events(write("a.csv", "user_id,time,action,text\n" + rows))
    assert log.events["text"].to_list() == ['good,\nvery "good"', "fine"]
    damaged = read_events(write("b.csv", "user_id,time,action,text\n" + rows + "c,2020-01-01,view,x,y\n"))
    assert damaged.events["text"].to_list() == log.events["text"].to_list()
    assert damaged.rejected.height == 1


def test_foreign_encodings_are_read_and_said(write):
    path = write("a.csv", HEADER.encode() + SOUND.encode() + "Zoë,2020-01-01,view\n".encode("cp1252"))
    rows = read_lines(path, separator=",", columns=None)
    assert rows.frame["user_id"].to_list() == ["a", "Zoë"]
    assert rows.notes == ("1 lines are not UTF-8 and were read as Windows-1252.",)


def test_nul_bytes_and_huge_cells(write):
    huge = "x" * 1_000_000
    log = read_events(write("a.csv", f"user_id,time,action,text\na,2020-01-01,view,{huge}\nb\0,2020-01-01,view,y\n"))
    assert log.events["text"].str.len_chars().to_list() == [1_000_000, 1]


def test_ten_thousand_columns(write):
    names = ["user_id", "time", "action", *(f"c{number}" for number in range(10_000))]
    cells = ["a", "2020-01-01", "view", *("1" for _ in range(10_000))]
    log = read_events(write("a.csv", ",".join(names) + "\n" + ",".join(cells) + "\n"))
    assert log.events.columns == ["user_id", "time", "action"]


LINE = st.text(alphabet=st.sampled_from('ab1,"\n\r; '), max_size=25)


@given(st.lists(LINE, min_size=1, max_size=12))
def test_no_line_is_lost(tmp_path_factory, lines):
    path = tmp_path_factory.getbasetemp() / "lines.csv"
    # Line breaks inside a generated line make more lines of it, as in a file.
    content = "user_id,time,action\n" + "".join(line + "\n" for line in lines)
    path.write_bytes(content.encode())
    rows = read_lines(path, separator=",", columns=None)
    kept = "".join(cell or "" for row in rows.frame.iter_rows() for cell in row)
    kept += "".join(raw for _, raw in rows.rejected.iter_rows())
    for letter in "ab1":
        assert kept.count(letter) + HEADER.count(letter) == content.count(letter)


def test_a_separator_at_the_end_of_lines_is_no_cell(write):
    log = read_events(write("a.csv", HEADER + "a,2020-01-01,view,\n" * 2 + "b,2020-01-02,cart\nc,2020-01-01,view,x\n"))
    assert log.events["action"].to_list() == ["view", "view", "cart"]
    assert log.rejected.height == 1
    assert "2 lines end with a separator more" in " ".join(log.notes)


def test_comments_before_the_names_are_left_aside_and_said(write):
    comments = '# export of "shop"\n#\n\n# written, today\n'
    log = read_events(write("a.csv", comments + HEADER + SOUND + "#b,2020-01-02,view\n"))
    assert log.events["user_id"].to_list() == ["#b", "a"]
    assert "4 lines before the first row are comments (#) and are left aside." in log.notes
    damaged = read_events(write("b.csv", comments + HEADER + SOUND + "c,2020-01-01,view,1,2\n"))
    assert len(damaged) == 1
    assert damaged.rejected.height == 1


def test_names_may_start_with_the_sign_of_comments(write):
    log = read_events(write("a.csv", "#user_id,time,action\n" + SOUND), mapping={"user_id": "#user_id"})
    assert len(log) == 1
    assert "comment" not in " ".join(log.notes)
