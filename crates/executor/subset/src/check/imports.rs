//! Imports against the slice of the library and the program's own files.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged as _, TextSize};

use super::Checker;
use crate::tables::{self, denied_modules, modules};

/// Modules of which `*` gives exactly names of the slice: they say in `__all__` what they export, and no more.
pub(crate) const STAR: &[&str] = &[
    "bisect",
    "cmath",
    "collections",
    "collections.abc",
    "copy",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "graphlib",
    "heapq",
    "html",
    "itertools",
    "keyword",
    "math",
    "numbers",
    "operator",
    "reprlib",
    "statistics",
    "string",
    "textwrap",
];

impl<'a> Checker<'a> {
    pub(super) fn check_import(&mut self, import: &'a ast::StmtImport) {
        if self.scopes.is_class_body() {
            self.report_class_import(import.start());
        }
        for alias in &import.names {
            self.check_module(alias.start(), alias.name.as_str());
        }
    }

    pub(super) fn check_import_from(&mut self, import: &'a ast::StmtImportFrom) {
        if self.scopes.is_class_body() {
            self.report_class_import(import.start());
        }
        let named = import.module.as_ref().map(ast::Identifier::as_str);
        if import.level > 0 {
            self.check_relative(import, named);
            return;
        }
        let Some(module) = named else { return };
        if !modules::is_importable(module) {
            if !self.is_local(module) {
                self.check_module(import.start(), module);
            }
            return;
        }
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                if !tables::has(STAR, module) {
                    let message = format!("`from {module} import *` takes names outside the subset");
                    self.report(import.start(), "import_star_denied", message, "list the names that you use");
                }
            } else if !modules::is_visible(module, name) {
                self.report_module_name(alias.start(), module, name);
            }
        }
    }

    pub(super) fn report_module_name(&mut self, at: TextSize, module: &str, name: &str) {
        let message = format!("`{name}` of the module `{module}` is outside the subset");
        let hint = format!("see what the subset has of `{module}`");
        self.report(at, "module_name_denied", message, &hint);
    }

    fn report_class_import(&mut self, at: TextSize) {
        let message = "import in a class body".to_owned();
        self.report(at, "import_in_class", message, "import at the top of the file");
    }

    fn check_module(&mut self, at: TextSize, module: &str) {
        if modules::is_importable(module) || self.is_local(module) {
            return;
        }
        let (reason, hint) = denied_modules::explain(module);
        self.report(at, "import_denied", format!("module `{module}` is outside the subset: {reason}"), hint);
    }

    /// Whether this is a module of the program, or a package that holds one.
    fn is_local(&self, module: &str) -> bool {
        self.local_modules
            .iter()
            .any(|local| local.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }

    fn check_relative(&mut self, import: &'a ast::StmtImportFrom, named: Option<&str>) {
        let hint = "import a file of this program, by its path from the program's root";
        let dots = ".".repeat(usize::try_from(import.level).unwrap_or(usize::MAX).min(64));
        let Some(package) = self.package(import.level) else {
            let message = format!("`from {dots}{} import` leaves the program's packages", named.unwrap_or_default());
            self.report(import.start(), "import_denied", message, hint);
            return;
        };
        if let Some(name) = named {
            let module = format!("{package}.{name}");
            if !self.is_local(&module) {
                let message = format!("module `{module}` is no file of this program");
                self.report(import.start(), "import_denied", message, hint);
            }
        } else if !self.is_local(&package) {
            let message = format!("package `{package}` is no folder of this program");
            self.report(import.start(), "import_denied", message, hint);
        }
    }

    /// The package that `level` dots mean in this file; `None` beyond the program's root.
    fn package(&self, level: u32) -> Option<String> {
        let path = self.parsed.source.name();
        let mut parts: Vec<&str> = path.split('/').collect();
        for _ in 0..level {
            parts.pop()?;
        }
        (!parts.is_empty()).then(|| parts.join("."))
    }
}
