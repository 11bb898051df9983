"""What the type hints become."""

from __future__ import annotations

import unittest
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NotRequired, Optional, TypedDict, TypeVar, Union
from uuid import UUID

from switchback import (
    APIRouter,
    App,
    Body,
    Cookie,
    Depends,
    Field,
    File,
    Form,
    Header,
    HTMLResponse,
    Json,
    Path,
    Query,
    RedirectResponse,
    Response,
    UploadFile,
)
from switchback.hints import node
from switchback.names import Names

T = TypeVar("T")


class Color(Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


class Level(int, Enum):
    LOW = 1
    HIGH = 2


@dataclass
class Part:
    """A part of something."""

    name: Annotated[str, Field(min_length=1, description="how it is called")]
    parts: list[Part] = field(default_factory=list)
    color: Color = Color.RED
    weight: float | None = None
    in_stock: Annotated[bool, Field(alias="inStock")] = True


@dataclass
class Priced:
    price: Decimal
    parts: list[Priced] = field(default_factory=list)


class Note(TypedDict):
    text: str
    tag: NotRequired[Annotated[str, Field(max_length=3)]]


@dataclass
class Page(Generic[T]):
    items: list[T]
    total: int


def schema(hint: Any) -> dict[str, Any]:
    return node(hint).schema(Names())


def served(function: Any, path: str = "/x", method: str = "get", **rest: Any) -> dict[str, Any]:
    app = App()
    app.api_route(path, methods=[method], **rest)(function)
    document = app.openapi()
    [item] = document["paths"].values()
    return {**item[method], "schemas": document.get("components", {}).get("schemas", {})}


class Schemas(unittest.TestCase):
    def test_a_hint_is_the_schema_that_fastapi_makes_of_it(self) -> None:
        text, number = {"type": "string"}, {"type": "integer"}
        for hint, expected in [
            (str, text),
            (int, number),
            (float, {"type": "number"}),
            (bool, {"type": "boolean"}),
            (None, {"type": "null"}),
            (Any, {}),
            (Optional[str], {"anyOf": [text, {"type": "null"}]}),
            (int | str, {"anyOf": [number, text]}),
            (Union[int, str], {"anyOf": [number, text]}),
            (list[int], {"type": "array", "items": number}),
            (list, {"type": "array", "items": {}}),
            (set[str], {"type": "array", "items": text, "uniqueItems": True}),
            (tuple[int, str], {"type": "array", "prefixItems": [number, text], "minItems": 2, "maxItems": 2}),
            (tuple[int, ...], {"type": "array", "items": number}),
            (dict, {"type": "object", "additionalProperties": True}),
            (dict[str, int], {"type": "object", "additionalProperties": number}),
            (Literal["a", "b"], {"enum": ["a", "b"], "type": "string"}),
            (Literal["a"], {"const": "a", "type": "string"}),
            (datetime, {"type": "string", "format": "date-time"}),
            (date, {"type": "string", "format": "date"}),
            (time, {"type": "string", "format": "time"}),
            (UUID, {"type": "string", "format": "uuid"}),
            (Decimal, {"anyOf": [{"type": "number"}, {"type": "string"}], "x-switchback-decimal": {}}),
            (
                Annotated[Decimal, Field(gt=0, max_digits=5, decimal_places=2)],
                {
                    "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}],
                    "x-switchback-decimal": {"max_digits": 5, "decimal_places": 2},
                },
            ),
            (dict[int, str], {
                "type": "object", "additionalProperties": {"type": "string"}, "x-switchback-keys": {"type": "integer"},
            }),
            (dict[date, str], {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "propertyNames": {"type": "string", "format": "date"},
            }),
            (Json[list[int]], {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"type": "array", "items": {"type": "integer"}},
            }),
            (Annotated[int, Field(strict=True)], {"type": "integer", "x-switchback-strict": True}),
            (Annotated[int, Field(gt=0, le=9, multiple_of=3)], {**number, "exclusiveMinimum": 0, "maximum": 9, "multipleOf": 3}),
            (Annotated[list[str], Field(max_length=2)], {"type": "array", "items": text, "maxItems": 2}),
            (Annotated[dict[str, int], Field(min_length=1)], {"type": "object", "additionalProperties": number, "minProperties": 1}),
            (
                Annotated[int | str | None, Field(ge=0, pattern="^a")],
                {"anyOf": [{**number, "minimum": 0}, {**text, "pattern": "^a"}, {"type": "null"}]},
            ),
        ]:
            self.assertEqual(schema(hint), expected, hint)

    def test_a_dataclass_is_an_object_and_may_contain_itself(self) -> None:
        names = Names()
        self.assertEqual(node(Part).schema(names), {"$ref": "#/components/schemas/Part"})
        self.assertEqual(
            names.schemas["Part"],
            {
                "type": "object",
                "title": "Part",
                "description": "A part of something.",
                "properties": {
                    "name": {"type": "string", "minLength": 1, "title": "Name", "description": "how it is called"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}, "title": "Parts"},
                    "color": {"$ref": "#/components/schemas/Color", "default": "red"},
                    "weight": {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "Weight"},
                    "inStock": {"type": "boolean", "default": True, "title": "Instock"},
                },
                "required": ["name"],
            },
        )
        self.assertEqual(
            names.schemas["Color"],
            {"title": "Color", "enum": ["red", "blue"], "type": "string", "description": "What it looks like."},
        )

    def test_a_typed_dict_requires_what_it_says(self) -> None:
        names = Names()
        node(Note).schema(names)
        self.assertEqual(names.schemas["Note"]["required"], ["text"])
        self.assertEqual(names.schemas["Note"]["properties"]["tag"], {"type": "string", "maxLength": 3, "title": "Tag"})

    def test_a_generic_model_is_named_after_what_it_holds(self) -> None:
        names = Names()
        self.assertEqual(node(Page[Part]).schema(names), {"$ref": "#/components/schemas/Page_Part_"})
        self.assertEqual(
            names.schemas["Page_Part_"]["properties"]["items"]["items"], {"$ref": "#/components/schemas/Part"}
        )
        self.assertEqual(node(Page[int]).load({"items": [1], "total": 1}), Page([1], 1))

    def test_a_model_that_goes_both_ways_has_two_names_where_it_is_not_the_same(self) -> None:
        def echo(part: Part, priced: Priced, note: Note) -> list[Part | Priced | Note]:
            return [part, priced, note]

        schemas = served(echo, method="post")["schemas"]
        self.assertEqual(set(schemas), {"Body_echo", "Part", "Priced-Input", "Priced-Output", "Color", "Note"})
        self.assertEqual(schemas["Part"]["required"], ["name"])
        self.assertIn("anyOf", schemas["Priced-Input"]["properties"]["price"])
        self.assertEqual(schemas["Priced-Output"]["properties"]["price"]["type"], "string")
        self.assertEqual(
            schemas["Priced-Output"]["properties"]["parts"]["items"], {"$ref": "#/components/schemas/Priced-Output"}
        )

    def test_two_models_of_one_name_are_told_apart(self) -> None:
        def other() -> type:
            @dataclass
            class Part:
                size: int

            return Part

        app = App()

        @app.get("/a")
        def a() -> Part:
            raise NotImplementedError

        a.__annotations__["return"] = Part

        def b() -> Any:
            raise NotImplementedError

        b.__annotations__["return"] = other()
        app.get("/b")(b)

        def both() -> Any:
            raise NotImplementedError

        both.__annotations__["return"] = tuple[Page[Part], Page[b.__annotations__["return"]]]
        app.get("/both")(both)
        names = set(app.openapi()["components"]["schemas"])
        self.assertEqual(len([name for name in names if name.endswith("Part") and "Page" not in name]), 2)
        self.assertEqual(len([name for name in names if "Page" in name]), 2)
        self.assertNotIn("Part", names)


class Operations(unittest.TestCase):
    def test_arguments_are_found_where_fastapi_looks_for_them(self) -> None:
        def function(
            id: int,
            item: Part,
            q: str | None = None,
            size: Annotated[int, Query(gt=0, description="how large")] = 3,
            tags: Annotated[list[str], Query()] = [],
            x_token: Annotated[str | None, Header()] = None,
            session: Annotated[str | None, Cookie()] = None,
            old: str = Query("z", max_length=5, deprecated=True),
        ) -> None: ...

        operation = served(function, "/x/{id}", "post")
        self.assertEqual(
            [(one["name"], one["in"], one["required"]) for one in operation["parameters"]],
            [
                ("id", "path", True),
                ("q", "query", False),
                ("size", "query", False),
                ("tags", "query", False),
                ("x-token", "header", False),
                ("session", "cookie", False),
                ("old", "query", False),
            ],
        )
        size, old = operation["parameters"][2], operation["parameters"][6]
        self.assertEqual(
            size["schema"],
            {"type": "integer", "exclusiveMinimum": 0, "description": "how large", "title": "Size", "default": 3},
        )
        self.assertEqual((size["description"], old["deprecated"]), ("how large", True))
        self.assertEqual(
            operation["requestBody"],
            {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Part"}}}},
        )

    def test_several_bodies_share_one_object(self) -> None:
        def function(part: Part, note: Note, weight: Annotated[int, Body(gt=0)] = 1) -> None: ...

        operation = served(function, method="put")
        self.assertEqual(
            operation["requestBody"]["content"]["application/json"]["schema"],
            {"$ref": "#/components/schemas/Body_function"},
        )
        body = operation["schemas"]["Body_function"]
        self.assertEqual((list(body["properties"]), body["required"]), (["part", "note", "weight"], ["part", "note"]))

    def test_a_form_is_a_form_and_with_a_file_multipart(self) -> None:
        def form(name: Annotated[str, Form(min_length=1)], age: Annotated[int, Form()] = 3) -> None: ...
        def file(picture: UploadFile, raw: Annotated[bytes, File()], name: Annotated[str, Form()] = "") -> None: ...

        self.assertEqual(list(served(form, method="post")["requestBody"]["content"]), ["application/x-www-form-urlencoded"])
        operation = served(file, method="post")
        self.assertEqual(list(operation["requestBody"]["content"]), ["multipart/form-data"])
        body = operation["schemas"]["Body_file"]
        file_schema = {"type": "string", "contentMediaType": "application/octet-stream", "title": "Picture"}
        self.assertEqual(body["properties"]["picture"], file_schema)
        self.assertEqual(body["required"], ["picture", "raw"])

    def test_what_a_dependency_takes_the_operation_takes(self) -> None:
        def page(skip: int = 0, limit: Annotated[int, Query(le=100)] = 10) -> None: ...
        def function(q: str, page: Any = Depends(page)) -> None: ...

        self.assertEqual([one["name"] for one in served(function)["parameters"]], ["skip", "limit", "q"])

    def test_the_docstring_is_the_description(self) -> None:
        def both() -> None:
            """Say hello

            In *Markdown*.
            """

        def running() -> None:
            """This text is one
            paragraph over two lines."""

        def without_words() -> None: ...

        self.assertEqual((served(both)["summary"], served(both)["description"]), ("Both", "Say hello\n\nIn *Markdown*."))
        self.assertEqual(served(running)["summary"], "Running")
        self.assertEqual(served(running)["description"], "This text is one\nparagraph over two lines.")
        self.assertEqual(served(without_words)["summary"], "Without Words")
        self.assertNotIn("description", served(without_words))

    def test_an_operation_is_named_by_its_function_unless_two_are(self) -> None:
        app = App()

        def read() -> None: ...

        app.get("/a")(read)
        app.get("/b/{id:path}")(lambda id: None)
        app.put("/a")(read)
        self.assertEqual(set(app.operations()), {"read_a_get", "read_a_put", "<lambda>"})

    def test_the_answers_are_told_apart(self) -> None:
        def page() -> HTMLResponse: ...
        def moved() -> Note | RedirectResponse: ...
        def nothing() -> None: ...
        def any_answer() -> Response: ...

        self.assertEqual(list(served(page)["responses"]["200"]["content"]), ["text/html"])
        self.assertEqual(
            served(moved, responses={404: {"description": "gone", "model": Note}, "4XX": {}})["responses"],
            {
                "200": {
                    "description": "Successful Response",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
                },
                "404": {
                    "description": "gone",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
                },
                "4XX": {"description": "Client Error"},
            },
        )
        self.assertEqual(served(nothing, method="delete", status_code=204)["responses"], {"204": {"description": "Successful Response"}})
        # As FastAPI has it.
        self.assertEqual(served(any_answer)["responses"]["200"]["content"], {"application/json": {"schema": {}}})

    def test_a_router_adds_its_own_to_its_routes(self) -> None:
        inner = APIRouter(prefix="/users", tags=["users"], responses={404: {"description": "no such user"}})

        @inner.get("/{id}", tags=["one"])
        def read(id: int) -> None: ...

        outer = APIRouter(prefix="/v1")
        outer.include_router(inner, tags=["outer"])
        app = App(tags=["all"])
        app.include_router(outer, prefix="/api")
        [(path, item)] = app.openapi()["paths"].items()
        self.assertEqual(path, "/api/v1/users/{id}")
        self.assertEqual(item["get"]["tags"], ["all", "outer", "users", "one"])
        self.assertEqual(item["get"]["responses"]["404"], {"description": "no such user"})

    def test_an_app_may_ask_for_instances_that_are_kept(self) -> None:
        app = App(instances=1)
        app.get("/")(lambda: 1)
        self.assertEqual(app.openapi()["x-switchback-instances"], 1)

    def test_the_rest_of_a_path_is_a_wildcard(self) -> None:
        def file(file_path: Annotated[str, Path(max_length=100)]) -> None: ...

        [parameter] = served(file, "/files/{file_path:path}")["parameters"]
        self.assertIs(parameter["x-switchback-wildcard"], True)


class Wrong(unittest.TestCase):
    def test_a_mistake_is_told_where_it_is_and_what_to_do(self) -> None:
        class BaseModel:
            __module__ = "pydantic.main"

        class Item(BaseModel): ...

        def model(item: Item) -> None: ...
        def unknown(what: object, when: complex = 1j) -> None: ...
        def bare(q) -> None: ...  # type: ignore[no-untyped-def]
        def rule(q: Annotated[str, Query(gt=3)]) -> None: ...
        def place(id: Annotated[int, Query()]) -> None: ...
        def lost() -> None: ...
        def rest(*args: int) -> None: ...
        def answer() -> complex: ...
        def form(a: Annotated[str, Form()], b: Annotated[int, Body()]) -> None: ...
        def default(id: int = 3) -> None: ...
        def whole(part: Part = Query()) -> None: ...

        @dataclass
        class Old:
            name: str = Field(min_length=1)  # type: ignore[assignment]

        def field(old: Old) -> None: ...

        Old.__annotations__["name"] = str
        hints = {
            model: {"item": Item, "return": None},
            unknown: {"what": object, "when": complex, "return": None},
            field: {"old": Old, "return": None},
        }
        for function, annotations in hints.items():
            function.__annotations__ = annotations
        for function, path, message in [
            (model, "/x", "in `.*model` .test_contract.py:[0-9]+.: `item`: Item is pydantic's, and pydantic cannot"),
            (unknown, "/x", "`when`: complex has no JSON Schema: use str, int,"),
            (bare, "/x", "`q`: has no type hint"),
            (rule, "/x", "`q`: `gt=3` says nothing about str"),
            (place, "/x/{id}", "`id`: is in the path, and cannot be `Query"),
            (lost, "/x/{id}", "GET /x/{id} .*: no argument takes `{id}`"),
            (rest, "/x", "`[*]args`: each argument needs a name"),
            (answer, "/x", "the answer: complex has no JSON Schema"),
            (form, "/x", "has a form and a body"),
            (default, "/x/{id}", "`id`: a part of the path is always there"),
            (whole, "/x", "`part`: is an object, and `Query"),
            (field, "/x", "Old.name: rules are part of the type"),
        ]:
            with self.subTest(function.__name__), self.assertRaisesRegex(TypeError, message):
                served(function, path)

    def test_a_route_served_twice_is_refused_and_so_is_an_app_without_any(self) -> None:
        app = App()
        with self.assertRaisesRegex(TypeError, "has no routes"):
            app.openapi()
        app.get("/a/{id}")(lambda id: None)
        app.get("/a/{id}")(lambda id: None)
        with self.assertRaisesRegex(TypeError, "GET /a/{id} is served twice"):
            app.openapi()


@dataclass
class Filter:
    """What is looked for."""

    model_config = {"extra": "forbid"}

    limit: Annotated[int, Field(ge=1, description="how many")] = 10
    save_data: bool | None = None
    tag: list[str] = field(default_factory=list)


@dataclass
class Cat:
    kind: Literal["cat"]


@dataclass
class Dog:
    kind: Literal["dog", "wolf"]


def inner(x: int) -> int:
    return x


def outer(y: int, x: Annotated[int, Depends(inner)]) -> int:
    return y


class Models(unittest.TestCase):
    """What FastAPI has for parameters, webhooks and the like."""

    def test_a_dataclass_takes_all_parameters_of_its_place(self) -> None:
        app = App()

        @app.get("/")
        def f(a: Annotated[Filter, Query()], b: Annotated[Filter, Header()]) -> None: ...

        written = app.openapi()["paths"]["/"]["get"]
        self.assertEqual(
            [(one["name"], one["in"], one["required"]) for one in written["parameters"]],
            [
                ("limit", "query", False),
                ("save_data", "query", False),
                ("tag", "query", False),
                ("limit", "header", False),
                ("save-data", "header", False),
                ("tag", "header", False),
            ],
        )
        self.assertEqual(written["parameters"][0]["description"], "how many")
        self.assertEqual(written["parameters"][0]["schema"]["default"], 10)
        self.assertEqual(written["x-switchback-parameter-models"], {"query": "forbid", "header": "forbid"})

    def test_a_dataclass_takes_a_whole_form(self) -> None:
        app = App()

        @app.post("/")
        def f(a: Annotated[Filter, Form()]) -> None: ...

        document = app.openapi()
        body = document["paths"]["/"]["post"]["requestBody"]
        schema = {"$ref": "#/components/schemas/Filter"}
        self.assertEqual(body, {"content": {"application/x-www-form-urlencoded": {"schema": schema}}})
        self.assertIs(document["components"]["schemas"]["Filter"]["additionalProperties"], False)

    def test_what_belongs_to_a_dependency_is_told_of_first(self) -> None:
        app = App()

        @app.get("/")
        def f(z: int, a: Annotated[int, Depends(outer)]) -> None: ...

        ranks = {one["name"]: one.get("x-switchback-dependency") for one in parameters(app)}
        self.assertEqual(ranks, {"x": 1, "y": 2, "z": None})

    def test_a_part_of_the_path_may_decide_whether_it_fits(self) -> None:
        app = App()

        @app.get("/{a:int}/{b}")
        def f(a: int, b: str) -> None: ...

        self.assertEqual(
            [one.get("x-switchback-convertor") for one in app.openapi()["paths"]["/{a}/{b}"]["get"]["parameters"]],
            ["int", None],
        )

    def test_a_union_of_dataclasses_may_be_told_apart(self) -> None:
        app = App()

        @app.post("/")
        def f(pet: Annotated[Cat | Dog | None, Body(discriminator="kind")]) -> None: ...

        schema = app.openapi()["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        cat, dog = ({"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog"))
        mapping = {"cat": cat["$ref"], "dog": dog["$ref"], "wolf": dog["$ref"]}
        told = {"oneOf": [cat, dog], "discriminator": {"propertyName": "kind", "mapping": mapping}}
        self.assertEqual(schema["anyOf"], [told, {"type": "null"}])

    def test_webhooks_callbacks_and_what_is_hidden(self) -> None:
        app = App(servers=[{"url": "https://a.b"}], strict_content_type=False, redirect_slashes=False)
        back = APIRouter()

        @back.post("{$callback_url}/done")
        def done(body: Cat) -> None: ...

        @app.webhooks.post("new-cat")
        def new_cat(body: Cat) -> None: ...

        @app.post("/", callbacks=back.routes, include_in_schema=False, openapi_extra={"x-a": 1, "tags": ["t"]}, tags=["s"])
        def f(callback_url: str, q: Annotated[int, Query(openapi_examples={"one": {"value": 1}})] = 1) -> None: ...

        document = app.openapi()
        written = document["paths"]["/"]["post"]
        self.assertEqual(document["servers"], [{"url": "https://a.b"}])
        self.assertIs(document["x-switchback-strict-content-type"], False)
        self.assertIs(document["x-switchback-strict-content-type"], False)
        self.assertIs(document["x-switchback-redirect-slashes"], False)
        self.assertIn("requestBody", document["webhooks"]["new-cat"]["post"])
        self.assertIn("requestBody", written["callbacks"]["done"]["{$callback_url}/done"]["post"])
        self.assertEqual((written["x-switchback-audience"], written["x-a"], written["tags"]), ([], 1, ["s", "t"]))
        self.assertEqual(written["parameters"][1]["examples"], {"one": {"value": 1}})


def parameters(app: App) -> list[dict[str, Any]]:
    return app.openapi()["paths"]["/"]["get"]["parameters"]


if __name__ == "__main__":
    unittest.main()
