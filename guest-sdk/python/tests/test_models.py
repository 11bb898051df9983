"""Models as pydantic has them."""

from __future__ import annotations

import json
import unittest
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import switchback
from switchback import (
    AfterValidator,
    App,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Depends,
    Field,
    FileResponse,
    HTTPException,
    NaiveDatetime,
    PastDate,
    RequestValidationError,
    Response,
    SecretStr,
    ValidationError,
    ValidationInfo,
    computed_field,
    field_serializer,
    field_validator,
    jsonable_encoder,
    model_validator,
)
from switchback.hints import node
from switchback.operation import Received


def even(number: int) -> int:
    if number % 2:
        raise ValueError("odd")
    return number


class Part(BaseModel):
    name: Annotated[str, Field(min_length=2)]
    count: Annotated[int, AfterValidator(even)] = 0


class Item(BaseModel):
    """An item."""

    kind: ClassVar[str] = "item"
    name: str = Field(alias="itemName")
    price: float = Field(1, gt=0)
    parts: list[Part] = []
    made: datetime | None = None
    tags: set[str] = Field(default_factory=set)
    secret: str = Field("s", exclude=True)

    @field_validator("price")
    @classmethod
    def cheap(cls, price: float, info: ValidationInfo) -> float:
        if price > 100 and info.data["name"] != "gold":
            raise ValueError("too dear")
        return price

    @model_validator(mode="after")
    def consistent(self) -> Item:
        assert not (self.name == "empty" and self.parts), "an empty one has no parts"
        return self

    @computed_field
    @property
    def total(self) -> int:
        """All parts."""
        return sum(part.count for part in self.parts)


def told(error: ValidationError | RequestValidationError) -> list[tuple[Any, ...]]:
    return [(one["type"], one["loc"], one["msg"]) for one in error.errors()]


class Models(unittest.TestCase):
    def test_a_model_is_made_of_what_fits_and_fills_in_the_rest(self) -> None:
        item = Item(itemName="a", price="2", parts=[{"name": "ab", "count": 4}, Part(name="cd")])
        self.assertEqual((item.name, item.price, item.parts[0].count, item.total), ("a", 2.0, 4, 4))
        self.assertEqual(item.model_fields_set, {"name", "price", "parts"})
        self.assertIsNot(Item(itemName="a").parts, Item(itemName="b").parts)
        self.assertEqual(Item.kind, "item")
        self.assertEqual(item, Item.model_validate({"itemName": "a", "price": 2, "parts": item.parts}))
        self.assertEqual(item.model_copy(update={"name": "z"}).name, "z")

    def test_all_that_is_wrong_is_told_at_once_and_where(self) -> None:
        with self.assertRaises(ValidationError) as raised:
            Item(price=0, parts=[{"name": "a"}, {"name": "ab", "count": 1}], made=3.5)
        self.assertEqual(
            [(kind, place) for kind, place, _ in told(raised.exception)],
            [
                ("missing", ("itemName",)),
                ("constraint", ("price",)),
                ("constraint", ("parts", 0, "name")),
                ("value_error", ("parts", 1, "count")),
                ("datetime_type", ("made",)),
            ],
        )
        with self.assertRaisesRegex(ValueError, "price: Value error, too dear"):
            Item(itemName="lead", price=101)
        with self.assertRaisesRegex(ValueError, "Assertion failed, an empty one has no parts"):
            Item(itemName="empty", parts=[Part(name="ab")])

    def test_it_is_written_in_part_or_whole_by_alias_or_name(self) -> None:
        item = Item(itemName="a", made="2026-01-02T03:04:05Z")
        self.assertEqual(item.model_dump(include={"name", "price"}), {"name": "a", "price": 1.0})
        self.assertEqual(item.model_dump(exclude_unset=True, exclude={"total"}, by_alias=True)["itemName"], "a")
        self.assertEqual(item.model_dump(exclude_defaults=True), {"name": "a", "made": item.made, "total": 0})
        self.assertNotIn("secret", item.model_dump())
        self.assertEqual(item.model_dump(mode="json")["made"], "2026-01-02T03:04:05Z")
        self.assertEqual(
            Item(itemName="b", parts=[Part(name="ab")]).model_dump(include={"parts": {"__all__": {"name"}}}),
            {"parts": [{"name": "ab"}]},
        )
        self.assertEqual(jsonable_encoder({"at": item.made, "length": timedelta(seconds=3), "none": None}, exclude_none=True),
                         {"at": "2026-01-02T03:04:05+00:00", "length": 3.0})

    def test_what_is_answered_differs_from_what_is_sent_in_the_document_alone_where_it_does(self) -> None:
        app = App()

        @app.post("/items")
        def items(item: Item) -> Item:
            return item

        @app.post("/parts")
        def parts(part: Part) -> Part:
            return part

        schemas = app.openapi()["components"]["schemas"]
        self.assertEqual(sorted(schemas), ["Item-Input", "Item-Output", "Part"])
        self.assertIn("secret", schemas["Item-Input"]["properties"])
        self.assertNotIn("secret", schemas["Item-Output"]["properties"])
        total = {"type": "integer", "title": "Total", "description": "All parts.", "readOnly": True}
        self.assertEqual(schemas["Item-Output"]["properties"]["total"], total)
        self.assertEqual(schemas["Item-Output"]["required"], ["itemName", "total"])
        self.assertEqual(schemas["Item-Input"]["description"], "An item.")

    def test_a_validator_of_the_authors_is_a_422_at_its_place(self) -> None:
        app = App()

        @app.post("/items")
        def items(item: Item, n: Annotated[int, AfterValidator(even)] = 0) -> Item:
            return item

        body = '{"itemName":"lead","price":101,"parts":[{"name":"ab","count":1}]}'
        answer = app.handle("items", '{"query":{"n":3}}', Received("application/json", body))
        self.assertEqual(answer.status_code, 422)
        self.assertEqual(
            [(one["loc"], one["msg"], one["ctx"]) for one in _json(answer)["detail"]],
            [
                (["body", "price"], "Value error, too dear", {"error": {}}),
                (["body", "parts", 0, "count"], "Value error, odd", {"error": {}}),
                (["query", "n"], "Value error, odd", {"error": {}}),
            ],
        )

    def test_a_generic_model_is_one_for_each_of_what_it_holds(self) -> None:
        self.assertEqual(Page[Part](items=[Part(name="ab")]).total, 0)
        self.assertEqual(Parts(items=[{"name": "ab"}]).items, [Part(name="ab")])
        app = App()
        app.get("/a")(lambda: None)

        @app.get("/page")
        def page() -> Page[Part]:
            return Page(items=[{"name": "ab"}])

        self.assertIn("Page_Part_", app.openapi()["components"]["schemas"])
        self.assertEqual(_json(app.handle("page", "{}", Received())), {"items": [{"name": "ab", "count": 0}], "total": 0})

    def test_a_frozen_one_stays_and_others_keep_what_is_more(self) -> None:
        free = Free(a=1, b=[2])
        self.assertEqual((free.model_dump(), free.model_extra), ({"a": 1, "b": [2]}, {"b": [2]}))
        with self.assertRaisesRegex(ValueError, "frozen"):
            free.a = 2
        self.assertEqual(repr(Strict(a=1)), "Strict(a=1)")
        with self.assertRaisesRegex(ValueError, "Extra inputs are not permitted"):
            Strict(a=1, b=2)

    def test_names_may_be_made_and_values_written_as_another_type(self) -> None:
        self.assertEqual(Camel(first_name="a").model_dump(by_alias=True, mode="json"), {"firstName": "a!", "pass": "**********"})
        self.assertEqual(Camel.model_validate({"firstName": "b"}).first_name, "b")
        self.assertEqual(Camel(first_name="a").password.get_secret_value(), "x")

    def test_what_cannot_be_is_refused_by_name(self) -> None:
        def before() -> None:
            field_validator("x", mode="before")

        def config() -> None:
            type("Model", (BaseModel,), {"model_config": {"str_strip_whitespace": True}})

        def untyped() -> None:
            type("Model", (BaseModel,), {"x": 1, "__annotations__": {}})

        def two_defaults() -> None:
            Field(1, default_factory=int)

        def several_aliases() -> None:
            Field(validation_alias=("a", "b"))  # type: ignore[arg-type]

        def setting() -> None:
            App(docs_url=None)

        def method() -> None:
            App().add_middleware(object)

        def option() -> None:
            App().get("/", querry=1)

        def file() -> None:
            FileResponse("report.csv")  # type: ignore[arg-type]

        for wrong, kind, words in [
            (before, TypeError, "the host checks a request by its contract before any function"),
            (config, TypeError, "knows nothing of `str_strip_whitespace`"),
            (untyped, TypeError, "Model.x has no type"),
            (two_defaults, TypeError, "one too many"),
            (several_aliases, TypeError, "`validation_alias` is one name"),
            (setting, TypeError, "App knows nothing of `docs_url`: the pages are the host's"),
            (method, AttributeError, "App has no `add_middleware`: CORS"),
            (option, TypeError, "a route knows nothing of `querry`"),
            (file, TypeError, "there are no files when a plugin runs"),
        ]:
            with self.subTest(wrong.__name__), self.assertRaisesRegex(kind, words):
                wrong()
        for name in ("FastAPI", "BackgroundTasks", "OAuth2PasswordBearer", "CORSMiddleware", "validator", "conint"):
            with self.subTest(name), self.assertRaisesRegex(ImportError, f"switchback has no `{name}`: "):
                getattr(switchback, name)


class Answers(unittest.TestCase):
    def test_a_value_is_made_what_the_contract_promises(self) -> None:
        app = App()

        @app.get("/whole", response_model=Item)
        def whole() -> Any:
            return {"itemName": "a", "password": "p"}

        @app.get("/lacks", response_model=Item)
        def lacks() -> Any:
            return {"price": 1}

        @app.get("/some", response_model=Item, response_model_exclude_unset=True, response_model_exclude={"total"})
        def some() -> Any:
            return Item(itemName="a", tags={"t"})

        self.assertEqual(
            _json(app.handle("whole", "{}", Received())),
            {"itemName": "a", "price": 1.0, "parts": [], "made": None, "tags": [], "total": 0},
        )
        with self.assertLogs(level="ERROR") as logged:
            self.assertEqual(app.handle("lacks", "{}", Received()).status_code, 500)
        self.assertIn("lacks: what it returned: itemName: Field required", logged.output[0])
        self.assertEqual(_json(app.handle("some", "{}", Received())), {"itemName": "a", "tags": ["t"]})
        # What is left out is not promised.
        answer = app.openapi()["paths"]["/some"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        written = app.openapi()["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
        self.assertEqual(written["required"], ["itemName"])

    def test_the_host_asks_an_apps_handlers_what_to_answer_in_its_place(self) -> None:
        app = App()

        @app.exception_handler(404)
        async def missing(request: Any, error: HTTPException) -> Response:
            return Response("no such page", 404, media_type="text/plain")

        @app.exception_handler(RequestValidationError)
        def wrong(request: Any, error: RequestValidationError) -> Response:
            return Response(str(error.errors()[0]["loc"]), 400)

        @app.get("/a")
        def a(n: int) -> int:
            if n == 1:
                raise HTTPException(404)
            return n

        contract = app.openapi()["paths"]["/on-problem"]["post"]
        self.assertTrue(contract["x-switchback-on-problem"])

        def asked(**problem: Any) -> tuple[int, Any]:
            answer = app.handle("on_problem", "{}", Received("application/json", json.dumps({"type": "t", **problem})))
            return answer.status_code, answer.body

        self.assertEqual(asked(status=404, title="Not Found", detail="Not Found"), (404, "no such page"))
        broken = [{"type": "missing", "loc": ["query", "n"], "msg": "Field required", "input": None}]
        self.assertEqual(asked(status=422, title="T", detail="d", errors=broken), (400, "('query', 'n')"))
        self.assertEqual(asked(status=405, title="T", detail="Method Not Allowed"), (405, '{"detail":"Method Not Allowed"}'))
        self.assertEqual(asked(status=504, title="T", detail="too slow"), (504, '{"detail":"too slow"}'))
        self.assertEqual(app.handle("a", '{"query":{"n":1}}', Received()).body, "no such page")
        plain = App()
        plain.get("/a")(a)
        self.assertNotIn("/on-problem", plain.openapi()["paths"])

    def test_a_generator_that_is_async_may_be_a_dependency(self) -> None:
        app, seen = App(), []

        async def session() -> Any:
            seen.append("open")
            try:
                yield "session"
            except KeyError:
                seen.append("rolled back")
                raise
            finally:
                seen.append("closed")

        @app.get("/a")
        async def a(fails: bool, session: str = Depends(session)) -> str:
            if fails:
                raise KeyError("gone")
            return session

        self.assertEqual(app.handle("a", '{"query":{"fails":false}}', Received()).body, '"session"')
        with self.assertLogs(level="ERROR"):
            self.assertEqual(app.handle("a", '{"query":{"fails":true}}', Received()).status_code, 500)
        self.assertEqual(seen, ["open", "closed", "open", "rolled back", "closed"])

    def test_a_file_says_by_what_the_host_gives_it_in_ranges(self) -> None:
        answer = FileResponse(b"a,b", filename="fü.csv", last_modified=datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc))
        headers = dict(answer.headers)
        self.assertEqual((headers["content-type"], headers["accept-ranges"]), ("text/csv; charset=utf-8", "bytes"))
        self.assertEqual(headers["content-disposition"], "attachment; filename*=utf-8''f%C3%BC.csv")
        self.assertEqual(headers["last-modified"], "Sun, 06 Nov 1994 08:49:37 GMT")
        self.assertNotEqual(headers["etag"], FileResponse(b"a,c").headers["etag"])


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int = 0


class Parts(Page[Part]):
    pass


class Free(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)
    a: int


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int
    shy: str = Field("s", repr=False)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(one.title() for one in rest)


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=camel, populate_by_name=True)
    first_name: str
    password: SecretStr = Field(SecretStr("x"), alias="pass")

    @field_serializer("first_name")
    def loud(self, name: str) -> str:
        return name + "!"


def _json(answer: Response) -> Any:
    return json.loads(answer.body or "null")


class Stay(BaseModel):
    begin: date = Field(ge=date(2020, 1, 1), lt=date(2030, 1, 1))
    length: timedelta = Field(le=timedelta(days=1))
    born: PastDate
    at: AwareDatetime
    local: NaiveDatetime


class Moments(unittest.TestCase):
    def test_limits_of_dates_are_in_the_contract_and_those_of_other_types_are_refused(self) -> None:
        app = App()

        @app.post("/stays")
        def stay(stay: Stay) -> None:
            del stay

        fields: dict[str, Any] = app.openapi()["components"]["schemas"]["Stay"]["properties"]
        said = {name: (one["format"], one.get("x-switchback-time")) for name, one in fields.items()}
        self.assertEqual(
            said,
            {
                "begin": ("date", {"ge": "2020-01-01", "lt": "2030-01-01"}),
                "length": ("duration", {"le": "P1D"}),
                "born": ("date", {"now": "past"}),
                "at": ("date-time", {"zone": True}),
                "local": ("partial-date-time", None),
            },
        )
        with self.assertRaisesRegex(TypeError, "`gt=5` says nothing about date"):
            node(Annotated[date, Field(gt=5)])
        self.assertEqual(node(PastDate).load("2020-01-02"), date(2020, 1, 2))

if __name__ == "__main__":
    unittest.main()
