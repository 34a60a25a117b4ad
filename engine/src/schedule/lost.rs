//! Making lost outputs again within the same build.
//!
//! A vertex misses an object that the action it needs has made once. The checking threads find out whose output
//! it was; that outcome is forgotten, its vertex is undone, and the one that missed it waits again. Invariant:
//! a vertex goes through this a bounded number of times. This file does not know how blame is found.

use super::Loop;
use super::build::Finish;
use crate::context::{BuildKey, Context};
use crate::error::ActionError;
use crate::event::Question;
use crate::graph::Vertex;
use gx_store::{ActionId, Digest};
use std::sync::Arc;

/// How often inputs of one vertex are made again before it is given up.
const MOST: u8 = 3;

impl Loop {
    /// Asks who must make a lost object again.
    pub(super) fn blame(&mut self, key: BuildKey, vertex: Vertex, lost: Digest) {
        let Some(build) = self.builds.get_mut(&key) else { return };
        let times = build.rewinds.entry(vertex).or_default();
        if *times == MOST {
            let error = ActionError::LostAgain { lost, times: MOST };
            return self.finish(key, vertex, Finish::Impossible(Arc::new(error)));
        }
        *times += 1;
        build.asked(vertex);
        let question = Question::Blame { context: build.context.clone(), vertex, lost };
        // The checking threads live as long as the loop.
        let _ = self.outlets.questions.send(question);
    }

    /// The answer: these made it.
    pub(super) fn blamed(
        &mut self,
        context: &Arc<Context>,
        vertex: Vertex,
        lost: Digest,
        makers: &[(Vertex, ActionId)],
    ) {
        let Some(build) = self.builds.get_mut(&context.key) else { return };
        build.answered(vertex);
        if build.stopping {
            return;
        }
        // Merged toolchain trees are nobody's output, and are merged anew when the vertex is checked again.
        let merged = context.planned(vertex).is_some_and(|(_, p)| p.derivation.roots.len() > 1);
        if makers.is_empty() && !(merged && build.rewinds.get(&vertex) == Some(&1)) {
            return self.finish(context.key, vertex, Finish::Impossible(Arc::new(ActionError::LostSource(lost))));
        }
        build.asked(vertex);
        context.sets.clear();
        for (maker, action) in makers {
            if self.builds.get(&context.key).is_some_and(|build| build.is_done(*maker)) {
                if !self.flights.contains_key(action) {
                    self.forget(context.key, *maker, *action, lost);
                }
                if let Some(build) = self.builds.get_mut(&context.key) {
                    build.undo(*maker);
                }
            }
        }
        if let Some(build) = self.builds.get_mut(&context.key) {
            build.answered(vertex);
            build.wait_again(vertex);
        }
    }
}
