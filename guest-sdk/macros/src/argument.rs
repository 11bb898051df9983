//! One argument of the function: a parameter or the body.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprUnary, FnArg, Ident, Lit, Meta, Pat, PatType, Result,
    Token, Type, UnOp,
};

/// An argument, read.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) kind: Kind,
}

/// Where an argument comes from.
pub(crate) enum Kind {
    Parameter {
        /// `path` or `query`.
        place: &'static str,
        name: String,
        description: String,
        /// Keywords of JSON Schema and the author's values for them.
        rules: Vec<(&'static str, TokenStream)>,
    },
    Body {
        /// The `T` of `Json<T>`.
        content: Type,
    },
}

/// Reads an argument, and takes from it the attributes that the compiler would not know.
pub(crate) fn read(argument: &mut FnArg, in_path: &[String]) -> Result<Argument> {
    let argument = match argument {
        FnArg::Typed(typed) => typed,
        FnArg::Receiver(receiver) => {
            return Err(Error::new(
                receiver.span(),
                "a route is a plain function: it has no `self`",
            ));
        }
    };
    let attributes = std::mem::take(&mut argument.attrs);
    let ident = name_of(argument)?;
    let ty = (*argument.ty).clone();
    refuse_unowned(&ty)?;
    let kind = match content_of(&ty, "Json") {
        Some(content) => body(content, &attributes)?,
        None => parameter(&ident, &ty, &attributes, in_path)?,
    };
    Ok(Argument { ident, ty, kind })
}

fn name_of(argument: &PatType) -> Result<Ident> {
    match &*argument.pat {
        Pat::Ident(plain) if plain.by_ref.is_none() && plain.subpat.is_none() => {
            Ok(plain.ident.clone())
        }
        other => Err(Error::new(
            other.span(),
            "an argument needs a plain name: the parameter is called by it",
        )),
    }
}

fn refuse_unowned(ty: &Type) -> Result<()> {
    match ty {
        Type::Reference(_) => Err(Error::new(
            ty.span(),
            "an argument is owned: take `String` rather than `&str`, `Vec<_>` than `&[_]`",
        )),
        Type::ImplTrait(_) => Err(Error::new(
            ty.span(),
            "an argument needs a type by name: its schema is read from it",
        )),
        _ => Ok(()),
    }
}

fn body(content: Type, attributes: &[Attribute]) -> Result<Kind> {
    match attributes
        .iter()
        .find(|attribute| !attribute.path().is_ident("doc"))
    {
        Some(attribute) => Err(Error::new(
            attribute.span(),
            "`Json<_>` is the body: its rules stand at its type's fields",
        )),
        None => Ok(Kind::Body { content }),
    }
}

fn parameter(
    ident: &Ident,
    ty: &Type,
    attributes: &[Attribute],
    in_path: &[String],
) -> Result<Kind> {
    let mut name = ident.unraw().to_string();
    let mut rules = Vec::new();
    let mut said = None;
    for attribute in attributes {
        if attribute.path().is_ident("doc") {
            continue;
        }
        said = Some((place_of(attribute)?, attribute.span()));
        let Meta::List(list) = &attribute.meta else {
            continue;
        };
        for rule in list.parse_args_with(Punctuated::<Rule, Token![,]>::parse_terminated)? {
            match rule {
                Rule::Name(given) => name = given,
                Rule::Keyword(keyword, value) => rules.push((keyword, value)),
            }
        }
    }
    let place = if in_path.contains(&name) {
        "path"
    } else {
        "query"
    };
    match said {
        Some(("path", span)) if place != "path" => {
            return Err(Error::new(
                span,
                format!("the path does not name `{{{name}}}`"),
            ));
        }
        Some(("query", span)) if place != "query" => {
            return Err(Error::new(
                span,
                format!("the path names `{{{name}}}`, so it is no query parameter"),
            ));
        }
        _ => {}
    }
    if place == "path" && content_of(ty, "Option").is_some() {
        return Err(Error::new(
            ty.span(),
            "a path parameter is always there: take it without `Option`",
        ));
    }
    Ok(Kind::Parameter {
        place,
        name,
        description: documentation(attributes),
        rules,
    })
}

fn place_of(attribute: &Attribute) -> Result<&'static str> {
    for place in ["path", "query"] {
        if attribute.path().is_ident(place) {
            return Ok(place);
        }
    }
    let name = attribute.path().to_token_stream();
    let message =
        format!("no `#[{name}]` for an argument: there are `#[query(…)]` and `#[path(…)]`");
    Err(Error::new(attribute.span(), message))
}

/// One of the rules in `#[query(max_length = 50)]`.
enum Rule {
    Name(String),
    Keyword(&'static str, TokenStream),
}

/// FastAPI's names, and JSON Schema's.
const KEYWORDS: [(&str, &str); 9] = [
    ("gt", "exclusiveMinimum"),
    ("ge", "minimum"),
    ("lt", "exclusiveMaximum"),
    ("le", "maximum"),
    ("multiple_of", "multipleOf"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("pattern", "pattern"),
    ("default", "default"),
];

impl Parse for Rule {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let value: Expr = input.parse()?;
        if key == "name" {
            return match value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(name),
                    ..
                }) => Ok(Rule::Name(name.value())),
                other => Err(Error::new(
                    other.span(),
                    "a name is a text: `name = \"item-id\"`",
                )),
            };
        }
        match KEYWORDS.iter().find(|(known, _)| key == known) {
            Some((_, keyword)) => Ok(Rule::Keyword(keyword, rule_value(&value)?)),
            None => {
                let known: Vec<_> = KEYWORDS
                    .iter()
                    .map(|(known, _)| format!("`{known}`"))
                    .collect();
                Err(Error::new(
                    key.span(),
                    format!("no rule `{key}`: there are `name`, {}", known.join(", ")),
                ))
            }
        }
    }
}

/// A literal as `switchback_sdk::operation::Rule`.
fn rule_value(value: &Expr) -> Result<TokenStream> {
    let literal = match value {
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => expr,
        other => other,
    };
    let variant = match literal {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(_), ..
        }) => quote!(Bool),
        Expr::Lit(ExprLit {
            lit: Lit::Int(_), ..
        }) => quote!(Integer),
        Expr::Lit(ExprLit {
            lit: Lit::Float(_), ..
        }) => quote!(Number),
        Expr::Lit(ExprLit {
            lit: Lit::Str(_), ..
        }) => quote!(Text),
        other => {
            return Err(Error::new(
                other.span(),
                "a rule's value is a number, a text, `true` or `false`",
            ));
        }
    };
    Ok(quote!(::switchback_sdk::operation::Rule::#variant(#value)))
}

/// The `T` of `Wrapper<T>`, by the type's last name.
pub(crate) fn content_of(ty: &Type, wrapper: &str) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(content)) if last.ident == wrapper => Some(content.clone()),
        _ => None,
    }
}

/// What the `///` lines say, without the space that each begins with.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &pair.value
        else {
            continue;
        };
        if pair.path.is_ident("doc") {
            let text = text.value();
            lines.push(
                text.strip_prefix(' ')
                    .unwrap_or(&text)
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    lines.join("\n").trim().to_owned()
}

impl Argument {
    /// The parameter as data, for the contract.
    pub(crate) fn declared(&self) -> Option<TokenStream> {
        let Kind::Parameter {
            place,
            name,
            description,
            rules,
        } = &self.kind
        else {
            return None;
        };
        let ty = &self.ty;
        let keywords = rules.iter().map(|(keyword, _)| keyword);
        let values = rules.iter().map(|(_, value)| value);
        Some(quote!(::switchback_sdk::operation::Argument {
            place: #place,
            name: #name,
            description: #description,
            rules: &[#((#keywords, #values)),*],
            schema: ::switchback_sdk::operation::schema::<#ty>,
            optional: ::switchback_sdk::operation::is_optional::<#ty>,
        }))
    }

    /// The expression that reads it from the request.
    pub(crate) fn read(&self) -> TokenStream {
        match &self.kind {
            Kind::Parameter { place, name, .. } => {
                let place = Ident::new(place, Span::call_site());
                quote!(request.#place(#name)?)
            }
            Kind::Body { .. } => quote!(request.json()?),
        }
    }
}
