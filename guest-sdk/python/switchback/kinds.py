"""Types of texts and numbers that pydantic has and Python has not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from .params import Field


class EmailStr(str):
    """An e-mail address; a plain `str` once it is read."""


class AnyUrl(str):
    """An address with a scheme, as it is spelt in full: `https://example.com/`."""

    def __new__(cls, text: str) -> AnyUrl:
        parts = urlsplit(text)
        if parts.scheme in ("http", "https", "ws", "wss", "ftp"):
            host = parts.netloc if "@" in parts.netloc else parts.netloc.lower()
            port = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443", "ftp": ":21"}[parts.scheme]
            text = parts._replace(netloc=host.removesuffix(port), path=parts.path or "/").geturl()
        return super().__new__(cls, text)

    @property
    def scheme(self) -> str:
        """`https`"""
        return urlsplit(self).scheme

    @property
    def host(self) -> str | None:
        """`example.com`"""
        return urlsplit(self).hostname

    @property
    def port(self) -> int | None:
        """As it is written, or the scheme's."""
        return urlsplit(self).port or {"http": 80, "https": 443}.get(self.scheme)

    @property
    def path(self) -> str:
        """`/a/b`"""
        return urlsplit(self).path

    @property
    def query(self) -> str | None:
        """What is behind the `?`."""
        return urlsplit(self).query or None

    @property
    def fragment(self) -> str | None:
        """What is behind the `#`."""
        return urlsplit(self).fragment or None


class AnyHttpUrl(AnyUrl):
    """An address of `http` or `https`."""


class HttpUrl(AnyUrl):
    """An address of `http` or `https`, of at most 2083 characters."""


class SecretStr:
    """A text that is shown to nobody: printed and answered it is stars."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """The text."""
        return self._text

    def __str__(self) -> str:
        return "**********" if self._text else ""

    def __repr__(self) -> str:
        return f"SecretStr('{self}')"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, SecretStr) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __len__(self) -> int:
        return len(self._text)


@dataclass(frozen=True)
class ValidationInfo:
    """What a validator may ask: which field it is, and those before it."""

    field_name: str
    data: Mapping[str, Any]


class AfterValidator:
    """`Annotated[str, AfterValidator(check)]`: a function that gets the value and returns it or another."""

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func


PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
NegativeInt = Annotated[int, Field(lt=0)]
NonPositiveInt = Annotated[int, Field(le=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
NegativeFloat = Annotated[float, Field(lt=0)]
NonPositiveFloat = Annotated[float, Field(le=0)]
StrictStr = Annotated[str, Field(strict=True)]
StrictInt = Annotated[int, Field(strict=True)]
StrictFloat = Annotated[float, Field(strict=True)]
StrictBool = Annotated[bool, Field(strict=True)]


def StringConstraints(
    *, min_length: int | None = None, max_length: int | None = None, pattern: str | None = None, strict: bool | None = None
) -> Field:
    """Rules for a text, as `Field` has them."""
    return Field(min_length=min_length, max_length=max_length, pattern=pattern, strict=strict)


_DURATION = re.compile(
    r"([-+])?P(?:(\d+)Y)?(?:(\d+)M)?(?:([\d.]+)W)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?"
)


def read_duration(text: Any) -> timedelta:
    """ISO 8601, as the host hands it over; or a number of seconds."""
    if isinstance(text, (int, float)):
        return timedelta(seconds=text)
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError("not a duration")
    years, months, weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups()[1:])
    whole = timedelta(days + 365 * years + 30 * months, seconds, weeks=weeks, hours=hours, minutes=minutes)
    return -whole if found[1] == "-" else whole


def write_duration(length: timedelta) -> str:
    """ISO 8601: `P1DT2H`."""
    if length < timedelta():
        return "-" + write_duration(-length)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{length.microseconds:06}".rstrip("0") if length.microseconds else ""
    years, days = divmod(length.days, 365)
    date = "".join(f"{count}{unit}" for count, unit in ((years, "Y"), (days, "D")) if count)
    time = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
    if seconds or fraction or not (date or time):
        time += f"{seconds}{fraction}S"
    return f"P{date}{'T' if time else ''}{time}"
