"""Type hints that have been read: each as a JSON Schema, and as the way between JSON and Python.

What arrives in a call has been checked by the host against the schema, so `load` converts and checks nothing again;
`take` is for values that a function made, and checks. `dump` writes what the hint declares and leaves out the rest.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Callable

from .errors import ValidationError
from .how import PLAIN, How
from .names import Names
from .params import Field, broken, rules as rules_of


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
        """From JSON that fits the schema."""
        return value

    def take(self, value: Any) -> Any:
        """From what a function made: a value of the type, or something that can be made one.

        # Raises
        ValidationError.
        """
        return value

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        """To JSON."""
        return value

    def fits(self, value: Any) -> int:
        """How well JSON looks like it, to choose within a union: 0 if it does not."""
        return 1

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
            raise ValidationError(str(error) or f"not a {self.cls.__name__}", value) from None

    def take(self, value: Any) -> Any:
        if self.holds(value):
            return value
        if type(value) in self._json or (isinstance(value, str) and self._load and not isinstance(value, Enum)):
            try:
                return self.load(value)
            except (ValidationError, TypeError):
                pass
        kind, name = _CALLED.get(self.cls, (self.cls.__name__.lower(), self._words.get("format", self.cls.__name__)))
        article = "an" if name[0] in "aeiou" else "a"
        words = f"Input should be {article} valid {name}"
        if isinstance(value, str) and self.cls in (int, float, bool):
            words += ", unable to " + ("interpret input" if self.cls is bool else f"parse string as {article} {name}")
            raise ValidationError(words, value, f"{kind}_parsing")
        raise ValidationError(words, value, f"{kind}_type")

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        if type(value) is not self.cls:
            value = self.take(value)
        return value if self._dump is None or how.python else self._dump(value)

    def fits(self, value: Any) -> int:
        if type(value) not in self._json:
            return 0
        if type(value) is self.cls or self._load is None:
            return 2
        try:
            self.load(value)
        except ValidationError:
            return 0
        return 2 if self.cls not in (int, float) else 1

    def holds(self, value: Any) -> bool:
        # A bool is an int to Python and a datetime a date; neither is one to JSON.
        return type(value) is self.cls or (
            isinstance(value, self.cls) and not isinstance(value, (bool, datetime, Enum))
        )


#: What pydantic calls them in its errors.
_CALLED = {str: ("string", "string"), int: ("int", "integer"), float: ("float", "number"), bool: ("bool", "boolean")}


class Textual(Scalar):
    """str, which an enum of texts is, too."""

    def __init__(self) -> None:
        super().__init__(str, "string", {"type": "string"})

    def holds(self, value: Any) -> bool:
        return isinstance(value, str)

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        if type(value) is str:
            return value
        return str(self.take(value.value if isinstance(value, Enum) else value))


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
            raise ValidationError(str(error), value) from None

    def take(self, value: Any) -> Any:
        return self.load(value) if isinstance(value, str) else self.content.take(value)

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        if how.python:
            return value
        return json.dumps(self.content.dump(value), ensure_ascii=False, separators=(",", ":"))

    def fits(self, value: Any) -> int:
        return 1 if isinstance(value, str) else 0


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

    def holds(self, value: Any) -> bool:
        return isinstance(value, self.cls)

    def take(self, value: Any) -> Any:
        try:
            return self.cls(value)
        except ValueError:
            raise ValidationError(f"Input should be {_either(self._values)}", value, "enum") from None


class OneOf(Scalar):
    """A Literal."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = list(values)
        super().__init__(object, "any", {})

    def schema(self, names: Names) -> dict[str, Any]:
        if len(self.values) == 1:
            return {"const": self.values[0], **_type_of(self.values)}
        return {"enum": self.values, **_type_of(self.values)}

    def fits(self, value: Any) -> int:
        return 2 if any(value == known and type(value) is type(known) for known in self.values) else 0

    def holds(self, value: Any) -> bool:
        return bool(self.fits(value))

    def take(self, value: Any) -> Any:
        if value not in self.values:
            raise ValidationError(f"Input should be {_either(self.values)}", value, "literal_error")
        return value


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
        return self._make(each(self.item.load, enumerate(value)))

    def take(self, value: Any) -> Any:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            raise ValidationError("Input should be a valid list", value, "list_type")
        return self._make(each(self.item.take, enumerate(value)))

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        if how is PLAIN and type(value) is list:
            dump = self.item.dump
            return [dump(item) for item in value]
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            self.take(value)
        written = [self.item.dump(item, how.within(place)) for place, item in enumerate(value)]
        return self._make(written) if how.python and not isinstance(value, Iterator) else written

    def fits(self, value: Any) -> int:
        if not isinstance(value, list):
            return 0
        return min((self.item.fits(item) for item in value), default=1)

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
        return tuple(_at(place, item.load, one) for place, (item, one) in enumerate(zip(self.items, value)))

    def take(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) != len(self.items):
            raise ValidationError(f"Input should be a valid tuple of {len(self.items)}", value, "tuple_type")
        return tuple(_at(place, item.take, one) for place, (item, one) in enumerate(zip(self.items, value)))

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        written = [
            item.dump(one, how.within(place))
            for place, (item, one) in enumerate(zip(self.items, value, strict=True))
        ]
        return tuple(written) if how.python else written

    def fits(self, value: Any) -> int:
        if not isinstance(value, list) or len(value) != len(self.items):
            return 0
        return min((item.fits(one) for item, one in zip(self.items, value)), default=1)

    def holds(self, value: Any) -> bool:
        return isinstance(value, (list, tuple)) and len(value) == len(self.items) and all(
            item.holds(one) for item, one in zip(self.items, value)
        )


class Map(Node):
    """dict: any keys, values of one type."""

    kind = "object"

    def __init__(self, key: Node, value: Node) -> None:
        self.key, self.value = key, value
        self.as_is = key.as_is and value.as_is

    def schema(self, names: Names) -> dict[str, Any]:
        keys = self.key.schema(names)
        words: dict[str, Any] = {"type": "object", "additionalProperties": self.value.schema(names) or True}
        if keys not in ({}, {"type": "string"}):
            # A key is a text to JSON Schema; as what else it is read, the host has a word for.
            is_text = keys.get("type", "string") == "string" and "anyOf" not in keys
            words["propertyNames" if is_text else "x-switchback-keys"] = keys
        return words

    def inside(self) -> list[Node]:
        return [self.key, self.value]

    def load(self, value: Any) -> Any:
        if self.as_is:
            return value
        return {_at(key, self.key.load, key): _at(key, self.value.load, one) for key, one in value.items()}

    def take(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("Input should be a valid dictionary", value, "dict_type")
        return {self.key.take(key): _at(key, self.value.take, one) for key, one in value.items()}

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        if not isinstance(value, Mapping):
            self.take(value)
        keep = [(key, one) for key, one in value.items() if how.shows(key) and not (how.exclude_none and one is None)]
        written = ((self.key.dump(key, how), self.value.dump(one, how.within(key))) for key, one in keep)
        return {key if how.python else key_of(key): one for key, one in written}

    def fits(self, value: Any) -> int:
        if not isinstance(value, dict):
            return 0
        return min((self.value.fits(one) for one in value.values()), default=1)

    def holds(self, value: Any) -> bool:
        return isinstance(value, dict)


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

    def take(self, value: Any) -> Any:
        taken = self.inner.take(value)
        if taken is not None and (words := broken(self.field.rules, taken)):
            raise ValidationError(words, value, "constraint")
        return taken


class Checked(Node):
    """Annotated with a validator of the author's, which gets what was loaded."""

    as_is = False

    def __init__(self, inner: Node, check: Callable[[Any], Any]) -> None:
        self.inner, self.check = inner, check
        self.kind, self.scalar = inner.kind, inner.scalar
        self.schema, self.constrained = inner.schema, inner.constrained  # type: ignore[method-assign]
        self.dump, self.fits, self.holds = inner.dump, inner.fits, inner.holds  # type: ignore[method-assign]

    def inside(self) -> list[Node]:
        return [self.inner]

    def load(self, value: Any) -> Any:
        return checked(self.check, self.inner.load(value), value)

    def take(self, value: Any) -> Any:
        return checked(self.check, self.inner.take(value), value)


def checked(check: Callable[..., Any], value: Any, sent: Any, *more: Any) -> Any:
    """What a validator makes of a value."""
    try:
        return check(value, *more)
    except (ValueError, AssertionError) as error:
        raise ValidationError.by(error, sent) from None


def each(read: Callable[[Any], Any], values: Iterable[tuple[Any, Any]]) -> list[Any]:
    """All members read; what is wrong with any of them is told together."""
    found: list[Any] = []
    wrong: list[ValidationError] = []
    for place, value in values:
        try:
            found.append(read(value))
        except ValidationError as unfit:
            wrong.append(unfit.under(place))
    if wrong:
        raise ValidationError.all(wrong)
    return found


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


def _at(key: Any, read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except ValidationError as unfit:
        raise unfit.under(key) from None


def key_of(key: Any) -> str:
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, bool) else str(key)


def _either(values: list[Any]) -> str:
    """`'a', 'b' or 'c'`"""
    told = [repr(value) for value in values]
    return " or ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)


def _type_of(values: list[Any]) -> dict[str, Any]:
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    kinds = {names.get(type(value)) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else None
    return {"type": kind} if kind else {}
