"""What can be said of an argument or a field beyond its type: `Annotated[int, Query(gt=0)]`."""

from __future__ import annotations

import operator
import re
from typing import Any, Callable, Mapping, Sequence


class _Required:
    def __repr__(self) -> str:
        return "..."


#: No default: the client must send it. `...` says so too.
REQUIRED: Any = _Required()


class Field:
    """Rules and words for a field, an argument or a type: `Annotated[str, Field(min_length=1)]`.

    The rules are FastAPI's, and the host enforces them before any function runs.
    """

    def __init__(
        self,
        default: Any = REQUIRED,
        *,
        default_factory: Callable[[], Any] | None = None,
        alias: str | None = None,
        validation_alias: str | None = None,
        serialization_alias: str | None = None,
        title: str | None = None,
        description: str | None = None,
        gt: float | None = None,
        ge: float | None = None,
        lt: float | None = None,
        le: float | None = None,
        multiple_of: float | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
        regex: str | None = None,
        max_digits: int | None = None,
        decimal_places: int | None = None,
        strict: bool | None = None,
        discriminator: str | None = None,
        examples: Sequence[Any] | None = None,
        example: Any = REQUIRED,
        openapi_examples: Mapping[str, Mapping[str, Any]] | None = None,
        deprecated: bool | str | None = None,
        include_in_schema: bool = True,
        exclude: bool = False,
        frozen: bool = False,
        repr: bool = True,
        kw_only: bool = True,
        json_schema_extra: Mapping[str, Any] | Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.default = REQUIRED if default is ... else default
        self.default_factory = default_factory
        if default_factory is not None and self.default is not REQUIRED:
            raise TypeError("`default` and `default_factory` are one too many: a field begins with one of them")
        for name, given in (("validation_alias", validation_alias), ("serialization_alias", serialization_alias)):
            if given is not None and not isinstance(given, str):
                raise TypeError(f"`{name}` is one name: of several, and of paths, a contract can say nothing")
        #: What it is called where it is sent, and where it is answered.
        self.alias = validation_alias or alias
        self.answered_as = serialization_alias or alias
        self.title = title
        self.description = description
        self.rules = {
            name: value
            for name, value in {
                "gt": gt,
                "ge": ge,
                "lt": lt,
                "le": le,
                "multiple_of": multiple_of,
                "min_length": min_length,
                "max_length": max_length,
                "pattern": regex if pattern is None else pattern,
                "max_digits": max_digits,
                "decimal_places": decimal_places,
                "discriminator": discriminator,
            }.items()
            if value is not None
        }
        self.examples = list(examples) if examples else None
        self.example = example
        self.openapi_examples = dict(openapi_examples or {})
        self.deprecated = bool(deprecated)
        self.include_in_schema = include_in_schema
        self.exclude = exclude
        self.frozen = frozen
        self.repr = repr
        self.extra = json_schema_extra or {}
        self.strict = bool(strict)

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is REQUIRED and self.default_factory is None

    def fresh(self) -> Any:
        """The default; None where there is none."""
        if self.default_factory is not None:
            return self.default_factory()
        return None if self.default is REQUIRED else self.default

    def words(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Adds title, description and the like to a schema."""
        if self.title is not None:
            schema["title"] = self.title
        if self.description is not None:
            schema["description"] = self.description
        if self.examples is not None:
            schema["examples"] = self.examples
        if self.deprecated:
            schema["deprecated"] = True
        if self.strict:
            # The host makes nothing else into one.
            schema["x-switchback-strict"] = True
        if callable(self.extra):
            self.extra(schema)
        else:
            schema.update(self.extra)
        return schema


class Path(Field):
    """A part of the path."""

    place = "path"


class Query(Field):
    """A query parameter; of a list, every value of that name."""

    place = "query"


class Header(Field):
    """A header; `x_token` is `x-token`, unless `convert_underscores=False` or an alias says otherwise."""

    place = "header"

    def __init__(self, default: Any = REQUIRED, *, convert_underscores: bool = True, **rest: Any) -> None:
        super().__init__(default, **rest)
        self.convert_underscores = convert_underscores


class Cookie(Field):
    """A cookie."""

    place = "cookie"


class Body(Field):
    """The body, or with `embed=True` (and where there are several) a key of it."""

    place = "body"

    def __init__(
        self, default: Any = REQUIRED, *, embed: bool = False, media_type: str = "application/json", **rest: Any
    ) -> None:
        super().__init__(default, **rest)
        self.embed = embed
        self.media_type = media_type


class Form(Field):
    """A field of a form."""

    place = "form"


class File(Form):
    """A file of a form."""


def rules(kind: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The rules in JSON Schema's words for one kind of value; None if one of them says nothing about that kind."""
    known = _WORDS[kind]
    if not all(name in known for name in given):
        return None
    return {known[name]: value for name, value in given.items()}


_WORDS = {
    "number": {
        "gt": "exclusiveMinimum",
        "ge": "minimum",
        "lt": "exclusiveMaximum",
        "le": "maximum",
        "multiple_of": "multipleOf",
    },
    "string": {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "object": {"min_length": "minProperties", "max_length": "maxProperties"},
    "any": {},
}


def broken(rules: Mapping[str, Any], value: Any) -> str | None:
    """The first rule that a Python value breaks, in pydantic's words: for values that no host has checked."""
    for name, bound in rules.items():
        if name in _COMPARED:
            holds, words = _COMPARED[name]
            if not holds(value, bound):
                return f"Input should be {words} {bound}"
        elif name in ("min_length", "max_length"):
            if len(value) < bound if name == "min_length" else len(value) > bound:
                kind = "String" if isinstance(value, str) else type(value).__name__.capitalize()
                unit = "character" if isinstance(value, str) else "item"
                least = "least" if name == "min_length" else "most"
                return f"{kind} should have at {least} {bound} {unit}{'' if bound == 1 else 's'}"
        elif name == "pattern" and not re.search(bound, value):
            return f"String should match pattern '{bound}'"
    return None


_COMPARED: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "gt": (operator.gt, "greater than"),
    "ge": (operator.ge, "greater than or equal to"),
    "lt": (operator.lt, "less than"),
    "le": (operator.le, "less than or equal to"),
    "multiple_of": (lambda value, step: value % step == 0, "a multiple of"),
}
