"""What componentize-py makes a component of, with the host played by a module."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import logging
import random
import sys
import tempfile
import types
import unittest
from dataclasses import make_dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from unittest import mock

from switchback import request
from switchback.request import Outside

Level = Enum("Level", ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"])


def value(name: str, *fields: str) -> type:
    return make_dataclass(name, fields or ["value"])


class Err(Exception):
    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class Host:
    """The modules that componentize-py generates from the world."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []
        #: What was streamed: the head, the pieces, why it broke off; and after how many pieces the client goes.
        self.sent: list[Any] = []
        self.patience = 100
        self.types = types.SimpleNamespace(
            Request=value("Request", "operation", "params", "body"),
            Body_Empty=make_dataclass("Body_Empty", []),
            Payload_Empty=make_dataclass("Payload_Empty", []),
            Response=value("Response", "status", "headers", "body"),
            Text=value("Text", "media_type", "data"),
            Form=value("Form", "fields", "files"),
            File=value("File", "field", "name", "media_type", "size"),
            **{name: value(name) for name in ("Body_Text", "Body_Bytes", "Body_Form", "Body_Stream")},
            **{name: value(name) for name in ("Payload_Text", "Payload_Bytes", "Answer_Full")},
            Answer_Streamed=make_dataclass("Answer_Streamed", []),
            IoError_Closed=make_dataclass("IoError_Closed", []),
        )
        log = types.SimpleNamespace(Level=Level, write=self.write)
        world = types.ModuleType("wit_world")
        self.exports = types.SimpleNamespace(Contract=object, Handler=object)
        world.exports = self.exports  # type: ignore[attr-defined]
        imports = types.ModuleType("wit_world.imports")
        outgoing = types.SimpleNamespace(
            start=lambda status, headers: self.sent.append((status, headers)),
            write=self.write_piece,
            abort=lambda reason: self.sent.append(f"aborted: {reason}"),
        )
        imports.__dict__.update(incoming=Outside(), log=log, outgoing=outgoing, types=self.types)
        made = types.ModuleType("componentize_py_types")
        made.Err = Err  # type: ignore[attr-defined]
        self.modules = {"wit_world": world, "wit_world.imports": imports, "componentize_py_types": made}

    def write_piece(self, piece: Any) -> None:
        if len(self.sent) > self.patience:
            raise Err(self.types.IoError_Closed())
        self.sent.append(piece.value)

    def write(self, level: Level, message: str, fields: str) -> None:
        self.lines.append((level.name, message, json.loads(fields)))


class Entry(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Host()
        folder = tempfile.TemporaryDirectory()
        self.folder = Path(folder.name)
        self.addCleanup(folder.cleanup)
        before, path, source = set(sys.modules), list(sys.path), request.source
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level

        def restore() -> None:
            for name in set(sys.modules) - before:
                del sys.modules[name]
            sys.path[:], request.source, root.handlers[:] = path, source, handlers
            root.setLevel(level)

        self.addCleanup(restore)
        sys.modules.update(self.host.modules)
        sys.path.insert(0, str(self.folder))

    def entry(self, name: str, source: str) -> Any:
        (self.folder / name).write_text(source)
        importlib.invalidate_caches()
        return importlib.import_module("switchback.entry")

    def ask(self, entry: Any, operation: str, body: Any = None) -> Any:
        given = '{}'
        kind = self.host.types
        return entry.Handler().handle(kind.Request(operation, given, body or kind.Body_Empty())).value

    def stream(self, source: str) -> list[Any]:
        """What goes out of `GET /`; of a whole answer the answer."""
        entry = self.entry("main.py", f"from switchback import *\napp = App()\n{source}")
        given = '{}'
        kind = self.host.types
        answer = entry.Handler().handle(kind.Request("f", given, kind.Body_Empty()))
        return self.host.sent if isinstance(answer, kind.Answer_Streamed) else [answer.value]

    LIVING = (
        "import contextlib\nfrom switchback import App\nknown = []\n"
        "@contextlib.contextmanager\ndef lifespan(app):\n"
        "    if known: raise ValueError('twice')\n"
        "    known.append(app.info['title'])\n    yield\n    known.append('over')\n"
        "app = App(title='Shop', lifespan=lifespan)\n@app.get('/')\ndef ask() -> list[str]: return known\n"
    )

    def test_a_lifespan_begins_and_ends_with_its_instance(self) -> None:
        self.host.exports.Lifecycle = object
        entry = self.entry("main.py", self.LIVING)
        lifecycle = entry.Lifecycle()
        lifecycle.on_start()
        self.assertEqual(self.ask(entry, "ask").body.value, '["Shop"]')
        lifecycle.on_stop()
        self.assertEqual(self.ask(entry, "ask").body.value, '["Shop","over"]')
        with self.assertRaises(Err) as failed:
            lifecycle.on_start()
        self.assertEqual(failed.exception.value, "ValueError: twice")

    def test_a_lifespan_without_a_place_for_it_is_told(self) -> None:
        with self.assertRaisesRegex(ImportError, "plugin-with-lifecycle"):
            self.entry("main.py", self.LIVING)

    def test_what_is_yielded_goes_out_piece_by_piece(self) -> None:
        sent = self.stream("@app.get('/')\ndef f():\n  yield 1\n  yield [2]")
        self.assertEqual(sent, [(200, [("content-type", "application/jsonl")]), "1\n", "[2]\n"])

    def test_an_error_after_the_first_piece_cuts_the_stream_off(self) -> None:
        sent = self.stream("@app.get('/')\ndef f():\n  yield 1\n  raise HTTPException(404, 'gone')")
        self.assertEqual(sent[1], "1\n")
        self.assertTrue(sent[2].startswith("aborted: HTTPException"), sent)

    def test_an_error_before_the_first_piece_is_an_answer(self) -> None:
        [answer] = self.stream("@app.get('/')\ndef f():\n  raise HTTPException(404, 'gone')\n  yield 1")
        self.assertEqual(answer.status, 404)

    def test_a_client_that_goes_ends_the_function_quietly_and_its_finally_runs(self) -> None:
        self.host.patience = 2
        source = """
closed = []
@app.get('/')
def f():
  try:
    while True: yield 1
  finally: closed.append(True)
"""
        self.assertEqual(self.stream(source)[1:], ["1\n", "1\n"])
        self.assertEqual(sys.modules["main"].closed, [True])  # type: ignore[attr-defined]

    def test_what_a_dependency_holds_is_let_go_after_the_last_piece(self) -> None:
        source = """
order = []
def held():
  yield 7
  order.append("let go")
@app.get('/')
def f(n = Depends(held)):
  yield n
  order.append("last")
"""
        self.assertEqual(self.stream(source)[1:], ["7\n"])
        self.assertEqual(sys.modules["main"].order, ["last", "let go"])  # type: ignore[attr-defined]

    def test_the_app_of_main_is_served_and_what_goes_wrong_is_logged(self) -> None:
        entry = self.entry(
            "main.py",
            """
import logging
from switchback import App, Response, UploadFile
logging.basicConfig()
app = App()
@app.get("/text")
def text() -> str: return "hi"
@app.get("/bytes")
def raw() -> Response: return Response(b"ab", headers={"x-n": 3})
@app.get("/none", status_code=204)
def none() -> None: ...
@app.get("/broken")
def broken() -> None: raise KeyError("a")
@app.post("/echo")
def echo(item: dict[str, int]) -> dict[str, int]: return item
@app.post("/form")
def form(file: UploadFile) -> list: return [file.filename, file.size]
""",
        )
        self.assertEqual(json.loads(entry.Contract().openapi())["openapi"], "3.1.0")
        kind = self.host.types
        json_type = ("content-type", "application/json")
        self.assertEqual(self.ask(entry, "text"), kind.Response(200, [json_type], kind.Payload_Text('"hi"')))
        self.assertEqual(self.ask(entry, "raw"), kind.Response(200, [("x-n", "3")], kind.Payload_Bytes(b"ab")))
        self.assertEqual(self.ask(entry, "none"), kind.Response(204, [], kind.Payload_Empty()))
        text = kind.Body_Text(kind.Text("application/json", '{"a": 1}'))
        self.assertEqual(self.ask(entry, "echo", text).body, kind.Payload_Text('{"a":1}'))
        form = kind.Body_Form(kind.Form("{}", [kind.File("file", "a.txt", None, 5)]))
        self.assertEqual(self.ask(entry, "form", form).body, kind.Payload_Text('["a.txt",5]'))
        self.assertEqual(self.ask(entry, "broken").status, 500)
        [(level, message, fields)] = self.host.lines
        self.assertEqual((level, message), ("ERROR", "KeyError: 'a'"))
        self.assertIn("main.py", fields["traceback"])
        self.assertEqual([type(handler).__name__ for handler in logging.getLogger().handlers], ["HostHandler"])

    def test_each_instance_draws_numbers_of_its_own(self) -> None:
        entry = self.entry("app.py", "from switchback import App\napp = App()\n@app.get('/')\ndef a() -> int: return 1\n")
        random.seed(1)
        same = random.Random(1).random()
        self.ask(entry, "a")
        self.assertNotEqual(random.random(), same)

    def test_nothing_is_imported_in_a_call(self) -> None:
        # The files are there at build time only.
        package = Path(str(importlib.util.find_spec("switchback").submodule_search_locations[0]))  # type: ignore
        for file in package.glob("*.py"):
            tree = ast.parse(file.read_text())
            functions = [one for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.Lambda))]
            inside = [inner for one in functions for inner in ast.walk(one)]
            self.assertFalse([one for one in inside if isinstance(one, (ast.Import, ast.ImportFrom))], file.name)

    def test_what_cannot_be_served_is_told_when_it_is_built(self) -> None:
        # Whether they are installed here or not.
        hidden = {"pydantic_core": None, "fastapi": None}
        for source, message in [
            ("import pydantic_core", "needs `pydantic_core`, which cannot be compiled to WebAssembly: import the same names"),
            ("import fastapi", "needs `fastapi`, which cannot"),
            ("x = 1", "main.py holds no App called `app`"),
            ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ]:
            with self.subTest(source), self.assertRaisesRegex(ImportError, message):
                for name in ("main", "switchback.entry"):
                    sys.modules.pop(name, None)
                with mock.patch.dict(sys.modules, hidden):
                    self.entry("main.py", source)


if __name__ == "__main__":
    unittest.main()
