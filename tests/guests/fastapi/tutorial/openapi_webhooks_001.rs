use switchback_sdk::prelude::*;

#[model]
struct Subscription {
    username: String,
    monthly_fee: f64,
    #[field(format = "date-time")]
    start_date: String,
}

/// New Subscription
///
/// When a new user subscribes to your service we'll send you a POST request with this
/// data to the URL that you register for the event `new-subscription` in the dashboard.
#[webhook("new-subscription")]
fn new_subscription(body: Json<Subscription>) -> Value {
    unreachable!("it is described, not called")
}

#[get("/users/")]
fn read_users() -> Value {
    json!(["Rick", "Morty"])
}

plugin! { title: "FastAPI", webhooks: [new_subscription], routes: [read_users] }
