"""A shop: routers, nested models, headers, dependencies, and answers other than 200."""

import logging
from datetime import datetime, timezone
from typing import Annotated

import items
from models import Message, Order, Receipt
from switchback import App, Depends, Header, HTMLResponse, HTTPException, RedirectResponse
from switchback import PlainTextResponse, Request, RequestValidationError, Response, request

log = logging.getLogger(__name__)

app = App(title="Shop", version="1.0.0", description="A shop in *Python*.")
app.include_router(items.router)


@app.exception_handler(405)
async def other_method(request: Request, error: HTTPException) -> Response:
    """Asked by the host, which finds out about methods."""
    return PlainTextResponse(f"{request.method} is nothing that {request.url.path} knows", error.status_code)


def customer(x_customer: Annotated[str, Header(min_length=3, description="who is ordering")]) -> str:
    """The customer, who is to be known."""
    if x_customer == "mallory":
        raise HTTPException(403, "we do not sell to you")
    return x_customer


@app.post("/orders", status_code=201, tags=["orders"], responses={403: {"model": Message}})
def order(order: Order, customer: Annotated[str, Depends(customer)]) -> Receipt:
    """Order something"""
    total = 0.0
    for place, line in enumerate(order.lines):
        if line.item not in items.STOCK:
            raise RequestValidationError.at(
                "body", "lines", place, "item", type="unknown_item", msg="There is no such item", input=line.item
            )
        total += items.STOCK[line.item].price * line.count
    log.info("ordered", extra={"customer": customer, "total": total})
    return Receipt(customer, total, datetime.now(timezone.utc), order)


@app.get("/", tags=["pages"])
def front() -> HTMLResponse:
    """The front page"""
    return HTMLResponse(f"<h1>Shop</h1><p>You are {request.headers.get('user-agent', 'somebody')!r}.")


@app.get("/old", tags=["pages"], status_code=307)
def old() -> RedirectResponse:
    """Where it was once"""
    return RedirectResponse("/")
