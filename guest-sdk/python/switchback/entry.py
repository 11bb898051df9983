"""What componentize-py makes a component of: `switchback.entry`. It serves the app in `main.py` (or `app.py`).

All of this runs once, when the component is built; what is then in memory is what each instance starts with.
"""

from __future__ import annotations

# What the standard library imports only when it is first needed: by then there are no files any more.
import _strptime  # noqa: F401, by datetime.strptime
import encodings.ascii  # noqa: F401
import encodings.latin_1  # noqa: F401
import encodings.utf_16  # noqa: F401
import encodings.utf_8_sig  # noqa: F401
import gc
import importlib.util
import logging
import random

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import incoming, log, outgoing, types

from .app import App
from .contract import text
from .logs import HostHandler
from .operation import Received
from .request import UploadFile, request
from .responses import Response
from .streams import StreamingResponse


def _app() -> App:
    for name in ("main", "app"):
        if importlib.util.find_spec(name) is None:
            continue
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            if (error.name or "").partition(".")[0] in ("fastapi", "pydantic", "pydantic_core", "starlette"):
                raise ImportError(
                    f"{name}.py needs `{error.name}`, which cannot be compiled to WebAssembly: import the same names from "
                    "`switchback` (`from switchback import App as FastAPI, BaseModel, Query`)"
                ) from None
            raise
        apps = [value for value in vars(module).values() if isinstance(value, App)]
        if isinstance(getattr(module, "app", None), App):
            return module.app
        if len(apps) == 1:
            return apps[0]
        raise ImportError(f"{name}.py holds no App called `app`: write `app = App(title=…)`")
    raise ImportError("there is neither a main.py nor an app.py: the plugin's app is looked for there")


_APP = _app()
_DOCUMENT = text(_APP.openapi())


class Contract(exports.Contract):
    """The export `contract`."""

    def openapi(self) -> str:
        _wake()
        return _DOCUMENT


class Handler(exports.Handler):
    """The export `handler`."""

    def handle(self, given: types.Request) -> types.Answer:
        _wake()
        answer = _APP.handle(given.operation, given.params, _received(given.body))
        if isinstance(answer, StreamingResponse):
            _send(answer)
            return types.Answer_Streamed()
        return types.Answer_Full(_answer(answer))


if hasattr(exports, "Lifecycle"):

    class Lifecycle(exports.Lifecycle):
        """The export `lifecycle`, of the world `plugin-with-lifecycle`."""

        def on_start(self) -> None:
            _wake()
            try:
                _APP.start()
            except Exception as error:
                logging.getLogger(__name__).error("%s: %s", type(error).__name__, error, exc_info=error)
                raise Err(f"{type(error).__name__}: {error}") from None

        def on_stop(self) -> None:
            try:
                _APP.stop()
            except Exception as error:
                logging.getLogger(__name__).error("%s: %s", type(error).__name__, error, exc_info=error)

elif _APP.lifespan is not None:
    raise ImportError("the app has a `lifespan`: build it for the world that has a place for it, `-w plugin-with-lifecycle`")


def _received(body: types.Body) -> Received:
    if isinstance(body, types.Body_Empty):
        return Received()
    if isinstance(body, (types.Body_Text, types.Body_Bytes)):
        return Received(body.value.media_type, body.value.data)
    if isinstance(body, types.Body_Form):
        files = tuple(
            (file.field, UploadFile(index, file.name, file.media_type, file.size))
            for index, file in enumerate(body.value.files)
        )
        return Received("", body.value.fields, files)
    return Received(body.value, streams=True)


# A value of the wrong shape would be a trap that nothing here can catch: hence `str` and `bytes`.


def _answer(response: Response) -> types.Response:
    return types.Response(int(response.status_code), _headers(response), _payload(response.body))


def _headers(response: Response) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in response.headers.pairs]


def _payload(body: str | bytes | None) -> types.Payload:
    if body is None:
        return types.Payload_Empty()
    return types.Payload_Text(body) if isinstance(body, str) else types.Payload_Bytes(bytes(body))


def _send(answer: StreamingResponse) -> None:
    """Sends a stream. What goes wrong after its first piece can be told to nobody but the log."""
    reason = None
    try:
        outgoing.start(int(answer.status_code), _headers(answer))
        for piece in answer.pieces:
            if piece:
                outgoing.write(_payload(piece))
    except Err as error:
        # A client that has gone is no failure.
        if not isinstance(error.value, types.IoError_Closed):
            reason = f"the host refused a piece: {error.value}"
    except Exception as error:
        logging.getLogger(__name__).error("%s: %s", type(error).__name__, error, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
    try:
        # Runs what a generator has behind its `yield`.
        answer.pieces.close()  # type: ignore[attr-defined]
    except Exception as error:
        reason = reason or f"{type(error).__name__}: {error}"
    if reason is not None:
        outgoing.abort(reason)


_awake = False


def _wake() -> None:
    """Once in an instance, before its first call: no import can be called while the component is built."""
    global _awake
    if _awake:
        return
    _awake = True
    request.source = incoming
    # The generator's state is part of the snapshot: every instance would draw the same numbers.
    random.seed()
    root = logging.getLogger()
    # One that logging made itself for a line at build time would say everything twice.
    root.handlers = [handler for handler in root.handlers if type(handler) is not logging.StreamHandler]
    root.addHandler(HostHandler(_write))


def _write(level: str, message: str, fields: str) -> None:
    log.write(log.Level[level], message, fields)


logging.getLogger().setLevel(logging.INFO)
# What lives by now lives for good: collecting must not touch (and so copy) its pages in each instance.
gc.collect()
gc.freeze()
