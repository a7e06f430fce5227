"""Errors of the command line: what was typed, without its secrets, and what to do."""

from foretell.run.printing import typed_command


def test_a_command_typed_wrongly_is_repeated_without_its_password(foretell_command):
    ran = foretell_command("train", "mysql://me:secret@db/orders")
    assert ran.code == 2
    assert "Received: foretell train mysql://me:***@db/orders\n" in ran.err
    assert "secret" not in ran.err


def test_the_report_of_a_folder_that_is_not_there_is_no_report_to_make(foretell_command, tmp_path):
    ran = foretell_command("report", tmp_path / "nope")
    assert ran.code == 2
    assert "There is no run here" in ran.err
    assert "foretell train" in ran.err
    assert "foretell evaluate" not in ran.err


def test_a_report_keeps_no_password(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/bin/foretell", "train", "mysql://shop:s3cret@db/shop", "--out", "run"])
    assert typed_command() == "foretell train mysql://shop:***@db/shop --out run"
