//! What is promised, seen from outside.

mod author;
mod budget;
mod contracts;
mod disconnects;
mod documents;
mod embed;
mod fairness;
mod folder;
mod forms;
mod instances;
mod isolation;
mod javascript;
mod languages;
mod limits;
mod logging;
mod notes;
mod pages;
mod readme;
mod refuse;
mod requests;
mod sdk_streams;
mod slow_clients;
mod sources;
mod streams;
mod swap;
mod wasi_http;
