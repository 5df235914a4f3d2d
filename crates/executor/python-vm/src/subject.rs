//! Which name a file of bare asserts tests.

use edgecoder_subset::ast::visitor::{self, Visitor};
use edgecoder_subset::ast::{Expr, Stmt};

use crate::state;

/// Whether a file consists of asserts that call the function, and nothing else but builtins, each as the left side of its
/// comparison or as all that it asserts.
///
/// Only then may a candidate's function that is named like a builtin stand in for it: `assert sum(10, 15) == 6` tests
/// the candidate's `sum`, while `assert len(f(2)) == 4` must not measure with the candidate's `len`.
pub(crate) fn is_sole(path: &str, name: &str) -> bool {
    let file = state::with(|run| run.request.files.iter().find(|file| file.path == path).cloned()).flatten();
    let Some(parsed) = file.and_then(|file| edgecoder_subset::parse(&file.path, &file.content).ok()) else {
        return false;
    };
    !parsed.module.body.is_empty() && parsed.module.body.iter().all(|statement| tests_only(statement, name))
}

fn tests_only(statement: &Stmt, name: &str) -> bool {
    let Stmt::Assert(assert) = statement else { return false };
    let (subject, expected) = match &*assert.test {
        Expr::Compare(compare) => (&*compare.left, &*compare.comparators),
        other => (other, &[][..]),
    };
    let Expr::Call(call) = subject else { return false };
    if !matches!(&*call.func, Expr::Name(function) if function.id.as_str() == name) {
        return false;
    }
    let mut names = Names { subject: name, free: true };
    for argument in &*call.arguments.args {
        names.visit_expr(argument);
    }
    for keyword in &*call.arguments.keywords {
        names.visit_expr(&keyword.value);
    }
    for value in expected {
        names.visit_expr(value);
    }
    names.free
}

/// Looks for the subject and for names that are no builtins.
struct Names<'s> {
    subject: &'s str,
    free: bool,
}

impl<'a> Visitor<'a> for Names<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression {
            let name = name.id.as_str();
            let builtin = edgecoder_subset::tables::builtins::ALLOWED.binary_search(&name).is_ok();
            self.free &= builtin && name != self.subject;
        }
        visitor::walk_expr(self, expression);
    }
}
