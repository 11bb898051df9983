"""What a function raises when it cannot do what was asked."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Mapping, Sequence


class HTTPException(Exception):
    """An answer that says what is wrong: a status and ``{"detail": …}``.

    >>> HTTPException(404, "there is no such note").status_code
    404
    """

    def __init__(
        self,
        status_code: int,
        detail: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if not 400 <= status_code <= 599:
            raise ValueError(f"an HTTPException has a status of 400 to 599, not {status_code}")
        super().__init__(status_code, detail)
        self.status_code = status_code
        self.detail = _phrase(status_code) if detail is None else detail
        self.headers = dict(headers or {})


class RequestValidationError(Exception):
    """422 in the shape of the host's own checks, for what a schema cannot say.

    >>> error = RequestValidationError.at("body", "end", msg="ends before it begins", input=3)
    >>> error.errors()[0]["loc"]
    ['body', 'end']
    """

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(*(error.get("msg", "") for error in errors))
        self._errors = [dict(error) for error in errors]

    @classmethod
    def at(
        cls, *loc: str | int, msg: str, type: str = "value_error", input: Any = None
    ) -> RequestValidationError:
        """One broken rule: where (``"body", "items", 0``), and in which words."""
        return cls([{"type": type, "loc": list(loc), "msg": msg, "input": input}])

    def errors(self) -> list[dict[str, Any]]:
        """All of them, as the client gets them."""
        return self._errors


class Unfit(ValueError):
    """A value that passed its schema and that its Python type does not take: with the way to it."""

    def __init__(self, reason: str, value: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.value = value
        self.way: list[str | int] = []

    def under(self, key: str | int) -> Unfit:
        """The same, seen from one level further up."""
        self.way.insert(0, key)
        return self

    def at(self, *loc: str | int) -> RequestValidationError:
        """What the client is told."""
        msg = f"Value error, {self.reason}"
        return RequestValidationError.at(*loc, *self.way, msg=msg, input=self.value)


def _phrase(status_code: int) -> str:
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return "Error"
