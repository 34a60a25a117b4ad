//! From a contract to lowered programs: one or two functions for an operator, and the checks that its inputs need.
//!
//! Invariants: what is not supported is refused with a reason, never approximated; temporary names are unlike all names
//! of the operator. `expr` has expressions, `flow` what takes more than one statement, `numbers` arithmetic, `checks`
//! the boundary. This folder does not know how a target writes anything.

mod checks;
mod expr;
mod flow;
mod numbers;
pub(super) mod types;

use super::low::{Ex, Function, Kind, Outcome, Raise, Role, Stmt, Ty};
use crate::ir::{self, Block, Contract, Expr, ExprKind, Operator, Range, Ref, Statement, Type};
use crate::syntax::Name;
use std::collections::{BTreeMap, BTreeSet};

/// What lowering asks of a target.
pub(super) struct Shape<'a> {
    /// Which of its whole numbers has room for a range.
    pub(super) native: &'a dyn Fn(&Range) -> Option<usize>,
    /// The numbers that a representation can hold.
    pub(super) held: &'a dyn Fn(&Range) -> Option<Range>,
    /// Has it an expression for one of two?
    pub(super) conditional: bool,
    /// Has it an expression for one of several?
    pub(super) choice: bool,
    /// Has it an expression for a record with other values in some fields?
    pub(super) update: bool,
    /// Is a call that may raise a statement?
    pub(super) calls_are_statements: bool,
    /// Are parts of an expression evaluated in an order that nobody knows?
    pub(super) any_order: bool,
    /// Does a loop say what it goes over more than once?
    pub(super) loops_over_names: bool,
    /// May a value of an enum be none of its values?
    pub(super) open_enums: bool,
}

/// A function being lowered.
struct Lower<'a> {
    contract: &'a Contract,
    shape: &'a Shape<'a>,
    native: &'a dyn Fn(&Range) -> Option<usize>,
    /// Names of the text, and what stands for them.
    bound: Vec<(Name, Ex)>,
    /// Names that are in use.
    taken: BTreeSet<String>,
    /// Outputs go by this operator's name.
    outputs: Ref,
    /// Types whose checks are called.
    checked: BTreeSet<Ref>,
}

/// Where a value goes.
#[derive(Debug, Clone)]
enum Dest {
    Return,
    Assign(Name),
}

/// The functions of an operator, with the types whose checks they call.
pub(super) fn operator(
    contract: &Contract,
    operator: &Operator,
    shape: &Shape<'_>,
) -> Outcome<(Vec<Function>, BTreeSet<Ref>)> {
    let body = operator.body.as_ref().ok_or("it is extern: it has no body")?;
    let mut lower = Lower::new(contract, shape, operator.id.clone());
    lower.take(body);
    let mut params = Vec::new();
    for input in &operator.inputs {
        let ty = types::ty(&input.ty)?;
        lower.taken.insert(input.name.to_string());
        lower.bound.push((input.name.clone(), Ex::var(&input.name, ty.clone())));
        params.push((input.name.clone(), ty, input.docs.clone()));
    }
    let result = match operator.outputs.as_slice() {
        [only] => types::ty(&only.ty)?,
        all => {
            all.iter().try_for_each(|it| types::ty(&it.ty).map(|_| ()))?;
            Ty::Outputs(operator.id.clone())
        }
    };
    let mut checks = Vec::new();
    for input in &operator.inputs {
        let value = Ex::var(&input.name, types::ty(&input.ty)?);
        lower.check(value, &input.ty, None, &mut checks)?;
    }
    let mut statements = Vec::new();
    for require in &operator.requires {
        lower.require(require, &mut statements)?;
    }
    lower.block_into(body, &operator.result(), &Dest::Return, &mut statements)?;
    if shape.calls_are_statements || shape.any_order {
        statements = lower.hoist(statements);
    }
    let function = |role, raises: Vec<Ref>, body| Function {
        id: operator.id.clone(),
        role,
        docs: operator.docs.clone(),
        params: params.clone(),
        result: Some(result.clone()),
        raises,
        body,
    };
    if checks.is_empty() {
        return Ok((vec![function(Role::Public, operator.raises.clone(), statements)], lower.checked));
    }
    let mut all: BTreeSet<Ref> = operator.raises.iter().cloned().collect();
    all.extend(operator.boundary.iter().cloned());
    let arguments = params.iter().map(|(name, ty, _)| Ex::var(name, ty.clone())).collect();
    let mut call = Ex::new(Kind::Call(operator.id.clone(), arguments), result.clone());
    call.raises = !operator.raises.is_empty();
    checks.push(Stmt::Return(call));
    let outer = function(Role::Public, all.into_iter().collect(), checks);
    let inner = function(Role::Inner, operator.raises.clone(), statements);
    Ok((vec![inner, outer], lower.checked))
}

impl<'a> Lower<'a> {
    fn new(contract: &'a Contract, shape: &'a Shape<'a>, outputs: Ref) -> Lower<'a> {
        let (bound, taken, checked) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Lower { contract, shape, native: shape.native, bound, taken, outputs, checked }
    }

    /// Notes every name that a block binds.
    fn take(&mut self, block: &Block) {
        let mut names: Vec<Name> = Vec::new();
        block.walk(&mut |e: &Expr| match &e.kind {
            ExprKind::Fold(fold) => {
                names.push(fold.acc.clone());
                names.extend(fold.names.iter().cloned());
                names.extend(lets(&fold.body));
            }
            ExprKind::Each(each) => names.extend(each.names.iter().cloned()),
            ExprKind::If(_, a, b) => names.extend(lets(a).chain(lets(b))),
            ExprKind::Match(_, arms) => {
                names.extend(arms.iter().flat_map(|it| &it.patterns).filter_map(|it| match it {
                    ir::Pattern::Some(name) => Some(name.clone()),
                    _ => None,
                }));
            }
            _ => {}
        });
        names.extend(lets(block));
        self.taken.extend(names.iter().map(|it| it.to_string()));
    }

    /// The type of what is wanted; several outputs are those of the operator itself.
    fn wanted(&self, ty: &Type) -> Outcome<Ty> {
        match ty.base() {
            Type::Outputs(_) => Ok(Ty::Outputs(self.outputs.clone())),
            _ => types::ty(ty),
        }
    }

    /// A name that nothing has.
    fn fresh(&mut self, hint: &str) -> Name {
        let mut name = hint.to_owned();
        let mut n = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{hint}_{n}");
            n += 1;
        }
        Name::from(name)
    }

    /// A value that is said more than once.
    fn plain(&mut self, ex: Ex, hint: &str, out: &mut Vec<Stmt>) -> Ex {
        if ex.is_plain() {
            return ex;
        }
        let name = self.fresh(hint);
        let ty = ex.ty.clone();
        out.push(Stmt::Let { name: name.clone(), ty: ty.clone(), value: Some(ex), changes: false });
        Ex::var(&name, ty)
    }

    fn finish(&mut self, ex: Ex, dest: &Dest, out: &mut Vec<Stmt>) {
        out.push(match dest {
            Dest::Return => Stmt::Return(ex),
            Dest::Assign(name) => Stmt::Assign { name: name.clone(), value: ex },
        });
    }

    fn raise(&mut self, raise: &ir::Raise, out: &mut Vec<Stmt>) -> Outcome<Raise> {
        let home = self.contract.home(&raise.error.contract).and_then(|it| it.error(&raise.error.name)).cloned();
        let decl = home.ok_or("an error is missing")?;
        let wanted: Vec<Type> = decl.parameters.iter().map(|it| it.1.clone()).collect();
        let parts = raise.arguments.iter().zip(&wanted).collect();
        Ok(Raise { error: raise.error.clone(), arguments: self.all_as(parts, out)? })
    }

    fn require(&mut self, require: &ir::Require, out: &mut Vec<Stmt>) -> Outcome<()> {
        let condition = self.expr(&require.condition, out)?;
        let mut then = Vec::new();
        let raise = self.raise(&require.raise, &mut then)?;
        then.push(Stmt::Raise(raise));
        out.push(Stmt::If { condition: not(condition), then, otherwise: Vec::new() });
        Ok(())
    }

    /// A block whose value goes somewhere.
    fn block_into(&mut self, block: &Block, wanted: &Type, dest: &Dest, out: &mut Vec<Stmt>) -> Outcome<()> {
        let mark = self.bound.len();
        for statement in &block.statements {
            match statement {
                Statement::Require(require) => self.require(require, out)?,
                Statement::Let(name, ty, value) => self.binding(name, ty.as_ref().unwrap_or(&value.ty), value, out)?,
            }
        }
        let done = self.into(&block.value, wanted, dest, out);
        self.bound.truncate(mark);
        done
    }

    fn binding(&mut self, name: &Name, wanted: &Type, value: &Expr, out: &mut Vec<Stmt>) -> Outcome<()> {
        if matches!(value.ty.base(), Type::Never) {
            return self.into(value, wanted, &Dest::Return, out);
        }
        let before = out.len();
        let ex = self.named_as(value, wanted, name, out)?;
        // A loop or a choice has made a variable of this very name.
        if !matches!(&ex.kind, Kind::Var(own) if own == name && out.len() > before) {
            let ty = ex.ty.clone();
            out.push(Stmt::Let { name: name.clone(), ty: ty.clone(), value: Some(ex.clone()), changes: false });
        }
        self.bound.push((name.clone(), Ex::var(name, ex.ty)));
        Ok(())
    }
}

/// The names that a block binds itself.
fn lets(block: &Block) -> impl Iterator<Item = Name> + '_ {
    block.statements.iter().filter_map(|it| match it {
        Statement::Let(name, _, _) => Some(name.clone()),
        Statement::Require(_) => None,
    })
}

/// The opposite, said as plainly as it can be.
pub(super) fn not(condition: Ex) -> Ex {
    if let Kind::Op(name, parts) = &condition.kind {
        let (head, tail) = name.split_once('_').map_or((name.as_str(), ""), |(head, tail)| (head, tail));
        let opposite = match head {
            "eq" => "ne",
            "ne" => "eq",
            "lt" => "ge",
            "le" => "gt",
            "gt" => "le",
            "ge" => "lt",
            _ => "",
        };
        if !opposite.is_empty() {
            let name = if tail.is_empty() { opposite.to_owned() } else { format!("{opposite}_{tail}") };
            return Ex::truth(&name, parts.clone());
        }
        if let ("not", [inner]) = (name.as_str(), parts.as_slice()) {
            return inner.clone();
        }
    }
    if let Kind::Bool(truth) = condition.kind {
        return Ex::new(Kind::Bool(!truth), Ty::Bool);
    }
    Ex::truth("not", vec![condition])
}

/// The checks of types by name, and of those that they call.
pub(super) fn checks(
    contract: &Contract,
    wanted: BTreeSet<Ref>,
    shape: &Shape<'_>,
) -> Outcome<BTreeMap<Ref, Function>> {
    let mut made: BTreeMap<Ref, Function> = BTreeMap::new();
    let mut open: Vec<Ref> = wanted.into_iter().collect();
    while let Some(id) = open.pop() {
        if made.contains_key(&id) {
            continue;
        }
        let (function, more) = checks::function(contract, &id, shape)?;
        open.extend(more);
        made.insert(id, function);
    }
    Ok(made)
}

/// A truth over names, as a function: what an operator ensures, what holds between fields.
pub(super) fn truth(
    contract: &Contract,
    id: &Ref,
    names: &[(Name, Type)],
    truth: &Expr,
    shape: &Shape<'_>,
) -> Outcome<Function> {
    let block = Block { statements: Vec::new(), value: truth.clone() };
    let mut lower = Lower::new(contract, shape, id.clone());
    lower.take(&block);
    let mut params = Vec::new();
    for (name, ty) in names {
        let ty = types::ty(ty)?;
        lower.taken.insert(name.to_string());
        lower.bound.push((name.clone(), Ex::var(name, ty.clone())));
        params.push((name.clone(), ty, Vec::new()));
    }
    let mut body = Vec::new();
    lower.block_into(&block, &Type::Bool, &Dest::Return, &mut body)?;
    if shape.calls_are_statements {
        body = lower.hoist(body);
    }
    let (docs, raises) = (Vec::new(), Vec::new());
    Ok(Function { id: id.clone(), role: Role::Public, docs, params, result: Some(Ty::Bool), raises, body })
}

/// A value that stands by itself.
pub(super) fn constant(value: &ir::Value, of: &Type) -> Outcome<Ex> {
    types::constant(value, of)
}

pub(super) use checks::wide;
