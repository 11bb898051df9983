"""Unions and objects: nodes that are made of others."""

from __future__ import annotations

import copy
import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from .errors import ValidationError
from .how import PLAIN, How
from .names import Names, titled
from .nodes import Checked, Decimals, Node, Nothing, OneOf, Ruled, checked
from .params import REQUIRED, Field


class Alternatives(Node):
    """A union. Of several arms that fit, the one that fits best is taken, and of such the first."""

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
            tags = [slot for slot in arm.slots if name in (slot.name, slot.alias)] if isinstance(arm, Model) else []
            if not (tags and isinstance(tags[0].node, OneOf)):
                raise TypeError(f"`discriminator={name!r}` names a field that is a Literal in each of the models")
            mapping.update({str(value): reference["$ref"] for value in tags[0].node.values})
            called = tags[0].alias
            branches.append(reference)
        one = {"oneOf": branches, "discriminator": {"propertyName": called, "mapping": mapping}}
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
        if (best := self._best(value)) is not None:
            return best.load(value)
        raise ValidationError("none of the alternatives takes it", value)

    def take(self, value: Any) -> Any:
        for arm in self.arms:
            if arm.holds(value):
                return arm.take(value)
        if (best := self._best(value)) is not None:
            return best.take(value)
        wrong: list[ValidationError] = []
        for arm in self.arms:
            if not isinstance(arm, Nothing):
                try:
                    return arm.take(value)
                except ValidationError as unfit:
                    wrong.append(unfit)
        raise ValidationError.all(wrong)

    def _best(self, value: Any) -> Node | None:
        best = max(self.arms, key=lambda arm: arm.fits(value))
        return best if best.fits(value) else None

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        for arm in self.arms:
            if arm.holds(value):
                return arm.dump(value, how)
        if (best := self._best(value)) is not None:
            return best.dump(value, how)
        wrong: list[ValidationError] = []
        for arm in self.arms:
            try:
                return arm.dump(value, how)
            except ValidationError as unfit:
                wrong.append(unfit)
        raise ValidationError.all(wrong)

    def fits(self, value: Any) -> int:
        return max(arm.fits(value) for arm in self.arms)

    def holds(self, value: Any) -> bool:
        return any(arm.holds(value) for arm in self.arms)


@dataclass
class Slot:
    """A field of a model."""

    name: str
    #: What it is called where it is sent, and where it is answered.
    alias: str
    answered_as: str
    node: Node
    required: bool
    default: Any = REQUIRED
    factory: Callable[[], Any] | None = None
    #: Whether it may be given at all: a dataclass fills in some by itself.
    init: bool = True
    #: Whether it is left out of answers.
    exclude: bool = False
    #: What was said of it.
    field: Field | None = None
    #: Validators `(cls, value, info)`, and what writes it `(self, value)`.
    checks: tuple[Callable[..., Any], ...] = ()
    writer: Callable[[Any, Any], Any] | None = None
    written_as: Node | None = None

    def fresh(self) -> Any:
        """Its default; a copy, so that no two objects share one."""
        return self.factory() if self.factory else copy.deepcopy(self.default)

    def written(self, names: Names) -> dict[str, Any]:
        """Its schema where it is answered."""
        if self.written_as is None:
            return self.node.schema(names)
        schema, node = self.written_as.schema(names), self.node
        while isinstance(node, (Ruled, Checked)):
            schema, node = node.field.words(schema) if isinstance(node, Ruled) else schema, node.inner
        return schema

    @property
    def differs(self) -> bool:
        """Whether it is answered otherwise than it is sent."""
        return not self.init or self.exclude or self.alias != self.answered_as or self.written_as is not None


class Model(Node):
    """A dataclass, a TypedDict or a `BaseModel`."""

    kind = "object"
    as_is = False

    def __init__(self, cls: type, title: str, arguments: tuple[Any, ...] = ()) -> None:
        self.cls, self.title, self._arguments = cls, title, arguments
        self.is_dict = typing.is_typeddict(cls)
        self.is_base = hasattr(cls, "__switchback_model__")
        config = getattr(cls, "model_config", {})
        #: As with pydantic's models: `model_config = {"extra": "forbid"}`.
        self.extra = config.get("extra", "ignore")
        self.forbids_extra = self.extra == "forbid"
        self._words = config
        #: Filled after the model is known by its class, since a field may be of its own class.
        self.slots: list[Slot] = []
        #: What is worked out for answers: `computed_field`.
        self.computed: list[tuple[str, Node, dict[str, Any]]] = []
        #: Of a model that is answered field by field: as what, which, and how it is written. Nearly every answer is one.
        self._simple: list[tuple[str, str, Callable[[Any], Any]]] | None = None

    def schema(self, names: Names) -> dict[str, Any]:
        # A generic class is one model for each of what it holds.
        key = (self.cls, *self._arguments) if self._arguments else self.cls
        if names.how != PLAIN:
            # What is left out of it is not promised.
            return names.ref((key, repr(names.how)), f"{self.title}_{names.by}", self._written)
        return names.ref(key, self.title, self._written, not self.is_same_both_ways(set()))

    def is_same_both_ways(self, seen: set[int]) -> bool:
        """Whether it is answered as it is sent, and so all that is in it."""
        todo: list[Node] = [self]
        while todo:
            one = todo.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            if isinstance(one, Decimals):
                return False
            if isinstance(one, Model) and (one.computed or any(slot.differs for slot in one.slots)):
                return False
            todo.extend(one.inside())
        return True

    def _written(self, names: Names) -> dict[str, Any]:
        answered, how = names.way == "Output", names.how
        properties, required = {}, []
        for slot in self.slots:
            if (slot.exclude or not how.shows(slot.name)) if answered else not slot.init:
                continue
            name = (slot.answered_as if how.by_alias else slot.name) if answered else slot.alias
            names.how = how.within(slot.name)
            schema = titled(slot.written(names) if answered else slot.node.schema(names), name)
            # As FastAPI has it: what has a default is not required of an answer either.
            if (slot.required or not slot.init) and not (how.exclude_none and slot.node.fits(None)):
                required.append(name)
            if slot.default is not None and slot.default is not REQUIRED:
                schema = {**schema, "default": slot.node.dump(slot.default)}
            properties[name] = schema
        for name, node, words in self.computed if answered else ():
            if how.shows(name):
                names.how = how.within(name)
                properties[name] = {**titled(node.schema(names), name), **words, "readOnly": True}
                required.append(name)
        names.how = how
        written: dict[str, Any] = {"type": "object", "title": self._words.get("title", self.title)}
        written["properties"] = properties
        if required:
            written["required"] = required
        if self.extra != "ignore":
            written["additionalProperties"] = self.extra == "allow"
        text = self.cls.__dict__.get("__doc__")
        # A dataclass without words of its own is given its signature.
        if text and not text.startswith(f"{self.cls.__name__}("):
            written["description"] = inspect.cleandoc(text)
        more = self._words.get("json_schema_extra") or {}
        if callable(more):
            more(written)
        else:
            written.update(more)
        return written

    def inside(self) -> list[Node]:
        return [slot.node for slot in self.slots]

    def load(self, value: Any) -> Any:
        if self.extra != "ignore":
            return self._made(self._read(value, False), value)
        # The same in fewer steps, which every request with a body takes.
        loaded: dict[str, Any] = {}
        for slot in self.slots:
            if slot.alias in value and slot.init:
                given = value[slot.alias]
                if slot.checks or not slot.node.as_is:
                    try:
                        given = slot.node.load(given)
                        for check in slot.checks:
                            given = checked(check, given, value[slot.alias], slot.name, loaded)
                    except ValidationError:
                        self._read(value, False)  # which says all that is wrong
                        raise
                loaded[slot.name] = given
        return self._made(loaded, value)

    def take(self, value: Any) -> Any:
        if not self.is_dict and isinstance(value, self.cls):
            return value
        return self._made(self.taken(value), value)

    def taken(self, value: Any) -> dict[str, Any]:
        """What a function gave for the fields, checked."""
        if not isinstance(value, Mapping):
            if self._words.get("from_attributes") and not isinstance(value, (str, int, float, list, type(None))):
                value = {slot.name: getattr(value, slot.name) for slot in self.slots if hasattr(value, slot.name)}
            else:
                words = f"Input should be a valid dictionary or instance of {self.cls.__name__}"
                raise ValidationError(words, value, "model_type")
        return self._read(value, True)

    def _read(self, value: Mapping[str, Any], unchecked: bool) -> dict[str, Any]:
        loaded: dict[str, Any] = {}
        wrong: list[ValidationError] = []
        for slot in self.slots:
            key = slot.name if unchecked and slot.alias not in value else slot.alias
            try:
                if slot.init and key in value:
                    sent = value[key]
                    read = slot.node.take if unchecked else slot.node.load
                    got = sent if slot.node.as_is and not unchecked else read(sent)
                    for check in slot.checks:
                        got = checked(check, got, sent, slot.name, loaded)
                    loaded[slot.name] = got
                elif unchecked and slot.required and slot.init:
                    raise ValidationError("Field required", dict(value), "missing")
            except ValidationError as unfit:
                wrong.append(unfit.under(slot.alias))
        known = {key for slot in self.slots for key in (slot.alias, slot.name if unchecked else slot.alias)}
        more = {key: one for key, one in value.items() if key not in known} if self.extra != "ignore" else {}
        if self.forbids_extra and unchecked:
            words = "Extra inputs are not permitted"
            wrong += [ValidationError(words, one, "extra_forbidden").under(key) for key, one in more.items()]
        if wrong:
            raise ValidationError.all(wrong)
        return {**loaded, **more}

    def _made(self, loaded: dict[str, Any], value: Any) -> Any:
        if self.is_dict:
            return loaded
        try:
            if not self.is_base:
                return self.cls(**loaded)
            made: Any = object.__new__(self.cls)
            made.__fill__(self, loaded)
            # A validator of the whole may answer with another.
            return made.__checked__()
        except (ValueError, AssertionError) as error:  # a rule across fields
            raise ValidationError.by(error, value) from None

    def dump(self, value: Any, how: How = PLAIN) -> Any:
        if how is PLAIN and type(value) is self.cls:
            if self._simple is None:
                plain = not (self.computed or self.extra == "allow" or any(slot.writer for slot in self.slots))
                shown = [slot for slot in self.slots if plain and not slot.exclude]
                self._simple = [(slot.answered_as, slot.name, slot.node.dump) for slot in shown]
            try:
                if self._simple:
                    return {told: dump(getattr(value, name)) for told, name, dump in self._simple}
            except (ValidationError, AttributeError):
                pass  # said below, with its place
        if isinstance(value, Mapping):
            if self.is_dict:
                return self._of_keys(value, how)
            value = self._made(self.taken(value), value)
        elif not isinstance(value, self.cls) and not hasattr(value, "__dict__"):
            self.taken(value)
        known = getattr(value, "model_fields_set", None) if how.exclude_unset else None
        written: dict[str, Any] = {}
        for slot in self.slots:
            if slot.exclude or not how.shows(slot.name) or known is not None and slot.name not in known:
                continue
            given = getattr(value, slot.name, REQUIRED)
            if given is REQUIRED:
                # An object of some other class, of which this is a part.
                if slot.required:
                    raise ValidationError("Field required", None, "missing").under(slot.alias)
                given = slot.fresh()
            if how.exclude_none and given is None:
                continue
            if how.exclude_defaults and not slot.required and given == slot.fresh():
                continue
            name = slot.answered_as if how.by_alias else slot.name
            written[name] = self._one(value, slot, given, how)
        for name, node, _ in self.computed:
            if how.shows(name):
                made = getattr(value, name)
                if not (how.exclude_none and made is None):
                    written[name] = node.dump(made, how.within(name))
        if self.extra == "allow":
            for name, one in (getattr(value, "model_extra", None) or {}).items():
                if how.shows(name) and not (how.exclude_none and one is None):
                    written[name] = one
        return written

    def _one(self, value: Any, slot: Slot, given: Any, how: How) -> Any:
        if slot.writer:
            made = slot.writer(value, given)
            return slot.written_as.dump(made, how) if slot.written_as else made
        try:
            return slot.node.dump(given, how.within(slot.name))
        except ValidationError as unfit:
            raise unfit.under(slot.alias) from None

    def _of_keys(self, value: Mapping[str, Any], how: How) -> dict[str, Any]:
        written = {}
        for slot in self.slots:
            if slot.name in value:
                if how.shows(slot.name) and not (how.exclude_none and value[slot.name] is None):
                    name = slot.answered_as if how.by_alias else slot.name
                    written[name] = self._one(value, slot, value[slot.name], how)
            elif slot.required:
                raise ValidationError("Field required", dict(value), "missing").under(slot.alias)
        return written

    def fits(self, value: Any) -> int:
        """The more of its fields are there, the better."""
        if not isinstance(value, dict):
            return 0
        found = 1
        for slot in self.slots:
            if slot.alias in value:
                if not slot.node.fits(value[slot.alias]):
                    return 0
                found += 1
            elif slot.required and slot.init:
                return 0
        return found

    def holds(self, value: Any) -> bool:
        if self.is_dict:
            return isinstance(value, dict) and all(slot.name in value for slot in self.slots if slot.required)
        return isinstance(value, self.cls)


