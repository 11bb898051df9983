//! One argument of the function: a parameter, a field of a form, or the body.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, Lit, LitStr, Meta, Pat, PatType, Path, Result, Type,
};

use crate::body;
use crate::json::JsonObject;
use crate::path::Template;
use crate::rule::{Rules, Shape};

/// An argument, read.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) kind: Kind,
    /// Whether it stands in the body by its name though it is the only one there.
    pub(crate) embed: bool,
    /// Of the whole body, examples by their names.
    pub(crate) examples: Option<JsonObject>,
    /// Of the whole body, what its schema says beside its type.
    pub(crate) rules: Vec<(String, TokenStream)>,
}

/// Where an argument comes from.
pub(crate) enum Kind {
    /// A parameter, or a field of a form.
    Part(Box<Part>),
    /// The whole body, and the media type that the author gave it.
    Body(Option<LitStr>),
    /// All parameters of a place, as one type.
    Model(Place),
}

/// One named value of a request.
pub(crate) struct Part {
    pub(crate) place: Place,
    /// As clients write it.
    pub(crate) name: String,
    /// Whether it is a file of a form, or several.
    pub(crate) file: bool,
    /// Whether it takes the rest of the path.
    pub(crate) takes_rest: bool,
    pub(crate) description: String,
    pub(crate) deprecated: bool,
    pub(crate) hidden: bool,
    /// Of a parameter of the path, what it has to be for the path to fit.
    pub(crate) kind: Option<String>,
    /// As which dependency's it is told of.
    pub(crate) dependency: Option<u8>,
    /// Examples by their names.
    pub(crate) examples: Option<TokenStream>,
    /// What else its schema says.
    pub(crate) extra: Vec<(String, TokenStream)>,
    /// Of a value in the body, what stands for it where it was not sent; of parameters the host knows that.
    pub(crate) default: Option<TokenStream>,
    /// Keywords of JSON Schema and the author's values for them.
    pub(crate) rules: Vec<(&'static str, TokenStream)>,
    /// Whether it is a parameter that the prefix of a router names.
    pub(crate) outer: bool,
    /// The same, for each value of a list.
    pub(crate) rules_of_each: Vec<(&'static str, TokenStream)>,
}

/// Where in a request a value stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Cookie,
    Form,
    /// In a body of JSON that holds several.
    Body,
}

impl Place {
    const ALL: [Place; 6] = [
        Place::Path,
        Place::Query,
        Place::Header,
        Place::Cookie,
        Place::Form,
        Place::Body,
    ];

    /// Which parameters a type takes all of, by its name.
    fn of_model(ty: &Type) -> Option<Place> {
        match last_name(ty)?.to_string().as_str() {
            "Query" => Some(Place::Query),
            "Headers" => Some(Place::Header),
            "Cookies" => Some(Place::Cookie),
            _ => None,
        }
    }

    /// As the attribute is called, and OpenAPI's `in`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
            Place::Cookie => "cookie",
            Place::Form => "form",
            Place::Body => "body",
        }
    }
}

/// Reads an argument, and takes from it the attributes that the compiler would not know.
pub(crate) fn read(argument: &mut FnArg, template: &Template) -> Result<Argument> {
    let argument = match argument {
        FnArg::Typed(typed) => typed,
        FnArg::Receiver(receiver) => {
            return Err(Error::new(
                receiver.span(),
                "a route is a plain function: it has no `self`",
            ));
        }
    };
    let mut attributes = std::mem::take(&mut argument.attrs);
    let ident = name_of(argument)?;
    let ty = (*argument.ty).clone();
    refuse_unfit(&ty)?;
    let embed = body::take_embed(&ty, &mut attributes);
    let (examples, rules) = match body::is_json(&ty) {
        true => body::take_rules(&ty, &mut attributes)?,
        false => (None, Vec::new()),
    };
    let kind = if body::is_body(&ty) {
        Kind::Body(body::media_type(&ty, &attributes)?)
    } else if let Some(place) = Place::of_model(&ty) {
        body::refuse_rules(&ty, &attributes)?;
        Kind::Model(place)
    } else {
        Kind::Part(Box::new(part(&ident, &ty, &attributes, template)?))
    };
    Ok(Argument {
        ident,
        ty,
        kind,
        embed,
        examples,
        rules,
    })
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

fn refuse_unfit(ty: &Type) -> Result<()> {
    match ty {
        Type::Reference(_) => {
            return Err(Error::new(
                ty.span(),
                "an argument is owned: take `String` rather than `&str`, `Vec<_>` than `&[_]`",
            ));
        }
        Type::ImplTrait(_) => {
            return Err(Error::new(
                ty.span(),
                "an argument needs a type by name: its schema is read from it",
            ));
        }
        Type::Tuple(_) => {
            return Err(Error::new(
                ty.span(),
                "a tuple is no argument: take each of its values by a name of its own",
            ));
        }
        _ => {}
    }
    let Some(name) = last_name(ty) else {
        return Ok(());
    };
    let better = match name.to_string().as_str() {
        "HashMap" | "BTreeMap" => "a map is no parameter: take it in a body, as `Json<_>`",
        "usize" => "`usize` differs by machine: take `u32` or `u64`",
        "isize" => "`isize` differs by machine: take `i32` or `i64`",
        "str" => "an argument is owned: take `String`",
        "Value" => "any JSON at all is no parameter: take it in a body, as `Json<_>`",
        "Result" => "an argument is there or the call is not made: take the type inside",
        _ => return Ok(()),
    };
    Err(Error::new(ty.span(), better))
}

pub(crate) fn last_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

/// The last name of a type, for words.
pub(crate) fn shown_name(ty: &Type) -> String {
    last_name(ty).map(Ident::to_string).unwrap_or_default()
}

/// A type as the author wrote it, without the spaces that tokens are printed with.
pub(crate) fn shown(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(' ', "")
}

fn part(ident: &Ident, ty: &Type, attributes: &[Attribute], template: &Template) -> Result<Part> {
    let (said, rules) = attribute(attributes)?;
    let file = Shape::of(ty).is("Upload");
    let (place, name) = place_and_name(ident, said.as_ref(), &rules, file, template)?;
    let (each, whole): (Vec<_>, Vec<_>) = checked(ty, place, file, &rules)?
        .into_iter()
        .partition(|(_, each, _)| *each);
    let pairs = |rules: Vec<(&'static str, bool, TokenStream)>| {
        let pairs = rules
            .into_iter()
            .map(|(keyword, _, value)| (keyword, value));
        pairs.collect()
    };
    let default = match place {
        Place::Body => rules.default_of(&Shape::of(ty))?,
        _ => None,
    };
    let kind = match place {
        Place::Path => kind_of(&name, template),
        _ => None,
    };
    let part = Part {
        default,
        outer: place == Place::Path && !template.names.contains(&name),
        takes_rest: template.takes_rest
            && place == Place::Path
            && template.names.last() == Some(&name),
        place,
        name,
        file,
        description: match &rules.description {
            Some(text) => text.value(),
            None => documentation(attributes),
        },
        deprecated: rules.deprecated,
        hidden: rules.hidden,
        kind,
        dependency: rules.dependency,
        examples: rules.examples.as_ref().map(JsonObject::rule),
        extra: rules.extra,
        rules: pairs(whole),
        rules_of_each: pairs(each),
    };
    if part.name.is_empty() {
        return Err(Error::new(
            rules.name.map_or(ident.span(), |name| name.span()),
            "a name is not empty",
        ));
    }
    Ok(part)
}

fn kind_of(name: &str, template: &Template) -> Option<String> {
    let mut kinds = template.kinds.iter();
    let (_, kind) = kinds.find(|(known, _)| known == name)?;
    Some(kind.clone())
}

/// Where the author says that the argument stands, if at all, and the rules.
fn attribute(attributes: &[Attribute]) -> Result<(Option<(Place, Path)>, Rules)> {
    let mut said: Option<(Place, Path)> = None;
    let mut rules = Rules::default();
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("doc") {
            continue;
        }
        let Some(place) = Place::ALL
            .into_iter()
            .find(|place| path.is_ident(place.word()))
        else {
            let message = if path.is_ident("json") {
                "a body is known by its type: take it as `Json<_>`".into()
            } else {
                format!(
                    "no `#[{}]` for an argument: there are `#[query]`, `#[path]`, `#[header]`, `#[cookie]`, `#[form]` \
                     and `#[body]`",
                    path.to_token_stream()
                )
            };
            return Err(Error::new(path.span(), message));
        };
        if let Some((first, _)) = said {
            let message = format!(
                "an argument stands in one place, and this one is `#[{}]` already",
                first.word()
            );
            return Err(Error::new(path.span(), message));
        }
        rules = match &attribute.meta {
            Meta::Path(_) => Rules::default(),
            Meta::List(list) => list.parse_args()?,
            Meta::NameValue(pair) => {
                let message = format!("rules stand in brackets: `#[{}(…)]`", place.word());
                return Err(Error::new(pair.span(), message));
            }
        };
        said = Some((place, path.clone()));
    }
    Ok((said, rules))
}

fn place_and_name(
    ident: &Ident,
    said: Option<&(Place, Path)>,
    rules: &Rules,
    file: bool,
    template: &Template,
) -> Result<(Place, String)> {
    let plain = || match &rules.name {
        Some(name) => name.value(),
        None => ident.unraw().to_string(),
    };
    let Some((place, span)) = said.map(|(place, path)| (*place, path.span())) else {
        let name = plain();
        let place = match (file, template.names.contains(&name)) {
            (true, _) => Place::Form,
            (false, true) => Place::Path,
            (false, false) => Place::Query,
        };
        return Ok((place, name));
    };
    let name = match (place, &rules.name) {
        // As FastAPI does: no usual header has an underscore, and many servers drop one that has.
        (Place::Header, None) => plain().replace('_', "-"),
        _ => plain(),
    };
    let wrong = |message: String| Err(Error::new(span, message));
    let named = template.names.contains(&name);
    match place {
        _ if file && place != Place::Form => wrong("a file comes in a form: `#[form]`".into()),
        Place::Query if named => wrong(format!(
            "the path names `{{{name}}}`, so it is no query parameter"
        )),
        _ => Ok((place, name)),
    }
}

fn checked(
    ty: &Type,
    place: Place,
    file: bool,
    rules: &Rules,
) -> Result<Vec<(&'static str, bool, TokenStream)>> {
    let shape = Shape::of(ty);
    if place == Place::Path && shape.optional {
        return Err(Error::new(
            ty.span(),
            "a path parameter is always there: take it without `Option`",
        ));
    }
    if place == Place::Path && shape.list {
        return Err(Error::new(
            ty.span(),
            "a path parameter is one value: take a list from the query",
        ));
    }
    let mut checked = Vec::new();
    for keyword in &rules.keywords {
        if let Some(span) = keyword.default_span() {
            if place == Place::Path {
                let message = "a path parameter is always there: it has no default";
                return Err(Error::new(span, message));
            }
            if file {
                let message = "a file has no default: take `Option<Upload>`";
                return Err(Error::new(span, message));
            }
        }
        keyword.check(&shape)?;
        let (name, each) = keyword.target(&shape);
        checked.push((name, each, keyword.value()?));
    }
    Ok(checked)
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
