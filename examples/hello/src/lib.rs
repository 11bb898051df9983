//! The smallest plugin that does something.

use switchback_sdk::prelude::*;

/// What is answered.
#[derive(Serialize, JsonSchema)]
struct Greeting {
    message: String,
}

/// Say hello
#[get("/hello/{name}")]
fn hello(name: String) -> Greeting {
    Greeting {
        message: format!("Hello {name}"),
    }
}

plugin! { title: "Hello", routes: [hello] }
