"""What can be said of an argument or a field beyond its type: `Annotated[int, Query(gt=0)]`."""

from __future__ import annotations

from typing import Any, Mapping, Sequence


class _Required:
    def __repr__(self) -> str:
        return "..."


#: No default: the client must send it. `...` says so too.
REQUIRED: Any = _Required()


class Field:
    """Rules and words for a dataclass field or a type: `Annotated[str, Field(min_length=1)]`.

    The rules are FastAPI's, and the host enforces them before any function runs.
    """

    def __init__(
        self,
        default: Any = REQUIRED,
        *,
        alias: str | None = None,
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
        max_digits: int | None = None,
        decimal_places: int | None = None,
        strict: bool | None = None,
        discriminator: str | None = None,
        examples: Sequence[Any] | None = None,
        openapi_examples: Mapping[str, Mapping[str, Any]] | None = None,
        deprecated: bool = False,
        include_in_schema: bool = True,
        json_schema_extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.default = REQUIRED if default is ... else default
        self.alias = alias
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
                "pattern": pattern,
                "max_digits": max_digits,
                "decimal_places": decimal_places,
                "discriminator": discriminator,
            }.items()
            if value is not None
        }
        self.examples = list(examples) if examples else None
        self.openapi_examples = dict(openapi_examples or {})
        self.deprecated = deprecated
        self.include_in_schema = include_in_schema
        self.extra = dict(json_schema_extra or {})
        if strict:
            # The host makes nothing else into one.
            self.extra["x-switchback-strict"] = True

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
