"""Routes and routers."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cached_property
from typing import Any, Callable, Mapping, Sequence, TypeVar

from .how import PLAIN, How
from .operation import Depends
from .responses import JSONResponse, Response

Function = TypeVar("Function", bound=Callable[..., Any])

#: `response_model` where none is given: the return annotation says it.
ANNOTATED: Any = object()


@dataclass(frozen=True)
class Route:
    """A function under a method and a path, with what the contract says of it."""

    method: str
    path: str
    function: Callable[..., Any]
    status_code: int | None = None
    tags: tuple[str, ...] = ()
    summary: str | None = None
    description: str | None = None
    response_description: str = "Successful Response"
    responses: tuple[tuple[int | str, Mapping[str, Any]], ...] = ()
    response_model: Any = ANNOTATED
    response_model_include: Any = None
    response_model_exclude: Any = None
    response_model_by_alias: bool = True
    response_model_exclude_unset: bool = False
    response_model_exclude_defaults: bool = False
    response_model_exclude_none: bool = False
    response_class: type[Response] | None = None
    dependencies: tuple[Depends, ...] = ()
    deprecated: bool = False
    operation_id: str | None = None
    generate_unique_id_function: Callable[[Route], str] | None = None
    name: str = ""
    openapi_extra: Mapping[str, Any] | None = None
    include_in_schema: bool = True
    callbacks: tuple[Route, ...] = ()
    #: What the host answers in the plugin's place is handed to it.
    on_problem: bool = False

    def __post_init__(self) -> None:
        # The function's, unless it has one of its own.
        object.__setattr__(self, "name", self.name or getattr(self.function, "__name__", type(self.function).__name__))

    @cached_property
    def status(self) -> int:
        """The status of an answer that says none itself."""
        if self.status_code is not None:
            return int(self.status_code)
        default = inspect.signature(self.kind.__init__).parameters.get("status_code")
        return default.default if default and isinstance(default.default, int) else 200

    @cached_property
    def kind(self) -> type[Response]:
        """What a value is answered as."""
        return self.response_class or JSONResponse

    @property
    def methods(self) -> set[str]:
        """The method, in capitals, in a set."""
        return {self.method.upper()}

    @property
    def path_format(self) -> str:
        """As `plain_path`, by FastAPI's name."""
        return self.plain_path

    @cached_property
    def how(self) -> How:
        """What of a value is answered."""
        how = How(
            self.response_model_by_alias,
            self.response_model_exclude_unset,
            self.response_model_exclude_defaults,
            self.response_model_exclude_none,
            self.response_model_include,
            self.response_model_exclude,
        )
        return PLAIN if how == PLAIN else how

    @property
    def plain_path(self) -> str:
        """The path as OpenAPI writes it: `{rest:path}` is `{rest}`."""
        return re.sub(r"\{(\w+)(?::\w+)?\}", r"{\1}", self.path)

    @property
    def names(self) -> list[str]:
        """The parts of the path that have names."""
        return re.findall(r"\{(\w+)(?::\w+)?\}", self.path)

    @property
    def convertors(self) -> dict[str, str]:
        """What parts of the path have to be for it to fit: `{number:int}`."""
        found = re.findall(r"\{(\w+):(\w+)\}", self.path)
        return {name: kind for name, kind in found if kind in ("int", "float", "uuid")}

    @property
    def rest(self) -> str | None:
        """The part that takes the rest of the path, slashes too."""
        found = re.search(r"\{(\w+):path\}", self.path)
        return found[1] if found else None

    @property
    def long_id(self) -> str:
        """FastAPI's own `operationId`: function, path and method."""
        return re.sub(r"\W", "_", f"{self.name}{self.plain_path}") + f"_{self.method}"


class APIRouter:
    """Routes under a prefix, to be included into an app or into another router.

    >>> router = APIRouter(prefix="/users", tags=["users"])
    >>> @router.get("/me")
    ... def me() -> str:
    ...     return "me"
    >>> [route.path for route in router.routes]
    ['/users/me']
    """

    #: Whether what stands under a method is a name, as of webhooks, and no path.
    names_only = False

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: Sequence[str | Enum] | None = None,
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        default_response_class: type[Response] | None = None,
        callbacks: Sequence[Route] = (),
        generate_unique_id_function: Callable[[Route], str] | None = None,
    ) -> None:
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ValueError(f"a prefix begins with a slash and does not end with one: {prefix!r}")
        self.prefix = prefix
        #: As they will be served, but for what includes this router.
        self.routes: list[Route] = []
        self._shared = _Shared.of(
            tags, responses, dependencies, deprecated, include_in_schema, default_response_class, callbacks,
            generate_unique_id_function,
        )  # fmt: skip

    def api_route(
        self,
        path: str,
        *,
        methods: Sequence[str] = ("get",),
        tags: Sequence[str | Enum] | None = None,
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] | None = None,
        deprecated: bool | None = None,
        callbacks: Sequence[Route] | None = None,
        response_class: type[Response] | None = None,
        include_in_schema: bool = True,
        generate_unique_id_function: Callable[[Route], str] | None = None,
        **rest: Any,
    ) -> Callable[[Function], Function]:
        """Serves a function under several methods. The function itself stays what it is."""
        if not (path.startswith(("/", "{$")) or (path == "" and self.prefix) or self.names_only):
            raise ValueError(f"a path begins with a slash: {path!r}")
        if unknown := set(rest) - _OF_A_ROUTE:
            raise TypeError(f"{path}: a route knows nothing of `{unknown.pop()}`")
        own = _Shared.of(
            tags, responses, dependencies, deprecated, include_in_schema, response_class, callbacks,
            generate_unique_id_function,
        )  # fmt: skip

        def add(function: Function) -> Function:
            for method in methods:
                route = Route(method.lower(), self.prefix + path, function, **rest)
                self.routes.append(self._shared.around(own.around(route)))
            return function

        return add

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        """As `api_route`, for a function that has been written elsewhere."""
        self.api_route(path, **rest)(endpoint)

    def get(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """`@app.get("/items/{id}", status_code=…, tags=…, summary=…, responses=…, response_model=…)`"""
        return self.api_route(path, methods=["get"], **rest)

    def put(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """As `get`, for PUT."""
        return self.api_route(path, methods=["put"], **rest)

    def post(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """As `get`, for POST."""
        return self.api_route(path, methods=["post"], **rest)

    def delete(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """As `get`, for DELETE."""
        return self.api_route(path, methods=["delete"], **rest)

    def options(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """As `get`, for OPTIONS."""
        return self.api_route(path, methods=["options"], **rest)

    def head(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """As `get`, for HEAD."""
        return self.api_route(path, methods=["head"], **rest)

    def patch(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """As `get`, for PATCH."""
        return self.api_route(path, methods=["patch"], **rest)

    def trace(self, path: str, **rest: Any) -> Callable[[Function], Function]:
        """As `get`, for TRACE."""
        return self.api_route(path, methods=["trace"], **rest)

    def include_router(
        self,
        router: APIRouter,
        *,
        prefix: str = "",
        tags: Sequence[str | Enum] | None = None,
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        default_response_class: type[Response] | None = None,
        callbacks: Sequence[Route] | None = None,
        generate_unique_id_function: Callable[[Route], str] | None = None,
    ) -> None:
        """Takes over the routes that a router has by now."""
        if not router.routes:
            raise ValueError("the router has no routes yet: include it after them")
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ValueError(f"a prefix begins with a slash and does not end with one: {prefix!r}")
        more = _Shared.of(
            tags, responses, dependencies, deprecated, include_in_schema, default_response_class, callbacks,
            generate_unique_id_function,
        )  # fmt: skip
        for route in router.routes:
            route = replace(route, path=self.prefix + prefix + route.path)
            self.routes.append(self._shared.around(more.around(route)))


@dataclass(frozen=True)
class _Shared:
    """What a router, and whatever includes it, says of all its routes."""

    tags: tuple[str, ...]
    responses: tuple[tuple[int | str, Mapping[str, Any]], ...]
    dependencies: tuple[Depends, ...]
    deprecated: bool
    include_in_schema: bool
    response_class: type[Response] | None
    callbacks: tuple[Route, ...]
    unique_id: Callable[[Route], str] | None

    @classmethod
    def of(
        cls,
        tags: Sequence[str | Enum] | None,
        responses: Mapping[int | str, Mapping[str, Any]] | None,
        dependencies: Sequence[Depends] | None,
        deprecated: bool | None,
        include_in_schema: bool,
        response_class: type[Response] | None,
        callbacks: Sequence[Route] | None,
        unique_id: Callable[[Route], str] | None,
    ) -> _Shared:
        """As they are given."""
        return cls(
            _texts(tags or ()),
            tuple((responses or {}).items()),
            tuple(dependencies or ()),
            bool(deprecated),
            include_in_schema,
            response_class,
            tuple(callbacks or ()),
            unique_id,
        )

    def around(self, route: Route) -> Route:
        """A route with what is said of all; what is nearer to it comes later, and wins where only one can be."""
        return replace(
            route,
            tags=self.tags + route.tags,
            responses=self.responses + route.responses,
            dependencies=self.dependencies + route.dependencies,
            deprecated=self.deprecated or route.deprecated,
            include_in_schema=self.include_in_schema and route.include_in_schema,
            response_class=route.response_class or self.response_class,
            callbacks=self.callbacks + route.callbacks,
            generate_unique_id_function=route.generate_unique_id_function or self.unique_id,
        )


#: What `api_route` hands on as it is.
_OF_A_ROUTE = {field.name for field in fields(Route)} - {"method", "path", "function"}


def _texts(tags: Sequence[str | Enum]) -> tuple[str, ...]:
    return tuple(str(tag.value) if isinstance(tag, Enum) else tag for tag in tags)
