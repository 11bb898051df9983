"""The items of the shop: a router of its own, as in FastAPI's bigger applications."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from models import Category, Item, Listed, Message, Offer, Picture, Totals
from switchback import APIRouter, Body, FileResponse, Form, HTTPException, Query, Response, UploadFile

router = APIRouter(prefix="/items", tags=["items"], responses={404: {"description": "No such item", "model": Message}})

# What the component starts with. What is added later is kept by one instance until it retires: a plugin that is to
# keep something asks a service for it.
STOCK = {
    1: Listed("Hammer", 12.5, id=1),
    2: Listed("Spade", 20.0, Category.GARDEN, ["steel"], id=2),
    3: Listed("Robot", 99.9, Category.TOYS, id=3),
}


def find(id: int) -> Listed:
    """The item of that number."""
    if id not in STOCK:
        raise HTTPException(404, f"there is no item {id}")
    return STOCK[id]


@router.get("")
def list_items(
    category: Category | None = None,
    tag: Annotated[list[str], Query(max_length=5)] = [],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[Listed]:
    """List items

    All of a category, all that have *each* of the tags.
    """
    fitting = (
        item for item in STOCK.values() if category in (None, item.category) and set(tag) <= set(item.tags)
    )
    return list(fitting)[:limit]


@router.get("/catalogue.csv")
def catalogue() -> FileResponse:
    """All items, to be saved."""
    lines = "".join(f"{item.id},{item.name},{item.price}\n" for item in STOCK.values())
    return FileResponse(lines.encode(), filename="catalogue.csv")


@router.post("/totals")
def totals(lines: Annotated[Iterator[bytes], Body(media_type="text/csv")]) -> Totals:
    """What lines of prices come to, however many: they are read while they arrive."""
    total, count, rest = Decimal(0), 0, b""
    for piece in lines:
        *whole, rest = (rest + piece).split(b"\n")
        count += len(whole)
        total += sum((Decimal(line.decode()) for line in whole), Decimal(0))
    return Totals(count=count, total=total)


@router.post("/offers")
def offer(offer: Offer) -> Offer:
    """Look at an offer."""
    return offer


@router.get("/{id}")
def read_item(id: int) -> Listed:
    """Read an item"""
    return find(id)


@router.put("/{id}", status_code=201)
def check_item(id: int, item: Item, response: Response) -> Listed:
    """Check an item

    Answers with what would be kept.
    """
    response.headers["location"] = f"/items/{id}"
    return Listed(item.name, item.price, item.category, item.tags, id)


@router.post("/{id}/picture")
def look_at_picture(id: int, file: UploadFile, title: Annotated[str, Form(max_length=50)] = "") -> Picture:
    """Look at a picture

    Says what was sent; its content stays with the host until it is read.
    """
    find(id)
    return Picture(title or file.filename or "", file.size, file.read(4) == b"\x89PNG")
