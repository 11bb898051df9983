//! The test harness.

pub mod guests;
