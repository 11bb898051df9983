//! The argument that is the whole body: which types are, and the media type that it may be given.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Result, Type};

use crate::argument::{content_of, documentation, last_name, shown};
use crate::json::JsonObject;
use crate::quoted;
use crate::rule::{Rules, Shape};

/// The types that are a whole body, by name.
const BODIES: [&str; 6] = [
    "Json",
    "Form",
    "Bytes",
    "Text",
    "StreamBody",
    "JsonLinesBody",
];

/// Those of them that may be of any media type.
const ANY_MEDIA_TYPE: [&str; 2] = ["Bytes", "StreamBody"];

/// `Json<_>` and its like, and one of them that may be left out.
pub(crate) fn is_body(ty: &Type) -> bool {
    is_one_of(ty, &BODIES)
}

/// `Json<_>`, and one that may be left out.
pub(crate) fn is_json(ty: &Type) -> bool {
    is_one_of(ty, &["Json"])
}

/// Takes `#[body(embed)]` from a `Json<_>`.
pub(crate) fn take_embed(ty: &Type, attributes: &mut Vec<Attribute>) -> bool {
    let says_embed = |attribute: &Attribute| {
        let word = || attribute.parse_args::<syn::Ident>();
        attribute.path().is_ident("body") && word().is_ok_and(|word| word == "embed")
    };
    let before = attributes.len();
    if is_json(ty) {
        attributes.retain(|attribute| !says_embed(attribute));
    }
    attributes.len() < before
}

/// What is said of a body of JSON beside its type: examples by their names, and keywords of its schema.
pub(crate) type Said = (Option<JsonObject>, Vec<(String, TokenStream)>);

/// Takes `#[body(title = "…", examples = […])]` from a `Json<_>`.
pub(crate) fn take_rules(ty: &Type, attributes: &mut Vec<Attribute>) -> Result<Said> {
    let is_meant = |attribute: &Attribute| attribute.path().is_ident("body");
    let documentation = documentation(attributes);
    let mut said = Vec::new();
    if !documentation.is_empty() {
        said.push(("description".to_owned(), quoted::text(&documentation)));
    }
    let Some(at) = attributes.iter().position(is_meant) else {
        return Ok((None, said));
    };
    let rules: Rules = attributes.remove(at).parse_args()?;
    if let Some(text) = &rules.description {
        said.push(("description".to_owned(), quoted::text(&text.value())));
    }
    if rules.deprecated {
        let yes = quote!(::switchback_sdk::operation::Rule::Bool(true));
        said.push(("deprecated".to_owned(), yes));
    }
    if rules.name.is_some() || rules.hidden || rules.dependency.is_some() {
        let message = "a body has no `name`, `include_in_schema` or `dependency`";
        return Err(Error::new(ty.span(), message));
    }
    let inside = content_of(ty, "Option");
    let content = content_of(inside.as_ref().unwrap_or(ty), "Json");
    let shape = Shape::of(content.as_ref().unwrap_or(ty));
    for keyword in &rules.keywords {
        if let Some(span) = keyword.default_span() {
            let message = "a body that may be left out is `Option<Json<_>>`";
            return Err(Error::new(span, message));
        }
        keyword.check(&shape)?;
        let (name, of_each) = keyword.target(&shape);
        if of_each {
            let message =
                "this holds for each value of the list: make the value a `#[model]` of its own";
            return Err(Error::new(keyword.literal().span(), message));
        }
        said.push((name.to_owned(), keyword.value()?));
    }
    said.extend(rules.extra);
    Ok((rules.examples, said))
}

fn is_one_of(ty: &Type, names: &[&str]) -> bool {
    let inside = content_of(ty, "Option");
    let ty = inside.as_ref().unwrap_or(ty);
    last_name(ty).is_some_and(|name| names.iter().any(|body| name == body))
}

/// What `#[body(media_type = "…")]` says.
pub(crate) fn media_type(ty: &Type, attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let (body, others): (Vec<_>, Vec<_>) = attributes
        .iter()
        .cloned()
        .partition(|attribute| attribute.path().is_ident("body"));
    refuse_rules(ty, &others)?;
    let Some(attribute) = body.first() else {
        return Ok(None);
    };
    if !is_one_of(ty, &ANY_MEDIA_TYPE) {
        return Err(Error::new(
            attribute.path().span(),
            format!(
                "`{}` has its media type: `Bytes` and `StreamBody` take others",
                shown(ty)
            ),
        ));
    }
    let written = "it is written `#[body(media_type = \"text/csv\")]`";
    let pair: MetaNameValue = match &attribute.meta {
        Meta::List(list) => list
            .parse_args()
            .map_err(|error| Error::new(error.span(), written))?,
        meta => return Err(Error::new(meta.span(), written)),
    };
    match pair.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if pair.path.is_ident("media_type") && is_media_type(&text.value()) => Ok(Some(text)),
        _ => Err(Error::new(pair.span(), written)),
    }
}

/// `type/subtype`, in lower case and without parameters, as the host matches it.
fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty()
            && bytes.all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.*".contains(&byte)
            })
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

pub(crate) fn refuse_rules(ty: &Type, attributes: &[Attribute]) -> Result<()> {
    match attributes
        .iter()
        .find(|attribute| !attribute.path().is_ident("doc"))
    {
        Some(attribute) => Err(Error::new(
            attribute.path().span(),
            format!("the rules of `{}` stand at its type's fields", shown(ty)),
        )),
        None => Ok(()),
    }
}
