use switchback_sdk::prelude::*;

fn main() {
    info!(id = 7);
}
