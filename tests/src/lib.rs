//! What the tests stand on: a real host behind a real listener, real components, a real client.

pub mod browser;
pub mod client;
pub mod frames;
pub mod guests;
pub mod harness;
pub mod process;
pub mod raw;
pub mod tls;
pub mod tools;

pub use browser::Browser;
pub use client::{Client, Reply};
pub use harness::Harness;
pub use process::Served;
pub use raw::Raw;
