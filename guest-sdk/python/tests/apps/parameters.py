# parameter models, aliases, forms, files
from typing import Annotated, Literal, Union, List, Optional
from fastapi import FastAPI, Query, Header, Cookie, Form, File, UploadFile, Path, Body
from pydantic import BaseModel, Field

app = FastAPI()


class FilterParams(BaseModel):
    model_config = {"extra": "forbid"}
    limit: int = Field(100, gt=0, le=100)
    offset: int = Field(0, ge=0)
    order_by: Literal["created_at", "updated_at"] = "created_at"
    tags: list[str] = []


class CommonHeaders(BaseModel):
    host2: str
    save_data: bool
    if_modified_since: str | None = None
    traceparent: str | None = None
    x_tag: list[str] = []


class Cookies(BaseModel):
    model_config = {"extra": "forbid"}
    session_id: str
    fatebook_tracker: str | None = None


class FormData(BaseModel):
    username: str
    password: str = Field(min_length=3)
    model_config = {"extra": "forbid"}


@app.get("/items/")
async def read_items(filter_query: Annotated[FilterParams, Query()]):
    return filter_query


@app.get("/headers/")
async def hs(headers: Annotated[CommonHeaders, Header()]):
    return headers


@app.get("/cookies/")
async def cs(cookies: Annotated[Cookies, Cookie()]):
    return cookies


@app.post("/login/")
async def login(data: Annotated[FormData, Form()]):
    return data


@app.post("/login2/")
async def login2(
    username: Annotated[str, Form()],
    password: Annotated[str, Form(min_length=2)],
    age: Annotated[int | None, Form()] = None,
    opts: Annotated[list[int], Form()] = [],
):
    return {"username": username, "age": age, "opts": opts}


@app.post("/files/")
async def create_file(file: Annotated[bytes, File(description="What was scanned")]):
    return {"file_size": len(file)}


@app.post("/uploadfile/")
async def create_upload_file(file: UploadFile):
    contents = await file.read()
    await file.seek(0)
    again = file.file.read()
    await file.close()
    return {
        "filename": file.filename,
        "n": len(contents),
        "m": len(again),
        "t": file.content_type,
        "s": file.size,
        "cd": file.headers["content-disposition"],
    }


@app.post("/opt/")
async def opt(file: UploadFile | None = None, note: Annotated[str | None, Form()] = None):
    if not file:
        return {"message": "nothing came", "note": note}
    return {"filename": file.filename, "note": note}


@app.post("/many/")
async def many(files: list[UploadFile], raw: Annotated[list[bytes], File()] = []):
    return {"filenames": [f.filename for f in files], "raw": [len(r) for r in raw]}


@app.post("/mix/")
async def mix(file: Annotated[bytes, File()], fileb: Annotated[UploadFile, File()], token: Annotated[str, Form()]):
    return {"file_size": len(file), "token": token, "t": fileb.content_type}


@app.get("/q1")
async def q1(
    q: Annotated[
        str | None,
        Query(
            alias="item-query",
            title="Query string",
            description="D",
            min_length=3,
            max_length=50,
            pattern="^fixedquery$",
            deprecated=True,
        ),
    ] = None,
):
    return q


@app.get("/q2")
async def q2(hidden_query: Annotated[str | None, Query(include_in_schema=False)] = None):
    return hidden_query


@app.get("/q3/{item_id}")
async def q3(
    item_id: Annotated[int, Path(title="T", gt=0, le=1000)],
    size: Annotated[float, Query(gt=0, lt=10.5)],
    q: str = Query(default=..., max_length=3),
    z: str = "d",
    b: bool = False,
    o: Optional[int] = None,
    l: List[int] = Query([1, 2]),
):
    return [item_id, size, q, z, b, o, l]


@app.get("/q4")
async def q4(
    q: Annotated[str, Query(examples=["a", "b"])],
    r: Annotated[str | None, Query(openapi_examples={"n": {"summary": "s", "value": "v"}})] = None,
):
    return q


@app.get("/q5")
async def q5(
    a: Annotated[str, Query(default_factory=lambda: "made")],
    s: Annotated[set[int], Query()] = set(),
    t: Annotated[tuple[int, str] | None, Query()] = None,
):
    return [a, sorted(s), t]


F = ("a.txt", b"hello", "text/plain")
REQUESTS = [
    ("GET", "/items/"),
    ("GET", "/items/?limit=5&offset=2&order_by=updated_at&tags=a&tags=b"),
    ("GET", "/items/?limit=0&x=1&order_by=q"),
    ("GET", "/headers/", {"headers": [("host2", "h"), ("save-data", "true"), ("x-tag", "a"), ("x-tag", "b")]}),
    ("GET", "/headers/", {"headers": {"save-data": "q"}}),
    ("GET", "/cookies/", {"headers": {"cookie": "session_id=a; fatebook_tracker=b"}}),
    ("GET", "/cookies/", {"headers": {"cookie": "session_id=a; z=b"}}),
    ("GET", "/cookies/"),
    ("POST", "/login/", {"data": {"username": "u", "password": "pppp"}}),
    ("POST", "/login/", {"data": {"username": "u", "password": "p", "q": "1"}}),
    ("POST", "/login/"),
    ("POST", "/login2/", {"data": {"username": "u", "password": "pppp", "age": "4", "opts": ["1", "2"]}}),
    ("POST", "/login2/", {"data": {"password": "p", "age": "x"}}),
    ("POST", "/files/", {"files": {"file": F}}),
    ("POST", "/files/"),
    ("POST", "/uploadfile/", {"files": {"file": F}}),
    ("POST", "/uploadfile/"),
    ("POST", "/opt/"),
    ("POST", "/opt/", {"files": {"file": F}, "data": {"note": "n"}}),
    ("POST", "/many/", {"files": [("files", F), ("files", F), ("raw", F)]}),
    ("POST", "/mix/", {"files": {"file": F, "fileb": F}, "data": {"token": "t"}}),
    ("POST", "/mix/", {"data": {"token": "t"}}),
    ("GET", "/q1?item-query=fixedquery"),
    ("GET", "/q1?item-query=zz"),
    ("GET", "/q2?hidden_query=a"),
    ("GET", "/q3/4?size=2&q=a"),
    ("GET", "/q3/0?size=20&q=aaaa&b=zz&l=x"),
    ("GET", "/q3/4"),
    ("GET", "/q4?q=1"),
    ("GET", "/q5"),
    ("GET", "/q5?s=1&s=2&s=1&t=1&t=b"),
]
