"""The example `hello-py`, as it would be with FastAPI."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import Field

app = FastAPI(title="Hello")


@dataclass
class Greeting:
    """What is answered."""

    message: str


@app.get("/hello/{name}")
def hello(name: str) -> Greeting:
    """Say hello"""
    return Greeting(message=f"Hello {name}")


@dataclass
class Item:
    """An item in the shop."""

    name: Annotated[str, Field(min_length=1, max_length=50)]
    price: Annotated[float, Field(gt=0)]
    in_stock: bool = True
    tags: Annotated[list[str], Field(max_length=10)] = field(default_factory=list)


@dataclass
class Created:
    """An item as it was understood."""

    id: int
    q: str | None
    item: Item


@app.post("/items/{id}", tags=["items"])
def create_item(id: int, item: Item, q: Annotated[str | None, Query(max_length=50)] = None) -> Created:
    """Create an item

    Answers with what was sent, defaults filled in; nothing is kept.
    """
    return Created(id, q, item)


REQUESTS = [
    ("GET", "/hello/x"),
    ("POST", "/items/7?q=abc", {"json": {"name": "Hammer", "price": 1, "tags": ["a"]}}),
    ("POST", "/items/7", {"json": {"price": 0}}),
]
