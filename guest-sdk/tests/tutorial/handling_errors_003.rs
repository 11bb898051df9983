use switchback_sdk::prelude::*;

#[model]
struct Message {
    message: String,
}

#[derive(Responses)]
enum UnicornError {
    /// A unicorn did something
    #[status(418)]
    Oops(Json<Message>),
}

#[get("/unicorns/{name}")]
fn read_unicorn(name: String) -> Result<Value, UnicornError> {
    if name == "yolo" {
        let message = format!("Oops! {name} did something. There goes a rainbow...");
        return Err(UnicornError::Oops(Json(Message { message })));
    }
    Ok(json!({ "unicorn_name": name }))
}

plugin! { title: "FastAPI", routes: [read_unicorn] }
