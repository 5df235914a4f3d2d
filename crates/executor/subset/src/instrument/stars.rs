//! Where a `*` takes apart what may be large, and what f-strings write.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::{Expr, Pattern};

use super::build;
use crate::hooks;

/// Whether an assignment to the target makes a list of what is left.
pub(crate) fn in_target(target: &Expr) -> bool {
    match target {
        Expr::Starred(_) => true,
        Expr::Tuple(tuple) => tuple.elts.iter().any(in_target),
        Expr::List(list) => list.elts.iter().any(in_target),
        _ => false,
    }
}

/// Whether matching the pattern makes a list or a dictionary of what is left.
pub(crate) fn in_pattern(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::MatchStar(_) => true,
        Pattern::MatchSequence(sequence) => sequence.patterns.iter().any(in_pattern),
        Pattern::MatchMapping(mapping) => mapping.rest.is_some() || mapping.patterns.iter().any(in_pattern),
        Pattern::MatchClass(class) => {
            class.arguments.patterns.iter().any(in_pattern)
                || class.arguments.keywords.iter().any(|keyword| in_pattern(&keyword.pattern))
        }
        Pattern::MatchAs(named) => named.pattern.as_deref().is_some_and(in_pattern),
        Pattern::MatchOr(any) => any.patterns.iter().any(in_pattern),
        Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => false,
    }
}

/// Wraps what an f-string writes without a conversion or a specification: the interpreter writes integers there by itself.
pub(crate) fn written(text: &mut ast::ExprFString) {
    for part in &mut text.value {
        let ast::FStringPart::FString(part) = part else { continue };
        for element in &mut part.elements {
            if let ast::InterpolatedStringElement::Interpolation(element) = element {
                build::wrap(&mut element.expression, hooks::SPEND);
            }
        }
    }
}
