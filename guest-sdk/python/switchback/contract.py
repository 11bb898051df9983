"""Routes as an OpenAPI 3.1 document, as FastAPI writes it."""

from __future__ import annotations

import collections.abc
import inspect
import json
import types
import typing
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Mapping, Sequence, Union

from .hints import Whatever, node
from .how import PLAIN
from .names import Names, title, titled
from .nodes import Node, shown
from .operation import Call, Input, names_in, read
from .params import REQUIRED, Body, Field, File, rules as rules_of
from .responses import JSONResponse, Response
from .routing import ANNOTATED, Route
from .shapes import Slot
from .streams import EventSourceResponse, ServerSentEvent, StreamingResponse, event_schema


@dataclass
class Operation:
    """A route that has been read."""

    id: str
    route: Route
    call: Call
    inputs: list[Input]
    #: Whether the body is an object with an argument under each key.
    embedded: bool
    #: What is answered; None where the function makes whole answers.
    returns: Node | None
    #: The media type of what is answered.
    media_type: str | None
    #: Whether the function yields its answer, `returns` each.
    yields: bool = False

    def finish(self, response: Response) -> Response:
        """Holds an answer to what can be sent."""
        if not (isinstance(response.status_code, int) and 200 <= response.status_code <= 599):
            raise ValueError(f"{self.id}: the status is {response.status_code!r}, and must be 200 to 599")
        return response


def operations(routes: Sequence[Route]) -> dict[str, Operation]:
    """Reads all routes.

    # Raises
    TypeError for what cannot be served, all of it at once.
    """
    if not routes:
        raise TypeError("the app has no routes: write a function under `@app.get(\"/\")`")
    found: dict[str, Operation] = {}
    places: dict[tuple[str, str], Route] = {}
    wrong: list[str] = []
    names = Counter(route.name for route in routes)
    for route in routes:
        made = route.generate_unique_id_function
        id = route.operation_id or (
            made(route) if made else route.name if names[route.name] == 1 else route.long_id
        )
        other = places.setdefault((route.method, route.plain_path), route)
        if other is not route:
            wrong.append(
                f"{route.method.upper()} {route.path} is served twice: by `{other.name}` and by `{route.name}`"
            )
        elif id in found:
            wrong.append(f"two operations have the id `{id}`: give one of them an `operation_id` of its own")
        else:
            try:
                found[id] = _operation(id, route)
            except (TypeError, ValueError) as error:
                wrong.append(str(error))
    if wrong:
        raise TypeError("\n".join(wrong))
    return found


def _operation(id: str, route: Route) -> Operation:
    call = read(route.function, set(route.names))
    for depends in reversed(route.dependencies):
        if depends.dependency is None:
            raise TypeError(f"{route.method.upper()} {route.path}: `Depends()` in a list names no function")
        call.dependencies.insert(0, (None, read(depends.dependency, set(route.names)), depends.use_cache))
    inputs = call.every_input()
    place = _place_of(route)
    for name in route.names:
        if not any(one.place == "path" and one.alias == name for one in inputs):
            raise TypeError(f"{place}: no argument takes `{{{name}}}`")
    bodies = [one for one in inputs if one.place == "body"]
    if bodies and any(one.place == "form" for one in inputs):
        raise TypeError(f"{place}: has a form and a body; the fields of a form are `Form()`")
    embedded = len(bodies) > 1 or any(isinstance(one.rule, Body) and one.rule.embed for one in bodies)
    if call.yields or call.yields_async:
        # The answer, and no dependency.
        call.yields = call.yields_async = False
        returns, media_type = _yields(route, place)
        return Operation(id, route, call, inputs, embedded, returns, media_type, yields=True)
    returns, media_type = _returns(route, place)
    return Operation(id, route, call, inputs, embedded, returns, media_type)


def _place_of(route: Route) -> str:
    return f"{route.method.upper()} {route.path} (`{route.name}`)"


def _yields(route: Route, place: str) -> tuple[Node | None, str | None]:
    """What a generator yields, and the media type of all of it."""
    if issubclass(route.kind, EventSourceResponse):
        media_type = EventSourceResponse.media_type
    elif issubclass(route.kind, StreamingResponse):
        return None, route.kind.media_type
    elif issubclass(route.kind, JSONResponse):
        media_type = "application/jsonl"
    else:
        raise TypeError(f"{place}: yields, and `{route.kind.__name__}` is one whole answer")
    hints = typing.get_type_hints(_annotated(route.function), include_extras=True)
    hint = hints.get("return")
    if hint is None or hint in _ITERABLES:
        return None, media_type
    item = typing.get_args(hint)[0] if typing.get_origin(hint) in _ITERABLES else None
    if item is None:
        raise TypeError(f"{place}: yields, so what it returns is `Iterable[…]`, not {shown(hint)}")
    if item is ServerSentEvent:
        return None, media_type
    try:
        return node(item), media_type
    except TypeError as error:
        raise TypeError(f"{place}: what it yields: {error}") from None


_ITERABLES = (
    collections.abc.Iterable,
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
)


def _returns(route: Route, place: str) -> tuple[Node | None, str | None]:
    """What a function returns, and as which media type; None for either where the function's answers are whole."""
    hint = route.response_model
    if hint is ANNOTATED:
        hints = typing.get_type_hints(_annotated(route.function), include_extras=True)
        hint = hints.get("return", ANNOTATED)
    arms = typing.get_args(hint) if typing.get_origin(hint) in (Union, types.UnionType) else (hint,)
    whole = [arm for arm in arms if isinstance(arm, type) and issubclass(arm, Response)]
    rest = tuple(arm for arm in arms if arm not in whole)
    media_type = route.kind.media_type
    if whole and not rest:
        own = whole[0].media_type if route.response_class is None else media_type
        return None, own or ("application/json" if whole[0] is Response else None)
    if not issubclass(route.kind, JSONResponse):
        return None, media_type
    if hint in (ANNOTATED, None, type(None)):
        return Whatever(), media_type
    try:
        return node(Union[rest]), media_type
    except TypeError as error:
        raise TypeError(f"{place}: the answer: {error}") from None


def _annotated(function: Any) -> Any:
    function = inspect.unwrap(function)
    return function if inspect.isroutine(function) else type(function).__call__


def document(
    info: Mapping[str, Any],
    tags: Sequence[Mapping[str, Any]],
    served: Mapping[str, Operation],
    sent: Mapping[str, Operation] | None = None,
) -> dict[str, Any]:
    """The whole document. `sent` are the webhooks."""
    names = Names()
    paths, webhooks = _paths(names, served), _paths(names, sent or {})
    while better := names.again():
        names = better
        paths, webhooks = _paths(names, served), _paths(names, sent or {})
    written: dict[str, Any] = {"openapi": "3.1.0", "info": dict(info), "paths": paths}
    if webhooks:
        written["webhooks"] = webhooks
    if names.schemas:
        written["components"] = {"schemas": dict(sorted(names.schemas.items()))}
    if tags:
        written["tags"] = list(tags)
    return written


def _paths(names: Names, served: Mapping[str, Operation]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in served.values():
        route = operation.route
        paths.setdefault(route.plain_path, {})[route.method] = _written(names, operation)
    return paths


def _written(names: Names, operation: Operation) -> dict[str, Any]:
    route = operation.route
    summary, description = _words(route)
    written: dict[str, Any] = {"operationId": operation.id, "summary": summary}
    if description:
        written["description"] = description
    if route.tags:
        written["tags"] = list(dict.fromkeys(route.tags))
    if route.deprecated:
        written["deprecated"] = True
    parameters = [
        parameter
        for one in operation.inputs
        if one.place not in ("body", "form")
        for parameter in _parameters(names, one, operation)
    ]
    if parameters:
        written["parameters"] = parameters
    models = {
        one.place: "forbid" if one.model.forbids_extra else "ignore"
        for one in operation.inputs
        if one.model and one.place != "form"
    }
    if models:
        written["x-switchback-parameter-models"] = models
    if body := _body(names, operation):
        written["requestBody"] = body
    names.way = "Output"
    written["responses"] = _responses(names, operation)
    names.way = "Input"
    if route.callbacks:
        called = operations(route.callbacks)
        written["callbacks"] = {id: _paths(names, {id: one}) for id, one in called.items()}
    if not route.include_in_schema:
        written["x-switchback-audience"] = []
    if route.on_problem:
        written["x-switchback-on-problem"] = True
    return merged(written, route.openapi_extra or {})


def merged(known: Any, more: Any) -> Any:
    """Objects by their entries, lists one behind the other, as FastAPI merges what an author adds."""
    if isinstance(known, Mapping) and isinstance(more, Mapping):
        both = {key: merged(known[key], more[key]) if key in more else known[key] for key in known}
        return {**both, **{key: value for key, value in more.items() if key not in known}}
    if isinstance(known, list) and isinstance(more, list):
        return known + more
    return more


def _words(route: Route) -> tuple[str, str | None]:
    """Summary and description, as FastAPI has them. What is behind a form feed is for those who read the code."""
    text = route.description or inspect.getdoc(inspect.unwrap(route.function)) or ""
    description = inspect.cleandoc(text).partition("\f")[0].strip()
    return route.summary or title(route.name), description or None


def _parameters(names: Names, one: Input, operation: Operation) -> list[dict[str, Any]]:
    route, rank = operation.route, operation.call.ranks().get((one.place, one.key))
    if one.model:
        written = [_field(names, one.place, slot, name) for slot, name in names_in(one.place, one.model, one.rule)]
    else:
        written = [_parameter(names, one, route.rest)]
        if kind := route.convertors.get(one.alias) if one.place == "path" else None:
            written[0]["x-switchback-convertor"] = kind
    for parameter in written if rank else []:
        parameter["x-switchback-dependency"] = rank
    return written


def _field(names: Names, place: str, slot: Slot, name: str) -> dict[str, Any]:
    """A field of a model of parameters."""
    schema = titled(slot.node.schema(names), slot.alias)
    written: dict[str, Any] = {"name": name, "in": place, "required": slot.required}
    if slot.default is not REQUIRED and slot.default is not None:
        schema = {**schema, "default": slot.node.dump(slot.default)}
    written["schema"] = schema
    if "description" in schema:
        written["description"] = schema["description"]
    if schema.get("deprecated"):
        written["deprecated"] = True
    return written


def _parameter(names: Names, one: Input, rest: str | None) -> dict[str, Any]:
    schema = titled(one.node.schema(names), one.alias)
    written: dict[str, Any] = {"name": one.alias, "in": one.place, "required": one.required}
    if one.default is not REQUIRED and one.default is not None:
        schema = {**schema, "default": one.node.dump(one.default)}
    written["schema"] = schema
    if one.rule.description is not None:
        written["description"] = one.rule.description
    if one.rule.deprecated:
        written["deprecated"] = True
    _examples(written, one.rule)
    if not one.rule.include_in_schema:
        written["x-switchback-audience"] = []
    if one.alias == rest:
        written["x-switchback-wildcard"] = True
    return written


def _body(names: Names, operation: Operation) -> dict[str, Any] | None:
    forms = [one for one in operation.inputs if one.place == "form"]
    if forms:
        has_files = any(one.file or isinstance(one.rule, File) for one in forms)
        media_type = "multipart/form-data" if has_files else "application/x-www-form-urlencoded"
        if model := next((one.model for one in forms if one.model), None):
            if len(forms) > 1:
                raise TypeError(f"{_place_of(operation.route)}: a model takes all fields of the form: put the others into it")
            needed = any(slot.required for slot in model.slots)
            schema = model.schema(names)
            return {"content": {media_type: {"schema": schema}}, **({"required": True} if needed else {})}
        return _object_body(names, operation, forms, media_type)
    bodies = [one for one in operation.inputs if one.place == "body"]
    if not bodies:
        return None
    if operation.embedded:
        return _object_body(names, operation, bodies, "application/json")
    one = bodies[0]
    assert isinstance(one.rule, Body), "its place is `body`"
    written: dict[str, Any] = {"content": {one.rule.media_type: {"schema": _property(names, one)}}}
    _examples(written["content"][one.rule.media_type], one.rule)
    if one.file is collections.abc.Iterator:
        written["content"][one.rule.media_type]["x-switchback-stream"] = True
    if one.required:
        written["required"] = True
    return written


def _examples(written: dict[str, Any], rule: Field) -> None:
    if rule.openapi_examples:
        written["examples"] = rule.openapi_examples
    elif rule.example is not REQUIRED:
        written["example"] = rule.example


def _object_body(names: Names, operation: Operation, inputs: list[Input], media_type: str) -> dict[str, Any]:
    required = [one.alias for one in inputs if one.required]
    schema = {
        "type": "object",
        "title": f"Body_{operation.id}",
        "properties": {one.alias: _property(names, one) for one in inputs},
        **({"required": required} if required else {}),
    }
    reference = names.ref(operation.id, f"Body_{operation.id}", lambda _: schema)
    return {"content": {media_type: {"schema": reference}}, **({"required": True} if required else {})}


def _property(names: Names, one: Input) -> dict[str, Any]:
    if one.file:
        schema: dict[str, Any] = {"type": "string", "contentMediaType": "application/octet-stream"}
        if one.many:
            schema = {"type": "array", "items": schema}
        if (words := rules_of("array" if one.many else "string", one.rule.rules)) is None:
            raise TypeError(f"`{one.argument}` is a file, of which only `min_length` and `max_length` can be said")
        schema.update(words)
        schema = one.rule.words(schema)
    else:
        schema = one.node.schema(names)
    schema = titled(schema, one.alias)
    if one.default is not REQUIRED and one.default is not None:
        schema = {**schema, "default": one.node.dump(one.default)}
    return schema


def _responses(names: Names, operation: Operation) -> dict[str, Any]:
    route = operation.route
    answer: dict[str, Any] = {"description": route.response_description}
    if operation.yields and operation.media_type:
        item = operation.returns.schema(names) if operation.returns else {}
        if operation.media_type == EventSourceResponse.media_type:
            item = event_schema(item)
        answer["content"] = {operation.media_type: {"itemSchema": item}}
    elif operation.media_type and route.status not in (204, 205, 304):
        schema: dict[str, Any] = {"type": "string"}
        if operation.returns is not None:
            names.how, names.by = route.how.shape, operation.id
            schema = operation.returns.schema(names)
            names.how = PLAIN
            if schema:
                schema = titled(schema, f"response_{operation.id}")
        elif operation.media_type == "application/json":
            schema = {}
        answer["content"] = {operation.media_type: {"schema": schema}}
    written = {str(route.status): answer}
    # Of several that are about one status the last counts, but for its place.
    for status, given in {_status(status): given for status, given in route.responses}.items():
        more = dict(given)
        model = more.pop("model", None)
        if model is not None:
            kind = (route.kind.media_type if operation.media_type else None) or "application/json"
            content = dict(more.get("content", {}))
            content[kind] = merged(content.get(kind, {}), {"schema": node(model).schema(names)})
            more["content"] = content
        known = written.get(status, {})
        description = more.get("description") or known.get("description") or _phrase(status)
        written[status] = {**merged(known, more), "description": description}
    return dict(sorted(written.items()))


def _status(status: int | str) -> str:
    written = str(int(status) if isinstance(status, int) else status).upper()
    return "default" if written == "DEFAULT" else written


def _phrase(status: str) -> str:
    try:
        return _RANGES.get(status) or HTTPStatus(int(status)).phrase
    except ValueError:
        return "Additional Response"


_RANGES = {
    "1XX": "Information",
    "2XX": "Success",
    "3XX": "Redirection",
    "4XX": "Client Error",
    "5XX": "Server Error",
    "default": "Default Response",
}


def text(written: Mapping[str, Any]) -> str:
    """A document as it is handed to the host."""
    return json.dumps(written, ensure_ascii=False, separators=(",", ":"))
