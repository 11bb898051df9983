# generics, unions, discriminators, dataclasses, literals
from dataclasses import dataclass, field
from typing import Annotated, Generic, TypeVar, Literal, Union, Optional, Any
from enum import Enum, IntEnum
from typing_extensions import TypedDict
from fastapi import FastAPI, Query, Body
from pydantic import BaseModel, Field

T = TypeVar("T")
app = FastAPI()


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int = 0


class Item(BaseModel):
    name: str
    price: float | None = None


@app.get("/page")
def page() -> Page[Item]:
    return Page(items=[Item(name="a"), {"name": "b"}], total=2)


@app.get("/page2")
def page2() -> Page[Item]:
    return Page[Item](items=[Item(name="a")], total=2)


@app.post("/page3")
def page3(p: Page[int]) -> Page[int]:
    return p


class Cat(BaseModel):
    pet_type: Literal["cat"]
    meows: int


class Dog(BaseModel):
    pet_type: Literal["dog", "wolf"]
    barks: float


Pet = Annotated[Union[Cat, Dog], Field(discriminator="pet_type")]


class Owner(BaseModel):
    pet: Pet
    other: Union[Cat, Dog] | None = None
    n: int | str = 3
    f: int | float | None = None


@app.post("/owner")
def owner(o: Owner) -> Owner:
    return o


@app.post("/pet")
def pet(p: Annotated[Union[Cat, Dog], Body(discriminator="pet_type")]) -> Union[Cat, Dog]:
    return p


@dataclass
class DC:
    name: str
    price: float
    tags: list[str] = field(default_factory=list)
    description: str | None = None

    def __post_init__(self):
        if self.price == 13:
            raise ValueError("unlucky")


@dataclass
class Author:
    name: str
    items: list[DC] = field(default_factory=list)


@app.post("/dc")
async def dc(i: DC) -> DC:
    return i


@app.post("/authors/{id}/items", response_model=Author)
async def authors(id: str, items: list[DC]):
    return {"name": id, "items": items}


@app.get("/authors", response_model=list[Author])
def get_authors():
    return [{"name": "B", "items": [{"name": "x", "price": 1}]}, Author("C")]


class Level(IntEnum):
    low = 1
    high = 2


class Kind(str, Enum):
    """Kinds."""

    a = "a"
    b = "b"


@app.get("/enum")
def en(l: Level, k: Kind = Kind.a, lit: Literal["x", "y", 3] = "x", ks: Annotated[list[Kind], Query()] = [Kind.b]):
    return {"l": l, "k": k, "lit": lit, "ks": ks, "is": l is Level.low}


class TD(TypedDict, total=False):
    a: int
    b: str


@app.post("/td")
def td(t: TD) -> TD:
    return t


class Node(BaseModel):
    v: int
    children: list["Node"] = []
    parent: Optional["Node"] = None


@app.post("/tree")
def tree(n: Node) -> Node:
    return n


@app.post("/int-keys")
def ik(w: dict[int, float]):
    return w


@app.post("/tuple")
def tup(t: tuple[int, str, float]) -> tuple[int, str, float]:
    return t


@app.post("/any")
def any_(a: Any = Body()):
    return a


@app.post("/free")
def free(a: dict):
    return a


@app.post("/scalars")
def sc(a: Annotated[int, Body()], b: Annotated[str | None, Body()] = None):
    return [a, b]


@app.post("/one")
def one(a: Annotated[int, Body(gt=3)]):
    return a


class Outer(BaseModel):
    """Outer."""

    items: Annotated[list[Item], Field(min_length=1, max_length=2)]
    m: dict[str, Item] = {}
    o: Optional[Item] = Field(None, description="o", examples=[{"name": "n"}])
    factory: list[int] = Field(default_factory=list, title="Fac")
    dep: int = Field(3, deprecated=True, json_schema_extra={"x-a": 1})
    pat: str = Field("ab", pattern="^a")
    mo: int = Field(4, multiple_of=2)


@app.post("/outer")
def outer(o: Outer) -> Outer:
    return o


REQUESTS = [
    ("GET", "/page"),
    ("GET", "/page2"),
    ("POST", "/page3", {"json": {"items": [1, 2]}}),
    ("POST", "/page3", {"json": {"items": ["x"]}}),
    (
        "POST",
        "/owner",
        {"json": {"pet": {"pet_type": "cat", "meows": 3}, "other": {"pet_type": "wolf", "barks": 3}, "n": "s", "f": 2}},
    ),
    ("POST", "/owner", {"json": {"pet": {"pet_type": "bird"}}}),
    ("POST", "/owner", {"json": {"pet": {"pet_type": "dog", "barks": 1.5}, "f": 2.5}}),
    ("POST", "/owner", {"json": {"pet": {"meows": 1}}}),
    ("POST", "/owner", {"json": {"pet": {"pet_type": "cat", "meows": 1}, "other": {"x": 1}}}),
    ("POST", "/pet", {"json": {"pet_type": "dog", "barks": 1}}),
    ("POST", "/dc", {"json": {"name": "a", "price": 1}}),
    ("POST", "/dc", {"json": {"name": "a", "price": 13}}),
    ("POST", "/dc", {"json": {}}),
    ("POST", "/authors/a/items", {"json": [{"name": "a", "price": 1}]}),
    ("GET", "/authors"),
    ("GET", "/enum?l=1&k=b&lit=y&ks=a&ks=b"),
    ("GET", "/enum?l=3&k=z&lit=q"),
    ("GET", "/enum?l=2"),
    ("POST", "/td", {"json": {"a": 1}}),
    ("POST", "/td", {"json": {"a": "x"}}),
    ("POST", "/tree", {"json": {"v": 1, "children": [{"v": 2}], "parent": {"v": 0}}}),
    ("POST", "/tree", {"json": {"v": 1, "children": [{"v": "x"}]}}),
    ("POST", "/int-keys", {"json": {"1": 2, "3": 4.5}}),
    ("POST", "/int-keys", {"json": {"a": 2}}),
    ("POST", "/tuple", {"json": [1, "a", 2]}),
    ("POST", "/tuple", {"json": [1, "a"]}),
    ("POST", "/any", {"json": [1]}),
    ("POST", "/free", {"json": {"a": [1]}}),
    ("POST", "/free", {"json": [1]}),
    ("POST", "/scalars", {"json": {"a": 1}}),
    ("POST", "/one", {"json": 5}),
    ("POST", "/one", {"json": 1}),
    ("POST", "/outer", {"json": {"items": [{"name": "a"}], "m": {"k": {"name": "z", "price": 1}}}}),
    ("POST", "/outer", {"json": {"items": [], "pat": "b", "mo": 3, "m": {"k": {}}}}),
]
