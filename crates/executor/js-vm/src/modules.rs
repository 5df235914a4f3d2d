//! ES modules: files of the request, stand-ins, and facades of `CommonJS` files.

use std::fmt::Write as _;

use edgecoder_subset_js::{Kind, is_stand_in, tables};
use edgecoder_types::{FileRole, Violation};
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::{Ctx, Error, Module, Result};

use crate::program;
use crate::state::{self, End};

/// How names of stand-ins begin inside the engine; no path and no specifier does.
const STAND_IN: &str = "stand-in:";
/// How file names begin in stack traces and inside the engine.
pub(crate) const ROOT: &str = "/work/";

/// The path of the request that an engine's name means.
pub(crate) fn path_of(name: &str) -> &str {
    name.strip_prefix(ROOT).unwrap_or(name)
}

/// Maps specifiers to names.
pub(crate) struct Names;

impl Resolver for Names {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        if name.starts_with(ROOT) && !base.starts_with(ROOT) {
            return Ok(name.to_owned());
        }
        let from = path_of(base);
        if let Some(module) = is_stand_in(name) {
            return Ok(format!("{STAND_IN}{module}?{from}"));
        }
        state::with(|run| program::resolve_in(&run.request, from, name))
            .flatten()
            .map(|path| format!("{ROOT}{path}"))
            .ok_or_else(|| Error::new_resolving(base, name))
    }
}

/// Gives modules by name.
pub(crate) struct Texts;

impl Loader for Texts {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, rquickjs::module::Declared>> {
        if let Some((module, from)) = name.strip_prefix(STAND_IN).and_then(|rest| rest.split_once('?')) {
            return Module::declare(ctx.clone(), name, stand_in(module, from));
        }
        let path = path_of(name);
        let unit = state::with(|run| run.units.get(path).cloned()).flatten().ok_or_else(|| Error::new_loading(name))?;
        let text = if unit.kind == Kind::Module { unit.text } else { facade(path, &unit.exported) };
        Module::declare(ctx.clone(), name, text).inspect_err(|_| refuse(ctx, path))
    }
}

/// A file that the checker took for JavaScript and the engine does not know: it is outside the subset.
pub(crate) fn refuse(ctx: &Ctx<'_>, path: &str) {
    let caught = ctx.catch();
    let message = caught.as_exception().and_then(rquickjs::Exception::message).unwrap_or_default();
    let violation = Violation {
        path: path.to_owned(),
        line: 1,
        column: 1,
        code: "syntax_denied".to_owned(),
        message: format!("the embedded interpreter does not take this syntax: {message}"),
        hint: "it runs in the OS layer with Node".to_owned(),
    };
    state::finish(End::rejected(vec![violation]))
}

fn stand_in(module: &str, from: &str) -> String {
    let names = tables::modules::MODULES.iter().find(|known| known.name == module).map_or(&[][..], |known| known.names);
    let list = names.join(", ");
    format!("const m = __ec_m({module:?}, {from:?}); export default m; export const {{ {list} }} = m;")
}

fn facade(path: &str, exported: &std::collections::BTreeSet<String>) -> String {
    let mut text = format!("const m = __ec_r({path:?}); export default m; export {{ m as 'module.exports' }};\n");
    for (number, name) in exported.iter().filter(|name| *name != "default").enumerate() {
        // Writing to a String cannot fail.
        writeln!(text, "const n{number} = m[{name:?}]; export {{ n{number} as {name:?} }};").unwrap_or_default();
    }
    text
}

/// Whether a path is a test file of the oracle's.
pub(crate) fn is_test_file(path: &str) -> bool {
    state::with(|run| {
        program::test_files(&run.request).iter().any(|file| file == path)
            && run.request.files.iter().any(|file| file.path == path && file.role == FileRole::Oracle)
    })
    .unwrap_or(false)
}
