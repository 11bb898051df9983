"""Answers that are more than a value."""

from __future__ import annotations

import json
from http.cookies import SimpleCookie
from typing import Any, Mapping
from urllib.parse import quote

from .hints import plain


class Response:
    """A whole answer: status, headers, body. A subclass says how its content becomes text and under which type.

    >>> Response("<note/>", media_type="application/xml").headers
    [('content-type', 'application/xml')]
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
        #: Pairs, since a header may come twice.
        self.headers: list[tuple[str, str]] = [
            (name.lower(), str(value)) for name, value in (headers or {}).items()
        ]
        self.body: str | bytes | None = self.render(content)
        if media_type and not any(name == "content-type" for name, _ in self.headers):
            if media_type.startswith("text/") and "charset=" not in media_type:
                media_type += "; charset=utf-8"
            self.headers.append(("content-type", media_type))

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
        for name, given in (("max-age", max_age), ("path", path), ("domain", domain), ("samesite", samesite)):
            if given is not None:
                morsel[name] = given
        morsel["secure"] = secure
        morsel["httponly"] = httponly
        self.headers.append(("set-cookie", morsel.OutputString()))

    def delete_cookie(self, key: str, path: str = "/", domain: str | None = None) -> None:
        """Has the client forget a cookie."""
        self.set_cookie(key, max_age=0, path=path, domain=domain)


class JSONResponse(Response):
    """JSON, also of dataclasses, enums and dates."""

    media_type = "application/json"

    def render(self, content: Any) -> str:
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
        self.headers.append(("location", quote(url, safe=":/%#?=@[]!$&'()*+,;")))


#: Compact, as FastAPI writes it. NaN and infinities are no JSON: a ValueError.
to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
