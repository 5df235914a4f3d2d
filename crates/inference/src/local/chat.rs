//! A chat as tokens, by the template in the model's own file.

use std::ffi::{CStr, CString};

use crate::contract::{InferenceError, Message, Role};

use super::ffi::{Weights, render_chat};

/// Renders and tokenises a chat. A final assistant message is left open, so that the model continues it.
///
/// Messages are plain text: one that spells a control token does not become one, so that no content can close its own turn.
pub(super) fn tokens(weights: &Weights, messages: &[Message]) -> Result<Vec<i32>, InferenceError> {
    let template = weights
        .chat_template()
        .ok_or_else(|| InferenceError::Invalid("the model has no chat template: give the prompt as text".to_owned()))?;
    let (turns, opening) = match messages.split_last() {
        Some((last, turns)) if last.role == Role::Assistant => (turns, last.content.as_str()),
        Some(_) => (messages, ""),
        None => return Err(InferenceError::Invalid("the chat has no message".to_owned())),
    };
    let contents: Vec<&str> = turns.iter().map(|turn| turn.content.as_str()).collect();
    let mut plain = true;
    for content in contents.iter().chain([&opening]) {
        plain &= !names_control_token(weights, content)?;
    }
    let segments = if plain {
        let rendered = render(&template, turns, &contents)?;
        vec![Segment::Template(rendered + opening)]
    } else {
        split(&template, turns, &contents, opening)?
    };
    let mut tokens = Vec::new();
    for segment in &segments {
        let (text, parse_special) = match segment {
            Segment::Template(text) => (text, true),
            Segment::Content(text) => (text, false),
        };
        let first = tokens.is_empty();
        tokens.extend(weights.tokenize(text, first, parse_special).map_err(InferenceError::Invalid)?);
    }
    // Some templates spell the start token that the tokenizer adds as well.
    if let [first, second, ..] = tokens[..]
        && first == second
        && weights.first_token() == Some(first)
    {
        tokens.remove(0);
    }
    Ok(tokens)
}

enum Segment {
    /// Written by the template: its control tokens count.
    Template(String),
    /// Written by a message: text only.
    Content(String),
}

fn names_control_token(weights: &Weights, content: &str) -> Result<bool, InferenceError> {
    let tokens = weights.tokenize(content, false, true).map_err(InferenceError::Invalid)?;
    Ok(tokens.iter().any(|token| weights.is_end(*token)))
}

fn render(template: &CStr, turns: &[Message], contents: &[&str]) -> Result<String, InferenceError> {
    let nul = |_| InferenceError::Invalid("a chat message holds a NUL byte".to_owned());
    let mut messages = Vec::new();
    for (turn, content) in turns.iter().zip(contents) {
        let role = match turn.role {
            Role::System => c"system",
            Role::User => c"user",
            Role::Assistant => c"assistant",
        };
        messages.push((role.to_owned(), CString::new(*content).map_err(nul)?));
    }
    render_chat(template, &messages, true).ok_or_else(|| {
        InferenceError::Invalid(
            "the model's chat template is of a kind that is not known: give the prompt as text".to_owned(),
        )
    })
}

/// Renders with stand-ins for the contents and cuts there.
fn split(template: &CStr, turns: &[Message], contents: &[&str], opening: &str) -> Result<Vec<Segment>, InferenceError> {
    let stand_ins: Vec<String> = (0..contents.len()).map(|index| format!("\u{1}{index}\u{1}")).collect();
    let stand_ins: Vec<&str> = stand_ins.iter().map(String::as_str).collect();
    let rendered = render(template, turns, &stand_ins)?;
    let mut segments = Vec::new();
    let mut rest = rendered.as_str();
    for (stand_in, content) in stand_ins.iter().zip(contents) {
        let (before, after) = rest
            .split_once(stand_in)
            .ok_or_else(|| InferenceError::Invalid("the model's chat template leaves a message out".to_owned()))?;
        segments.push(Segment::Template(before.to_owned()));
        segments.push(Segment::Content((*content).to_owned()));
        rest = after;
    }
    segments.push(Segment::Template(rest.to_owned()));
    segments.push(Segment::Content(opening.to_owned()));
    segments.retain(|segment| !matches!(segment, Segment::Template(text) | Segment::Content(text) if text.is_empty()));
    Ok(segments)
}
