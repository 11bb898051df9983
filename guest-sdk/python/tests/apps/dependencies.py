# dependencies
from typing import Annotated
from fastapi import Depends, FastAPI, Header, HTTPException, Cookie, APIRouter, Request, Query

app = FastAPI(dependencies=[])
log = []


async def common(q: str | None = None, skip: int = 0, limit: int = 100):
    return {"q": q, "skip": skip, "limit": limit}


CommonsDep = Annotated[dict, Depends(common)]


@app.get("/items/")
async def items(commons: CommonsDep):
    return commons


class Common:
    def __init__(self, q: str | None = None, skip: int = 0, limit: int = 100):
        self.q, self.skip, self.limit = q, skip, limit


@app.get("/classes")
async def classes(commons: Annotated[Common, Depends()]):
    return {"q": commons.q, "l": commons.limit}


@app.get("/classes2")
async def classes2(commons=Depends(Common)):
    return {"q": commons.q, "l": commons.limit}


def query_extractor(q: str | None = None):
    return q


def query_or_cookie(q: Annotated[str, Depends(query_extractor)], last_query: Annotated[str | None, Cookie()] = None):
    return last_query if not q else q


@app.get("/sub")
async def sub(x: Annotated[str, Depends(query_or_cookie)]):
    return {"x": x}


async def verify_token(x_token: Annotated[str, Header()]):
    if x_token != "right":
        raise HTTPException(status_code=400, detail="no such token")


async def verify_key(x_key: Annotated[str, Header()]):
    if x_key != "key":
        raise HTTPException(status_code=400, detail="X-Key header invalid")
    return x_key


@app.get("/dec", dependencies=[Depends(verify_token), Depends(verify_key)])
async def dec(z: int = 0):
    return [{"item": "Tea"}]


async def get_db():
    log.append("open")
    try:
        yield "db"
    except ValueError as e:
        log.append("saw")
        raise HTTPException(status_code=400, detail=f"Owner error: {e}")
    finally:
        log.append("close")


def dep_b(db: Annotated[str, Depends(get_db)]):
    yield db + "b"
    log.append("b")


@app.get("/yield/{x}")
def yi(x: str, db: Annotated[str, Depends(get_db)], b: Annotated[str, Depends(dep_b)]):
    if x == "bad":
        raise ValueError("bad owner")
    return [db, b]


@app.get("/log")
def lg():
    out = list(log)
    log.clear()
    return out


class Checker:
    def __init__(self, fixed):
        self.fixed = fixed

    def __call__(self, q: str = ""):
        return self.fixed in q


checker = Checker("bar")


@app.get("/callable")
async def cal(ok: Annotated[bool, Depends(checker)]):
    return {"ok": ok}


@app.get("/req")
async def req(request: Request):
    return {
        "path": request.url.path,
        "q": dict(request.query_params),
        "h": request.headers["x-a"],
        "c": request.cookies,
        "m": request.method,
        "host": request.client.host,
        "pp": request.path_params,
    }


router = APIRouter(
    prefix="/r", tags=["r"], dependencies=[Depends(verify_token)], responses={404: {"description": "Not found"}}
)


@router.get("/")
async def r1():
    return 1


@router.get("/{id}", tags=["custom"], responses={403: {"description": "Not yours"}})
async def r2(id: str):
    return id


app.include_router(router)
app.include_router(
    router,
    prefix="/admin",
    tags=["admin"],
    dependencies=[Depends(verify_key)],
    responses={418: {"description": "I'm a teapot"}},
    deprecated=True,
)
H = {"headers": {"x-token": "right", "x-key": "key", "x-a": "b", "cookie": "a=b"}}
REQUESTS = [
    ("GET", "/items/?q=a&skip=2"),
    ("GET", "/items/?skip=z&limit=x"),
    ("GET", "/classes?q=1"),
    ("GET", "/classes2?q=1"),
    ("GET", "/sub?q=e"),
    ("GET", "/sub", {"headers": {"cookie": "last_query=lq"}}),
    ("GET", "/dec?z=q"),
    ("GET", "/dec", H),
    ("GET", "/dec", {"headers": {"x-token": "no", "x-key": "no"}}),
    ("GET", "/dec", {"headers": {"x-token": "right", "x-key": "no"}}),
    ("GET", "/yield/a"),
    ("GET", "/log"),
    ("GET", "/yield/bad"),
    ("GET", "/log"),
    ("GET", "/callable?q=foobar"),
    ("GET", "/req?x=1&y=2", H),
    ("GET", "/r/"),
    ("GET", "/r/", H),
    ("GET", "/r/5", H),
    ("GET", "/admin/r/5", H),
    ("GET", "/admin/r/5"),
]
