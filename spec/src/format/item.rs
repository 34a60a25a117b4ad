//! Declarations in their one form.
//!
//! It does not know expressions beyond asking for their form.

use super::doc::{Doc, all, list};
use super::expr::Place;
use super::{Form, docs};
use crate::syntax::{
    EnumItem, ErrorItem, Expected, Field, HashItem, Item, ItemKind, OperatorItem, Order, Param, Path, Preimage,
    Presence, RecordItem, Require, Tie, Tolerance, Unknown, VectorItem,
};
use crate::text::quoted;

/// Members of a block with one a line, each with its comments.
fn members(parts: Vec<Doc>, rest: Doc) -> Doc {
    let mut inside = Vec::new();
    for part in parts {
        inside.push(Doc::Hard);
        inside.push(part);
    }
    if let Doc::All(comments) = rest {
        inside.push(Doc::Hard);
        // The last break belongs to the closing mark.
        let keep = comments.len().saturating_sub(1);
        inside.extend(comments.into_iter().take(keep));
    }
    if inside.is_empty() {
        return Doc::text("{}");
    }
    all([Doc::text("{"), Doc::All(inside).nest(), Doc::Hard, Doc::text("}")])
}

fn joined(paths: &[Path]) -> String {
    paths.iter().map(Path::text).collect::<Vec<_>>().join(", ")
}

impl Form<'_> {
    pub(super) fn item(&mut self, item: &Item) -> Doc {
        let name = &item.name.name;
        match &item.kind {
            ItemKind::Const(ty, value) => {
                let ty = ty.as_ref().map(|ty| all([Doc::text(": "), self.ty(ty)])).unwrap_or(Doc::Nil);
                let value = self.expr(value, Place::default());
                all([Doc::text(format!("const {name}")), ty, Doc::text(" = "), value, Doc::text(";")]).group()
            }
            ItemKind::Type(ty, error) => {
                let error = error.as_ref().map(|path| format!(" else {}", path.text())).unwrap_or_default();
                all([Doc::text(format!("type {name} = ")), self.ty(ty), Doc::text(error + ";")])
            }
            ItemKind::Enum(it) => self.enum_item(name, it, item.span.end),
            ItemKind::Record(it) => self.record(name, it, item.span.end),
            ItemKind::Error(it) => self.error(name, it),
            ItemKind::Hash(it) => self.hash(name, it),
            ItemKind::Operator(it) => self.operator(name, it),
            ItemKind::Vector(it) => self.vector(name, it),
        }
    }

    fn enum_item(&mut self, name: &str, it: &EnumItem, end: u32) -> Doc {
        let unknown = match &it.unknown {
            Some(Unknown::Error(path)) => format!(" unknown else {}", path.text()),
            Some(Unknown::Value(value)) => format!(" unknown is {}", value.name),
            None => String::new(),
        };
        let mut parts = Vec::new();
        for value in &it.values {
            let before = self.before(value.span.start);
            let text = Doc::text(format!("{} = {},", value.name.name, value.number));
            parts.push(all([before, docs(&value.docs), text, self.behind(value.span.end)]));
        }
        let rest = self.before(end);
        all([Doc::text(format!("enum {name}{unknown} ")), members(parts, rest)])
    }

    fn field(&mut self, field: &Field) -> Doc {
        let mark = if field.presence == Presence::Optional { "?" } else { "" };
        let default = match &field.presence {
            Presence::Default(value) => all([Doc::text(" = "), self.expr(value, Place::default())]),
            _ => Doc::Nil,
        };
        all([Doc::text(format!("{}{mark}: ", field.name.name)), self.ty(&field.ty), default])
    }

    fn record(&mut self, name: &str, it: &RecordItem, end: u32) -> Doc {
        let word = if it.state { "state" } else { "record" };
        let mut parts = Vec::new();
        for field in &it.fields {
            let before = self.before(field.span.start);
            let text = self.field(field);
            parts.push(all([before, docs(&field.docs), text, Doc::text(","), self.behind(field.span.end)]));
        }
        for require in &it.requires {
            let before = self.before(require.span.start);
            let text = self.require(require);
            parts.push(all([before, text, Doc::text(","), self.behind(require.span.end)]));
        }
        let rest = self.before(end);
        all([Doc::text(format!("{word} {name} ")), members(parts, rest)])
    }

    pub(super) fn require(&mut self, it: &Require) -> Doc {
        let condition = self.expr(&it.condition, Place { no_else: true, ..Place::default() });
        let raise = self.raise(&it.raise);
        let tail = all([Doc::Line, Doc::text("else "), raise]).nest();
        all([Doc::text("require "), condition, tail]).group()
    }

    fn error(&mut self, name: &str, it: &ErrorItem) -> Doc {
        let parameters =
            it.parameters.iter().map(|field| all([docs(&field.docs), self.field(field)])).collect::<Vec<_>>();
        let parameters = if parameters.is_empty() { Doc::Nil } else { list("(", parameters, ")", false) };
        let retry = if it.retry { "yes" } else { "no" };
        let facts =
            format!(" = {} severity {} category {} retry {retry}", it.number, it.severity.name(), it.category.name);
        let message = all([Doc::Line, Doc::text(format!("message {};", quoted(&it.message)))]).nest();
        all([Doc::text(format!("error {name}")), parameters, Doc::text(facts), message]).group()
    }

    fn params(&mut self, params: &[Param]) -> Doc {
        let one = |form: &mut Self, param: &Param| {
            let state = if param.state { "state " } else { "" };
            all([docs(&param.docs), Doc::text(format!("{state}{}: ", param.name.name)), form.ty(&param.ty)])
        };
        let parts = params.iter().map(|param| one(self, param)).collect();
        list("(", parts, ")", false)
    }

    fn hash(&mut self, name: &str, it: &HashItem) -> Doc {
        let parameters = self.params(&it.parameters);
        let preimage = match &it.preimage {
            Preimage::Commit(tag, elements) => {
                let elements = elements.iter().map(|element| self.expr(element, Place::default())).collect();
                all([Doc::text(format!("commit {} ", quoted(tag))), list("[", elements, "]", false)])
            }
            Preimage::Object(value, without) => {
                let without: Vec<Doc> = without.iter().map(|name| Doc::text(&*name.name)).collect();
                let without = if without.is_empty() {
                    Doc::Nil
                } else {
                    all([Doc::text(" excluding "), list("{", without, "}", true)])
                };
                all([Doc::text("object "), self.expr(value, Place::default()), without])
            }
            Preimage::Raw(value) => all([Doc::text("raw "), self.expr(value, Place::default())]),
        };
        let function = Doc::text(format!(" = {} ", it.function.name()));
        all([Doc::text(format!("hash {name}")), parameters, function, preimage, Doc::text(";")])
    }

    fn operator(&mut self, name: &str, it: &OperatorItem) -> Doc {
        let is_extern = if it.is_extern { "extern " } else { "" };
        let mut head = vec![Doc::text(format!("{is_extern}{} operator {name}", it.purity.name()))];
        head.push(self.params(&it.inputs));
        head.push(Doc::text(" -> "));
        head.push(match it.outputs.as_slice() {
            [only] if it.unnamed_output => self.ty(&only.ty),
            all => self.params(all),
        });
        let mut clauses = self.clauses(it);
        let Some(body) = &it.body else {
            match clauses.last_mut() {
                Some(last) => *last = all([last.clone(), Doc::text(";")]),
                None => head.push(Doc::text(";")),
            }
            return all([Doc::All(head), lines(clauses)]);
        };
        let body = self.block(body, true);
        let break_before = if clauses.is_empty() { Doc::text(" ") } else { Doc::Hard };
        all([Doc::All(head), lines(clauses), break_before, body])
    }

    fn clauses(&mut self, it: &OperatorItem) -> Vec<Doc> {
        let mut clauses = Vec::new();
        if let Some(profile) = it.profile.as_ref().filter(|profile| &*profile.name != "E0" || it.tolerances.is_some()) {
            let tolerances = it.tolerances.as_ref().map(|all| all.iter().map(tolerance).collect::<Vec<_>>());
            let tail = match tolerances {
                Some(parts) => all([Doc::text(" tolerance "), list("{", parts, "}", true)]),
                None => Doc::Nil,
            };
            clauses.push(all([Doc::text(format!("profile {}", profile.name)), tail]));
        }
        let mut names = |word: &str, text: String| {
            if !text.is_empty() {
                clauses.push(Doc::text(format!("{word} {text}")));
            }
        };
        names("raises", joined(&it.raises));
        names("effects", it.effects.iter().map(|effect| effect.name.to_string()).collect::<Vec<_>>().join(", "));
        names("uses", joined(&it.uses));
        clauses.extend(it.orders.iter().map(order));
        for require in &it.requires {
            let before = self.before(require.span.start);
            clauses.push(all([before, self.require(require), self.behind(require.span.end)]));
        }
        for ensure in &it.ensures {
            let before = self.before(ensure.span.start);
            let value = self.expr(ensure, Place { no_brace: true, ..Place::default() });
            clauses.push(all([before, Doc::text("ensure "), value, self.behind(ensure.span.end)]));
        }
        clauses
    }

    fn vector(&mut self, name: &str, it: &VectorItem) -> Doc {
        let arguments = self.arguments(&it.arguments);
        let expected = match &it.expected {
            Expected::Outputs(value) => self.expr(value, Place::default()),
            Expected::Raise(raise) => all([Doc::text("fail "), self.raise(raise)]),
        };
        let head = Doc::text(format!("vector {} {name} ", it.operator.name));
        all([head, arguments, Doc::text(" => "), expected, Doc::text(";")])
    }
}

/// Clauses, each on a line of its own, moved in.
fn lines(clauses: Vec<Doc>) -> Doc {
    let parts = clauses.into_iter().flat_map(|clause| [Doc::Hard, clause]);
    Doc::All(parts.collect()).nest()
}

fn tolerance(it: &Tolerance) -> Doc {
    let nan = if it.nan { "equal" } else { "forbid" };
    Doc::text(format!("{}: abs {} rel {} nan {nan}", it.path.text(), number(it.absolute), number(it.relative)))
}

fn number(f: f64) -> String {
    // The language's numbers have digits on both sides of the point.
    if f == 0.0 { "0.0".to_owned() } else { crate::text::float(f) }
}

fn order(it: &Order) -> Doc {
    if it.keys.is_empty() {
        return Doc::text(format!("order {} by input", it.output.name));
    }
    let keys: Vec<String> =
        it.keys.iter().map(|key| format!("{}{}", key.path.text(), if key.descending { " desc" } else { "" })).collect();
    let tie = match it.tie {
        Tie::Input => "input",
        Tie::Unique => "unique",
    };
    Doc::text(format!("order {} by {} tie {tie}", it.output.name, keys.join(", ")))
}
