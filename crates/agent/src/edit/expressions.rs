//! Edits of single expressions: operators, numbers, bounds, names, calls.

use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use rustpython_ruff_python_ast::{
    BoolOp, CmpOp, Expr, ExprBinOp, ExprCall, ExprCompare, ExprContext, ExprSubscript, Number, Operator, Stmt,
    StmtFunctionDef, UnaryOp,
};
use rustpython_ruff_text_size::Ranged;

use super::{Draft, EditKind, range_of};

/// Functions and methods that are taken for one another.
const ALIKE: &[&[&str]] = &[
    &["lower", "upper", "capitalize", "title", "swapcase"],
    &["islower", "isupper"],
    &["isdigit", "isalpha", "isalnum", "isspace"],
    &["startswith", "endswith"],
    &["find", "index", "rfind", "count"],
    &["count", "get", "index"],
    &["append", "extend"],
    &["add", "append"],
    &["keys", "values", "items"],
    &["strip", "lstrip", "rstrip"],
    &["union", "intersection", "difference", "symmetric_difference"],
    &["issubset", "issuperset"],
    &["combinations", "permutations", "combinations_with_replacement"],
    &["heappop", "heappush"],
    &["nlargest", "nsmallest"],
    &["match", "search", "fullmatch", "findall"],
    &["min", "max", "sum", "len", "abs"],
    &["any", "all"],
    &["floor", "ceil"],
    &["sorted", "reversed"],
    &["list", "set", "sorted"],
    &["int", "float", "round"],
    &["ljust", "rjust"],
    &["sin", "cos", "tan"],
    &["radians", "degrees"],
];

pub(super) fn collect(draft: &mut Draft<'_>, function: &StmtFunctionDef) {
    let mut collector = Collector(Vec::new());
    function.body.iter().for_each(|statement| collector.visit_stmt(statement));
    let whole: Vec<&Expr> = collector.0.iter().filter_map(outermost).collect();
    for expression in whole {
        operands(draft, expression);
    }
    for item in collector.0 {
        match item {
            Item::Expression(expression) => of_expression(draft, expression),
            Item::Condition(condition) => {
                let text = draft.text(condition).to_owned();
                match condition {
                    Expr::UnaryOp(not) if matches!(not.op, UnaryOp::Not) => {}
                    _ => draft.replace(EditKind::Condition, condition, &format!("not ({text})")),
                }
            }
            Item::Augmented(target, op, value) => {
                let gap = target.end().to_usize()..value.start().to_usize();
                operators(draft, EditKind::Arithmetic, gap, op.as_str(), arithmetic(op), "=");
            }
        }
    }
}

/// A calculation that is more than one operator.
fn outermost<'a>(item: &Item<'a>) -> Option<&'a Expr> {
    match item {
        Item::Expression(expression @ Expr::BinOp(binary))
            if binary.left.is_bin_op_expr() || binary.right.is_bin_op_expr() =>
        {
            Some(expression)
        }
        _ => None,
    }
}

/// Every two operands of a calculation exchanged, wherever in it they stand.
fn operands(draft: &mut Draft<'_>, expression: &Expr) {
    fn atoms<'a>(expression: &'a Expr, found: &mut Vec<&'a Expr>) {
        match expression {
            Expr::BinOp(binary) => {
                atoms(&binary.left, found);
                atoms(&binary.right, found);
            }
            other => found.push(other),
        }
    }
    let mut found = Vec::new();
    atoms(expression, &mut found);
    for (number, one) in found.iter().enumerate() {
        for other in found.iter().skip(number + 1) {
            exchange(draft, one, other);
        }
    }
}

enum Item<'a> {
    Expression(&'a Expr),
    Condition(&'a Expr),
    Augmented(&'a Expr, Operator, &'a Expr),
}

struct Collector<'a>(Vec<Item<'a>>);

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::If(branch) => {
                self.0.push(Item::Condition(&branch.test));
                self.0.extend(branch.elif_else_clauses.iter().filter_map(|one| one.test.as_ref()).map(Item::Condition));
            }
            Stmt::While(looped) => self.0.push(Item::Condition(&looped.test)),
            Stmt::AugAssign(assign) => self.0.push(Item::Augmented(&assign.target, assign.op, &assign.value)),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0.push(Item::Expression(expression));
        if let Expr::If(choice) = expression {
            self.0.push(Item::Condition(&choice.test));
        }
        walk_expr(self, expression);
    }

    fn visit_comprehension(&mut self, comprehension: &'a rustpython_ruff_python_ast::Comprehension) {
        self.0.extend(comprehension.ifs.iter().map(Item::Condition));
        rustpython_ruff_python_ast::visitor::walk_comprehension(self, comprehension);
    }
}

fn of_expression(draft: &mut Draft<'_>, expression: &Expr) {
    match expression {
        Expr::Compare(compare) => comparison(draft, compare),
        Expr::BinOp(binary) => calculation(draft, binary),
        Expr::BoolOp(logic) => {
            for pair in logic.values.windows(2) {
                let [left, right] = pair else { continue };
                let gap = left.end().to_usize()..right.start().to_usize();
                let (now, new) = match logic.op {
                    BoolOp::And => ("and", "or"),
                    BoolOp::Or => ("or", "and"),
                };
                operators(draft, EditKind::Condition, gap, now, &[new], "");
            }
            for value in &logic.values {
                let text = draft.text(value).to_owned();
                draft.replace(EditKind::Condition, logic, &text);
            }
        }
        Expr::UnaryOp(unary) if matches!(unary.op, UnaryOp::Not) => {
            let text = draft.text(&*unary.operand).to_owned();
            draft.replace(EditKind::Condition, unary, &text);
        }
        Expr::NumberLiteral(number) => {
            if let Number::Int(value) = &number.value
                && let Some(value) = value.as_i64()
            {
                for near in [value + 1, value - 1].into_iter().filter(|near| *near >= 0) {
                    draft.replace(EditKind::Number, number, &near.to_string());
                }
            }
            for name in draft.unused.clone() {
                draft.replace(EditKind::Unused, number, &name);
            }
        }
        Expr::BooleanLiteral(literal) => {
            draft.replace(EditKind::Condition, literal, if literal.value { "False" } else { "True" });
        }
        Expr::Subscript(subscript) => index(draft, subscript),
        Expr::Call(call) => of_call(draft, call),
        Expr::Attribute(attribute) => {
            if let Expr::Name(module) = &*attribute.value
                && ["np", "numpy"].contains(&module.id.as_str())
            {
                draft.replace(EditKind::Unknown, &*attribute.value, "math");
                let function = attribute.attr.to_string();
                draft.replace(EditKind::Unknown, attribute, &function);
            }
            alike(draft, &attribute.attr, attribute.attr.as_str());
        }
        Expr::Name(name) if matches!(name.ctx, ExprContext::Load) => of_name(draft, expression, name.id.as_str()),
        _ => {}
    }
}

/// Replaces an operator, which stands somewhere between two operands.
fn operators(
    draft: &mut Draft<'_>,
    kind: EditKind,
    gap: std::ops::Range<usize>,
    now: &str,
    new: &[&str],
    ending: &str,
) {
    let Some(at) = draft.source.get(gap.clone()).and_then(|gap| gap.find(now)) else { return };
    let place = gap.start + at..gap.start + at + now.len();
    for new in new {
        let what = format!("`{now}{ending}` to `{new}{ending}`");
        draft.edit(kind, vec![(place.clone(), (*new).to_owned())], what);
    }
}

fn comparison(draft: &mut Draft<'_>, compare: &ExprCompare) {
    let mut left = &*compare.left;
    if let [right] = &*compare.comparators {
        for side in [left, right] {
            let text = draft.text(side).to_owned();
            draft.replace(EditKind::Dropped, compare, &text);
        }
    }
    for (op, right) in compare.ops.iter().zip(&compare.comparators) {
        let gap = left.end().to_usize()..right.start().to_usize();
        let new: &[&str] = match op {
            CmpOp::Lt => &["<=", ">", ">="],
            CmpOp::LtE => &["<", ">=", ">"],
            CmpOp::Gt => &[">=", "<", "<="],
            CmpOp::GtE => &[">", "<=", "<"],
            CmpOp::Eq => &["!=", ">=", "<="],
            CmpOp::NotEq | CmpOp::Is => &["=="],
            CmpOp::IsNot => &["!="],
            CmpOp::In => &["not in"],
            CmpOp::NotIn => &["in"],
        };
        operators(draft, EditKind::Compare, gap, op.as_str(), new, "");
        if matches!(op, CmpOp::In | CmpOp::NotIn) {
            exchange(draft, left, right);
        }
        left = right;
    }
}

fn arithmetic(op: Operator) -> &'static [&'static str] {
    match op {
        Operator::Add => &["-", "*", "%", "//", "/"],
        Operator::Sub => &["+", "*", "//", "%"],
        Operator::Mult => &["+", "**", "-", "//", "/", "%"],
        Operator::Div => &["//", "*", "%", "-"],
        Operator::FloorDiv => &["/", "%", "*"],
        Operator::Mod => &["//", "/", "-"],
        Operator::Pow => &["*", "+"],
        Operator::LShift => &[">>"],
        Operator::RShift => &["<<"],
        Operator::BitOr => &["&", "^"],
        Operator::BitAnd => &["|", "^"],
        Operator::BitXor => &["&", "|"],
        Operator::MatMult => &[],
    }
}

fn calculation(draft: &mut Draft<'_>, binary: &ExprBinOp) {
    let gap = binary.left.end().to_usize()..binary.right.start().to_usize();
    operators(draft, EditKind::Arithmetic, gap, binary.op.as_str(), arithmetic(binary.op), "");
    if !matches!(binary.op, Operator::Mult | Operator::BitAnd | Operator::BitOr | Operator::BitXor) {
        exchange(draft, &binary.left, &binary.right);
    }
    for side in [&binary.left, &binary.right] {
        let text = draft.text(&**side).to_owned();
        draft.replace(EditKind::Dropped, binary, &text);
    }
}

/// Two expressions the other way round.
fn exchange(draft: &mut Draft<'_>, left: &Expr, right: &Expr) {
    let (first, second) = (draft.text(left).to_owned(), draft.text(right).to_owned());
    if first == second {
        return;
    }
    let what = format!("`{}` and `{}` exchanged", super::brief(&first), super::brief(&second));
    draft.edit(EditKind::Order, vec![(range_of(left), second), (range_of(right), first)], what);
}

fn index(draft: &mut Draft<'_>, subscript: &ExprSubscript) {
    let place = &*subscript.slice;
    match place {
        Expr::Slice(slice) => {
            for bound in slice.lower.iter().chain(slice.upper.iter()) {
                if !matches!(**bound, Expr::NumberLiteral(_)) {
                    one_off(draft, EditKind::Index, bound);
                }
            }
        }
        Expr::UnaryOp(_) => draft.replace(EditKind::Index, place, "0"),
        Expr::NumberLiteral(_) => draft.replace(EditKind::Index, place, "-1"),
        Expr::Name(_) | Expr::BinOp(_) => one_off(draft, EditKind::Index, place),
        _ => {}
    }
}

fn one_off(draft: &mut Draft<'_>, kind: EditKind, expression: &Expr) {
    let text = draft.text(expression).to_owned();
    for off in ["+ 1", "- 1"] {
        draft.replace(kind, expression, &format!("{text} {off}"));
    }
}

fn of_call(draft: &mut Draft<'_>, call: &ExprCall) {
    let arguments: Vec<&Expr> = call.arguments.args.iter().collect();
    let called = match &*call.func {
        Expr::Name(name) => name.id.to_string(),
        Expr::Attribute(attribute) => attribute.attr.to_string(),
        _ => String::new(),
    };
    match (called.as_str(), &arguments[..]) {
        ("str", [_]) => {
            let text = draft.text(call).to_owned();
            for place in ["[0]", "[-1]", "[::-1]", "[1:]", "[:-1]"] {
                draft.replace(EditKind::Index, call, &format!("{text}{place}"));
            }
        }
        ("range", [stop]) => {
            let stop_text = draft.text(*stop).to_owned();
            for new in [
                format!("1, {stop_text}"),
                format!("1, {stop_text} + 1"),
                format!("{stop_text} + 1"),
                format!("{stop_text} - 1"),
                format!("2, {stop_text}"),
                format!("2, {stop_text} + 1"),
            ] {
                draft.replace(EditKind::Range, *stop, &new);
            }
        }
        ("range", [_, stop, ..]) => one_off(draft, EditKind::Range, stop),
        (_, [left, right]) => exchange(draft, left, right),
        ("sorted" | "max" | "min", [_]) | ("sort", []) => ordered(draft, call, &called),
        _ => {}
    }
    if let [only] = &arguments[..]
        && call.arguments.keywords.is_empty()
        && matches!(&*call.func, Expr::Name(_))
        && called != draft.wrong.block.name
    {
        let text = draft.text(*only).to_owned();
        draft.replace(EditKind::Dropped, call, &text);
    }
    if let Expr::Attribute(attribute) = &*call.func {
        if arguments.is_empty() {
            let text = draft.text(&*attribute.value).to_owned();
            draft.replace(EditKind::Dropped, call, &text);
        } else if let [only] = &arguments[..]
            && !matches!(&*attribute.value, Expr::Name(name) if ["re", "math", "heapq", "itertools"].contains(&name.id.as_str()))
        {
            exchange(draft, &attribute.value, only);
        }
    }
}

/// Other keys and directions for what is sorted or chosen.
fn ordered(draft: &mut Draft<'_>, call: &ExprCall, called: &str) {
    let open = call.arguments.range.start().to_usize();
    let close = call.arguments.range.end().to_usize() - 1;
    let comma = if call.arguments.args.is_empty() && call.arguments.keywords.is_empty() { "" } else { ", " };
    let has =
        |word: &str| call.arguments.keywords.iter().any(|one| one.arg.as_ref().is_some_and(|arg| arg.as_str() == word));
    if draft.source.get(open..=close).is_none() {
        return;
    }
    let add = |draft: &mut Draft<'_>, text: &str| {
        draft.edit(
            EditKind::Sorted,
            vec![(close..close, format!("{comma}{text}"))],
            format!("`{called}` with `{text}`"),
        );
    };
    if !has("key") {
        for key in ["key=lambda x: x[1]", "key=lambda x: x[0]", "key=lambda x: x[-1]", "key=len", "key=sum"] {
            add(draft, key);
        }
    }
    if called.starts_with("sort") && !has("reverse") {
        add(draft, "reverse=True");
    }
}

/// Another function of the same family in place of a name.
fn alike(draft: &mut Draft<'_>, place: &impl Ranged, name: &str) {
    for family in ALIKE.iter().filter(|family| family.contains(&name)) {
        for other in family.iter().filter(|other| **other != name) {
            draft.replace(EditKind::Method, place, other);
        }
    }
}

fn of_name(draft: &mut Draft<'_>, place: &Expr, name: &str) {
    alike(draft, place, name);
    let known = draft.names.iter().any(|known| known == name);
    if !known {
        return;
    }
    for unused in draft.unused.clone() {
        draft.replace(EditKind::Unused, place, &unused);
    }
    for other in draft.names.clone() {
        if other != name && other != "_" {
            draft.replace(EditKind::Variable, place, &other);
        }
    }
}
