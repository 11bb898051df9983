"""Routes and routers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Callable, Mapping, Sequence, TypeVar

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
    status_code: int = 200
    tags: tuple[str, ...] = ()
    summary: str | None = None
    description: str | None = None
    response_description: str = "Successful Response"
    responses: tuple[tuple[int | str, Mapping[str, Any]], ...] = ()
    response_model: Any = ANNOTATED
    response_class: type[Response] = JSONResponse
    dependencies: tuple[Depends, ...] = ()
    deprecated: bool = False
    operation_id: str | None = None
    openapi_extra: Mapping[str, Any] | None = None
    include_in_schema: bool = True
    callbacks: tuple[Route, ...] = ()

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
        return re.sub(r"\W", "_", f"{self.function.__name__}{self.plain_path}") + f"_{self.method}"


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
        tags: Sequence[str | Enum] = (),
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] = (),
        deprecated: bool = False,
    ) -> None:
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ValueError(f"a prefix begins with a slash and does not end with one: {prefix!r}")
        self.prefix = prefix
        self.tags = _texts(tags)
        self.responses = tuple((responses or {}).items())
        self.dependencies = tuple(dependencies)
        self.deprecated = deprecated
        #: As they will be served, but for what includes this router.
        self.routes: list[Route] = []

    def api_route(
        self,
        path: str,
        *,
        methods: Sequence[str],
        tags: Sequence[str | Enum] = (),
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] = (),
        deprecated: bool = False,
        **rest: Any,
    ) -> Callable[[Function], Function]:
        """Serves a function under several methods. The function itself stays what it is."""
        if not (path.startswith(("/", "{$")) or (path == "" and self.prefix) or self.names_only):
            raise ValueError(f"a path begins with a slash: {path!r}")

        def add(function: Function) -> Function:
            for method in methods:
                self.routes.append(
                    Route(
                        method=method.lower(),
                        path=self.prefix + path,
                        function=function,
                        tags=self.tags + _texts(tags),
                        responses=self.responses + tuple((responses or {}).items()),
                        dependencies=self.dependencies + tuple(dependencies),
                        deprecated=self.deprecated or deprecated,
                        **rest,
                    )
                )
            return function

        return add

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
        tags: Sequence[str | Enum] = (),
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] = (),
    ) -> None:
        """Takes over the routes that a router has by now."""
        if not router.routes:
            raise ValueError("the router has no routes yet: include it after them")
        for route in router.routes:
            self.routes.append(
                replace(
                    route,
                    path=self.prefix + prefix + route.path,
                    tags=self.tags + _texts(tags) + route.tags,
                    responses=self.responses + tuple((responses or {}).items()) + route.responses,
                    dependencies=self.dependencies + tuple(dependencies) + route.dependencies,
                    deprecated=self.deprecated or route.deprecated,
                )
            )


def _texts(tags: Sequence[str | Enum]) -> tuple[str, ...]:
    return tuple(str(tag.value) if isinstance(tag, Enum) else tag for tag in tags)
