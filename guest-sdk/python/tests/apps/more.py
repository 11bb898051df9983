import json
from typing import Annotated, Any, Iterable, AsyncIterable
from datetime import datetime, date, timedelta, timezone
from decimal import Decimal
from uuid import UUID, uuid4
from ipaddress import IPv4Address
from fastapi import FastAPI, APIRouter, Body, Query, Path, Header, Response, Request, HTTPException, Depends
from fastapi.responses import JSONResponse, PlainTextResponse, HTMLResponse, StreamingResponse
from fastapi.encoders import jsonable_encoder
from pydantic import (
    BaseModel,
    Field,
    AfterValidator,
    PositiveInt,
    StrictInt,
    StringConstraints,
    EmailStr,
    HttpUrl,
    ValidationError,
    field_validator,
    model_validator,
    computed_field,
)


class Pretty(JSONResponse):
    def render(self, content: Any) -> bytes:
        return json.dumps(content, indent=2).encode()


class Yaml(Response):
    media_type = "application/x-yaml"


app = FastAPI()


@app.get("/pretty", response_class=Pretty)
def pretty():
    return {"a": [1]}


@app.get("/yaml", response_class=Yaml)
def yaml():
    return "a: 1"


@app.get("/plain-json", response_class=JSONResponse, response_model=dict[str, int])
def pj():
    return {"a": 1}


r = APIRouter(default_response_class=PlainTextResponse)


@r.get("/rt")
def rt():
    return "text"


@r.get("/rh", response_class=HTMLResponse)
def rh():
    return "<b>"


app.include_router(r, prefix="/v1", default_response_class=HTMLResponse, include_in_schema=True)


class Item(BaseModel):
    name: str
    price: float = 3


@app.post("/opt")
def opt(item: Item | None = None):
    return item


@app.post("/opt2")
def opt2(item: Item | None = None, other: Item | None = None):
    return [item, other]


@app.post("/opt3")
def opt3(item: Annotated[Item, Body()] = Item(name="d")):
    return item


@app.post("/text")
def text(body: Annotated[str, Body(media_type="text/plain")]):
    return body


def check(v: str) -> str:
    if not v.startswith(("isbn-", "imdb-")):
        raise ValueError('Invalid ID format, it must start with "isbn-" or "imdb-"')
    return v


@app.get("/check")
def chk(id: Annotated[str | None, AfterValidator(check)] = None, n: PositiveInt = 1, s: StrictInt | None = None):
    return {"id": id, "n": n}


@app.get("/check/{id}")
def chk2(id: Annotated[str, AfterValidator(check)], z: int):
    return id


Name = Annotated[str, StringConstraints(min_length=2, pattern="^[a-z]+$")]


class Sub(BaseModel):
    name: Name
    at: Annotated[str, AfterValidator(check)] = "isbn-1"


class Base(BaseModel):
    id: int

    @field_validator("*")
    @classmethod
    def any(cls, v):
        return v


class Derived(Base):
    id: int = 4
    subs: list[Sub] = []
    email: EmailStr | None = None
    ip: IPv4Address | None = None
    link: HttpUrl = "https://example.com/x"

    @field_validator("subs")
    def few(cls, v):
        if len(v) > 2:
            raise ValueError("too many")
        return v


@app.post("/derived")
def derived(d: Derived) -> Derived:
    return d


@app.post("/derived2")
def derived2(d: Derived):
    return d.model_dump(exclude_defaults=True, mode="json")


class Orm:
    def __init__(self):
        self.name = "orm"
        self.price = 1
        self.secret = "s"


class ItemOrm(BaseModel):
    model_config = {"from_attributes": True}
    name: str
    price: float


@app.get("/orm", response_model=ItemOrm)
def orm():
    return Orm()


@app.get("/orm2", response_model=Item)
def orm2():
    return Orm()


@app.get("/orm3")
def orm3():
    return ItemOrm.model_validate(Orm()).model_dump()


@app.get("/ve")
def ve():
    try:
        Item(name=[1], price="x")
    except ValidationError as e:
        return {"n": e.error_count(), "t": [x["type"] for x in e.errors()], "l": [x["loc"] for x in e.errors()]}


@app.get("/ve2")
def ve2():
    return Item.model_validate({})


@app.get("/kinds")
def kinds(
    at: datetime,
    day: date,
    d: timedelta,
    dec: Decimal,
    u: UUID,
    f: float = 1.5,
    ip: IPv4Address | None = None,
    b: bool = False,
):
    return {"at": at, "day": day, "d": d, "dec": dec, "u": u, "f": f, "ip": ip, "b": b}


@app.get("/enc")
def enc():
    return jsonable_encoder(
        {"a": Item(name="x"), "d": Decimal("1.10"), "td": timedelta(seconds=3), "s": {1}, "n": None}, exclude_none=True
    )


@app.get("/enc2")
def enc2():
    return jsonable_encoder(Item(name="x"), exclude_unset=True)


@app.get("/enc3")
def enc3():
    return {
        "d": Decimal("1.10"),
        "e": Decimal("3"),
        "by": b"abc",
        "t": (1, 2),
        "g": (x for x in "ab"),
        "at": datetime(2020, 1, 1, tzinfo=timezone.utc),
        "p": None,
    }


@app.get("/lines")
def lines() -> Iterable[Item]:
    for n in "ab":
        yield Item(name=n)


@app.get("/stream")
def stream():
    return StreamingResponse((f"{n}\n" for n in range(3)), media_type="text/plain")


@app.get("/alines")
async def alines() -> AsyncIterable[Item]:
    for n in "ab":
        yield Item(name=n)


@app.post("/raw", openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}})
async def raw(request: Request):
    return {"n": len(await request.body())}


@app.get("/cls")
def cls(x: Annotated[int, Query(gt=1)] = 3, y: Annotated[int | None, Query(ge=2)] = None):
    return [x, y]


class Svc:
    def go(self, q: int = 3):
        return q


app.get("/method")(Svc().go)


@app.get("/bigint")
def bigint(n: int):
    return {"n": n}


@app.post("/bigint")
def bigint2(n: Annotated[int, Body(embed=True)], d: Annotated[Decimal, Body()] = Decimal("0.1")):
    return {"n": n, "d": d}


@app.post("/dump")
def dump(i: Item):
    return {
        "set": sorted(i.model_fields_set),
        "eq": i == Item(name=i.name, price=i.price),
        "r": repr(i),
        "c": i.model_copy(update={"name": "n"}).name,
        "j": i.model_dump_json(),
        "it": dict(i),
        "f": list(Item.model_fields),
    }


REQUESTS = [
    ("GET", "/pretty"),
    ("GET", "/yaml"),
    ("GET", "/plain-json"),
    ("GET", "/v1/rt"),
    ("GET", "/v1/rh"),
    ("POST", "/opt"),
    ("POST", "/opt", {"json": None}),
    ("POST", "/opt", {"json": {"name": "a"}}),
    ("POST", "/opt", {"json": {}}),
    ("POST", "/opt2"),
    ("POST", "/opt2", {"json": {"other": {"name": "a"}}}),
    ("POST", "/opt3"),
    ("POST", "/opt3", {"json": {"name": "z"}}),
    ("POST", "/text", {"content": "hello", "headers": {"content-type": "text/plain"}}),
    ("GET", "/check?id=isbn-1&n=2&s=3"),
    ("GET", "/check?id=x&n=0"),
    ("GET", "/check"),
    ("GET", "/check/x?z=q"),
    ("GET", "/check/x?z=1"),
    ("GET", "/check/isbn-3?z=1"),
    (
        "POST",
        "/derived",
        {"json": {"subs": [{"name": "ab"}], "email": "a@b.co", "ip": "1.2.3.4", "link": "http://x.y"}},
    ),
    ("POST", "/derived", {"json": {"id": "q", "subs": [{"name": "A"}, {"name": "ab", "at": "q"}], "ip": "1.2"}}),
    ("POST", "/derived", {"json": {"subs": [{"name": "ab"}] * 3}}),
    ("POST", "/derived", {"json": {"subs": [{"name": "ab", "at": "bad"}]}}),
    ("POST", "/derived2", {"json": {"subs": [{"name": "ab"}]}}),
    ("GET", "/orm"),
    ("GET", "/orm2"),
    ("GET", "/orm3"),
    ("GET", "/ve"),
    ("GET", "/ve2"),
    (
        "GET",
        "/kinds?at=2020-01-01T00:00:00Z&day=2020-02-03&d=P1D&dec=1.50&u=0b7a3f52-1c6d-4e8a-9b1f-6d2c8e4f7a10&ip=1.2.3.4&b=yes",
    ),
    ("GET", "/kinds?at=x&day=y&d=z&dec=w&u=v&ip=u&b=t&f=s"),
    ("GET", "/enc"),
    ("GET", "/enc2"),
    ("GET", "/enc3"),
    ("GET", "/lines"),
    ("GET", "/alines"),
    ("GET", "/stream"),
    ("POST", "/raw", {"content": b"abc", "headers": {"content-type": "application/octet-stream"}}),
    ("GET", "/cls?x=1&y=1"),
    ("GET", "/cls"),
    ("GET", "/method?q=5"),
    ("GET", "/bigint?n=123456789012345678901234567890"),
    (
        "POST",
        "/bigint",
        {
            "content": '{"n":123456789012345678901234567890,"d":0.12345678901234567890}',
            "headers": {"content-type": "application/json"},
        },
    ),
    ("POST", "/bigint", {"json": {"n": 1, "d": "0.12345678901234567890"}}),
    ("POST", "/dump", {"json": {"name": "a"}}),
]
