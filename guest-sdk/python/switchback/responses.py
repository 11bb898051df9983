"""Answers that are more than a value."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from email.utils import format_datetime
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

from .hints import plain
from .how import How


class Headers(MutableMapping[str, str]):
    """The headers of an answer, by name in any case. `append` adds one beside those of its name."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        #: As they go out: pairs, names in lower case.
        self.pairs: list[tuple[str, str]] = []
        if given:
            self.pairs = [(name.lower(), str(value)) for name, value in given.items()]

    def append(self, name: str, value: str) -> None:
        """Adds a header, whether there is one of that name or not."""
        self.pairs.append((name.lower(), str(value)))

    def getlist(self, name: str) -> list[str]:
        """Every value of one header."""
        return [value for known, value in self.pairs if known == name.lower()]

    def __getitem__(self, name: str) -> str:
        if not (values := self.getlist(name)):
            raise KeyError(name)
        return values[0]

    def __setitem__(self, name: str, value: str) -> None:
        place = next((place for place, (known, _) in enumerate(self.pairs) if known == name.lower()), len(self.pairs))
        kept = [(at, pair) for at, pair in enumerate(self.pairs) if pair[0] != name.lower()]
        before = [pair for at, pair in kept if at < place]
        self.pairs = [*before, (name.lower(), str(value)), *(pair for at, pair in kept if at > place)]

    def __delitem__(self, name: str) -> None:
        self[name]
        self.pairs = [pair for pair in self.pairs if pair[0] != name.lower()]

    def __contains__(self, name: object) -> bool:
        return any(known == str(name).lower() for known, _ in self.pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self.pairs))

    def __len__(self) -> int:
        return len(list(iter(self)))


class Response:
    """A whole answer: status, headers, body. A subclass says how its content becomes text and under which type.

    >>> dict(Response("<note/>", media_type="application/xml").headers)
    {'content-type': 'application/xml'}
    """

    media_type: str | None = None

    def __init__(
        self,
        content: Any = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        media_type = media_type or self.media_type
        self.status_code = status_code
        self.headers = Headers(headers)
        self.body: str | bytes | None = self.render(content)
        if media_type and "content-type" not in self.headers:
            if media_type.startswith("text/") and "charset=" not in media_type:
                media_type += "; charset=utf-8"
            self.headers["content-type"] = media_type

    def render(self, content: Any) -> str | bytes | None:
        """The content as it goes out."""
        if content is None or isinstance(content, (str, bytes)):
            return content
        if isinstance(content, (bytearray, memoryview)):
            return bytes(content)
        raise TypeError(
            f"{type(self).__name__} takes str or bytes, not {type(content).__name__}; JSONResponse takes the rest"
        )

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: int | None = None,
        expires: datetime | str | int | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = "lax",
    ) -> None:
        """Adds a ``set-cookie`` header."""
        cookie: SimpleCookie = SimpleCookie()
        cookie[key] = value
        morsel = cookie[key]
        until = format_datetime(expires, usegmt=True) if isinstance(expires, datetime) else expires
        for name, given in (
            ("max-age", max_age),
            ("expires", until),
            ("path", path),
            ("domain", domain),
            ("samesite", samesite),
        ):
            if given is not None:
                morsel[name] = given
        morsel["secure"] = secure
        morsel["httponly"] = httponly
        self.headers.append("set-cookie", morsel.OutputString())

    def delete_cookie(
        self,
        key: str,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = "lax",
    ) -> None:
        """Has the client forget a cookie."""
        self.set_cookie(key, "", 0, 0, path, domain, secure, httponly, samesite)


class JSONResponse(Response):
    """JSON, also of models, enums and dates."""

    media_type = "application/json"

    def render(self, content: Any) -> str | bytes | None:
        return to_json(plain(content))


class HTMLResponse(Response):
    """A page."""

    media_type = "text/html"


class PlainTextResponse(Response):
    """Text."""

    media_type = "text/plain"


class RedirectResponse(Response):
    """Sends the client elsewhere: 307 keeps method and body, 303 makes it a GET."""

    def __init__(self, url: str, status_code: int = 307, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(None, status_code, headers)
        self.headers["location"] = quote(str(url), safe=":/%#?=@[]!$&'()*+,;")


class FileResponse(Response):
    """A file, which the host gives whole, in ranges, or not again to a client that has it.

    There are no files when a plugin runs: `REPORT = Path("report.csv").read_bytes()` at the top of the module is what it
    starts with.

    >>> FileResponse(b"month,sum", filename="report.csv").headers["content-disposition"]
    'attachment; filename="report.csv"'
    """

    def __init__(
        self,
        content: bytes,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        filename: str | None = None,
        content_disposition_type: str = "attachment",
        etag: str | None = None,
        last_modified: datetime | None = None,
    ) -> None:
        """`etag` tells this state of it from others, without quotes; unless said, it is made of the bytes."""
        if isinstance(content, (str, os.PathLike)):
            raise TypeError(
                "FileResponse takes the bytes of a file, since there are no files when a plugin runs: read it at the top of "
                'the module (`REPORT = Path("report.csv").read_bytes()`); what only has to be served goes into `static/`'
            )
        media_type = media_type or (filename and _TYPES.guess_type(filename)[0]) or "application/octet-stream"
        super().__init__(content, status_code, headers, media_type)
        self.headers.setdefault("accept-ranges", "bytes")
        self.headers.setdefault("etag", f'"{etag or hashlib.sha256(content).hexdigest()[:32]}"')
        if last_modified is not None:
            self.headers.setdefault("last-modified", format_datetime(last_modified, usegmt=True))
        if filename is not None:
            written = quote(filename)
            told = f'filename="{filename}"' if written == filename else f"filename*=utf-8''{written}"
            self.headers.setdefault("content-disposition", f"{content_disposition_type}; {told}")


#: Those that Python knows by itself; there are no files to look into when a plugin runs.
_TYPES = mimetypes.MimeTypes()

#: Compact, as FastAPI writes it. NaN and infinities are no JSON: a ValueError.
to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def jsonable_encoder(
    obj: Any,
    include: Any = None,
    exclude: Any = None,
    by_alias: bool = True,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
    exclude_none: bool = False,
) -> Any:
    """Any value as what JSON has: models as dicts, dates as texts."""
    return plain(obj, How(by_alias, exclude_unset, exclude_defaults, exclude_none, include, exclude))
