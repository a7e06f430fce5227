"""Lets the documentation show a docstring's ``Example:`` as the code it is.

Griffe knows the heading ``Examples:`` only and takes the singular for a note, whose ``>>>`` lines Markdown
would then read as quotations. This extension owns that one translation and refuses to touch anything else.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_SINGULAR = re.compile(r"^(?P<indent> *)Example:$", re.MULTILINE)


class DocstringExamples(griffe.Extension):
    """Renames ``Example:`` to ``Examples:`` in every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:  # noqa: ANN401, ARG002 - griffe's signature
        """Translate the docstring of one module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = _SINGULAR.sub(r"\g<indent>Examples:", obj.docstring.value)
