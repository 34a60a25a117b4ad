//! Is a name of the program used? Some languages do not compile what binds a name and forgets it.
//!
//! This file does not know which languages these are, nor what they write instead.

use crate::emit::low::{Ex, Kind, Stmt};
use crate::syntax::Name;

/// Do statements read a variable?
pub(super) fn read(statements: &[Stmt], name: &Name) -> bool {
    let ex = |it: &Ex| inside(it, name);
    statements.iter().any(|statement| match statement {
        Stmt::Let { value, .. } => value.as_ref().is_some_and(ex),
        Stmt::Assign { value, .. } | Stmt::Return(value) | Stmt::Check { value, .. } => ex(value),
        Stmt::Push { list, value } => list == name || ex(value),
        Stmt::Raise(raise) => raise.arguments.iter().any(ex),
        Stmt::If { condition, then, otherwise } => ex(condition) || read(then, name) || read(otherwise, name),
        Stmt::Switch { subject, arms } => ex(subject) || arms.iter().any(|it| read(&it.1, name)),
        Stmt::ForEach { over, body, .. } => ex(over) || read(body, name),
        Stmt::ForRange { from, to, body, .. } => ex(from) || ex(to) || read(body, name),
    })
}

fn inside(ex: &Ex, name: &Name) -> bool {
    let any = |all: &[Ex]| all.iter().any(|it| inside(it, name));
    match &ex.kind {
        Kind::Var(var) => var == name,
        Kind::Make(fields) => fields.iter().any(|it| inside(&it.1, name)),
        Kind::Update(of, fields) => inside(of, name) || fields.iter().any(|it| inside(&it.1, name)),
        Kind::Field(of, _) | Kind::Fit(of) => inside(of, name),
        Kind::List(items) | Kind::Op(_, items) | Kind::Call(_, items) => any(items),
        Kind::Map(entries) => entries.iter().any(|it| inside(&it.0, name) || inside(&it.1, name)),
        Kind::Cond(parts) => any(&**parts),
        Kind::Choice(of, arms) => inside(of, name) || arms.iter().any(|it| inside(&it.1, name)),
        Kind::Bool(_)
        | Kind::Int(_)
        | Kind::Text(_)
        | Kind::Bytes(_)
        | Kind::None
        | Kind::Constant(_)
        | Kind::EnumValue(..) => false,
    }
}
