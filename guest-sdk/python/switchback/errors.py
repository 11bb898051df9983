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
        if not 200 <= status_code <= 599:
            raise ValueError(f"an HTTPException has a status of 200 to 599, not {status_code}")
        super().__init__(status_code, detail)
        self.status_code = status_code
        self.detail = _phrase(status_code) if detail is None else detail
        self.headers = dict(headers or {})


class RequestValidationError(Exception):
    """422 in the shape of the host's own checks, for what a schema cannot say.

    >>> error = RequestValidationError.at("body", "end", msg="ends before it begins", input=3)
    >>> error.errors()[0]["loc"]
    ('body', 'end')
    """

    #: What was sent is not kept: each of the errors has the part of it that is wrong, as `input`.
    body: Any = None

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(*(error.get("msg", "") for error in errors))
        self._errors = [{**error, "loc": tuple(error.get("loc", ()))} for error in errors]

    @classmethod
    def at(
        cls, *loc: str | int, msg: str, type: str = "value_error", input: Any = None
    ) -> RequestValidationError:
        """One broken rule: where (``"body", "items", 0``), and in which words."""
        return cls([{"type": type, "loc": list(loc), "msg": msg, "input": input}])

    def errors(self) -> list[dict[str, Any]]:
        """All of them, as the client gets them."""
        return self._errors


class ResponseValidationError(Exception):
    """What a function returned is not what its contract promises: 500 to the client, the reason to the log."""


class ValidationError(ValueError):
    """A value that its Python type does not take: each thing that is wrong, with the way to it."""

    def __init__(self, reason: str, value: Any, type: str = "", ctx: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.wrong: list[dict[str, Any]] = [
            {
                "type": type or "value_error",
                "loc": [],
                "msg": reason if type else f"Value error, {reason}",
                "input": value,
                **({"ctx": dict(ctx or {"error": {}})} if ctx or not type else {}),
            }
        ]

    @classmethod
    def by(cls, error: Exception, value: Any) -> ValidationError:
        """What a validator of the author's says."""
        if isinstance(error, ValidationError):
            return error
        if isinstance(error, AssertionError):
            words = f"Assertion failed, {error}"
            return cls(words, value, "assertion_error", {"error": {}})
        return cls(str(error), value)

    @classmethod
    def all(cls, several: Sequence[ValidationError]) -> ValidationError:
        """Several as one."""
        first = several[0]
        first.wrong = [wrong for unfit in several for wrong in unfit.wrong]
        return first

    def under(self, *keys: str | int) -> ValidationError:
        """The same, seen from further up."""
        for wrong in self.wrong:
            wrong["loc"] = [*keys, *wrong["loc"]]
        return self

    def errors(self) -> list[dict[str, Any]]:
        """All that is wrong, as a client is told."""
        return [{**wrong, "loc": tuple(wrong["loc"])} for wrong in self.wrong]

    def error_count(self) -> int:
        """How many things are wrong."""
        return len(self.wrong)

    def __str__(self) -> str:
        return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'value'}: {one['msg']}" for one in self.wrong)


def _phrase(status_code: int) -> str:
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return "Error"
