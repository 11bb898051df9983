//! A guest with an import of its embedder's own: `GET /players` answers who is in the game's world.

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "game:%world/game-plugin@1.0.0",
        generate_all,
    });
    export!(World with_types_in self);
    use super::World;
}

use bindings::exports::switchback::plugin::{contract, handler};
use bindings::game::world::query;
use bindings::switchback::plugin::types::{Answer, Payload, Response};

struct World;

impl contract::Guest for World {
    fn openapi() -> String {
        r#"{"openapi": "3.1.0", "info": {"title": "World", "version": "1"}, "paths": {"/players": {"get": {
            "operationId": "players", "responses": {"200": {"description": "Names", "content": {"application/json": {
            "schema": {"type": "array", "items": {"type": "string"}}}}}}}}}}"#
            .into()
    }
}

impl handler::Guest for World {
    fn handle(_: handler::Request) -> Answer {
        Answer::Full(Response {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: Payload::Text(format!("{:?}", query::players())),
        })
    }
}
