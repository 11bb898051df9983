"""What becomes of a request that the host let through."""

from __future__ import annotations

import json
import logging
import unittest
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

from switchback import (
    App,
    Body,
    Cookie,
    Depends,
    Field,
    File,
    Form,
    Header,
    HTMLResponse,
    HTTPException,
    Json,
    JSONResponse,
    Query,
    RedirectResponse,
    Request,
    RequestValidationError,
    Response,
    UploadFile,
    request,
)
from switchback.hints import node
from switchback.logs import HostHandler
from switchback.operation import Received
from switchback.request import Outside


class Color(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: float = 0.5
    at: datetime | None = None


@dataclass
class Span:
    start: date
    end: Annotated[date, Field(alias="until")]
    points: list[Point] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("ends before it begins")


@dataclass
class Account:
    name: str


@dataclass
class AccountWithPassword(Account):
    password: str = "secret"


class Cat(TypedDict):
    kind: Literal["cat"]
    lives: int


class Dog(TypedDict):
    kind: Literal["dog"]
    name: str


def call(app: App, operation: str, body: Any = None, **params: Any) -> Response:
    given = {"path": {}, "query": {}, "header": {}, "cookie": {}, **params}
    received = body if isinstance(body, Received) else Received()
    if body is not None and not isinstance(body, Received):
        received = Received("application/json", json.dumps(body))
    return app.handle(operation, json.dumps(given), received)


def answered(function: Any, body: Any = None, **params: Any) -> Any:
    app = App()
    app.post("/x", operation_id="it")(function)
    response = call(app, "it", body, **params)
    assert isinstance(response.body, str), response.body
    return json.loads(response.body)


class Conversions(unittest.TestCase):
    def test_json_becomes_what_the_hint_says_and_goes_back(self) -> None:
        uuid = "6f1e2d3c-0000-4000-8000-000000000000"
        for hint, given, expected in [
            (int, 1.0, 1),
            (float, 1, 1.0),
            (Decimal, 0.1, Decimal("0.1")),
            (Decimal, "0.10", Decimal("0.10")),
            (dict[int, str], {"1": "a"}, {1: "a"}),
            (Json[list[int]], "[1,2]", [1, 2]),
            (datetime, "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
            (date, "2026-01-02", date(2026, 1, 2)),
            (UUID, uuid, UUID(uuid)),
            (Color, "red", Color.RED),
            (set[int], [1, 2], {1, 2}),
            (tuple[int, float], [1, 2], (1, 2.0)),
            (dict[str, Color], {"a": "red"}, {"a": Color.RED}),
            (Point, {"x": 1, "more": 2}, Point(1)),
            (Point | None, None, None),
            (int | Color, "red", Color.RED),
            (list[Point | int], [{"x": 1}, 2], [Point(1), 2]),
            (Cat | Dog, {"kind": "dog", "name": "Rex"}, {"kind": "dog", "name": "Rex"}),
            (Span, {"start": "2026-01-02", "until": "2026-01-03", "points": [{"x": 1}]},
             Span(date(2026, 1, 2), date(2026, 1, 3), [Point(1)])),
        ]:
            loaded = node(hint).load(given)
            self.assertEqual(loaded, expected, hint)
            self.assertIs(type(loaded), type(expected), hint)
            self.assertEqual(node(hint).load(node(hint).dump(loaded)), expected, hint)

    def test_an_answer_holds_what_its_hint_declares_and_no_more(self) -> None:
        def account() -> Account:
            return AccountWithPassword("ada")

        def listed() -> list[Account]:
            return [AccountWithPassword("ada")]

        self.assertEqual(answered(account), {"name": "ada"})
        self.assertEqual(answered(listed), [{"name": "ada"}])

    def test_without_a_hint_any_value_is_written(self) -> None:
        def anything():  # type: ignore[no-untyped-def]
            return {"at": datetime(2026, 1, 2, tzinfo=timezone.utc), Color.RED: [Point(1)], 3: (1,)}

        self.assertEqual(
            answered(anything), {"at": "2026-01-02T00:00:00+00:00", "red": [{"x": 1, "y": 0.5, "at": None}], "3": [1]}
        )


class Calls(unittest.TestCase):
    def test_each_argument_gets_its_own(self) -> None:
        def function(
            id: int,
            point: Point,
            q: str | None = None,
            size: int = 3,
            x_token: Annotated[str, Header()] = "none",
            session: Annotated[str | None, Cookie()] = None,
            color: Annotated[Color, Query()] = Color.RED,
        ) -> list[Any]:
            return [id, point.x, q, size, x_token, session, color]

        app = App()
        app.put("/x/{id}")(function)
        response = call(
            app,
            "function",
            {"x": 1},
            path={"id": 7},
            query={"size": 4, "color": "red"},
            header={"x-token": "abc"},
            cookie={"session": "s"},
        )
        self.assertEqual(response.body, '[7,1,null,4,"abc","s","red"]')

    def test_bodies_of_all_kinds(self) -> None:
        def embedded(point: Point, n: Annotated[int, Body()] = 2) -> list[Any]:
            return [point.x, n]

        def optional(point: Point | None = None) -> bool:
            return point is None

        def text(note: Annotated[str, Body(media_type="text/plain")]) -> str:
            return note

        def form(name: Annotated[str, Form()], picture: UploadFile, raws: Annotated[list[bytes], File()]) -> list[Any]:
            return [name, picture.filename, picture.read(2).decode(), picture.read().decode(), [len(raw) for raw in raws]]

        self.assertEqual(answered(embedded, {"point": {"x": 1}}), [1, 2])
        self.assertEqual(answered(optional), True)
        self.assertEqual(answered(optional, {"x": 1}), False)
        self.assertEqual(answered(text, Received("text/plain", "hi")), "hi")
        files = tuple((name, UploadFile(place, "a.txt", None, 5)) for place, name in enumerate(["picture", "raws", "raws"]))
        with asked_of(Asked()):
            self.assertEqual(answered(form, Received("", '{"name": "n"}', files)), ["n", "a.txt", "he", "llo", [5, 5]])

    def test_dependencies_run_once_and_clean_up(self) -> None:
        seen: list[str] = []

        def connection() -> Iterator[str]:
            seen.append("open")
            yield "connection"
            seen.append("close")

        def user(c: str = Depends(connection), x_user: Annotated[str, Header()] = "nobody") -> str:
            return f"{x_user} by {c}"

        def function(u: str = Depends(user), c: str = Depends(connection)) -> str:
            seen.append("run")
            return u

        self.assertEqual(answered(function, header={"x-user": "ada"}), "ada by connection")
        self.assertEqual(seen, ["open", "run", "close"])

    def test_an_async_function_runs_and_may_not_wait(self) -> None:
        class Later:
            def __await__(self) -> Iterator[None]:
                yield

        async def ready() -> str:
            return "ready"

        async def waiting() -> str:
            await Later()
            return "never"

        self.assertEqual(answered(ready), "ready")
        with self.assertLogs("switchback", "ERROR") as logs:
            self.assertEqual(answered(waiting), {"detail": "Internal Server Error"})
        self.assertIn("has no event loop", logs.output[0])

    def test_the_request_is_an_argument_or_asked_for(self) -> None:
        def function(r: Request) -> list[Any]:
            return [r is request, r.method, r.url, r.headers["X-A"], r.headers.get("none"), r.identity, list(r.headers)]

        with asked_of(Asked()):
            self.assertEqual(answered(function), [True, "GET", "/x?a=1", "1", None, {"name": "ada"}, ["x-a"]])


class Answers(unittest.TestCase):
    def app(self) -> App:
        app = App()

        @app.get("/missing")
        def missing() -> None:
            raise HTTPException(404, "no such item", headers={"x-why": "gone"})

        @app.get("/own")
        def own() -> None:
            raise RequestValidationError.at("body", "end", msg="ends before it begins", input=3)

        @app.get("/broken")
        def broken() -> None:
            raise KeyError("a")

        @app.get("/handled")
        def handled() -> None:
            raise ZeroDivisionError("x")

        @app.exception_handler(ArithmeticError)
        def arithmetic(request: Request, error: ArithmeticError) -> Response:
            return JSONResponse({"oh": str(error)}, 418)

        @app.post("/span")
        def span(span: Span) -> None: ...

        @app.get("/page")
        def page() -> HTMLResponse:
            return HTMLResponse("<p>", headers={"X-A": "1"})

        @app.get("/moved")
        def moved() -> RedirectResponse:
            return RedirectResponse("/a b?c=ü", 303)

        @app.delete("/gone", status_code=204)
        def gone() -> None: ...

        @app.get("/set", status_code=201)
        def set_(response: Response) -> dict[str, int]:
            response.headers["X-B"] = "2"
            response.set_cookie("a", "b", httponly=True)
            return {}

        @app.get("/odd")
        def odd() -> Response:
            return Response(status_code=70_000)

        @app.get("/nan")
        def nan() -> float:
            return float("nan")

        return app

    def test_each_way_to_answer(self) -> None:
        app, json_type = self.app(), ("content-type", "application/json")
        for name, status, headers, body in [
            ("missing", 404, [("x-why", "gone"), json_type], '{"detail":"no such item"}'),
            ("own", 422, [json_type],
             '{"detail":[{"type":"value_error","loc":["body","end"],"msg":"ends before it begins","input":3}]}'),
            ("handled", 418, [json_type], '{"oh":"x"}'),
            ("page", 200, [("x-a", "1"), ("content-type", "text/html; charset=utf-8")], "<p>"),
            ("moved", 303, [("location", "/a%20b?c=%C3%BC")], None),
            ("gone", 204, [], None),
            ("set_", 201, [json_type, ("x-b", "2"), ("set-cookie", "a=b; HttpOnly; Path=/; SameSite=lax")], "{}"),
        ]:
            response = call(app, name)
            self.assertEqual((response.status_code, response.headers.pairs, response.body), (status, headers, body), name)

    def test_what_goes_wrong_is_500_and_the_log_knows_why(self) -> None:
        app = self.app()
        for name, why in [("broken", "KeyError: 'a'"), ("odd", "the status is 70000"), ("nan", "JSON")]:
            with self.assertLogs("switchback", "ERROR") as logs:
                response = call(app, name)
            self.assertEqual((response.status_code, response.body), (500, '{"detail":"Internal Server Error"}'), name)
            self.assertIn(why, logs.output[0])

    def test_a_value_error_of_a_dataclass_is_a_violation_of_its_own(self) -> None:
        response = call(self.app(), "span", {"start": "2026-01-02", "until": "2026-01-01"})
        self.assertEqual(response.status_code, 422)
        [violation] = json.loads(str(response.body))["detail"]
        self.assertEqual(
            (violation["loc"], violation["msg"]), (["body"], "Value error, ends before it begins")
        )
        response = call(self.app(), "span", {"start": "2026-01-02", "until": "2026-01-03", "points": [{"x": 1, "at": "no"}]})
        [violation] = json.loads(str(response.body))["detail"]
        self.assertEqual(violation["loc"], ["body", "points", 0, "at"])


class Logs(unittest.TestCase):
    def test_a_record_is_a_line_with_a_level_and_fields(self) -> None:
        lines: list[tuple[str, str, Any]] = []
        logger = logging.Logger("shop")
        logger.addHandler(HostHandler(lambda level, text, fields: lines.append((level, text, json.loads(fields)))))
        logger.warning("sold %s", "a hammer", extra={"price": 3, "at": date(2026, 1, 2)})
        try:
            raise KeyError("a")
        except KeyError:
            logger.exception("oh")
        self.assertEqual(lines[0], ("WARN", "sold a hammer", {"logger": "shop", "price": 3, "at": "2026-01-02"}))
        self.assertIn("KeyError: 'a'", lines[1][2]["traceback"])


@dataclass
class Common:
    save_data: bool
    x_tags: list[str] = field(default_factory=list)


class Parameters(unittest.TestCase):
    def test_a_dataclass_of_parameters_holds_what_was_sent(self) -> None:
        def f(a: Annotated[Common, Query()], b: Annotated[Common, Header()]) -> list[Any]:
            return [a, b]

        query = {"save_data": True, "x_tags": ["a"]}
        self.assertEqual(
            answered(f, query=query, header={"save-data": False}),
            [{"save_data": True, "x_tags": ["a"]}, {"save_data": False, "x_tags": []}],
        )

    def test_a_dataclass_of_a_form_holds_its_fields(self) -> None:
        def f(a: Annotated[Common, Form()]) -> Common:
            return a

        received = Received("", '{"save_data": true}', ())
        self.assertEqual(answered(f, received), {"save_data": True, "x_tags": []})

    def test_a_file_tells_the_headers_of_its_part(self) -> None:
        with asked_of(Asked()):
            self.assertEqual(UploadFile(0, None, None, 5).headers, {"content-type": "text/plain", "x-name": "\xe9"})


class Asked(Outside):
    """A host that is asked about one request."""

    def method(self) -> str:
        return "GET"

    def uri(self) -> str:
        return "/x?a=1"

    def header(self, name: str) -> list[str]:
        return ["1", "2"] if name.lower() == "x-a" else []

    def headers(self) -> list[tuple[str, bytes]]:
        return [("x-a", b"1"), ("x-a", b"2")]

    def identity(self) -> str:  # type: ignore[override]
        return '{"name": "ada"}'

    def read_file(self, index: int, offset: int, max: int) -> bytes:
        return b"hello"[offset : offset + max]

    def file_headers(self, index: int) -> list[tuple[str, bytes]]:
        return [("content-type", b"text/plain"), ("x-name", b"\xe9")]


class asked_of:
    def __init__(self, source: Any) -> None:
        self.source = source

    def __enter__(self) -> None:
        self.before, request.source = request.source, self.source

    def __exit__(self, *_: Any) -> None:
        request.source = self.before


if __name__ == "__main__":
    unittest.main()
