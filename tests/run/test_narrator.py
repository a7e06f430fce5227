"""What a person sees of a stage."""

import io

import pytest
from rich.console import Console

from foretell.run.narrator import Narrator


def test_a_stage_shows_its_title_and_the_note_beside_its_bar():
    out = io.StringIO()
    with Narrator(console=Console(file=out, width=120, force_terminal=True)) as talk, talk.stage("Digging") as stage:
        stage(1, 4)
        stage.note("70 spades/s")
    assert "Digging" in out.getvalue()
    assert "70 spades/s" in out.getvalue()


def test_a_quiet_one_says_nothing(capsys):
    with Narrator(quiet=True) as talk, talk.stage("Digging") as stage:
        stage(1, 4)
        stage.note("70 spades/s")
        talk.say("done")
    assert capsys.readouterr() == ("", "")


def test_a_stage_that_fails_leaves_no_line():
    out = io.StringIO()
    talk = Narrator(console=Console(file=out, width=120, force_terminal=True))
    with pytest.raises(ValueError, match="rock"), talk, talk.stage("Digging"):
        raise ValueError("rock")
    assert not talk._progress.tasks
