//! Who needs whom: the graph of one plan, as far as its goals reach.
//!
//! Vertices are derivations and nodes of nested input sets; an edge leads from what is made to what needs it.
//! Invariants: no cycle; everything named is in the plan; vertices are numbered in the order in which a walk
//! from the goals meets them, so two graphs of one plan are equal; cost is linear in the size of the plan,
//! because an input set is a vertex and not a list. Nothing here recurses.
//! This file does not know what is done already.

use crate::error::{EngineError, Step};
use gx_store::{Derivation, DerivationId, Input, InputSetId, Plan, Source};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::HashMap;

/// Number of a vertex.
pub(crate) type Vertex = u32;

/// What a vertex stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A derivation, to become an action.
    Action(DerivationId),
    /// A node of a nested input set; done when what it names is done.
    Set(InputSetId),
}

/// The graph of a plan.
#[derive(Debug)]
pub(crate) struct Graph {
    graph: DiGraph<Kind, (), u32>,
    vertices: HashMap<DerivationId, Vertex>,
    order: Vec<Vertex>,
    actions: usize,
}

impl Graph {
    /// Walks the plan from its goals.
    pub(crate) fn new(plan: &Plan) -> Result<Graph, EngineError> {
        let mut walk = Walk { plan, graph: DiGraph::default(), actions: HashMap::new(), sets: HashMap::new() };
        let mut stack = Vec::new();
        for goal in plan.goals.iter().rev() {
            let made = goal.outputs.iter().map(|(id, _)| id);
            for id in goal.also.iter().rev().chain(made.rev()) {
                if !plan.derivations.contains_key(id) {
                    let wanted_by = format!("the goal {}", goal.label);
                    return Err(EngineError::MissingDerivation { wanted_by, derivation: *id });
                }
                stack.push(Kind::Action(*id));
            }
        }
        while let Some(kind) = stack.pop() {
            walk.visit(kind, &mut stack)?;
        }
        let Walk { graph, actions: vertices, .. } = walk;
        let actions = vertices.len();
        let order = order(&graph).map_err(|cycle| EngineError::Cycle(steps(plan, &graph, &cycle)))?;
        Ok(Graph { graph, vertices, order, actions })
    }

    /// Number of vertices.
    pub(crate) fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Number of derivations among them.
    pub(crate) fn actions(&self) -> usize {
        self.actions
    }

    /// What a vertex stands for.
    pub(crate) fn kind(&self, vertex: Vertex) -> Option<Kind> {
        self.graph.node_weight(NodeIndex::new(vertex as usize)).copied()
    }

    /// The derivation of a vertex; `None` for an input set.
    pub(crate) fn derivation(&self, vertex: Vertex) -> Option<DerivationId> {
        match self.kind(vertex) {
            Some(Kind::Action(id)) => Some(id),
            _ => None,
        }
    }

    /// The vertex of a derivation.
    pub(crate) fn vertex(&self, id: &DerivationId) -> Option<Vertex> {
        self.vertices.get(id).copied()
    }

    /// Vertices, each after everything that it needs.
    pub(crate) fn order(&self) -> &[Vertex] {
        &self.order
    }

    /// What a vertex needs directly.
    pub(crate) fn needs(&self, vertex: Vertex) -> impl Iterator<Item = Vertex> + '_ {
        self.neighbours(vertex, Direction::Incoming)
    }

    /// What needs a vertex directly.
    pub(crate) fn needed_by(&self, vertex: Vertex) -> impl Iterator<Item = Vertex> + '_ {
        self.neighbours(vertex, Direction::Outgoing)
    }

    fn neighbours(&self, vertex: Vertex, direction: Direction) -> impl Iterator<Item = Vertex> + '_ {
        self.graph.neighbors_directed(NodeIndex::new(vertex as usize), direction).map(|v| v.index() as Vertex)
    }

    /// The derivations that a vertex needs, seen through input sets.
    pub(crate) fn makers(&self, vertex: Vertex) -> Vec<Vertex> {
        let mut seen = std::collections::HashSet::new();
        let mut stack: Vec<Vertex> = self.needs(vertex).collect();
        let mut makers = Vec::new();
        while let Some(next) = stack.pop() {
            if !seen.insert(next) {
                continue;
            }
            match self.kind(next) {
                Some(Kind::Action(_)) => makers.push(next),
                _ => stack.extend(self.needs(next)),
            }
        }
        makers.sort_unstable();
        makers
    }
}

struct Walk<'a> {
    plan: &'a Plan,
    graph: DiGraph<Kind, (), u32>,
    actions: HashMap<DerivationId, Vertex>,
    sets: HashMap<InputSetId, Vertex>,
}

impl Walk<'_> {
    /// Gives a vertex its edges, once, and puts what it needs on the stack.
    fn visit(&mut self, kind: Kind, stack: &mut Vec<Kind>) -> Result<(), EngineError> {
        let (vertex, _) = self.enter(kind)?;
        if self.graph.neighbors_directed(NodeIndex::new(vertex as usize), Direction::Incoming).next().is_some() {
            return Ok(());
        }
        let needs = self.needs(kind)?;
        let mut edges = Vec::with_capacity(needs.len());
        let first = stack.len();
        for need in needs {
            let (index, new) = self.enter(need)?;
            edges.push(index);
            if new {
                stack.push(need);
            }
        }
        if let Some(pushed) = stack.get_mut(first..) {
            pushed.reverse();
        }
        edges.sort_unstable();
        edges.dedup();
        for edge in edges {
            self.graph.add_edge(NodeIndex::new(edge as usize), NodeIndex::new(vertex as usize), ());
        }
        Ok(())
    }

    fn enter(&mut self, kind: Kind) -> Result<(Vertex, bool), EngineError> {
        let next = self.graph.node_count();
        let number = Vertex::try_from(next).map_err(|_| EngineError::TooLarge(next))?;
        let found = match kind {
            Kind::Action(id) => *self.actions.entry(id).or_insert(number),
            Kind::Set(id) => *self.sets.entry(id).or_insert(number),
        };
        if found == number {
            self.graph.add_node(kind);
        }
        Ok((found, found == number))
    }

    fn needs(&self, kind: Kind) -> Result<Vec<Kind>, EngineError> {
        let mut needs = Vec::new();
        let (inputs, roots, sets): (&[Input], &[Source], &[InputSetId]) = match kind {
            Kind::Action(id) => match self.plan.derivations.get(&id) {
                Some(planned) => {
                    let derivation = planned.derivation.as_ref();
                    (&derivation.inputs, &derivation.roots, &derivation.input_sets)
                }
                None => return Ok(needs),
            },
            Kind::Set(id) => match self.plan.input_sets.get(&id) {
                Some(set) => (&set.inputs, &[], &set.children),
                None => return Ok(needs),
            },
        };
        for source in inputs.iter().map(|input| &input.source).chain(roots) {
            if let Source::Output { derivation, path } = source {
                self.check_output(kind, derivation, path)?;
                needs.push(Kind::Action(*derivation));
            }
        }
        for set in sets {
            if !self.plan.input_sets.contains_key(set) {
                return Err(EngineError::MissingInputSet { wanted_by: self.name(kind), set: *set });
            }
            needs.push(Kind::Set(*set));
        }
        Ok(needs)
    }

    fn check_output(&self, by: Kind, id: &DerivationId, path: &gx_store::RelPath) -> Result<(), EngineError> {
        let Some(planned) = self.plan.derivations.get(id) else {
            return Err(EngineError::MissingDerivation { wanted_by: self.name(by), derivation: *id });
        };
        if declares(&planned.derivation, path) {
            return Ok(());
        }
        let owner = planned.note.owner.clone();
        Err(EngineError::MissingOutput { wanted_by: self.name(by), owner, path: path.clone() })
    }

    fn name(&self, kind: Kind) -> String {
        match kind {
            Kind::Action(id) => match self.plan.derivations.get(&id) {
                Some(planned) => format!("{} ({})", planned.note.owner, planned.note.mnemonic),
                None => id.to_string(),
            },
            Kind::Set(id) => format!("the input set {id}"),
        }
    }
}

fn declares(derivation: &Derivation, path: &gx_store::RelPath) -> bool {
    derivation.outputs.iter().any(|output| output.path == *path)
}

/// Kahn's order. On a cycle: its vertices, each followed by one that it needs.
fn order(graph: &DiGraph<Kind, (), u32>) -> Result<Vec<Vertex>, Vec<NodeIndex>> {
    let mut pending: Vec<usize> =
        graph.node_indices().map(|v| graph.neighbors_directed(v, Direction::Incoming).count()).collect();
    let waits = |pending: &[usize], v: NodeIndex| pending.get(v.index()).is_some_and(|n| *n > 0);
    let mut order: Vec<NodeIndex> = graph.node_indices().filter(|v| !waits(&pending, *v)).collect();
    let mut next = 0;
    while let Some(vertex) = order.get(next).copied() {
        next += 1;
        for user in graph.neighbors_directed(vertex, Direction::Outgoing) {
            if let Some(count) = pending.get_mut(user.index()) {
                *count -= 1;
                if *count == 0 {
                    order.push(user);
                }
            }
        }
    }
    if order.len() == graph.node_count() {
        return Ok(order.into_iter().map(|v| v.index() as Vertex).collect());
    }
    // Whatever is left needs something that is left: walking on must meet a vertex twice.
    let mut path: Vec<NodeIndex> = Vec::new();
    let mut at: HashMap<NodeIndex, usize> = HashMap::new();
    let mut here = graph.node_indices().find(|v| waits(&pending, *v));
    while let Some(vertex) = here {
        if let Some(start) = at.insert(vertex, path.len()) {
            return Err(path.split_off(start));
        }
        path.push(vertex);
        here = graph.neighbors_directed(vertex, Direction::Incoming).find(|v| waits(&pending, *v));
    }
    Err(path)
}

/// Names the derivations of a cycle; input sets on it are left out.
fn steps(plan: &Plan, graph: &DiGraph<Kind, (), u32>, cycle: &[NodeIndex]) -> Vec<Step> {
    cycle
        .iter()
        .filter_map(|vertex| match graph.node_weight(*vertex) {
            Some(Kind::Action(id)) => plan.derivations.get(id),
            _ => None,
        })
        .map(|planned| Step {
            owner: planned.note.owner.clone(),
            mnemonic: planned.note.mnemonic.clone(),
            output: planned.derivation.outputs.first().map(|o| o.path.to_string()).unwrap_or_default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::{Goal, HashFunction, Note, Output, OutputKind, Planned, RelPath, Work};
    use std::sync::Arc;

    /// A chain of derivations; each but the first needs the one before.
    fn chain(length: usize) -> Plan {
        let mut plan = Plan::default();
        let path = RelPath::new("out/x").unwrap();
        let mut last = None;
        for i in 0..length {
            let call = gx_store::Call { name: i.to_string(), revision: 1, arguments: Default::default() };
            let input = |derivation| Input {
                path: RelPath::new("in").unwrap(),
                source: Source::Output { derivation, path: path.clone() },
            };
            let derivation = Derivation {
                work: Work::Builtin(call),
                inputs: last.map(input).into_iter().collect(),
                input_sets: vec![],
                roots: vec![],
                outputs: vec![Output { path: path.clone(), kind: OutputKind::File }],
            };
            let id = derivation.id(HashFunction::Blake3);
            Arc::make_mut(&mut plan.derivations)
                .insert(id, Planned { derivation: Arc::new(derivation), note: Note::default() });
            last = Some(id);
        }
        let outputs = last.map(|id| (id, path)).into_iter().collect();
        plan.goals.push(Goal { label: "//:x".into(), outputs, also: vec![] });
        plan
    }

    #[test]
    fn a_hundred_thousand_actions_in_a_chain() {
        let plan = chain(100_000);
        let graph = Graph::new(&plan).unwrap();
        assert_eq!((graph.len(), graph.actions()), (100_000, 100_000));
        // The goal is met first, and made last.
        assert_eq!((graph.order().first(), graph.order().last()), (Some(&99_999), Some(&0)));
        assert!(graph.order().windows(2).all(|w| graph.needs(w[1]).eq([w[0]])));
    }
}
