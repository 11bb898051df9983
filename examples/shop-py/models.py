"""What the shop deals in."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

from switchback import BaseModel, Field, computed_field, field_validator


class Category(Enum):
    """Where an item stands."""

    TOOLS = "tools"
    GARDEN = "garden"
    TOYS = "toys"


@dataclass
class Item:
    """An item as it is offered."""

    name: Annotated[str, Field(min_length=1, max_length=50, examples=["Hammer"])]
    price: Annotated[float, Field(gt=0, description="in euros")]
    category: Category = Category.TOOLS
    tags: Annotated[list[str], Field(max_length=10)] = field(default_factory=list)


@dataclass
class Listed(Item):
    """An item with its number."""

    id: int = 0


@dataclass
class Line:
    """So many of one item."""

    item: int
    count: Annotated[int, Field(ge=1, le=100)] = 1


@dataclass
class Rental:
    """From when to when."""

    start: date
    end: date

    def __post_init__(self) -> None:
        # A rule across fields: the client gets it as 422, like those that the host checks.
        if self.end < self.start:
            raise ValueError("a rental ends after it starts")


@dataclass
class Order:
    """What is ordered."""

    lines: Annotated[list[Line], Field(min_length=1)]
    rental: Rental | None = None


@dataclass
class Receipt:
    """What was ordered, with its price."""

    customer: str
    total: float
    at: datetime
    order: Order


@dataclass
class Picture:
    """A picture of an item."""

    title: str
    bytes: int
    is_png: bool


@dataclass
class Message:
    """What went wrong."""

    detail: str


class Totals(BaseModel):
    """What many prices come to."""

    count: int
    total: Decimal


class Offer(BaseModel):
    """Some items for less: a model as pydantic has them."""

    code: str = Field(min_length=3)
    number: int = Field(ge=0)
    price: Decimal = Field(gt=0, max_digits=40, decimal_places=20)
    items: list[str] = Field(default_factory=list)

    @field_validator("code")
    @classmethod
    def in_capitals(cls, code: str) -> str:
        if not code.isupper():
            raise ValueError("a code is in capitals")
        return code

    @computed_field
    @property
    def each(self) -> Decimal:
        """The price of one of them."""
        return self.price / max(len(self.items), 1)
