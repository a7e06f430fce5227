"""The language of questions: one sentence that says what is predicted, of which events, by when, for whom.

This module owns the grammar, both ways: a sentence to a task's settings, and settings to their one plain sentence. It
refuses what it cannot read whole, with the place where reading stopped and what could stand there.

::

    MEASURE ACTION [where CONDITION {and CONDITION}] [per week] within N days|weeks
        for users | items | exposures | campaigns  [[among users] active in N days|weeks]

    any purchase within 28 days for users                                        who will
    no purchase within 28 days for users active in 56 days                       who will not
    items of purchase within 14 days for users                                   which
    any click within 7 days for exposures                                        who will, of what is shown
    any purchase within 56 days for campaigns                                    who will, of whom a campaign reaches
    sum(quantity) of purchase per week within 28 days for items                  how many
    sum(value) of purchase within 28 days for users                              how much; also sum(quantity) and count
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MEASURES", "SHAPES", "QuestionError", "read_question", "write_question"]

SHAPES: Final[dict[tuple[str, str], str]] = {
    ("any", "users"): "purchase",
    ("no", "users"): "churn",
    ("items", "users"): "recommend",
    ("any", "exposures"): "ad",
    ("any", "campaigns"): "promotion",
    ("sum(quantity)", "items"): "demand",
    ("sum(value)", "users"): "amount",
    ("sum(quantity)", "users"): "amount",
    ("count", "users"): "amount",
}
"""What is measured, and for whom: the kind of task that answers it."""

MEASURES: Final = {"value": "sum(value)", "quantity": "sum(quantity)", "count": "count"}
"""What a question about amounts adds up, and how it is written."""

_MEASURES: Final = tuple(dict.fromkeys(measure for measure, _ in SHAPES))
_ENTITIES: Final = tuple(dict.fromkeys(entity for _, entity in SHAPES))
_PER_WEEK: Final = "demand"
_AMOUNT: Final = "amount"
_DAYS: Final = {"day": 1, "days": 1, "week": 7, "weeks": 7}
_TOKEN: Final = re.compile(r"""\s*(?:(?P<text>'(?:[^']|'')*'|"[^"]*")|(?P<word>[\w.:/-]+)|(?P<mark>!=|[=(),]))""")
_PLAIN: Final = re.compile(r"[\w.:/-]+\Z")
_KEYWORDS: Final = ("where", "and", "in", "of", "per", "week", "within", "for", "among", "active")


class QuestionError(ValueError):
    """A sentence that is no question; the message says where reading stopped and what could stand there.

    It is a ``ValueError`` because it is raised while a declaration is validated; the command line and the config turn
    it into a ``ConfigError``.
    """


def read_question(sentence: str) -> dict[str, Any]:
    """The settings of the task that a sentence asks for.

    Args:
        sentence: The question; words of the grammar in any case, names of actions and columns as the log has them.

    Returns:
        ``kind``, ``action``, ``horizon_days`` and, where said, ``where`` and ``active_days``; of amounts the
        ``measure`` too.

    Raises:
        QuestionError: If the sentence is no question, or one that no kind of task answers.

    Example:
        >>> read_question("no purchase within 4 weeks for users active in 56 days")
        {'kind': 'churn', 'action': 'purchase', 'horizon_days': 28, 'active_days': 56}
        >>> read_question("any purchase where category = 'TEA' within 28 days for users")["where"]
        {'category': 'TEA'}
    """
    reading = _Reading.of(sentence)
    measure = reading.measure()
    action = reading.name("an action, for example purchase")
    where = reading.conditions() if reading.takes("where") else {}
    per_week = reading.takes("per")
    if per_week:
        reading.expects("week")
    reading.expects("within", also=() if where or per_week else ("where",))
    horizon_days = reading.days()
    reading.expects("for")
    entity = reading.one_of(_ENTITIES)
    active_days = reading.active_days()
    reading.ends()
    kind = SHAPES.get((measure, entity))
    if kind is None:
        known = "; ".join(f"{known_measure} ... for {of}" for known_measure, of in SHAPES)
        raise QuestionError(f"no task answers '{measure} ... for {entity}'; what can be asked: {known}")
    if per_week != (kind == _PER_WEEK):
        raise QuestionError(
            "'per week' belongs to questions for items and to no others: "
            + ("write 'per week' before 'within'" if kind == _PER_WEEK else "leave 'per week' out")
        )
    found = {"kind": kind, "action": action, "horizon_days": horizon_days}
    if kind == _AMOUNT:
        found["measure"] = next(name for name, written in MEASURES.items() if written == measure)
    return found | ({"where": where} if where else {}) | ({"active_days": active_days} if active_days else {})


def write_question(
    *,
    kind: str,
    action: str,
    horizon_days: int,
    where: Mapping[str, str | Sequence[str]] | None = None,
    active_days: int | None = None,
    measure: str | None = None,
) -> str:
    """The plain sentence of a task's settings; ``read_question`` reads it back.

    Example:
        >>> write_question(kind="demand", action="purchase", horizon_days=28)
        'sum(quantity) of purchase per week within 28 days for items'
        >>> write_question(kind="amount", action="purchase", horizon_days=28, measure="value")
        'sum(value) of purchase within 28 days for users'
    """
    said = None if measure is None else MEASURES[measure]
    written, entity = next(
        shape for shape, answered_by in SHAPES.items() if answered_by == kind and said in (None, shape[0])
    )
    parts = [written if written in ("any", "no") else f"{written} of", _quoted(action)]
    if where:
        parts.append("where " + " and ".join(_condition(name, value) for name, value in where.items()))
    if kind == _PER_WEEK:
        parts.append("per week")
    parts.append(f"within {horizon_days} days for {entity}")
    if active_days is not None:
        parts.append(
            f"active in {active_days} days" if entity == "users" else f"among users active in {active_days} days"
        )
    return " ".join(parts)


def _condition(name: str, value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return f"{_quoted(name)} = {_text(value)}"
    return f"{_quoted(name)} in ({', '.join(_text(one) for one in value)})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    """A name as it is, or in quotes where it would not be read as one."""
    return name if _PLAIN.match(name) and name.lower() not in _KEYWORDS else _text(name)


@dataclass
class _Token:
    """A word, a text in quotes (``is_text``) or a mark, and where it stands."""

    value: str
    is_text: bool
    start: int

    def is_word(self, word: str) -> bool:
        return not self.is_text and self.value.lower() == word


@dataclass
class _Reading:
    """The sentence and how far it has been read."""

    sentence: str
    tokens: list[_Token]
    at: int = 0

    @classmethod
    def of(cls, sentence: str) -> _Reading:
        tokens, place = [], 0
        text = sentence.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                start = place + len(text[place:]) - len(text[place:].lstrip())
                raise QuestionError(f"{text[start : start + 12]!r} (character {start + 1}) is nothing a question holds")
            raw, quoted = match.group(match.lastgroup or 0), match.lastgroup == "text"
            value = raw[1:-1].replace("''", "'") if quoted and raw[0] == "'" else raw[1:-1] if quoted else raw
            tokens.append(_Token(value, quoted, match.start(match.lastgroup or 0)))
            place = match.end()
        return cls(sentence, tokens)

    def takes(self, word: str) -> bool:
        """Whether the next word is this one; then it is read."""
        if self.at < len(self.tokens) and self.tokens[self.at].is_word(word):
            self.at += 1
            return True
        return False

    def expects(self, word: str, *, also: Sequence[str] = ()) -> None:
        if not self.takes(word):
            raise self.stopped(" or ".join(repr(known) for known in (word, *also)), near=(word, *also))

    def one_of(self, words: Sequence[str]) -> str:
        for word in words:
            if self.takes(word):
                return word
        raise self.stopped(" or ".join(repr(known) for known in words), near=words)

    def name(self, what: str) -> str:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        if token is None or (not token.is_text and (not _PLAIN.match(token.value) or token.value.lower() in _KEYWORDS)):
            raise self.stopped(what)
        self.at += 1
        return token.value

    def measure(self) -> str:
        for word in ("any", "no"):
            if self.takes(word):
                return word
        for word in ("items", "count"):
            if self.takes(word):
                self.expects("of")
                return word
        if self.takes("sum"):
            self.expects("(")
            column = self.one_of([known[4:-1] for known in _MEASURES if known.startswith("sum(")])
            self.expects(")")
            self.expects("of")
            return f"sum({column})"
        known = ("any", "no", "items", "count", "sum")
        raise self.stopped(", ".join(repr(one) for one in _MEASURES), near=known)

    def conditions(self) -> dict[str, str | tuple[str, ...]]:
        found: dict[str, str | tuple[str, ...]] = {}
        while True:
            name = self.name("a column of the items table")
            if name in found:
                raise QuestionError(f"{name!r} has two conditions; write them as one: {name} in ('a', 'b')")
            found[name] = self.values()
            if not self.takes("and"):
                return found

    def values(self) -> str | tuple[str, ...]:
        if self.takes("="):
            return self.name("a value in quotes")
        if not self.takes("in"):
            raise self.stopped("'=' or 'in'")
        self.expects("(")
        values = [self.name("a value in quotes")]
        while self.takes(","):
            values.append(self.name("a value in quotes"))
        self.expects(")")
        return tuple(dict.fromkeys(values))

    def days(self) -> int:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        if (
            token is None
            or token.is_text
            or not (token.value.isascii() and token.value.isdigit())
            or not int(token.value)
        ):
            raise self.stopped("a whole number of days, for example 28")
        self.at += 1
        return int(token.value) * _DAYS[self.one_of(list(_DAYS))]

    def active_days(self) -> int | None:
        if self.takes("among"):
            self.expects("users")
            self.expects("active")
        elif not self.takes("active"):
            return None
        self.expects("in")
        return self.days()

    def ends(self) -> None:
        if self.at < len(self.tokens):
            raise self.stopped("the end, or 'active in N days'", near=("active", "among"))

    def stopped(self, expected: str, *, near: Sequence[str] = ()) -> QuestionError:
        """What stands where reading stopped, and what could."""
        if self.at >= len(self.tokens):
            return QuestionError(f"the question ends too early: after {self.sentence.strip()!r} comes {expected}")
        token = self.tokens[self.at]
        close = difflib.get_close_matches(token.value.lower(), near, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return QuestionError(
            f"{token.value!r} (character {token.start + 1}) is not understood; here comes {expected}{hint}"
        )
