"""The request being handled now: what no argument declares is asked for here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from http.cookies import _unquote
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlsplit

from .errors import HTTPException


class Source(Protocol):
    """Where a request is asked: the host, or a test. The functions of `incoming` in `plugin.wit`."""

    def method(self) -> str: ...
    def uri(self) -> str: ...
    def prefix(self) -> str: ...
    def header(self, name: str) -> list[str]: ...
    def headers(self) -> list[tuple[str, bytes]]: ...
    def peer(self) -> str | None: ...
    def request_id(self) -> str: ...
    def identity(self) -> str | None: ...
    def read(self, max: int) -> bytes: ...
    def read_file(self, index: int, offset: int, max: int) -> bytes: ...
    def file_headers(self, index: int) -> list[tuple[str, bytes]]: ...


class Outside:
    """The source outside of any request: texts are empty, lists too."""

    def method(self) -> str:
        return ""

    uri = prefix = request_id = method

    def header(self, name: str) -> list[str]:
        return []

    def headers(self) -> list[tuple[str, bytes]]:
        return []

    def peer(self) -> None:
        return None

    identity = peer

    def read(self, max: int) -> bytes:
        raise OSError("there is no request")

    def read_file(self, index: int, offset: int, max: int) -> bytes:
        raise OSError("there is no request")

    def file_headers(self, index: int) -> list[tuple[str, bytes]]:
        return []


class Headers(Mapping[str, str]):
    """The headers, by name in any case. Of several of one name, the first; `getlist` has them all."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def getlist(self, name: str) -> list[str]:
        """Every value of one header, in the order sent."""
        return list(self._request.source.header(name))

    def __getitem__(self, name: str) -> str:
        values = self._request.source.header(name)
        if not values:
            raise KeyError(name)
        return values[0]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._request.source.headers()))

    def __len__(self) -> int:
        return len(list(iter(self)))


_REASONS = {"IoError_TooLarge": (413, "the body is too large"), "IoError_TimedOut": (408, "the body took too long")}


class Address(NamedTuple):
    """Where a request came from: `host`, `port`."""

    host: str
    port: int


class URL(str):
    """Path and query as the client sent them, the mount's prefix included."""

    @property
    def path(self) -> str:
        """`/items/7`"""
        return urlsplit(self).path

    @property
    def query(self) -> str:
        """What is behind the `?`."""
        return urlsplit(self).query


class Pairs(Mapping[str, str]):
    """Texts by name. Of several of one name, the last; `getlist` has them all."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def getlist(self, name: str) -> list[str]:
        """Every value of one name, in the order sent."""
        return [value for known, value in self._pairs if known == name]

    def multi_items(self) -> list[tuple[str, str]]:
        """All of them, as they were sent."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> str:
        return dict(self._pairs)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self) -> int:
        return len(dict(self._pairs))


class Request:
    """What is known of a request. Each question is asked of the host when it is put, and none of them waits.

    There is one such object, `switchback.request`; an argument `request: Request` is that too.
    """

    def __init__(self) -> None:
        self.source: Source = Outside()
        #: By name in any case.
        self.headers = Headers(self)
        #: The parts of the path that the route names.
        self.path_params: Mapping[str, Any] = {}
        self._state: SimpleNamespace | None = None
        self._body: str | bytes | None = None
        self._streams = False

    def begin(self, path_params: Mapping[str, Any], body: str | bytes | None, streams: bool) -> None:
        """Another request."""
        self.path_params, self._body, self._streams, self._state = path_params, body, streams, None

    @property
    def state(self) -> SimpleNamespace:
        """What functions of one request leave for each other."""
        if self._state is None:
            self._state = SimpleNamespace()
        return self._state

    def body(self) -> Ready:
        """The body, of an operation that declares one, as it was checked. It may be awaited."""
        if self._streams:
            return Ready(b"".join(self.pieces()))
        data = self._body or b""
        return Ready(data.encode() if isinstance(data, str) else data)

    async def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body())

    def pieces(self, size: int = 65_536) -> Iterator[bytes]:
        """The body while it arrives, of an operation that has an argument `Iterator[bytes]`."""
        if not self._streams:
            raise RuntimeError("the body does not come in pieces: declare it as an argument, `body: Iterator[bytes]`")
        while piece := self._piece(size):
            yield bytes(piece)

    def _piece(self, size: int) -> bytes:
        try:
            return self.source.read(size)
        except Exception as error:
            # The host's reason is a value of a class that exists only in a component.
            reason = type(getattr(error, "value", None)).__name__
            if reason in _REASONS:
                raise HTTPException(*_REASONS[reason]) from None
            raise

    async def stream(self) -> AsyncIterator[bytes]:
        """The same, for `async for`."""
        for piece in self.pieces():
            yield piece

    @property
    def method(self) -> str:
        """In capitals."""
        return self.source.method()

    @property
    def url(self) -> URL:
        """Path and query as the client sent them, the mount's prefix included."""
        return URL(self.source.uri())

    @property
    def query_params(self) -> Pairs:
        """The query, also what of it no argument declares."""
        return Pairs(parse_qsl(self.url.query, keep_blank_values=True))

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies, also those that no argument declares."""
        found: dict[str, str] = {}
        for part in (part for line in self.headers.getlist("cookie") for part in line.split(";")):
            name, sign, value = part.partition("=")
            name, value = (name.strip(), value.strip()) if sign else ("", part.strip())
            if name or value:
                found[name] = _unquote(value)
        return found

    @property
    def prefix(self) -> str:
        """The prefix under which the plugin is mounted: empty, or `/shop`."""
        return self.source.prefix()

    @property
    def client(self) -> Address | None:
        """The peer's address, where the host knows it."""
        host, _, port = (self.source.peer() or "").rpartition(":")
        return Address(host.strip("[]"), int(port)) if host else None

    @property
    def id(self) -> str:
        """In the answer's `x-request-id` and in each line of the log."""
        return self.source.request_id()

    @property
    def identity(self) -> Any:
        """Who is asking, where the host has established that."""
        text = self.source.identity()
        return None if text is None else json.loads(text)


#: The request being handled now.
request = Request()


class Ready(bytes):
    """Bytes that are there; `await` gives the same, for functions that are `async`."""

    def __await__(self) -> Generator[Any, None, bytes]:
        return bytes(self)
        yield  # which makes it a generator


class UploadFile:
    """A file of a form. Its content stays with the host until it is read. `read` and the rest may be awaited or not."""

    def __init__(self, index: int, filename: str | None, content_type: str | None, size: int) -> None:
        self._index = index
        self._place = 0
        #: As the client gave it: never use it as a path.
        self.filename = filename
        self.content_type = content_type
        #: In bytes.
        self.size = size

    @property
    def file(self) -> UploadFile:
        """What has `read` and `seek`: itself."""
        return self

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its part of the form, names in lower case; a character for each byte."""
        return {name: value.decode("latin-1") for name, value in request.source.file_headers(self._index)}

    def read(self, size: int = -1) -> Ready:
        """So many bytes from where reading stopped; all that is left without a number."""
        wanted = self.size - self._place if size < 0 else size
        pieces = []
        while wanted > 0:
            piece = request.source.read_file(self._index, self._place, min(wanted, 65_536))
            if not piece:
                break
            pieces.append(piece)
            self._place += len(piece)
            wanted -= len(piece)
        return Ready(b"".join(pieces))

    def seek(self, offset: int) -> Ready:
        """Where the next `read` begins."""
        self._place = offset
        return Ready()

    def close(self) -> Ready:
        """Nothing has to be closed."""
        return Ready()
