"""Help with a search text: what can follow while it is typed, and terms put in or taken out by a menu. No Qt.

Used by the search field and the filter menu of Review, so that the text is the one filter there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.episodes import EpisodeRow
from app.review.search import Query, SearchError, Term, parse, tokens_of
from app.review.search_fields import FIELDS, DateField, NumberField, StateField, TextField, canonical

MOST = 12
MOST_VALUES = 200


@dataclass(frozen=True)
class Completions:
    """What can stand in place of `text[start:end]`."""

    start: int
    end: int
    words: tuple[str, ...]


def values_of(rows: Iterable[EpisodeRow]) -> dict[str, list[str]]:
    """Return the values of the text fields and of `date` (days) that occur in rows, the most frequent first."""
    counts: dict[str, dict[str, int]] = {name: {} for name, each in FIELDS.items() if _offers(each)}
    for row in rows:
        for name, seen in counts.items():
            for word in _words(FIELDS[name], row):
                if word and (word in seen or len(seen) < MOST_VALUES):
                    seen[word] = seen.get(word, 0) + 1
    return {name: sorted(seen, key=lambda word: (-seen[word], word)) for name, seen in counts.items()}


def _offers(found: object) -> bool:
    if isinstance(found, DateField):
        return True
    return isinstance(found, TextField) and found not in (FIELDS["uuid"], FIELDS["notes"])


def _words(found: object, row: EpisodeRow) -> Iterable[str]:
    if isinstance(found, DateField):
        return (found.get(row)[:10],)
    return found.get(row) if isinstance(found, TextField) else ()


def complete(
    text: str, at: int, values: Mapping[str, list[str]], measures: Iterable[str] = ()
) -> Completions:
    """Return what can follow at place `at` of a text: names of fields, or values of the field that was named."""
    start = at
    while start > 0 and text[start - 1] not in ' ()"':
        start -= 1
    typed = text[start:at]
    if text.count('"', 0, start) % 2 and '"' in text[:start]:
        return Completions(at, at, ())
    name, colon, begun = typed.partition(":")
    if colon:
        found = [f"{name}:{quoted(word)}" for word in _choices(name, values) if begun.lower() in word.lower()]
        return Completions(start, at, tuple(found[:MOST]))
    if not typed:
        return Completions(at, at, ())
    measures = sorted(measures)
    names = [_opened(name) for name in FIELDS] + [f"{name} > " for name in measures]
    names.append("not ")
    fit = [name for name in names if name.startswith(typed.lower())]
    return Completions(start, at, tuple(fit[:MOST]))


def is_begun(word: str, measures: Iterable[str] = ()) -> bool:
    """Return whether a word that is being typed may become the name of a field."""
    return any(name.startswith(word.lower()) for name in (*FIELDS, *measures, "not"))


def _choices(name: str, values: Mapping[str, list[str]]) -> list[str]:
    found = FIELDS.get(canonical(name))
    if isinstance(found, StateField):
        return list(found.states)
    if isinstance(found, TextField) and found.values:
        return list(found.values)
    return values.get(canonical(name), [])


def _opened(name: str) -> str:
    return f"{name} > " if isinstance(FIELDS[name], NumberField) and name != "seed" else f"{name}:"


def quoted(word: str) -> str:
    """Return a value as it is written behind a colon: in quotes if a sign or a space is in it."""
    word = word.replace('"', "")
    return f'"{word}"' if any(sign in word for sign in " ()<>=!≤≥") or not word else word


def plain_term(query: Query, name: str) -> Term | None:
    """Return the first condition on a field that holds by itself, so that a menu can show and replace it."""
    if query.alternatives:
        return None
    return next((term for term in query.terms if term.name == name and term.plain), None)


def with_term(text: str, name: str, term: str, measures: Iterable[str] = ()) -> str:
    """Return a text whose conditions on a field, as far as they hold by themselves, are replaced by one.

    What stands in brackets or behind `not` stays. A text with `or` is put in brackets first. A text that cannot be
    meant is replaced as a whole.

    Args:
        term: The new condition, as in `peak > 12 N`; empty takes it out.
    """
    try:
        query = parse(text, list(measures))
    except SearchError:
        return term
    if query.alternatives:
        return f"({text.strip()}) {term}".strip() if term else text
    rest = text
    for each in reversed([each for each in query.terms if each.name == name and each.plain]):
        rest = rest[: each.start].rstrip() + " " + rest[each.end :].lstrip()
    rest = _without_loose_ands(rest)
    return f"{rest} {term}".strip()


def _without_loose_ands(text: str) -> str:
    tokens = tokens_of(text)
    words = ["and" if token.kind == "word" and token.text.lower() == "and" else "" for token in tokens]
    for number in reversed(range(len(tokens))):
        loose = number in (0, len(tokens) - 1) or words[number - 1] or tokens[number - 1].text == "("
        if words[number] and loose:
            text = text[: tokens[number].start].rstrip() + " " + text[tokens[number].end :].lstrip()
    return text.strip()
