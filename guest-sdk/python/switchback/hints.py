"""Reading type hints. A hint is read once, when the component is built."""

from __future__ import annotations

import dataclasses
import inspect
import ipaddress
import types
import typing
from collections import abc, deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Callable, Literal, Mapping, Union
from uuid import UUID

from . import moments
from .how import PLAIN, How
from .kinds import AfterValidator, AnyHttpUrl, AnyUrl, EmailStr, HttpUrl, SecretStr, ValidationInfo
from .kinds import read_duration, write_duration
from .moments import Timed
from .nodes import Checked, Choice, Decimals, Listing, Map, Node, Nothing, OneOf, Row, Ruled, Scalar, Text, Textual
from .nodes import key_of, shown
from .params import REQUIRED, Field
from .shapes import Alternatives, Model, Slot


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

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        return value if how.python and not hasattr(value, "model_dump") else plain(value, how)


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
                f"{shown(hint)} is pydantic's, and pydantic cannot be compiled to WebAssembly: import `BaseModel` and "
                "`Field` from `switchback`, or make it a `@dataclass` or a `TypedDict`"
            )
        if issubclass(cls, Enum):
            return _known(cls, (), lambda: Choice(cls))
        if dataclasses.is_dataclass(cls) or typing.is_typeddict(cls) or hasattr(cls, "__switchback_model__"):
            return _model(cls, args, inner)
    raise TypeError(
        f"{shown(hint)} has no JSON Schema: use str, int, float, bool, a date or time, UUID, Decimal, an Enum, Literal, "
        "list, tuple, set, dict, a BaseModel, a dataclass or a TypedDict"
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
            stands_for = {**_of_bases(cls), **dict(zip(getattr(cls, "__parameters__", ()), inner))}
            if model.is_base:
                _of_model(model, stands_for)
            else:
                model.slots = _slots(model, stands_for)
        except BaseException:
            del _MODELS[(cls, args)]
            raise
    return known


def _of_bases(cls: type) -> dict[Any, Node]:
    """What the type variables of generic classes stand for in a class that is made of them: `class Ints(Page[int])`."""
    found: dict[Any, Node] = {}
    for base in getattr(cls, "__orig_bases__", ()):
        parameters = getattr(typing.get_origin(base), "__parameters__", ())
        for parameter, given in zip(parameters, typing.get_args(base)):
            if not isinstance(given, typing.TypeVar):
                found[parameter] = node(given)
    return found


def _known(cls: type, args: tuple[Any, ...], make: Callable[[], Node]) -> Node:
    return _MODELS.setdefault((cls, args), make())


def _annotated(args: tuple[Any, ...], arguments: Mapping[Any, Any]) -> Node:
    inner = node(args[0], arguments)
    for extra in args[1:]:
        if isinstance(extra, Field):
            inner = Ruled(inner, extra, args[0])
        elif isinstance(extra, AfterValidator):
            inner = Checked(inner, extra.func)
        elif extra is Json:
            inner = Text(inner)
        elif type(extra).__module__.partition(".")[0] in ("pydantic", "annotated_types", "pydantic_core"):
            raise TypeError(f"`{extra!r}` is of another library, and nothing here reads it: import it from `switchback`")
    return inner


def plain(value: Any, how: How = PLAIN) -> Any:
    """Any Python value as what JSON has, by its own type, where no hint says how."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value, how)
    if isinstance(value, Mapping):
        kept = ((key, one) for key, one in value.items() if how.shows(key) and not (how.exclude_none and one is None))
        return {key_of(plain(key)): plain(one, how.within(key)) for key, one in kept}
    if isinstance(value, (list, tuple, set, frozenset, deque, abc.Iterator, abc.KeysView, abc.ValuesView)):
        return [plain(item, how) for item in value]
    if not isinstance(value, type) and (dataclasses.is_dataclass(value) or hasattr(value, "__switchback_model__")):
        return node(type(value)).dump(value, how)
    for basic in (str, int, float):
        if isinstance(value, basic):
            return basic(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (date, time)):
        return value.isoformat()
    for cls in (UUID, SecretStr, *_ADDRESSES):
        if isinstance(value, cls):
            return _SCALARS[cls].dump(value)
    raise TypeError(f"{shown(type(value))} cannot be written as JSON")


def _of_model(model: Model, arguments: Mapping[Any, Any]) -> None:
    """The fields of a `BaseModel`, with its validators."""
    cls: Any = model.cls
    hints = typing.get_type_hints(cls, include_extras=True)
    rename = cls.model_config.get("alias_generator") or (lambda name: name)
    marks = [mark for _, mark in cls.__switchback_marks__]
    for mark in marks:
        for name in mark.fields if mark.kind in ("field", "writer") else ():
            if name != "*" and name not in cls.__switchback_model__:
                raise TypeError(f"{cls.__name__}: `{mark.function.__name__}` is about `{name}`, and there is no such field")
    for name, default in cls.__switchback_model__.items():
        try:
            inner = node(hints[name], arguments)
            if isinstance(default, Field):
                inner = Ruled(inner, default, hints[name])
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{name}: {error}") from None
        fields = _fields_of(inner)
        if not isinstance(default, Field) and default is not REQUIRED:
            fields = [Field(default), *fields]
        given = next((field for field in fields if not field.required), Field())
        alias = next((field.alias for field in fields if field.alias), None) or rename(name)
        mine = [mark for mark in marks if name in mark.fields or "*" in mark.fields]
        slot = Slot(
            name,
            alias,
            next((field.answered_as for field in fields if field.answered_as), None) or rename(name),
            inner,
            given.required,
            given.default,
            given.default_factory,
            exclude=any(field.exclude for field in fields),
            field=fields[0] if fields else given,
            checks=tuple(_check(cls, mark.function) for mark in mine if mark.kind == "field"),
        )
        for mark in mine:
            if mark.kind == "writer":
                slot.writer = mark.function
                slot.written_as = node(typing.get_type_hints(mark.function).get("return", Any))
        model.slots.append(slot)
    for name, mark in cls.__switchback_marks__:
        if mark.kind == "computed":
            getter = mark.function.fget
            said = typing.get_type_hints(getter, include_extras=True)
            if "return" not in said:
                raise TypeError(f"{cls.__name__}.{name}: a computed field has a return type, which answers promise")
            words = {"description": inspect.getdoc(getter), **mark.fields[0]}
            words = {key: value for key, value in words.items() if value is not None}
            model.computed.append((name, node(said["return"]), words))


def _fields_of(inner: Node) -> list[Field]:
    """What `Field(…)`s say of a field, the outermost first."""
    found = []
    while isinstance(inner, (Ruled, Checked)):
        if isinstance(inner, Ruled):
            found.append(inner.field)
        inner = inner.inner
    return found


def _check(cls: type, function: Callable[..., Any]) -> Callable[..., Any]:
    """A validator of a field as `(value, name, data)`."""
    if len(inspect.signature(function).parameters) > 2:
        return lambda value, name, data: function(cls, value, ValidationInfo(name, data))
    return lambda value, name, data: function(cls, value)


def _slots(model: Model, arguments: Mapping[Any, Any]) -> list[Slot]:
    hints = typing.get_type_hints(model.cls, include_extras=True)
    if model.is_dict:
        given: list[Any] = [(name, _is_required(model.cls, name, hint), REQUIRED, None, True) for name, hint in hints.items()]
    else:
        given = [
            (
                field.name,
                field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
                REQUIRED if field.default is dataclasses.MISSING else field.default,
                None if field.default_factory is dataclasses.MISSING else field.default_factory,
                field.init,
            )
            for field in dataclasses.fields(model.cls)
        ]
    slots = []
    for name, required, default, factory, init in given:
        where = f"{model.cls.__name__}.{name}"
        if isinstance(default, Field):
            raise TypeError(f"{where}: rules are part of the type: write `Annotated[…, Field(…)]`")
        try:
            inner = node(hints[name], arguments)
        except TypeError as error:
            raise TypeError(f"{where}: {error}") from None
        fields = _fields_of(inner)
        alias = next((field.alias for field in fields if field.alias), None) or name
        answered_as = next((field.answered_as for field in fields if field.answered_as), None) or name
        exclude = any(field.exclude for field in fields)
        slots.append(Slot(name, alias, answered_as, inner, required, default, factory, init, exclude))
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
    str: Textual(),
    bool: Scalar(bool, "any", {"type": "boolean"}, json=(bool,)),
    # 1.0 is an integer to JSON Schema, and 1 a number.
    int: Scalar(int, "number", {"type": "integer"}, int, json=(int, float)),
    float: Scalar(float, "number", {"type": "number"}, float, json=(float, int)),
    Decimal: Decimals(),
    datetime: Timed(datetime, {"format": "date-time"}, _moment, _instant),
    date: Timed(date, {"format": "date"}, date.fromisoformat, date.isoformat),
    time: Timed(time, {"format": "time"}, time.fromisoformat, _instant),
    timedelta: Timed(timedelta, {"format": "duration"}, read_duration, write_duration),
    bytes: Scalar(bytes, "string", {"type": "string", "format": "binary"}, str.encode, bytes.decode),
    EmailStr: Scalar(str, "string", {"type": "string", "format": "email"}),
    AnyUrl: Scalar(AnyUrl, "string", {"type": "string", "format": "uri", "minLength": 1}, AnyUrl, str),
    AnyHttpUrl: Scalar(
        AnyHttpUrl,
        "string",
        {"type": "string", "format": "uri", "minLength": 1, "x-switchback-schemes": ["http", "https"]},
        AnyHttpUrl,
        str,
    ),
    HttpUrl: Scalar(
        HttpUrl,
        "string",
        {"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083, "x-switchback-schemes": ["http", "https"]},
        HttpUrl,
        str,
    ),
    SecretStr: Scalar(
        SecretStr, "string", {"type": "string", "format": "password", "writeOnly": True}, SecretStr, str
    ),
    UUID: Scalar(UUID, "string", {"type": "string", "format": "uuid"}, UUID, str),
}

#: Each under the name that JSON Schema, or else pydantic, has for it.
_ADDRESSES: dict[type, str] = {
    ipaddress.IPv4Address: "ipv4",
    ipaddress.IPv6Address: "ipv6",
    ipaddress.IPv4Network: "ipv4network",
    ipaddress.IPv6Network: "ipv6network",
    ipaddress.IPv4Interface: "ipv4interface",
    ipaddress.IPv6Interface: "ipv6interface",
}
for _cls, _format in _ADDRESSES.items():
    _SCALARS[_cls] = Scalar(_cls, "string", {"type": "string", "format": _format}, _cls, str)

for _cls, _words in moments.SAID.items():
    _of = datetime if issubclass(_cls, datetime) else date
    _SCALARS[_cls] = Timed(_of, _words, *((_moment, _instant) if _of is datetime else (date.fromisoformat, date.isoformat)))

_COLLECTIONS: dict[Any, tuple[Callable[[Any], Any], bool]] = {
    list: (list, False),
    abc.Sequence: (list, False),
    abc.Iterable: (list, False),
    tuple: (tuple, False),
    set: (set, True),
    abc.Set: (set, True),
    frozenset: (frozenset, True),
    deque: (deque, False),
}

_MODELS: dict[Any, Node] = {}
