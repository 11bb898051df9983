//! Functions that are routes. `switchback dev` serves them; save this file, and the change is live.

use switchback_sdk::prelude::*;

/// Say hello
///
/// The first line is the summary in the documentation, the rest the description, in Markdown. `name` stands in the
/// path, so it is a path parameter; `times` is a query parameter with rules.
#[get("/hello/{name}")]
fn hello(name: String, #[query(ge = 1, le = 5)] times: Option<u8>) -> Json<Greeting> {
    let names = vec![name; usize::from(times.unwrap_or(1))];
    Json(Greeting {
        message: format!("Hello {}", names.join(" ")),
    })
}

/// Sign a card
///
/// What the type `Card` says holds before this function is called: who sends anything else is told so with status 422.
#[post("/cards")]
fn sign(card: Json<Card>) -> Json<Greeting> {
    Json(Greeting {
        message: format!("{}, says {}", card.0.text, card.0.from),
    })
}

/// A card that is to be signed.
#[derive(Deserialize, JsonSchema)]
struct Card {
    #[schemars(length(min = 1, max = 50))]
    from: String,
    #[serde(default = "hello_there")]
    text: String,
}

fn hello_there() -> String {
    "Hello there".into()
}

/// What is answered.
#[derive(Serialize, JsonSchema)]
struct Greeting {
    message: String,
}

plugin! { title: "NAME", routes: [hello, sign] }
