use switchback_sdk::prelude::*;

#[model]
struct Item {
    name: String,
    price: f64,
}

#[get("/items/stream")]
fn stream_items() -> EventStream {
    EventStream::writing(|out| {
        out.send(ServerSentEvent::empty().comment("stream of item updates"))?;
        let items = [("Plumbus", 32.99), ("Portal Gun", 999.99), ("Meeseeks Box", 49.99)];
        for (number, (name, price)) in (1..).zip(items) {
            let item = Item { name: name.into(), price };
            let event = ServerSentEvent::new(json!(item)).event("item_update");
            out.send(event.id(number.to_string()).retry(5000))?;
        }
        Ok(())
    })
}

plugin! { title: "FastAPI", routes: [stream_items] }
