"""Answers that go out while they are made: JSON lines, server-sent events, pieces of any kind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Mapping

from .hints import plain
from .nodes import Node
from .responses import Response, to_json

Piece = str | bytes


class StreamingResponse(Response):
    """An answer of many pieces, each sent before the next is asked for: an iterable, most often a generator.

    It begins with the first piece. What is raised before is answered as any error; after it the client sees a reset,
    and the log has the reason. A client that goes away closes the generator.
    """

    def __init__(
        self,
        content: Iterable[Piece],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        super().__init__(None, status_code, headers, media_type)
        self.pieces: Iterator[Piece] = iter(content)

    def begin(self, stack: contextlib.ExitStack) -> None:
        """Makes the first piece. What is on the stack is left once the last has gone out."""
        first, rest = next(self.pieces, b""), self.pieces
        kept = stack.pop_all()

        def pieces() -> Iterator[Piece]:
            with kept, contextlib.closing(rest) if hasattr(rest, "close") else contextlib.nullcontext():
                yield first
                yield from rest

        self.pieces = pieces()


class EventSourceResponse(StreamingResponse):
    """Server-sent events. As `response_class` of a function that yields: its values, or `ServerSentEvent`s."""

    media_type = "text/event-stream"

    def __init__(
        self,
        content: Iterable[Any],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        super().__init__((_event(one, None) for one in content), status_code, headers, media_type)
        # nginx would else keep events until its buffer is full.
        self.headers["cache-control"] = "no-cache"
        self.headers["x-accel-buffering"] = "no"


@dataclass(frozen=True)
class ServerSentEvent:
    """One event. `data` is written as JSON, `raw_data` as it is.

    >>> ServerSentEvent(data="a", id="1").text()
    'data: "a"\\nid: 1\\n\\n'
    """

    data: Any = None
    raw_data: str | None = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if self.data is not None and self.raw_data is not None:
            raise ValueError("a ServerSentEvent has `data` (as JSON) or `raw_data` (as it is), not both")
        for name, text in (("event", self.event), ("id", self.id)):
            # A line break would begin another field, which whoever made the text could choose.
            if text is not None and any(forbidden in text for forbidden in "\r\n\0"):
                raise ValueError(f"the `{name}` of a ServerSentEvent has a line break or a NUL: {text!r}")
        if self.retry is not None and self.retry < 0:
            raise ValueError("`retry` is a number of milliseconds, and not negative")

    def text(self) -> str:
        """As it goes out, its fields in FastAPI's order."""
        data = to_json(plain(self.data)) if self.data is not None else self.raw_data
        fields = (
            ("", self.comment),
            ("event", self.event),
            ("data", data),
            ("id", self.id),
            ("retry", None if self.retry is None else str(self.retry)),
        )
        lines = [
            f"{name}: {line}\n" for name, value in fields if value is not None for line in _lines(value)
        ]
        return "".join(lines) + "\n"


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _event(value: Any, item: Node | None) -> str:
    if isinstance(value, ServerSentEvent):
        return value.text()
    return f"data: {to_json(item.dump(value) if item else plain(value))}\n\n"


def yielded(values: Iterator[Any], kind: type[Response], item: Node | None, extra: Response) -> StreamingResponse:
    """What a function yields, as the answer that its `response_class` says; JSON lines where that says nothing."""
    answer: StreamingResponse
    if issubclass(kind, EventSourceResponse):
        answer = kind((), extra.status_code)
        answer.pieces = iter(_event(value, item) for value in values)
    elif issubclass(kind, StreamingResponse):
        answer = kind(values, extra.status_code)
    else:
        lines = (to_json(item.dump(value) if item else plain(value)) + "\n" for value in values)
        answer = StreamingResponse(lines, extra.status_code, media_type="application/jsonl")
    answer.headers.pairs += extra.headers.pairs
    return answer


def event_schema(data: dict[str, Any]) -> dict[str, Any]:
    """What the contract says of an event whose data has this schema, as FastAPI does."""
    text = {"type": "string"}
    typed = {"type": "string", "contentMediaType": "application/json", "contentSchema": data} if data else text
    properties = {"data": typed, "event": text, "id": text, "retry": {"type": "integer", "minimum": 0}}
    return {"type": "object", "properties": properties, **({"required": ["data"]} if data else {})}
