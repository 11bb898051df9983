//! The hello example.
