//! What stands in an argument's attribute: `#[query(max_length = 50, default = "all")]`, and whether it fits the type.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, ExprUnary, Ident, Lit, LitStr, Result, Token, Type, UnOp};

use crate::argument::content_of;
use crate::json::{Json, JsonObject};

/// All that one argument's attribute says.
#[derive(Default)]
pub(crate) struct Rules {
    /// What clients call it, where that is not the argument's name.
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) deprecated: bool,
    /// Whether it is left out of documents.
    pub(crate) hidden: bool,
    /// As the parameter of which dependency it is told of.
    pub(crate) dependency: Option<u8>,
    /// Examples by their names.
    pub(crate) examples: Option<JsonObject>,
    /// What else the schema says: any JSON.
    pub(crate) extra: Vec<(String, TokenStream)>,
    /// Keywords of JSON Schema, and the author's values for them.
    pub(crate) keywords: Vec<Keyword>,
}

/// A keyword of JSON Schema.
pub(crate) struct Keyword {
    /// As the author wrote it.
    key: Ident,
    pub(crate) keyword: &'static str,
    value: Expr,
}

/// What a rule is for, which decides the types that it fits.
#[derive(Clone, Copy, PartialEq)]
enum Fits {
    Numbers,
    /// Counts characters of a text, values of a list.
    Lengths,
    Texts,
    Lists,
    Decimals,
    All,
}

/// What `#[field]` and an argument's attribute say of a decimal; the SDK puts both under `x-switchback-decimal`.
const MAX_DIGITS: &str = "x-switchback-max-digits";
const DECIMAL_PLACES: &str = "x-switchback-decimal-places";

/// What they say of a date, a time or a moment: the SDK puts it under `x-switchback-time`, with limits that are texts.
const PAST: &str = "x-switchback-past";
const FUTURE: &str = "x-switchback-future";
const AWARE: &str = "x-switchback-aware";
const NAIVE: &str = "x-switchback-naive";

const STRICT: &str = "x-switchback-strict";

/// What may stand without a value.
const FLAGS: [&str; 5] = [PAST, FUTURE, AWARE, NAIVE, STRICT];

/// FastAPI's names, JSON Schema's, and what they are for.
const KEYWORDS: [(&str, &str, Fits); 22] = [
    ("gt", "exclusiveMinimum", Fits::Numbers),
    ("ge", "minimum", Fits::Numbers),
    ("lt", "exclusiveMaximum", Fits::Numbers),
    ("le", "maximum", Fits::Numbers),
    ("multiple_of", "multipleOf", Fits::Numbers),
    ("min_length", "minLength", Fits::Lengths),
    ("max_length", "maxLength", Fits::Lengths),
    ("pattern", "pattern", Fits::Texts),
    ("format", "format", Fits::Texts),
    ("min_items", "minItems", Fits::Lists),
    ("max_items", "maxItems", Fits::Lists),
    ("unique_items", "uniqueItems", Fits::Lists),
    ("max_digits", MAX_DIGITS, Fits::Decimals),
    ("decimal_places", DECIMAL_PLACES, Fits::Decimals),
    ("past", PAST, Fits::Texts),
    ("future", FUTURE, Fits::Texts),
    ("aware", AWARE, Fits::Texts),
    ("naive", NAIVE, Fits::Texts),
    ("strict", STRICT, Fits::All),
    ("default", "default", Fits::All),
    ("title", "title", Fits::All),
    ("examples", "examples", Fits::All),
];

/// Other libraries' names for a rule, and JSON Schema's own.
const MEANT: [(&str, &str); 13] = [
    ("min", "ge"),
    ("max", "le"),
    ("minimum", "ge"),
    ("maximum", "le"),
    ("gte", "ge"),
    ("lte", "le"),
    ("exclusive_minimum", "gt"),
    ("exclusive_maximum", "lt"),
    ("regex", "pattern"),
    ("length", "max_length"),
    ("rename", "name"),
    ("example", "examples"),
    ("doc", "description"),
];

impl Parse for Rules {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut rules = Rules::default();
        let mut known: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if known.contains(&key) {
                return Err(Error::new(key.span(), format!("`{key}` stands here twice")));
            }
            rules.read(&key, input)?;
            known.push(key);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(rules)
    }
}

impl Rules {
    /// The default as a value of the type, where there is one.
    pub(crate) fn default_of(&self, shape: &Shape) -> Result<Option<TokenStream>> {
        let mut keywords = self.keywords.iter();
        let default = keywords.find(|keyword| keyword.default_span().is_some());
        default
            .map(|default| shape.whole(default.literal()))
            .transpose()
    }

    fn read(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        if key == "deprecated" {
            self.deprecated = true;
            return Ok(());
        }
        if key == "include_in_schema" {
            input.parse::<Token![=]>()?;
            self.hidden = !input.parse::<syn::LitBool>()?.value;
            return Ok(());
        }
        if key == "openapi_examples" {
            input.parse::<Token![=]>()?;
            self.examples = Some(input.parse()?);
            return Ok(());
        }
        if key == "json_schema_extra" {
            input.parse::<Token![=]>()?;
            self.extra.extend(input.parse::<JsonObject>()?.0);
            return Ok(());
        }
        if key == "examples" && input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if !input.peek(syn::token::Bracket) {
                let message = "examples are a list: `examples = [\"one\", \"other\"]`";
                return Err(Error::new(input.span(), message));
            }
            let Json(examples) = input.parse()?;
            self.extra.push(("examples".to_owned(), examples));
            return Ok(());
        }
        if key == "dependency" {
            input.parse::<Token![=]>()?;
            self.dependency = Some(input.parse::<syn::LitInt>()?.base10_parse()?);
            return Ok(());
        }
        let found = KEYWORDS.iter().find(|(known, ..)| key == known);
        if let Some((_, keyword, _)) = found.filter(|(_, keyword, _)| FLAGS.contains(keyword))
            && !input.peek(Token![=])
        {
            self.keywords.push(Keyword {
                key: key.clone(),
                keyword,
                value: syn::parse_quote!(true),
            });
            return Ok(());
        }
        let is_text = ["name", "alias", "description"]
            .iter()
            .any(|known| key == known);
        if found.is_none() && !is_text {
            return Err(Error::new(key.span(), unknown(key)));
        }
        if !input.peek(Token![=]) {
            return Err(Error::new(
                key.span(),
                format!("`{key}` needs a value: `{key} = …`"),
            ));
        }
        input.parse::<Token![=]>()?;
        let value: Expr = input.parse()?;
        if let Some((_, keyword, _)) = found {
            self.keywords.push(Keyword {
                key: key.clone(),
                keyword,
                value,
            });
            return Ok(());
        }
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = value
        else {
            let message = format!("`{key}` is a text: `{key} = \"…\"`");
            return Err(Error::new(value.span(), message));
        };
        if key == "description" {
            self.description = Some(text);
        } else {
            self.name = Some(text);
        }
        Ok(())
    }
}

fn unknown(key: &Ident) -> String {
    if key == "required" {
        return "no rule `required`: an argument is, unless it is an `Option<_>` or has a `default`".into();
    }
    if key == "media_type" {
        return "no rule `media_type`: JSON has its own, and `Bytes` and `StreamBody` take others"
            .into();
    }
    if let Some((_, meant)) = MEANT.iter().find(|(other, _)| key == other) {
        return format!("no rule `{key}`: it is called `{meant}` here");
    }
    let known: Vec<_> = KEYWORDS
        .iter()
        .map(|(known, ..)| format!("`{known}`"))
        .collect();
    format!(
        "no rule `{key}`: there are `name`, `description`, `deprecated`, {}",
        known.join(", ")
    )
}

/// What the macro can tell of a type by its name.
pub(crate) struct Shape {
    pub(crate) optional: bool,
    pub(crate) list: bool,
    kind: Option<Scalar>,
    /// The scalar, as the author wrote it.
    name: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Scalar {
    Text,
    Integer,
    Number,
    Bool,
}

impl Shape {
    pub(crate) fn of(ty: &Type) -> Self {
        let (optional, ty) = match content_of(ty, "Option") {
            Some(inside) => (true, inside),
            None => (false, ty.clone()),
        };
        let (list, ty) = match content_of(&ty, "Vec") {
            Some(inside) => (true, inside),
            None => (false, ty),
        };
        let name = ty.to_token_stream().to_string();
        let kind = match name.as_str() {
            "String" => Some(Scalar::Text),
            "f32" | "f64" => Some(Scalar::Number),
            "bool" => Some(Scalar::Bool),
            "u8" | "u16" | "u32" | "u64" | "u128" | "i8" | "i16" | "i32" | "i64" | "i128" => {
                Some(Scalar::Integer)
            }
            _ => None,
        };
        Shape {
            optional,
            list,
            kind,
            name,
        }
    }

    /// A literal as a value of the scalar.
    fn one(&self, literal: &Expr) -> TokenStream {
        match self.kind {
            Some(Scalar::Text) => quote!(::std::string::String::from(#literal)),
            Some(Scalar::Integer | Scalar::Number) => {
                let ty = Ident::new(&self.name, literal.span());
                quote!(#literal as #ty)
            }
            Some(Scalar::Bool) | None => quote!(#literal),
        }
    }

    /// A literal as a value of the whole type. A type that is known by its name only reads it as JSON.
    pub(crate) fn whole(&self, literal: &Expr) -> Result<TokenStream> {
        if self.kind.is_none() {
            let json = constant(literal)?;
            return Ok(quote!(::switchback_sdk::operation::made(&#json)));
        }
        let value = match literal {
            Expr::Array(list) => {
                let values = list.elems.iter().map(|one| self.one(one));
                quote!(::std::vec![#(#values),*])
            }
            one => self.one(one),
        };
        Ok(match self.optional {
            true => quote!(::core::option::Option::Some(#value)),
            false => value,
        })
    }

    /// Whether this is the type of one value, by its last name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.rsplit(' ').next() == Some(name)
    }
}

impl Keyword {
    /// Whether it fits the type and its value fits it.
    pub(crate) fn check(&self, shape: &Shape) -> Result<()> {
        self.value()?;
        let fits = self.fits();
        self.check_type(fits, shape)?;
        let wrong = |message: &str| Err(Error::new(self.value.span(), message));
        let key = &self.key;
        match (self.keyword, kind_of(&self.value)) {
            ("default", _) => check_default(&self.value, shape),
            ("title" | "pattern" | "format", Some(Literal::Text)) => Ok(()),
            ("title" | "pattern" | "format", _) => {
                wrong(&format!("`{key}` is a text: `{key} = \"…\"`"))
            }
            ("uniqueItems", Some(Literal::Bool)) => Ok(()),
            (flag, Some(Literal::Bool)) if FLAGS.contains(&flag) => Ok(()),
            (flag, _) if flag == "uniqueItems" || FLAGS.contains(&flag) => {
                wrong(&format!("`{key}` is `true` or `false`"))
            }
            ("multipleOf", Some(Literal::Integer | Literal::Number)) => Ok(()),
            _ if self.is_of_time(shape) => Ok(()),
            (_, Some(Literal::Number | Literal::Negative)) if fits == Fits::Numbers => Ok(()),
            (_, Some(Literal::Integer)) => Ok(()),
            (_, _) if fits == Fits::Numbers => wrong(&format!("`{key}` is a number: `{key} = 1`")),
            (_, _) => wrong(&format!("`{key}` is a count: `{key} = 1`")),
        }
    }

    fn check_type(&self, fits: Fits, shape: &Shape) -> Result<()> {
        use Scalar::{Bool, Integer, Number, Text};
        let number = matches!(shape.kind, None | Some(Integer | Number));
        let text = matches!(shape.kind, None | Some(Text));
        let (ok, whom) = match fits {
            Fits::Numbers if self.is_of_time(shape) => (text, "dates, times and durations"),
            Fits::Numbers => (number, "numbers"),
            Fits::Lengths => (shape.list || text, "texts and lists"),
            Fits::Texts => (text, "texts"),
            Fits::Lists => (
                shape.list || shape.kind.is_none(),
                "lists, as `Vec<_>` is one",
            ),
            Fits::Decimals => (shape.kind.is_none(), "decimals, as `Decimal` is one"),
            Fits::All => (true, ""),
        };
        if ok {
            return Ok(());
        }
        let (key, name) = (&self.key, &shape.name);
        let better = match (fits, shape.kind) {
            (Fits::Lengths, Some(Integer | Number)) if self.keyword == "minLength" => {
                ": a least number is `ge = …`"
            }
            (Fits::Lengths, Some(Integer | Number)) => ": a greatest number is `le = …`",
            (Fits::Numbers, Some(Text)) => ": a text has `min_length` and `max_length`",
            (_, Some(Bool)) => ": leave it away",
            _ => "",
        };
        Err(Error::new(
            key.span(),
            format!("`{key}` is for {whom}, and this is `{name}`{better}"),
        ))
    }

    /// The keyword, and whether it holds for each value of a list rather than for the list.
    pub(crate) fn target(&self, shape: &Shape) -> (&'static str, bool) {
        match (self.keyword, self.fits()) {
            ("minLength", _) if shape.list => ("minItems", false),
            ("maxLength", _) if shape.list => ("maxItems", false),
            (other, Fits::Numbers | Fits::Texts | Fits::Decimals) => (other, shape.list),
            (other, _) => (other, false),
        }
    }

    fn fits(&self) -> Fits {
        KEYWORDS
            .iter()
            .find(|(known, ..)| self.key == known)
            .map_or(Fits::All, |(_, _, fits)| *fits)
    }

    /// Whether it is a limit of a date, a time or a duration.
    fn is_of_time(&self, shape: &Shape) -> bool {
        let is_limit = self.fits() == Fits::Numbers && self.keyword != "multipleOf";
        let is_number = matches!(shape.kind, Some(Scalar::Integer | Scalar::Number));
        is_limit && !is_number && kind_of(&self.value) == Some(Literal::Text)
    }

    /// Whether it says what is passed when nothing was sent.
    pub(crate) fn default_span(&self) -> Option<Span> {
        (self.keyword == "default").then(|| self.key.span())
    }

    /// The value, as the author wrote it.
    pub(crate) fn literal(&self) -> &Expr {
        &self.value
    }

    /// The value as `switchback_sdk::operation::Rule`.
    pub(crate) fn value(&self) -> Result<TokenStream> {
        constant(&self.value)
    }
}

fn check_default(value: &Expr, shape: &Shape) -> Result<()> {
    let values = match value {
        Expr::Array(list) if shape.list || shape.kind.is_none() => list.elems.iter().collect(),
        Expr::Array(_) => {
            let message = format!(
                "this default is a list, and the argument is `{}`",
                shape.name
            );
            return Err(Error::new(value.span(), message));
        }
        other if shape.list => {
            return Err(Error::new(
                other.span(),
                "the default of a list is a list: `default = […]`",
            ));
        }
        one => vec![one],
    };
    for value in values {
        let (Some(kind), Some(scalar)) = (kind_of(value), shape.kind) else {
            continue;
        };
        let ok = match scalar {
            Scalar::Text => kind == Literal::Text,
            Scalar::Bool => kind == Literal::Bool,
            Scalar::Number => !matches!(kind, Literal::Text | Literal::Bool | Literal::List),
            Scalar::Integer => in_range(value, &shape.name),
        };
        if !ok {
            let message = format!(
                "`{}` is no `{}`, which the argument is",
                value.to_token_stream(),
                shape.name
            );
            return Err(Error::new(value.span(), message));
        }
    }
    Ok(())
}

/// Whether the value is an integer that the type can hold.
fn in_range(value: &Expr, ty: &str) -> bool {
    let text = value.to_token_stream().to_string().replace([' ', '_'], "");
    let Ok(number) = text.parse::<i128>() else {
        return false;
    };
    match ty {
        "u8" => u8::try_from(number).is_ok(),
        "u16" => u16::try_from(number).is_ok(),
        "u32" => u32::try_from(number).is_ok(),
        "u64" => u64::try_from(number).is_ok(),
        "i8" => i8::try_from(number).is_ok(),
        "i16" => i16::try_from(number).is_ok(),
        "i32" => i32::try_from(number).is_ok(),
        "i128" => true,
        "u128" => u128::try_from(number).is_ok(),
        _ => i64::try_from(number).is_ok(),
    }
}

/// What an expression is, by its looks.
#[derive(Clone, Copy, PartialEq)]
enum Literal {
    Text,
    Integer,
    Number,
    /// An integer or not.
    Negative,
    Bool,
    List,
}

fn kind_of(value: &Expr) -> Option<Literal> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(_) => Some(Literal::Text),
            Lit::Int(_) => Some(Literal::Integer),
            Lit::Float(_) => Some(Literal::Number),
            Lit::Bool(_) => Some(Literal::Bool),
            _ => None,
        },
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match kind_of(expr) {
            Some(Literal::Integer | Literal::Number) => Some(Literal::Negative),
            _ => None,
        },
        Expr::Array(_) => Some(Literal::List),
        _ => None,
    }
}

/// A literal as `switchback_sdk::operation::Rule`.
fn constant(value: &Expr) -> Result<TokenStream> {
    let is_float = value.to_token_stream().to_string().contains('.');
    let variant = match kind_of(value) {
        Some(Literal::Bool) => quote!(Bool),
        Some(Literal::Negative) if is_float => quote!(Number),
        Some(Literal::Integer | Literal::Negative) => quote!(Integer),
        Some(Literal::Number) => quote!(Number),
        Some(Literal::Text) => quote!(Text),
        Some(Literal::List) => {
            let Expr::Array(list) = value else {
                unreachable!("`kind_of` says list of nothing else")
            };
            let values = list
                .elems
                .iter()
                .map(constant)
                .collect::<Result<Vec<_>>>()?;
            return Ok(quote!(::switchback_sdk::operation::Rule::List(&[#(#values),*])));
        }
        None => {
            return Err(Error::new(
                value.span(),
                "a rule's value is written out: a number, a text, `true`, `false` or a list of these",
            ));
        }
    };
    Ok(quote!(::switchback_sdk::operation::Rule::#variant(#value)))
}
