use switchback_sdk::prelude::*;

const COUNT: State<u32> = State::new(|| 0);

fn main() {
    *COUNT.borrow_mut() += 1;
}
