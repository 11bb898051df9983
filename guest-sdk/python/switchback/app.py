"""What a plugin is: an app with its routes."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import typing
from enum import Enum
from types import SimpleNamespace
from typing import Any, Callable, Mapping, Sequence

from .contract import Operation, document, operations
from .errors import HTTPException, RequestValidationError, ResponseValidationError, ValidationError
from .operation import Body_, Depends, Received, answer_of, finish, in_step, run
from .request import request
from .responses import JSONResponse, Response
from .routing import APIRouter, Route
from .streams import StreamingResponse, yielded

log = logging.getLogger("switchback")


class App(APIRouter):
    """The app of a plugin: its routes, and what its document says of it.

    >>> app = App(title="Hello")
    >>> @app.get("/hello/{name}")
    ... def hello(name: str) -> dict[str, str]:
    ...     return {"message": f"Hello {name}"}
    >>> list(app.openapi()["paths"])
    ['/hello/{name}']
    """

    def __init__(
        self,
        *,
        title: str = "Switchback",
        version: str = "0.1.0",
        summary: str | None = None,
        description: str | None = None,
        openapi_tags: Sequence[Mapping[str, Any]] | None = None,
        terms_of_service: str | None = None,
        contact: Mapping[str, Any] | None = None,
        license_info: Mapping[str, Any] | None = None,
        tags: Sequence[str | Enum] | None = None,
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] | None = None,
        default_response_class: type[Response] | None = None,
        callbacks: Sequence[Route] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        generate_unique_id_function: Callable[[Route], str] | None = None,
        exception_handlers: Mapping[Any, Callable[..., Any]] | None = None,
        webhooks: APIRouter | None = None,
        servers: Sequence[Mapping[str, Any]] | None = None,
        openapi_external_docs: Mapping[str, Any] | None = None,
        strict_content_type: bool = True,
        redirect_slashes: bool = True,
        instances: int | None = None,
        lifespan: Callable[[App], contextlib.AbstractContextManager[Any]] | None = None,
        **elsewhere: Any,
    ) -> None:
        """`instances=1` keeps what is in memory from one request to the next, in one instance with a queue, until the
        plugin is swapped; without it, any request may meet a fresh instance. With `strict_content_type=False` a body that
        comes without a media type is JSON.

        `lifespan` is a function under `@contextlib.contextmanager` that takes the app: what is before its `yield` runs in
        each new instance before its first request, what is behind it after its last."""
        for name in elsewhere:
            raise TypeError(f"App knows nothing of `{name}`" + (f": {ELSEWHERE[name]}" if name in ELSEWHERE else ""))
        super().__init__(
            tags=tags,
            responses=responses,
            dependencies=dependencies,
            deprecated=deprecated,
            include_in_schema=include_in_schema,
            default_response_class=default_response_class,
            callbacks=callbacks or (),
            generate_unique_id_function=generate_unique_id_function,
        )
        self.info = {
            key: value
            for key, value in {
                "title": title,
                "version": version,
                "summary": summary,
                "description": inspect.cleandoc(description) if description else None,
                "termsOfService": terms_of_service,
                "contact": contact,
                "license": license_info,
            }.items()
            if value is not None
        }
        self.openapi_tags = list(openapi_tags or [])
        #: What this service sends: `@app.webhooks.post("new-subscription")`. It is documented and never called.
        self.webhooks = webhooks or APIRouter()
        self.webhooks.names_only = True
        beside = {
            "servers": list(servers) if servers else None,
            "externalDocs": openapi_external_docs,
            "x-switchback-strict-content-type": None if strict_content_type else False,
            "x-switchback-redirect-slashes": None if redirect_slashes else False,
            "x-switchback-instances": instances,
        }
        self._beside = {key: value for key, value in beside.items() if value is not None}
        self.lifespan = lifespan
        self._living: contextlib.AbstractContextManager[Any] | None = None
        self._handlers: dict[Any, Callable[..., Any]] = {}
        self._operations: dict[str, Operation] | None = None
        #: What the functions of one instance share.
        self.state = SimpleNamespace()
        for kind, handler in (exception_handlers or {}).items():
            self.add_exception_handler(kind, handler)

    def __getattr__(self, name: str) -> Any:
        words = f"App has no `{name}`" + (f": {ELSEWHERE[name]}" if name in ELSEWHERE else "")
        raise AttributeError(words)

    def exception_handler(self, kind: type[BaseException] | int) -> Callable[[Any], Any]:
        """Has a function `(request, error) -> Response` answer whatever raises such an error, or has such a status.

        Of `RequestValidationError`, `HTTPException` and statuses it is also told what the host found: what is sent and does
        not fit the contract, and where nothing is served.
        """

        def add(function: Any) -> Any:
            self.add_exception_handler(kind, function)
            return function

        return add

    def add_exception_handler(self, kind: type[BaseException] | int, handler: Callable[..., Any]) -> None:
        """As `exception_handler`, for a function that has been written elsewhere."""
        self._handlers[kind] = handler

    def operations(self) -> dict[str, Operation]:
        """Every operation, by its id. What is added later is not seen any more."""
        if self._operations is None:
            routes = list(self.routes)
            hosts = (RequestValidationError, HTTPException, Exception)
            if any(isinstance(kind, int) or kind in hosts for kind in self._handlers):
                routes.append(_page(self._problem))
            self._operations = operations(routes)
        return self._operations

    def openapi(self) -> dict[str, Any]:
        """The contract: an OpenAPI 3.1 document."""
        sent = operations(self.webhooks.routes) if self.webhooks.routes else {}
        return {**document(self.info, self.openapi_tags, self.operations(), sent), **self._beside}

    def _problem(self, body: dict[str, Any]) -> Response:
        """What the host would answer, as this app's handlers have it."""
        status = body["status"]
        if status == 422 and "errors" in body:
            return self._failed(RequestValidationError(body["errors"]))
        answer = self._failed(HTTPException(status, body.get("detail"))) if status < 500 else None
        return answer or JSONResponse({"detail": body.get("detail") or body["title"]}, status)

    def start(self) -> None:
        """Begins an instance: runs `lifespan` up to its `yield`."""
        if self.lifespan is not None:
            living = self.lifespan(self)
            living.__enter__()
            self._living = living

    def stop(self) -> None:
        """Ends it: runs what is behind the `yield`."""
        living, self._living = self._living, None
        if living is not None:
            living.__exit__(None, None, None)

    def handle(self, operation: str, params: str, body: Received) -> Response:
        """Answers one request that has been checked. Nothing that a function raises gets out."""
        try:
            return self._answer(self.operations()[operation], json.loads(params), body)
        except Exception as error:
            return self._failed(error)

    def _answer(self, operation: Operation, params: Mapping[str, Any], body: Received) -> Response:
        route = operation.route
        extra = Response(status_code=route.status)
        request.begin(params.get("path", {}), body.data, body.streams)
        with contextlib.ExitStack() as stack:
            result = run(operation.call, params, Body_(body, operation.embedded), extra, stack)
            if operation.yields:
                if hasattr(result, "__anext__"):
                    result = in_step(result)
                response: Response = yielded(result, route.kind, operation.returns, extra)
            else:
                try:
                    response = answer_of(result, operation.returns, extra, route.kind, route.how)
                except ValidationError as error:
                    raise ResponseValidationError(f"{operation.id}: what it returned: {error}") from error
            operation.finish(response)
            if isinstance(response, StreamingResponse):
                response.begin(stack)
            return response

    def _failed(self, error: Exception) -> Response:
        kinds: list[Any] = [*type(error).__mro__]
        if isinstance(error, HTTPException):
            kinds.insert(0, error.status_code)
        elif not any(kind in self._handlers for kind in kinds if kind is not Exception):
            kinds.insert(0, 500)
        for kind in kinds:
            if handler := self._handlers.get(kind):
                try:
                    answer = handler(request, error)
                    return finish(answer) if inspect.iscoroutine(answer) else answer
                except Exception as another:
                    error = another
                    break
            if kind in (HTTPException, RequestValidationError):
                break  # which have answers of their own
        if isinstance(error, HTTPException):
            return told(error)
        if isinstance(error, RequestValidationError):
            return JSONResponse({"detail": error.errors()}, 422)
        log.error("%s: %s", type(error).__name__, error, exc_info=error)
        return JSONResponse({"detail": "Internal Server Error"}, 500)


def told(error: HTTPException) -> Response:
    """What a client is told of an error that nothing else answers."""
    if error.status_code in (204, 304):
        return Response(None, error.status_code, error.headers)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def http_exception_handler(request: Any, exc: HTTPException) -> Response:
    """What answers an HTTPException where no handler of the app does."""
    return told(exc)


async def request_validation_exception_handler(request: Any, exc: RequestValidationError) -> Response:
    """What answers what does not fit where no handler of the app does."""
    return JSONResponse({"detail": exc.errors()}, 422)


def _page(function: Callable[..., Any]) -> Route:
    """The operation by which the host asks for an answer in its own place."""

    def on_problem(body: dict[str, Any]) -> Response:
        return typing.cast(Response, function(body))

    return Route("post", "/on-problem", on_problem, on_problem=True, include_in_schema=False)


#: What FastAPI's app has, and what is to be done here instead.
ELSEWHERE = {
    **dict.fromkeys(
        ("docs_url", "redoc_url", "openapi_url", "swagger_ui_parameters", "swagger_ui_oauth2_redirect_url"),
        "the pages are the host's, and its configuration says where they are",
    ),
    "swagger_ui_init_oauth": "the pages are the host's, and its configuration says where they are",
    **dict.fromkeys(
        ("middleware", "add_middleware"),
        "CORS, compression, trusted hosts and rate limits are settings of the host; what each operation does is a dependency, "
        "`App(dependencies=[Depends(…)])`",
    ),
    **dict.fromkeys(
        ("on_event", "on_startup", "on_shutdown", "add_event_handler"),
        "`lifespan` has what is done when an instance begins and ends",
    ),
    **dict.fromkeys(
        ("root_path", "root_path_in_servers", "openapi_prefix"),
        "the plugin's prefix, and `host.base_path` behind a proxy, are settings of the host",
    ),
    **dict.fromkeys(
        ("websocket", "websocket_route", "add_api_websocket_route"), "the host does not serve WebSockets to plugins yet"
    ),
    "mount": "files go into `static/` beside the component; another app is another plugin",
    "debug": "a traceback goes to the host's log, and to no client",
    "separate_input_output_schemas": "a model that is answered otherwise than it is sent is always two in the document",
    "dependency_overrides": "a decorated function stays an ordinary function: tests call it with what they like",
    "dependency_overrides_provider": "tests call functions with what they like",
    "host": "the host's configuration says which names it answers to",
    "openapi_version": "the contract is OpenAPI 3.1",
    "openapi_schema": "`openapi()` makes the document, once",
    "url_path_for": "write the path: plugins may be mounted under a prefix, which `request.prefix` tells",
    "route_class": "use a dependency",
}
