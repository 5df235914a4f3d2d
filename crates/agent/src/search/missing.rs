//! Names that the repository's files import or use, but no module of it defines.

use std::collections::{BTreeMap, BTreeSet};

use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr};
use rustpython_ruff_python_ast::{Expr, ModModule};

use crate::python::names::Import;
use crate::python::{names, parse};
use crate::workspace::Tree;

/// A name that is to be added to a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Missing {
    /// The file that lacks it; it may not exist yet.
    pub(crate) path: String,
    /// The name.
    pub(crate) name: String,
    /// Most positional arguments seen in a call.
    pub(crate) arity: usize,
}

/// The file of a dotted module, if the tree has it: `a/b.py` or `a/b/__init__.py`, also below `src/`.
pub(crate) fn module_file(tree: &Tree, dotted: &str) -> Option<String> {
    let path = dotted.replace('.', "/");
    let places = [
        format!("{path}.py"),
        format!("{path}/__init__.py"),
        format!("src/{path}.py"),
        format!("src/{path}/__init__.py"),
    ];
    places.into_iter().find(|place| tree.get(place).is_some())
}

/// The dotted name by which other files import this one.
pub(crate) fn module_name(path: &str) -> String {
    let plain = path.strip_prefix("src/").unwrap_or(path);
    let plain = plain.strip_suffix(".py").unwrap_or(plain);
    plain.strip_suffix("/__init__").unwrap_or(plain).replace('/', ".")
}

/// The dotted name that an import of `file` means.
fn absolute(file: &str, import: &Import) -> Option<String> {
    if import.level == 0 {
        return Some(import.module.clone());
    }
    let mut folders: Vec<&str> = file.split('/').collect();
    for _ in 0..import.level {
        folders.pop()?;
    }
    let mut dotted = folders.join(".");
    if let Some(rest) = dotted.strip_prefix("src.") {
        dotted = rest.to_owned();
    }
    Some(
        [dotted.as_str(), import.module.as_str()]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join("."),
    )
}

/// Finds them all, in ascending order. `is_test` tells which files only use and never define; modules that do not exist at all
/// are only those that a test imports and whose name is in `unknown_modules`.
pub(crate) fn find(tree: &Tree, is_test: impl Fn(&str) -> bool, unknown_modules: &[String]) -> Vec<Missing> {
    let modules: BTreeMap<&String, ModModule> = tree
        .iter()
        .filter(|(path, _)| crate::oracle::discover::has_extension(path, "py"))
        .filter_map(|(path, entry)| Some((path, parse(entry.text()?)?)))
        .collect();
    let bound: BTreeMap<&String, BTreeSet<String>> =
        modules.iter().map(|(path, module)| (*path, names::top_level(&module.body))).collect();
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, module) in &modules {
        for (dotted, name) in wanted_names(tree, path, module) {
            let file = match module_file(tree, &dotted) {
                Some(file) => file,
                None if unknown_modules.contains(&dotted) && is_test(path) => {
                    format!("{}.py", dotted.replace('.', "/"))
                }
                None => continue,
            };
            let defined = bound.get(&file).is_some_and(|names| names.contains(&name));
            let unreadable = tree.get(&file).is_some() && !bound.contains_key(&file);
            let starred = modules.get(&file).is_some_and(|module| {
                names::imports(module).iter().any(|import| import.name.as_deref() == Some("*"))
                    || bound_dynamically(module)
            });
            let submodule = module_file(tree, &format!("{dotted}.{name}")).is_some();
            if !(defined || unreadable || starred || submodule || is_test(&file)) {
                found.insert((file, name));
            }
        }
    }
    let arity = |name: &str| modules.values().map(|module| arity_of(module, name)).max().unwrap_or(0);
    found.into_iter().map(|(path, name)| Missing { arity: arity(&name), path, name }).collect()
}

fn bound_dynamically(module: &ModModule) -> bool {
    names::top_level(&module.body).contains("__getattr__")
}

/// `(module, name)` for every imported name and every attribute of an imported module.
fn wanted_names(tree: &Tree, path: &str, module: &ModModule) -> Vec<(String, String)> {
    let mut wanted = Vec::new();
    let mut aliases: BTreeMap<String, String> = BTreeMap::new();
    for import in names::imports(module) {
        let Some(dotted) = absolute(path, &import) else { continue };
        match &import.name {
            None if import.module == import.bound || !import.module.contains('.') => {
                aliases.insert(import.bound.clone(), dotted);
            }
            None => {}
            Some(name) if name == "*" => {}
            Some(name) => {
                let inner = format!("{dotted}.{name}");
                if module_file(tree, &inner).is_some() {
                    aliases.insert(import.bound.clone(), inner);
                }
                wanted.push((dotted, name.clone()));
            }
        }
    }
    let mut uses = Uses { aliases: &aliases, found: Vec::new() };
    module.body.iter().for_each(|statement| uses.visit_stmt(statement));
    wanted.extend(uses.found);
    wanted
}

struct Uses<'m> {
    aliases: &'m BTreeMap<String, String>,
    found: Vec<(String, String)>,
}

impl<'a> Visitor<'a> for Uses<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Attribute(attribute) = expression
            && let Expr::Name(name) = &*attribute.value
            && let Some(module) = self.aliases.get(name.id.as_str())
            && !attribute.attr.starts_with("__")
        {
            self.found.push((module.clone(), attribute.attr.to_string()));
        }
        walk_expr(self, expression);
    }
}

/// Most positional arguments in any call of this name.
pub(crate) fn arity_of(module: &ModModule, name: &str) -> usize {
    struct Calls<'n>(&'n str, usize);
    impl<'a> Visitor<'a> for Calls<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression
                && super::target::callee(&call.func) == Some(self.0)
            {
                self.1 = self.1.max(call.arguments.args.len());
            }
            walk_expr(self, expression);
        }
    }
    let mut calls = Calls(name, 0);
    module.body.iter().for_each(|statement| calls.visit_stmt(statement));
    calls.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::discover::is_test_path;

    #[test]
    fn absent_names_are_found_where_they_belong() {
        let tree = Tree::default()
            .with_text("pkg/__init__.py", "from .text import slug, wrap\n")
            .with_text("pkg/text.py", "def wrap(s):\n    return s\n")
            .with_text("pkg/star.py", "from math import *\n")
            .with_text("src/other.py", "X = 1\n")
            .with_text("tests/test_a.py", "import math\nimport other\nfrom pkg import slug, text\nfrom pkg.star import pi\nfrom new.mod import make\nimport pytest\n\ndef test():\n    assert slug('a', 'b') == text.title('x')\n    assert other.Y and other.X and math.tau\n    assert pytest.zzz and make(1, 2, 3)\n");
        let row = |path: &str, name: &str, arity| Missing { path: path.into(), name: name.into(), arity };
        let found = find(&tree, is_test_path, &["new.mod".to_owned()]);
        assert_eq!(
            found,
            [
                row("new/mod.py", "make", 3),
                row("pkg/text.py", "slug", 2),
                row("pkg/text.py", "title", 1),
                row("src/other.py", "Y", 0),
            ]
        );
        assert_eq!(module_name("src/a/__init__.py"), "a");
        assert_eq!(module_name("a/b.py"), "a.b");
    }
}
