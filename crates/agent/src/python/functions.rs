//! Functions and classes of a module, with the places that a body occupies.

use std::ops::Range;

use rustpython_ruff_python_ast::{Expr, ModModule, Stmt, StmtClassDef, StmtFunctionDef};
use rustpython_ruff_text_size::Ranged;

use super::is_string_statement;

/// A function, a method, or a class that is to be written as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its name.
    pub(crate) name: String,
    /// The class around it.
    pub(crate) class: Option<String>,
    /// Whether the block itself is a class.
    pub(crate) is_class: bool,
    /// First byte of the line with `def`, `class` or the first decorator.
    pub(crate) start: usize,
    /// First byte of the line with `def` or `class`.
    pub(crate) keyword: usize,
    /// First byte after the colon.
    pub(crate) colon_end: usize,
    /// The docstring, quotes included.
    pub(crate) doc: Option<Range<usize>>,
    /// From after the docstring (or the colon) to the end of the last line.
    pub(crate) body: Range<usize>,
    /// White space before each statement of the body.
    pub(crate) indent: String,
    /// Names of the parameters, without `self` and `cls`.
    pub(crate) parameters: Vec<String>,
    /// Nothing is written yet: only `pass`, `...` or `raise NotImplementedError`.
    pub(crate) is_stub: bool,
}

impl Block {
    /// `Class.name` or `name`.
    pub(crate) fn qualified_name(&self) -> String {
        match &self.class {
            Some(class) => format!("{class}.{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The text from the first decorator to the colon.
    pub(crate) fn signature<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start..self.colon_end).unwrap_or_default()
    }

    /// The docstring's text between the quotes; empty without one.
    pub(crate) fn doc_text(&self, source: &str) -> String {
        let quoted = self.doc.clone().and_then(|range| source.get(range)).unwrap_or_default();
        let text = quoted.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let text = ["\"\"\"", "'''", "\"", "'"]
            .iter()
            .find_map(|quote| text.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote)))
            .unwrap_or(text);
        dedent(text)
    }

    /// The docstring, where it stands on the line of the header's colon.
    fn doc_beside_header<'a>(&self, source: &'a str) -> Option<&'a str> {
        let doc = self.doc.clone()?;
        let between = source.get(self.colon_end..doc.start)?;
        let is_below = between.replace("\\\r\n", "").replace("\\\n", "").contains('\n');
        if is_below { None } else { source.get(doc) }
    }

    /// The source with this block's body replaced. `body` is indented and ends without a newline.
    pub(crate) fn with_body(&self, source: &str, body: &str) -> String {
        let newline = newline_of(source);
        let mut before = source.get(..self.body.start).unwrap_or_default().to_owned();
        if let Some(doc) = self.doc_beside_header(source) {
            // A body cannot go on below a line that has begun it.
            let header = source.get(..self.colon_end).unwrap_or_default();
            before = format!("{header}{newline}{}{doc}", self.indent);
        }
        let after = source.get(self.body.end..).unwrap_or_default();
        let body = body.lines().collect::<Vec<_>>().join(newline);
        format!("{}{newline}{body}{after}", before.trim_end_matches([' ', '\t']))
    }
}

/// The line end that the file uses.
pub(crate) fn newline_of(source: &str) -> &'static str {
    if source.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Removes the common indentation of all lines but the first, and blank lines at both ends.
pub(crate) fn dedent(text: &str) -> String {
    let margin = text
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines = text.lines().enumerate().map(|(number, line)| {
        if number == 0 { line.trim_start() } else { line.get(margin..).unwrap_or_default() }.trim_end()
    });
    lines.collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
}

/// Every function, method and class of the module, in source order; nested functions are left out.
pub(crate) fn blocks(source: &str, module: &ModModule) -> Vec<Block> {
    let mut found = Vec::new();
    collect(source, &module.body, None, &mut found);
    found
}

fn collect(source: &str, statements: &[Stmt], class: Option<&str>, found: &mut Vec<Block>) {
    for statement in statements {
        match statement {
            Stmt::FunctionDef(function) => found.extend(function_block(source, function, class)),
            Stmt::ClassDef(definition) if class.is_none() => {
                found.extend(class_block(source, definition));
                collect(source, &definition.body, Some(definition.name.as_str()), found);
            }
            Stmt::If(branch) => collect(source, &branch.body, class, found),
            Stmt::Try(attempt) => collect(source, &attempt.body, class, found),
            _ => {}
        }
    }
}

fn function_block(source: &str, function: &StmtFunctionDef, class: Option<&str>) -> Option<Block> {
    let header_end = function.returns.as_ref().map_or(function.parameters.range.end(), |hint| hint.end()).to_usize();
    let parameters = function
        .parameters
        .iter_non_variadic_params()
        .map(|parameter| parameter.parameter.name.to_string())
        .filter(|name| name != "self" && name != "cls")
        .collect();
    let declared_only = function.decorator_list.iter().any(|decorator| {
        let text = super::text_of(source, &decorator.expression);
        text.ends_with("abstractmethod") || text.ends_with("overload")
    });
    let mut block = block(source, statement_start(source, function), header_end, &function.body)?;
    block.keyword = line_start(source, function.name.range.start().to_usize());
    block.name = function.name.to_string();
    block.class = class.map(str::to_owned);
    block.parameters = parameters;
    block.is_stub &= !declared_only;
    Some(block)
}

fn class_block(source: &str, class: &StmtClassDef) -> Option<Block> {
    let header_end = class.arguments.as_ref().map_or(class.name.range.end(), |list| list.range.end()).to_usize();
    let mut block = block(source, statement_start(source, class), header_end, &class.body)?;
    block.keyword = line_start(source, class.name.range.start().to_usize());
    block.name = class.name.to_string();
    block.is_class = true;
    // An exception or a marker class with nothing but `pass` is complete.
    block.is_stub &= class.arguments.is_none();
    Some(block)
}

fn statement_start(source: &str, statement: &impl Ranged) -> usize {
    line_start(source, statement.start().to_usize())
}

fn line_start(source: &str, at: usize) -> usize {
    source.get(..at).and_then(|before| before.rfind(['\n', '\r'])).map_or(0, |newline| newline + 1)
}

fn block(source: &str, start: usize, header_end: usize, body: &[Stmt]) -> Option<Block> {
    let colon_end = header_end + source.get(header_end..)?.find(':')? + 1;
    let documented = body.first().is_some_and(is_string_statement);
    let doc = if documented { body.first().map(rustpython_ruff_text_size::Ranged::range) } else { None };
    let doc = doc.map(|range| range.start().to_usize()..range.end().to_usize());
    let rest = if documented { body.get(1..).unwrap_or_default() } else { body };
    let last = body.last()?.end().to_usize();
    let end = last + source.get(last..)?.find(['\n', '\r']).unwrap_or(source.len() - last);
    let body_start = doc.as_ref().map_or(colon_end, |range| range.end);
    Some(Block {
        name: String::new(),
        class: None,
        is_class: false,
        start,
        keyword: start,
        colon_end,
        body: body_start..end.max(body_start),
        indent: body_indent(source, start, colon_end, body),
        doc,
        parameters: Vec::new(),
        is_stub: rest.iter().all(is_placeholder),
    })
}

/// The indentation of the body's first statement, or the header's plus four when both share a line.
fn body_indent(source: &str, start: usize, colon_end: usize, body: &[Stmt]) -> String {
    let first = body.first().map_or(colon_end, |statement| statement.start().to_usize());
    let line = line_start(source, first);
    if line > colon_end {
        return source.get(line..first).unwrap_or_default().to_owned();
    }
    let header = source.get(start..).unwrap_or_default();
    let width = header.len() - header.trim_start_matches([' ', '\t']).len();
    format!("{}    ", header.get(..width).unwrap_or_default())
}

fn is_placeholder(statement: &Stmt) -> bool {
    let named = |expression: &Expr| matches!(expression, Expr::Name(name) if name.id.as_str() == "NotImplementedError");
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => matches!(*expression.value, Expr::EllipsisLiteral(_)),
        Stmt::Raise(raise) => raise.exc.as_deref().is_some_and(|raised| match raised {
            Expr::Call(call) => named(&call.func),
            other => named(other),
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Vec<Block> {
        blocks(source, &super::super::parse(source).unwrap())
    }

    #[test]
    fn stubs_are_told_from_written_functions() {
        let source = "import abc\n\ndef a(x):\n    \"\"\"Doc.\"\"\"\n    raise NotImplementedError('later')\n\n\
                      def b(): ...\n\ndef c():\n    return 1\n\nclass D:\n    def m(self, k=1):\n        pass\n\n    \
                      @abc.abstractmethod\n    def n(self): ...\n\nclass E(Exception):\n    pass\n\nclass F:\n    \"\"\"To do.\"\"\"\n";
        let found: Vec<_> = of(source).into_iter().map(|b| (b.qualified_name(), b.is_stub, b.parameters)).collect();
        let row = |name: &str, stub, parameters: &[&str]| {
            (name.to_owned(), stub, parameters.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            found,
            [
                row("a", true, &["x"]),
                row("b", true, &[]),
                row("c", false, &[]),
                row("D", false, &[]),
                row("D.m", true, &["k"]),
                row("D.n", false, &[]),
                row("E", false, &[]),
                row("F", true, &[]),
            ]
        );
    }

    #[test]
    fn a_docstring_beside_its_header_gets_a_line_of_its_own() {
        for (source, replaced) in [
            ("def f(): \"\"", "def f():\n    \"\"\n    return 1"),
            (
                "class A:\n  def f(self): 'D'; pass\nx = 1\n",
                "class A:\n  def f(self):\n      'D'\n      return 1\nx = 1\n",
            ),
            ("def f(): \\\n  'D'\n", "def f():\n  'D'\n  return 1\n"),
        ] {
            let block = of(source).into_iter().rev().find(|block| block.name == "f").unwrap();
            let body = format!("{}return 1", block.indent);
            assert_eq!(block.with_body(source, &body), replaced);
        }
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line_too() {
        let source = "def f():\r    return 1\rdef g():\n    return 2\n";
        let blocks = of(source);
        assert_eq!(blocks.iter().map(|block| block.indent.as_str()).collect::<Vec<_>>(), ["    ", "    "]);
        assert_eq!(blocks[0].with_body(source, "    return 3"), "def f():\n    return 3\rdef g():\n    return 2\n");
    }

    #[test]
    fn only_the_body_is_replaced() {
        let source = "def a(x: int) -> int:\n    '''Doc: x.\n\n      more\n    '''\n    raise NotImplementedError  # to do\n\nY = 1\n";
        let block = of(source).remove(0);
        assert_eq!(block.doc_text(source), "Doc: x.\n\nmore");
        assert_eq!(
            block.with_body(source, "    return x"),
            "def a(x: int) -> int:\n    '''Doc: x.\n\n      more\n    '''\n    return x\n\nY = 1\n"
        );
        let short = "def b(): ...";
        assert_eq!(of(short).remove(0).with_body(short, "    return 1"), "def b():\n    return 1");
        let windows = "def c():\r\n    pass\r\nX = 1\r\n";
        assert_eq!(
            of(windows).remove(0).with_body(windows, "    y = 1\n    return y"),
            "def c():\r\n    y = 1\r\n    return y\r\nX = 1\r\n"
        );
        let tabbed = "class K:\n\t@property\n\tdef p(self):\n\t\tpass\n";
        let method = of(tabbed).remove(1);
        assert_eq!((method.indent.as_str(), method.signature(tabbed)), ("\t\t", "\t@property\n\tdef p(self):"));
    }
}
