"""Apps of random types, random requests to them, and what FastAPI answers.

`python random_apps.py > fastapi-random.json`, with `fastapi`, `httpx`, `python-multipart` and `email-validator`. What no
document says (digits of decimals, schemes of URLs) and what JSON cannot say (NaN) is left out.
"""

import datetime
import enum
import inspect
import json
import random
import sys
import uuid
from typing import Annotated, Any, Dict, List, Literal, Optional, Set, Tuple, Union
from urllib.parse import urlencode

from fastapi import Body, Cookie, FastAPI, Form, Header, Query, Response
from fastapi.testclient import TestClient
from pydantic import AnyUrl, ConfigDict, EmailStr, Field, TypeAdapter, create_model


class Color(str, enum.Enum):
    red = "red"
    blue = "blue"


class Size(enum.IntEnum):
    small = 1
    large = 2


UUID = "c6f3bd6d-27b0-45e5-9ee9-4b3b0ab1c0aa"
TEXTS = """|a|abc|1|0|-1|1.5|-0.0|true|null|é|日本語|a b|x@y.de|A <x@y.de>|http://a.b/c|HTTP://EXAMPLE.com:80|2024-01-02
2024-01-02T03:04:05Z|2024-01-02 03:04|03:04:05|P1DT2H|1 day, 02:00:00|1e3| 7 |7.0|1_000|yes|off|T|red|RED|cat|[1]|{}
{"a":1}|99999999999999999999|+5|2024-02-30|1704153600|9007199254740993|24:00|23:59:60|{%s}|%s|%s""" % (UUID, UUID[1:], UUID)
TEXTS = TEXTS.replace("\n", "|").split("|")
NUMBERS = [0, 1, -1, 2, 7, 100, 0.5, 1.0, -0.0, 1e3, 1e-7, 86400, 1704153600.5, 2**53, -(2**63)]

# Each a type, its rules as `Field` takes them, and values that may fit.
SCALARS = [
    (int, {}, [0, 5, "7", 1.0]),
    (float, {}, [1.5, "2.5", 3]),
    (str, {}, TEXTS),
    (bool, {}, [True, "yes", 0]),
    (bytes, {}, ["abc"]),
    (datetime.date, {}, ["2024-01-02", 86400, "2024-01-02T00:00:00"]),
    (datetime.datetime, {}, ["2024-01-02T03:04:05Z", "2024-01-02", 1704153600]),
    (datetime.time, {}, ["03:04", 3600]),
    (datetime.timedelta, {}, ["P1DT2H", "1 day, 02:00:00", 5]),
    (uuid.UUID, {}, [UUID]),
    (AnyUrl, {}, ["http://a.b/c"]),
    (EmailStr, {}, ["x@y.de", "A <x@y.de>"]),
    (Color, {}, ["red", "blue"]),
    (Size, {}, [1, "2"]),
    (Literal["a", 1], {}, ["a", 1]),
    (int, {"ge": 1, "multiple_of": 3}, [3, 6, 4]),
    (int, {"gt": 0, "lt": 10}, [1, 9, 10]),
    (float, {"ge": 0, "le": 10.5}, [0, 10.5, 11]),
    (str, {"min_length": 2, "max_length": 3}, ["ab", "a", "abcd"]),
    (str, {"pattern": "^[a-z]+$"}, ["abc", "ab1"]),
]


class Type:
    """A type, its rules, and a maker of values that may fit."""

    def __init__(self, kind, good, rules=None):
        self.kind, self.good, self.rules = kind, good, rules or {}

    @property
    def annotated(self):
        return Annotated[self.kind, Field(**self.rules)] if self.rules else self.kind


class App:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.app = FastAPI(title=f"random-{seed}")
        self.models = 0
        self.cases = []

    # Types

    def scalar(self):
        kind, rules, values = self.random.choice(SCALARS)
        return Type(kind, lambda: self.random.choice(values), rules)

    def some(self, of):
        return [of() for _ in range(self.random.randrange(3))]

    def type(self, depth):
        if depth == 0 or self.random.random() < 0.35:
            return self.scalar()
        inner, other = self.type(depth - 1), self.type(depth - 1)
        either = lambda: self.random.choice([inner, other]).good()
        return self.random.choice(
            [
                lambda: Type(Optional[inner.annotated], lambda: self.random.choice([None, inner.good()])),
                lambda: Type(List[inner.annotated], lambda: self.some(inner.good), {"min_length": 1}),
                lambda: Type(Set[self.scalar().annotated], lambda: self.some(inner.good)),
                lambda: Type(Tuple[inner.annotated, other.annotated], lambda: [inner.good(), other.good()]),
                lambda: Type(Dict[str, inner.annotated], lambda: {self.random.choice("ab"): inner.good()}),
                lambda: Type(Union[inner.annotated, other.annotated], either),
                lambda: self.tagged(depth),
                lambda: self.model(depth - 1),
            ]
        )()

    def model(self, depth, tag=None, fields=(1, 2, 3)):
        self.models += 1
        declared, types = {}, {}
        for index in range(self.random.choice(fields)):
            of = self.type(depth)
            alias = {"alias": f"other{index}"} if self.random.random() < 0.15 else {}
            required = self.random.random() < 0.6
            kind = of.annotated if required else Optional[of.annotated]
            declared[f"f_{index}"] = (kind, Field(... if required else None, **alias))
            types[alias.get("alias", f"f_{index}")] = (of, required)
        if tag:
            declared["kind"] = (Literal[tag], ...)
        extra = self.random.choice(["ignore", "forbid"])
        model = create_model(f"M{self.models}", __config__=ConfigDict(extra=extra), **declared)

        def good():
            sent = {name: of.good() for name, (of, required) in types.items() if required or self.random.random() < 0.5}
            return {**sent, "kind": tag} if tag else sent

        made = Type(model, good)
        made.types = types
        return made

    def tagged(self, depth):
        cat, dog = self.model(depth - 1, "cat"), self.model(depth - 1, "dog")
        kind = Annotated[Union[cat.kind, dog.kind], Field(discriminator="kind")]
        return Type(kind, lambda: self.random.choice([cat, dog]).good())

    # Requests

    def any(self, depth=2):
        values = TEXTS + NUMBERS + [True, False, None]
        if depth == 0 or self.random.random() < 0.7:
            return self.random.choice(values)
        inner = self.some(lambda: self.any(depth - 1))
        return self.random.choice([inner, dict(zip(["a", "f_0", "kind"], inner))])

    def spoiled(self, value):
        """The value with something wrong in it, perhaps."""
        at = self.random.random()
        if isinstance(value, dict) and value and at < 0.8:
            name = self.random.choice(list(value))
            if at < 0.2:
                return {key: kept for key, kept in value.items() if key != name}
            return {**value, "extra": self.any(1)} if at < 0.3 else {**value, name: self.spoiled(value[name])}
        if isinstance(value, list) and value and at < 0.8:
            place = self.random.randrange(len(value))
            return value[:place] + [self.spoiled(value[place])] + value[place + 1 :]
        return self.any()

    def text(self, of):
        value = of.good() if self.random.random() < 0.6 else self.random.choice(TEXTS + NUMBERS)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def pairs(self, types):
        pairs = []
        for name, of in types.items():
            if self.random.random() < 0.85:
                pairs += [(name, self.text(of)) for _ in range(self.random.choice([1, 1, 1, 2]))]
        return pairs + ([("extra", "1")] if self.random.random() < 0.1 else [])

    def endpoint(self, method, path, parameters, requests):
        def handler(**given):
            return Response("null", media_type="application/json")

        keyword = inspect.Parameter.KEYWORD_ONLY
        handler.__signature__ = inspect.Signature(
            [inspect.Parameter(name, keyword, annotation=kind, default=default) for name, kind, default in parameters]
        )
        handler.__name__ = path.strip("/")
        self.app.add_api_route(path, handler, methods=[method])
        self.cases += [(method, path, *request) for request in requests if request]

    # Places

    def body(self, path, count):
        shape = self.random.choice(["one", "model", "several"])
        if shape == "several":
            types = {"a": self.type(2), "b": self.type(2)}
            parameters = [
                ("a", types["a"].kind, Body(**types["a"].rules)),
                ("b", Optional[types["b"].kind], Body(None, **types["b"].rules)),
            ]
            good = lambda: {name: of.good() for name, of in types.items()}
        else:
            of = self.model(3) if shape == "model" else self.type(3)
            parameters, good = [("v", of.kind, Body(**of.rules))], of.good

        def request():
            value = good()
            for _ in range(self.random.choice([0, 0, 1, 1, 2])):
                value = self.spoiled(value)
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            text = self.random.choice([text] * 12 + [text[:-1], text + ",", ""])
            kind = self.random.choice(["application/json"] * 8 + ["application/a+json", "text/plain"])
            return path, [("content-type", kind)], text

        self.endpoint("POST", path, parameters, [request() for _ in range(count)])

    def place(self, path, count):
        place = self.random.choice([Query, Query, Header, Cookie, Form])
        many = place is not Cookie and self.random.random() < 0.3
        types, parameters = {}, []
        for index in range(self.random.choice([1, 2, 3])):
            of = self.scalar()
            kind, rules = (List[of.annotated], {}) if many else (of.kind, of.rules)
            required = self.random.random() < 0.6
            default = place(**rules) if required else place(None, **rules)
            parameters.append((f"p_{index}", kind if required else Optional[kind], default))
            types[f"p-{index}" if place is Header else f"p_{index}"] = of
        method = "POST" if place is Form else "GET"
        self.endpoint(method, path, parameters, [self.request(place, path, types) for _ in range(count)])

    def place_model(self, path, count):
        place, model = self.random.choice([Query, Form]), self.model(0)
        types = {name: of for name, (of, _) in model.types.items()}
        method = "POST" if place is Form else "GET"
        parameters = [("v", Annotated[model.kind, place()], inspect.Parameter.empty)]
        self.endpoint(method, path, parameters, [self.request(place, path, types) for _ in range(count)])
        if place is Query:
            said = {"query": model.kind.model_config["extra"]}
            self.app.routes[-1].openapi_extra = {"x-switchback-parameter-models": said}

    def request(self, place, path, types):
        pairs = self.pairs(types)
        if place is Query:
            return f"{path}?{urlencode(pairs)}", [], ""
        if place is Form:
            return path, [("content-type", "application/x-www-form-urlencoded")], urlencode(pairs)
        if not all(text.isascii() and text == text.strip() for _, text in pairs):
            return None
        if place is Header:
            return path, pairs, ""
        return path, [("cookie", "; ".join(f"{name}={text}" for name, text in pairs))], ""

    def recorded(self):
        for index in range(10):
            kind = self.random.choice([self.body, self.body, self.place, self.place, self.place_model])
            kind(f"/e{index}", 16)
        client = TestClient(self.app, raise_server_exceptions=False)
        cases = []
        for number, (method, path, target, headers, text) in enumerate(self.cases):
            answer = client.request(method, target, headers=headers, content=text.encode())
            if answer.status_code in (200, 422):
                case = {"id": f"{number} {method} {target[:60]}", "method": method, "path": path, "target": target}
                case |= {"headers": headers, "text": text, "status": answer.status_code}
                cases.append(case | ({"detail": answer.json()["detail"]} if answer.status_code == 422 else {}))
        return {"app": self.app.title, "openapi": slim(self.app.openapi()), "cases": cases}


def slim(document):
    """What is checked of a document."""
    for item in document["paths"].values():
        for operation in item.values():
            for key in ("summary", "operationId", "responses"):
                operation.pop(key, None)
    return document


def main():
    apps = [App(seed).recorded() for seed in range(8)]
    dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    lines = [
        f'{{"app":{dump(app["app"])},"openapi":{dump(app["openapi"])},"cases":[\n'
        + ",\n".join(dump(case) for case in app["cases"])
        + "\n]}"
        for app in apps
    ]
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


main()
