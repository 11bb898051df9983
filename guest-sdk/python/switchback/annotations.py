"""Which annotations a class has of its own; from Python 3.14 on they are worked out when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

if sys.version_info >= (3, 14):
    import annotationlib

    def own(cls: type) -> Mapping[str, Any]:
        """By name. What refers to something that is not there yet is no error."""
        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)

else:

    def own(cls: type) -> Mapping[str, Any]:
        """By name."""
        found: Mapping[str, Any] = cls.__dict__.get("__annotations__", {})
        return found
