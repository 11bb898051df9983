from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from starlette.exceptions import HTTPException as StarletteHTTPException
from fastapi.responses import JSONResponse


async def not_found(request, exc):
    return JSONResponse({"nf": request.url.path}, status_code=404)


async def oops(request, exc):
    return JSONResponse({"oops": str(exc)}, status_code=500)


app = FastAPI(exception_handlers={404: not_found, Exception: oops})


@app.exception_handler(RequestValidationError)
async def val(request, exc):
    return await request_validation_exception_handler(request, exc)


@app.get("/a/{n}")
def a(n: int):
    if n == 4:
        raise HTTPException(404, "gone")
    if n == 5:
        raise HTTPException(405, "five")
    if n == 6:
        raise KeyError("six")
    return n


REQUESTS = [
    ("GET", "/a/1"),
    ("GET", "/a/4"),
    ("GET", "/a/5"),
    ("GET", "/a/6"),
    ("GET", "/a/x"),
    ("GET", "/zz"),
    ("POST", "/a/1"),
]
