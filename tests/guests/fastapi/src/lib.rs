//! The apps are the examples of this package: each is a component.
