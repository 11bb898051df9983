//! Two models that are told apart by their `kind`.

use switchback_sdk::prelude::*;

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum CatKind {
    Cat,
}

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum DogKind {
    Dog,
    Wolf,
}

#[model]
pub(crate) struct Cat {
    kind: CatKind,
    lives: i64,
}

#[model]
pub(crate) struct Dog {
    kind: DogKind,
    #[field(default = "Rex")]
    name: String,
    bark: bool,
}

#[model]
#[serde(untagged)]
#[schemars(inline, extend("discriminator" = { "propertyName": "kind", "mapping": {
    "cat": "Cat", "dog": "Dog", "wolf": "Dog",
} }))]
pub(crate) enum Tagged {
    Cat(Cat),
    Dog(Dog),
}
