# response models and all of their options
from typing import Annotated, Any, Union
from datetime import datetime, date, time, timedelta
from decimal import Decimal
from uuid import UUID
from fastapi import FastAPI, Response, Body
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import (
    BaseModel,
    Field,
    EmailStr,
    computed_field,
    field_validator,
    model_validator,
    ConfigDict,
    field_serializer,
    AnyUrl,
    SecretStr,
)

app = FastAPI()


class Item(BaseModel):
    name: str
    description: str | None = None
    price: float
    tax: float = 10.5
    tags: list[str] = []


items = {
    "foo": {"name": "Tea", "price": 3.5},
    "bar": {"name": "Mug", "description": "Two for tea", "price": 9, "tax": 1.5},
    "baz": {"name": "Jug", "description": None, "price": 7.5, "tax": 1.2, "tags": []},
}


@app.get("/items/{item_id}", response_model=Item, response_model_exclude_unset=True)
async def read_item(item_id: str):
    return items[item_id]


@app.get("/items2/{item_id}", response_model=Item)
async def read_item2(item_id: str):
    return items[item_id]


@app.get("/inc/{item_id}", response_model=Item, response_model_include={"name", "description"})
async def inc(item_id: str):
    return items[item_id]


@app.get("/exc/{item_id}", response_model=Item, response_model_exclude={"tax"})
async def exc(item_id: str):
    return items[item_id]


@app.get("/inc2/{item_id}", response_model=Item, response_model_include=["name", "description"])
async def inc2(item_id: str):
    return items[item_id]


@app.get("/none/{item_id}", response_model=Item, response_model_exclude_none=True)
async def none(item_id: str):
    return items[item_id]


@app.get("/defs/{item_id}", response_model=Item, response_model_exclude_defaults=True)
async def defs(item_id: str):
    return items[item_id]


@app.get("/all")
async def all_() -> list[Item]:
    return list(items.values())


@app.get("/dict", response_model=dict[str, float])
async def dct():
    return {"foo": 2.3, "bar": 3}


@app.get("/bad", response_model=Item)
async def bad():
    return {"name": "x"}


@app.get("/bad2")
async def bad2() -> int:
    return "abc"


@app.get("/conv")
async def conv() -> int:
    return "12"


@app.patch("/items/{item_id}", response_model=Item)
async def patch(item_id: str, item: Item):
    stored = Item(**items[item_id])
    upd = item.model_dump(exclude_unset=True)
    new = stored.model_copy(update=upd)
    return jsonable_encoder(new)


class BaseUser(BaseModel):
    username: str
    email: EmailStr


class UserIn(BaseUser):
    password: str


@app.post("/user")
async def user(user: UserIn) -> BaseUser:
    return user


@app.get("/gate")
async def gate(elsewhere: bool = False) -> Response:
    if elsewhere:
        return RedirectResponse(url="https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    return JSONResponse(content={"message": "You are there."})


@app.get("/gate2", response_model=None)
async def gate2(elsewhere: bool = False) -> Response | dict:
    if elsewhere:
        return RedirectResponse(url="https://x.y")
    return {"message": "p"}


class BaseItem(BaseModel):
    description: str
    type: str


class CarItem(BaseItem):
    type: str = "car"


class PlaneItem(BaseItem):
    type: str = "boat"
    size: int


@app.get("/vehicles/{id}", response_model=Union[PlaneItem, CarItem])
async def vehicle(id: str):
    return {
        "item1": {"description": "Four wheels", "type": "car"},
        "item2": {"description": "Two sails", "type": "boat", "size": 5},
    }[id]


class Alias(BaseModel):
    a_b: int = Field(alias="aB")
    out: str = Field("x", serialization_alias="outAs")
    in_: str = Field("y", validation_alias="inAs")
    hidden: str = Field("h", exclude=True)


@app.post("/alias")
async def alias(a: Alias) -> Alias:
    return a


@app.post("/alias2", response_model=Alias, response_model_by_alias=False)
async def alias2(a: Alias):
    return a


@app.post("/alias3")
async def alias3(a: Alias):
    return a.model_dump()


@app.post("/alias4")
async def alias4(a: Alias):
    return a.model_dump(by_alias=True)


class Kinds(BaseModel):
    at: datetime
    day: date
    t: time
    length: timedelta
    dec: Decimal
    id: UUID
    url: AnyUrl
    raw: bytes = b"abc"
    s: SecretStr = SecretStr("x")


@app.post("/kinds")
async def kinds(k: Kinds) -> Kinds:
    return k


@app.post("/kinds2")
async def kinds2(k: Kinds):
    return {
        "k": k,
        "d": k.length,
        "at": k.at,
        "u": str(k.url),
        "host": k.url.host,
        "s": k.s.get_secret_value(),
        "start": k.at + k.length,
    }


@app.put("/ext/{item_id}")
async def ext(
    item_id: UUID,
    start_datetime: Annotated[datetime, Body()],
    end_datetime: Annotated[datetime, Body()],
    process_after: Annotated[timedelta, Body()],
    repeat_at: Annotated[time | None, Body()] = None,
):
    start_process = start_datetime + process_after
    return {
        "item_id": item_id,
        "start_process": start_process,
        "duration": end_datetime - start_process,
        "repeat_at": repeat_at,
    }


class Square(BaseModel):
    model_config = ConfigDict(title="A Square", json_schema_extra={"examples": [{"width": 2}]})
    width: float = Field(examples=[1.5])

    @computed_field
    @property
    def area(self) -> float:
        return round(self.width**2, 2)

    @field_serializer("width")
    def w(self, v) -> str:
        return f"{v}cm"


@app.post("/square")
async def square(s: Square) -> Square:
    return s


class Span(BaseModel):
    start: int
    end: int
    name: str = "n"

    @field_validator("name")
    @classmethod
    def up(cls, v: str) -> str:
        if v == "bad":
            raise ValueError("must not be bad")
        assert v != "worse", "no worse"
        return v.title()

    @field_validator("end")
    @classmethod
    def positive(cls, v, info):
        if info.data.get("start", 0) == 99:
            raise ValueError("99?")
        return v

    @model_validator(mode="after")
    def ordered(self):
        if self.end < self.start:
            raise ValueError("ends before it begins")
        return self


@app.post("/span")
async def span(s: Span) -> Span:
    return s


@app.post("/spans")
async def spans(s: list[Span]):
    return s


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)
    a: int


@app.post("/extra")
async def extra(e: Extra) -> Extra:
    return e


K = {
    "at": "2020-01-02T03:04:05Z",
    "day": "2020-01-02",
    "t": "03:04:05",
    "length": "P1DT2H",
    "dec": "1.50",
    "id": "0b7a3f52-1c6d-4e8a-9b1f-6d2c8e4f7a10",
    "url": "http://Example.com",
}
REQUESTS = (
    [
        ("GET", f"/{p}/{i}")
        for p in ("items", "items2", "inc", "exc", "inc2", "none", "defs")
        for i in ("foo", "bar", "baz")
    ]
    + [
        ("GET", "/all"),
        ("GET", "/dict"),
        ("GET", "/bad"),
        ("GET", "/bad2"),
        ("GET", "/conv"),
        ("PATCH", "/items/bar", {"json": {"name": "B", "price": 3}}),
        ("POST", "/user", {"json": {"username": "a", "email": "a@b.co", "password": "p"}}),
        ("GET", "/gate"),
        ("GET", "/gate?elsewhere=1"),
        ("GET", "/gate2"),
        ("GET", "/vehicles/item1"),
        ("GET", "/vehicles/item2"),
    ]
    + [("POST", f"/alias{n}", {"json": {"aB": 1, "inAs": "i", "out": "o"}}) for n in ("", "2", "3", "4")]
    + [
        ("POST", "/alias", {"json": {"a_b": 1}}),
        ("POST", "/kinds", {"json": K}),
        ("POST", "/kinds2", {"json": K}),
        (
            "PUT",
            "/ext/0b7a3f52-1c6d-4e8a-9b1f-6d2c8e4f7a10",
            {
                "json": {
                    "start_datetime": "2018-12-22T14:00:00+00:00",
                    "end_datetime": "2018-12-24T15:00:00+00:00",
                    "process_after": "PT5M",
                    "repeat_at": "15:30:00",
                }
            },
        ),
        ("POST", "/square", {"json": {"width": 2}}),
        ("POST", "/span", {"json": {"start": 1, "end": 2, "name": "abc"}}),
        ("POST", "/span", {"json": {"start": 3, "end": 2}}),
        ("POST", "/span", {"json": {"start": 99, "end": 2, "name": "bad"}}),
        ("POST", "/span", {"json": {"start": 1, "end": 2, "name": "worse"}}),
        (
            "POST",
            "/spans",
            {"json": [{"start": 1, "end": 2}, {"start": 3, "end": 2}, {"start": 1, "end": 2, "name": "bad"}]},
        ),
        ("POST", "/extra", {"json": {"a": 1, "b": [2]}}),
    ]
)
