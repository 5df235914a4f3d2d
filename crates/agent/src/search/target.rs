//! What is to be written: unwritten functions, absent names, and, failing both, what the failing tests call.

use std::collections::{BTreeMap, BTreeSet};

use edgecoder_types::{RunResult, Verdict};
use rustpython_ruff_python_ast::{Expr, Stmt};
use serde::{Deserialize, Serialize};

use crate::oracle::Oracle;
use crate::oracle::discover::has_extension;
use crate::oracle::protect::is_protected;
use crate::python::functions::{Block, blocks};
use crate::python::{names, parse, text_of};
use crate::workspace::Tree;

/// Most targets of one run.
pub(crate) const TARGETS_MAX: usize = 64;

/// One function, method or class to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The file.
    pub(crate) path: String,
    /// `name` or `Class.name`.
    pub(crate) name: String,
    /// Tests that call it, among those that fail.
    pub(crate) tests: Vec<String>,
}

impl Target {
    /// The name without its class.
    pub(crate) fn bare_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }
}

/// The last name of a callee: `f` in `f(…)` and in `module.f(…)`.
pub(crate) fn callee(function: &Expr) -> Option<&str> {
    match function {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// The block of a target in the current tree.
pub(crate) fn locate(tree: &Tree, target: &Target) -> Option<(String, Block)> {
    let source = tree.text(&target.path)?.to_owned();
    let module = parse(&source)?;
    let block = blocks(&source, &module).into_iter().find(|block| block.qualified_name() == target.name)?;
    Some((source, block))
}

/// Whether `word` stands in `text` as a whole word.
pub(crate) fn mentions(text: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The source of every test by its id, as far as the id names a place in the file.
pub(crate) fn test_sources(oracle: &Oracle, tree: &Tree, ids: &[String]) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for id in ids {
        let mut parts = id.split("::");
        let path = parts.next().unwrap_or_default();
        let added = oracle.added.iter().find(|(added, _)| added == path).map(|(_, text)| text.as_str());
        let Some(source) = added.or_else(|| tree.text(path)) else { continue };
        let names: Vec<&str> = parts.collect();
        sources.insert(id.clone(), test_source(source, &names).unwrap_or_else(|| source.to_owned()));
    }
    sources
}

fn test_source(source: &str, names: &[&str]) -> Option<String> {
    let module = parse(source)?;
    if let Some(line) = names.first().and_then(|name| name.strip_prefix("assert:")) {
        let line: usize = line.split('#').next()?.parse().ok()?;
        let found = module.body.iter().find(|statement| {
            let at = source.get(..rustpython_ruff_text_size::Ranged::start(*statement).to_usize());
            at.is_some_and(|before| before.matches('\n').count() + 1 == line)
        })?;
        return Some(text_of(source, found).to_owned());
    }
    let mut body: &[Stmt] = &module.body;
    let mut text = None;
    for name in names {
        let name = name.split(['#', '[']).next().unwrap_or(name);
        let found = body.iter().find(|statement| match statement {
            Stmt::FunctionDef(function) => function.name.as_str() == name,
            Stmt::ClassDef(class) => class.name.as_str() == name,
            _ => false,
        })?;
        text = Some(text_of(source, found).to_owned());
        body = match found {
            Stmt::ClassDef(class) => &class.body,
            _ => &[],
        };
    }
    text
}

/// Ids that ran and did not pass.
pub(crate) fn failing(result: &RunResult) -> BTreeSet<String> {
    let bad = |verdict| matches!(verdict, Verdict::Failed | Verdict::Error | Verdict::Missing);
    result.tests.iter().filter(|test| bad(test.verdict)).map(|test| test.id.clone()).collect()
}

/// What finding targets looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) oracle: &'a Oracle,
    pub(crate) task: &'a str,
    pub(crate) file: Option<&'a str>,
    /// Failing tests with their source.
    pub(crate) failing: &'a BTreeMap<String, String>,
    /// All messages of the failing run, for names that only an error mentions.
    pub(crate) messages: &'a str,
}

/// The targets in the order in which they are to be written.
pub(crate) fn find(scene: &Scene<'_>) -> Vec<Target> {
    let all = open_blocks(scene);
    let stubs: Vec<_> = all.iter().filter(|(_, block, _)| block.is_stub).collect();
    let chosen: Vec<_> = if stubs.is_empty() { suspects(scene, &all) } else { needed(scene, &stubs) };
    let mut targets: Vec<Target> = chosen
        .into_iter()
        .take(TARGETS_MAX)
        .map(|(path, block)| Target { path, name: block.qualified_name(), tests: Vec::new() })
        .collect();
    assign_tests(&mut targets, scene.failing);
    // What fewer other targets stand in the way of comes first.
    targets.sort_by_key(|target| std::cmp::Reverse(usize::from(!target.tests.is_empty())));
    targets
}

/// Blocks of files that may be changed, with the file's text.
fn open_blocks(scene: &Scene<'_>) -> Vec<(String, Block, String)> {
    let mut found = Vec::new();
    for (path, entry) in scene.tree.iter() {
        let wanted = scene.file.is_none_or(|file| file == path);
        let left_out = scene.oracle.left_out.contains(path);
        if !wanted || left_out || !has_extension(path, "py") || is_protected(path, scene.oracle) {
            continue;
        }
        let Some(source) = entry.text() else { continue };
        let Some(module) = parse(source) else { continue };
        let own = blocks(source, &module);
        found.extend(own.into_iter().map(|block| (path.clone(), block, source.to_owned())));
    }
    found
}

/// Stubs that the task or a failing test or another needed stub's tests mention; all of them when nothing does.
fn needed(scene: &Scene<'_>, stubs: &[&(String, Block, String)]) -> Vec<(String, Block)> {
    let wanted = |block: &Block| {
        mentions(scene.task, &block.name)
            || mentions(scene.messages, &block.name)
            || scene.failing.values().any(|source| mentions(source, &block.name))
            || block.class.as_ref().is_some_and(|class| scene.failing.values().any(|source| mentions(source, class)))
    };
    let mut chosen: Vec<(String, Block)> = Vec::new();
    for (path, block, source) in stubs {
        let helper = source.matches(block.name.as_str()).count() > 1;
        if wanted(block) || helper {
            chosen.push((path.clone(), block.clone()));
        }
    }
    if chosen.is_empty() {
        stubs.iter().map(|(path, block, _)| (path.clone(), block.clone())).collect()
    } else {
        chosen
    }
}

/// Written functions that the failing tests call, most suspicious first.
fn suspects(scene: &Scene<'_>, all: &[(String, Block, String)]) -> Vec<(String, Block)> {
    let calls: BTreeMap<&String, BTreeSet<String>> = scene
        .failing
        .iter()
        .filter_map(|(id, source)| {
            let module = parse(&crate::python::functions::dedent(&format!("\n{source}")))?;
            let attributes = crate::search::target::called(&module);
            Some((id, names::loaded(&module).into_iter().chain(attributes).collect()))
        })
        .collect();
    let mut rated: Vec<(usize, usize, (String, Block))> = Vec::new();
    for (number, (path, block, _)) in all.iter().enumerate() {
        if block.is_class || block.name.starts_with("__") && block.name != "__init__" {
            continue;
        }
        let in_tests = scene
            .failing
            .iter()
            .filter(|(id, source)| {
                calls.get(id).map_or_else(|| mentions(source, &block.name), |names| names.contains(&block.name))
            })
            .count();
        let named = usize::from(mentions(scene.task, &block.name)) * 1_000;
        let in_messages = usize::from(mentions(scene.messages, &block.name)) * 10;
        if in_tests + named + in_messages > 0 {
            rated.push((in_tests + named + in_messages, number, (path.clone(), block.clone())));
        }
    }
    rated.sort_by_key(|(rating, number, _)| (std::cmp::Reverse(*rating), *number));
    let named_any = rated.first().is_some_and(|(rating, ..)| *rating >= 1_000);
    rated.into_iter().filter(|(rating, ..)| !named_any || *rating >= 1_000).map(|(_, _, found)| found).take(8).collect()
}

/// Names of everything that is called as an attribute.
pub(crate) fn called(module: &rustpython_ruff_python_ast::ModModule) -> BTreeSet<String> {
    use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr};
    struct Calls(BTreeSet<String>);
    impl<'a> Visitor<'a> for Calls {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Attribute(attribute) = expression {
                self.0.insert(attribute.attr.to_string());
            }
            walk_expr(self, expression);
        }
    }
    let mut calls = Calls(BTreeSet::new());
    module.body.iter().for_each(|statement| calls.visit_stmt(statement));
    calls.0
}

/// Gives every target the failing tests that mention it and no other target; else those that mention it.
fn assign_tests(targets: &mut [Target], failing: &BTreeMap<String, String>) {
    let bare: Vec<String> = targets.iter().map(|target| target.bare_name().to_owned()).collect();
    for (number, target) in targets.iter_mut().enumerate() {
        let Some(own) = bare.get(number) else { continue };
        let mentioning: Vec<(&String, &String)> = failing.iter().filter(|(_, source)| mentions(source, own)).collect();
        let alone = |source: &str| !bare.iter().any(|other| other != own && mentions(source, other));
        let mut tests: Vec<String> =
            mentioning.iter().filter(|(_, source)| alone(source)).map(|(id, _)| (*id).clone()).collect();
        if tests.is_empty() {
            tests = mentioning.iter().map(|(id, _)| (*id).clone()).collect();
        }
        target.tests = tests;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::OracleKind;
    use edgecoder_types::TestPlan;

    fn scene_targets(
        tree: &Tree,
        tests: &str,
        ids: &[&str],
        task: &str,
        file: Option<&str>,
    ) -> Vec<(String, String, usize)> {
        let tree = tree.with_text("test_x.py", tests);
        let oracle = Oracle {
            plan: TestPlan::Files(vec!["test_x.py".into()]),
            files: vec!["test_x.py".into()],
            ..Oracle::new(OracleKind::Repository)
        };
        let ids: Vec<String> = ids.iter().map(|id| format!("test_x.py::{id}")).collect();
        let failing = test_sources(&oracle, &tree, &ids);
        let scene = Scene { tree: &tree, oracle: &oracle, task, file, failing: &failing, messages: "" };
        find(&scene).into_iter().map(|target| (target.path, target.name, target.tests.len())).collect()
    }

    #[test]
    fn stubs_first_then_suspects() {
        let row = |path: &str, name: &str, tests| (path.to_owned(), name.to_owned(), tests);
        let tree = Tree::default()
            .with_text(
                "a.py",
                "def one(x):\n    raise NotImplementedError\n\ndef two(x):\n    return x\n\ndef unused():\n    pass\n",
            )
            .with_text("b.py", "class K:\n    def go(self):\n        ...\n");
        let tests = "from a import one, two\nfrom b import K\n\ndef test_one():\n    assert one(1) == 1\n\ndef test_both():\n    assert one(two(1)) == K().go()\n\nassert two(3) == 4\n";
        let found = scene_targets(&tree, tests, &["test_one", "test_both"], "make it work", None);
        assert_eq!(found, [row("a.py", "one", 1), row("b.py", "K.go", 1)]);
        assert_eq!(scene_targets(&tree, tests, &["test_one"], "", Some("b.py")), [row("b.py", "K.go", 0)]);
        let written = Tree::default().with_text("a.py", "def one(x):\n    return 0\n\ndef two(x):\n    return x\n");
        assert_eq!(scene_targets(&written, tests, &["assert:10"], "", None), [row("a.py", "two", 1)]);
        assert_eq!(scene_targets(&written, tests, &["test_both"], "fix one", None), [row("a.py", "one", 1)]);
    }
}
