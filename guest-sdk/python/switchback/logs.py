"""Python's `logging`, into the host's log: under the plugin's name and the request's id, with a level and fields."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any, Callable

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class HostHandler(logging.Handler):
    """Hands each record to `write(level, message, fields)`; what came as `extra` becomes fields."""

    def __init__(self, write: Callable[[str, str, str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields: dict[str, Any] = {"logger": record.name}
            fields.update((key, value) for key, value in vars(record).items() if key not in _USUAL)
            if record.exc_info:
                fields["traceback"] = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            self._write(_level(record.levelno), record.getMessage(), json.dumps(fields, default=str))
        except Exception:  # a line that cannot be written must not fail the request
            self.handleError(record)


def _level(number: int) -> str:
    for least, name in ((logging.ERROR, "ERROR"), (logging.WARNING, "WARN"), (logging.INFO, "INFO")):
        if number >= least:
            return name
    return "DEBUG" if number >= logging.DEBUG else "TRACE"
