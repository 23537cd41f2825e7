//! The catalog: every operation and every model of Looker API 4.0, as data.
//!
//! The specification comes from Looker's own API description (`connector/catalog/spec/`, generated). Titles, help,
//! look-ups and corrections come from this project (`connector/catalog/overlay/`, written by hand). `build.rs` turns both
//! into the static tables below, so that nothing is parsed when a component starts. The rest of this crate reads these
//! tables; no operation has code of its own.

mod find;

pub use find::{model, nearest, operation};

/// One operation of Looker API 4.0.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Looker's own operation id, which is also the method name in Looker's SDKs: `create_user`.
    pub name: &'static str,
    /// The title that people read: "Create user".
    pub title: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// The tag under which Looker lists it: `User`.
    pub group: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below `/api/4.0`, with its parameters in braces: `/users/{user_id}`.
    pub path: &'static str,
    /// What it does to data.
    pub effect: Effect,
    /// How stable Looker declares it to be.
    pub stability: Stability,
    /// Which quota of API calls it counts against.
    pub cost: Cost,
    /// The release of Looker that brought it; `None` if it is older than the releases that the catalog tells apart.
    pub since: Option<Release>,
    /// The parameters in the path and in the query, in Looker's order.
    pub parameters: &'static [Parameter],
    /// The body, where there is one.
    pub body: Option<Body>,
    /// What a success can be.
    pub responses: &'static [Response],
}

/// An HTTP method that Looker uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

/// What an operation does to Looker's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing that Looker keeps.
    Read,
    /// Creates or changes something.
    Write,
    /// Removes something.
    Delete,
}

/// How stable Looker declares an operation to be (`x-looker-status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// Kept compatible.
    Stable,
    /// Usable, may still change.
    Beta,
    /// An experiment, may change or go.
    Alpha,
    /// Works, but will be removed.
    Deprecated,
}

/// Which of Looker's monthly quotas a call counts against (`x-looker-activity-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Counted as a query call (`db_query`).
    Query,
    /// Counted as an administration call (`non_query`).
    Administration,
    /// Not counted (`none`).
    Free,
}

/// One parameter of an operation.
#[derive(Debug, PartialEq)]
pub struct Parameter {
    /// The name in the request.
    pub name: &'static str,
    /// The name in the input: the same, except that a query parameter is `query_NAME` where the body has a property of
    /// that name.
    pub input: &'static str,
    /// Where in the request it goes.
    pub location: Location,
    /// Whether Looker requires it.
    pub required: bool,
    /// Whether Looker advises against it.
    pub deprecated: bool,
    /// The release of Looker that brought it.
    pub since: Option<Release>,
    /// The type of its value.
    pub kind: Type,
    /// How a form shows it.
    pub text: FieldText,
}

/// Where in a request a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the path: always required and never empty.
    Path,
    /// In the query string.
    Query,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// `application/json`, `text/plain` or (login only) `application/x-www-form-urlencoded`.
    pub media_type: &'static str,
    /// Whether Looker requires it.
    pub required: bool,
    /// The type of the whole body. The properties of a [`Type::Model`] are inputs side by side. Any other type is the
    /// single input `body`, except that a form (login only) is made of the operation's query parameters and adds no input.
    pub kind: Type,
    /// How a form shows the single input `body`, where there is one.
    pub text: FieldText,
    /// The properties of a [`Type::Model`] whose text or whose input name differs from the model's own.
    pub property_inputs: &'static [PropertyInput],
}

/// The input of one property of a body, where its name or its text is not the model's own.
#[derive(Debug, Clone, PartialEq)]
pub struct PropertyInput {
    /// The name of the property.
    pub property: &'static str,
    /// The name in the input: the same, or `body_NAME` where a path parameter has the property's name.
    pub input: &'static str,
    /// How a form shows it.
    pub text: FieldText,
}

/// A response that means success.
#[derive(Debug, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Its media types as Looker names them (`text` means csv, txt, sql, md and html); empty where it has no content.
    pub media_types: &'static [&'static str],
    /// The type of its content where that is JSON.
    pub kind: Type,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Type {
    /// Any JSON value.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number of up to 64 bits.
    Integer,
    /// A number.
    Number,
    /// Text.
    String(Format),
    /// A list of values of one type.
    Array(&'static Type),
    /// An object with any keys and values of one type.
    Map(&'static Type),
    /// An object that Looker describes.
    Model(&'static Model),
}

/// What a string holds, as JSON Schema's `format` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Any text.
    Text,
    /// A date and time of day (RFC 3339).
    DateTime,
    /// A date (RFC 3339).
    Date,
    /// An absolute or relative URL.
    UriReference,
    /// A secret, which must not be shown.
    Password,
}

/// An object that Looker describes: `User`.
#[derive(Debug)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    /// Its properties, in Looker's order.
    pub properties: &'static [Property],
}

/// Models are compared by name, since they refer to each other in circles.
impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// One property of a model.
#[derive(Debug, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Type,
    /// Whether Looker requires it when the model is sent. (A `PATCH` sends a part and requires nothing.)
    pub required: bool,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// Whether only Looker sets it, so that it is in outputs and never in inputs.
    pub read_only: bool,
    /// Whether Looker accepts it but never returns it.
    pub write_only: bool,
    /// Whether Looker advises against it.
    pub deprecated: bool,
    /// The release of Looker that brought it, if the model is older.
    pub since: Option<Release>,
    /// The only values that it (or each of its items) can have; empty where Looker lists none.
    pub values: &'static [&'static str],
    /// How a form shows it.
    pub text: FieldText,
}

/// How a form shows a field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldText {
    /// The title that people read: "First name".
    pub title: &'static str,
    /// One line of help; empty where the title is enough.
    pub help: &'static str,
    /// The operation that lists the values to choose from.
    pub lookup: Option<&'static Lookup>,
}

/// An operation that lists the values of a field.
#[derive(Debug, PartialEq)]
pub struct Lookup {
    /// The name of the operation: `all_users`.
    pub operation: &'static str,
    /// The property of each item that is the value: `id`.
    pub value: &'static str,
    /// The property of each item that people read: `display_name`.
    pub label: &'static str,
}

/// A release of Looker that brought something new, by its place in [`RELEASES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release(u8);

/// The API description that the tables come from.
#[derive(Debug)]
pub struct Source {
    /// The version of the API: `4.0.26.12`.
    pub version: &'static str,
    /// The release of Looker: `26.12.3`.
    pub release: &'static str,
    /// The SHA-256 of the description, in lower-case hexadecimal digits.
    pub sha256: &'static str,
    /// Looker's SDK, which adds what is newer than the description.
    pub sdk: Option<SdkSource>,
}

/// The SDK that the tables come from.
#[derive(Debug)]
pub struct SdkSource {
    /// The release of Looker that it was made for: `26.22.0`.
    pub release: &'static str,
    /// The SHA-256 of the SDK's wheel, in lower-case hexadecimal digits.
    pub sha256: &'static str,
}

/// Changes whenever the list of operations or any schema may change: a SHA-256 in lower-case hexadecimal digits.
pub const DIGEST: &str = env!("CATALOG_DIGEST");

// Written by `build.rs`: `SOURCE: Source`, `OPERATIONS: [Operation; N]` and `MODELS: [&Model; N]`, the latter two sorted
// by name.
include!(concat!(env!("OUT_DIR"), "/tables.rs"));

impl Release {
    /// The release as Looker names it: `26.22`.
    pub fn as_str(self) -> &'static str {
        RELEASES[usize::from(self.0)]
    }
}

impl Method {
    /// The method as HTTP spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl Property {
    /// Whether a request can set it: Looker accepts it and, if it is an object, accepts at least one of its properties.
    pub fn is_writable(&self) -> bool {
        fn accepts(kind: &Type) -> bool {
            match kind {
                Type::Array(item) | Type::Map(item) => accepts(item),
                Type::Model(model) => {
                    model.properties.is_empty() || model.properties.iter().any(|property| !property.read_only)
                }
                _ => true,
            }
        }
        !self.read_only && accepts(&self.kind)
    }
}

impl Body {
    /// How this operation's form shows a property of its body.
    pub fn text_of<'a>(&'a self, property: &'a Property) -> &'a FieldText {
        self.own_input(property).map_or(&property.text, |own| &own.text)
    }

    /// The name of a property's input.
    pub fn input_of(&self, property: &Property) -> &'static str {
        self.own_input(property).map_or(property.name, |own| own.input)
    }

    /// The property that an input of this name sets.
    pub fn property_of(&self, input: &str) -> Option<&'static Property> {
        let Type::Model(model) = self.kind else { return None };
        model.properties.iter().find(|property| self.input_of(property) == input)
    }

    fn own_input(&self, property: &Property) -> Option<&'static PropertyInput> {
        self.property_inputs.iter().find(|own| own.property == property.name)
    }
}

impl Operation {
    /// Whether carrying the operation out twice has the same effect as carrying it out once (RFC 9110, 9.2.2), so that
    /// it may be repeated when its outcome is not known: it only reads, or it sets or removes one thing (`PUT`,
    /// `DELETE`). The method alone does not tell, since two of Looker's `GET`s start or stop work.
    pub fn is_idempotent(&self) -> bool {
        self.effect == Effect::Read || matches!(self.method, Method::Put | Method::Delete)
    }
}
