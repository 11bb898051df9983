"""A function read as an operation: what it is given, from where, and what becomes of what it returns."""

from __future__ import annotations

import contextlib
import copy
import inspect
import json
import typing
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Callable, Literal, Mapping

from .errors import RequestValidationError, ValidationError
from .hints import Whatever, node
from .how import PLAIN, How
from .nodes import Checked, Map, Node, Ruled, reachable, shown
from .params import REQUIRED, Body, Cookie, Field, File, Form, Header, Path, Query
from .request import Request, UploadFile, request
from .responses import JSONResponse, Response, to_json
from .shapes import Model, Slot


class Depends:
    """An argument that another function provides; its arguments are the operation's too.

    What it returns is kept for the rest of the request, unless `use_cache=False`. A generator's part behind `yield`
    runs once the answer is made.
    """

    def __init__(
        self,
        dependency: Callable[..., Any] | None = None,
        *,
        use_cache: bool = True,
        scope: Literal["function", "request"] | None = None,
    ) -> None:
        # `scope` makes no difference: either way the part behind `yield` runs before the answer is sent.
        self.dependency = dependency
        self.use_cache = use_cache


@dataclass(frozen=True)
class Received:
    """A body as the host hands it over."""

    media_type: str = ""
    #: Text where the host has proven it UTF-8; a form's fields as JSON.
    data: str | bytes | None = None
    files: tuple[tuple[str, UploadFile], ...] = ()
    #: Whether it waits to be read.
    streams: bool = False


@dataclass(frozen=True)
class Input:
    """One argument that a client sends."""

    argument: str
    alias: str
    rule: Path | Query | Header | Cookie | Body | Form
    node: Node
    #: What it is if nothing was sent; `REQUIRED` if something must be.
    default: Any
    factory: Callable[[], Any] | None = None
    #: `UploadFile` or `bytes` for a file, `Iterator` for a body that is read while it arrives; whether it is a list of them.
    file: type | None = None
    many: bool = False
    #: All parameters of its place, or all fields of a form, in one.
    model: Model | None = None

    @property
    def required(self) -> bool:
        return self.default is REQUIRED and self.factory is None

    @property
    def place(self) -> str:
        return self.rule.place

    @property
    def key(self) -> str:
        """Under which the host hands it over."""
        return self.alias.lower() if self.place == "header" else self.alias


@dataclass
class Call:
    """A function and all that it is given."""

    function: Callable[..., Any]
    inputs: list[Input] = field(default_factory=list)
    #: Arguments that are the request, and such that are an answer to be completed.
    requests: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    dependencies: list[tuple[str | None, Call, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Asked once, since each call would have to.
        function = _called(self.function)
        self.yields = inspect.isgeneratorfunction(function)
        self.yields_async = inspect.isasyncgenfunction(function)
        self.is_async = inspect.iscoroutinefunction(function)

    def ranks(self) -> dict[tuple[str, str], int]:
        """Of what belongs to a dependency, as which of them it is told of: FastAPI tells of them first."""
        found: dict[tuple[str, str], int] = {}
        calls = [call for _, dependency, _ in self.dependencies for call in dependency.in_turn()]
        for rank, call in enumerate(calls, 1):
            for one in call.inputs:
                found.setdefault((one.place, one.key), rank)
        return found

    def in_turn(self) -> list[Call]:
        """What it depends on, and then itself."""
        return [call for _, dependency, _ in self.dependencies for call in dependency.in_turn()] + [self]

    def every_input(self) -> list[Input]:
        """Its own and those of what it depends on; each parameter once."""
        found = [one for _, call, _ in self.dependencies for one in call.every_input()] + self.inputs
        return list({(one.place, one.key): one for one in found}.values())


def read(function: Callable[..., Any], in_path: set[str], seen: tuple[Any, ...] = ()) -> Call:
    """Reads a function's signature, as FastAPI does.

    # Raises
    TypeError that names the function, its place and the argument.
    """
    where = _place(function)
    if function in seen:
        raise TypeError(f"{where}: depends on itself")
    call = Call(function)
    try:
        parameters, hints = _signature(function)
    except NameError as error:
        raise TypeError(f"{where}: {error}: what hints name is defined at the top level of the module") from None
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"{where}: `*{name}`: each argument needs a name of its own")
        try:
            _argument(call, name, hints.get(name, parameter.empty), parameter.default, in_path, (*seen, function))
        except TypeError as error:
            text = str(error)
            raise TypeError(text if text.startswith(_FILE) else f"{where}: `{name}`: {text}") from None
    return call


def _signature(function: Any) -> tuple[Mapping[str, inspect.Parameter], Mapping[str, Any]]:
    """What a function, or whoever makes an object of a class, takes."""
    if hasattr(function, "__switchback_model__"):
        kind, empty = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
        fields = {
            name: inspect.Parameter(name, kind, default=empty if default is REQUIRED else default)
            for name, default in function.__switchback_model__.items()
        }
        return fields, typing.get_type_hints(function, include_extras=True)
    target = function.__init__ if isinstance(function, type) else _plain_function(function)
    return inspect.signature(function).parameters, typing.get_type_hints(target, include_extras=True)


def _argument(
    call: Call, name: str, hint: Any, default: Any, in_path: set[str], seen: tuple[Any, ...]
) -> None:
    marks = typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ()
    if isinstance(default, (Field, Depends)):
        marks, default = (*marks, default), inspect.Parameter.empty
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    depends = next((mark for mark in reversed(marks) if isinstance(mark, Depends)), None)
    if depends:
        provider = depends.dependency or bare
        call.dependencies.append((name, read(provider, in_path, seen), depends.use_cache))
        return
    if isinstance(bare, type) and issubclass(bare, Request):
        call.requests.append(name)
        return
    if isinstance(bare, type) and issubclass(bare, Response):
        call.answers.append(name)
        return
    if hint is inspect.Parameter.empty:
        if name not in in_path:
            raise TypeError("has no type hint: what may be sent is read from it")
        bare = str
    rule = next((mark for mark in reversed(marks) if hasattr(mark, "place")), None)
    factory = None
    if default is ...:
        default = REQUIRED
    if default is inspect.Parameter.empty:
        given = rule or next((mark for mark in reversed(marks) if isinstance(mark, Field)), Field())
        default, factory = given.default, given.default_factory
    file, many = _file(bare)
    inner = Whatever() if file else node(Annotated[(bare, *marks)] if marks else bare)  # type: ignore[index]
    if not rule:
        rule = _default_rule(name, inner, file, in_path)
        inner = inner if file else Ruled(inner, rule, bare)
    if name in in_path and rule.place != "path" and (rule.alias or name) in in_path:
        raise TypeError(f"is in the path, and cannot be `{type(rule).__name__}(…)`")
    if rule.place == "path":
        if (rule.alias or name) not in in_path:
            raise TypeError("is `Path(…)`, and the path has no such part")
        if default is not REQUIRED or factory:
            raise TypeError("a part of the path is always there: it takes no default")
    model = _model_of(inner) if rule.place in ("query", "header", "cookie", "form") else None
    parts = [slot.node for slot in model.slots] if model else [inner]
    if rule.place != "body" and any(isinstance(one, (Map, Model)) for part in parts for one in reachable(part)):
        raise TypeError(f"is an object, and `{type(rule).__name__}(…)` is for single values, or for a dataclass of them")
    alias = rule.alias or (
        name.replace("_", "-") if isinstance(rule, Header) and rule.convert_underscores else name
    )
    call.inputs.append(Input(name, alias, rule, inner, default, factory, file, many, model))


def _model_of(inner: Node) -> Model | None:
    while isinstance(inner, (Ruled, Checked)):
        inner = inner.inner
    return inner if isinstance(inner, Model) else None


def names_in(place: str, model: Model, rule: Any) -> list[tuple[Slot, str]]:
    """The fields of a model of parameters, and what clients call them."""
    hyphens = place == "header" and getattr(rule, "convert_underscores", True)
    return [
        (slot, slot.name.replace("_", "-") if hyphens and slot.alias == slot.name else slot.alias)
        for slot in model.slots
    ]


def _default_rule(name: str, inner: Node, file: type | None, in_path: set[str]) -> Any:
    if name in in_path:
        return Path()
    if file is UploadFile:
        return File()
    if file is Iterator:
        return Body(media_type="application/octet-stream")
    return Query() if inner.scalar else Body()


def _file(hint: Any) -> tuple[type | None, bool]:
    """Whether an argument is a file: `UploadFile` or `bytes`, perhaps in a list, perhaps optional; or a stream."""
    if typing.get_origin(hint) in (Iterator, Iterable) and typing.get_args(hint) == (bytes,):
        return Iterator, False
    arms = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    if typing.get_origin(hint) is list and arms and arms[0] in (UploadFile, bytes):
        return arms[0], True
    if hint in (UploadFile, bytes):
        return hint, False
    return _file(arms[0]) if len(arms) == 1 and type(None) in typing.get_args(hint) else (None, False)


def run(call: Call, given: Mapping[str, Any], body: Body_, answer: Response, stack: contextlib.ExitStack) -> Any:
    """Calls a function with what was sent."""
    return _run(call, given, body, answer, stack, {})


class Body_:
    """The body of one call, parsed when first asked for."""

    def __init__(self, received: Received, embedded: bool) -> None:
        self._received = received
        self._embedded = embedded
        self._parsed: Any = _UNREAD

    def take(self, wanted: Input) -> Any:
        """One argument's part of it."""
        received = self._received
        if wanted.file:
            return self._file(wanted)
        if self._parsed is _UNREAD:
            self._parsed = self._parse(wanted)
        if wanted.model and wanted.place == "form":
            return _loaded(wanted, self._parsed or {}, "body")
        if self._embedded or wanted.place == "form":
            if not isinstance(self._parsed, dict) or wanted.alias not in self._parsed:
                return _default(wanted)
            return _loaded(wanted, self._parsed[wanted.alias], "body", wanted.alias)
        if received.data is None:
            return _default(wanted)
        return _loaded(wanted, self._parsed, "body")

    def _parse(self, wanted: Input) -> Any:
        data, media_type = self._received.data, self._received.media_type
        is_json = wanted.place == "form" or media_type.endswith(("/json", "+json"))
        return json.loads(data) if is_json and data else data

    def _file(self, wanted: Input) -> Any:
        if wanted.file is Iterator:
            return request.pieces()
        if wanted.place == "body":
            data = self._received.data
            if data is None:
                return _default(wanted)
            return data.encode() if isinstance(data, str) else data
        files = [file for name, file in self._received.files if name == wanted.alias]
        if not files:
            return _default(wanted)
        ready = [file.read() if wanted.file is bytes else file for file in files]
        return ready if wanted.many else ready[0]


_UNREAD = object()


def _run(
    call: Call,
    given: Mapping[str, Any],
    body: Body_,
    answer: Response,
    stack: contextlib.ExitStack,
    kept: dict[Any, Any],
) -> Any:
    arguments: dict[str, Any] = {}
    for name, dependency, use_cache in call.dependencies:
        function = dependency.function
        if not use_cache or function not in kept:
            kept[function] = _run(dependency, given, body, answer, stack, kept)
        if name is not None:
            arguments[name] = kept[function]
    wrong: list[ValidationError] = []
    for wanted in call.inputs:
        try:
            arguments[wanted.argument] = _input(wanted, given, body)
        except ValidationError as unfit:
            wrong.append(unfit)
    if wrong:
        raise RequestValidationError(ValidationError.all(wrong).errors())
    for name in call.requests:
        arguments[name] = request
    for name in call.answers:
        arguments[name] = answer
    function = call.function
    if call.yields:
        return stack.enter_context(contextlib.contextmanager(function)(**arguments))
    if call.yields_async:
        return stack.enter_context(contextlib.contextmanager(in_step)(function(**arguments)))
    result = function(**arguments)
    return finish(result) if call.is_async else result


def _input(wanted: Input, given: Mapping[str, Any], body: Body_) -> Any:
    place = wanted.place
    if place in ("body", "form"):
        return body.take(wanted)
    if wanted.model:
        sent = given.get(place, {})
        keys = {slot.alias: name for slot, name in names_in(place, wanted.model, wanted.rule)}
        if place == "header":
            keys = {alias: name.lower() for alias, name in keys.items()}
        value = {alias: sent[key] for alias, key in keys.items() if key in sent}
        return _loaded(wanted, value, place)
    if wanted.key in given.get(place, {}):
        value = given[place][wanted.key]
        return value if wanted.node.as_is else _loaded(wanted, value, place, wanted.alias)
    return _default(wanted)


def in_step(values: AsyncGenerator[Any, None]) -> Generator[Any, None, None]:
    """What an `async` generator yields, and what is thrown at its `yield`."""
    try:
        value = finish(values.__anext__())
        while True:
            try:
                yield value
            except BaseException as error:
                value = finish(values.athrow(error))
            else:
                value = finish(values.__anext__())
    except StopAsyncIteration:
        return
    finally:
        finish(values.aclose())


def finish(coroutine: Any) -> Any:
    """The result of an `async` function. There is no event loop: it may await only what is ready."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError(
        f"`{getattr(coroutine, '__qualname__', 'an async generator')}` waits for something: a plugin has no event loop, an instance serves one request "
        "at a time; write it without `await`"
    )


def _loaded(wanted: Input, value: Any, *loc: str) -> Any:
    try:
        return wanted.node.load(value)
    except ValidationError as unfit:
        raise unfit.under(*loc) from None


def _default(wanted: Input) -> Any:
    if wanted.factory:
        return wanted.factory()
    # The host lets no request through that lacks what is required.
    # A copy, so that no request sees what another has put into it.
    return None if wanted.default is REQUIRED else wanted.default if wanted.node.scalar else copy.deepcopy(wanted.default)


def answer_of(result: Any, returns: Node | None, extra: Response, kind: type[Response], how: How = PLAIN) -> Response:
    """What a function returned as an answer; `extra` is what it set aside for it."""
    if isinstance(result, Response):
        result.headers.pairs.extend(extra.headers.pairs)
        return result
    if extra.status_code in (204, 205, 304):
        response = Response(None, extra.status_code)
    elif kind is JSONResponse:
        response = Response(to_json(returns.dump(result, how) if returns else result), extra.status_code)
        response.headers.pairs.append(("content-type", "application/json"))
    else:
        response = kind(returns.dump(result, how) if returns else result)
        response.status_code = extra.status_code
    response.headers.pairs.extend(extra.headers.pairs)
    return response


def _called(function: Any) -> Any:
    """What is called: a function, or the method that makes an object one."""
    function = inspect.unwrap(function)
    if isinstance(function, type) or inspect.isroutine(function) or not callable(function):
        return function
    return type(function).__call__


_FILE = "in "


def _place(function: Any) -> str:
    code = getattr(_plain_function(function), "__code__", None)
    name = getattr(function, "__qualname__", shown(function))
    at = f" ({code.co_filename.rpartition('/')[2]}:{code.co_firstlineno})" if code else ""
    return f"{_FILE}`{name}`{at}"


def _plain_function(function: Any) -> Any:
    function = inspect.unwrap(function)
    if isinstance(function, type) or inspect.isfunction(function) or inspect.ismethod(function):
        return function
    return type(function).__call__
