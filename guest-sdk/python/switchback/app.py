"""What a plugin is: an app with its routes."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import typing
from enum import Enum
from typing import Any, Callable, Mapping, Sequence

from .contract import Operation, document, operations
from .errors import HTTPException, RequestValidationError
from .operation import Body_, Depends, Received, answer_of, run
from .request import request
from .responses import JSONResponse, Response
from .routing import APIRouter
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
        tags: Sequence[str | Enum] = (),
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        dependencies: Sequence[Depends] = (),
        servers: Sequence[Mapping[str, Any]] | None = None,
        openapi_external_docs: Mapping[str, Any] | None = None,
        strict_content_type: bool = True,
        instances: int | None = None,
        lifespan: Callable[[App], contextlib.AbstractContextManager[Any]] | None = None,
    ) -> None:
        """`instances=1` keeps what is in memory from one request to the next, in one instance with a queue, until the
        plugin is swapped; without it, any request may meet a fresh instance. With `strict_content_type=False` a body that
        comes without a media type is JSON.

        `lifespan` is a function under `@contextlib.contextmanager` that takes the app: what is before its `yield` runs in
        each new instance before its first request, what is behind it after its last."""
        super().__init__(tags=tags, responses=responses, dependencies=dependencies)
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
        self.webhooks = APIRouter()
        self.webhooks.names_only = True
        beside = {
            "servers": list(servers) if servers else None,
            "externalDocs": openapi_external_docs,
            "x-switchback-strict-content-type": None if strict_content_type else False,
            "x-switchback-instances": instances,
        }
        self._beside = {key: value for key, value in beside.items() if value is not None}
        self.lifespan = lifespan
        self._living: contextlib.AbstractContextManager[Any] | None = None
        self._handlers: dict[type[BaseException], Callable[..., Any]] = {}
        self._operations: dict[str, Operation] | None = None

    def exception_handler(self, kind: type[BaseException]) -> Callable[[Any], Any]:
        """Has a function `(request, error) -> Response` answer whatever raises such an error."""

        def add(function: Any) -> Any:
            self._handlers[kind] = function
            return function

        return add

    def operations(self) -> dict[str, Operation]:
        """Every operation, by its id. What is added later is not seen any more."""
        if self._operations is None:
            self._operations = operations(self.routes)
        return self._operations

    def openapi(self) -> dict[str, Any]:
        """The contract: an OpenAPI 3.1 document."""
        sent = operations(self.webhooks.routes) if self.webhooks.routes else {}
        return {**document(self.info, self.openapi_tags, self.operations(), sent), **self._beside}

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
        extra = Response(status_code=operation.route.status_code)
        with contextlib.ExitStack() as stack:
            result = run(operation.call, params, Body_(body, operation.embedded), extra, stack)
            if operation.yields:
                response: Response = yielded(result, operation.route.response_class, operation.returns, extra)
            else:
                response = answer_of(result, operation.returns, extra)
            operation.finish(response)
            if isinstance(response, StreamingResponse):
                response.begin(stack)
            return response

    def _failed(self, error: Exception) -> Response:
        for kind in type(error).__mro__:
            if handler := self._handlers.get(typing.cast("type[BaseException]", kind)):
                try:
                    return handler(request, error)
                except Exception as another:
                    error = another
                    break
        if isinstance(error, HTTPException):
            answer = JSONResponse({"detail": error.detail}, error.status_code, error.headers)
            return Response(None, error.status_code, error.headers) if error.status_code in (204, 304) else answer
        if isinstance(error, RequestValidationError):
            return JSONResponse({"detail": error.errors()}, 422)
        log.error("%s: %s", type(error).__name__, error, exc_info=error)
        return JSONResponse({"detail": "Internal Server Error"}, 500)
