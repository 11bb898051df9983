"""Type hints, each as a JSON Schema and as the way between JSON and Python.

A hint is read once, when the component is built. What arrives in a call has been checked by the host against the
schema, so `load` converts and checks nothing again; `dump` writes what the hint declares and leaves out the rest.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections import abc
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Callable, Literal, Mapping, Union
from uuid import UUID

from .errors import Unfit
from .params import REQUIRED, Field, rules as rules_of


class Names:
    """The models of one document. Two of the same name are told apart by their modules."""

    def __init__(self, clashing: frozenset[str] = frozenset()) -> None:
        self.schemas: dict[str, dict[str, Any]] = {}
        self.classes: dict[str, set[type]] = {}
        self._clashing = clashing

    def ref(self, cls: type, title: str, build: Callable[[Names], dict[str, Any]]) -> dict[str, Any]:
        """A reference to a model, which is written down when first met."""
        self.classes.setdefault(title, set()).add(cls)
        name = f"{cls.__module__}__{cls.__qualname__}".replace(".", "__") if title in self._clashing else title
        if name not in self.schemas:
            self.schemas[name] = {}  # so that a model may contain itself
            self.schemas[name] = build(self)
        return {"$ref": f"#/components/schemas/{name}"}

    def clashes(self) -> frozenset[str]:
        """The names that two classes want."""
        return frozenset(name for name, classes in self.classes.items() if len(classes) > 1)


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

    def load(self, value: Any) -> Any:
        """From JSON."""
        return value

    def dump(self, value: Any) -> Any:
        """To JSON."""
        return plain(value)

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
        return self._dump(value) if self._dump and isinstance(value, self.cls) else plain(value)

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
        self._values = list(values)
        super().__init__(object, "any", {})

    def schema(self, names: Names) -> dict[str, Any]:
        if len(self._values) == 1:
            return {"const": self._values[0], **_type_of(self._values)}
        return {"enum": self._values, **_type_of(self._values)}

    def fits(self, value: Any) -> bool:
        return any(value == known and type(value) is type(known) for known in self._values)

    holds = fits


class Listing(Node):
    """list, set, frozenset, Sequence: members of one type."""

    kind = "array"
    as_is = False

    def __init__(self, item: Node, make: Callable[[Any], Any], unique: bool) -> None:
        self.item, self._make, self._unique = item, make, unique

    def schema(self, names: Names) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(names), **({"uniqueItems": True} if self._unique else {})}

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
            words["propertyNames"] = keys
        return words

    def load(self, value: Any) -> Any:
        if self.as_is:
            return value
        return {_at(key, self.key, key): _at(key, self.value, one) for key, one in value.items()}

    def dump(self, value: Any) -> Any:
        return {_key(self.key.dump(key)): self.value.dump(one) for key, one in value.items()}

    def fits(self, value: Any) -> bool:
        return isinstance(value, dict) and all(self.value.fits(one) for one in value.values())

    def holds(self, value: Any) -> bool:
        return isinstance(value, dict)


class Any_(Node):
    """A union. Of several arms that fit, the first is taken."""

    as_is = False

    def __init__(self, arms: list[Node]) -> None:
        self.arms = arms
        self.scalar = all(arm.scalar for arm in arms)
        self.as_is = all(arm.as_is for arm in arms)
        self.nullable = any(isinstance(arm, Nothing) for arm in arms)

    def schema(self, names: Names) -> dict[str, Any]:
        return {"anyOf": [arm.schema(names) for arm in self.arms]}

    def constrained(self, names: Names, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Each arm takes the rules that are about it; every rule must have found one."""
        schemas, told = [], set()
        for arm in self.arms:
            mine = {name: value for name, value in given.items() if arm.constrained(names, {name: value}) is not None}
            told.update(mine)
            schemas.append(arm.constrained(names, mine) or {})
        return {"anyOf": schemas} if told == set(given) else None

    def load(self, value: Any) -> Any:
        for arm in self.arms:
            if arm.fits(value):
                return arm.load(value)
        raise Unfit("none of the alternatives takes it", value)

    def dump(self, value: Any) -> Any:
        for arm in self.arms:
            if arm.holds(value):
                return arm.dump(value)
        return plain(value)

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

    def __init__(self, cls: type, title: str, arguments: Mapping[Any, Any]) -> None:
        self.cls, self.title, self._arguments = cls, title, arguments
        self.is_dict = typing.is_typeddict(cls)
        self.slots: list[Slot] = []

    def read_fields(self) -> None:
        """After the model is known by its class, since a field may be of its own class."""
        hints = typing.get_type_hints(self.cls, include_extras=True)
        if self.is_dict:
            given = [(name, _is_required(self.cls, name, hint), REQUIRED, True) for name, hint in hints.items()]
        else:
            given = [
                (
                    field.name,
                    field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
                    REQUIRED if field.default is dataclasses.MISSING else field.default,
                    field.init,
                )
                for field in dataclasses.fields(self.cls)
            ]
        for name, required, default, init in given:
            where = f"{self.cls.__name__}.{name}"
            if isinstance(default, Field):
                raise TypeError(f"{where}: rules are part of the type: write `Annotated[…, Field(…)]`")
            try:
                inner = node(hints[name], self._arguments)
            except TypeError as error:
                raise TypeError(f"{where}: {error}") from None
            alias = (inner.field.alias if isinstance(inner, Ruled) else None) or name
            self.slots.append(Slot(name, alias, inner, required, default, init))

    def schema(self, names: Names) -> dict[str, Any]:
        return names.ref(self.cls if not self._arguments else type(self.title, (), {}), self.title, self._written)

    def _written(self, names: Names) -> dict[str, Any]:
        properties, required = {}, []
        for slot in self.slots:
            schema = titled(slot.node.schema(names), slot.alias)
            if slot.required:
                required.append(slot.alias)
            elif slot.default is not None and slot.default is not REQUIRED:
                schema["default"] = slot.node.dump(slot.default)
            properties[slot.alias] = schema
        words: dict[str, Any] = {"type": "object", "title": self.title, "properties": properties}
        if required:
            words["required"] = required
        text = self.cls.__dict__.get("__doc__")
        # A dataclass without words of its own is given its signature.
        if text and not text.startswith(f"{self.cls.__name__}("):
            words["description"] = inspect.cleandoc(text)
        return words

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
        if isinstance(value, Mapping):
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


def node(hint: Any, arguments: Mapping[Any, Any] | None = None) -> Node:
    """Reads a hint. `arguments` are what a generic model's type variables stand for.

    # Raises
    TypeError, in words for the author, for what has no JSON Schema.
    """
    arguments = arguments or {}
    if isinstance(hint, typing.TypeVar):
        return arguments.get(hint) or node(getattr(hint, "__bound__", None) or Any)
    if hint is None:
        hint = type(None)
    try:
        if hint in _SCALARS:
            return _SCALARS[hint]
    except TypeError:  # not hashable
        pass
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _annotated(args, arguments)
    if origin is not None and origin in (Union, types.UnionType):
        return Any_([node(arm, arguments) for arm in args])
    if origin is Literal:
        return OneOf(args)
    if origin in (typing.Required, typing.NotRequired):
        return node(args[0], arguments)
    if isinstance(hint, typing.NewType):
        return node(hint.__supertype__, arguments)
    if hasattr(hint, "__value__"):  # `type Name = …`
        return node(hint.__value__, arguments)
    return _class(hint, origin or hint, args, arguments)


def _class(hint: Any, cls: Any, args: tuple[Any, ...], arguments: Mapping[Any, Any]) -> Node:
    inner = [node(arg, arguments) if arg is not ... else None for arg in args]
    if cls is tuple and inner and inner[-1] is not None:
        return Row(typing.cast("list[Node]", inner))
    if cls in _COLLECTIONS:
        return Listing(inner[0] if inner and inner[0] else Node(), *_COLLECTIONS[cls])
    if cls in (dict, abc.Mapping, abc.MutableMapping):
        key, value = inner if len(inner) == 2 else (_SCALARS[str], Node())
        return Map(key or Node(), value or Node())
    if isinstance(cls, type):
        if any(base.__module__.partition(".")[0] in ("pydantic", "pydantic_core") for base in cls.__mro__):
            raise TypeError(
                f"{shown(hint)} is a pydantic model, and pydantic cannot be compiled to WebAssembly: make it a "
                "`@dataclass` or a `TypedDict`, its rules `Annotated[…, Field(…)]`"
            )
        if issubclass(cls, Enum):
            return _known(cls, (), lambda: Choice(cls))
        if dataclasses.is_dataclass(cls) or typing.is_typeddict(cls):
            return _model(cls, args, inner)
    raise TypeError(
        f"{shown(hint)} has no JSON Schema: use str, int, float, bool, a date or time, UUID, Decimal, an Enum, Literal, "
        "list, tuple, set, dict, a dataclass or a TypedDict"
    )


def _model(cls: type, args: tuple[Any, ...], inner: list[Node | None]) -> Node:
    title = cls.__name__
    if args:
        title = "_".join([title, *(shown(arg) for arg in args), ""]).replace(" ", "").replace("|", "_or_")
        title = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in title)
    known = _MODELS.get((cls, args))
    if known is None:
        model = Model(cls, title, dict(zip(getattr(cls, "__parameters__", ()), inner)))
        known = _MODELS[(cls, args)] = model
        try:
            model.read_fields()
        except BaseException:
            del _MODELS[(cls, args)]
            raise
    return known


def _known(cls: type, args: tuple[Any, ...], make: Callable[[], Node]) -> Node:
    return _MODELS.setdefault((cls, args), make())


def _annotated(args: tuple[Any, ...], arguments: Mapping[Any, Any]) -> Node:
    inner = node(args[0], arguments)
    for extra in args[1:]:
        if isinstance(extra, Field):
            inner = Ruled(inner, extra, args[0])
    return inner


def plain(value: Any) -> Any:
    """Any Python value as what JSON has, by its own type, where no hint says how."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {_key(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, abc.Iterator, abc.KeysView, abc.ValuesView)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return node(type(value)).dump(value)
    for cls in (datetime, date, time, UUID, Decimal, str, int, float):
        if isinstance(value, cls):
            return _SCALARS[cls].dump(value) if cls not in (str, int, float) else cls(value)
    raise TypeError(f"{shown(type(value))} cannot be written as JSON")


def titled(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """A schema with FastAPI's title for a field or parameter, unless it has one or only refers."""
    if "$ref" in schema or "title" in schema:
        return schema
    return {**schema, "title": title(name)}


def title(name: str) -> str:
    """`is_offer` as a title: `Is Offer`."""
    return name.replace("_", " ").title()


def shown(hint: Any) -> str:
    """A hint as its author wrote it, about."""
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint).replace("typing.", "")


def _at(key: Any, inner: Node, value: Any) -> Any:
    try:
        return inner.load(value)
    except Unfit as unfit:
        raise unfit.under(key) from None


def _is_required(cls: type, name: str, hint: Any) -> bool:
    """Whether a TypedDict requires a key. Its own list is wrong where hints are strings, so the hint is asked first."""
    said = typing.get_origin(hint)
    return said is not typing.NotRequired and (said is typing.Required or name in getattr(cls, "__required_keys__"))


def _load_each(item: Node, values: Any) -> Any:
    return [_at(place, item, value) for place, value in enumerate(values)]


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, bool) else str(key)


def _type_of(values: list[Any]) -> dict[str, Any]:
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    kinds = {names.get(type(value)) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else None
    return {"type": kind} if kind else {}


def _instant(moment: Any) -> str:
    text = moment.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_SCALARS: dict[Any, Node] = {
    Any: Node(),
    object: Node(),
    type(None): Nothing(),
    str: Scalar(str, "string", {"type": "string"}),
    bool: Scalar(bool, "any", {"type": "boolean"}, json=(bool,)),
    # 1.0 is an integer to JSON Schema, and 1 a number.
    int: Scalar(int, "number", {"type": "integer"}, int, json=(int, float)),
    float: Scalar(float, "number", {"type": "number"}, float, json=(float, int)),
    # Through its text: 0.1 is to be 0.1 and not the float next to it.
    Decimal: Scalar(
        Decimal,
        "number",
        {"type": "number"},
        lambda value: Decimal(str(value)),
        lambda value: int(value) if value == value.to_integral_value() else float(value),
        (int, float),
    ),
    datetime: Scalar(datetime, "string", {"type": "string", "format": "date-time"}, _moment, _instant),
    date: Scalar(date, "string", {"type": "string", "format": "date"}, date.fromisoformat, date.isoformat),
    time: Scalar(time, "string", {"type": "string", "format": "time"}, time.fromisoformat, _instant),
    UUID: Scalar(UUID, "string", {"type": "string", "format": "uuid"}, UUID, str),
}

_COLLECTIONS: dict[Any, tuple[Callable[[Any], Any], bool]] = {
    list: (list, False),
    abc.Sequence: (list, False),
    abc.Iterable: (list, False),
    tuple: (tuple, False),
    set: (set, True),
    abc.Set: (set, True),
    frozenset: (frozenset, True),
}

_MODELS: dict[Any, Node] = {}
