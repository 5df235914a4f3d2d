//! Ollama. It cuts prompts silently at the window that it loaded the model with, so the window is asked for in every request,
//! the model is loaded with it beforehand, and the server is asked what it made of that.

use edgecoder_http::HttpError;
use edgecoder_http::client::{Request, Url};
use serde_json::{Value, json};

use super::dialect::{BadPiece, Delta, Finish, error_in, read_json};
use crate::contract::{GenerateRequest, InferenceError, OutputFormat, Prompt, Sequence};

/// The question which models there are.
pub(super) fn list_request(base: &Url) -> Result<Request, HttpError> {
    Ok(Request::get(base.join("api/tags")?).header("accept", "application/json"))
}

/// Names of the models that the server has.
pub(super) fn read_list(body: &Value) -> Option<Vec<String>> {
    let models = body.get("models")?.as_array()?;
    Some(models.iter().filter_map(|model| Some(model.get("name")?.as_str()?.to_owned())).collect())
}

/// The question what a model is.
pub(super) fn show_request(base: &Url, model: &str) -> Result<Request, HttpError> {
    Ok(Request::post_json(base.join("api/show")?, body_of(&json!({"model": model}))).repeatable())
}

/// The window that a model was made with.
pub(super) fn read_show(body: &Value) -> Option<u32> {
    let info = body.get("model_info")?.as_object()?;
    let (_, tokens) = info.iter().find(|(name, _)| name.ends_with(".context_length"))?;
    u32::try_from(tokens.as_u64()?).ok().filter(|tokens| *tokens > 0)
}

/// The order to load a model with a window, without a prompt.
pub(super) fn load_request(base: &Url, model: &str, context_tokens: u32) -> Result<Request, HttpError> {
    let body = json!({"model": model, "stream": false, "options": {"num_ctx": context_tokens}});
    Ok(Request::post_json(base.join("api/generate")?, body_of(&body)).repeatable())
}

/// The question what is loaded.
pub(super) fn loaded_request(base: &Url) -> Result<Request, HttpError> {
    Ok(Request::get(base.join("api/ps")?).header("accept", "application/json"))
}

/// The window that a model is loaded with; older servers do not say.
pub(super) fn read_loaded(body: &Value, model: &str) -> Option<u32> {
    let models = body.get("models")?.as_array()?;
    let is_it = |entry: &&Value| {
        let named = |field: &str| entry.get(field).and_then(Value::as_str).is_some_and(|name| is_same(name, model));
        named("name") || named("model")
    };
    u32::try_from(models.iter().find(is_it)?.get("context_length")?.as_u64()?).ok()
}

/// A name without a tag means `latest`.
pub(super) fn is_same(name: &str, other: &str) -> bool {
    let whole = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or(name);
        if last.contains(':') { name.to_owned() } else { format!("{name}:latest") }
    };
    whole(name) == whole(other)
}

/// One candidate as a request.
pub(super) fn request(
    base: &Url,
    model: &str,
    context_tokens: u32,
    asked: &GenerateRequest,
    sequence: &Sequence,
) -> Result<Request, InferenceError> {
    let sampling = sequence.sampling;
    let mut body = json!({
        "model": model,
        "stream": true,
        // Servers that know these refuse what does not fit, instead of cutting it.
        "truncate": false,
        "shift": false,
        "options": {
            "num_ctx": context_tokens,
            "num_predict": asked.tokens_max,
            "temperature": super::number(sampling.temperature),
            "top_p": super::number(sampling.top_p),
            "top_k": sampling.top_k,
            "seed": super::seed(sequence.seed),
            "stop": asked.stop,
        },
    });
    match &asked.format {
        None => {}
        Some(OutputFormat::Json) => body["format"] = json!("json"),
        Some(OutputFormat::JsonSchema(schema)) => body["format"] = schema.clone(),
        Some(OutputFormat::Grammar(_)) => {
            return Err(InferenceError::Invalid("Ollama takes no grammar, only a JSON schema".to_owned()));
        }
    }
    let path = match &asked.prompt {
        Prompt::Text(text) => {
            body["prompt"] = json!(text);
            body["raw"] = json!(true);
            "api/generate"
        }
        Prompt::Chat(messages) => {
            body["messages"] = super::messages(messages);
            "api/chat"
        }
    };
    let request = Request::post_json(base.join(path)?, body_of(&body)).header("accept", "application/x-ndjson");
    Ok(request.repeatable())
}

fn body_of(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Reads one line.
pub(super) fn read(line: &str) -> Result<Delta, BadPiece> {
    let value = read_json(line)?;
    if let Some(error) = error_in(&value) {
        return Err(BadPiece::Failed(error));
    }
    let Some(done) = value.get("done").and_then(Value::as_bool) else {
        return Err(BadPiece::Malformed("a line that does not say whether it is the last".to_owned()));
    };
    let message = value.get("message");
    let said = message.and_then(|message| message.get("content")).or_else(|| value.get("response"));
    let text = said.and_then(Value::as_str).unwrap_or_default().to_owned();
    let thought = message.and_then(|message| message.get("thinking")).or_else(|| value.get("thinking"));
    let thinks = thought.and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let count = |name: &str| value.get(name).and_then(Value::as_u64);
    let usage = (count("prompt_eval_count"), count("eval_count"));
    let finish = match value.get("done_reason").and_then(Value::as_str) {
        Some("length") => Finish::Length,
        _ => Finish::Stop,
    };
    Ok(Delta {
        is_token: !text.is_empty() || thinks,
        text,
        finish: done.then_some(finish),
        usage: (usage != (None, None)).then_some(usage),
        is_last: done,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let delta = read(r#"{"message":{"role":"assistant","content":"hi"},"done":false}"#).unwrap();
        assert_eq!((delta.text.as_str(), delta.is_token, delta.is_last), ("hi", true, false));
        let last = r#"{"response":"","done":true,"done_reason":"length","prompt_eval_count":5,"eval_count":6}"#;
        let delta = read(last).unwrap();
        assert_eq!((delta.finish, delta.usage, delta.is_last), (Some(Finish::Length), Some((Some(5), Some(6))), true));
        assert_eq!(read(r#"{"error":"no memory"}"#), Err(BadPiece::Failed("no memory".to_owned())));
        for wrong in ["", "{", "{}", "3"] {
            assert!(matches!(read(wrong), Err(BadPiece::Malformed(_))), "{wrong}");
        }
    }

    #[test]
    fn windows_are_found() {
        assert_eq!(
            read_show(&json!({"model_info": {"qwen2.context_length": 32768, "qwen2.block_count": 24}})),
            Some(32_768)
        );
        assert_eq!(read_show(&json!({"model_info": {}})), None);
        let loaded = json!({"models": [{"name": "a:latest", "context_length": 2048}, {"name": "b:7b"}]});
        assert_eq!(read_loaded(&loaded, "a"), Some(2048));
        assert_eq!(read_loaded(&loaded, "b:7b"), None);
        assert!(is_same("hub.example/a/b", "hub.example/a/b:latest") && !is_same("a:7b", "a"));
    }
}
