"""Records what Starlette's static files answer, mounted in a FastAPI app: python record.py > recorded.json

pip install fastapi==0.165.0 starlette==1.10.0
"""

import asyncio
import json
import mimetypes
import os
import platform
import re
import sys
import tempfile
from urllib.parse import unquote

import fastapi
import starlette
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

# Types as Python itself has them, whatever this machine adds.
mimetypes.init(files=[])

WRITTEN = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LARGE = LETTERS * 12_000

FOLDERS = {
    "plain": {
        "example.txt": LETTERS,
        "empty.txt": "",
        "large.bin": LARGE,
        "index.html": "<h1>plain</h1>",
        "sub/inner.txt": "inner",
        "sub/index.html": "<h1>sub</h1>",
        "with space.txt": "space",
        "é.txt": "accent",
        "a+b&c.txt": "signs",
        "style.css": "body{}",
        "data.json": "{}",
        "picture.png": "png",
        "drawing.svg": "<svg/>",
        "page.htm": "<p>",
        "module.wasm": "wasm",
        "archive.tar.gz": "tar",
        "archive.zip": "zip",
        "noend": "noend",
        "odd.unheard-of": "odd",
    },
    "html": {
        "index.html": "<h1>home</h1>",
        "404.html": "<h1>nowhere</h1>",
        "example.txt": LETTERS,
        "dir/index.html": "<h1>dir</h1>",
        "dir/deep/index.html": "<h1>deep</h1>",
        "empty/file.txt": "no index here",
    },
    "bare": {"index.html": "<h1>home</h1>", "dir/index.html": "<h1>dir</h1>", "dir/other.html": "other"},
}

RANGES = """
bytes=0-9|bytes=0-0|bytes=25-25|bytes=5-|bytes=0-|bytes=-5|bytes=-1|bytes=-26|bytes=-100|bytes=20-100|bytes=0-25|bytes=26-
bytes=26-30|bytes=100-|bytes=100-200|bytes=-0|bytes=5-2|bytes=9-5|bytes=0-4,10-14|bytes=0-4, 10-14, 20-|bytes=10-14,0-4
bytes=0-4,3-8|bytes=0-4,5-8|bytes=0-9,2-3|bytes=0-0,-1|bytes=-5,0-4|bytes=0-4,100-|bytes=0-4,x|bytes=x,0-4|bytes=x|bytes=
bytes=-|bytes=,|bytes=a-b|bytes=1-b|bytes=a-2|bytes= 0-4|bytes=0 - 4|bytes =0-4|BYTES=0-4|bytes|bytes 0-4|items=0-4|=0-4|0-4
bytes=0--4|bytes=--4|bytes=+1-4|bytes=0-4,,10-12|bytes=99999999999999999999999-|bytes=0-99999999999999999999999
bytes=-99999999999999999999999|bytes=1.0-2|bytes=0x1-2|bytes=0-4;q=1|bytes=0-4-6
""".strip().replace("\n", "|").split("|")


def cases():
    for target in """
        /plain/example.txt /plain/empty.txt /plain/large.bin /plain/index.html /plain/sub/inner.txt /plain/with%20space.txt
        /plain/%C3%A9.txt /plain/a+b&c.txt /plain/a%2Bb%26c.txt /plain/style.css /plain/data.json /plain/picture.png
        /plain/drawing.svg /plain/page.htm /plain/module.wasm /plain/archive.tar.gz /plain/archive.zip /plain/noend
        /plain/odd.unheard-of /plain/missing.txt /plain/sub/missing.txt /plain/missing/inner.txt /plain/example.txt/more
        /plain /plain/ /plain/sub /plain/sub/ /plain/sub/index.html /plain/sub/../example.txt /plain/sub/./inner.txt
        /plain//example.txt /plain/sub//inner.txt /plain/sub%2Finner.txt /plain/sub/%2e%2e/example.txt /plain/example.txt/
        /plain/EXAMPLE.TXT /plain/.. /plain/../html/example.txt /plain/%2e%2e/html/example.txt /plain/..%2Fhtml/example.txt
        /plain/a%00b /plain/%FF /plain/{long} /plain/example.txt?a=b /plain?a=b /html /html/ /html/index.html /html/dir
        /html/dir/ /html/dir?a=b&c /html/dir/deep /html/dir/deep/ /html/empty /html/empty/ /html/missing /html/missing/deeper
        /html/example.txt /html/404.html /html/../plain/example.txt /bare/ /bare/dir /bare/dir/ /bare/dir/other.html
        /bare/missing /bare/dir/missing /nowhere /plainer/example.txt
    """.split():
        target = target.replace("{long}", "a" * 300)
        yield "GET", target, {}
        if not target.startswith("/plain/"):
            yield "HEAD", target, {}
    for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]:
        for target in ["/plain/example.txt", "/plain/missing.txt", "/html/dir", "/html/missing"]:
            yield method, target, {}
    for value in RANGES:
        yield "GET", "/plain/example.txt", {"range": value}
    for value in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-"]:
        yield "GET", "/plain/empty.txt", {"range": value}
    for value in ["bytes=0-9", "bytes=100000-200000", "bytes=-70000", "bytes=0-9,300000-", "bytes=0-99999,150000-250000"]:
        yield "GET", "/plain/large.bin", {"range": value}
    yield "GET", "/plain/large.bin", {"range": "bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(100))}
    yield "GET", "/plain/large.bin", {"range": "bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(101))}
    for headers in [
        {"range": "bytes=0-4"},
        {"range": "bytes=0-4,8-9"},
        {"range": "bytes=99-"},
        {"range": "bytes=x"},
    ]:
        yield "HEAD", "/plain/example.txt", headers
    yield "GET", "/html/missing", {"range": "bytes=0-4"}
    yield "GET", "/html/", {"range": "bytes=0-4"}
    yield "POST", "/plain/example.txt", {"range": "bytes=0-4"}
    date, before, after = "Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:19 GMT", "Wed, 15 Nov 2023 00:00:00 GMT"
    for value in ["{etag}", "W/{etag}", '"other"', date, before, after, "", "*", '"a", {etag}']:
        yield "GET", "/plain/example.txt", {"range": "bytes=0-4", "if-range": value}
    for value in ["{etag}", "W/{etag}", '"other"', '"a", {etag}', "{etag},W/\"b\"", "*", " * ", '"*"', "other", "{bare}", ""]:
        yield "GET", "/plain/example.txt", {"if-none-match": value}
        yield "HEAD", "/plain/example.txt", {"if-none-match": value}
    for value in [
        date,
        before,
        after,
        "Tuesday, 14-Nov-23 22:13:20 GMT",
        "Tue Nov 14 22:13:20 2023",
        "yesterday",
        "",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ]:
        yield "GET", "/plain/example.txt", {"if-modified-since": value}
    yield "GET", "/plain/example.txt", {"if-modified-since": after, "if-none-match": '"other"'}
    yield "GET", "/plain/example.txt", {"if-modified-since": before, "if-none-match": "{etag}"}
    yield "GET", "/plain/example.txt", {"if-modified-since": date, "range": "bytes=0-4"}
    yield "GET", "/plain/example.txt", {"if-none-match": "{etag}", "range": "bytes=0-4"}
    yield "GET", "/html/dir/", {"if-none-match": "{etag}"}
    yield "GET", "/html/missing", {"if-none-match": "{etag}"}
    yield "GET", "/html/missing", {"if-modified-since": after}


async def ask(app, method, target, headers):
    """As uvicorn asks: the path decoded, the rest as it came."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"testserver"), *((k.encode(), v.encode()) for k, v in headers.items())],
        "client": ("testclient", 50000),
        "server": ("testserver", 80),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    headers = {k.decode(): v.decode("latin-1") for k, v in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])


async def record():
    with tempfile.TemporaryDirectory() as root:
        app = FastAPI(openapi_url=None)
        for folder, files in FOLDERS.items():
            for path, text in files.items():
                place = os.path.join(root, folder, path)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "w") as file:
                    file.write(text)
                os.utime(place, (WRITTEN, WRITTEN))
            app.mount(f"/{folder}", StaticFiles(directory=os.path.join(root, folder), html=folder != "plain"))
        exchanges = []
        for method, target, headers in cases():
            _, plain, _ = await ask(app, "GET", target.split("?")[0], {})
            etag = plain.get("etag", '"none"')
            filled = {k: v.replace("{etag}", etag).replace("{bare}", etag.strip('"')) for k, v in headers.items()}
            status, answer, body = await ask(app, method, target, filled)
            if "etag" in answer:
                answer["etag"] = "{etag}"
            kind = answer.get("content-type", "")
            text = body.decode()
            if boundary := re.search("boundary=(.*)", kind):
                answer["content-type"] = kind.replace(boundary[1], "{boundary}")
                text = text.replace(boundary[1], "{boundary}")
                answer.pop("content-length")
            if len(text) > 400:
                text = {"bytes": len(text), "begins": text[:20], "ends": text[-20:]}
            if "location" in answer:
                answer["location"] = answer["location"].removeprefix("http://testserver")
            exchange = {"method": method, "target": target, "sent": headers, "status": status, "headers": answer}
            if text:
                exchange["body"] = text
            exchanges.append(exchange)
        return exchanges


about = {
    "recorded_with": {"starlette": starlette.__version__, "fastapi": fastapi.__version__, "python": platform.python_version()},
    "written": WRITTEN,
    "large": {"repeats": LETTERS, "times": 12_000},
    "folders": {
        folder: {path: None if text == LARGE else text for path, text in files.items()}
        for folder, files in FOLDERS.items()
    },
}
lines = [json.dumps(exchange, ensure_ascii=False) for exchange in asyncio.run(record())]
head = json.dumps(about, ensure_ascii=False, indent=1)[:-2]
sys.stdout.write(head + ',\n "exchanges": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n")
