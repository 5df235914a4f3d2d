//! Comparisons of oracle files become calls, so that no candidate's method decides them unseen.

use std::cell::Cell;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::{CmpOp, Expr, ExprContext};
use rustpython_ruff_text_size::Ranged as _;

use super::build;
use crate::hooks;

/// Whether every operator is `is` or `is not`, which no method can answer.
pub(crate) fn is_identity(compare: &ast::ExprCompare) -> bool {
    compare.ops.iter().all(|op| matches!(op, CmpOp::Is | CmpOp::IsNot))
}

/// The calls that stand for a comparison, or `None` where it has to stay: identity only, a chain with an identity
/// in it, or a chain with a computed middle where nothing may be bound.
///
/// Each operand is evaluated once and in order, and the chain stops at the first false link, as Python defines it.
pub(crate) fn rewrite(compare: &mut ast::ExprCompare, may_bind: bool, temporaries: &Cell<u32>) -> Option<Expr> {
    let range = compare.range;
    let names: Vec<&str> = compare.ops.iter().map(|op| operator(*op)).collect::<Option<_>>()?;
    let middles = compare.comparators.len().saturating_sub(1);
    if !may_bind && !compare.comparators.iter().take(middles).all(is_repeatable) {
        return None;
    }
    let mut left = take(&mut compare.left);
    let mut links = Vec::with_capacity(names.len());
    for (index, (name, comparator)) in names.iter().zip(&mut compare.comparators).enumerate() {
        let right = take(comparator);
        let (right, next) = if index == middles { (right, None) } else { twice(right, temporaries) };
        links.push(build::call(range, hooks::COMPARE, vec![build::text(range, name), left, right]));
        let Some(next) = next else { break };
        left = next;
    }
    if links.len() == 1 { links.pop() } else { Some(build::all(range, links)) }
}

/// An operand in the middle of a chain: where it is evaluated, and where its value is used again.
fn twice(operand: Expr, temporaries: &Cell<u32>) -> (Expr, Option<Expr>) {
    if is_repeatable(&operand) {
        let again = operand.clone();
        return (operand, Some(again));
    }
    let range = operand.range();
    let id = format!("{}{}", hooks::TEMPORARY, temporaries.replace(temporaries.get() + 1));
    let again = build::name(range, &id, ExprContext::Load);
    (build::bind(range, &id, operand), Some(again))
}

/// Whether evaluating it again changes nothing and gives the same object.
fn is_repeatable(operand: &Expr) -> bool {
    matches!(
        operand,
        Expr::Name(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::StringLiteral(_)
    )
}

fn take(place: &mut Expr) -> Expr {
    let range = place.range();
    std::mem::replace(place, build::boolean(range, false))
}

fn operator(op: CmpOp) -> Option<&'static str> {
    match op {
        CmpOp::Eq => Some("=="),
        CmpOp::NotEq => Some("!="),
        CmpOp::Lt => Some("<"),
        CmpOp::LtE => Some("<="),
        CmpOp::Gt => Some(">"),
        CmpOp::GtE => Some(">="),
        CmpOp::In => Some("in"),
        CmpOp::NotIn => Some("not in"),
        CmpOp::Is | CmpOp::IsNot => None,
    }
}
