"""Answers that go out while they are made, held to what FastAPI was recorded to do."""

from __future__ import annotations

import json
import re
import unittest
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switchback import App, EventSourceResponse, ServerSentEvent, StreamingResponse
from switchback.operation import Received
from switchback.responses import Response

RECORDED = Path(__file__).parents[2] / "tests" / "tutorial" / "recorded.json"
NOTHING = '{}'


@dataclass
class Item:
    name: str
    description: str | None


@dataclass
class Priced:
    name: str
    price: float


ITEMS = [
    Item("Plumbus", "A multi-purpose household device."),
    Item("Portal Gun", "A portal opening device."),
    Item("Meeseeks Box", "A box that summons a Meeseeks."),
]
PRICED = [Priced("Plumbus", 32.99), Priced("Portal Gun", 999.99), Priced("Meeseeks Box", 49.99)]


def recorded(app: str) -> Any:
    apps = json.loads(RECORDED.read_text())["apps"]
    return next(one for one in apps if one["app"] == app)


def asked(app: App, operation: str) -> tuple[Response, str]:
    answer = app.handle(operation, NOTHING, Received())
    assert isinstance(answer, StreamingResponse), answer.body
    return answer, "".join(map(str, answer.pieces))


class Streams(unittest.TestCase):
    def check(self, app: App, operation: str, recorded: Any, case: int) -> None:
        path = recorded["cases"][case]["steps"][0]["request"]["target"]
        expected = recorded["cases"][case]["steps"][0]["expect"]
        answer, text = asked(app, operation)
        self.assertEqual(text, expected["body"]["text"])
        self.assertEqual(answer.headers.pairs, [(name, value) for name, value in expected["headers"]])
        ours = app.openapi()["paths"][path]["get"]["responses"]
        self.assertEqual(ours, recorded["openapi"]["paths"][path]["get"]["responses"])

    def test_json_lines_are_fastapis(self) -> None:
        app = App()

        @app.get("/items/stream")
        def stream_items() -> Iterable[Item]:
            yield from ITEMS

        self.check(app, "stream_items", recorded("stream_json_lines/tutorial001"), 0)

    def test_events_are_fastapis(self) -> None:
        app = App()

        @app.get("/items/stream", response_class=EventSourceResponse)
        def stream_items() -> Iterable[ServerSentEvent]:
            yield ServerSentEvent(comment="stream of item updates")
            for number, item in enumerate(PRICED):
                yield ServerSentEvent(data=item, event="item_update", id=str(number + 1), retry=5000)

        self.check(app, "stream_items", recorded("server_sent_events/tutorial002"), 0)

    def test_an_event_of_a_type_is_documented_by_it(self) -> None:
        app = App()

        @app.get("/", response_class=EventSourceResponse)
        def f() -> Iterable[Item]:
            yield ITEMS[0]

        content = app.openapi()["paths"]["/"]["get"]["responses"]["200"]["content"]
        data = content["text/event-stream"]["itemSchema"]["properties"]["data"]
        self.assertEqual(data["contentSchema"], {"$ref": "#/components/schemas/Item"})
        self.assertTrue(asked(app, "f")[1].startswith('data: {"name":"Plumbus"'))

    def test_pieces_of_any_kind(self) -> None:
        app = App()

        @app.get("/")
        def f() -> StreamingResponse:
            return StreamingResponse(("a", "b"), 201, {"x-a": "b"}, "text/csv")

        answer, text = asked(app, "f")
        self.assertEqual((answer.status_code, text), (201, "ab"))
        self.assertIn(("content-type", "text/csv; charset=utf-8"), answer.headers.pairs)

    def test_a_line_break_cannot_smuggle_a_field_in(self) -> None:
        for fields in ({"id": "1\ndata: evil"}, {"event": "a\r"}, {"id": "\0"}, {"retry": -1}):
            with self.assertRaises(ValueError):
                ServerSentEvent(**fields)
        self.assertEqual(ServerSentEvent(raw_data="a\r\nb").text(), "data: a\ndata: b\n\n")

    def test_what_cannot_be_a_stream_is_refused_at_build_time(self) -> None:
        def number() -> int:
            yield 1  # type: ignore[misc]

        app = App()
        app.get("/")(number)
        with self.assertRaisesRegex(TypeError, re.escape("`Iterable[…]`, not int")):
            app.openapi()

    def test_a_function_that_is_async_may_yield_too(self) -> None:
        app = App()

        @app.get("/")
        async def numbers() -> AsyncIterable[int]:
            for number in range(2):
                yield number

        self.assertIn("itemSchema", app.openapi()["paths"]["/"]["get"]["responses"]["200"]["content"]["application/jsonl"])
        answer = app.handle("numbers", "{}", Received())
        assert isinstance(answer, StreamingResponse)
        self.assertEqual(list(answer.pieces), ["0\n", "1\n"])


if __name__ == "__main__":
    unittest.main()
