//! Expressions of queries: tree to answer.
//!
//! Invariants: the graph is loaded once, below everything that the expression names; sets are positions in it.
//! This file does not know the grammar.

use crate::error::{LoadError, LoadErrorKind};
use crate::graph::{Graph, Node, NodeKind};
use crate::label::Label;
use crate::query::parse::{Expression, Operation};
use crate::request::{QueryNode, QueryResult};
use crate::schema::AttrValue;
use crate::session::Session;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Positions of nodes, and whether their order counts.
struct Found {
    set: BTreeSet<usize>,
    /// The way, for `somepath`.
    path: Option<Vec<usize>>,
}

impl From<BTreeSet<usize>> for Found {
    fn from(set: BTreeSet<usize>) -> Found {
        Found { set, path: None }
    }
}

struct Query<'a> {
    graph: &'a Graph,
    patterns: BTreeMap<String, BTreeSet<usize>>,
    users: Vec<Vec<usize>>,
}

/// Loads what the expression names, and evaluates it.
pub(crate) fn run(
    session: &Session<'_>,
    expression: &Expression,
    current: &str,
) -> Result<QueryResult, Vec<LoadError>> {
    let mut words = BTreeSet::new();
    patterns_of(expression, &mut words);
    let mut matched: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    let mut errors = Vec::new();
    for word in words {
        match session.expand(std::slice::from_ref(&word), current, false) {
            Ok(labels) => drop(matched.insert(word, labels)),
            Err(more) => errors.extend(more),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let roots: Vec<Label> = matched.values().flatten().cloned().collect();
    let graph = session.graph(&roots)?;
    let position = |label: &Label| graph.index.get(label).copied();
    let patterns =
        matched.iter().map(|(word, labels)| (word.clone(), labels.iter().filter_map(position).collect())).collect();
    let mut users = vec![Vec::new(); graph.nodes.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        for need in &node.needs {
            if let Some(list) = users.get_mut(*need) {
                list.push(at);
            }
        }
    }
    let query = Query { graph: &graph, patterns, users };
    let found = query.evaluate(expression).map_err(|e| vec![e])?;
    Ok(query.result(found))
}

/// The words of an expression that are patterns, by the place where they stand.
fn patterns_of(expression: &Expression, out: &mut BTreeSet<String>) {
    match expression {
        Expression::Word(word) => drop(out.insert(word.clone())),
        Expression::Set(words) => out.extend(words.iter().cloned()),
        Expression::Operation(left, _, right) => {
            patterns_of(left, out);
            patterns_of(right, out);
        }
        Expression::Call { name, arguments } => {
            for (at, argument) in arguments.iter().enumerate() {
                if !is_text(name, at) {
                    patterns_of(argument, out);
                }
            }
        }
    }
}

/// Is that argument of that function a text or number?
fn is_text(name: &str, at: usize) -> bool {
    matches!((name, at), ("deps" | "some", 1) | ("rdeps", 2) | ("kind" | "filter" | "labels", 0) | ("attr", 0 | 1))
}

fn wrong(message: impl Into<String>) -> LoadError {
    LoadError::new(LoadErrorKind::Query, message)
}

fn text(arguments: &[Expression], at: usize) -> Result<&str, LoadError> {
    match arguments.get(at) {
        Some(Expression::Word(word)) => Ok(word),
        _ => Err(wrong(format!("argument {} must be a word", at + 1))),
    }
}

fn number(arguments: &[Expression], at: usize) -> Result<Option<usize>, LoadError> {
    match arguments.get(at) {
        None => Ok(None),
        Some(_) => {
            let word = text(arguments, at)?;
            word.parse().map(Some).map_err(|_| wrong(format!("'{word}' must be a number")))
        }
    }
}

impl Query<'_> {
    fn node(&self, at: usize) -> Option<&Node> {
        self.graph.nodes.get(at)
    }

    fn evaluate(&self, expression: &Expression) -> Result<Found, LoadError> {
        Ok(match expression {
            Expression::Word(word) => self.patterns.get(word).cloned().unwrap_or_default().into(),
            Expression::Set(words) => {
                let sets = words.iter().filter_map(|word| self.patterns.get(word));
                sets.flatten().copied().collect::<BTreeSet<usize>>().into()
            }
            Expression::Operation(left, operation, right) => {
                let (left, right) = (self.evaluate(left)?.set, self.evaluate(right)?.set);
                match operation {
                    Operation::Union => &left | &right,
                    Operation::Except => &left - &right,
                    Operation::Intersect => &left & &right,
                }
                .into()
            }
            Expression::Call { name, arguments } => self.call(name, arguments)?,
        })
    }

    fn set(&self, arguments: &[Expression], at: usize) -> Result<BTreeSet<usize>, LoadError> {
        match arguments.get(at) {
            Some(expression) => Ok(self.evaluate(expression)?.set),
            None => Ok(BTreeSet::new()),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Result<Found, LoadError> {
        let needs = |at: usize| self.node(at).map(|node| node.needs.as_slice()).unwrap_or_default();
        let users = |at: usize| self.users.get(at).map(Vec::as_slice).unwrap_or_default();
        Ok(match name {
            "deps" => reach(&self.set(arguments, 0)?, number(arguments, 1)?, &needs, None).into(),
            "rdeps" => {
                let universe = reach(&self.set(arguments, 0)?, None, &needs, None);
                let start = &self.set(arguments, 1)? & &universe;
                reach(&start, number(arguments, 2)?, &users, Some(&universe)).into()
            }
            "allpaths" => {
                let below = reach(&self.set(arguments, 0)?, None, &needs, None);
                let above = reach(&self.set(arguments, 1)?, None, &users, None);
                (&below & &above).into()
            }
            "somepath" => self.somepath(&self.set(arguments, 0)?, &self.set(arguments, 1)?),
            "kind" => self.kept(arguments, 1, text(arguments, 0)?, |node| vec![kind_of(node)])?,
            "filter" => self.kept(arguments, 1, text(arguments, 0)?, |node| vec![node.label.to_string()])?,
            "attr" => {
                let attr = text(arguments, 0)?;
                self.kept(arguments, 2, text(arguments, 1)?, |node| attr_texts(node, attr))?
            }
            "labels" => {
                let attr = text(arguments, 0)?;
                let set = self.set(arguments, 1)?;
                let labels = set.iter().filter_map(|at| self.node(*at)).flat_map(|node| attr_labels(node, attr));
                labels.filter_map(|label| self.graph.index.get(&label).copied()).collect::<BTreeSet<usize>>().into()
            }
            "tests" => {
                let set = reach_suites(self, &self.set(arguments, 0)?);
                let test = |at: &usize| self.node(*at).and_then(Node::declaration).is_some_and(|decl| decl.test);
                set.into_iter().filter(test).collect::<BTreeSet<usize>>().into()
            }
            "some" => {
                let count = number(arguments, 1)?.unwrap_or(1);
                let set = self.set(arguments, 0)?;
                let mut sorted: Vec<usize> = set.into_iter().collect();
                sorted.sort_by_key(|at| self.node(*at).map(|node| node.label.clone()));
                sorted.into_iter().take(count).collect::<BTreeSet<usize>>().into()
            }
            "siblings" => {
                let set = self.set(arguments, 0)?;
                let packages: BTreeSet<_> = set.iter().filter_map(|at| Some(&self.node(*at)?.label.package)).collect();
                let inside = |node: &Node| packages.contains(&node.label.package);
                self.graph
                    .nodes
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| inside(n))
                    .map(|(at, _)| at)
                    .collect::<BTreeSet<_>>()
                    .into()
            }
            _ => {
                let set = self.set(arguments, 0)?;
                let package = |at: usize| self.node(at).map(|node| &node.label.package);
                let direct = set.iter().flat_map(|at| users(*at).iter().map(move |user| (*at, *user)));
                direct
                    .filter(|(at, user)| package(*at) == package(*user))
                    .map(|(_, user)| user)
                    .collect::<BTreeSet<_>>()
                    .into()
            }
        })
    }

    /// Those of which one text fits a regular expression.
    fn kept(
        &self,
        arguments: &[Expression],
        set: usize,
        pattern: &str,
        texts: impl Fn(&Node) -> Vec<String>,
    ) -> Result<Found, LoadError> {
        let regex = regex::Regex::new(pattern).map_err(|e| {
            wrong(format!("'{pattern}' is no regular expression: {}", e.to_string().replace('\n', " ")))
        })?;
        let fits = |at: &usize| self.node(*at).is_some_and(|node| texts(node).iter().any(|text| regex.is_match(text)));
        Ok(self.set(arguments, set)?.into_iter().filter(fits).collect::<BTreeSet<usize>>().into())
    }

    /// A shortest way from one set to another.
    fn somepath(&self, from: &BTreeSet<usize>, to: &BTreeSet<usize>) -> Found {
        let mut before: HashMap<usize, Option<usize>> = from.iter().map(|at| (*at, None)).collect();
        let mut queue: VecDeque<usize> = from.iter().copied().collect();
        while let Some(at) = queue.pop_front() {
            if to.contains(&at) {
                let mut path = vec![at];
                while let Some(Some(previous)) = path.last().and_then(|last| before.get(last)) {
                    path.push(*previous);
                }
                path.reverse();
                return Found { set: path.iter().copied().collect(), path: Some(path) };
            }
            for need in self.node(at).map(|node| node.needs.as_slice()).unwrap_or_default() {
                before.entry(*need).or_insert_with(|| {
                    queue.push_back(*need);
                    Some(at)
                });
            }
        }
        BTreeSet::new().into()
    }

    fn result(&self, found: Found) -> QueryResult {
        let mut order: Vec<usize> = found.set.into_iter().collect();
        order.sort_by_key(|at| self.node(*at).map(|node| node.label.clone()));
        let order = found.path.unwrap_or(order);
        let place: HashMap<usize, usize> = order.iter().enumerate().map(|(n, at)| (*at, n)).collect();
        let nodes = order.iter().filter_map(|at| self.node(*at));
        let nodes = nodes.map(|node| QueryNode { label: node.label.to_string(), kind: kind_of(node) }).collect();
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (n, at) in order.iter().enumerate() {
            let needs = self.node(*at).map(|node| node.needs.as_slice()).unwrap_or_default();
            edges.extend(needs.iter().filter_map(|need| place.get(need)).map(|to| (n, *to)));
        }
        edges.sort_unstable();
        QueryResult { nodes, edges }
    }
}

/// Everything that can be reached within `depth` steps, the start too.
fn reach<'a>(
    start: &BTreeSet<usize>,
    depth: Option<usize>,
    next: &dyn Fn(usize) -> &'a [usize],
    within: Option<&BTreeSet<usize>>,
) -> BTreeSet<usize> {
    let mut seen = start.clone();
    let mut level: Vec<usize> = start.iter().copied().collect();
    let mut steps = 0;
    while !level.is_empty() && depth.is_none_or(|depth| steps < depth) {
        steps += 1;
        let mut below = Vec::new();
        for at in level {
            for to in next(at) {
                if within.is_none_or(|set| set.contains(to)) && seen.insert(*to) {
                    below.push(*to);
                }
            }
        }
        level = below;
    }
    seen
}

fn reach_suites(query: &Query<'_>, start: &BTreeSet<usize>) -> BTreeSet<usize> {
    let suites_only = |at: usize| match query.node(at) {
        Some(node) if matches!(node.kind, NodeKind::Suite) => node.needs.as_slice(),
        _ => &[],
    };
    reach(start, None, &suites_only, None)
}

/// `cc_library rule`, `source file`, `generated file`.
fn kind_of(node: &Node) -> String {
    match &node.kind {
        NodeKind::Rule(_) | NodeKind::Alias | NodeKind::Suite => format!("{} rule", node.kind_name()),
        _ => node.kind_name(),
    }
}

fn attr_value<'n>(node: &'n Node, attr: &str) -> Option<&'n AttrValue> {
    node.named_value(attr)
}

fn attr_labels(node: &Node, attr: &str) -> Vec<Label> {
    match (attr, &node.kind) {
        ("actual", NodeKind::Alias) | ("tests", NodeKind::Suite) => node.wants.iter().map(|(l, _)| l.clone()).collect(),
        _ => attr_value(node, attr).map(|value| value.labels().into_iter().cloned().collect()).unwrap_or_default(),
    }
}

/// An attribute as Bazel's query shows it: lists in brackets, bools as 0 and 1.
fn attr_texts(node: &Node, attr: &str) -> Vec<String> {
    if attr == "name" {
        return vec![node.label.name.to_string()];
    }
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let Some(value) = attr_value(node, attr) else { return Vec::new() };
    vec![match value {
        AttrValue::None => String::new(),
        AttrValue::Bool(yes) => u8::from(*yes).to_string(),
        AttrValue::Int(int) => int.to_string(),
        AttrValue::Text(text) | AttrValue::Output(text) => text.to_string(),
        AttrValue::Label(label) => label.to_string(),
        AttrValue::TextList(items) | AttrValue::OutputList(items) => {
            list(items.iter().map(|i| i.to_string()).collect())
        }
        AttrValue::IntList(items) => list(items.iter().map(ToString::to_string).collect()),
        AttrValue::LabelList(labels) => list(labels.iter().map(ToString::to_string).collect()),
        AttrValue::TextDict(pairs) => list(pairs.iter().map(|(k, v)| format!("{k}: {v}")).collect()),
        AttrValue::TextListDict(pairs) => list(pairs.iter().map(|(k, v)| format!("{k}: [{}]", v.join(", "))).collect()),
        AttrValue::LabelTextDict(pairs) => list(pairs.iter().map(|(k, v)| format!("{k}: {v}")).collect()),
    }]
}
