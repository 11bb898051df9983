"""Serves one of the apps beside this file with its imports changed, over a pipe: what a test of the host hands it are
requests that have been checked. The first line out is the contract, then there is a line for each line in."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from switchback import UploadFile, request
from switchback.contract import text
from switchback.operation import Received
from switchback.request import Outside
from switchback.streams import StreamingResponse


def changed(source: str) -> str:
    """All that an author changes."""

    def imports(found: re.Match[str]) -> str:
        return f"from switchback import {re.sub(r'FastAPI', 'App as FastAPI', found[1])}"

    source = source.replace("from typing_extensions import", "from typing import")
    return re.sub(r"^from (?:fastapi|pydantic|starlette)[\w.]* import (\([^)]*\)|.*)$", imports, source, flags=re.M)


class Incoming(Outside):
    """The request, as the host would tell of it."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked

    def method(self) -> str:
        return self._asked["method"]

    def uri(self) -> str:
        return self._asked["target"]

    def header(self, name: str) -> list[str]:
        return [value for known, value in self._asked["headers"] if known.lower() == name.lower()]

    def headers(self) -> list[tuple[str, bytes]]:
        return [(name.lower(), value.encode()) for name, value in self._asked["headers"]]

    def peer(self) -> str:
        return "testclient:50000"

    def read_file(self, index: int, offset: int, max: int) -> bytes:
        return self._asked["files"][index]["content"].encode()[offset : offset + max]

    def file_headers(self, index: int) -> list[tuple[str, bytes]]:
        return [(name, value.encode()) for name, value in self._asked["files"][index]["headers"]]


def answered(app: Any, asked: dict[str, Any]) -> dict[str, Any]:
    request.source = Incoming(asked)
    files = tuple(
        (file["field"], UploadFile(index, file["name"], file["media_type"], len(file["content"].encode())))
        for index, file in enumerate(asked["files"])
    )
    answer = app.handle(asked["operation"], asked["params"], Received(asked["media_type"], asked["data"], files))
    body = answer.body
    if isinstance(answer, StreamingResponse):
        body = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in answer.pieces)
    body = body.decode() if isinstance(body, bytes) else body
    return {"status": answer.status_code, "headers": answer.headers.pairs, "body": body or ""}


def main() -> None:
    path = Path(__file__).with_name(f"{sys.argv[1]}.py")
    module = sys.modules[path.stem] = ModuleType(path.stem)
    exec(compile(changed(path.read_text()), path.name, "exec", dont_inherit=True), vars(module))
    app = module.app
    print(text(app.openapi()), flush=True)
    for line in sys.stdin:
        print(json.dumps(answered(app, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
