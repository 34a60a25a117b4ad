//! `gx lsp`: a session of an editor, over standard input and output, as one would speak.

use gx_tests::TestSpace;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};

const MONEY: &str = "//! Money.
contract Shop.Money 1.0.0 layer L1 invalid BAD;

error BAD = 1 severity ERROR category input retry no message \"the input does not fit\";

/// How it is paid.
enum Way unknown else BAD {
  CASH = 1,
  CARD = 2,
}

/// An amount in cents.
type Cents = int 0..=1_000 else BAD;

/// What is paid.
record Paid { way: Way, cents: Cents }

/// Half of it.
pure operator Half(paid: Paid) -> int 0..=500 {
  let half = paid.cents div 2;
  half
}
";

const ORDERS: &str = "//! Orders.
contract Shop.Orders 1.0.0 layer L2 invalid WRONG;

import Shop.Money 1.0.0;

error WRONG = 2 severity ERROR category input retry no message \"the order does not fit\";

/// Half of one.
pure operator One(paid: Money.Paid) -> int 0..=500 uses Money.Half { Money.Half(paid: paid) }
";

/// An editor.
struct Editor {
    child: Child,
    out: BufReader<ChildStdout>,
    root: String,
    next: u64,
    opened: BTreeSet<String>,
}

impl Editor {
    fn start(space: &TestSpace) -> Editor {
        let mut command = space.gx(["lsp"]).command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut editor =
            Editor { child, out, root: format!("file://{}", space.root().display()), next: 0, opened: BTreeSet::new() };
        let answer = editor.ask("initialize", json!({"capabilities": {}, "processId": null}));
        for provider in ["hoverProvider", "definitionProvider", "documentFormattingProvider", "completionProvider"] {
            assert!(answer["capabilities"].get(provider).is_some(), "{answer}");
        }
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.child.stdin.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "the server went away");
            match line.trim().split_once(": ") {
                Some(("Content-Length", n)) => length = n.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.out.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The answer to a request.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let answer = self.read();
        assert_eq!(answer["id"], json!(id), "{answer}");
        answer.get("result").cloned().unwrap_or_else(|| answer["error"].clone())
    }

    fn uri(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    fn open(&mut self, path: &str, text: &str) {
        let item = json!({"uri": self.uri(path), "languageId": "upel", "version": 1, "text": text});
        self.opened.insert(path.to_owned());
        self.tell("textDocument/didOpen", json!({"textDocument": item}));
    }

    fn change(&mut self, path: &str, text: &str) {
        let params = json!({"textDocument": {"uri": self.uri(path), "version": 2}, "contentChanges": [{"text": text}]});
        self.tell("textDocument/didChange", params);
    }

    /// The findings of one text. After each change all that are open are told.
    fn findings(&mut self, path: &str) -> Vec<Value> {
        let mut found = None;
        for _ in 0..self.opened.len() {
            let message = self.read();
            assert_eq!(message["method"], "textDocument/publishDiagnostics", "{message}");
            if message["params"]["uri"] == json!(self.uri(path)) {
                found = Some(message["params"]["diagnostics"].as_array().unwrap().clone());
            }
        }
        found.unwrap()
    }

    /// A question about the place behind some words, and so many characters on.
    fn at(&mut self, method: &str, path: &str, text: &str, words: &str, more: usize) -> Value {
        let at = text.find(words).unwrap_or_else(|| panic!("no '{words}'")) + words.len() + more;
        let line = text[..at].matches('\n').count();
        let character = at - text[..at].rfind('\n').map_or(0, |it| it + 1);
        let params = json!({
            "textDocument": {"uri": self.uri(path)},
            "position": {"line": line, "character": character},
        });
        self.ask(method, params)
    }

    fn goodbye(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        assert!(self.child.wait().unwrap().success());
    }
}

fn names(completion: &Value) -> Vec<String> {
    let one = |it: &Value| it["label"].as_str().unwrap().to_owned();
    completion.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn an_editor_is_told_findings_meanings_and_names() {
    let space = TestSpace::new();
    space.write("money.upel", MONEY);
    space.write("orders.upel", ORDERS);
    let mut editor = Editor::start(&space);

    // Findings, with their place and code; they go when the text is mended.
    let broken = MONEY.replace("int 0..=500 {", "int 0..=400 {");
    editor.open("money.upel", &broken);
    let found = editor.findings("money.upel");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "GX1010");
    assert_eq!(found[0]["range"]["start"]["line"], 20, "{found:?}");
    editor.change("money.upel", MONEY);
    assert_eq!(editor.findings("money.upel"), [] as [Value; 0]);

    // What is open counts for those who import it, not what is on the disk.
    editor.open("orders.upel", ORDERS);
    assert_eq!(editor.findings("orders.upel"), [] as [Value; 0]);
    editor.change("money.upel", &MONEY.replace("pure operator Half", "pure operator Third"));
    let found = editor.findings("orders.upel");
    assert!(found.iter().any(|it| it["code"] == "GX1003"), "{found:?}");
    editor.change("money.upel", MONEY);
    assert_eq!(editor.findings("orders.upel"), [] as [Value; 0]);

    // What names stand for: types with their ranges, declarations of other files.
    let hover = |editor: &mut Editor, path: &str, text: &str, words: &str, more: usize| {
        let shown = editor.at("textDocument/hover", path, text, words, more);
        shown["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    let shown = hover(&mut editor, "money.upel", MONEY, "CARD =", 0);
    assert_eq!(shown, "", "a place without a name: {shown}");
    let shown = hover(&mut editor, "money.upel", MONEY, "div 2;\n  ", 1);
    assert!(shown.contains("half: int 0..=500"), "{shown}");
    let shown = hover(&mut editor, "money.upel", MONEY, "let half = paid.", 2);
    assert!(shown.contains("Paid.cents: Cents"), "{shown}");
    let shown = hover(&mut editor, "orders.upel", ORDERS, "{ Money.", 2);
    assert!(shown.contains("pure operator Half(paid: Paid)") && shown.contains("Half of it."), "{shown}");

    // Where they are declared.
    let place = editor.at("textDocument/definition", "orders.upel", ORDERS, "{ Money.", 2);
    assert_eq!(place["uri"], json!(editor.uri("money.upel")));
    assert_eq!(place["range"]["start"], json!({"line": 18, "character": 14}));
    let place = editor.at("textDocument/definition", "money.upel", MONEY, "div 2;\n  ", 1);
    assert_eq!(place["range"]["start"], json!({"line": 19, "character": 6}));

    // What could stand there.
    let found = names(&editor.at("textDocument/completion", "orders.upel", ORDERS, "{ Money.", 0));
    assert_eq!(found, ["Cents", "Paid", "Way", "BAD", "Half"]);
    let found = names(&editor.at("textDocument/completion", "money.upel", MONEY, "let half = paid.", 0));
    assert_eq!(found, ["cents", "way"]);
    let found = names(&editor.at("textDocument/completion", "money.upel", MONEY, "div 2;\n  ha", 0));
    assert_eq!(found, ["half", "Half", "hash_bytes", "hash"]);

    editor.goodbye();
}

#[test]
fn a_text_is_brought_into_its_one_form_when_it_can_be_read() {
    let space = TestSpace::new();
    let mut editor = Editor::start(&space);
    editor.open("money.upel", MONEY);
    editor.findings("money.upel");
    let messy = MONEY.replace("  let half", "      let   half");
    editor.change("money.upel", &messy);
    editor.findings("money.upel");
    let asked = json!({
        "textDocument": {"uri": editor.uri("money.upel")},
        "options": {"tabSize": 2, "insertSpaces": true},
    });
    let edits = editor.ask("textDocument/formatting", asked.clone());
    let formed = edits[0]["newText"].as_str().unwrap().to_owned();
    assert!(formed.contains("\n  let half = paid"), "{formed}");
    editor.change("money.upel", &formed);
    editor.findings("money.upel");
    assert_eq!(editor.ask("textDocument/formatting", asked.clone()), json!([]));
    editor.change("money.upel", &messy.replace("let   half", "let"));
    editor.findings("money.upel");
    assert_eq!(editor.ask("textDocument/formatting", asked), Value::Null);
    editor.goodbye();
}

#[test]
fn starlark_is_parsed_and_what_is_no_contract_is_answered_with_nothing() {
    let space = TestSpace::new();
    let mut editor = Editor::start(&space);
    editor.open("BUILD.gx", "load(\"@gx//rules:contract.bzl\", \"contract\")\n\ncontract(name = \n");
    let found = editor.findings("BUILD.gx");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "GX0107");
    editor.change("BUILD.gx", "x = 1\n");
    assert_eq!(editor.findings("BUILD.gx"), [] as [Value; 0]);
    editor.open("a%20b%C3%A9.txt", "contract");
    editor.findings("BUILD.gx");
    let nothing = editor.at("textDocument/hover", "BUILD.gx", "x = 1\n", "x", 0);
    assert_eq!(nothing, Value::Null);
    let refused = editor.ask("workspace/symbol", json!({"query": "x"}));
    assert_eq!(refused["code"], -32601, "{refused}");
    let refused = editor.ask("textDocument/hover", json!({"nonsense": 1}));
    assert_eq!(refused["code"], -32602, "{refused}");
    // Any text at all.
    for text in ["contract", "contract A.B 1.0.0 layer L1;\npure operator X(a: u8) -> u8 { a.", "\u{0}\u{1f600}.a", ""]
    {
        editor.open("odd.upel", text);
        editor.findings("odd.upel");
        for method in ["textDocument/hover", "textDocument/completion", "textDocument/definition"] {
            editor.at(method, "odd.upel", text, text, 0);
        }
    }
    editor.goodbye();
}

#[test]
fn an_editor_knows_the_packs() {
    let space = TestSpace::new();
    let text = "//! Turns.
contract My.Turns 1.0.0 layer L1 invalid BAD;

import Gx.Units 1.0.0;

error BAD = 1 severity ERROR category input retry no message \"bad\";

/// Twice.
pure operator Twice(angle: Units.Direction) -> Units.Direction
  uses Units.DirectionOf
{
  Units.DirectionOf(angle: angle * 2)
}
";
    let mut editor = Editor::start(&space);
    editor.open("turns.upel", text);
    assert_eq!(editor.findings("turns.upel"), [] as [Value; 0]);
    let shown = editor.at("textDocument/hover", "turns.upel", text, "{\n  Units.Dir", 0);
    let shown = shown["contents"]["value"].as_str().unwrap_or_default().to_owned();
    assert!(shown.contains("DirectionOf(angle: Angle)") && shown.contains("The direction that an angle"), "{shown}");
    // A pack stands in no file that an editor could open.
    assert_eq!(editor.at("textDocument/definition", "turns.upel", text, "{\n  Units.Dir", 0), Value::Null);
    editor.goodbye();
}
