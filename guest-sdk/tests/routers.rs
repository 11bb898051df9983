//! Routers: what routes share, nested, and what the contract says of the whole.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::Body;
use switchback_sdk::prelude::*;

mod admin {
    use switchback_sdk::prelude::*;

    mod users {
        use switchback_sdk::prelude::*;

        /// Read a user
        #[get("/{id}", tags = ["one", "admin"])]
        fn read_user(id: u32) -> u32 {
            id
        }

        /// List users
        #[get("")]
        fn list_users() -> u32 {
            0
        }

        router! {
            prefix: "/users",
            tags: ["users"],
            responses: { 404: "there is no such user", 403: "not yours" },
            routes: [read_user, list_users],
        }
    }

    /// Count
    #[get("/stats", status = 200)]
    fn stats() -> u32 {
        7
    }

    router! {
        prefix: "/admin",
        tags: ["admin"],
        responses: { 403: "for admins only" },
        deprecated: true,
        routes: [stats, users::router()],
    }
}

/// What is in the way.
#[model]
struct Hindrance {
    code: u32,
}

mod orders {
    use switchback_sdk::prelude::*;

    /// Read an order
    #[get("/orders/{order}")]
    fn read_order(order: u32, #[path(ge = 1)] shop: u32) -> String {
        format!("{shop} {order}")
    }

    router! {
        prefix: "/shops/{shop}",
        responses: { 409: (crate::Hindrance, "in the way"), "5XX": { "description": "later" } },
        routes: [read_order],
    }
}

/// Say hello
#[get("/")]
fn hello() -> String {
    "hello".into()
}

plugin! {
    title: "Shop",
    version: "1.2.3",
    summary: "Sells",
    description: "",
    terms_of_service: "https://shop.example/terms",
    contact: { name: "Ann", email: "ann@shop.example" },
    license: "MIT",
    servers: { "https://shop.example": "The shop" },
    openapi_tags: { "users": "Who buys." },
    tags: ["shop"],
    responses: { 503: "closed at night" },
    instances: 1,
    routes: [hello, admin::router(), orders::router()],
}

fn document() -> Value {
    serde_json::from_str(&plugin().openapi()).unwrap()
}

#[test]
fn prefixes_join_and_tags_add_up() {
    let paths = &document()["paths"];
    let names: Vec<_> = paths.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "/",
            "/admin/stats",
            "/admin/users/{id}",
            "/admin/users",
            "/shops/{shop}/orders/{order}"
        ]
    );
    let tags = |path: &str| paths[path]["get"]["tags"].clone();
    assert_eq!(tags("/"), json!(["shop"]));
    assert_eq!(tags("/admin/stats"), json!(["shop", "admin"]));
    assert_eq!(
        tags("/admin/users/{id}"),
        json!(["shop", "admin", "users", "one"])
    );
}

#[test]
fn answers_are_shared_and_the_nearest_description_wins() {
    let responses = &document()["paths"]["/admin/users/{id}"]["get"]["responses"];
    assert_eq!(responses["403"]["description"], "not yours");
    assert_eq!(responses["404"]["description"], "there is no such user");
    assert_eq!(responses["503"]["description"], "closed at night");
    assert!(responses["200"]["content"].is_object());
    let stats = &document()["paths"]["/admin/stats"]["get"];
    assert_eq!(stats["responses"]["403"]["description"], "for admins only");
    assert_eq!(stats["deprecated"], true);
}

#[test]
fn the_whole_is_described() {
    let document = document();
    let info = json!({
        "title": "Shop", "version": "1.2.3", "summary": "Sells",
        "termsOfService": "https://shop.example/terms",
        "contact": {"name": "Ann", "email": "ann@shop.example"},
        "license": {"name": "MIT", "identifier": "MIT"},
    });
    assert_eq!(document["info"], info);
    let servers = json!([{"url": "https://shop.example", "description": "The shop"}]);
    assert_eq!(document["servers"], servers);
    assert_eq!(
        document["tags"],
        json!([{"name": "users", "description": "Who buys."}])
    );
    assert_eq!(document["x-switchback-instances"], 1);
}

#[test]
fn a_nested_route_is_called_by_its_id() {
    let params = r#"{"path":{"id":5}}"#;
    assert_eq!(
        plugin().handle("read_user", params, &Body::Empty).body,
        b"5"
    );
}

#[test]
fn a_prefix_has_parameters_that_its_routes_take() {
    let order = &document()["paths"]["/shops/{shop}/orders/{order}"]["get"];
    let names: Vec<_> = order["parameters"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&names[1]["name"], &names[1]["in"]),
        (&json!("shop"), &json!("path"))
    );

    let client = switchback_sdk::TestClient::new(plugin());
    let response = client.get("/shops/7/orders/8").send();
    assert_eq!(response.json::<String>(), "7 8");
    let response = client.get("/shops/0/orders/x").send();
    let told = response.value()["detail"].clone();
    assert_eq!(told[0]["loc"], json!(["path", "order"]));
    assert_eq!(told[1]["loc"], json!(["path", "shop"]));
}

#[test]
fn shared_answers_may_have_a_type() {
    let document = document();
    let responses = &document["paths"]["/shops/{shop}/orders/{order}"]["get"]["responses"];
    assert_eq!(responses["409"]["description"], "in the way");
    let schema = &responses["409"]["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Hindrance");
    assert_eq!(responses["5XX"]["description"], "later");
}

/// Routes that differ by what a parameter of the path has to be.
mod kinds {
    use switchback_sdk::prelude::*;

    #[get("/items/{name}")]
    fn by_name(name: String) -> String {
        format!("named {name}")
    }

    #[get("/items/{rest:path}")]
    fn rest(rest: String) -> String {
        format!("the rest {rest}")
    }

    #[get("/items/{number:int}")]
    fn by_number(number: u32) -> String {
        format!("number {number}")
    }

    plugin! { routes: [by_name, rest, by_number] }
}

#[test]
fn routes_that_differ_by_what_a_parameter_has_to_be_stand_beside_each_other() {
    let client = switchback_sdk::TestClient::new(kinds::plugin());
    for (path, answer) in [
        ("/items/7", "number 7"),
        ("/items/x", "named x"),
        ("/items/x/y", "the rest x/y"),
    ] {
        assert_eq!(client.get(path).send().json::<String>(), answer);
    }
}
