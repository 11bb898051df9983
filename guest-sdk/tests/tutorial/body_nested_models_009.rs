use std::collections::BTreeMap;

use switchback_sdk::prelude::*;

#[post("/index-weights/")]
fn create_index_weights(weights: Json<BTreeMap<i64, f64>>) -> BTreeMap<i64, f64> {
    weights.0
}

plugin! { title: "FastAPI", routes: [create_index_weights] }
