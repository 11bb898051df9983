"""What is written down works."""

from __future__ import annotations

import doctest
import importlib
import unittest
from pathlib import Path
from typing import Any

import switchback

ROOT = Path(__file__).parent.parent


def load_tests(loader: Any, tests: unittest.TestSuite, pattern: Any) -> unittest.TestSuite:
    """The examples in the package's own words."""
    for name in ("app", "basemodel", "errors", "responses", "routing"):
        tests.addTests(doctest.DocTestSuite(importlib.import_module(f"switchback.{name}")))
    return tests


class Readme(unittest.TestCase):
    def test_the_first_example_is_a_plugin(self) -> None:
        source = (ROOT / "README.md").read_text().split("```python\n")[1].split("```")[0]
        module: dict[str, Any] = {"__name__": "readme"}
        exec(compile(source, "README.md", "exec", dont_inherit=True), module)
        operation = module["app"].openapi()["paths"]["/items/{id}"]["post"]
        self.assertEqual(operation["summary"], "Create Item")
        self.assertEqual(list(operation["responses"]), ["201"])

    def test_all_that_is_promised_is_there(self) -> None:
        for name in switchback.__all__:
            self.assertTrue((getattr(switchback, name).__doc__ or "").strip(), f"{name} has no words")


if __name__ == "__main__":
    unittest.main()
