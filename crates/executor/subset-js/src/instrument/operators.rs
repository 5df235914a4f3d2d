//! What operators and the targets of assignments are.

use oxc_ast::ast::{Expression, SimpleAssignmentTarget};
use oxc_syntax::operator::BinaryOperator;

/// Operators on numbers and texts.
pub(super) fn is_arithmetic(operator: BinaryOperator) -> bool {
    operator.is_numeric_or_string_binary_operator()
}

/// Comparisons that may read a text as a large integer.
pub(super) fn is_loose(operator: BinaryOperator) -> bool {
    operator.is_compare() || matches!(operator, BinaryOperator::Equality | BinaryOperator::Inequality)
}

/// Operators whose work on large integers is more than in proportion to their size.
pub(super) fn is_costly(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Multiplication
            | BinaryOperator::Exponential
            | BinaryOperator::Division
            | BinaryOperator::Remainder
    )
}

/// Whether a member can be named twice without doing anything twice.
pub(super) fn is_plain(target: &SimpleAssignmentTarget<'_>) -> bool {
    let is_name = |expression: &Expression<'_>| {
        matches!(
            expression,
            Expression::Identifier(_)
                | Expression::ThisExpression(_)
                | Expression::NumericLiteral(_)
                | Expression::StringLiteral(_)
        )
    };
    match target {
        SimpleAssignmentTarget::StaticMemberExpression(member) => is_name(&member.object),
        SimpleAssignmentTarget::ComputedMemberExpression(member) => {
            is_name(&member.object) && is_name(&member.expression)
        }
        SimpleAssignmentTarget::PrivateFieldExpression(member) => is_name(&member.object),
        _ => false,
    }
}
