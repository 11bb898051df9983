use switchback_sdk::prelude::*;

#[derive(JsonSchema)]
struct Login {
    user: String,
}

#[post("/login")]
fn login(form: Form<Login>) -> String {
    form.0.user
}

fn main() {}
