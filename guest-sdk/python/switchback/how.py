"""Which part of a value is written, and how: FastAPI's `response_model_…`, pydantic's `model_dump(…)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class How:
    """What of models is written. Names are those of fields, not their aliases."""

    by_alias: bool = True
    exclude_unset: bool = False
    exclude_defaults: bool = False
    exclude_none: bool = False
    #: Names, or for what is inside of them a mapping of names to more of the same.
    include: Any = None
    exclude: Any = None
    #: As values of Python, where JSON would have texts.
    python: bool = False

    @property
    def shape(self) -> How:
        """What of this a schema can tell: not whether a default was sent or filled in."""
        shape = replace(self, exclude_unset=False, exclude_defaults=False)
        return PLAIN if shape == PLAIN else shape

    def shows(self, name: Any) -> bool:
        """Whether a field is written."""
        if self.include is not None and name not in self.include:
            return False
        return not (
            self.exclude is not None
            and name in self.exclude
            and (not isinstance(self.exclude, Mapping) or self.exclude[name] in (True, ...))
        )

    def within(self, name: Any) -> How:
        """What holds inside of a field, or of a member of a list."""
        if self.include is None and self.exclude is None:
            return self
        include, exclude = self.include, self.exclude
        if isinstance(name, int) and not isinstance(include, Mapping) and not isinstance(exclude, Mapping):
            return self  # a list has no names: it is about its members
        return replace(self, include=_inside(include, name), exclude=_inside(exclude, name))


def _inside(rules: Any, name: Any) -> Any:
    if not isinstance(rules, Mapping):
        return None
    found = rules.get(name, rules.get("__all__"))
    return None if found in (True, False, ...) else found


#: All of it, under its aliases.
PLAIN = How()
