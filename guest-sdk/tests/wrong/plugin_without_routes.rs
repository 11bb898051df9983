use switchback_sdk::prelude::*;

plugin! { title: "Shop" }

fn main() {}
