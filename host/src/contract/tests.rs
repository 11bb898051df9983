//! What a contract may say, what it may not, and what becomes of many.

#![expect(
    clippy::needless_pass_by_value,
    reason = "`json!` makes values, and a test reads better without `&` before each"
)]

use serde_json::{Value, json};

use super::operation::PUBLIC;
use super::{Contract, merge, plugin_document};
use crate::config::{HostConfig, Limits};

/// A document with these paths and components.
fn document(paths: Value, components: Value) -> Value {
    json!({ "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "paths": paths, "components": components })
}

fn parse(document: &Value) -> Result<Contract, String> {
    Contract::parse(&document.to_string(), &Limits::default()).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(document: &Value, says: &str) {
    refused_text(&document.to_string(), says);
}

#[track_caller]
fn refused_text(text: &str, says: &str) {
    let message = Contract::parse(text, &Limits::default())
        .err()
        .expect("it was not refused")
        .to_string();
    assert!(message.contains(says), "{message}");
}

/// A document with one operation, `GET /x`.
fn one(operation: Value) -> Value {
    document(json!({ "/x": { "get": operation } }), json!({}))
}

/// A document whose `POST /x` takes a body of this schema.
fn body(schema: Value, schemas: Value) -> Value {
    let content = json!({ "application/json": { "schema": schema } });
    document(
        json!({ "/x": { "post": { "requestBody": { "content": content } } } }),
        json!({ "schemas": schemas }),
    )
}

fn path_parameter(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}

mod refusals {
    use super::*;

    #[test]
    fn a_contract_larger_than_allowed() {
        let limits = Limits {
            contract_bytes: 10,
            ..Limits::default()
        };
        let error = Contract::parse(&one(json!({})).to_string(), &limits)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("more than the 10 allowed; see `contract_bytes`"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_json() {
        refused_text(
            "hello",
            "the contract is not JSON: expected value at line 1 column 1",
        );
        refused_text("", "the contract is not JSON");
    }

    #[test]
    fn json_nested_without_end() {
        refused_text(
            &"[".repeat(100_000),
            "the contract is not JSON: recursion limit exceeded",
        );
    }

    #[test]
    fn what_is_no_object() {
        refused(&json!([1]), "no OpenAPI document but `[1]`");
    }

    #[test]
    fn what_is_not_openapi() {
        refused(
            &json!({ "paths": {} }),
            "it has no `openapi`; set it to `3.1.0`",
        );
    }

    #[test]
    fn another_version_of_openapi() {
        refused(
            &json!({ "openapi": "3.0.3", "paths": {} }),
            "OpenAPI `\"3.0.3\"`, and 3.1 is needed",
        );
        refused(
            &json!({ "swagger": "2.0", "paths": {} }),
            "OpenAPI `\"2.0\"`, and 3.1 is needed",
        );
        refused(&json!({ "openapi": 3.1, "paths": {} }), "3.1 is needed");
    }

    #[test]
    fn another_dialect_of_json_schema() {
        let mut document = one(json!({}));
        document["jsonSchemaDialect"] = "http://json-schema.org/draft-04/schema#".into();
        refused(
            &document,
            "`jsonSchemaDialect` `\"http://json-schema.org/draft-04/schema#\"` is not supported",
        );
    }

    #[test]
    fn more_operations_than_allowed_before_anything_is_compiled() {
        // Each would be refused for its schema if it came to that.
        let paths: serde_json::Map<_, _> = (0..100_000)
            .map(|n| (format!("/p{n}"), json!({ "get": { "requestBody": { "content": { "application/json": { "schema": { "type": 7 } } } } } })))
            .collect();
        let text = document(paths.into(), json!({})).to_string();
        let limits = Limits {
            contract_bytes: u64::MAX,
            ..Limits::default()
        };
        let error = Contract::parse(&text, &limits).err().unwrap().to_string();
        assert!(
            error.contains("100000 operations, more than the 2000 allowed; see `operations`"),
            "{error}"
        );
    }

    #[test]
    fn a_reference_out_of_the_document() {
        for target in [
            "https://example.com/a.json",
            "other.json#/a",
            "file:///etc/passwd",
        ] {
            refused(
                &body(json!({ "$ref": target }), json!({})),
                &format!("`$ref` to `{target}` leads out of the document"),
            );
        }
    }

    #[test]
    fn a_reference_to_nothing() {
        let document = body(json!({ "$ref": "#/components/schemas/Lost" }), json!({}));
        refused(
            &document,
            "`$ref` leads to `#/components/schemas/Lost`, and nothing is there (at `#/paths/~1x/post/requestBody/content/application~1json/schema`)",
        );
    }

    #[test]
    fn a_reference_to_what_cannot_be_shared() {
        let mut document = body(json!({ "$ref": "#/x-shared/Item" }), json!({}));
        document["x-shared"] = json!({ "Item": {} });
        refused(
            &document,
            "`#/x-shared/Item`, which other parts cannot share: move it into `components`",
        );
        refused(
            &body(json!({ "$ref": "#" }), json!({})),
            "write it as `#/components/…`",
        );
    }

    #[test]
    fn references_that_lead_round_in_a_circle() {
        let circle = json!({ "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" } });
        refused(
            &body(json!({ "$ref": "#/components/schemas/A" }), circle),
            "leads round in a circle",
        );
        let own = json!({ "A": { "allOf": [{ "type": "object" }, { "$ref": "#/components/schemas/A" }] } });
        refused(
            &body(json!({ "$ref": "#/components/schemas/A" }), own),
            "leads round in a circle",
        );
        let parameters = json!({ "A": { "$ref": "#/components/parameters/A" } });
        refused(
            &document(
                json!({ "/x": { "get": { "parameters": [{ "$ref": "#/components/parameters/A" }] } } }),
                json!({ "parameters": parameters }),
            ),
            "leads round in a circle",
        );
    }

    #[test]
    fn path_items_that_refer_to_each_other() {
        let paths = json!({ "/a": { "$ref": "#/paths/~1b" }, "/b": { "$ref": "#/paths/~1a" } });
        refused(
            &document(paths, json!({})),
            "more than 16 `$ref`s follow one another",
        );
    }

    #[test]
    fn names_and_lookups_of_schemas_by_other_means_than_their_place() {
        for keyword in ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor"] {
            refused(
                &body(json!({ keyword: "x" }), json!({})),
                &format!("`{keyword}` is not supported"),
            );
        }
    }

    #[test]
    fn a_schema_that_is_none() {
        refused(
            &body(json!({ "type": "text" }), json!({})),
            "at `#/paths/~1x/post/requestBody/content/application~1json/schema",
        );
        refused(
            &body(json!({}), json!({ "Unused": { "minLength": -1 } })),
            "at `#/components/schemas/Unused",
        );
    }

    #[test]
    fn a_pattern_with_look_around() {
        refused(
            &body(json!({ "type": "string", "pattern": "^(?=a)" }), json!({})),
            "(?=a)",
        );
    }

    #[test]
    fn a_path_that_does_not_start_with_a_slash() {
        refused(
            &document(json!({ "x": { "get": {} } }), json!({})),
            "a path starts with `/` (at `#/paths/x`)",
        );
    }

    #[test]
    fn a_malformed_template() {
        for (path, says) in [
            ("/{a", "never closed"),
            ("/a}", "no `{` before it"),
            ("/{a}{b}", "nothing separates"),
            ("/{a}/{a}", "twice"),
        ] {
            let parameters = json!([path_parameter("a"), path_parameter("b")]);
            refused(
                &document(
                    json!({ path: { "get": { "parameters": parameters } } }),
                    json!({}),
                ),
                says,
            );
        }
    }

    #[test]
    fn two_paths_that_match_the_same_requests_with_one_method() {
        let paths = json!({
            "/a/{x}": { "get": { "parameters": [path_parameter("x")] } },
            "/a/{y}": { "get": { "parameters": [path_parameter("y")] } }
        });
        refused(
            &document(paths, json!({})),
            "`GET /a/{y}` matches the same requests as `GET /a/{x}`",
        );
    }

    #[test]
    fn a_parameter_in_the_path_that_is_not_declared() {
        refused(
            &document(json!({ "/a/{x}": { "get": {} } }), json!({})),
            "`GET /a/{x}` has `{x}` in its path but no parameter `x`",
        );
    }

    #[test]
    fn a_path_parameter_that_the_path_lacks() {
        refused(
            &one(json!({ "parameters": [path_parameter("id")] })),
            "declares the path parameter `id`, which its path lacks",
        );
    }

    #[test]
    fn a_parameter_declared_twice() {
        let query = json!({ "name": "q", "in": "query", "schema": {} });
        refused(
            &one(json!({ "parameters": [query, query] })),
            "parameter `q` in `query` is declared twice (at `#/paths/~1x/get/parameters/1`)",
        );
    }

    #[test]
    fn an_operation_id_used_twice() {
        let paths = json!({ "/a": { "get": { "operationId": "read" } }, "/b": { "get": { "operationId": "read" } } });
        refused(
            &document(paths, json!({})),
            "`operationId` `read` is also that of `#/paths/~1a/get`",
        );
        let shared = json!({ "/a": { "$ref": "#/components/pathItems/P" }, "/b": { "$ref": "#/components/pathItems/P" } });
        let components = json!({ "pathItems": { "P": { "get": { "operationId": "read" } } } });
        refused(
            &document(shared, components),
            "`operationId` `read` is that of `/b` and of `/a`",
        );
    }

    #[test]
    fn forms_without_fields() {
        for media in ["multipart/form-data", "application/x-www-form-urlencoded"] {
            refused(
                &one(json!({ "requestBody": { "content": { media: {} } } })),
                &format!("the form `{media}` needs a `schema`"),
            );
        }
    }

    #[test]
    fn what_is_no_object_where_openapi_wants_one() {
        refused(
            &document(json!({ "/x": 7 }), json!({})),
            "an object is needed here, not `7` (at `#/paths/~1x`)",
        );
        refused(
            &document(json!({ "/x": { "get": [] } }), json!({})),
            "an object is needed here, not `[]`",
        );
        refused(
            &document(json!([]), json!({})),
            "`paths` is an object, not `[]`",
        );
        refused(
            &one(json!({ "parameters": {} })),
            "`parameters` is a list, not `{}`",
        );
        refused(
            &one(json!({ "operationId": 3 })),
            "`operationId` is a text, not `3`",
        );
    }

    #[test]
    fn a_chain_of_references_too_long_to_follow() {
        let schemas: serde_json::Map<_, _> = (0..20_000)
            .map(|n| {
                (
                    format!("S{n}"),
                    json!({ "$ref": format!("#/components/schemas/S{}", n + 1) }),
                )
            })
            .chain([("S20000".to_owned(), json!({}))])
            .collect();
        assert!(
            parse(&body(
                json!({ "$ref": "#/components/schemas/S0" }),
                schemas.into()
            ))
            .is_err()
        );
    }
}

#[test]
fn operations_are_known_by_id_or_by_method_and_path() {
    let paths = json!({ "/a": { "post": {}, "get": { "operationId": "read" }, "parameters": [] }, "x-note": 1 });
    let contract = parse(&document(paths, json!({}))).unwrap();
    let ids: Vec<_> = contract
        .operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    assert_eq!(ids, ["read", "POST /a"]);
}

#[test]
fn parameters_of_a_path_hold_for_its_operations_unless_they_say_otherwise() {
    let paths = json!({ "/a/{id}": {
        "parameters": [path_parameter("id"), { "name": "q", "in": "query", "required": true, "schema": {} }],
        "get": { "parameters": [{ "name": "q", "in": "query", "schema": {} }] },
        "put": {}
    } });
    let contract = parse(&document(paths, json!({}))).unwrap();
    let fits = |at: usize| {
        let received = crate::admit::Received {
            path: &["7"],
            query: None,
            headers: &http::HeaderMap::new(),
            body: crate::admit::Sent::Whole(bytes::Bytes::new()),
        };
        contract.operations[at]
            .admit(received, &Limits::default())
            .is_ok()
    };
    assert!(fits(0));
    assert!(!fits(1));
}

#[test]
fn references_are_followed_for_every_part_of_an_operation() {
    let document = document(
        json!({ "/a/{id}": { "$ref": "#/components/pathItems/A" } }),
        json!({
            "pathItems": { "A": { "post": {
                "parameters": [{ "$ref": "#/components/parameters/Id" }],
                "requestBody": { "$ref": "#/components/requestBodies/B" },
                "responses": { "200": { "$ref": "#/components/responses/R" } }
            } } },
            "parameters": { "Id": path_parameter("id") },
            "requestBodies": { "B": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/S" } } } } },
            "responses": { "R": { "description": "" } },
            "schemas": { "S": { "type": "string" } }
        }),
    );
    let contract = parse(&document).unwrap();
    assert!(contract.operations[0].has_body());
    assert_eq!(contract.operations[0].template.names(), ["id"]);
}

#[test]
fn a_parameter_may_take_the_rest_of_the_path() {
    let parameter = json!({ "name": "p", "in": "path", "required": true, "schema": {}, "x-switchback-wildcard": true });
    let contract = parse(&document(
        json!({ "/f/{p}": { "get": { "parameters": [parameter] } } }),
        json!({}),
    ))
    .unwrap();
    assert_eq!(contract.operations[0].template.shape(), "/f/<*0>");
}

#[test]
fn what_only_looks_like_a_reference_or_a_name_is_left_alone() {
    let schema = json!({
        "type": "object",
        "properties": { "$id": { "type": "string" }, "$ref": { "type": "string" } },
        "default": { "$ref": "nowhere" },
        "examples": [{ "$ref": "nowhere" }],
        "x-note": { "$ref": "nowhere" }
    });
    parse(&body(schema, json!({}))).unwrap();
}

#[test]
fn schemas_may_contain_themselves_further_down() {
    let tree = json!({ "Tree": { "type": "object", "properties": { "next": { "$ref": "#/components/schemas/Tree" } } } });
    parse(&body(json!({ "$ref": "#/components/schemas/Tree" }), tree)).unwrap();
}

#[test]
fn what_is_documented_but_not_checked_gives_a_warning() {
    let contract = parse(&one(json!({ "security": [{ "Key": [] }] }))).unwrap();
    let warnings = contract.warnings.join("\n");
    assert!(
        warnings.contains("`GET /x`: `security` is documented but not enforced yet"),
        "{warnings}"
    );
}

#[test]
fn warnings_do_not_flood() {
    let paths: serde_json::Map<_, _> = (0..100)
        .map(|n| {
            (
                format!("/p{n}"),
                json!({ "get": { "security": [{ "Key": [] }] } }),
            )
        })
        .collect();
    let contract = parse(&document(paths.into(), json!({}))).unwrap();
    assert_eq!(contract.warnings.len(), 21);
    assert_eq!(contract.warnings[20], "and 80 warnings more");
}

mod merging {
    use super::*;

    fn items() -> Contract {
        parse(&serde_json::from_str(include_str!("golden/items.json")).unwrap()).unwrap()
    }

    fn shop() -> Contract {
        parse(&serde_json::from_str(include_str!("golden/shop.json")).unwrap()).unwrap()
    }

    fn host() -> HostConfig {
        HostConfig {
            base_path: "/api".into(),
            ..HostConfig::default()
        }
    }

    #[track_caller]
    fn is_golden(document: &Value, golden: &str) {
        let pretty = serde_json::to_string_pretty(document).unwrap();
        assert!(pretty.trim() == golden.trim(), "now it is:\n{pretty}");
    }

    #[test]
    fn every_name_carries_its_plugins() {
        let (items, shop) = (items(), shop());
        let merged = merge(
            [("shop", "/shop", &shop), ("items", "", &items)].into_iter(),
            &host(),
        );
        is_golden(&merged, include_str!("golden/merged.json"));
    }

    #[test]
    fn a_plugins_own_document_keeps_its_names() {
        is_golden(
            &plugin_document("shop", "/shop", &shop(), &host(), PUBLIC),
            include_str!("golden/shop-served.json"),
        );
    }

    #[test]
    fn the_order_of_plugins_never_shows() {
        let (items, shop) = (items(), shop());
        let one = merge(
            [("shop", "/shop", &shop), ("items", "", &items)].into_iter(),
            &host(),
        );
        let other = merge(
            [("items", "", &items), ("shop", "/shop", &shop)].into_iter(),
            &host(),
        );
        assert_eq!(one.to_string(), other.to_string());
    }

    #[test]
    fn removing_a_plugin_renames_nothing_of_another() {
        let (items, shop) = (items(), shop());
        let both = merge(
            [("shop", "/shop", &shop), ("items", "", &items)].into_iter(),
            &host(),
        );
        let alone = merge([("items", "", &items)].into_iter(), &host());
        let (both, alone) = (
            both["components"]["schemas"].as_object().unwrap(),
            alone["components"]["schemas"].as_object().unwrap(),
        );
        assert!(
            alone
                .iter()
                .all(|(name, schema)| both.get(name) == Some(schema))
        );
        assert!(alone.contains_key("items.Item"));
    }

    #[test]
    fn tags_keep_their_names_and_plugins_that_share_one_stand_under_it() {
        let tagged = |about: &str, path: &str| {
            let mut contract =
                document(json!({ path: { "get": { "tags": ["pets"] } } }), json!({}));
            contract["tags"] = json!([{ "name": "pets", "description": about }]);
            parse(&contract).unwrap()
        };
        let (a, b) = (tagged("first", "/a"), tagged("second", "/b"));
        let merged = merge(
            [("b", "", &b), ("a", "", &a)].into_iter(),
            &HostConfig::default(),
        );
        for path in ["/a", "/b"] {
            assert_eq!(merged["paths"][path]["get"]["tags"], json!(["pets"]));
        }
        assert_eq!(
            merged["tags"],
            json!([{ "name": "pets", "description": "first" }])
        );
    }

    #[test]
    fn what_has_no_tag_stands_under_its_plugins_name() {
        let contract = parse(&one(json!({ "tags": [] }))).unwrap();
        let merged = merge(
            [("shop", "", &contract)].into_iter(),
            &HostConfig::default(),
        );
        assert_eq!(merged["paths"]["/x"]["get"]["tags"], json!(["shop"]));
        assert_eq!(
            merged["tags"],
            json!([{ "name": "shop", "description": "T" }])
        );
        let own = plugin_document("shop", "", &contract, &HostConfig::default(), PUBLIC);
        assert_eq!(own["paths"]["/x"]["get"]["tags"], json!([]));
    }

    #[test]
    fn every_reference_in_the_merged_document_leads_somewhere() {
        let (items, shop) = (items(), shop());
        let merged = merge(
            [("shop", "/shop", &shop), ("items", "", &items)].into_iter(),
            &host(),
        );
        // Reading a contract refuses those that do not.
        parse(&merged).unwrap();
        parse(&plugin_document("items", "", &items, &host(), PUBLIC)).unwrap();
    }

    #[test]
    fn nothing_served_is_a_document_too() {
        let merged = merge(std::iter::empty(), &HostConfig::default());
        assert_eq!(
            merged,
            json!({ "openapi": "3.1.0", "info": { "title": "Switchback", "version": "0.1.0" }, "paths": {} })
        );
    }

    #[test]
    fn two_plugins_may_serve_methods_of_one_path_whatever_they_call_its_parameters() {
        let a = parse(&document(
            json!({ "/i/{id}": { "get": { "parameters": [path_parameter("id")] } } }),
            json!({}),
        ))
        .unwrap();
        let b = parse(&document(
            json!({ "/i/{key}": { "parameters": [{ "$ref": "#/components/parameters/Key" }], "put": {} } }),
            json!({ "parameters": { "Key": path_parameter("key") } }),
        ))
        .unwrap();
        let merged = merge(
            [("a", "", &a), ("b", "", &b)].into_iter(),
            &HostConfig::default(),
        );
        assert_eq!(merged["paths"].as_object().unwrap().len(), 1);
        assert_eq!(
            merged["paths"]["/i/{id}"]["get"]["parameters"],
            json!([path_parameter("id")])
        );
        assert_eq!(
            merged["paths"]["/i/{id}"]["put"]["parameters"],
            json!([path_parameter("id")])
        );
    }

    #[test]
    fn routes_of_one_method_that_differ_by_a_kind_of_parameter_have_each_a_path() {
        let number = || {
            let mut number = path_parameter("n");
            number["x-switchback-convertor"] = "int".into();
            json!({ "get": { "parameters": [number] } })
        };
        let text = |name: &str| json!({ "get": { "parameters": [path_parameter(name)] } });
        let merged = |plugins: &[(&str, Value)]| {
            let contracts: Vec<_> = plugins
                .iter()
                .map(|(name, paths)| (*name, parse(&document(paths.clone(), json!({}))).unwrap()))
                .collect();
            let all = contracts
                .iter()
                .map(|(name, contract)| (*name, "", contract));
            let merged = merge(all, &HostConfig::default());
            let paths = merged["paths"].as_object().unwrap().keys().cloned();
            paths.collect::<Vec<_>>()
        };
        let both = json!({ "/i/{n}": number(), "/i/{name}": text("name") });
        assert_eq!(merged(&[("a", both)]), ["/i/{n}", "/i/{name}"]);
        let (one, other) = (
            json!({ "/i/{n}": number() }),
            json!({ "/i/{name}": text("name") }),
        );
        assert_eq!(merged(&[("b", other), ("a", one)]), ["/i/{n}", "/i/{name}"]);
        let alike = json!({ "/i/{n}": text("n"), "/i/{m}": text("m") });
        assert!(parse(&document(alike, json!({}))).is_err());
    }

    #[test]
    fn an_operation_that_cannot_be_refused_has_no_422() {
        let contract = parse(&one(
            json!({ "responses": { "200": { "description": "" } } }),
        ))
        .unwrap();
        let merged = merge([("a", "", &contract)].into_iter(), &HostConfig::default());
        assert_eq!(
            merged["paths"]["/x"]["get"]["responses"],
            json!({ "200": { "description": "" } })
        );
        assert!(merged.get("components").is_none());
    }

    #[test]
    fn a_422_of_the_plugins_own_is_kept() {
        for status in ["422", "4XX", "default"] {
            let operation = json!({ "requestBody": { "content": { "application/json": {} } }, "responses": { status: { "description": "mine" } } });
            let contract = parse(&one(operation)).unwrap();
            let merged = merge([("a", "", &contract)].into_iter(), &HostConfig::default());
            assert_eq!(
                merged["paths"]["/x"]["get"]["responses"],
                json!({ status: { "description": "mine" } })
            );
        }
    }
}
