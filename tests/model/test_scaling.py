"""The documented sizes are those of the code, and the dial spans what it says."""

from itertools import pairwise

import pytest

from foretell.model.backbones import BACKBONES
from foretell.model.scaling import n_backbone_parameters, scaling_table
from foretell.model.size import SIZES


def test_the_page_shows_the_table_of_the_code(repository):
    page = (repository / "docs" / "concepts" / "backbones.md").read_text(encoding="utf-8")
    shown = page.partition("<!-- scaling:start -->\n")[2].partition("\n<!-- scaling:end -->")[0]
    assert shown == scaling_table(), "write foretell.model.scaling.scaling_table() between the page's marks"


def test_the_page_speaks_of_every_backbone(repository):
    page = (repository / "docs" / "concepts" / "backbones.md").read_text(encoding="utf-8")
    assert not [name for name in BACKBONES if f"| `{name}` |" not in page]


def test_counted_is_what_is_made():
    made = BACKBONES["hstu"](SIZES["nano"], dropout=0.0)
    assert n_backbone_parameters("nano", backbone="hstu") == sum(value.numel() for value in made.parameters())


def test_each_size_is_several_times_the_one_before_up_to_a_billion():
    counts = [n_backbone_parameters(size) for size in SIZES]
    assert all(later > 4 * earlier for earlier, later in pairwise(counts))
    assert counts[-1] == pytest.approx(1e9, rel=0.1)
