//! What an argument becomes: data for the contract, and the expression that reads it.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::argument::{Argument, Kind, Part, Place};
use crate::body;

impl Part {
    /// What the contract says beside its schema; of a field, in its schema.
    fn about(&self) -> TokenStream {
        let mut about = Vec::new();
        if !matches!(self.place, Place::Form | Place::Body) {
            let (name, place) = (&self.name, self.place.word());
            about.push(("name", text(name)));
            about.push(("in", text(place)));
        }
        about.push(("description", text(&self.description)));
        let yes = quote!(::switchback_sdk::operation::Rule::Bool(true));
        if self.deprecated {
            about.push(("deprecated", yes.clone()));
        }
        if self.hidden {
            about.push((
                "x-switchback-audience",
                quote!(::switchback_sdk::operation::Rule::List(&[])),
            ));
        }
        if self.takes_rest {
            about.push(("x-switchback-wildcard", yes));
        }
        if let Some(examples) = &self.examples {
            about.push(("examples", examples.clone()));
        }
        if let Some(kind) = &self.kind {
            about.push(("x-switchback-convertor", text(kind)));
        }
        if let Some(dependency) = self.dependency {
            let number = i64::from(dependency);
            about.push((
                "x-switchback-dependency",
                quote!(::switchback_sdk::operation::Rule::Integer(#number)),
            ));
        }
        entries(&about)
    }
}

impl Part {
    /// What its schema says beside its type. FastAPI says of a parameter's description that it is its schema's, too.
    fn rules_of_schema(&self) -> Vec<(&str, TokenStream)> {
        let mut rules: Vec<(&str, TokenStream)> = Vec::new();
        let own = self.rules.iter().map(|(key, value)| (*key, value.clone()));
        rules.extend(own);
        if !matches!(self.place, Place::Form | Place::Body) {
            rules.push(("description", text(&self.description)));
            if self.deprecated {
                let yes = quote!(::switchback_sdk::operation::Rule::Bool(true));
                rules.push(("deprecated", yes));
            }
        }
        let extra = self.extra.iter();
        rules.extend(extra.map(|(key, value)| (key.as_str(), value.clone())));
        rules
    }
}

/// A text as `switchback_sdk::operation::Rule`.
pub(crate) fn text(text: &str) -> TokenStream {
    quote!(::switchback_sdk::operation::Rule::Text(#text))
}

/// Names and values as the entries of an object. Texts that are empty are left out.
pub(crate) fn entries(entries: &[(impl AsRef<str>, TokenStream)]) -> TokenStream {
    let empty = text("").to_string();
    let entries = entries
        .iter()
        .filter(|(_, value)| value.to_string() != empty)
        .map(|(key, value)| {
            let key = key.as_ref();
            quote!((#key, #value))
        });
    quote!(&[#(#entries),*])
}

// What is expanded carries the span of the argument's type, so that a type which does not fit is marked where the
// author wrote it, and once.
impl Argument {
    /// The parameter or field as data, for the contract.
    pub(crate) fn declared(&self) -> Option<TokenStream> {
        let Kind::Part(part) = &self.kind else {
            return None;
        };
        let (ty, name) = (&self.ty, &part.name);
        let about = part.about();
        let rules: Vec<_> = part.rules_of_schema();
        let (rules, rules_of_each) = (entries(&rules), entries(&part.rules_of_each));
        let kind = self.word(if part.file { "Files" } else { "Parameter" });
        Some(
            quote_spanned!(ty.span()=> ::switchback_sdk::operation::Argument {
                name: #name,
                about: #about,
                rules: #rules,
                rules_of_each: #rules_of_each,
                schema: <#ty as ::switchback_sdk::#kind>::described,
                optional: <#ty as ::switchback_sdk::#kind>::is_optional,
            }),
        )
    }

    /// The expression that reads it from the request.
    pub(crate) fn read(&self) -> TokenStream {
        let ty = &self.ty;
        match &self.kind {
            Kind::Part(part) => {
                let way = match part.place {
                    _ if part.file => "files",
                    Place::Body => "value",
                    place => place.word(),
                };
                let way = self.word(way);
                // The contract keeps the author's spelling, the host hands headers over in lower case.
                let name = match part.place {
                    Place::Header => part.name.to_ascii_lowercase(),
                    _ => part.name.clone(),
                };
                match &part.default {
                    Some(default) => quote_spanned!(ty.span()=> match request.is_sent(#name) {
                        true => request.#way::<#ty>(#name)?,
                        false => #default,
                    }),
                    None => quote_spanned!(ty.span()=> request.#way::<#ty>(#name)?),
                }
            }
            Kind::Body(_) => quote_spanned!(ty.span()=> request.body::<#ty>()?),
            Kind::Model(_) => quote_spanned!(ty.span()=> request.parameters::<#ty>()?),
        }
    }

    fn word(&self, name: &str) -> Ident {
        Ident::new(name, self.ty.span())
    }

    /// Its name, where the prefix of a router has it.
    pub(crate) fn outer(&self) -> Option<&str> {
        match &self.kind {
            Kind::Part(part) if part.outer => Some(&part.name),
            _ => None,
        }
    }

    /// Whether it is a file of a form.
    pub(crate) fn is_file(&self) -> bool {
        matches!(&self.kind, Kind::Part(part) if part.file)
    }

    /// A whole body as one of several, by the argument's name.
    pub(crate) fn embedded(&self) -> Option<TokenStream> {
        if self.is_value() {
            return self.declared();
        }
        let (Kind::Body(_), ty, name) = (&self.kind, &self.ty, self.ident.unraw().to_string())
        else {
            return None;
        };
        let rules = entries(&self.rules);
        Some(
            quote_spanned!(ty.span()=> ::switchback_sdk::operation::Argument {
                name: #name,
                about: &[],
                rules: #rules,
                rules_of_each: &[],
                schema: <#ty as ::switchback_sdk::FromBody>::schema,
                optional: || !<#ty as ::switchback_sdk::FromBody>::REQUIRED,
            }),
        )
    }

    /// The expression that reads it where the body holds several.
    pub(crate) fn read_embedded(&self) -> TokenStream {
        let (Kind::Body(_), ty, name) = (&self.kind, &self.ty, self.ident.unraw().to_string())
        else {
            return self.read();
        };
        quote_spanned!(ty.span()=> request.part::<#ty>(#name)?)
    }

    /// Whether it may be one of several in a body.
    pub(crate) fn may_be_embedded(&self) -> bool {
        self.is_value() || body::is_json(&self.ty)
    }

    /// Whether it is a plain value in the body.
    pub(crate) fn is_value(&self) -> bool {
        matches!(&self.kind, Kind::Part(part) if part.place == Place::Body)
    }

    /// Whether it is a field of a form.
    pub(crate) fn in_form(&self) -> bool {
        matches!(&self.kind, Kind::Part(part) if part.place == Place::Form)
    }
}
