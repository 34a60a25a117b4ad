//! `depset`: a set with a traversal order, shared and never flattened until somebody asks.
//!
//! Invariants: a node is immutable and its children are older than it; every traversal gives an item once, at its
//! first place. This file does not know what the items are for.

use crate::values::plain::Plain;
use allocative::Allocative;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::starlark_simple_value;
use starlark::values::list::AllocList;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// In which order a depset is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Default,
    Postorder,
    Preorder,
    Topological,
}

impl Order {
    pub(crate) const NAMES: [(&'static str, Order); 4] = [
        ("default", Order::Default),
        ("postorder", Order::Postorder),
        ("preorder", Order::Preorder),
        ("topological", Order::Topological),
    ];

    pub(crate) fn name(self) -> &'static str {
        Order::NAMES.iter().find(|(_, order)| *order == self).map_or("default", |(name, _)| name)
    }

    pub(crate) fn fits(self, other: Order) -> bool {
        self == other || self == Order::Default || other == Order::Default
    }
}

/// A node.
#[derive(Debug)]
pub(crate) struct DepsetNode {
    pub(crate) direct: Vec<Plain>,
    pub(crate) transitive: Vec<Depset>,
    pub(crate) order: Order,
    /// All items, when there are few. Sets of flags and folders stay small however many targets they pass through,
    /// and reading them must not cost a walk over all of these. A topological order is kept backwards.
    few: Option<Arc<[Plain]>>,
}

/// How many items are few.
const FEW: usize = 16;

/// A depset; `None` is the empty one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Depset(pub(crate) Option<Arc<DepsetNode>>);

impl Depset {
    /// A depset of direct items and other depsets. Empty children vanish, a single child without items is itself.
    pub(crate) fn new(mut direct: Vec<Plain>, transitive: Vec<Depset>, order: Order) -> Depset {
        let mut transitive: Vec<Depset> = transitive.into_iter().filter(|d| d.0.is_some()).collect();
        if direct.is_empty() {
            match transitive.as_slice() {
                [] => return Depset(None),
                [one] if one.order() == order => return transitive.pop().unwrap_or_default(),
                _ => {}
            }
        }
        direct.shrink_to_fit();
        transitive.shrink_to_fit();
        let few = few_items(&direct, &transitive, order);
        Depset(Some(Arc::new(DepsetNode { direct, transitive, order, few })))
    }

    /// A depset of items alone.
    pub(crate) fn of(direct: Vec<Plain>) -> Depset {
        Depset::new(direct, Vec::new(), Order::Default)
    }

    pub(crate) fn order(&self) -> Order {
        self.0.as_ref().map_or(Order::Default, |node| node.order)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Every item once, in order.
    #[expect(clippy::mutable_key_type, reason = "a provider's name is set once, before it has instances")]
    pub(crate) fn to_list(&self) -> Vec<Plain> {
        let Some(node) = &self.0 else { return Vec::new() };
        if node.transitive.is_empty() && node.direct.len() < 2 {
            return node.direct.clone();
        }
        if let Some(few) = &node.few {
            let mut items = few.to_vec();
            if node.order == Order::Topological {
                items.reverse();
            }
            return items;
        }
        let mut items = match node.order {
            Order::Preorder => walk(node, false),
            Order::Default | Order::Postorder => walk(node, true),
            Order::Topological => return topological(node),
        };
        let mut seen = HashSet::with_capacity(items.len());
        items.retain(|item| seen.insert(item.clone()));
        items
    }

    /// A stable address of the node, for memo tables; lives as long as the depset.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |node| Arc::as_ptr(node) as usize)
    }
}

/// The items in order when there are few: those of the children are known already.
fn few_items<'a>(direct: &[Plain], transitive: &'a [Depset], order: Order) -> Option<Arc<[Plain]>> {
    // A set without children is its own list.
    if direct.len() > FEW || transitive.is_empty() {
        return None;
    }
    let children: Vec<&Arc<DepsetNode>> = transitive.iter().filter_map(|child| child.0.as_ref()).collect();
    // A child of another order keeps its items otherwise.
    let leaf = |child: &DepsetNode| child.transitive.is_empty() && child.direct.len() <= FEW;
    let list = |child: &&'a Arc<DepsetNode>| match &child.few {
        Some(few) if same_way(child.order, order) => Some(few.iter().collect::<Vec<&Plain>>()),
        None if leaf(child) && order == Order::Topological => Some(child.direct.iter().rev().collect()),
        None if leaf(child) => Some(child.direct.iter().collect()),
        _ => None,
    };
    let lists = children.iter().map(list).collect::<Option<Vec<Vec<&Plain>>>>()?;
    let mut items: Vec<Plain> = Vec::new();
    let mut add = |new: &mut dyn Iterator<Item = &Plain>| {
        for item in new {
            // Once they are not few, the rest does not matter, and there may be very many.
            if items.len() <= FEW && !items.contains(item) {
                items.push(item.clone());
            }
        }
    };
    match order {
        Order::Preorder => {
            add(&mut direct.iter());
            lists.iter().for_each(|list| add(&mut list.iter().copied()));
        }
        Order::Default | Order::Postorder => {
            lists.iter().for_each(|list| add(&mut list.iter().copied()));
            add(&mut direct.iter());
        }
        Order::Topological => {
            lists.iter().rev().for_each(|list| add(&mut list.iter().copied()));
            add(&mut direct.iter().rev());
        }
    }
    let known = children.iter().filter_map(|child| child.few.as_ref().filter(|_| same_way(child.order, order)));
    if let Some(same) = known.into_iter().find(|list| ***list == *items) {
        return Some(Arc::clone(same));
    }
    (items.len() <= FEW).then(|| items.into())
}

/// Do two orders keep their few items in the same way?
fn same_way(a: Order, b: Order) -> bool {
    let plain = |order| matches!(order, Order::Default | Order::Postorder);
    a == b || plain(a) && plain(b)
}

/// Depth first; each node once; items before or after those of the children. The stack is explicit: chains are long.
fn walk(root: &Arc<DepsetNode>, post: bool) -> Vec<Plain> {
    let mut items = Vec::new();
    let mut seen: HashSet<*const DepsetNode> = HashSet::new();
    let mut stack: Vec<(&Arc<DepsetNode>, bool)> = vec![(root, false)];
    while let Some((node, entered)) = stack.pop() {
        if entered {
            items.extend(node.direct.iter().cloned());
        } else if seen.insert(Arc::as_ptr(node)) {
            if post {
                stack.push((node, true));
            } else {
                items.extend(node.direct.iter().cloned());
            }
            stack.extend(node.transitive.iter().rev().filter_map(|d| d.0.as_ref()).map(|child| (child, false)));
        }
    }
    items
}

/// Parents before children: the reverse of a walk from right to left with the last place of an item kept.
#[expect(clippy::mutable_key_type, reason = "a provider's name is set once, before it has instances")]
fn topological(root: &Arc<DepsetNode>) -> Vec<Plain> {
    let mut items = Vec::new();
    let mut seen: HashSet<*const DepsetNode> = HashSet::new();
    let mut stack: Vec<(&Arc<DepsetNode>, bool)> = vec![(root, false)];
    while let Some((node, entered)) = stack.pop() {
        if entered {
            items.extend(node.direct.iter().rev().cloned());
        } else if seen.insert(Arc::as_ptr(node)) {
            stack.push((node, true));
            stack.extend(node.transitive.iter().filter_map(|d| d.0.as_ref()).map(|child| (child, false)));
        }
    }
    let mut known = HashSet::with_capacity(items.len());
    items.retain(|item| known.insert(item.clone()));
    items.reverse();
    items
}

impl Drop for DepsetNode {
    /// Takes long chains apart without recursion.
    fn drop(&mut self) {
        let mut queue: Vec<Depset> = std::mem::take(&mut self.transitive);
        while let Some(Depset(node)) = queue.pop() {
            if let Some(mut node) = node.and_then(Arc::into_inner) {
                queue.append(&mut node.transitive);
            }
        }
    }
}

// Two depsets are equal when they are the same node: Bazel's rule.
impl PartialEq for Depset {
    fn eq(&self, other: &Depset) -> bool {
        self.address() == other.address()
    }
}
impl Eq for Depset {}
impl Hash for Depset {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

/// The Starlark value.
#[derive(Debug, Clone, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct DepsetValue(#[allocative(skip)] pub(crate) Depset);
starlark_simple_value!(DepsetValue);

impl fmt::Display for DepsetValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "depset(<{} order>)", self.0.order().name())
    }
}

#[starlark_value(type = "depset")]
impl<'v> StarlarkValue<'v> for DepsetValue {
    fn get_methods() -> Option<&'static Methods> {
        Some(DEPSET_METHODS.methods())
    }

    fn to_bool(&self) -> bool {
        !self.0.is_empty()
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(DepsetValue::from_value(other).is_some_and(|other| other.0 == self.0))
    }

    fn write_hash(&self, hasher: &mut starlark::collections::StarlarkHasher) -> starlark::Result<()> {
        self.0.hash(hasher);
        Ok(())
    }
}

#[starlark::starlark_module]
fn depset_methods(builder: &mut MethodsBuilder) {
    fn to_list<'v>(this: &DepsetValue, heap: Heap<'v>) -> anyhow::Result<Value<'v>> {
        Ok(heap.alloc(AllocList(this.0.to_list().iter().map(|item| item.to_value(heap)))))
    }
}
starlark::methods_static!(DEPSET_METHODS = depset_methods);

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(items: &[&str]) -> Vec<Plain> {
        items.iter().map(|t| Plain::Text((*t).into())).collect()
    }

    fn read(order: Order) -> String {
        let base = Depset::new(texts(&["d"]), vec![], order);
        let left = Depset::new(texts(&["b"]), vec![base.clone()], order);
        let right = Depset::new(texts(&["c"]), vec![base], order);
        let top = Depset::new(texts(&["a", "a"]), vec![left, right], order);
        let list: Vec<String> =
            top.to_list().iter().map(|p| if let Plain::Text(t) = p { t.to_string() } else { "?".into() }).collect();
        list.join(" ")
    }

    #[test]
    fn orders_are_those_of_bazel() {
        assert_eq!(read(Order::Default), "d b c a");
        assert_eq!(read(Order::Postorder), "d b c a");
        assert_eq!(read(Order::Preorder), "a b d c");
        assert_eq!(read(Order::Topological), "a b c d");
    }

    #[test]
    #[expect(clippy::mutable_key_type, reason = "a provider's name is set once, before it has instances")]
    fn few_and_many_items_are_read_alike() {
        for order in [Order::Default, Order::Preorder, Order::Topological] {
            let mut sets: Vec<Depset> = Vec::new();
            for n in 0..60_usize {
                let direct = vec![Plain::Int((n % 11) as i64), Plain::Int((n * 7 % 13) as i64)];
                let children = [n / 2, n / 3].iter().filter_map(|at| sets.get(*at).cloned()).collect();
                sets.push(Depset::new(direct, children, order));
            }
            for set in &sets {
                let node = set.0.as_ref().unwrap();
                let mut walked = match order {
                    Order::Topological => topological(node),
                    _ => walk(node, order != Order::Preorder),
                };
                let mut seen = HashSet::new();
                walked.retain(|item| seen.insert(item.clone()));
                assert_eq!(set.to_list(), walked);
            }
        }
    }

    /// Comparing each item with each would take minutes.
    #[test]
    fn a_union_of_very_many_sets_is_made() {
        let sets: Vec<Depset> = (0..300_000).map(|n| Depset::of(vec![Plain::Int(n)])).collect();
        for order in [Order::Default, Order::Preorder, Order::Topological] {
            let union = Depset::new(Vec::new(), sets.clone(), order);
            assert_eq!(union.to_list().len(), 300_000);
        }
    }

    #[test]
    fn a_long_chain_is_read_and_dropped() {
        let mut set = Depset::default();
        for n in 0..300_000 {
            set = Depset::new(vec![Plain::Int(n % 7)], vec![set], Order::Default);
        }
        assert_eq!(set.to_list().len(), 7);
    }
}
