from typing import Annotated, Optional, List, Union, Any, Dict, Literal
from enum import Enum
from decimal import Decimal
from datetime import datetime, date, timedelta
from uuid import UUID
from fastapi import (
    FastAPI,
    APIRouter,
    Body,
    Query,
    Path,
    Header,
    Response,
    Request,
    HTTPException,
    Depends,
    Form,
    UploadFile,
    File,
    Cookie,
)
from fastapi.responses import JSONResponse, HTMLResponse, PlainTextResponse, StreamingResponse, RedirectResponse
from fastapi.encoders import jsonable_encoder
from pydantic import (
    BaseModel,
    Field,
    ConfigDict,
    field_validator,
    computed_field,
    model_validator,
    AnyHttpUrl,
    NonNegativeInt,
    EmailStr,
)


class Unicode(str, Enum):
    ä = "ä"


app = FastAPI(title="Ü", version="1", description="d", contact={"name": "x"})


@app.get("/doc1", tags=["a", "b"], summary="S", description="# D", response_description="R", deprecated=True)
def doc1(
    a: Annotated[
        int, Query(title="A", description="aaa", ge=1, examples=[1, 2], deprecated=True, json_schema_extra={"x-y": 1})
    ],
) -> int:
    return a


@app.get("/doc2/{b}")
def doc2(
    b: Annotated[str, Path(openapi_examples={"one": {"summary": "s", "value": "1"}}, description="B", min_length=1)],
    c: Annotated[str | None, Header(description="h", examples=["q"])] = None,
    d: Annotated[str, Cookie(deprecated=True, max_length=4)] = "dd",
    e: Annotated[list[Literal["x", "y"]], Query(max_length=2)] = ["x"],
):
    return [b, c, d, e]


@app.post(
    "/doc3",
    status_code=201,
    responses={
        201: {"description": "made", "headers": {"x-a": {"schema": {"type": "string"}}}},
        400: {"content": {"text/plain": {"example": "bad"}}},
        409: {"model": dict[str, int]},
    },
)
def doc3(
    a: Annotated[Decimal, Body(gt=0, max_digits=5, decimal_places=2)],
    b: Annotated[list[EmailStr], Body(min_length=1)] = [],
    c: Annotated[dict[str, NonNegativeInt], Body()] = {},
) -> dict[str, Decimal]:
    return {"a": a}


class Form1(BaseModel):
    name: str = Field(min_length=2, description="N")
    n: int = 3
    tags: list[str] = []
    when: date | None = None
    level: Literal["a", "b"] = "a"


@app.post("/form1")
def form1(f: Annotated[Form1, Form()]):
    return f


@app.post("/form2")
def form2(
    name: Annotated[str, Form(description="n", examples=["x"])],
    f: Annotated[UploadFile, File(description="A file")],
    more: Annotated[list[UploadFile], File()] = [],
):
    return [name, f.filename, len(more)]


class Inner(BaseModel):
    x: int = Field(ge=0)


class Base(BaseModel):
    model_config = ConfigDict(extra="forbid", title="TheBase")
    id: UUID
    inner: Inner = Inner(x=1)
    inners: list[Inner] = [Inner(x=2)]
    url: AnyHttpUrl | None = None
    kind: Unicode = Unicode.ä
    at: datetime | date | None = None
    either: int | Inner | list[int] = 0


class More(Base):
    """More of it.

    And more.
    """

    extra: str = "e"
    id: UUID | None = None


@app.post("/more")
def more(m: More) -> More:
    return m


@app.post("/two", response_model=More, response_model_exclude_none=True)
def two(m: Base):
    return m.model_dump()


r1 = APIRouter(prefix="/r1", tags=["r1"], responses={404: {"description": "r1"}})
r2 = APIRouter(prefix="/r2", tags=["r2"], deprecated=True, include_in_schema=True)


@r2.get("", summary="no slash")
def r2a():
    return "r2a"


@r2.get("/x", responses={404: {"description": "own"}}, include_in_schema=False)
def r2x():
    return "r2x"


r1.include_router(r2, prefix="/in", tags=["in"], responses={418: {"description": "t"}})


@r1.get("/y")
def r1y():
    return "y"


app.include_router(r1, prefix="/api", responses={500: {"description": "oops"}})


@app.get("/stream", response_class=StreamingResponse)
def stream():
    return StreamingResponse(iter(["a", "b"]), media_type="text/csv", headers={"x-s": "1"})


@app.get("/plain", response_class=PlainTextResponse, status_code=203)
def plain(n: int = 1):
    return str(n)


@app.get("/html", response_class=HTMLResponse, responses={200: {"description": "page"}})
def html():
    return "<p>ü</p>"


@app.get("/redirect", response_class=RedirectResponse, status_code=303, response_model=None)
def redirect():
    return "/doc1"


@app.get("/json-none", response_model=Optional[Inner])
def jn():
    return None


@app.get("/list-none", response_model=List[Optional[Inner]])
def ln():
    return [None, {"x": 1}]


@app.get("/deep", response_model=Dict[str, Dict[str, Inner]])
def deep():
    return {"a": {"b": Inner(x=1)}}


@app.get("/bad-answer", response_model=Inner)
def bad():
    return {"x": "nope"}


@app.get("/neg-answer", response_model=Inner)
def neg():
    return {"x": -1}


@app.get("/tuple-answer", response_model=tuple[int, Inner])
def ta():
    return [1, {"x": 2}]


@app.get("/cookie-out")
def co(response: Response):
    response.set_cookie("a", "b", httponly=True)
    response.set_cookie("c", "d e")
    response.headers["X-One"] = "1"
    response.headers.append("X-One", "2")
    return {"ok": True}


@app.get("/enc")
def enc():
    return JSONResponse(
        jsonable_encoder({"i": Inner(x=1), "s": {1}, "e": Unicode.ä, "u": UUID(int=1), "n": {"a": None}})
    )


@app.patch("/patch/{id}")
def patch(id: int, change: Annotated[dict[str, int | str | None], Body()]):
    return {"id": id, **change}


@app.get("/float")
def fl(x: float, y: Annotated[float, Query(gt=0, multiple_of=0.5)] = 1.0):
    return [x, y]


@app.get("/big")
def big(x: Annotated[int, Query(lt=10**20)]):
    return x


U = "0b7a3f52-1c6d-4e8a-9b1f-6d2c8e4f7a10"
REQUESTS = [
    ("GET", "/doc2/x?e=x&e=y"),
    ("GET", "/doc2/x?e=x&e=z&e=y", {"headers": {"cookie": "d=toolong"}}),
    ("POST", "/doc3", {"json": {"a": "1.25", "b": ["a@b.co"], "c": {"k": 1}}}),
    ("POST", "/doc3", {"json": {"a": "1.255", "b": ["x"], "c": {"k": -1}}}),
    ("POST", "/doc3", {"json": {"a": 1.5}}),
    ("POST", "/form1", {"data": {"name": "ab", "tags": ["x", "y"], "when": "2020-01-02"}}),
    ("POST", "/form1", {"data": {"name": "a", "n": "x", "level": "z", "when": "q"}}),
    ("POST", "/form2", {"data": {"name": "n"}, "files": [("f", ("a", b"1")), ("more", ("b", b"2"))]}),
    ("POST", "/form2", {"data": {"name": "n"}}),
    ("POST", "/more", {"json": {}}),
    ("POST", "/more", {"json": {"id": U, "either": {"x": 3}, "url": "http://a.b", "at": "2020-01-02"}}),
    ("POST", "/more", {"json": {"id": "x", "zz": 1, "either": "q", "inner": {"x": -1}, "inners": [{}], "kind": "b"}}),
    ("POST", "/two", {"json": {"id": U, "either": [1]}}),
    ("POST", "/two", {"json": {}}),
    ("GET", "/api/r1/in/r2"),
    ("GET", "/api/r1/in/r2/x"),
    ("GET", "/api/r1/y"),
    ("GET", "/stream"),
    ("GET", "/plain?n=4"),
    ("GET", "/html"),
    ("GET", "/redirect"),
    ("GET", "/json-none"),
    ("GET", "/list-none"),
    ("GET", "/deep"),
    ("GET", "/bad-answer"),
    ("GET", "/neg-answer"),
    ("GET", "/tuple-answer"),
    ("GET", "/cookie-out"),
    ("GET", "/enc"),
    ("PATCH", "/patch/1", {"json": {"a": 1, "b": "x", "c": None}}),
    ("PATCH", "/patch/1", {"json": {"a": []}}),
    ("GET", "/float?x=1e3&y=1.5"),
    ("GET", "/float?x=1&y=0.7"),
    ("GET", "/float?x=abc"),
    ("GET", "/big?x=5"),
    ("GET", "/api/r1/in/r2/"),
]
