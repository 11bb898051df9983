//! Guests: compiling, linking and calling them. The only folder that names wasmtime.

mod bindings;
mod cache;
mod code;
mod engine;
mod guest_log;
mod imports;
mod inlet;
mod instance;
mod lane;
mod load;
mod meter;
mod misfit;
mod outlet;
mod pool;
mod service;
mod state;
mod wasi_http;

pub(crate) use cache::Cache;
pub(crate) use code::{Code, Loader, Purpose, blocking, hex};
pub use engine::Imports;
pub(crate) use engine::Machines;
pub(crate) use instance::{Answered, CallError, Instance};
pub(crate) use lane::{Interrupt, Lane, Lanes, Ran, Running};
pub(crate) use meter::{Meter, TICK};
pub(crate) use outlet::Begun;
pub(crate) use pool::Pool;
pub use state::GuestState;
pub(crate) use state::{Asked, CallContext, Owner};
