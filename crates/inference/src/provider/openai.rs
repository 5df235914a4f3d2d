//! Servers that speak the chat completions interface: vLLM, the llama.cpp server, LM Studio and many others.

use edgecoder_http::HttpError;
use edgecoder_http::client::{Request, Secret, Url};
use serde_json::{Value, json};

use super::dialect::{BadPiece, Delta, Finish, Learned, error_in, read_json};
use crate::contract::{GenerateRequest, InferenceError, OutputFormat, Prompt, Role, Sequence};

/// The interface allows no more; all are looked for on this side as well.
const STOPS_MAX: usize = 4;

/// The question which models there are.
pub(super) fn list_request(base: &Url, key: Option<Secret>) -> Result<Request, HttpError> {
    Ok(Request::get(base.join("models")?).header("accept", "application/json").bearer(key))
}

/// Names of the models that the server offers, with their windows.
pub(super) fn read_list(body: &Value) -> Option<Vec<(String, Option<u32>)>> {
    let models = body.get("data")?.as_array()?;
    let window = |model: &Value| {
        let own = ["max_model_len", "loaded_context_length", "context_length", "max_context_length", "context_window"];
        let own = own.iter().find_map(|name| model.get(*name)?.as_u64());
        let trained = || model.get("meta")?.get("n_ctx_train")?.as_u64();
        own.or_else(trained).and_then(|tokens| u32::try_from(tokens).ok()).filter(|tokens| *tokens > 0)
    };
    let named = |model: &Value| Some((model.get("id")?.as_str()?.to_owned(), window(model)));
    Some(models.iter().filter_map(named).collect())
}

/// What the list says about one model.
pub(super) fn learn(models: &[(String, Option<u32>)], model: &str, to: &str) -> Result<Learned, InferenceError> {
    match models.iter().find(|(name, _)| name == model) {
        Some((_, context_tokens)) => Ok(Learned { context_tokens: *context_tokens }),
        None => Err(super::no_such_model(model, to, models.iter().map(|(name, _)| name.as_str()))),
    }
}

/// One candidate as a request.
pub(super) fn request(
    base: &Url,
    key: Option<Secret>,
    model: &str,
    asked: &GenerateRequest,
    sequence: &Sequence,
) -> Result<Request, InferenceError> {
    let sampling = sequence.sampling;
    let mut body = json!({
        "model": model,
        "max_tokens": asked.tokens_max,
        "temperature": super::number(sampling.temperature),
        "top_p": super::number(sampling.top_p),
        "seed": super::seed(sequence.seed),
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if !asked.stop.is_empty() {
        body["stop"] = json!(asked.stop.iter().take(STOPS_MAX).collect::<Vec<_>>());
    }
    match &asked.format {
        None => {}
        Some(OutputFormat::Json) => body["response_format"] = json!({"type": "json_object"}),
        Some(OutputFormat::JsonSchema(schema)) => {
            body["response_format"] =
                json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema}});
        }
        // A name of llama.cpp's server; vLLM has its own, which is not tried.
        Some(OutputFormat::Grammar(grammar)) => body["grammar"] = json!(grammar),
    }
    let path = match &asked.prompt {
        Prompt::Text(text) => {
            body["prompt"] = json!(text);
            "completions"
        }
        Prompt::Chat(messages) => {
            if messages.last().is_some_and(|last| last.role == Role::Assistant) {
                return Err(InferenceError::Invalid(
                    "this provider cannot go on with an answer that is begun: let the chat end with a question"
                        .to_owned(),
                ));
            }
            body["messages"] = super::messages(messages);
            "chat/completions"
        }
    };
    let bytes = serde_json::to_vec(&body).map_err(|error| InferenceError::Internal(error.to_string()))?;
    let request = Request::post_json(base.join(path)?, bytes).header("accept", "text/event-stream");
    Ok(request.bearer(key).repeatable())
}

/// Reads the data of one event.
pub(super) fn read(data: &str) -> Result<Delta, BadPiece> {
    if data.trim() == "[DONE]" {
        return Ok(Delta { is_last: true, ..Delta::default() });
    }
    let value = read_json(data)?;
    if let Some(error) = error_in(&value) {
        return Err(BadPiece::Failed(error));
    }
    let count = |name: &str| value.get("usage").and_then(|usage| usage.get(name)?.as_u64());
    let usage = (count("prompt_tokens"), count("completion_tokens"));
    let mut delta = Delta { usage: (usage != (None, None)).then_some(usage), ..Delta::default() };
    let choices = value.get("choices").and_then(Value::as_array);
    let Some(choices) = choices else {
        return Err(BadPiece::Malformed("a piece without choices".to_owned()));
    };
    let Some(choice) = choices.first() else { return Ok(delta) };
    let said = choice.get("delta").and_then(|delta| delta.get("content")).or_else(|| choice.get("text"));
    said.and_then(Value::as_str).unwrap_or_default().clone_into(&mut delta.text);
    let thought = choice.get("delta").and_then(|delta| delta.get("reasoning_content"));
    let thinks = thought.and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    delta.is_token = !delta.text.is_empty() || thinks;
    delta.finish = match choice.get("finish_reason").and_then(Value::as_str) {
        None => None,
        Some("length") => Some(Finish::Length),
        Some(_) => Some(Finish::Stop),
    };
    Ok(delta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read() {
        let text = r#"{"choices":[{"delta":{"content":"def"},"finish_reason":null}]}"#;
        let delta = read(text).unwrap();
        assert_eq!((delta.text.as_str(), delta.is_token, delta.finish), ("def", true, None));
        let delta = read(r#"{"choices":[{"text":"x","finish_reason":"length"}]}"#).unwrap();
        assert_eq!((delta.text.as_str(), delta.finish), ("x", Some(Finish::Length)));
        let delta = read(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#).unwrap();
        assert_eq!(delta.usage, Some((Some(3), Some(4))));
        assert!(read(r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#).unwrap().is_token);
        assert!(read(" [DONE]").unwrap().is_last);
        assert_eq!(read(r#"{"error":{"message":"out of memory"}}"#), Err(BadPiece::Failed("out of memory".to_owned())));
        for wrong in ["{", "", "[]", "{}", "null", r#"{"choices":3}"#] {
            assert!(matches!(read(wrong), Err(BadPiece::Malformed(_))), "{wrong}");
        }
    }

    #[test]
    fn windows_are_found_where_servers_tell_them() {
        let body = json!({"data": [
            {"id": "vllm", "max_model_len": 4096},
            {"id": "llama", "meta": {"n_ctx_train": 2048}},
            {"id": "plain"},
            {"id": "odd", "max_model_len": 0},
        ]});
        let models = read_list(&body).unwrap();
        assert_eq!(models.iter().map(|(_, window)| *window).collect::<Vec<_>>(), [Some(4096), Some(2048), None, None]);
        assert_eq!(learn(&models, "llama", "a:1").unwrap().context_tokens, Some(2048));
        let error = learn(&models, "other", "a:1").unwrap_err();
        assert_eq!(error.code(), "model_not_found");
        assert!(error.to_string().contains("vllm, llama, plain"), "{error}");
        assert_eq!(read_list(&json!({"models": []})), None);
    }
}
