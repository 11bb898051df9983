from typing import Annotated, Optional, List, Union, Any, Dict
from http import HTTPStatus
from datetime import datetime, timezone
from enum import Enum
from dataclasses import dataclass
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
from fastapi.responses import JSONResponse, HTMLResponse, PlainTextResponse
from pydantic import BaseModel, Field, ConfigDict, field_validator, computed_field, model_validator

app = FastAPI()


class Item(BaseModel):
    name: str
    size: int = 1
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Tea"}]})


@app.post("/old")
def old(i: Item):
    return {
        "d": i.dict(),
        "c": i.copy(update={"size": 3}).dict(exclude_unset=True),
        "j": i.json(),
        "p": Item.parse_obj({"name": "z"}).size,
    }


@app.get("/created", status_code=HTTPStatus.CREATED)
def created():
    return 1


@app.get("/resp-status")
def rs(response: Response):
    response.status_code = HTTPStatus.ACCEPTED
    return 2


class MyHTTP(HTTPException):
    def __init__(self, name):
        super().__init__(status_code=409, detail=f"{name} is there", headers={"x-a": "b"})


@app.get("/my")
def my():
    raise MyHTTP("n")


class Hd(BaseModel):
    x_a: str
    y_b: int = 3


@app.get("/hdm")
def hdm(h: Annotated[Hd, Header(convert_underscores=False)]):
    return h


class Qm(BaseModel):
    from_: int = Field(alias="from")
    to: Optional[int] = None
    names: List[str] = []
    level: Annotated[float, Field(gt=0, le=1)] = 0.5

    @field_validator("to")
    @classmethod
    def ck(cls, v, info):
        if v is not None and v < info.data["from_"]:
            raise ValueError("to before from")
        return v


@app.get("/qm")
def qm(q: Annotated[Qm, Query()]):
    return q


@app.get("/qm2")
def qm2(q: Annotated[Qm, Depends()]):
    return q


@app.delete("/body")
def dele(i: Item):
    return i


@app.get("/listopt")
def lo(a: Optional[List[str]] = Query(None), b: Optional[List[int]] = Query(default=None, min_length=2)):
    return [a, b]


@app.get("/items", response_model=List[Item], response_model_exclude_unset=True)
def items():
    return [Item(name="a"), Item(name="b", size=2)]


@app.get("/nested", response_model=Dict[str, List[Item]])
def nested():
    return {"a": [{"name": "x"}]}


def pag(page: int = Query(1, ge=1), size: int = Query(10, le=100)):
    return (page, size)


Pag = Annotated[tuple, Depends(pag)]


@app.get("/pag")
def pg(p: Pag):
    return p


class Service:
    def __init__(self, p: Pag, x_t: Annotated[str, Header()] = "d"):
        self.p, self.t = p, x_t

    def go(self):
        return [self.p, self.t]


@app.get("/svc")
def svc(s: Annotated[Service, Depends()], p: Pag):
    return s.go() + [p]


@app.get("/dt")
def dt() -> datetime:
    return datetime(2020, 1, 1, tzinfo=timezone.utc)


@app.get("/u")
def u() -> Union[int, str]:
    return "5"


@app.get("/u2")
def u2() -> Union[float, int]:
    return 5


@app.get("/u3")
def u3() -> Optional[List[Union[int, str]]]:
    return [1, "a"]


class Animal(BaseModel):
    kind: str


class Dog(Animal):
    bark: bool = True


@app.get("/sub")
def sub() -> Animal:
    return Dog(kind="d")


@app.get("/sub2")
def sub2() -> list[Animal]:
    return [Dog(kind="d"), {"kind": "e", "x": 1}]


class Holder(BaseModel):
    a: Animal


@app.get("/sub3")
def sub3() -> Holder:
    return Holder(a=Dog(kind="x"))


@app.get("/any")
def anyy() -> Any:
    return {"d": Dog(kind="x"), "dt": datetime(2020, 1, 1)}


@app.get("/dictmodel")
def dm() -> dict:
    return {"d": Dog(kind="x")}


@app.get("/obj")
def obj() -> object:
    return {"d": 1}


@dataclass
class Pt:
    x: int
    y: int = 0


@app.get("/dcq")
def dcq(p: Annotated[Pt, Depends()]):
    return p


@app.get("/dcr", response_model=Pt)
def dcr():
    return {"x": "3"}


@app.get("/bytes", response_class=Response)
def by():
    return Response(b"\x00\x01", media_type="application/octet-stream")


@app.get("/html-resp")
def hr():
    return HTMLResponse("<p>", status_code=201)


@app.post("/formlist")
def fl(
    a: Annotated[List[str], Form()],
    b: Annotated[bool, Form()] = False,
    c: Annotated[Optional[float], Form(gt=1)] = None,
):
    return [a, b, c]


@app.post("/ff")
async def ff(f: Annotated[Optional[UploadFile], File(description="d")] = None, g: Optional[bytes] = File(None)):
    return [f and f.filename, g and g.decode()]


@app.get("/paths/{a}/{b:int}/{c:path}")
def paths(a: str, b: int, c: str):
    return [a, b, c]


@app.get("/same/{x}")
def same1(x: int):
    return "int"


@app.put("/upd")
def upd(a: Annotated[Item, Body(title="T", description="D")], b: int = Body(3, ge=1)):
    return [a, b]


@app.post("/dup")
def dup(a: Item, q: Annotated[int, Query()] = 1, t: List[str] = Body(["x"])):
    return [a, q, t]


class Nested(BaseModel):
    lst: List[List[int]] = []
    mp: Dict[str, Dict[str, int]] = {}
    opt: Optional[Dict[str, List[Item]]] = None
    tup: tuple[int, ...] = ()
    fs: frozenset[str] = frozenset()


@app.post("/nn")
def nn(n: Nested) -> Nested:
    return n


class M(BaseModel):
    a: int = Field(default=..., title="A", description="aa", examples=[1])
    b: Annotated[str, Field(description="bb")] = "x"
    c: Annotated[Optional[str], Field(max_length=3)] = None
    d: Optional[Annotated[str, Field(max_length=3)]] = None
    e: List[Annotated[int, Field(gt=0)]] = [1]
    f: float = Field(0.5, ge=0, le=1)
    g: Union[int, None] = Field(None, gt=3)


@app.post("/m")
def m(m: M) -> M:
    return m


REQUESTS = [
    ("POST", "/old", {"json": {"name": "a"}}),
    ("GET", "/created"),
    ("GET", "/resp-status"),
    ("GET", "/my"),
    ("GET", "/hdm", {"headers": {"x_a": "1"}}),
    ("GET", "/qm?from=1&to=3&names=a&names=b"),
    ("GET", "/qm?from=4&to=3"),
    ("GET", "/qm?level=3"),
    ("GET", "/qm2?from=1"),
    ("DELETE", "/body", {"json": {"name": "x"}}),
    ("GET", "/listopt"),
    ("GET", "/listopt?a=1&b=1&b=2"),
    ("GET", "/listopt?b=1"),
    ("GET", "/items"),
    ("GET", "/nested"),
    ("GET", "/pag?page=0"),
    ("GET", "/pag?page=2"),
    ("GET", "/svc?size=3"),
    ("GET", "/dt"),
    ("GET", "/u"),
    ("GET", "/u2"),
    ("GET", "/u3"),
    ("GET", "/sub"),
    ("GET", "/sub2"),
    ("GET", "/sub3"),
    ("GET", "/any"),
    ("GET", "/dictmodel"),
    ("GET", "/obj"),
    ("GET", "/dcq?x=1"),
    ("GET", "/dcq"),
    ("GET", "/dcr"),
    ("GET", "/html-resp"),
    ("POST", "/formlist", {"data": {"a": ["1", "2"], "b": "on", "c": "2.5"}}),
    ("POST", "/formlist", {"data": {"c": "0"}}),
    ("POST", "/ff"),
    ("POST", "/ff", {"files": {"f": ("a.txt", b"x"), "g": ("g", b"yy")}}),
    ("GET", "/paths/a/3/b/c"),
    ("GET", "/same/3"),
    ("PUT", "/upd", {"json": {"a": {"name": "x"}}}),
    ("POST", "/dup", {"json": {"a": {"name": "x"}, "t": ["z"]}}),
    ("POST", "/dup", {"json": {"t": "z"}}),
    (
        "POST",
        "/nn",
        {"json": {"lst": [[1], [2]], "mp": {"a": {"b": 1}}, "opt": {"k": [{"name": "q"}]}, "tup": [1, 2], "fs": ["a"]}},
    ),
    ("POST", "/nn", {"json": {"lst": [["x"]], "opt": {"k": [{}]}}}),
    ("POST", "/m", {"json": {"a": 1, "g": 5, "e": [1, 2]}}),
    ("POST", "/m", {"json": {"g": 1, "e": [0], "c": "aaaa", "d": "bbbb", "f": 3}}),
]
