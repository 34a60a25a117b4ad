//! Statements as a target writes them.
//!
//! Invariants: a block is never empty; behind a statement that ends nothing stands. A raising call is a statement of
//! its own where the target says so, with a template for each place that its value can go to.

use super::fill::{Piece, pieces};
use super::{Inside, uses};
use crate::emit::doc::{Doc, all};
use crate::emit::low::{Ex, Kind, Outcome, Stmt, Ty};
use crate::syntax::Name;

/// What a slot of a statement takes.
type Slots<'s> = Vec<(&'s str, Doc)>;

impl Inside<'_> {
    /// Lines of a statement; the first stands where the statement does, `inner` of them one level further in.
    pub(super) fn lines(&self, name: &str, slots: &Slots<'_>) -> Outcome<Vec<Doc>> {
        let target = self.writer.world.target;
        let lines = target.stmt.get(name).ok_or_else(|| format!("there is no '{name}' in {}", target.title))?;
        let one = |line: &str| {
            let parts = pieces(line, 0).into_iter().map(|piece| match piece {
                Piece::Text(text) => Ok(Doc::Text(text)),
                Piece::Slot(slot, _) => {
                    let found = slots.iter().find(|it| it.0 == slot).map(|it| it.1.clone());
                    found.ok_or_else(|| format!("'{name}' of {} has no slot '{slot}'", target.title))
                }
            });
            Ok(all(parts.collect::<Outcome<Vec<Doc>>>()?))
        };
        lines.all().into_iter().map(one).collect()
    }

    /// Does a statement's template have a slot?
    fn says(&self, name: &str, slot: &str) -> bool {
        let lines = self.writer.world.target.stmt.get(name);
        lines.is_some_and(|it| it.all().iter().any(|line| line.contains(slot)))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.writer.world.target.stmt.contains_key(name)
    }

    /// Statements behind a head, in which stands what they begin with declaring.
    fn with_head(&mut self, statements: &[Stmt]) -> Outcome<Doc> {
        let (head, lines) = self.headed(statements)?;
        let begin = self.lines("begin", &Vec::new())?;
        let indent = Doc::text(self.writer.world.target.layout.indent.clone());
        let head = if head.is_empty() { Vec::new() } else { vec![all([indent, joined(head).nest()])] };
        Ok(joined(head.into_iter().chain(begin).chain([joined(lines).nest()]).collect()))
    }

    /// Leading bindings, and the statements behind them.
    fn headed(&mut self, statements: &[Stmt]) -> Outcome<(Vec<Doc>, Vec<Doc>)> {
        let flat = self.flattened(statements);
        let count = flat.iter().take_while(|it| matches!(it, Stmt::Let { .. })).count();
        let (head, rest) = flat.split_at_checked(count).unwrap_or((&flat, &[]));
        let mut declared = Vec::new();
        for statement in head {
            self.statement(statement, false, &mut declared)?;
        }
        let lines = self.sequence(rest)?;
        Ok((declared, lines))
    }

    /// Statements, of which none begins with a binding: one behind others opens a block of its own.
    fn sequence(&mut self, statements: &[Stmt]) -> Outcome<Vec<Doc>> {
        let mut lines = Vec::new();
        for (at, statement) in statements.iter().enumerate() {
            let rest = statements.get(at..).unwrap_or_default();
            if matches!(statement, Stmt::Let { .. }) {
                lines.push(self.declared_block(rest)?);
                break;
            }
            self.statement(statement, rest.len() == 1, &mut lines)?;
        }
        if lines.is_empty() && self.has("empty") {
            lines = self.lines("empty", &Vec::new())?;
        }
        Ok(lines)
    }

    fn declared_block(&mut self, statements: &[Stmt]) -> Outcome<Doc> {
        let (head, lines) = self.headed(statements)?;
        let mut docs = self.lines("block", &Vec::new())?;
        docs.push(joined(head).nest());
        docs.extend(self.lines("begin", &Vec::new())?);
        docs.push(joined(lines).nest());
        docs.extend(self.lines("block_end", &Vec::new())?);
        Ok(joined(docs))
    }

    /// Statements one under the other.
    pub(super) fn block(&mut self, statements: &[Stmt]) -> Outcome<Doc> {
        if self.has("begin") {
            let flat = self.flattened(statements);
            if matches!(flat.first(), Some(Stmt::Let { .. })) {
                return self.declared_block(&flat);
            }
            return Ok(joined(self.sequence(&flat)?));
        }
        let mut lines = Vec::new();
        let flat = self.flattened(statements);
        let count = flat.len();
        for (at, statement) in flat.iter().enumerate() {
            self.statement(statement, at + 1 == count, &mut lines)?;
            let rest = flat.get(at + 1..).unwrap_or_default();
            if let Stmt::Let { name, .. } = statement
                && self.has("unused")
                && !uses::read(rest, name)
            {
                let name = Doc::Text(self.name(name));
                lines.extend(self.lines("unused", &vec![("name", name)])?);
            }
        }
        if lines.is_empty() && self.has("empty") {
            lines = self.lines("empty", &Vec::new())?;
        }
        Ok(joined(lines))
    }

    /// The statements of the function.
    pub(super) fn body(&mut self) -> Outcome<Doc> {
        let function = self.function;
        if self.has("begin") {
            return self.with_head(&function.body);
        }
        let mut lines = Vec::new();
        for (name, _, _) in function.params.iter().filter(|it| !uses::read(&function.body, &it.0)) {
            if self.has("unused_param") {
                let name = Doc::Text(self.name(name));
                lines.extend(self.lines("unused_param", &vec![("name", name)])?);
            }
        }
        lines.push(self.block(&function.body)?);
        Ok(joined(lines))
    }

    /// What stands before an error where a function gives both: nothing of its result's type.
    pub(super) fn nothing(&self) -> Outcome<Doc> {
        let zeros = &self.writer.world.target.zeros;
        let Some(result) = self.function.result.as_ref().filter(|_| !zeros.is_empty()) else {
            return Ok(Doc::text(""));
        };
        let wide = result.range().and_then(|it| self.writer.world.target.native(it)).is_some_and(|at| at > 0);
        let kind = if wide { "wide" } else { result.kind() };
        let zero = zeros.get(kind).ok_or_else(|| format!("there is no zero of kind '{kind}'"))?;
        let ty = self.writer.ty(result)?;
        Ok(Doc::Text(zero.replace("{type}", &ty) + ", "))
    }

    /// Without `else` behind what ends, where the target likes it so.
    fn flattened(&self, statements: &[Stmt]) -> Vec<Stmt> {
        let guards = self.writer.world.target.layout.guards;
        let mut made = Vec::new();
        for statement in statements {
            match statement {
                Stmt::If { condition, then, otherwise }
                    if guards && !otherwise.is_empty() && then.last().is_some_and(Stmt::ends) =>
                {
                    let (condition, then) = (condition.clone(), then.clone());
                    made.push(Stmt::If { condition, then, otherwise: Vec::new() });
                    made.extend(self.flattened(otherwise));
                }
                other => made.push(other.clone()),
            }
        }
        made
    }

    fn value(&mut self, ex: &Ex, wanted: Option<&Ty>) -> Outcome<Doc> {
        self.kept(ex, wanted.unwrap_or(&ex.ty), 0)
    }

    /// A statement; `last`: nothing comes after it in its block.
    fn statement(&mut self, statement: &Stmt, last: bool, out: &mut Vec<Doc>) -> Outcome<()> {
        match statement {
            Stmt::Let { name, ty, value, changes } => self.binding(name, ty, value.as_ref(), *changes, out)?,
            Stmt::Assign { name, value } => {
                let name_doc = Doc::Text(self.name(name));
                if self.call_into("call_assign", value, vec![("name", name_doc.clone())], out)? {
                    return Ok(());
                }
                let doc = self.value(value, None)?;
                out.extend(self.lines("assign", &vec![("name", name_doc), ("value", doc)])?);
            }
            Stmt::If { condition, then, otherwise } => self.chain(condition, then, otherwise, out)?,
            Stmt::Switch { subject, arms } => self.switch(subject, arms, out)?,
            Stmt::ForEach { names, over, body } => self.for_each(names, over, body, out)?,
            Stmt::ForRange { name, ty, from, to, body } => {
                let range = ty.range().cloned().ok_or("a loop goes over something else")?;
                let slots = vec![
                    ("name", Doc::Text(self.name(name))),
                    ("type", Doc::Text(self.writer.ty(ty)?)),
                    ("from", self.number(from, &range, 0)?),
                    ("to", self.number(to, &range, 0)?),
                ];
                let end = if self.has("for_range_end") { "for_range_end" } else { "for_end" };
                self.framed(("for_range", end), &slots, &[], body, out)?;
            }
            Stmt::Push { list, value } => {
                let slots = vec![("list", Doc::Text(self.name(list))), ("value", self.value(value, None)?)];
                out.extend(self.lines("push", &slots)?);
            }
            Stmt::Raise(raise) => self.raise(raise, out)?,
            Stmt::Return(value) => self.give(value, last, out)?,
            Stmt::Check { of, value } => {
                let check = Doc::Text(self.writer.check_name(of));
                let slots = vec![("check", check), ("value", self.owned(value, 0)?), ("nothing", self.nothing()?)];
                out.extend(self.lines("check", &slots)?);
            }
        }
        Ok(())
    }

    fn give(&mut self, value: &Ex, last: bool, out: &mut Vec<Doc>) -> Outcome<()> {
        if self.call_into("call_return", value, Vec::new(), out)? {
            return Ok(());
        }
        let wanted = self.function.result.clone();
        let doc = self.value(value, wanted.as_ref())?;
        let raises = self.raises();
        let names: [&str; 4] = match (last, raises) {
            (true, true) => ["tail_raising", "return_raising", "tail", "return"],
            (true, false) => ["tail", "return", "", ""],
            (false, true) => ["return_raising", "return", "", ""],
            (false, false) => ["return", "", "", ""],
        };
        let name = names.into_iter().find(|it| self.has(it)).unwrap_or("return");
        out.extend(self.lines(name, &vec![("value", doc)])?);
        Ok(())
    }

    /// May the function raise?
    fn raises(&self) -> bool {
        self.function.result.is_none() || !self.function.raises.is_empty()
    }

    fn binding(&mut self, name: &Name, ty: &Ty, value: Option<&Ex>, changes: bool, out: &mut Vec<Doc>) -> Outcome<()> {
        let slots = vec![("name", Doc::Text(self.name(name))), ("type", Doc::Text(self.writer.ty(ty)?))];
        let Some(value) = value else {
            out.extend(self.lines("declare", &slots)?.into_iter().filter(|it| *it != Doc::All(Vec::new())));
            return Ok(());
        };
        if self.call_into("call_let", value, slots.clone(), out)? {
            return Ok(());
        }
        let mut slots = slots;
        slots.push(("value", self.value(value, Some(ty))?));
        if let Ty::List(element, _) = ty.base() {
            slots.push(("element", Doc::Text(self.writer.ty(element)?)));
        }
        let is_number = matches!(&unfitted(value).kind, Kind::Int(_));
        let name = match (changes, matches!(&value.kind, Kind::List(items) if items.is_empty())) {
            _ if is_number && self.has("let_number") => "let_number",
            _ if value.kind == Kind::None && self.has("let_none") => "let_none",
            (true, true) if self.has("let_list") => "let_list",
            (true, _) if self.has("let_changing") => "let_changing",
            _ => "let",
        };
        out.extend(self.lines(name, &slots)?);
        Ok(())
    }

    /// A call that may raise as a statement, where the target has it so.
    fn call_into(&mut self, name: &str, value: &Ex, mut slots: Slots<'_>, out: &mut Vec<Doc>) -> Outcome<bool> {
        let Kind::Call(id, arguments) = &value.kind else { return Ok(false) };
        if !value.raises || !self.writer.world.target.shape.calls_are_statements {
            return Ok(false);
        }
        let (function, docs) = self.called(id, arguments, 0)?;
        let arguments = self.arguments(&format!("{name}_args"), docs, &slots)?;
        slots.extend([("function", Doc::Text(function)), ("args", arguments), ("nothing", self.nothing()?)]);
        if self.says(name, "{fresh}") {
            slots.push(("fresh", Doc::Text(self.scope.give("variable", "made", ""))));
        }
        out.extend(self.lines(name, &slots)?);
        Ok(true)
    }

    /// Arguments, and behind them what the target hands along.
    pub(super) fn arguments(&self, more: &str, mut docs: Vec<Doc>, slots: &Slots<'_>) -> Outcome<Doc> {
        if self.has(more) {
            docs.extend(self.lines(more, slots)?);
        }
        Ok(self.listed("args", docs))
    }

    fn chain(&mut self, condition: &Ex, then: &[Stmt], otherwise: &[Stmt], out: &mut Vec<Doc>) -> Outcome<()> {
        let slots = vec![("condition", self.expr(condition, 0)?)];
        let mut docs = self.lines("if", &slots)?;
        docs.push(self.inner(then)?);
        let mut rest = otherwise;
        loop {
            match rest {
                [] => break,
                [Stmt::If { condition, then, otherwise }] if self.has("elif") => {
                    let slots = vec![("condition", self.expr(condition, 0)?)];
                    docs.extend(self.lines("elif", &slots)?);
                    docs.push(self.inner(then)?);
                    rest = otherwise;
                }
                other => {
                    docs.extend(self.lines("else", &Vec::new())?);
                    docs.push(self.inner(other)?);
                    break;
                }
            }
        }
        if self.has("if_end") {
            docs.extend(self.lines("if_end", &Vec::new())?);
        }
        out.push(joined(docs));
        Ok(())
    }

    /// A block one level further in, with the new line before it.
    fn inner(&mut self, body: &[Stmt]) -> Outcome<Doc> {
        Ok(Doc::Nest(Box::new(self.block(body)?)))
    }

    /// What is said of names that a loop binds and nobody reads.
    fn forgotten(&mut self, names: &[(Name, Ty)], body: &[Stmt]) -> Outcome<Vec<Doc>> {
        let mut said = Vec::new();
        for (name, _) in names.iter().filter(|it| !uses::read(body, &it.0)) {
            if self.has("unused") {
                let name = Doc::Text(self.name(name));
                said.extend(self.lines("unused", &vec![("name", name)])?);
            }
        }
        Ok(said)
    }

    /// A loop; `names` are those that it binds.
    fn framed(
        &mut self,
        (name, end): (&str, &str),
        slots: &Slots<'_>,
        names: &[(Name, Ty)],
        body: &[Stmt],
        out: &mut Vec<Doc>,
    ) -> Outcome<()> {
        let mut lines = self.lines(name, slots)?.into_iter();
        let head = lines.next().ok_or_else(|| format!("'{name}' has no line"))?;
        let mut inside: Vec<Doc> = lines.collect();
        inside.append(&mut self.forgotten(names, body)?);
        inside.push(self.block(body)?);
        let mut docs = vec![head, joined(inside).nest()];
        if self.has(end) {
            docs.extend(self.lines(end, &Vec::new())?);
        }
        out.push(joined(docs));
        Ok(())
    }

    fn for_each(&mut self, names: &[(Name, Ty)], over: &Ex, body: &[Stmt], out: &mut Vec<Doc>) -> Outcome<()> {
        let mut slots: Slots<'_> = vec![("over", self.expr(over, 0)?)];
        let end = "for_end";
        match names {
            [(name, ty)] => {
                slots.push(("name", Doc::Text(self.name(name))));
                slots.push(("type", Doc::Text(self.writer.ty(ty)?)));
                let unused = self.has("for_each_unused") && !uses::read(body, name);
                let form = if unused { "for_each_unused" } else { "for_each" };
                if self.says(form, "{index}") {
                    slots.push(("index", Doc::Text(self.scope.give("variable", "index", ""))));
                }
                let names = if unused { &[] } else { names };
                self.framed((form, end), &slots, names, body, out)
            }
            [(key, key_ty), (value, value_ty)] => {
                slots.push(("key", Doc::Text(self.name(key))));
                slots.push(("key_type", Doc::Text(self.writer.ty(key_ty)?)));
                slots.push(("value", Doc::Text(self.name(value))));
                slots.push(("value_type", Doc::Text(self.writer.ty(value_ty)?)));
                if self.says("for_entries", "{entry}") {
                    slots.push(("entry", Doc::Text(self.scope.give("variable", "entry", ""))));
                }
                self.framed(("for_entries", end), &slots, names, body, out)
            }
            _ => Err("a loop binds no name".to_owned()),
        }
    }

    fn switch(&mut self, subject: &Ex, arms: &[(Vec<usize>, Vec<Stmt>)], out: &mut Vec<Doc>) -> Outcome<()> {
        let Ty::Enum(id) = subject.ty.base().clone() else { return Err("a switch is not by an enum".to_owned()) };
        let slots = vec![("subject", self.expr(subject, 0)?)];
        let mut docs = self.lines("switch", &slots)?;
        let mut inside = Vec::new();
        let separator = match self.writer.world.target.stmt.get("case_or") {
            Some(lines) => lines.all().concat(),
            None => " | ".to_owned(),
        };
        let arms = split(arms, self.writer.world.target.shape.single_patterns);
        for (at, (places, body)) in arms.iter().enumerate() {
            // Where a compiler does not see that every value is among the cases, the last is for the rest too.
            let last = at + 1 == arms.len() && self.has("case_last");
            // A case that declares something is a block of its own.
            let block = self.has("case_block") && body.iter().any(|it| matches!(it, Stmt::Let { .. }));
            let name = match (last, block) {
                (true, true) => "case_block_last",
                (false, true) => "case_block",
                (true, false) => "case_last",
                (false, false) => "case",
            };
            let mut values = Vec::new();
            for at in places {
                values.push(self.case_value(&id, *at)?);
            }
            let mut patterns = Vec::new();
            for (at, value) in values.into_iter().enumerate() {
                if at > 0 {
                    patterns.push(Doc::text(separator.clone()));
                }
                patterns.push(value);
            }
            inside.extend(self.lines(name, &vec![("patterns", all(patterns))])?);
            let mut statements = vec![self.block(body)?];
            if self.has("case_break") && !body.last().is_some_and(Stmt::ends) {
                statements.extend(self.lines("case_break", &Vec::new())?);
            }
            inside.push(Doc::Nest(Box::new(joined(statements))));
            let end = if block { "case_block_end" } else { "case_end" };
            if self.has(end) {
                inside.extend(self.lines(end, &Vec::new())?);
            }
        }
        if self.has("switch_rest") {
            inside.extend(self.lines("switch_rest", &Vec::new())?);
        }
        let inside = joined(inside);
        docs.push(if self.has("switch_flat") { inside } else { inside.nest() });
        if self.has("switch_end") {
            docs.extend(self.lines("switch_end", &Vec::new())?);
        }
        out.push(joined(docs));
        Ok(())
    }
}

/// A value without changes of its representation.
fn unfitted(ex: &Ex) -> &Ex {
    if let Kind::Fit(of) = &ex.kind { unfitted(of) } else { ex }
}

/// Arms that a value comes to; each for one value where a case can be of one only.
pub(super) fn split(arms: &[(Vec<usize>, Vec<Stmt>)], single: bool) -> Vec<(Vec<usize>, Vec<Stmt>)> {
    let arms = arms.iter().filter(|it| !it.0.is_empty());
    if !single {
        return arms.cloned().collect();
    }
    arms.flat_map(|(places, body)| places.iter().map(|at| (vec![*at], body.clone()))).collect()
}

/// One under the other.
fn joined(docs: Vec<Doc>) -> Doc {
    let mut lines = Vec::new();
    for (at, doc) in docs.into_iter().enumerate() {
        if at > 0 {
            // A nested block brings its new line along, one level further in.
            match doc {
                Doc::Nest(inner) => {
                    lines.push(all([Doc::Hard, *inner]).nest());
                    continue;
                }
                other => {
                    lines.push(Doc::Hard);
                    lines.push(other);
                }
            }
        } else {
            lines.push(doc);
        }
    }
    all(lines)
}
