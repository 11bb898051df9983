from typing import Annotated, Literal
from enum import Enum
from fastapi import (
    FastAPI,
    Path,
    Query,
    Header,
    Cookie,
    Body,
    Response,
    status,
    HTTPException,
    Request,
    Depends,
    APIRouter,
)
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, JSONResponse
from pydantic import BaseModel, Field, HttpUrl, EmailStr


class Image(BaseModel):
    url: HttpUrl
    name: str


class Item(BaseModel):
    name: str
    description: str | None = Field(default=None, title="What it is", max_length=300)
    price: float = Field(gt=0, description="More than nothing")
    tax: float | None = None
    tags: set[str] = set()
    images: list[Image] | None = None


class User(BaseModel):
    username: str
    full_name: str | None = None


class UserIn(BaseModel):
    username: str
    password: str
    email: EmailStr
    full_name: str | None = None


class UserOut(BaseModel):
    username: str
    email: EmailStr
    full_name: str | None = None


class Size(str, Enum):
    small = "small"
    large = "large"


app = FastAPI(
    title="A shop",
    summary="S",
    description="D",
    version="2.0",
    terms_of_service="http://x/t",
    contact={"name": "N", "url": "http://x/", "email": "a@b.co"},
    license_info={"name": "Apache"},
    openapi_tags=[{"name": "items", "description": "I"}],
)


@app.get("/")
async def root():
    return {"message": "Hello World"}


@app.get("/items/{item_id}", tags=["items"])
async def read_item(item_id: int, q: str | None = None, short: bool = False):
    """Read one.

    With *words*.
    \f
    :param x: y
    """
    item = {"item_id": item_id}
    if q:
        item.update({"q": q})
    if not short:
        item.update({"description": "long"})
    return item


@app.get("/sizes/{size}")
async def get_model(size: Size):
    if size is Size.small:
        return {"size": size, "message": "Deep"}
    return {"size": size, "message": size.value}


@app.get("/files/{file_path:path}")
async def read_file(file_path: str):
    return {"file_path": file_path}


@app.post("/items/")
async def create_item(item: Item):
    item_dict = item.model_dump()
    if item.tax is not None:
        item_dict.update({"price_with_tax": item.price + item.tax})
    return item_dict


@app.put("/items/{item_id}")
async def update_item(
    *,
    item_id: Annotated[int, Path(title="The ID", ge=0, le=1000)],
    q: str | None = None,
    item: Item,
    user: User,
    importance: Annotated[int, Body(gt=0)],
):
    return {"item_id": item_id, "item": item, "user": user, "importance": importance, "q": q}


@app.post("/embed")
async def embed(item: Annotated[Item, Body(embed=True)]):
    return item


@app.post("/user/", response_model=UserOut)
async def create_user(user: UserIn):
    return user


@app.get("/list")
async def ql(
    q: Annotated[list[str], Query(min_length=1)] = ["foo", "bar"],
    n: Annotated[int | None, Query(alias="item-n", deprecated=True)] = None,
):
    return {"q": q, "n": n}


@app.get("/hc")
async def hc(
    user_agent: Annotated[str | None, Header()] = None,
    x_token: Annotated[list[str] | None, Header()] = None,
    last_seen: Annotated[str | None, Cookie()] = None,
    strange: Annotated[str | None, Header(convert_underscores=False)] = None,
):
    return {"x": x_token, "last_seen": last_seen, "s": strange}


@app.get("/html", response_class=HTMLResponse)
async def html():
    return "<h1>Hi</h1>"


@app.get("/text", response_class=PlainTextResponse)
async def text():
    return "Hello"


@app.get("/re", response_class=RedirectResponse)
async def red():
    return "https://fastapi.tiangolo.com"


@app.get("/re2")
async def red2():
    return RedirectResponse("/typer")


@app.get("/re3", response_class=RedirectResponse, status_code=302)
async def red3():
    return "/x"


@app.post("/st", status_code=status.HTTP_201_CREATED)
async def st(name: str, response: Response):
    response.headers["X-Both"] = "both"
    response.set_cookie(key="visit", value="first")
    return {"name": name}


@app.put("/gs/{id}", status_code=200)
def gs(id: str, response: Response):
    if id == "new":
        response.status_code = status.HTTP_201_CREATED
    return id


@app.delete("/d", status_code=204)
def d() -> None:
    pass


@app.get("/err/{id}")
def err(id: str):
    if id == "gone":
        raise HTTPException(status_code=404, detail={"a": [1]}, headers={"X-Error": "no such thing"})
    if id == "boom":
        raise RuntimeError("x")
    raise HTTPException(418)


@app.get("/json")
def js():
    return JSONResponse(content={"a": 1}, status_code=202, headers={"x-a": "b"})


@app.get("/xml")
def xml():
    return Response(content="<a/>", media_type="application/xml")


I = {"name": "F", "price": 3, "tags": ["a", "a"], "images": [{"url": "http://shop.example/f.jpg", "name": "x"}]}
REQUESTS = [
    ("GET", "/"),
    ("GET", "/items/3?q=x&short=1"),
    ("GET", "/items/foo?short=z"),
    ("GET", "/sizes/small"),
    ("GET", "/sizes/x"),
    ("GET", "/files/a/b.txt"),
    ("POST", "/items/", {"json": I}),
    ("POST", "/items/", {"json": {"name": "F", "price": -3, "images": [{"url": "nope"}]}}),
    ("POST", "/items/", {"json": {"name": "F", "price": 3.5, "tax": 1}}),
    ("POST", "/items/", {"content": "{bad", "headers": {"content-type": "application/json"}}),
    ("POST", "/items/"),
    ("PUT", "/items/5", {"json": {"item": I, "user": {"username": "u"}, "importance": 3}}),
    ("PUT", "/items/5000", {"json": {"item": {}, "importance": 0}}),
    ("POST", "/embed", {"json": {"item": I}}),
    ("POST", "/embed", {"json": I}),
    ("POST", "/user/", {"json": {"username": "a", "password": "b", "email": "a@example.com"}}),
    ("POST", "/user/", {"json": {"username": "a", "password": "b", "email": "aexample"}}),
    ("GET", "/list"),
    ("GET", "/list?q=a&q=b&item-n=4"),
    ("GET", "/list?item-n=x"),
    ("GET", "/hc", {"headers": [("x-token", "a"), ("x-token", "b"), ("cookie", "last_seen=q"), ("strange", "t")]}),
    ("GET", "/html"),
    ("GET", "/text"),
    ("GET", "/re"),
    ("GET", "/re2"),
    ("GET", "/re3"),
    ("POST", "/st?name=a"),
    ("PUT", "/gs/new"),
    ("PUT", "/gs/old"),
    ("DELETE", "/d"),
    ("GET", "/err/gone"),
    ("GET", "/err/boom"),
    ("GET", "/err/x"),
    ("GET", "/json"),
    ("GET", "/xml"),
    ("GET", "/nope"),
    ("POST", "/text"),
]
