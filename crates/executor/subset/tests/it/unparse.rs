//! The part of Python that the instrumentation tests need, as text again. Hooks print as `%name`.

#![expect(clippy::format_collect, reason = "short texts of tests")]

use edgecoder_subset::ast::{self, Expr, Stmt};

pub(crate) fn body(stmts: &[Stmt], depth: usize) -> String {
    stmts.iter().map(|item| stmt(item, depth)).collect()
}

fn block(head: &str, stmts: &[Stmt], depth: usize) -> String {
    format!("{}{head}:\n{}", "  ".repeat(depth), body(stmts, depth + 1))
}

#[expect(clippy::too_many_lines, reason = "one arm for each statement")]
fn stmt(stmt: &Stmt, depth: usize) -> String {
    let line = |text: String| format!("{}{text}\n", "  ".repeat(depth));
    let decorators = |all: &[ast::Decorator]| -> String {
        all.iter().map(|decorator| line(format!("@{}", expr(&decorator.expression)))).collect()
    };
    match stmt {
        Stmt::Expr(inner) => line(expr(&inner.value)),
        Stmt::Pass(_) => line("pass".to_owned()),
        Stmt::Break(_) => line("break".to_owned()),
        Stmt::Continue(_) => line("continue".to_owned()),
        Stmt::Return(inner) => line(format!("return {}", inner.value.as_deref().map_or_else(String::new, expr))),
        Stmt::Assign(inner) => {
            let targets: String = inner.targets.iter().map(|target| format!("{} = ", expr(target))).collect();
            line(format!("{targets}{}", expr(&inner.value)))
        }
        Stmt::AugAssign(inner) => line(format!("{} {}= {}", expr(&inner.target), inner.op, expr(&inner.value))),
        Stmt::AnnAssign(inner) => {
            let value = inner.value.as_deref().map_or_else(String::new, |value| format!(" = {}", expr(value)));
            line(format!("{}: {}{value}", expr(&inner.target), expr(&inner.annotation)))
        }
        Stmt::Delete(inner) => line(format!("del {}", exprs(&inner.targets))),
        Stmt::Import(inner) => line(format!("import {}", inner.names[0].name)),
        Stmt::ImportFrom(inner) => {
            line(format!("from {} import {}", inner.module.as_ref().unwrap(), inner.names[0].name))
        }
        Stmt::Assert(inner) => {
            let message = inner.msg.as_deref().map_or_else(String::new, |msg| format!(", {}", expr(msg)));
            line(format!("assert {}{message}", expr(&inner.test)))
        }
        Stmt::FunctionDef(inner) => {
            let decorators = decorators(&inner.decorator_list);
            let is_async = if inner.is_async { "async " } else { "" };
            let head = format!("{is_async}def {}({})", inner.name, parameters(&inner.parameters));
            format!("{decorators}{}", block(&head, &inner.body, depth))
        }
        Stmt::ClassDef(inner) => {
            format!(
                "{}{}",
                decorators(&inner.decorator_list),
                block(&format!("class {}", inner.name), &inner.body, depth)
            )
        }
        Stmt::For(inner) => {
            let is_async = if inner.is_async { "async " } else { "" };
            let head = format!("{is_async}for {} in {}", expr(&inner.target), expr(&inner.iter));
            format!("{}{}", block(&head, &inner.body, depth), orelse(&inner.orelse, depth))
        }
        Stmt::While(inner) => {
            let head = format!("while {}", expr(&inner.test));
            format!("{}{}", block(&head, &inner.body, depth), orelse(&inner.orelse, depth))
        }
        Stmt::If(inner) => {
            let clauses: String = inner
                .elif_else_clauses
                .iter()
                .map(|clause| {
                    let head = clause.test.as_ref().map_or("else".to_owned(), |test| format!("elif {}", expr(test)));
                    block(&head, &clause.body, depth)
                })
                .collect();
            format!("{}{clauses}", block(&format!("if {}", expr(&inner.test)), &inner.body, depth))
        }
        Stmt::With(inner) => {
            let items: Vec<String> = inner
                .items
                .iter()
                .map(|item| {
                    let target =
                        item.optional_vars.as_deref().map_or_else(String::new, |vars| format!(" as {}", expr(vars)));
                    format!("{}{target}", expr(&item.context_expr))
                })
                .collect();
            block(&format!("with {}", items.join(", ")), &inner.body, depth)
        }
        Stmt::Try(inner) => {
            let handlers: String = inner
                .handlers
                .iter()
                .map(|ast::ExceptHandler::ExceptHandler(handler)| {
                    let kind = handler.type_.as_deref().map_or_else(String::new, |kind| format!(" {}", expr(kind)));
                    block(&format!("except{kind}"), &handler.body, depth)
                })
                .collect();
            let finally =
                if inner.finalbody.is_empty() { String::new() } else { block("finally", &inner.finalbody, depth) };
            format!("{}{handlers}{}{finally}", block("try", &inner.body, depth), orelse(&inner.orelse, depth))
        }
        Stmt::Raise(inner) => {
            let exception = inner.exc.as_deref().map_or_else(String::new, |exception| format!(" {}", expr(exception)));
            let cause = inner.cause.as_deref().map_or_else(String::new, |cause| format!(" from {}", expr(cause)));
            line(format!("raise{exception}{cause}"))
        }
        _ => panic!("no text for {stmt:?}"),
    }
}

fn orelse(stmts: &[Stmt], depth: usize) -> String {
    if stmts.is_empty() { String::new() } else { block("else", stmts, depth) }
}

fn parameters(parameters: &ast::Parameters) -> String {
    let parts: Vec<String> = parameters
        .iter()
        .map(|parameter| {
            let default = parameter.default().map_or_else(String::new, |value| format!("={}", expr(value)));
            let annotation = parameter.annotation().map_or_else(String::new, |value| format!(": {}", expr(value)));
            format!("{}{annotation}{default}", parameter.name())
        })
        .collect();
    parts.join(", ")
}

fn exprs(items: &[Expr]) -> String {
    items.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn clauses(generators: &[ast::Comprehension]) -> String {
    generators
        .iter()
        .map(|clause| {
            let conditions: String = clause.ifs.iter().map(|test| format!(" if {}", expr(test))).collect();
            let is_async = if clause.is_async { " async" } else { "" };
            format!("{is_async} for {} in {}{conditions}", expr(&clause.target), expr(&clause.iter))
        })
        .collect()
}

pub(crate) fn expr(node: &Expr) -> String {
    match node {
        Expr::Name(inner) => inner.id.as_str().replace('\u{1}', "%"),
        Expr::NumberLiteral(inner) => match &inner.value {
            ast::Number::Int(value) => value.to_string(),
            other => format!("{other:?}"),
        },
        Expr::StringLiteral(inner) => format!("'{}'", inner.value.to_str()),
        Expr::BooleanLiteral(inner) => if inner.value { "True" } else { "False" }.to_owned(),
        Expr::NoneLiteral(_) => "None".to_owned(),
        Expr::Attribute(inner) => format!("{}.{}", expr(&inner.value), inner.attr),
        Expr::Subscript(inner) => format!("{}[{}]", expr(&inner.value), expr(&inner.slice)),
        Expr::Starred(inner) => format!("*{}", expr(&inner.value)),
        Expr::List(inner) => format!("[{}]", exprs(&inner.elts)),
        Expr::Tuple(inner) => format!("({})", exprs(&inner.elts)),
        Expr::Dict(inner) if inner.items.is_empty() => "{}".to_owned(),
        Expr::Set(inner) => format!("{{{}}}", exprs(&inner.elts)),
        Expr::BinOp(inner) => format!("({} {} {})", expr(&inner.left), inner.op, expr(&inner.right)),
        Expr::BoolOp(inner) => {
            let parts: Vec<String> = inner.values.iter().map(expr).collect();
            format!("({})", parts.join(&format!(" {} ", inner.op)))
        }
        Expr::UnaryOp(inner) => format!("({} {})", inner.op, expr(&inner.operand)),
        Expr::Named(inner) => format!("({} := {})", expr(&inner.target), expr(&inner.value)),
        Expr::Lambda(inner) => {
            let parameters =
                inner.parameters.as_deref().map_or_else(String::new, |list| format!(" {}", parameters(list)));
            format!("(lambda{parameters}: {})", expr(&inner.body))
        }
        Expr::Call(inner) => {
            let mut parts: Vec<String> = inner.arguments.args.iter().map(expr).collect();
            for keyword in &inner.arguments.keywords {
                let name = keyword.arg.as_ref().map_or("**".to_owned(), |name| format!("{name}="));
                parts.push(format!("{name}{}", expr(&keyword.value)));
            }
            format!("{}({})", expr(&inner.func), parts.join(", "))
        }
        Expr::Compare(inner) => {
            let rest: String =
                inner.ops.iter().zip(&inner.comparators).map(|(op, right)| format!(" {op} {}", expr(right))).collect();
            format!("({}{rest})", expr(&inner.left))
        }
        Expr::ListComp(inner) => format!("[{}{}]", expr(&inner.elt), clauses(&inner.generators)),
        Expr::SetComp(inner) => format!("{{{}{}}}", expr(&inner.elt), clauses(&inner.generators)),
        Expr::Generator(inner) => format!("({}{})", expr(&inner.elt), clauses(&inner.generators)),
        Expr::DictComp(inner) => {
            format!("{{{}: {}{}}}", expr(&inner.key), expr(&inner.value), clauses(&inner.generators))
        }
        Expr::Yield(inner) => format!("(yield {})", inner.value.as_deref().map_or_else(String::new, expr)),
        Expr::YieldFrom(inner) => format!("(yield from {})", expr(&inner.value)),
        Expr::Await(inner) => format!("(await {})", expr(&inner.value)),
        _ => panic!("no text for {node:?}"),
    }
}
