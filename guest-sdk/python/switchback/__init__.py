"""Plugins for Switchback in Python, much as FastAPI has it.

    from switchback import App

    app = App(title="Hello")

    @app.get("/hello/{name}")
    def hello(name: str, excited: bool = False) -> dict[str, str]:
        \"\"\"Say hello\"\"\"
        return {"message": f"Hello {name}" + "!" * excited}

The type hints become the contract: the host routes by it, checks requests by it and documents it. No function here
runs for a request that does not fit. A decorated function stays an ordinary function, which tests call.
"""

from .app import App
from .errors import HTTPException, RequestValidationError
from .hints import Json
from .operation import Depends
from .params import Body, Cookie, Field, File, Form, Header, Path, Query
from .request import Request, UploadFile, request
from .responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from .routing import APIRouter
from .streams import EventSourceResponse, ServerSentEvent, StreamingResponse

__all__ = [
    "APIRouter",
    "App",
    "Body",
    "Cookie",
    "Depends",
    "EventSourceResponse",
    "Field",
    "File",
    "Form",
    "HTMLResponse",
    "HTTPException",
    "Header",
    "JSONResponse",
    "Json",
    "Path",
    "PlainTextResponse",
    "Query",
    "RedirectResponse",
    "Request",
    "RequestValidationError",
    "Response",
    "ServerSentEvent",
    "StreamingResponse",
    "UploadFile",
    "request",
]
