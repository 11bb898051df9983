"""`BaseModel`: models as pydantic has them, in plain Python, since pydantic cannot be compiled to WebAssembly."""

from __future__ import annotations

import copy
import json
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Literal, TypedDict, TypeVar

from . import hints
from .annotations import own
from .errors import ValidationError
from .how import How
from .names import Names
from .params import REQUIRED, Field
from .responses import to_json
from .shapes import Model

Function = TypeVar("Function", bound=Callable[..., Any])
Self = TypeVar("Self", bound="BaseModel")


class ConfigDict(TypedDict, total=False):
    """What can be said of a model as a whole: `model_config = ConfigDict(extra="forbid")`."""

    title: str
    extra: Literal["ignore", "forbid", "allow"]
    frozen: bool
    alias_generator: Callable[[str], str]
    populate_by_name: bool
    validate_by_name: bool
    from_attributes: bool
    json_schema_extra: Mapping[str, Any] | Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class _Mark:
    """A function of a model that does more than a method does."""

    kind: str
    function: Any
    fields: tuple[str, ...] = ()


def field_validator(*fields: str, mode: str = "after", check_fields: bool | None = None) -> Callable[[Any], Any]:
    """Checks a field, or makes another value of it: `(cls, value)` or `(cls, value, info)`. A ValueError is a 422.

    It runs once the host has checked the field by its type.
    """
    if not fields:
        raise TypeError("`@field_validator` names the fields that it is about: `@field_validator(\"name\")`")
    _only_after("field_validator", mode)
    return lambda function: _Mark("field", getattr(function, "__func__", function), fields)


def model_validator(*, mode: str) -> Callable[[Any], Any]:
    """Checks a model as a whole: a method that returns `self`. A ValueError is a 422."""
    _only_after("model_validator", mode)
    return lambda function: _Mark("model", getattr(function, "__func__", function))


def _only_after(name: str, mode: str) -> None:
    if mode != "after":
        raise TypeError(
            f"`@{name}(mode={mode!r})` cannot be: the host checks a request by its contract before any function "
            'runs. Declare all that may be sent as the type (`str | list[str]`) and use `mode="after"`'
        )


def field_serializer(*fields: str) -> Callable[[Any], Any]:
    """Writes a field of an answer: a method `(self, value)`, whose return type is what the contract promises."""
    return lambda function: _Mark("writer", function, fields)


def computed_field(function: Any = None, **words: Any) -> Any:
    """A property that answers show. Its return type is what the contract promises."""
    if unknown := set(words) - {"title", "description", "examples", "json_schema_extra"}:
        raise TypeError(f"`@computed_field` does not know `{unknown.pop()}`")
    extra = words.pop("json_schema_extra", {})

    def mark(given: Any) -> Any:
        given = given if isinstance(given, property) else property(given)
        return _Mark("computed", given, ({**words, **extra},))  # type: ignore[arg-type]

    return mark if function is None else mark(function)


class _Fields:
    def __get__(self, instance: Any, cls: type) -> dict[str, Field]:
        return {slot.name: slot.field or Field() for slot in _model(cls).slots}


@typing.dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class BaseModel:
    """A model: its annotations are its fields.

    >>> class Item(BaseModel):
    ...     name: str
    ...     price: float = Field(1.5, gt=0)
    >>> Item(name="Nail").model_dump()
    {'name': 'Nail', 'price': 1.5}
    """

    model_config: ClassVar[ConfigDict] = {}
    #: What is said of each field.
    model_fields: ClassVar[Any] = _Fields()
    #: The names of the fields that were given, and not filled in.
    model_fields_set: set[str]
    __switchback_model__: ClassVar[Mapping[str, Any]] = {}
    __switchback_marks__: ClassVar[tuple[tuple[str, _Mark], ...]] = ()

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__()
        cls.model_config = {**cls._inherited("model_config"), **cls.__dict__.get("model_config", {}), **config}  # type: ignore[typeddict-item]
        if unknown := set(cls.model_config) - set(ConfigDict.__annotations__):
            raise TypeError(
                f"{cls.__name__}: `model_config` knows nothing of `{unknown.pop()}`: it has "
                + ", ".join(f"`{name}`" for name in ConfigDict.__annotations__)
            )
        if "Config" in cls.__dict__:
            raise TypeError(f"{cls.__name__}: `class Config` is of pydantic 1: write `model_config = ConfigDict(…)`")
        defaults = dict(cls._inherited("__switchback_model__"))
        for name in own(cls):
            if not name.startswith("_") and not _of_class(own(cls)[name]):
                defaults[name] = cls.__dict__.get(name, REQUIRED)
                if name in cls.__dict__:
                    delattr(cls, name)
        cls.__switchback_model__ = defaults
        for name, value in cls.__dict__.items():
            if isinstance(value, (Field, str, int, float, list, dict, set, tuple)) and _could_be_a_field(cls, name):
                raise TypeError(f"{cls.__name__}.{name} has no type: write `{name}: {type(value).__name__} = …`")
        marks = dict(cls._inherited("__switchback_marks__"))
        for name, value in list(cls.__dict__.items()):
            if isinstance(value, _Mark):
                marks[name] = value
                plain = classmethod(value.function) if value.kind == "field" else value.function
                setattr(cls, name, plain)
        cls.__switchback_marks__ = tuple(marks.items())

    @classmethod
    def _inherited(cls, name: str) -> dict[str, Any]:
        """What the bases say, the first of them last."""
        together: dict[str, Any] = {}
        for base in reversed(cls.__bases__):
            together.update(getattr(base, name, {}))
        return together

    def __init__(self, /, **given: Any) -> None:
        model = _model(type(self))
        self.__fill__(model, model.taken(given))
        try:
            self.__checked__()
        except (ValueError, AssertionError) as error:
            raise ValidationError.by(error, given) from None

    def __fill__(self, model: Model, loaded: Mapping[str, Any]) -> None:
        values = self.__dict__
        values.update((slot.name, loaded[slot.name] if slot.name in loaded else slot.fresh()) for slot in model.slots)
        object.__setattr__(self, "model_fields_set", {slot.name for slot in model.slots if slot.name in loaded})
        if model.extra == "allow":
            more = {name: value for name, value in loaded.items() if name not in values}
            values.update(more)
            values["model_extra"] = more
            self.model_fields_set.update(more)

    def __checked__(self) -> Any:
        self.model_post_init(None)
        made = self
        for name, mark in self.__switchback_marks__:
            if mark.kind == "model":
                made = getattr(made, name)()
                if not isinstance(made, BaseModel):
                    raise TypeError(f"`{type(self).__name__}.{name}` is a validator of the model, and returns `self`")
        return made

    def model_post_init(self, context: Any, /) -> None:
        """Runs once the fields are there."""

    def __setattr__(self, name: str, value: Any) -> None:
        frozen = self.model_config.get("frozen") or name in _frozen(type(self))
        if frozen and name in self.__switchback_model__:
            raise ValidationError("Instance is frozen", value, "frozen_instance").under(name)
        object.__setattr__(self, name, value)
        if name in self.__switchback_model__:
            self.model_fields_set.add(name)

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        if not self.model_config.get("frozen"):
            raise TypeError(f"unhashable type: {type(self).__name__!r}: it is not frozen")
        return hash((type(self), tuple(self._values().values())))

    def __repr__(self) -> str:
        shown = {name: value for name, value in self._values().items() if name not in _unshown(type(self))}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __iter__(self) -> Any:
        yield from self._values().items()

    def _values(self) -> dict[str, Any]:
        names = [*self.__switchback_model__, *(self.__dict__.get("model_extra") or ())]
        return {name: self.__dict__[name] for name in names if name in self.__dict__}

    def model_dump(
        self,
        *,
        mode: Literal["python", "json"] = "python",
        include: Any = None,
        exclude: Any = None,
        by_alias: bool = False,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """As a dict: of Python's values, or with `mode="json"` of what JSON has."""
        how = How(by_alias, exclude_unset, exclude_defaults, exclude_none, include, exclude, mode == "python")
        written: dict[str, Any] = _model(type(self)).dump(self, how)
        return written

    def model_dump_json(self, *, indent: int | None = None, **how: Any) -> str:
        """As a text of JSON."""
        written = self.model_dump(mode="json", **how)
        return to_json(written) if indent is None else json.dumps(written, ensure_ascii=False, indent=indent)

    @classmethod
    def model_validate(cls: type[Self], obj: Any, *, from_attributes: bool = False) -> Self:
        """Of a dict; of any object with such attributes if the model says `from_attributes`."""
        if from_attributes and not isinstance(obj, Mapping):
            obj = {name: getattr(obj, name) for name in cls.__switchback_model__ if hasattr(obj, name)}
        made: Self = _model(cls).take(obj)
        return made

    @classmethod
    def model_validate_json(cls: type[Self], text: str | bytes) -> Self:
        """Of a text of JSON."""
        return cls.model_validate(json.loads(text))

    @classmethod
    def model_construct(cls: type[Self], _fields_set: set[str] | None = None, **given: Any) -> Self:
        """Without any check."""
        made = cls.__new__(cls)
        made.__fill__(_model(cls), given)
        if _fields_set is not None:
            object.__setattr__(made, "model_fields_set", set(_fields_set))
        return made

    def model_copy(self: Self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for some fields, which are not checked."""
        made = copy.deepcopy(self) if deep else copy.copy(self)
        object.__setattr__(made, "model_fields_set", self.model_fields_set | set(update or ()))
        made.__dict__.update(update or {})
        return made

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """Its JSON Schema, as requests are checked by it."""
        names = Names()
        reference = _model(cls).schema(names)["$ref"].rpartition("/")[2]
        schema = names.schemas.pop(reference)
        return {**schema, **({"$defs": names.schemas} if names.schemas else {})}


# What pydantic 1 called them, and pydantic 2 still does.
for _old, _new in (("dict", "model_dump"), ("json", "model_dump_json"), ("copy", "model_copy"), ("parse_obj", "model_validate")):
    setattr(BaseModel, _old, BaseModel.__dict__[_new])


def _could_be_a_field(cls: type, name: str) -> bool:
    return not name.startswith("_") and name != "model_config" and name not in own(cls)


def _of_class(hint: Any) -> bool:
    said = hint if isinstance(hint, str) else str(hint)
    return said.removeprefix("typing.").startswith("ClassVar")


def _model(cls: type) -> Model:
    return typing.cast(Model, hints.node(cls))


def _flagged(cls: Any, wanted: Callable[[Field], bool]) -> Iterable[str]:
    return {name for name, given in cls.__switchback_model__.items() if isinstance(given, Field) and wanted(given)}


def _frozen(cls: type) -> Iterable[str]:
    return _flagged(cls, lambda field: field.frozen)


def _unshown(cls: type) -> Iterable[str]:
    return _flagged(cls, lambda field: not field.repr)
