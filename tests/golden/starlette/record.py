"""Asks Starlette's middleware what it answers, and writes that down: `python record.py` in this folder."""

import asyncio
import itertools
import json
from importlib.metadata import version

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

# What is told by a header is looked at in both; other headers are each server's own.
TOLD = ("access-control-", "vary", "location")


async def app(scope, receive, send):
    """Answers with the headers that the request's `x-script` names: `header vary Accept; full ok`."""
    asked = dict(scope["headers"]).get(b"x-script", b"").decode()
    response = PlainTextResponse("ok")
    for step in filter(None, (step.strip() for step in asked.split(";"))):
        verb, _, rest = step.partition(" ")
        if verb == "header":
            name, _, value = rest.partition(" ")
            response.headers.append(name, value)
    await response(scope, receive, send)


async def ask(middleware, method, target, headers):
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "server": ("testserver", 80),
        "client": ("192.0.2.1", 1),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await middleware(scope, receive, send)
    told = sorted(
        [name.decode(), value.decode("latin-1")]
        for name, value in sent[0]["headers"]
        if name.decode().startswith(TOLD)
    )
    body = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    return {"status": sent[0]["status"], "headers": told, "body": body}


def answers(make, requests):
    for settings, asked in requests:
        middleware = make(settings)
        cases = []
        for method, target, headers in asked:
            answer = asyncio.run(ask(middleware, method, target, headers))
            cases.append({"method": method, "target": target, "sent": headers, **answer})
        yield {"settings": settings, "cases": cases}


SHOP = "https://shop.example"
ORIGINS = [SHOP, "https://other.example", "https://a.shop.example", "https://a.shop.example.evil", "null", "", "https://ü.example"]

CORS = [
    {"allow_origins": ["*"]},
    {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"]},
    {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"], "allow_credentials": True, "expose_headers": ["X-Status"]},
    {"allow_origins": [SHOP]},
    {"allow_origins": [SHOP, "*"], "expose_headers": ["X-Status", "X-Other"]},
    {"allow_origins": [SHOP, "null"], "allow_headers": ["X-Example", "Content-Type", "x-lower"], "allow_methods": ["POST", "get"]},
    {"allow_origins": [SHOP], "allow_credentials": True, "allow_headers": ["X-Example", "Authorization"], "max_age": 5},
    {"allow_origins": [SHOP], "allow_headers": ["*"], "allow_private_network": True},
    {"allow_origin_regex": "https://.*\\.shop\\.example"},
    {"allow_origin_regex": "https://a\\.shop\\.example|https://other", "allow_credentials": True},
    {"allow_origins": [SHOP], "allow_origin_regex": "https://.*", "expose_headers": ["X-Status"]},
    {"allow_origins": ["https://ü.example"], "allow_methods": ["GET", "*"]},
]


def cors_requests():
    bare = [("OPTIONS", "/script", []), ("OPTIONS", "/script", [["access-control-request-method", "GET"]])]
    scripts = ["", "header vary Accept-Encoding", "header vary Accept; header vary Origin", "header access-control-allow-origin https://mine; header x-status 1"]
    simple = [
        ("GET", "/script", [["x-script", f"{script}; full ok".lstrip("; ")], *origin])
        for script, origin in itertools.product(
            scripts,
            [[], *([["origin", origin]] for origin in ORIGINS), [["origin", SHOP], ["origin", "https://other.example"]]],
        )
    ]
    simple.append(("GET", "/script", [["x-script", "full ok"], ["origin", SHOP], ["cookie", "a=b"]]))
    options = [("OPTIONS", "/script", [["origin", SHOP]])]
    methods = ["GET", "POST", "PUT", "QUERY", "TRACE", "get", ""]
    names = [None, "X-Example", "x-example, content-type", "Accept,accept-language,Content-Language", "X-Other, X-Example", "", "X-Example,", " X-LOWER ", "authorization"]
    asked = [
        *((origin, "GET", None, None) for origin in ORIGINS),
        *((SHOP, method, None, None) for method in methods),
        *((SHOP, "GET", name, None) for name in names),
        *((SHOP, "POST", name, "true") for name in names[:2]),
        ("https://other.example", "TRACE", "X-Other", "true"),
        ("https://a.shop.example", "QUERY", "X-Example", "false"),
    ]
    preflights = []
    for origin, method, name, private in asked:
        headers = [["origin", origin], ["access-control-request-method", method]]
        if name is not None:
            headers.append(["access-control-request-headers", name])
        if private is not None:
            headers.append(["access-control-request-private-network", private])
        preflights.append(("OPTIONS", "/script", headers))
    return bare + simple + options + preflights


HOSTS = [
    {"allowed_hosts": ["example.com", "*.example.com"]},
    {"allowed_hosts": ["www.example.com", "Shop.Example"]},
    {"allowed_hosts": ["www.example.com"], "www_redirect": False},
    {"allowed_hosts": ["[2001:db8::7]", "192.0.2.1"]},
    {"allowed_hosts": ["example.com", "*"]},
]
NAMES = [
    "example.com", "EXAMPLE.com", "example.com:8000", "example.com:99999", "example.com:", "example.com:x", "a.example.com",
    "a.b.example.com:1", ".example.com", "www.example.com", "evil.com", "example.com.evil.com", "evil-example.com", "shop.example",
    "SHOP.EXAMPLE:80", "[2001:db8::7]", "[2001:db8::7]:80", "[2001:DB8::7]", "[2001:db8:::7]", "2001:db8::7", "192.0.2.1:1",
    "192.0.2.1", "a b", "example.com/evil", "user@example.com", "[v1.x]", "", "exämple.com",
]


def host_requests():
    script = ["x-script", "full ok"]
    named = [("GET", "/script?a=%20b&c=d", [["host", name], script]) for name in NAMES]
    return [("GET", "/script", [script]), *named, ("GET", "/script", [["host", "evil.com"], ["host", "example.com"], script])]


def write(file, make, settings, requests):
    source = f"Starlette {version('starlette')} (BSD-3-Clause), recorded by record.py"
    with open(file, "w") as out:
        out.write(json.dumps({"source": source})[:-1] + ', "apps": [')
        for place, found in enumerate(answers(make, [(one, requests) for one in settings])):
            out.write(",\n" if place else "\n")
            out.write('{"settings": ' + json.dumps(found["settings"], ensure_ascii=False) + ', "cases": [\n')
            out.write(",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in found["cases"]) + "\n]}")
        out.write("\n]}\n")


write("cors.json", lambda settings: CORSMiddleware(app, **settings), CORS, cors_requests())
write("hosts.json", lambda settings: TrustedHostMiddleware(app, **settings), HOSTS, host_requests())
