//! `gx query`: a part of the target graph as labels, JSON or a graph for Graphviz.

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::flags::{Query, QueryOutput};
use crate::session::Session;
use gx_rules::QueryResult;
use serde_json::json;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, query: &Query) -> Result<Exit, Report> {
    let room = match session.room() {
        Ok(room) => room,
        Err(exit) => return Ok(exit),
    };
    let package = session.request.current_package();
    let result = match room.query(&query.expression, &package, session.asker()?) {
        Ok(result) => result,
        Err(failure) => return Ok(session.load_failed(failure)),
    };
    let output = if session.request.settings.json { QueryOutput::Json } else { query.output };
    session.face.event(Event::Output(words(&result, output).into_bytes()));
    Ok(Exit::Ok)
}

fn words(result: &QueryResult, output: QueryOutput) -> String {
    let label = |at: usize| result.nodes.get(at).map_or("", |node| node.label.as_str());
    let mut text = String::new();
    match output {
        QueryOutput::Labels => {
            for node in &result.nodes {
                text.push_str(&format!("{}\n", node.label));
            }
        }
        QueryOutput::Json => {
            let nodes: Vec<_> =
                result.nodes.iter().map(|node| json!({"label": node.label, "kind": node.kind})).collect();
            let edges: Vec<_> = result.edges.iter().map(|(from, to)| json!([label(*from), label(*to)])).collect();
            text = format!("{}\n", json!({"targets": nodes, "edges": edges}));
        }
        QueryOutput::Dot => {
            text.push_str("digraph targets {\n  node [shape=box];\n");
            for node in &result.nodes {
                text.push_str(&format!("  {:?};\n", node.label));
            }
            for (from, to) in &result.edges {
                text.push_str(&format!("  {:?} -> {:?};\n", label(*from), label(*to)));
            }
            text.push_str("}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_rules::QueryNode;

    #[test]
    fn an_answer_has_three_forms() {
        let node = |label: &str| QueryNode { label: label.to_owned(), kind: "genrule rule".to_owned() };
        let result = QueryResult { nodes: vec![node("//a:x"), node("//a:y")], edges: vec![(0, 1)] };
        for output in [QueryOutput::Labels, QueryOutput::Json, QueryOutput::Dot] {
            insta::assert_snapshot!(words(&result, output));
        }
    }
}
