//! The items example.
