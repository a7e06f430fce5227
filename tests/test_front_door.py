"""The names users need, loaded when first used."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("verb", ["train", "explain", "simulate"])
def test_a_verb_stays_a_function_when_the_room_of_its_name_is_loaded(verb):
    program = (
        f"import importlib, foretell; importlib.import_module('foretell.{verb}');"
        f"importlib.import_module('foretell.config'); assert callable(foretell.{verb}), foretell.{verb};"
        f"from foretell import {verb} as again; assert callable(again)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_unknown_name_is_an_attribute_error():
    import foretell

    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = foretell.trian


def test_every_public_name_can_be_loaded():
    import foretell

    for name in foretell.__all__:
        assert getattr(foretell, name) is not None
        assert name in dir(foretell)
