//! How deep a source would nest, measured on the token stream before anything recursive sees it.
//!
//! The parser, the checker, the instrumentation, the compiler and the drop of a tree all recurse as
//! deep as the tree is. The measure is an upper bound of that depth: open brackets, blocks and
//! interpolations, plus every operator that may add a level, counted up to the next delimiter.
//!
//! The parser recovers from errors and may then see blocks where the lexer sees the inside of a
//! bracket. So a closing bracket counts only where it matches, and the number of different
//! indentations of the file bounds the blocks that any recovery can find.

use rustpython_ruff_python_ast::token::TokenKind;
use rustpython_ruff_python_parser::{Mode, lexer};

/// The deepest tree that is parsed, in levels of the measure: a bracket, an operator or an `elif`
/// is one, a block is four.
pub const NESTING_MAX: u32 = 400;

/// The deepest `finally` within `finally` that is parsed: the compiler copies such a body for every
/// way out of its `try`, so its code doubles or trebles with each level.
pub const FINALLY_NESTING_MAX: u32 = 4;

/// The stack that parsing, checking, instrumenting and compiling the deepest allowed tree stays
/// within: the usual stack of a main thread.
pub const STACK_BYTES_MIN: usize = 8 << 20;

/// What one nested block costs: statements, clauses and bodies go through larger functions than operators do.
const BLOCK_LEVELS: u32 = 4;

/// What nests too deep, and the byte offset of the first token that does.
pub(crate) struct Excess {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

/// The first place deeper than the limits.
pub(crate) fn find_excess(text: &str) -> Option<Excess> {
    let Some(what) = measure(text) else {
        return has_too_many_indentations(text).then(|| Excess {
            offset: 0,
            message: format!("the file has more than {NESTING_MAX} different indentations"),
        });
    };
    let message = match what {
        What::Levels => format!("code nests deeper than {NESTING_MAX} levels"),
        What::Finally => format!("`finally` blocks nest deeper than {FINALLY_NESTING_MAX} levels"),
    };
    Some(Excess { offset: last_token_start(text), message })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Levels,
    Finally,
}

fn measure(text: &str) -> Option<What> {
    let mut depth = Depth::new();
    let mut tokens = lexer::lex(text, Mode::Module);
    loop {
        let kind = tokens.next_token();
        if kind == TokenKind::EndOfFile {
            return None;
        }
        depth.take(kind);
        if depth.total > NESTING_MAX {
            return Some(What::Levels);
        }
        if depth.finally_open > FINALLY_NESTING_MAX {
            return Some(What::Finally);
        }
    }
}

/// The start of the last character of the shortest prefix that is too deep. The lexer tells no
/// places, so the prefix is searched by bisection; only refused sources pay for it.
fn last_token_start(text: &str) -> usize {
    let boundary = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let (mut fits, mut exceeds) = (0, text.len());
    let mut step = 256;
    while fits + step < exceeds {
        let at = boundary(fits + step);
        if measure(&text[..at]).is_some() {
            exceeds = at;
        } else {
            fits = at;
            step *= 2;
            continue;
        }
        break;
    }
    while boundary(fits + 1) < exceeds {
        let at = boundary(fits.midpoint(exceeds).max(fits + 1));
        if at >= exceeds {
            break;
        }
        if measure(&text[..at]).is_some() { exceeds = at } else { fits = at }
    }
    fits
}

/// Blocks need lines of ever deeper indentation, whatever else is wrong with the file.
fn has_too_many_indentations(text: &str) -> bool {
    let limit = NESTING_MAX as usize;
    let width = |line: &str| line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count();
    if text.lines().all(|line| width(line) <= limit) {
        return false;
    }
    let mut widths: Vec<usize> = text.lines().map(width).collect();
    widths.sort_unstable();
    widths.dedup();
    widths.len() > limit
}

/// One open bracket or interpolation; the first is the logical line.
#[derive(Default)]
struct Level {
    /// The token that closes it.
    closer: Option<TokenKind>,
    /// Operators since the last delimiter.
    chain: u32,
    /// Lambdas whose parameters are still open: their commas and colons delimit nothing.
    lambdas: u32,
    /// Whether each comma nests: the items of a `with` statement.
    is_with: bool,
}

/// One open block; the first is the module.
#[derive(Default)]
struct Block {
    /// `elif` clauses so far: each compiles inside the one before.
    elifs: u32,
    is_finally: bool,
}

struct Depth {
    total: u32,
    finally_open: u32,
    levels: Vec<Level>,
    blocks: Vec<Block>,
    before: TokenKind,
    is_line_start: bool,
    is_finally_next: bool,
}

impl Depth {
    fn new() -> Self {
        Self {
            total: 0,
            finally_open: 0,
            levels: vec![Level::default()],
            blocks: vec![Block::default()],
            before: TokenKind::Newline,
            is_line_start: true,
            is_finally_next: false,
        }
    }

    fn take(&mut self, kind: TokenKind) {
        match kind {
            TokenKind::Comment | TokenKind::NonLogicalNewline => return,
            TokenKind::Indent => self.open_block(),
            TokenKind::Dedent => self.close_block(),
            TokenKind::Newline | TokenKind::Semi => {
                self.delimit(true);
                self.is_line_start |= kind == TokenKind::Newline;
            }
            _ => {
                if std::mem::replace(&mut self.is_line_start, false) {
                    self.begin_line(kind);
                }
                self.take_inline(kind);
            }
        }
        self.before = kind;
    }

    fn take_inline(&mut self, kind: TokenKind) {
        match kind {
            TokenKind::Lpar => self.open(TokenKind::Rpar),
            TokenKind::Lsqb => self.open(TokenKind::Rsqb),
            TokenKind::Lbrace => self.open(TokenKind::Rbrace),
            TokenKind::FStringStart => self.open(TokenKind::FStringEnd),
            TokenKind::TStringStart => self.open(TokenKind::TStringEnd),
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd | TokenKind::TStringEnd => {
                self.close(kind);
            }
            TokenKind::Comma => self.comma(),
            TokenKind::Colon => {
                let level = self.level();
                level.lambdas = level.lambdas.saturating_sub(1);
            }
            TokenKind::Lambda => {
                self.level().lambdas += 1;
                self.add(1);
            }
            TokenKind::With => {
                self.level().is_with = true;
                self.add(1);
            }
            kind if is_flat(kind) => {}
            _ => self.add(1),
        }
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn add(&mut self, count: u32) {
        self.level().chain += count;
        self.total += count;
    }

    fn open(&mut self, closer: TokenKind) {
        let is_with = self.before == TokenKind::With;
        self.add(1);
        self.levels.push(Level { closer: Some(closer), is_with, ..Level::default() });
    }

    /// A closing token that does not match closes nothing: recovery may go on inside the bracket.
    fn close(&mut self, kind: TokenKind) {
        if self.level().closer == Some(kind)
            && let Some(level) = self.levels.pop()
        {
            self.total -= level.chain;
            if matches!(self.level().closer, Some(TokenKind::FStringEnd | TokenKind::TStringEnd)) {
                self.delimit(false);
            }
        }
    }

    fn comma(&mut self) {
        let level = self.level();
        if level.is_with {
            self.add(2);
        } else if level.lambdas == 0 {
            self.delimit(false);
        }
    }

    fn delimit(&mut self, is_line_end: bool) {
        let level = self.level();
        let chain = std::mem::take(&mut level.chain);
        if is_line_end {
            level.lambdas = 0;
            level.is_with = false;
        }
        self.total -= chain;
    }

    fn begin_line(&mut self, kind: TokenKind) {
        if self.blocks.is_empty() {
            self.blocks.push(Block::default());
        }
        let last = self.blocks.len() - 1;
        let block = &mut self.blocks[last];
        if kind == TokenKind::Elif {
            block.elifs += 1;
            self.total += 1;
        } else if kind != TokenKind::Else {
            self.total -= std::mem::take(&mut block.elifs);
        }
        self.is_finally_next = kind == TokenKind::Finally;
    }

    fn open_block(&mut self) {
        let is_finally = std::mem::take(&mut self.is_finally_next);
        self.finally_open += u32::from(is_finally);
        self.total += BLOCK_LEVELS;
        self.blocks.push(Block { is_finally, ..Block::default() });
    }

    fn close_block(&mut self) {
        if self.blocks.len() > 1
            && let Some(block) = self.blocks.pop()
        {
            self.finally_open -= u32::from(block.is_finally);
            self.total -= BLOCK_LEVELS + block.elifs;
        }
    }
}

/// Tokens that add no level: atoms, delimiters, and operators that the parser reads in a loop.
fn is_flat(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(
        kind,
        T::Name
            | T::Int
            | T::Float
            | T::Complex
            | T::String
            | T::FStringMiddle
            | T::TStringMiddle
            | T::Ellipsis
            | T::True
            | T::False
            | T::None
            | T::And
            | T::Or
            | T::In
            | T::Is
            | T::Less
            | T::Greater
            | T::EqEqual
            | T::NotEqual
            | T::LessEqual
            | T::GreaterEqual
            | T::Equal
            | T::Rarrow
            | T::As
            | T::From
            | T::Import
            | T::Global
            | T::Nonlocal
            | T::Case
            | T::Match
            | T::Type
            | T::Unknown
    )
}
