"""Reading type hints. A hint is read once, when the component is built."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections import abc
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Callable, Literal, Mapping, Union
from uuid import UUID

from .nodes import Alternatives, Choice, Decimals, Listing, Map, Model, Node, Nothing, OneOf, Row, Ruled, Scalar
from .nodes import Slot, Text
from .nodes import key_of, shown
from .params import REQUIRED, Field


if typing.TYPE_CHECKING:
    _T = typing.TypeVar("_T")
    Json = Annotated[_T, "JSON in a text"]
else:

    class Json:
        """A text that holds JSON: `Json[list[int]]` is the list, once it is read."""

        def __class_getitem__(cls, content: Any) -> Any:
            return Annotated[content, cls]


class Whatever(Node):
    """Any: written by the type that the value has."""

    def dump(self, value: Any) -> Any:
        return plain(value)


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
        return Alternatives([node(arm, arguments) for arm in args])
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
        return Listing(inner[0] if inner and inner[0] else Whatever(), *_COLLECTIONS[cls])
    if cls in (dict, abc.Mapping, abc.MutableMapping):
        key, value = inner if len(inner) == 2 else (_SCALARS[str], Whatever())
        return Map(key or Whatever(), value or Whatever())
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
        known = model = _MODELS[(cls, args)] = Model(cls, title, args)
        try:
            model.slots = _slots(model, dict(zip(getattr(cls, "__parameters__", ()), inner)))
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
        if extra is Json:
            inner = Text(inner)
    return inner


def plain(value: Any) -> Any:
    """Any Python value as what JSON has, by its own type, where no hint says how."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key_of(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, abc.Iterator, abc.KeysView, abc.ValuesView)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return node(type(value)).dump(value)
    for basic in (str, int, float):
        if isinstance(value, basic):
            return basic(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    for cls in (datetime, date, time, UUID):
        if isinstance(value, cls):
            return _SCALARS[cls].dump(value)
    raise TypeError(f"{shown(type(value))} cannot be written as JSON")


def _slots(model: Model, arguments: Mapping[Any, Any]) -> list[Slot]:
    hints = typing.get_type_hints(model.cls, include_extras=True)
    if model.is_dict:
        given = [(name, _is_required(model.cls, name, hint), REQUIRED, True) for name, hint in hints.items()]
    else:
        given = [
            (
                field.name,
                field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
                REQUIRED if field.default is dataclasses.MISSING else field.default,
                field.init,
            )
            for field in dataclasses.fields(model.cls)
        ]
    slots = []
    for name, required, default, init in given:
        where = f"{model.cls.__name__}.{name}"
        if isinstance(default, Field):
            raise TypeError(f"{where}: rules are part of the type: write `Annotated[…, Field(…)]`")
        try:
            inner = node(hints[name], arguments)
        except TypeError as error:
            raise TypeError(f"{where}: {error}") from None
        alias = (inner.field.alias if isinstance(inner, Ruled) else None) or name
        slots.append(Slot(name, alias, inner, required, default, init))
    return slots


def _is_required(cls: type, name: str, hint: Any) -> bool:
    """Whether a TypedDict requires a key. Its own list is wrong where hints are strings, so the hint is asked first."""
    said = typing.get_origin(hint)
    return said is not typing.NotRequired and (said is typing.Required or name in getattr(cls, "__required_keys__"))


def _instant(moment: Any) -> str:
    text: str = moment.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_SCALARS: dict[Any, Node] = {
    Any: Whatever(),
    object: Whatever(),
    type(None): Nothing(),
    str: Scalar(str, "string", {"type": "string"}),
    bool: Scalar(bool, "any", {"type": "boolean"}, json=(bool,)),
    # 1.0 is an integer to JSON Schema, and 1 a number.
    int: Scalar(int, "number", {"type": "integer"}, int, json=(int, float)),
    float: Scalar(float, "number", {"type": "number"}, float, json=(float, int)),
    Decimal: Decimals(),
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
