//! Sentences of small grammars, so that a good part of the inputs is well formed.

use edgecoder_testkit::programs::SplitMix;

use crate::draw::below;

/// Rules by name; `<name>` in an alternative stands for a sentence of that rule. A rule's first alternative is taken when a
/// sentence has become deep, so it refers to nothing. The lines of a rule called `block` are indented.
pub type Grammar = &'static [(&'static str, &'static [&'static str])];

/// Deepest expansion.
const DEPTH_MAX: usize = 9;
/// Longest sentence, in bytes, beyond which only first alternatives are taken.
const BYTES_MAX: usize = 6_000;

/// A sentence of a rule.
pub fn sentence(grammar: Grammar, rule: &str, random: &mut SplitMix) -> String {
    let mut budget = BYTES_MAX;
    expand(grammar, rule, random, 0, &mut budget)
}

fn expand(grammar: Grammar, rule: &str, random: &mut SplitMix, depth: usize, budget: &mut usize) -> String {
    let alternatives = grammar.iter().find(|(name, _)| *name == rule).map(|(_, all)| *all).unwrap_or_default();
    let is_deep = depth >= DEPTH_MAX || *budget == 0;
    let index = if is_deep { 0 } else { below(random, alternatives.len()) };
    let mut rest = alternatives.get(index).copied().unwrap_or_default();
    let mut text = String::new();
    while let Some((before, name, after)) = next_reference(rest) {
        text.push_str(before);
        text.push_str(&expand(grammar, name, random, depth + 1, budget));
        rest = after;
    }
    text.push_str(rest);
    *budget = budget.saturating_sub(rest.len() + 1);
    if rule == "block" { indented(&text) } else { text }
}

/// The text before a reference, its name, the text after it.
fn next_reference(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('<').find_map(|(start, _)| {
        let after = text.get(start + 1..)?;
        let (name, rest) = after.split_once('>')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
        is_name.then(|| (text.get(..start).unwrap_or_default(), name, rest))
    })
}

fn indented(text: &str) -> String {
    text.split_inclusive('\n').map(|line| format!("    {line}")).collect()
}
