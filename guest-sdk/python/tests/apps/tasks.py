from typing import Annotated, Optional, List, Any, NamedTuple, Sequence, Iterable, Tuple, Set, FrozenSet, Deque, Mapping
from enum import Enum
import uuid
from datetime import datetime, date, time, timedelta
from pathlib import PurePath
from fastapi import FastAPI, Body, Query, Path, Header, Response, Request, HTTPException, Depends, Form
from fastapi.responses import JSONResponse
from pydantic import (
    BaseModel,
    Field,
    ConfigDict,
    field_validator,
    model_validator,
    field_serializer,
    computed_field,
    AfterValidator,
)

app = FastAPI()


class Point(NamedTuple):
    x: int
    y: int = 0


class Color(Enum):
    RED = 1
    BLUE = "b"


class Account(BaseModel):
    model_config = ConfigDict(validate_assignment=False) if False else ConfigDict()
    owner: str
    balance: float = 0
    _cache: dict = {}
    history: List["Entry"] = []

    @property
    def rich(self):
        return self.balance > 100

    def deposit(self, x):
        self.balance += x
        return self


class Entry(BaseModel):
    at: datetime
    amount: float

    @field_serializer("amount")
    def ser(self, v: float):
        return round(v, 1)


@app.post("/acc")
def acc(a: Account):
    return {"rich": a.rich, "b": a.deposit(5).balance, "a": a}


@app.post("/color")
def color(c: Annotated[Color, Body(embed=True)]):
    return c


@app.post("/seq")
def seq(
    a: Sequence[int],
):
    return a


@app.post("/deque")
def dq(a: Deque[int]):
    return a


@app.post("/fs")
def fs(a: FrozenSet[int]):
    return sorted(a)


@app.post("/map")
def mp(a: Mapping[str, List[int]]):
    return a


@app.get("/qseq")
def qseq(a: Annotated[Sequence[int], Query()] = (), b: Annotated[Tuple[int, ...], Query()] = ()):
    return [a, b]


class Priority(str, Enum):
    low = "low"
    high = "high"


class Task(BaseModel):
    id: uuid.UUID = Field(default_factory=lambda: uuid.UUID(int=5))
    title: str = Field(..., min_length=1, max_length=10)
    priority: Priority = Priority.low
    due: Optional[date] = None
    done: bool = False
    tags: Set[str] = Field(default_factory=set, max_length=3)
    meta: dict[str, Any] = {}
    parent: Optional["Task"] = None


DB = {}


@app.post("/tasks", response_model=Task, status_code=201)
def create(t: Task):
    DB[t.id] = t
    return t


@app.get("/tasks", response_model=List[Task])
def list_(priority: Optional[Priority] = None, limit: int = Query(10, gt=0, le=100), q: Optional[str] = None):
    return [t for t in DB.values() if priority in (None, t.priority)][:limit]


@app.patch("/tasks/{id}", response_model=Task)
def patch(id: uuid.UUID, change: Annotated[dict, Body()]):
    if id not in DB:
        raise HTTPException(404, "no task")
    t = DB[id].model_copy(update=change)
    DB[id] = t
    return t


@app.delete("/tasks/{id}", status_code=204)
def delete(id: uuid.UUID):
    DB.pop(id, None)


class Event(BaseModel):
    start: datetime
    end: datetime

    @model_validator(mode="after")
    def order(self):
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self

    @computed_field
    @property
    def length(self) -> timedelta:
        return self.end - self.start


@app.post("/event")
def event(e: Event) -> Event:
    return e


@app.post("/events")
def events(e: dict[str, Event]) -> dict[str, Event]:
    return e


def strip(v: str) -> str:
    return v.strip()


Stripped = Annotated[str, AfterValidator(strip), Field(max_length=5)]


class S(BaseModel):
    a: Stripped
    b: list[Stripped] = []
    c: Stripped | None = None


@app.post("/stripped")
def st(s: S) -> S:
    return s


class A(BaseModel):
    type: str = "a"
    x: int


class B(BaseModel):
    type: str = "b"
    x: int
    y: int = 0


@app.post("/ab")
def ab(v: A | B) -> A | B:
    return v


@app.post("/abl")
def abl(v: list[A | B | int | str | None]) -> list[A | B | int | str | None]:
    return v


@app.post("/bool")
def bl(v: Annotated[bool | int | str, Body()]):
    return [v, type(v).__name__]


@app.post("/num")
def num(v: Annotated[float | int, Body()]):
    return [v, type(v).__name__]


@app.get("/path-enum/{c}")
def pe(c: Priority, d: date, t: time | None = None):
    return [c, d, t]


@app.post("/mixed/{id}")
def mixed(
    id: int, a: A, b: B, q: str = "q", h: Annotated[str | None, Header()] = None, extra: Annotated[int, Body()] = 4
):
    return [id, a, b, q, h, extra]


@app.post("/multi-form")
def mf(a: str = Form(), b: int = Form(3), c: list[str] = Form([]), d: Optional[Priority] = Form(None)):
    return [a, b, c, d]


@app.post("/empty-str")
def es(a: Annotated[str, Form()] = "d", b: Annotated[str | None, Form()] = None):
    return [a, b]


T = "00000000-0000-0000-0000-000000000005"
REQUESTS = [
    (
        "POST",
        "/acc",
        {"json": {"owner": "a", "balance": 99.5, "history": [{"at": "2020-01-01T00:00:00Z", "amount": 1.26}]}},
    ),
    ("POST", "/color", {"json": {"c": 1}}),
    ("POST", "/color", {"json": {"c": "b"}}),
    ("POST", "/color", {"json": {"c": 2}}),
    ("POST", "/seq", {"json": [1, 2]}),
    ("POST", "/deque", {"json": [1]}),
    ("POST", "/fs", {"json": [2, 1]}),
    ("POST", "/map", {"json": {"a": [1]}}),
    ("GET", "/qseq?a=1&a=2&b=3"),
    ("GET", "/qseq"),
    (
        "POST",
        "/tasks",
        {"json": {"title": "t", "due": "2020-01-01", "tags": ["a"], "meta": {"k": [1]}, "parent": {"title": "p"}}},
    ),
    (
        "POST",
        "/tasks",
        {
            "json": {
                "title": "",
                "priority": "x",
                "due": "z",
                "tags": ["a", "b", "c", "d"],
                "done": "maybe",
                "parent": {},
            }
        },
    ),
    ("GET", "/tasks"),
    ("GET", "/tasks?priority=low&limit=0"),
    ("PATCH", f"/tasks/{T}", {"json": {"done": True}}),
    ("PATCH", f"/tasks/{T[:-1]}6", {"json": {"done": True}}),
    ("DELETE", f"/tasks/{T}"),
    ("GET", "/tasks"),
    ("POST", "/event", {"json": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-01T01:30:00Z"}}),
    ("POST", "/event", {"json": {"start": "2020-01-01T00:00:00Z", "end": "2019-01-01T01:30:00Z"}}),
    ("POST", "/events", {"json": {"a": {"start": "2020-01-01T00:00:00Z", "end": "2019-01-01T01:30:00Z"}}}),
    ("POST", "/stripped", {"json": {"a": " a ", "b": [" b"], "c": " c"}}),
    ("POST", "/stripped", {"json": {"a": "abcdefg"}}),
    ("POST", "/ab", {"json": {"x": 1}}),
    ("POST", "/ab", {"json": {"x": 1, "y": 2}}),
    ("POST", "/ab", {"json": {"x": "q"}}),
    ("POST", "/abl", {"json": [1, "a", None, {"x": 1, "y": 2}, {"x": 1}]}),
    ("POST", "/bool", {"json": True}),
    ("POST", "/bool", {"json": 1}),
    ("POST", "/bool", {"json": "true"}),
    ("POST", "/num", {"json": 1}),
    ("POST", "/num", {"json": 1.5}),
    ("GET", "/path-enum/low?d=2020-01-01&t=10:00:00Z"),
    ("GET", "/path-enum/mid?d=2020-01-01T00:00:00"),
    ("POST", "/mixed/1?q=z", {"json": {"a": {"x": 1}, "b": {"x": 2}}, "headers": {"h": "H"}}),
    ("POST", "/mixed/x", {"json": {"a": {}, "extra": "e"}}),
    ("POST", "/multi-form", {"data": {"a": "x", "c": ["1", "2"], "d": "high"}}),
    ("POST", "/multi-form", {"data": {"b": "x", "d": "z"}}),
    ("POST", "/empty-str", {"data": {"a": "", "b": ""}}),
]
