use switchback_sdk::prelude::*;

plugin! { routes: ["/items"] }

fn main() {}
