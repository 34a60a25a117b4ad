//! Graphs to build: who reads whom. The same graph for the same shape and size, always.
//!
//! Every action copies its first input (`cat first > output`), so that outputs stay one line long however deep the
//! graph is; its other inputs are declared and not read.

use anyhow::{Result, bail};

/// The form of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Every action reads a source file of its own.
    Wide,
    /// A hundred chains: every action reads the one before it.
    Deep,
    /// Every action reads one to three earlier ones, chosen at random, near ones more often.
    Random,
}

impl Shape {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Deep => "deep",
            Self::Random => "random",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "wide" => Self::Wide,
            "deep" => Self::Deep,
            "random" => Self::Random,
            other => bail!("`{other}` is no shape: wide, deep or random"),
        })
    }
}

/// An input of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Source file with this number.
    Leaf(usize),
    /// Output of the action with this number.
    Action(usize),
}

/// Actions by their inputs; an action reads only earlier ones.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) actions: Vec<Vec<Edge>>,
    pub(super) leaves: usize,
}

const CHAINS: usize = 100;

impl Graph {
    pub(super) fn generate(shape: Shape, count: usize) -> Self {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let leaves = if shape == Shape::Wide { count } else { CHAINS.min(count) };
        let inputs = |at: usize| match shape {
            Shape::Wide => vec![Edge::Leaf(at)],
            Shape::Deep | Shape::Random if at < CHAINS => vec![Edge::Leaf(at)],
            Shape::Deep => vec![Edge::Action(at - CHAINS)],
            Shape::Random => {
                let mut earlier: Vec<usize> =
                    (0..=random.below(3)).map(|_| at - 1 - random.below(at.min(10 * CHAINS))).collect();
                earlier.sort_unstable();
                earlier.dedup();
                earlier.into_iter().map(Edge::Action).collect()
            }
        };
        Self { actions: (0..count).map(inputs).collect(), leaves }
    }
}

/// A small generator of numbers that look random (splitmix64): the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from((z ^ (z >> 31)) % limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_read_only_what_stands_before_them() {
        for shape in [Shape::Wide, Shape::Deep, Shape::Random] {
            let graph = Graph::generate(shape, 1000);
            assert_eq!(graph.actions.len(), 1000);
            for (at, inputs) in graph.actions.iter().enumerate() {
                assert!(!inputs.is_empty());
                assert!(inputs.iter().all(|edge| match edge {
                    Edge::Leaf(leaf) => *leaf < graph.leaves,
                    Edge::Action(action) => *action < at,
                }));
            }
        }
    }
}
