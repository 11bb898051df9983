"""Type hints that have been read: each as a JSON Schema, and as the way between JSON and Python.

What arrives in a call has been checked by the host against the schema, so `load` converts and checks nothing again;
`dump` writes what the hint declares and leaves out the rest.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Callable, Mapping

from .errors import Unfit
from .names import Names, titled
from .params import REQUIRED, Field, rules as rules_of


class Node:
    """A hint that has been read."""

    #: What rules may say about it: `number`, `string`, `array`, `object` or `any`.
    kind = "any"
    #: Whether `load` hands back what it was given.
    as_is = True
    #: Whether FastAPI takes it for a query parameter rather than for the body.
    scalar = False

    def schema(self, names: Names) -> dict[str, Any]:
        """Its JSON Schema."""
        return {}

    def constrained(self, names: Names, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Its schema with rules; None if one of them says nothing about it."""
        words = rules_of(self.kind, given)
        return None if words is None else {**self.schema(names), **words}

    def inside(self) -> list[Node]:
        """What it is made of."""
        return []

    def load(self, value: Any) -> Any:
        """From JSON."""
        return value

    def dump(self, value: Any) -> Any:
        """To JSON."""
        return value

    def fits(self, value: Any) -> bool:
        """Whether JSON looks like it, to choose within a union."""
        return True

    def holds(self, value: Any) -> bool:
        """Whether a Python value is one of it, to choose within a union."""
        return True


class Scalar(Node):
    """A type that JSON has itself, or writes as a string."""

    scalar = True

    def __init__(
        self,
        cls: type,
        kind: str,
        words: dict[str, Any],
        load: Callable[[Any], Any] | None = None,
        dump: Callable[[Any], Any] | None = None,
        json: tuple[type, ...] = (str,),
    ) -> None:
        self.cls, self.kind, self._words, self._load, self._dump, self._json = cls, kind, words, load, dump, json
        self.as_is = load is None

    def schema(self, names: Names) -> dict[str, Any]:
        return dict(self._words)

    def load(self, value: Any) -> Any:
        if self._load is None or (type(value) is self.cls and self.cls in self._json):
            return value
        try:
            return self._load(value)
        except (ValueError, ArithmeticError) as error:
            raise Unfit(str(error) or f"not a {self.cls.__name__}", value) from None

    def dump(self, value: Any) -> Any:
        return self._dump(value) if self._dump and isinstance(value, self.cls) else value

    def fits(self, value: Any) -> bool:
        if type(value) not in self._json:
            return False
        if type(value) is self.cls or self._load is None:
            return True
        try:
            self.load(value)
        except Unfit:
            return False
        return True

    def holds(self, value: Any) -> bool:
        # A bool is an int to Python and a datetime a date; neither is one to JSON.
        return type(value) is self.cls or (
            isinstance(value, self.cls) and not isinstance(value, (bool, datetime, Enum))
        )


class Decimals(Scalar):
    """A Decimal: a number or a text where it is sent, a text where it is answered, so that no digit is lost."""

    _OF_ITSELF = {"max_digits", "decimal_places"}

    def __init__(self) -> None:
        super().__init__(
            Decimal, "number", {"type": "string"}, lambda value: Decimal(str(value)), str, (int, float, str)
        )

    def schema(self, names: Names) -> dict[str, Any]:
        return self._constrained(names, {}, {})

    def constrained(self, names: Names, given: Mapping[str, Any]) -> dict[str, Any] | None:
        words = rules_of("number", {name: value for name, value in given.items() if name not in self._OF_ITSELF})
        own = {name: value for name, value in given.items() if name in self._OF_ITSELF}
        return None if words is None else self._constrained(names, words, own)

    def _constrained(self, names: Names, words: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        if names.way == "Output":
            return {"type": "string"}
        # By that the host knows that it is more than one of the two.
        return {"anyOf": [{"type": "number", **words}, {"type": "string"}], "x-switchback-decimal": dict(own)}


class Text(Node):
    """A text that holds JSON, read as what is in it."""

    as_is = False
    scalar = True

    def __init__(self, content: Node) -> None:
        self.content = content

    def schema(self, names: Names) -> dict[str, Any]:
        content = self.content.schema(names)
        return {"type": "string", "contentMediaType": "application/json", "contentSchema": content}

    def inside(self) -> list[Node]:
        return [] if self.content.scalar else [self.content]

    def load(self, value: Any) -> Any:
        try:
            return self.content.load(json.loads(value))
        except json.JSONDecodeError as error:
            raise Unfit(str(error), value) from None

    def dump(self, value: Any) -> Any:
        return json.dumps(self.content.dump(value), ensure_ascii=False, separators=(",", ":"))

    def fits(self, value: Any) -> bool:
        return isinstance(value, str)


class Nothing(Scalar):
    def __init__(self) -> None:
        super().__init__(type(None), "any", {"type": "null"}, json=(type(None),))


class Choice(Scalar):
    """An enum: its members by their values."""

    def __init__(self, cls: type[Enum]) -> None:
        self._values = [member.value for member in cls]
        super().__init__(cls, "any", {}, cls, lambda member: member.value, tuple({type(v) for v in self._values}))

    def schema(self, names: Names) -> dict[str, Any]:
        return names.ref(self.cls, self.cls.__name__, self._written)

    def _written(self, names: Names) -> dict[str, Any]:
        words: dict[str, Any] = {"title": self.cls.__name__, "enum": self._values, **_type_of(self._values)}
        # Python 3.11 and later describe no enum by themselves; earlier ones say "An enumeration."
        if (text := self.cls.__dict__.get("__doc__")) and text != "An enumeration.":
            words["description"] = inspect.cleandoc(text)
        return words


class OneOf(Scalar):
    """A Literal."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = list(values)
        super().__init__(object, "any", {})

    def schema(self, names: Names) -> dict[str, Any]:
        if len(self.values) == 1:
            return {"const": self.values[0], **_type_of(self.values)}
        return {"enum": self.values, **_type_of(self.values)}

    def fits(self, value: Any) -> bool:
        return any(value == known and type(value) is type(known) for known in self.values)

    holds = fits


class Listing(Node):
    """list, set, frozenset, Sequence: members of one type."""

    kind = "array"
    as_is = False

    def __init__(self, item: Node, make: Callable[[Any], Any], unique: bool) -> None:
        self.item, self._make, self._unique = item, make, unique

    def schema(self, names: Names) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(names), **({"uniqueItems": True} if self._unique else {})}

    def inside(self) -> list[Node]:
        return [self.item]

    def load(self, value: Any) -> Any:
        if self.item.as_is:
            return self._make(value)
        return self._make(_load_each(self.item, value))

    def dump(self, value: Any) -> Any:
        return [self.item.dump(item) for item in value]

    def fits(self, value: Any) -> bool:
        return isinstance(value, list) and all(self.item.fits(item) for item in value)

    def holds(self, value: Any) -> bool:
        return isinstance(value, (list, tuple, set, frozenset)) and all(self.item.holds(item) for item in value)


class Row(Node):
    """A tuple of so many members, each of its own type."""

    kind = "array"
    as_is = False

    def __init__(self, items: list[Node]) -> None:
        self.items = items

    def schema(self, names: Names) -> dict[str, Any]:
        length = len(self.items)
        prefix = [item.schema(names) for item in self.items]
        return {"type": "array", "prefixItems": prefix, "minItems": length, "maxItems": length}

    def inside(self) -> list[Node]:
        return self.items

    def load(self, value: Any) -> Any:
        return tuple(_at(place, item, one) for place, (item, one) in enumerate(zip(self.items, value)))

    def dump(self, value: Any) -> Any:
        return [item.dump(one) for item, one in zip(self.items, value, strict=True)]

    def fits(self, value: Any) -> bool:
        return isinstance(value, list) and len(value) == len(self.items) and all(
            item.fits(one) for item, one in zip(self.items, value)
        )

    def holds(self, value: Any) -> bool:
        return isinstance(value, tuple) and len(value) == len(self.items)


class Map(Node):
    """dict, Mapping: any keys, values of one type."""

    kind = "object"

    def __init__(self, key: Node, value: Node) -> None:
        self.key, self.value = key, value
        self.as_is = key.as_is and value.as_is

    def schema(self, names: Names) -> dict[str, Any]:
        keys, values = self.key.schema(names), self.value.schema(names)
        words: dict[str, Any] = {"type": "object"}
        if values:
            words["additionalProperties"] = values
        if keys not in ({}, {"type": "string"}):
            # A key is a text to JSON Schema; as what else it is read, the host has a word for.
            is_text = keys.get("type", "string") == "string" and not isinstance(self.key, Alternatives)
            words["propertyNames" if is_text else "x-switchback-keys"] = keys
        return words

    def inside(self) -> list[Node]:
        return [self.key, self.value]

    def load(self, value: Any) -> Any:
        if self.as_is:
            return value
        return {_at(key, self.key, key): _at(key, self.value, one) for key, one in value.items()}

    def dump(self, value: Any) -> Any:
        return {key_of(self.key.dump(key)): self.value.dump(one) for key, one in value.items()}

    def fits(self, value: Any) -> bool:
        return isinstance(value, dict) and all(self.value.fits(one) for one in value.values())

    def holds(self, value: Any) -> bool:
        return isinstance(value, dict)


class Alternatives(Node):
    """A union. Of several arms that fit, the first is taken."""

    as_is = False

    def __init__(self, arms: list[Node]) -> None:
        self.arms = arms
        self.scalar = all(arm.scalar for arm in arms)
        self.as_is = all(arm.as_is for arm in arms)
        self.nullable = any(isinstance(arm, Nothing) for arm in arms)

    def schema(self, names: Names) -> dict[str, Any]:
        return {"anyOf": [arm.schema(names) for arm in self.arms]}

    def _told_apart(self, names: Names, name: str) -> dict[str, Any]:
        models = [arm for arm in self.arms if not isinstance(arm, Nothing)]
        mapping: dict[str, str] = {}
        branches = []
        for arm in models:
            reference = arm.schema(names)
            tags = [slot.node for slot in arm.slots if slot.alias == name] if isinstance(arm, Model) else []
            if not (tags and isinstance(tags[0], OneOf)):
                raise TypeError(f"`discriminator={name!r}` names a field that is a Literal in each of the dataclasses")
            mapping.update({str(value): reference["$ref"] for value in tags[0].values})
            branches.append(reference)
        one = {"oneOf": branches, "discriminator": {"propertyName": name, "mapping": mapping}}
        return {"anyOf": [one, {"type": "null"}]} if self.nullable else one

    def constrained(self, names: Names, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Each arm takes the rules that are about it; every rule must have found one."""
        if "discriminator" in given:
            return self._told_apart(names, given["discriminator"]) if len(given) == 1 else None
        schemas: list[dict[str, Any]] = []
        told: set[str] = set()
        for arm in self.arms:
            mine = {name: value for name, value in given.items() if arm.constrained(names, {name: value}) is not None}
            told.update(mine)
            schemas.append(arm.constrained(names, mine) or {})
        return {"anyOf": schemas} if told == set(given) else None

    def inside(self) -> list[Node]:
        return self.arms

    def load(self, value: Any) -> Any:
        for arm in self.arms:
            if arm.fits(value):
                return arm.load(value)
        raise Unfit("none of the alternatives takes it", value)

    def dump(self, value: Any) -> Any:
        for arm in self.arms:
            if arm.holds(value):
                return arm.dump(value)
        return value

    def fits(self, value: Any) -> bool:
        return any(arm.fits(value) for arm in self.arms)

    def holds(self, value: Any) -> bool:
        return any(arm.holds(value) for arm in self.arms)


class Ruled(Node):
    """Annotated with rules."""

    def __init__(self, inner: Node, field: Field, hint: Any) -> None:
        self.inner, self.field = inner, field
        self.kind, self.as_is, self.scalar = inner.kind, inner.as_is, inner.scalar
        self.load, self.dump = inner.load, inner.dump  # type: ignore[method-assign]
        self.fits, self.holds = inner.fits, inner.holds  # type: ignore[method-assign]
        if inner.constrained(Names(), field.rules) is None:
            said = ", ".join(f"{name}={value!r}" for name, value in field.rules.items())
            raise TypeError(f"`{said}` says nothing about {shown(hint)}")

    def inside(self) -> list[Node]:
        return [self.inner]

    def schema(self, names: Names) -> dict[str, Any]:
        schema = self.inner.constrained(names, self.field.rules)
        assert schema is not None, "tried when it was made"
        return self.field.words(schema)

    def constrained(self, names: Names, given: Mapping[str, Any]) -> dict[str, Any] | None:
        schema = self.inner.constrained(names, {**self.field.rules, **given})
        return None if schema is None else self.field.words(schema)


class Slot(typing.NamedTuple):
    """A field of a model."""

    name: str
    alias: str
    node: Node
    required: bool
    default: Any
    init: bool


class Model(Node):
    """A dataclass or a TypedDict."""

    kind = "object"
    as_is = False

    def __init__(self, cls: type, title: str, arguments: tuple[Any, ...] = ()) -> None:
        self.cls, self.title, self._arguments = cls, title, arguments
        self.is_dict = typing.is_typeddict(cls)
        #: As with pydantic's models: `model_config = {"extra": "forbid"}`.
        self.forbids_extra = getattr(cls, "model_config", {}).get("extra") == "forbid"
        #: Filled after the model is known by its class, since a field may be of its own class.
        self.slots: list[Slot] = []

    def schema(self, names: Names) -> dict[str, Any]:
        differs = any(
            isinstance(one, Decimals) or isinstance(one, Model) and not one.is_same_both_ways()
            for one in reachable(self)
        )
        # A generic class is one model for each of what it holds.
        key = (self.cls, *self._arguments) if self._arguments else self.cls
        return names.ref(key, self.title, self._written, differs)

    def is_same_both_ways(self) -> bool:
        """Whether it is answered as it is sent: what a dataclass fills in by itself is not sent."""
        return self.is_dict or all(slot.init for slot in self.slots)

    def _written(self, names: Names) -> dict[str, Any]:
        answered = names.way == "Output"
        properties, required = {}, []
        for slot in self.slots:
            if not slot.init and not answered:
                continue
            schema = titled(slot.node.schema(names), slot.alias)
            # As FastAPI has it: what has a default is not required of an answer either.
            if slot.required or not slot.init:
                required.append(slot.alias)
            if slot.default is not None and slot.default is not REQUIRED:
                schema["default"] = slot.node.dump(slot.default)
            properties[slot.alias] = schema
        words: dict[str, Any] = {"type": "object", "title": self.title, "properties": properties}
        if required:
            words["required"] = required
        if self.forbids_extra:
            words["additionalProperties"] = False
        text = self.cls.__dict__.get("__doc__")
        # A dataclass without words of its own is given its signature.
        if text and not text.startswith(f"{self.cls.__name__}("):
            words["description"] = inspect.cleandoc(text)
        return words

    def inside(self) -> list[Node]:
        return [slot.node for slot in self.slots]

    def load(self, value: Any) -> Any:
        loaded = {}
        for slot in self.slots:
            if slot.init and slot.alias in value:
                given = value[slot.alias]
                loaded[slot.name] = given if slot.node.as_is else _at(slot.alias, slot.node, given)
        if self.is_dict:
            return loaded
        try:
            return self.cls(**loaded)
        except ValueError as error:  # from `__post_init__`: a rule across fields
            raise Unfit(str(error), value) from None

    def dump(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {slot.alias: slot.node.dump(value[slot.name]) for slot in self.slots if slot.name in value}
        return {slot.alias: slot.node.dump(getattr(value, slot.name)) for slot in self.slots}

    def fits(self, value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        for slot in self.slots:
            if slot.alias in value:
                if not slot.node.fits(value[slot.alias]):
                    return False
            elif slot.required:
                return False
        return True

    def holds(self, value: Any) -> bool:
        if self.is_dict:
            return isinstance(value, dict) and all(slot.name in value for slot in self.slots if slot.required)
        return isinstance(value, self.cls)


def reachable(start: Node) -> Iterator[Node]:
    """A node and all that it is made of, each once."""
    seen, todo = {id(start)}, [start]
    while todo:
        one = todo.pop()
        yield one
        for inner in one.inside():
            if id(inner) not in seen:
                seen.add(id(inner))
                todo.append(inner)


def shown(hint: Any) -> str:
    """A hint as its author wrote it, about."""
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint).replace("typing.", "")


def _at(key: Any, inner: Node, value: Any) -> Any:
    try:
        return inner.load(value)
    except Unfit as unfit:
        raise unfit.under(key) from None


def _load_each(item: Node, values: Any) -> Any:
    return [_at(place, item, value) for place, value in enumerate(values)]


def key_of(key: Any) -> str:
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, bool) else str(key)


def _type_of(values: list[Any]) -> dict[str, Any]:
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    kinds = {names.get(type(value)) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else None
    return {"type": kind} if kind else {}
