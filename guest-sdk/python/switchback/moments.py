"""Dates, times and durations with limits: JSON Schema has no words for them, so the contract has one of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from .names import Names
from .nodes import Scalar

_WORD = "x-switchback-time"


class PastDate(date):
    """A `date` before today, in UTC."""


class FutureDate(date):
    """A `date` after today, in UTC."""


class PastDatetime(datetime):
    """A `datetime` before now."""


class FutureDatetime(datetime):
    """A `datetime` after now."""


class AwareDatetime(datetime):
    """A `datetime` with a zone."""


class NaiveDatetime(datetime):
    """A `datetime` without a zone."""


#: What the contract says of each, beside what it says of a date or a moment. A moment without a zone has a format of its own.
SAID: dict[type, dict[str, Any]] = {
    PastDate: {"format": "date", _WORD: {"now": "past"}},
    FutureDate: {"format": "date", _WORD: {"now": "future"}},
    PastDatetime: {"format": "date-time", _WORD: {"now": "past"}},
    FutureDatetime: {"format": "date-time", _WORD: {"now": "future"}},
    AwareDatetime: {"format": "date-time", _WORD: {"zone": True}},
    NaiveDatetime: {"format": "partial-date-time"},
}


class Timed(Scalar):
    """One of them: limits are values of the same type."""

    def __init__(self, cls: type, words: dict[str, Any], load: Callable[[Any], Any], dump: Callable[[Any], Any]) -> None:
        json = (str, int, float) if words["format"] == "duration" else (str,)
        super().__init__(cls, "any", {"type": "string", **words}, load, dump, json)

    def constrained(self, names: Names, given: Mapping[str, Any]) -> dict[str, Any] | None:
        if not all(name in ("gt", "ge", "lt", "le") and self.holds(limit) for name, limit in given.items()):
            return None
        said = self.schema(names)
        limits = {name: self.dump(limit) for name, limit in given.items()}
        return {**said, _WORD: {**said.get(_WORD, {}), **limits}} if limits else said
