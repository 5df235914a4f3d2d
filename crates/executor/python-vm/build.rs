//! Parses, instruments and compiles the frozen standard library and our own stand-ins.
//!
//! The result is one archive of frozen code objects; nothing of the library runs uninstrumented
//! except the interpreter's own bootstrap.

use std::error::Error;
use std::path::{Path, PathBuf};

use edgecoder_subset::Origin;
use rustpython_codegen::compile::{CompileOpts, compile_program};
use rustpython_compiler_core::frozen::{FrozenCodeObject, FrozenLib, FrozenModule};

#[path = "build/modules.rs"]
mod modules;

type Frozen = (String, FrozenModule<Vec<u8>>);

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=lib");
    let stand_ins = own_modules(Path::new("lib"))?;
    let mut frozen = Vec::new();
    for (name, path) in &stand_ins {
        frozen.push(freeze(name, path)?);
    }
    for name in modules::STDLIB {
        if !stand_ins.iter().any(|(own, _)| own == name) {
            frozen.push(freeze(name, &library_path(name)?)?);
        }
    }
    let archive = FrozenLib::encode(
        frozen
            .iter()
            .map(|(name, module)| {
                (
                    name.as_str(),
                    FrozenModule { code: FrozenCodeObject { bytes: &module.code.bytes[..] }, package: module.package },
                )
            })
            .collect::<Vec<_>>(),
    );
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("library.bin");
    std::fs::write(out, archive.bytes)?;
    Ok(())
}

/// Our stand-ins: `lib/NAME.py`, or `lib/NAME/__init__.py` and what lies beside it.
fn own_modules(root: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a file name that is no UTF-8")?.to_owned();
        if path.is_dir() {
            for (name, inner) in own_modules(&path)? {
                let full = if name == "__init__" { stem.clone() } else { format!("{stem}.{name}") };
                found.push((full, inner));
            }
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push((stem, path));
        }
    }
    found.sort();
    Ok(found)
}

fn library_path(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let base = Path::new(rustpython_pylib::LIB_PATH).join(name.replace('.', "/"));
    let package = base.join("__init__.py");
    let module = base.with_extension("py");
    if package.is_file() {
        Ok(package)
    } else if module.is_file() {
        Ok(module)
    } else {
        Err(format!("the frozen library has no module {name}").into())
    }
}

fn freeze(name: &str, path: &Path) -> Result<Frozen, Box<dyn Error>> {
    let content = std::fs::read(path)?;
    let shown = format!("<frozen {name}>");
    let mut parsed = edgecoder_subset::parse(&shown, &content)
        .map_err(|violations| format!("{}: {violations:?}", path.display()))?;
    let _plan = edgecoder_subset::instrument(&mut parsed.module, &parsed.source, Origin::Library);
    let options = CompileOpts { optimize: 0, debug_ranges: false };
    let code = compile_program(&parsed.module, parsed.source, options)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let package = path.file_name().is_some_and(|file| file == "__init__.py");
    Ok((name.to_owned(), FrozenModule { code: FrozenCodeObject::encode(&code), package }))
}
