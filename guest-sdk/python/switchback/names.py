"""The models of one document, by name."""

from __future__ import annotations

from typing import Any, Callable, Literal

from .how import PLAIN

#: What a client sends, or what it is answered: in the second, what has a default is always there.
Way = Literal["Input", "Output"]


class Names:
    """The models of one document, each under its name as FastAPI gives it.

    Two classes of one name are told apart by their modules. A model that is both sent and answered, and is not the same
    both ways, is `Item-Input` and `Item-Output`. Both show only once all are known: `again` then starts anew.
    """

    def __init__(self, clashing: frozenset[str] = frozenset(), split: frozenset[str] = frozenset()) -> None:
        self.schemas: dict[str, dict[str, Any]] = {}
        #: Which way what is written down now goes.
        self.way: Way = "Input"
        #: What of models is answered, and by which operation if that is not all of it.
        self.how = PLAIN
        self.by = ""
        self._clashing, self._split = clashing, split
        self._classes: dict[str, set[Any]] = {}
        self._ways: dict[str, set[Way]] = {}

    def ref(
        self, key: Any, title: str, build: Callable[[Names], dict[str, Any]], differs: bool = False
    ) -> dict[str, Any]:
        """A reference to a model, which is written down when first met. `key` says which one of that title it is: its
        class, and what a generic one holds."""
        self._classes.setdefault(title, set()).add(key)
        if differs:
            self._ways.setdefault(title, set()).add(self.way)
        name = title
        if title in self._clashing:
            parts = key if isinstance(key, tuple) else (key,)
            name = "__".join(f"{part.__module__}__{part.__qualname__}" for part in parts if isinstance(part, type))
            name = (name or title).replace(".", "__").replace("<locals>", "locals")
        if title in self._split and differs:
            name += f"-{self.way}"
        if name not in self.schemas:
            self.schemas[name] = {}  # so that a model may contain itself
            self.schemas[name] = build(self)
        return {"$ref": f"#/components/schemas/{name}"}

    def again(self) -> Names | None:
        """Names that tell apart what these did not."""
        clashing = frozenset(title for title, classes in self._classes.items() if len(classes) > 1)
        split = frozenset(title for title, ways in self._ways.items() if len(ways) > 1)
        known = clashing <= self._clashing and split <= self._split
        return None if known else Names(clashing, split)


def titled(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """A schema with FastAPI's title for a field or parameter, unless it has one or only refers."""
    if "$ref" in schema or "title" in schema:
        return schema
    return {**schema, "title": title(name)}


def title(name: str) -> str:
    """`is_offer` as a title: `Is Offer`."""
    return name.replace("_", " ").title()
