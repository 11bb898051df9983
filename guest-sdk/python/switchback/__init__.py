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

from typing import Any

from . import status
from .app import App, http_exception_handler, request_validation_exception_handler
from .basemodel import BaseModel, ConfigDict
from .basemodel import computed_field, field_serializer, field_validator, model_validator
from .errors import HTTPException, RequestValidationError, ResponseValidationError, ValidationError
from .hints import Json
from .kinds import AfterValidator, AnyHttpUrl, AnyUrl, EmailStr, HttpUrl, SecretStr, StringConstraints, ValidationInfo
from .kinds import NegativeFloat, NegativeInt, NonNegativeFloat, NonNegativeInt, NonPositiveFloat, NonPositiveInt
from .kinds import PositiveFloat, PositiveInt, StrictBool, StrictFloat, StrictInt, StrictStr
from .moments import AwareDatetime, FutureDate, FutureDatetime, NaiveDatetime, PastDate, PastDatetime
from .operation import Depends
from .params import Body, Cookie, Field, File, Form, Header, Path, Query
from .request import Request, UploadFile, request
from .responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from .responses import jsonable_encoder
from .routing import APIRouter, Route as APIRoute
from .streams import EventSourceResponse, ServerSentEvent, StreamingResponse

__all__ = [
    "APIRoute",
    "APIRouter",
    "AfterValidator",
    "AnyHttpUrl",
    "AnyUrl",
    "App",
    "AwareDatetime",
    "BaseModel",
    "Body",
    "ConfigDict",
    "Cookie",
    "Depends",
    "EmailStr",
    "EventSourceResponse",
    "Field",
    "File",
    "FileResponse",
    "Form",
    "FutureDate",
    "FutureDatetime",
    "HTMLResponse",
    "HTTPException",
    "Header",
    "HttpUrl",
    "JSONResponse",
    "Json",
    "NaiveDatetime",
    "NegativeFloat",
    "NegativeInt",
    "NonNegativeFloat",
    "NonNegativeInt",
    "NonPositiveFloat",
    "NonPositiveInt",
    "PastDate",
    "PastDatetime",
    "Path",
    "PlainTextResponse",
    "PositiveFloat",
    "PositiveInt",
    "Query",
    "RedirectResponse",
    "Request",
    "RequestValidationError",
    "Response",
    "ResponseValidationError",
    "SecretStr",
    "ServerSentEvent",
    "StreamingResponse",
    "StrictBool",
    "StrictFloat",
    "StrictInt",
    "StrictStr",
    "StringConstraints",
    "UploadFile",
    "ValidationError",
    "ValidationInfo",
    "computed_field",
    "field_serializer",
    "field_validator",
    "http_exception_handler",
    "jsonable_encoder",
    "model_validator",
    "request",
    "status",
    "request_validation_exception_handler",
]

#: What FastAPI and pydantic have under these names, and what is to be done here instead.
_ELSEWHERE = {
    "FastAPI": "it is called App: `from switchback import App as FastAPI`",
    "BackgroundTasks": "nothing runs once the answer is sent: what takes long is a call to a service that does it",
    "TestClient": "call the decorated functions; what the host does is tested with the component",
    "StaticFiles": "files go into `static/` beside the component, and the host serves them",
    "Jinja2Templates": "render with jinja2 itself, its templates loaded at the top of the module, and answer `HTMLResponse`",
    "WebSocket": "the host does not serve WebSockets to plugins yet",
    "WebSocketDisconnect": "the host does not serve WebSockets to plugins yet",
    "run_in_threadpool": "an instance serves one request at a time: call the function",
    "get_openapi": "change what `app.openapi()` returns",
    "BeforeValidator": "the host checks before any function runs: declare all that may be sent as the type, and use `AfterValidator`",
    "PlainValidator": "the host checks before any function runs: declare the type, and use `AfterValidator`",
    "WrapValidator": "the host checks before any function runs: declare the type, and use `AfterValidator`",
    "validator": "it is `field_validator`",
    "root_validator": 'it is `model_validator(mode="after")`',
    "RootModel": "the hint itself is the model: `list[Item]`",
    "create_model": "write the class: the contract is made of what stands in the module",
    "TypeAdapter": "declare an argument or an answer of that type",
    "PrivateAttr": "an attribute that begins with `_` is private by itself",
    "UJSONResponse": "it is `JSONResponse`",
    "ORJSONResponse": "it is `JSONResponse`",
    **dict.fromkeys(
        ("conint", "confloat", "constr", "conlist", "conset", "condecimal"), "write `Annotated[int, Field(gt=0)]`"
    ),
    **dict.fromkeys(
        ("CORSMiddleware", "GZipMiddleware", "TrustedHostMiddleware", "HTTPSRedirectMiddleware", "Middleware"),
        "it is a setting of the host",
    ),
    **dict.fromkeys(
        (
            "Security", "SecurityScopes", "OAuth2PasswordBearer", "OAuth2PasswordRequestForm", "HTTPBasic", "HTTPBearer",
            "HTTPBasicCredentials", "HTTPAuthorizationCredentials", "APIKeyHeader", "APIKeyQuery", "APIKeyCookie",
        ),
        "take the header as an argument (`authorization: Annotated[str | None, Header()] = None`) in a dependency",
    ),  # fmt: skip
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        raise ImportError(f"switchback has no `{name}`: {_ELSEWHERE[name]}")
    raise AttributeError(f"module 'switchback' has no attribute {name!r}")
