//! Every module of the frozen standard library that compiles as it is also compiles instrumented.

use std::path::{Path, PathBuf};

use edgecoder_subset::parse;

use crate::support::{ORIGINS, compile, instrumented, on_main_stack};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
}

#[test]
fn the_library_compiles_instrumented() {
    let mut paths = Vec::new();
    sources(Path::new(rustpython_pylib::LIB_PATH), &mut paths);
    paths.sort();
    assert!(paths.len() > 400, "{}", paths.len());
    on_main_stack(move || {
        let mut compiled = 0;
        for path in &paths {
            let name = path.display().to_string();
            let parsed = match parse(&name, &std::fs::read(path).unwrap()) {
                Ok(parsed) => parsed,
                Err(violations) => panic!("{name}: {violations:?}"),
            };
            if let Err(error) = compile(&parsed) {
                println!("does not compile as it is: {name}: {error}");
                continue;
            }
            compiled += 1;
            for origin in ORIGINS {
                assert_eq!(compile(&instrumented(&parsed, origin).0), Ok(()), "{name} {origin:?}");
            }
        }
        println!("{compiled} of {} files", paths.len());
        assert!(compiled * 100 >= paths.len() * 98, "{compiled} of {}", paths.len());
    });
}
