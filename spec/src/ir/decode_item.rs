//! Encoded declarations, as syntax trees without spans.
//!
//! It does not know whether what is declared makes sense: the checker does.

use super::decode::{ident, path};
use super::decode_expr::{Items, Trees, unexpected};
use crate::syntax::{self as s, Name, Span};
use gx_store::encode::{DecodeError as Broken, Fields, Value as Cbor};

type Read<T> = Result<T, Broken>;

fn item(name: &str, kind: s::ItemKind) -> s::Item {
    s::Item { docs: Vec::new(), name: ident(name), kind, span: Span::default() }
}

impl Trees {
    /// The lists of declarations in an encoding, and how one of each is read.
    #[expect(clippy::type_complexity, reason = "a table of functions")]
    pub(super) const ITEMS: [(&'static str, fn(&Trees, Fields) -> Read<s::Item>); 8] = [
        ("constants", Trees::constant),
        ("types", Trees::type_item),
        ("enums", Trees::enum_item),
        ("records", Trees::record),
        ("errors", Trees::error),
        ("hashes", Trees::hash),
        ("operators", Trees::operator),
        ("vectors", Trees::vector),
    ];

    fn constant(&self, mut it: Fields) -> Read<s::Item> {
        let name = it.text("name")?;
        let ty = it.optional("type").map(|ty| self.ty(ty)).transpose()?;
        let value = self.expr(it.take("value")?)?;
        it.finish()?;
        Ok(item(&name, s::ItemKind::Const(ty, value)))
    }

    fn type_item(&self, mut it: Fields) -> Read<s::Item> {
        let name = it.text("name")?;
        let ty = self.ty(it.take("type")?)?;
        let error = it.optional("error").map(|error| self.reference(error)).transpose()?;
        it.finish()?;
        Ok(item(&name, s::ItemKind::Type(ty, error)))
    }

    fn enum_item(&self, mut it: Fields) -> Read<s::Item> {
        let name = it.text("name")?;
        let mut unknown = Items::of(it.take("unknown")?)?;
        let unknown = match unknown.tag()?.as_str() {
            "error" => s::Unknown::Error(self.reference(unknown.next()?)?),
            "value" => s::Unknown::Value(ident(&unknown.text()?)),
            other => return Err(unexpected(other)),
        };
        let mut values = Vec::new();
        for value in it.array("values")? {
            let mut value = Items::of(value)?;
            let name = ident(&value.text()?);
            let number = i64::try_from(&value.big()?).map_err(|_| Broken::field("values", "a number is too large"))?;
            value.finish()?;
            values.push(s::EnumValue { docs: Vec::new(), name, number, span: Span::default() });
        }
        it.finish()?;
        Ok(item(&name, s::ItemKind::Enum(s::EnumItem { unknown: Some(unknown), values })))
    }

    fn record(&self, mut it: Fields) -> Read<s::Item> {
        let name = it.text("name")?;
        let state = it.boolean("state")?;
        let mut fields = Vec::new();
        for value in it.array("fields")? {
            let mut field = Fields::of(value, "field")?;
            let name = field.text("name")?;
            let ty = self.ty(field.take("type")?)?;
            let mut presence = Items::of(field.take("presence")?)?;
            let presence = match presence.tag()?.as_str() {
                "required" => s::Presence::Required,
                "optional" => s::Presence::Optional,
                "default" => s::Presence::Default(self.expr(presence.next()?)?),
                other => return Err(unexpected(other)),
            };
            field.finish()?;
            fields.push(s::Field { docs: Vec::new(), name: ident(&name), ty, presence, span: Span::default() });
        }
        let requires = self.requires(it.array("requires")?)?;
        it.finish()?;
        Ok(item(&name, s::ItemKind::Record(s::RecordItem { state, fields, requires })))
    }

    fn requires(&self, values: Vec<Cbor>) -> Read<Vec<s::Require>> {
        values.into_iter().map(|value| self.require(value)).collect()
    }

    fn error(&self, mut it: Fields) -> Read<s::Item> {
        let name = it.text("name")?;
        let number = u32::try_from(it.unsigned("number")?).map_err(|_| Broken::field("number", "too large"))?;
        let severity = it.text("severity")?;
        let severity = s::Severity::ALL.iter().find(|row| row.0 == severity).map(|row| row.1);
        let severity = severity.ok_or_else(|| Broken::field("severity", "unknown"))?;
        let category = ident(&it.text("category")?);
        let retry = it.boolean("retry")?;
        let message = it.text("message")?;
        let mut parameters = Vec::new();
        for value in it.array("parameters")? {
            let mut value = Items::of(value)?;
            let name = ident(&value.text()?);
            let ty = self.ty(value.next()?)?;
            value.finish()?;
            let presence = s::Presence::Required;
            parameters.push(s::Field { docs: Vec::new(), name, ty, presence, span: Span::default() });
        }
        it.finish()?;
        let span = Span::default();
        let error = s::ErrorItem {
            parameters,
            number,
            number_span: span,
            severity,
            category,
            retry,
            message,
            message_span: span,
        };
        Ok(item(&name, s::ItemKind::Error(error)))
    }

    fn params(&self, values: Vec<Cbor>) -> Read<Vec<s::Param>> {
        let one = |value| {
            let mut value = Items::of(value)?;
            let name = ident(&value.text()?);
            let ty = self.ty(value.next()?)?;
            let state = value.boolean()?;
            value.finish()?;
            Ok(s::Param { docs: Vec::new(), name, ty, state })
        };
        values.into_iter().map(one).collect()
    }

    fn hash(&self, mut it: Fields) -> Read<s::Item> {
        let name = it.text("name")?;
        let parameters = self.params(it.array("parameters")?)?;
        let function = s::HashFn::of(&it.text("function")?).ok_or_else(|| Broken::field("function", "unknown"))?;
        let mut preimage = Items::of(it.take("preimage")?)?;
        let preimage = match preimage.tag()?.as_str() {
            "commit" => {
                let tag = preimage.text()?;
                s::Preimage::Commit(tag, self.exprs(preimage.next()?)?)
            }
            "object" => {
                let value = self.expr(preimage.next()?)?;
                s::Preimage::Object(value, preimage.names()?.iter().map(|name| ident(name)).collect())
            }
            "raw" => s::Preimage::Raw(self.expr(preimage.next()?)?),
            other => return Err(unexpected(other)),
        };
        it.finish()?;
        Ok(item(&name, s::ItemKind::Hash(s::HashItem { parameters, function, preimage })))
    }

    fn operator(&self, mut it: Fields) -> Read<s::Item> {
        let name = it.text("name")?;
        let purity = match it.text("purity")?.as_str() {
            "pure" => s::Purity::Pure,
            "stateful" => s::Purity::Stateful,
            "io" => s::Purity::Io,
            other => return Err(unexpected(other)),
        };
        let tolerances = it.optional("tolerances").map(|value| self.tolerances(value)).transpose()?;
        let references = |values: Vec<Cbor>| values.into_iter().map(|value| self.reference(value)).collect::<Read<_>>();
        let operator = s::OperatorItem {
            is_extern: it.boolean("extern")?,
            purity,
            inputs: self.params(it.array("inputs")?)?,
            outputs: self.params(it.array("outputs")?)?,
            unnamed_output: it.boolean("unnamed")?,
            profile: tolerances.as_ref().map(|_| ident("E1")),
            tolerances,
            raises: references(it.array("raises")?)?,
            effects: it.texts("effects")?.iter().map(|name| ident(name)).collect(),
            uses: references(it.array("uses")?)?,
            orders: it.array("orders")?.into_iter().map(order).collect::<Read<_>>()?,
            requires: self.requires(it.array("requires")?)?,
            ensures: it.array("ensures")?.into_iter().map(|value| self.expr(value)).collect::<Read<_>>()?,
            body: it.optional("body").map(|body| self.block(body)).transpose()?,
        };
        it.finish()?;
        if operator.unnamed_output && !matches!(operator.outputs.as_slice(), [only] if &*only.name.name == "result") {
            return Err(Broken::field("unnamed", "only one output named 'result' can be given by its type alone"));
        }
        Ok(item(&name, s::ItemKind::Operator(Box::new(operator))))
    }

    fn tolerances(&self, value: Cbor) -> Read<Vec<s::Tolerance>> {
        let one = |value| {
            let mut value = Items::of(value)?;
            let path = s::Path { parts: value.names()?.iter().map(|name| ident(name)).collect() };
            let (absolute, relative) = (value.float()?, value.float()?);
            let nan = value.boolean()?;
            value.finish()?;
            Ok(s::Tolerance { path, absolute, relative, nan })
        };
        Items::of(value)?.rest().map(one).collect()
    }

    fn vector(&self, mut it: Fields) -> Read<s::Item> {
        let operator = ident(&it.text("operator")?);
        let name = it.text("name")?;
        let arguments = self.exprs(it.take("arguments")?)?;
        let arguments = arguments.into_iter().map(|value| s::Argument { name: None, value }).collect();
        let mut expected = Items::of(it.take("expected")?)?;
        let expected = match expected.tag()?.as_str() {
            "gives" => s::Expected::Outputs(self.expr(expected.next()?)?),
            "fails" => s::Expected::Raise(self.raise(expected.next()?)?),
            other => return Err(unexpected(other)),
        };
        it.finish()?;
        Ok(item(&name, s::ItemKind::Vector(s::VectorItem { operator, arguments, expected })))
    }
}

fn order(value: Cbor) -> Read<s::Order> {
    let mut value = Items::of(value)?;
    let output = ident(&value.text()?);
    let mut keys = Vec::new();
    for key in Items::of(value.next()?)?.rest() {
        let mut key = Items::of(key)?;
        let path = path(&key.names()?.iter().map(|name: &Name| &**name).collect::<Vec<_>>().join("."));
        let descending = key.boolean()?;
        key.finish()?;
        keys.push(s::OrderKey { path, descending });
    }
    let tie = match value.text()?.as_str() {
        "input" => s::Tie::Input,
        "unique" => s::Tie::Unique,
        other => return Err(unexpected(other)),
    };
    value.finish()?;
    Ok(s::Order { output, keys, tie, span: Span::default() })
}
