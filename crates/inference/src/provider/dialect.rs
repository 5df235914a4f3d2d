//! What providers have in common: the shape of a question to a server and of a piece of its answer.

use edgecoder_http::HttpError;

use crate::contract::InferenceError;

/// What a server told about the model before the first prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Learned {
    /// The window that the server gives this model, where it says so.
    pub(super) context_tokens: Option<u32>,
}

/// One piece of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Delta {
    /// Text of the answer.
    pub(super) text: String,
    /// Whether the piece stands for a token: also what a model thinks and does not say.
    pub(super) is_token: bool,
    /// Why the answer ends here.
    pub(super) finish: Option<Finish>,
    /// Prompt and completion tokens.
    pub(super) usage: Option<(Option<u64>, Option<u64>)>,
    /// Nothing follows.
    pub(super) is_last: bool,
}

/// Ends that servers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// The model's own, or a stop text.
    Stop,
    /// Tokens or the window are used up.
    Length,
}

/// Why a piece is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadPiece {
    /// It cannot be read.
    Malformed(String),
    /// The server says that it failed.
    Failed(String),
}

/// The JSON in a line, or why it is none.
pub(super) fn read_json(text: &str) -> Result<serde_json::Value, BadPiece> {
    serde_json::from_str(text).map_err(|error| {
        let shown: String = text.chars().take(80).collect();
        BadPiece::Malformed(format!("{shown:?} is no JSON ({error})"))
    })
}

/// The error that a server's JSON carries, in either of its two usual forms.
pub(super) fn error_in(value: &serde_json::Value) -> Option<String> {
    let error = value.get("error")?;
    let text = error.get("message").unwrap_or(error);
    match text {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A refusal that is about the context window, with the numbers that the server tells or else ours.
pub(super) fn does_not_fit(error: &HttpError, prompt_tokens: u32, tokens_max: u32) -> Option<InferenceError> {
    let HttpError::Status { status: 400 | 413 | 422 | 500, detail, .. } = error else { return None };
    let text = detail.to_ascii_lowercase();
    let is_about_it = ["context length", "context window", "context size", "context_length"];
    if !is_about_it.iter().any(|words| text.contains(words)) {
        return None;
    }
    let number_after = |words: &str| {
        let rest = text.get(text.find(words)? + words.len()..)?;
        let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '\n');
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse::<u32>().ok()
    };
    let window = ["maximum context length", "n_ctx", "context window of", "context size"];
    let prompt = ["n_prompt_tokens", "requested tokens", "you requested", "resulted in"];
    let context_tokens = window.iter().find_map(|words| number_after(words));
    let asked = prompt.iter().find_map(|words| number_after(words));
    Some(match context_tokens {
        Some(context_tokens) => {
            InferenceError::DoesNotFit { prompt_tokens: asked.unwrap_or(prompt_tokens), tokens_max, context_tokens }
        }
        None => InferenceError::Invalid(format!("the prompt does not fit the context window: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_about_the_window_are_told_with_their_numbers() {
        let refusal = |detail: &str| HttpError::Status {
            to: "a:1".to_owned(),
            status: 400,
            detail: detail.to_owned(),
            retry_after: None,
        };
        let rows = [
            (
                "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4800 in the messages).",
                5000,
                4096,
            ),
            (
                r#"{"error":{"type":"exceed_context_size_error","message":"the request exceeds the available context size","n_prompt_tokens":900,"n_ctx":512}}"#,
                900,
                512,
            ),
            ("Requested tokens (2100) exceed context window of 2048", 2100, 2048),
        ];
        for (detail, prompt, window) in rows {
            match does_not_fit(&refusal(detail), 1, 7) {
                Some(InferenceError::DoesNotFit { prompt_tokens, tokens_max: 7, context_tokens }) => {
                    assert_eq!((prompt_tokens, context_tokens), (prompt, window));
                }
                other => panic!("{other:?}"),
            }
        }
        let unnumbered = does_not_fit(&refusal("the input length exceeds the context length"), 1, 7);
        assert!(matches!(unnumbered, Some(InferenceError::Invalid(_))));
        assert!(does_not_fit(&refusal("temperature is wrong"), 1, 7).is_none());
    }

    #[test]
    fn errors_are_found_in_both_forms() {
        let of = |text: &str| error_in(&serde_json::from_str(text).unwrap());
        assert_eq!(of(r#"{"error":"gone"}"#).as_deref(), Some("gone"));
        assert_eq!(of(r#"{"error":{"message":"no","code":1}}"#).as_deref(), Some("no"));
        assert_eq!(of(r#"{"error":null}"#), None);
        assert_eq!(of(r#"{"a":1}"#), None);
    }
}
