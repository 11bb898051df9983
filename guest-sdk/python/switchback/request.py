"""The request being handled now: what no argument declares is asked for here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol


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


class Request:
    """What is known of a request. Each question is asked of the host when it is put, and none of them waits.

    There is one such object, `switchback.request`; an argument `request: Request` is that too.
    """

    def __init__(self) -> None:
        self.source: Source = Outside()
        #: By name in any case.
        self.headers = Headers(self)

    @property
    def method(self) -> str:
        """In capitals."""
        return self.source.method()

    @property
    def url(self) -> str:
        """Path and query as the client sent them, the mount's prefix included."""
        return self.source.uri()

    @property
    def prefix(self) -> str:
        """The prefix under which the plugin is mounted: empty, or `/shop`."""
        return self.source.prefix()

    @property
    def client(self) -> str | None:
        """The peer's address, where the host knows it."""
        return self.source.peer()

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


class UploadFile:
    """A file of a form. Its content stays with the host until it is read."""

    def __init__(self, index: int, filename: str | None, content_type: str | None, size: int) -> None:
        self._index = index
        self._place = 0
        #: As the client gave it: never use it as a path.
        self.filename = filename
        self.content_type = content_type
        #: In bytes.
        self.size = size

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its part of the form, names in lower case; a character for each byte."""
        return {name: value.decode("latin-1") for name, value in request.source.file_headers(self._index)}

    def read(self, size: int = -1) -> bytes:
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
        return b"".join(pieces)

    def seek(self, offset: int) -> None:
        """Where the next `read` begins."""
        self._place = offset
