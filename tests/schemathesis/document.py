"""Fetches a merged document once all examples are in it, has it validated by others, and writes it for Schemathesis.

What it leaves unsaid is added for Schemathesis. Integers get the limits of their `format`: the host enforces them, as
OpenAPI's registry of formats has them. A body that is no text at all is answered 400, which FastAPI does not document
either.
"""

import json
import sys
import time
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

RANGES = {f"{sign}int{bits}": (low, high) for bits in (8, 16, 32, 64) for sign, low, high in (
    ("", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
    ("u", 0, 2**bits - 1),
)}


def bound(schema):
    if isinstance(schema, dict):
        low, high = RANGES.get(schema.get("format"), (None, None)) if "type" in schema else (None, None)
        if low is not None:
            schema["minimum"] = max(low, schema.get("minimum", low))
            schema["maximum"] = min(high, schema.get("maximum", high))
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            bound(part)


url, file = sys.argv[1:]
for _ in range(600):
    with urllib.request.urlopen(url) as answer:
        document = json.load(answer)
    if {"/hello/{name}", "/items/{id}", "/notes"} <= document["paths"].keys():
        break
    time.sleep(0.1)
else:
    sys.exit("the examples are not served")
OpenAPIV31SpecValidator(document).validate()
print("the merged document is valid OpenAPI 3.1")
bound(document)
for item in document["paths"].values():
    for operation in item.values():
        if "requestBody" in operation:
            operation["responses"]["400"] = {"description": "the body cannot be read"}
with open(file, "w") as out:
    json.dump(document, out)
