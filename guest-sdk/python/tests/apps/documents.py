# documents: additional responses, callbacks, webhooks, ids, examples, openapi_extra, hidden
from typing import Annotated, Any
from enum import Enum
from datetime import datetime
from fastapi import FastAPI, APIRouter, Body, Response, Query, Path
from fastapi.responses import JSONResponse, FileResponse, HTMLResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, HttpUrl, Field


class Tags(Enum):
    items = "items"
    users = "users"


def custom_id(route: APIRoute):
    return f"{route.tags[0] if route.tags else 'x'}-{route.name}-{sorted(route.methods)}"


app = FastAPI(
    generate_unique_id_function=custom_id,
    servers=[{"url": "https://a.b"}],
    openapi_external_docs={"url": "https://d.e/", "description": "more"},
    deprecated=None,
    responses={500: {"description": "bad"}},
)


class Item(BaseModel):
    id: str
    value: str


class Message(BaseModel):
    message: str


@app.get(
    "/items/{item_id}",
    response_model=Item,
    responses={
        404: {"model": Message, "description": "No such item"},
        200: {
            "description": "The item",
            "content": {"application/json": {"example": {"id": "bar", "value": "Two for tea"}}},
        },
    },
    tags=[Tags.items],
)
async def read_item(item_id: str):
    if item_id == "foo":
        return {"id": "foo", "value": "there goes my hero"}
    return JSONResponse(status_code=404, content={"message": "Item not found"})


@app.get(
    "/img/{item_id}",
    response_model=Item,
    responses={
        200: {"content": {"image/png": {}}, "description": "The item, or its picture"},
        "4XX": {"model": Message},
        "default": {"description": "D"},
    },
    response_description="RD",
)
async def img(item_id: str):
    return {"id": "a", "value": "b"}


class Invoice(BaseModel):
    id: str
    title: str | None = None
    customer: str
    total: float


class InvoiceEvent(BaseModel):
    description: str
    paid: bool


class InvoiceEventReceived(BaseModel):
    ok: bool


cb = APIRouter()


@cb.post("{$callback_url}/invoices/{$request.body.id}", response_model=InvoiceEventReceived)
def invoice_notification(body: InvoiceEvent):
    pass


@app.post("/invoices/", callbacks=cb.routes)
def create_invoice(invoice: Invoice, callback_url: HttpUrl | None = None):
    """Create an invoice.

    This will (let's imagine) let the API user create an invoice.
    """
    return {"msg": "Paid"}


class Subscription(BaseModel):
    username: str
    monthly_fee: float
    start_date: datetime


@app.webhooks.post("new-subscription")
def new_subscription(body: Subscription):
    """Somebody joined"""


@app.post(
    "/ex",
    summary="Create an item",
    description="All that is known",
    operation_id="some_specific_id",
    deprecated=True,
)
async def ex(
    item: Annotated[
        Item,
        Body(
            examples=[{"id": "Tea", "value": "A"}],
            openapi_examples={
                "normal": {"summary": "As usual", "description": "d", "value": {"id": "a", "value": "b"}}
            },
        ),
    ],
):
    return item


@app.get("/hidden", include_in_schema=False)
async def hidden():
    return 1


@app.post(
    "/extra",
    openapi_extra={
        "x-shelf": "blue",
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {"required": ["name"], "type": "object", "properties": {"name": {"type": "string"}}}
                }
            },
            "required": True,
        },
    },
)
async def extra():
    return 1


@app.put("/named", name="other name")
async def named():
    return 1


@app.api_route("/multi", methods=["GET", "POST"], tags=["a"])
async def multi():
    return 1


def later(x: int):
    return x


app.add_api_route("/later", later, methods=["GET"], status_code=201)


@app.get("/hh", response_class=HTMLResponse, responses={404: {"model": Message}})
def hh():
    return "<p>"


REQUESTS = [
    ("GET", "/items/foo"),
    ("GET", "/items/bar"),
    ("GET", "/img/1"),
    ("POST", "/invoices/?callback_url=http://a.b", {"json": {"id": "1", "customer": "c", "total": 3}}),
    ("POST", "/ex", {"json": {"id": "a", "value": "b"}}),
    ("GET", "/hidden"),
    ("PUT", "/named"),
    ("GET", "/multi"),
    ("POST", "/multi"),
    ("GET", "/later?x=3"),
    ("GET", "/later"),
    ("GET", "/hh"),
]
