//! The slice of the library, module by module.

use edgecoder_types::RunStatus;

use crate::support::{all, judged, program, run};

#[test]
fn every_allowed_module_is_imported_and_has_its_names() {
    let modules = edgecoder_subset::tables::modules::MODULES;
    assert!(modules.len() > 30);
    all(modules, |module| {
        let name = module.name;
        let names: Vec<&str> = module.names.split_whitespace().collect();
        let mut source = format!("import {name} as m\nmissing = [n for n in {names:?} if not hasattr(m, n)]\n");
        source += "print(missing)\n";
        let mut ending = run(&program(&source)).ending();
        if name == "pytest" {
            ending = run(&judged("def f():\n    return 0\n", &format!("{source}assert f() == 0\n"))).ending();
        }
        let shown = String::from_utf8_lossy(&ending.stdout).trim().to_owned();
        let good = matches!(ending.status, RunStatus::Completed | RunStatus::Passed) && shown == "[]";
        if good { Ok(()) } else { Err(format!("{name}: {shown} {ending:?}")) }
    });
}

#[test]
fn digests_are_computed() {
    let source =
        "import hashlib\nprint(hashlib.sha256(b'abc').hexdigest()[:16], hashlib.new('md5', b'').hexdigest()[:8])\n";
    let ending = run(&program(source)).ending();
    assert_eq!(String::from_utf8_lossy(&ending.stdout), "ba7816bf8f01cfea d41d8cd9\n", "{ending:?}");
}
