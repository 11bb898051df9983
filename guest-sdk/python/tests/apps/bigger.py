# bigger application style + misc
from typing import Annotated, Any, List, Dict, Optional, Union, Set
from fastapi import (
    FastAPI,
    APIRouter,
    Depends,
    Header,
    HTTPException,
    Query,
    Body,
    Path,
    Form,
    File,
    UploadFile,
    Cookie,
    Response,
    Request,
    status,
)
from fastapi.responses import (
    JSONResponse,
    HTMLResponse,
    RedirectResponse,
    FileResponse,
    PlainTextResponse,
    StreamingResponse,
)
from pydantic import BaseModel, Field, ConfigDict, field_validator, model_validator

app = FastAPI(
    title="T",
    description="""ChimichangApp API helps you do awesome stuff.

## Items""",
    openapi_tags=[
        {
            "name": "users",
            "description": "U",
            "externalDocs": {"description": "x", "url": "https://fastapi.tiangolo.com/"},
        }
    ],
)


def to_camel(s: str) -> str:
    p = s.split("_")
    return p[0] + "".join(x.title() for x in p[1:])


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    first_name: str
    last_name: Optional[str] = None
    home_address: Dict[str, str] = {}


@app.post("/camel", response_model=Camel)
def camel(c: Camel):
    return c


@app.get("/camel", response_model=Camel)
def camel2():
    return Camel(first_name="a", last_name="b")


class UserBase(BaseModel):
    username: str
    email: str
    full_name: str | None = None


class UserIn(UserBase):
    password: str


class UserOut(UserBase):
    pass


class UserInDB(UserBase):
    hashed_password: str


def stored(user_in: UserIn):
    return UserInDB(**user_in.model_dump(), hashed_password="x" + user_in.password)


@app.post("/user/", response_model=UserOut, tags=["users"])
async def create_user(user_in: UserIn):
    return stored(user_in)


class Image(BaseModel):
    url: str
    name: str


class Item(BaseModel):
    name: str
    description: Union[str, None] = None
    price: float
    tax: Union[float, None] = None
    tags: Set[str] = set()
    images: Union[List[Image], None] = None


class Offer(BaseModel):
    name: str
    items: List[Item]


@app.post("/offers/")
async def create_offer(offer: Offer):
    return offer


@app.post("/images/multiple/")
async def create_multiple_images(images: List[Image]):
    for image in images:
        image.url
    return images


@app.post("/index-weights/")
async def create_index_weights(weights: Dict[int, float]):
    return weights


items = {
    "foo": {"name": "Tea", "price": 3.5},
    "bar": {"name": "Mug", "description": "Two for tea", "price": 9, "tax": 1.5, "tags": []},
}


@app.put("/items/{item_id}", response_model=Item)
async def update_item(item_id: str, item: Item):
    if item_id not in items:
        raise HTTPException(status_code=404, detail="Item not found")
    return item


@app.get("/keyword-weights/", response_model=dict[str, float])
async def kw():
    return {"foo": 2.3, "bar": 3.4}


@app.get("/multi", response_model=List[Union[UserOut, Item]])
async def multi():
    return [{"username": "a", "email": "b", "x": 1}, {"name": "i", "price": 2}]


@app.get("/hdr")
def hdr():
    return JSONResponse(
        content={"message": "Hello World"}, headers={"X-Both": "both", "Content-Language": "en-US"}
    )


@app.get("/cookie")
def cookie():
    response = JSONResponse(content={"message": "You have a cookie"})
    response.set_cookie(
        key="visit",
        value="v a;l",
        max_age=3,
        httponly=True,
        secure=True,
        samesite="none",
        path="/x",
        domain="a.b",
        expires=4,
    )
    response.delete_cookie("other")
    return response


@app.get("/users/me")
async def me():
    return {"user_id": "the current user"}


@app.get("/users/{user_id}")
async def uid(user_id: str):
    return {"user_id": user_id}


@app.get("/users/{user_id}/items/{item_id}")
async def uitem(user_id: int, item_id: str, needy: str, skip: int = 0, limit: Union[int, None] = None):
    return {"item_id": item_id, "owner_id": user_id, "needy": needy, "skip": skip, "limit": limit}


@app.get("/bools")
def bools(a: bool, b: Optional[bool] = None):
    return [a, b]


@app.head("/head")
def head(response: Response):
    response.headers["x-a"] = "1"


@app.options("/opt")
def opt():
    return {"o": 1}


@app.patch("/p")
def p(x: Annotated[dict[str, Any], Body()]):
    return x


@app.delete("/del/{id}", status_code=status.HTTP_204_NO_CONTENT, response_class=Response)
def dele(id: int):
    return Response(status_code=204)


@app.get("/304")
def nm():
    raise HTTPException(304)


@app.get("/nested-exc")
def ne():
    raise HTTPException(status_code=400, detail=[{"a": 1}])


@app.get("/st")
def st(response: Response):
    response.status_code = 202


@app.get("/raise-type")
def rt() -> Item:
    return Item(name="x")


@app.get("/none")
def none():
    pass


@app.get("/none2")
def none2() -> None:
    return None


@app.get("/opt-model")
def om() -> Item | None:
    return None


@app.get("/txt")
def txt() -> str:
    return "a"


@app.get("/float")
def fl() -> float:
    return 3


@app.get("/tup")
def tp() -> tuple[int, str]:
    return (1, "a")


@app.get("/nan")
def nan():
    return {"a": float("nan")}


@app.get("/set")
def se() -> set[int]:
    return {3}


@app.get("/path/{p:path}")
def pp(p: str):
    return p


@app.get("/num/{n:int}")
def pn(n: int):
    return n


@app.get("/order")
def order(b: int, a: Annotated[str, Query(max_length=2)] = "x", *, c: str):
    return [b, a, c]


I = {"name": "n", "price": 1, "tags": ["a"], "images": [{"url": "u", "name": "i"}]}
REQUESTS = [
    ("POST", "/camel", {"json": {"firstName": "a", "homeAddress": {"x": "y"}}}),
    ("GET", "/camel"),
    ("POST", "/camel", {"json": {}}),
    ("POST", "/user/", {"json": {"username": "a", "email": "b", "password": "c"}}),
    ("POST", "/offers/", {"json": {"name": "o", "items": [I]}}),
    ("POST", "/offers/", {"json": {"name": "o", "items": [{"name": 1}]}}),
    ("POST", "/images/multiple/", {"json": [{"url": "u", "name": "i"}]}),
    ("POST", "/index-weights/", {"json": {"1": 2.5}}),
    ("PUT", "/items/foo", {"json": I}),
    ("PUT", "/items/zzz", {"json": I}),
    ("GET", "/keyword-weights/"),
    ("GET", "/multi"),
    ("GET", "/hdr"),
    ("GET", "/cookie"),
    ("GET", "/users/me"),
    ("GET", "/users/you"),
    ("GET", "/users/1/items/a?needy=x&skip=2"),
    ("GET", "/users/1/items/a"),
    ("GET", "/bools?a=on&b=off"),
    ("GET", "/bools?a=2"),
    ("HEAD", "/head"),
    ("OPTIONS", "/opt"),
    ("PATCH", "/p", {"json": {"a": 1}}),
    ("DELETE", "/del/3"),
    ("GET", "/304"),
    ("GET", "/nested-exc"),
    ("GET", "/st"),
    ("GET", "/raise-type"),
    ("GET", "/none"),
    ("GET", "/none2"),
    ("GET", "/opt-model"),
    ("GET", "/txt"),
    ("GET", "/float"),
    ("GET", "/tup"),
    ("GET", "/nan"),
    ("GET", "/set"),
    ("GET", "/path/a/b"),
    ("GET", "/num/3"),
    ("GET", "/num/x"),
    ("GET", "/order?b=1&c=2&a=abc"),
    ("GET", "/order?b=1&c=2"),
    ("GET", "/index-weights/"),
    ("GET", "/hdr/"),
]
