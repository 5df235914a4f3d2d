//! Every example of every table gives exactly what the table says.

use edgecoder_subset::tables::{attributes, builtins, denied_modules, modules, reasons};
use edgecoder_subset::{is_denied_attribute, is_denied_definition, module_names};

use crate::support::violations;

fn codes(source: &str) -> Vec<String> {
    violations(source).into_iter().map(|violation| violation.code).collect()
}

fn is_sorted(names: &[&str]) -> bool {
    names.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn examples_give_their_reason_and_nothing_else() {
    for reason in reasons::REASONS {
        for source in reason.denied {
            assert_eq!(codes(source), [reason.code], "{source}");
        }
        for source in reason.allowed {
            assert_eq!(violations(source), [], "{source}");
        }
    }
}

#[test]
fn tables_are_sorted() {
    let reasons: Vec<&str> = reasons::REASONS.iter().map(|reason| reason.code).collect();
    let modules_: Vec<&str> = modules::MODULES.iter().map(|module| module.name).collect();
    let denied: Vec<&str> = builtins::DENIED.iter().map(|denied| denied.name).collect();
    let explained: Vec<&str> = attributes::EXPLAINED.iter().map(|entry| entry.name).collect();
    for table in [&reasons, &modules_, &denied, &explained] {
        assert!(is_sorted(table), "{table:?}");
    }
    for table in [
        attributes::METHODS,
        attributes::DEFINABLE,
        attributes::READABLE,
        attributes::SETTABLE,
        attributes::WALKS,
        builtins::ALLOWED,
    ] {
        assert!(is_sorted(table), "{table:?}");
    }
    for group in denied_modules::DENIED_MODULES {
        assert!(is_sorted(group.names), "{:?}", group.names);
    }
    for module in modules::MODULES {
        assert!(is_sorted(&module.names().collect::<Vec<_>>()), "{}", module.name);
    }
}

#[test]
fn every_module_and_name_of_the_slice_imports() {
    for module in modules::MODULES {
        if module.name != "__future__" {
            assert_eq!(violations(&format!("import {}\n", module.name)), []);
        }
        for name in module.names() {
            assert!(!name.starts_with('_'), "{name}");
            assert_eq!(violations(&format!("from {} import {name}\n", module.name)), []);
        }
        assert_eq!(codes(&format!("from {} import _private\n", module.name)), ["module_name_denied"]);
    }
}

#[test]
fn every_denied_module_is_refused_with_a_hint() {
    for group in denied_modules::DENIED_MODULES {
        for name in group.names {
            assert!(module_names(name).is_none(), "{name}");
            let found = violations(&format!("import {name}\n"));
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].code, "import_denied");
            assert!(found[0].message.contains(group.reason), "{name}: {}", found[0].message);
            assert_eq!(found[0].hint, group.hint);
        }
    }
}

#[test]
fn every_builtin_is_decided() {
    for name in builtins::ALLOWED {
        assert_eq!(violations(&format!("x = {name}\n")), [], "{name}");
    }
    for denied in builtins::DENIED {
        let found = violations(&format!("x = {}\n", denied.name));
        assert_eq!(found.len(), 1, "{}", denied.name);
        assert_eq!((found[0].line, found[0].column, &*found[0].code), (1, 5, "builtin_denied"));
        assert_eq!(found[0].hint, denied.hint);
    }
}

#[test]
fn every_attribute_is_decided() {
    for name in attributes::METHODS {
        assert_eq!(violations(&format!("class A:\n    def {name}(self):\n        return b.{name}\nb = A()\n")), []);
        assert!(!is_denied_attribute(name) && !is_denied_definition(name), "{name}");
    }
    for name in attributes::READABLE {
        assert_eq!(violations(&format!("def f(a):\n    return a.{name}\n")), [], "{name}");
    }
    for name in attributes::SETTABLE {
        assert_eq!(violations(&format!("def f(a):\n    a.{name} = 1\n")), [], "{name}");
    }
    for name in attributes::WALKS {
        assert_eq!(codes(&format!("def f(a):\n    return a.{name}\n")), ["attribute_denied"], "{name}");
        assert_eq!(codes(&format!("def f(a):\n    a.{name} = 1\n")), ["attribute_denied"], "{name}");
        assert!(is_denied_attribute(name) && is_denied_definition(name), "{name}");
    }
    for entry in attributes::EXPLAINED {
        let name = entry.name;
        let uses = [
            violations(&format!("def f(a):\n    return a.{name}\n")),
            violations(&format!("def f(a):\n    a.{name} = 1\n")),
            violations(&format!("class A:\n    {name} = 1\n")),
        ];
        let hints: Vec<_> = uses.iter().flatten().filter(|found| found.hint == entry.hint).collect();
        assert!(!hints.is_empty(), "{name}");
    }
}
