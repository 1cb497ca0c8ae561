"""The search language of Review: words, `peak > 12 N`, `outcome:failure`, `not`, `or`, quotes, parentheses. No Qt.

```
search  = all { "or" all }
all     = each { ["and"] each }
each    = "not" each | "(" search ")" | field ":" value | field sign number [unit] | word | "quoted words"
sign    = < <= > >= = !=
```
A row lacks what it does not know: `peak > 0 N` leaves out an episode without a force, `not peak > 0 N` shows it.
Used by the list of Review; `resources/help/protocols.md` names the fields.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from app.core.episodes import EpisodeRow
from app.review.search_fields import (
    DATE,
    NUMBER,
    DateField,
    NumberField,
    SearchError,
    StateField,
    TextField,
    canonical,
    factor,
    field_named,
    unit_named,
)

__all__ = ["EVERYTHING", "Query", "SearchError", "Term", "Token", "parse", "tokens_of"]

Test = Callable[[EpisodeRow], bool]
SHORTEST_OF_UUID = 6  # digits that could be part of a uuid or a date rather than a seed
MOST_TOKENS = 500
DEEPEST = 50
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, "≤": operator.le, ">": operator.gt, ">=": operator.ge, "≥": operator.ge,
}  # fmt: skip
_TOKEN = re.compile(
    r'\s*(?:(?P<quoted>"[^"]*"?)|(?P<sign><=|>=|!=|[<>=≤≥])|(?P<bracket>[()])|(?P<word>[^\s()"<>=!≤≥]+|!))'
)


@dataclass(frozen=True)
class Token:
    """A piece of the text, with its place in it; `kind` is quoted, sign, bracket or word."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Term:
    """One condition on a field as it stands in the text; `plain` if it holds by itself: no `not`, no brackets."""

    name: str
    value: str
    start: int
    end: int
    plain: bool


@dataclass(frozen=True)
class Query:
    """What a search text means.

    Attributes:
        terms: The conditions on fields, in the order of the text.
        alternatives: There is an `or` outside of brackets.
    """

    text: str = ""
    terms: tuple[Term, ...] = ()
    alternatives: bool = False
    test: Test | None = field(default=None, compare=False)

    def matches(self, row: EpisodeRow) -> bool:
        """Return whether an episode's row (`app.core.episodes.EpisodeRow`) is meant."""
        return self.test is None or self.test(row)

    def names(self, name: str, value: str) -> bool:
        """Return whether the text asks for this value of a field anywhere."""
        return any(term.name == name and term.value == value for term in self.terms)


EVERYTHING = Query()


def parse(text: str, measures: Collection[str] = ()) -> Query:
    """Return what a text means; an empty one means everything.

    Args:
        measures: Names of quality measures that rows may have.

    Raises:
        SearchError: If it cannot be meant; the sentence says what, and the valid names.
    """
    tokens = tokens_of(text)
    if not tokens:
        return EVERYTHING
    if len(tokens) > MOST_TOKENS:
        raise SearchError("this search", f"it has more than {MOST_TOKENS} words")
    reader = _Parser(tokens, measures)
    test = reader.search()
    if not reader.done:
        raise SearchError("')'", "there is no '(' for it")
    return Query(text, tuple(reader.terms), reader.alternatives, test)


def tokens_of(text: str) -> list[Token]:
    """Return the pieces of a text."""
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        tokens.append(Token(kind, match.group(kind), match.start(kind), match.end(kind)))
    return tokens


def searchable(row: EpisodeRow) -> str:
    """Return everything of an episode that a word can be in, in lower case."""
    flags = ("recovered" if row.recovered else "", "trimmed" if row.trimmed else "",
             "broken" if row.broken else "", "rejected" if row.rejected else "")  # fmt: skip
    parts = (row.uuid, row.task, row.instruction, row.outcome, f"seed {row.seed}", row.operator, row.created,
             row.notes, row.condition, *row.tags, *row.phase_names, *flags)  # fmt: skip
    return " ".join(parts).lower()


class _Parser:
    """Recursive descent over the tokens; builds one function of a row."""

    def __init__(self, tokens: list[Token], measures: Collection[str]) -> None:
        self._tokens, self._measures = tokens, measures
        self._at, self._depth = 0, 0
        self.terms: list[Term] = []
        self.alternatives = False

    @property
    def done(self) -> bool:
        return self._at >= len(self._tokens)

    def _next(self, ahead: int = 0) -> Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _is_word(self, word: str) -> bool:
        token = self._next()
        return token is not None and token.kind == "word" and token.text.lower() == word

    def search(self) -> Test:
        tests = [self._all()]
        while self._is_word("or"):
            self.alternatives = self.alternatives or self._depth == 0
            self._at += 1
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._each()]
        while (token := self._next()) is not None and token.text != ")" and not self._is_word("or"):
            if self._is_word("and"):
                self._at += 1
            tests.append(self._each())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _each(self) -> Test:
        token = self._next()
        if token is None or (token.kind == "word" and token.text.lower() in ("or", "and")):
            before = self._tokens[self._at - 1].text if self._at else "the start"
            raise SearchError(
                repr(before), "something must follow it", way_out="Put it in quotes if you look for the word"
            )
        if token.kind == "sign":
            raise SearchError(repr(token.text), "a name must stand before it", way_out="As in: peak > 12 N")
        if token.kind == "bracket":
            return self._brackets(token)
        if self._is_word("not"):
            return self._not()
        self._at += 1
        sign = self._next()
        if sign is not None and sign.kind == "sign":
            self._at += 1
            return self._comparison(token, sign)
        if token.kind == "quoted":
            return _word_test(token.text.strip('"').lower())
        name, colon, value = token.text.partition(":")
        if colon and re.fullmatch(r"[^\W\d][\w.-]*", name):
            return self._condition(token, name, value)
        return _word_test(token.text.lower())

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise SearchError("this search", f"it is nested more than {DEEPEST} deep")

    def _not(self) -> Test:
        self._at += 1
        self._deeper()
        test = self._each()
        self._depth -= 1
        return lambda row: not test(row)

    def _brackets(self, token: Token) -> Test:
        if token.text == ")":
            raise SearchError("')'", "there is nothing before it")
        self._at += 1
        self._deeper()
        test = self.search()
        if self.done:
            raise SearchError("'('", "its ')' is missing")
        self._at += 1
        self._depth -= 1
        return test

    def _condition(self, token: Token, name: str, value: str) -> Test:
        end = token.end
        if not value:
            following = self._next()
            if following is None or following.kind not in ("word", "quoted"):
                raise SearchError(
                    f"{name}:", "a value must follow it", options=_values_of(name, self._measures)
                )
            self._at += 1
            value, end = following.text.strip('"'), following.end
        found = field_named(name, self._measures)
        if isinstance(found, NumberField):
            test, end = self._number(name, found, ":", value, end)
        else:
            test = _value_test(name, found, value)
        self._note(name, value, token.start, end)
        return test

    def _comparison(self, token: Token, sign: Token) -> Test:
        name = token.text.strip('"')
        found = field_named(name, self._measures)
        value = self._next()
        if value is None or value.kind not in ("word", "quoted"):
            raise SearchError(f"{name} {sign.text}", "a value must follow it")
        self._at += 1
        text, end = value.text.strip('"'), value.end
        negated = sign.text == "!="
        if isinstance(found, NumberField):
            test, end = self._number(name, found, sign.text, text, end)
        elif sign.text in ("=", "!="):
            test = _value_test(name, found, text)
        elif isinstance(found, DateField):
            test = _date_test(found, SIGNS[sign.text], text)
        else:
            raise SearchError(
                f"{name} {sign.text}",
                "it holds words, which are not compared",
                way_out=f"Write {name}:{text}",
            )
        self._note(name, text if sign.text == "=" else "", token.start, end)
        return (lambda row: not test(row)) if negated else test

    def _number(self, name: str, found: NumberField, sign: str, text: str, end: int) -> tuple[Test, int]:
        match = NUMBER.fullmatch(text)
        if match is None:
            raise SearchError(
                f"{name} {sign} {text}", f"{text!r} is no number", way_out=_example(name, found)
            )
        digits, glued = match.groups()
        unit = None
        if glued:
            unit = unit_named(glued)
            if unit is None:
                raise SearchError(
                    f"{name} {sign} {text}", f"{glued!r} is no unit", way_out=_example(name, found)
                )
        elif (following := self._next()) is not None and following.kind == "word":
            unit = unit_named(following.text)
            if unit is not None:
                self._at, end = self._at + 1, following.end
        scale = factor(name, found, unit)
        return _number_test(found, sign, digits, scale), end

    def _note(self, name: str, value: str, start: int, end: int) -> None:
        self.terms.append(Term(canonical(name), value.lower(), start, end, plain=self._depth == 0))


def _word_test(word: str) -> Test:
    if word.isdecimal() and len(word) < SHORTEST_OF_UUID:
        return lambda row: str(row.seed) == word  # a short number is a seed and nothing else
    return lambda row: word in searchable(row)


def _number_test(found: NumberField, sign: str, digits: str, scale: float) -> Test:
    limit, get = float(digits) * scale, found.get
    if not math.isfinite(limit):
        raise SearchError(digits, "this number is too large")
    if sign in SIGNS:
        compare = SIGNS[sign]
        return lambda row: (value := get(row)) is not None and compare(value, limit)
    # equal as far as it was written: 5.1 is what is shown as 5.1
    mantissa, _, power = digits.lower().partition("e")
    decimals = min(max(len(mantissa.partition(".")[2]) - int(power or 0), -300), 300)
    half = 0.5 * 10.0**-decimals * scale * (1.0 + 1e-9)
    return lambda row: (value := get(row)) is not None and abs(value - limit) <= half


def _value_test(name: str, found: TextField | DateField | StateField, value: str) -> Test:
    low = value.lower()
    if isinstance(found, DateField):
        return _date_test(found, operator.eq, value)
    if isinstance(found, StateField):
        if low not in found.states:
            raise SearchError(f"{name}:{value}", "there is no such state", options=found.states)
        return found.states[low]
    get = found.get
    if found.exact:
        if low not in found.values:
            raise SearchError(f"{name}:{value}", "there is no such value", options=found.values)
        return lambda row: low in get(row)
    return lambda row: any(low in word.lower() for word in get(row))


def _date_test(found: DateField, compare: Callable[[str, str], bool], value: str) -> Test:
    value = value.upper()
    if not DATE.fullmatch(value):
        raise SearchError(f"date {value}", "this is no date", options=["2026", "2026-11", "2026-11-20"])
    size, get = len(value), found.get
    return lambda row: bool(created := get(row)) and compare(created[:size], value)


def _values_of(name: str, measures: Collection[str]) -> Collection[str]:
    found = field_named(name, measures)
    if isinstance(found, StateField):
        return list(found.states)
    return found.values if isinstance(found, TextField) else ()


def _example(name: str, found: NumberField) -> str:
    return f"As in: {name} > 12{' ' + found.unit if found.unit not in ('', 'count') else ''}"
