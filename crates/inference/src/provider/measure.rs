//! What a probe asks a server that no run asks: to call a tool, and to read a prompt that may not fit.

use edgecoder_http::client::Request;
use serde_json::{Value, json};

use super::serve;
use super::{ProviderKind, RemoteModel};
use crate::contract::{
    Cancel, GenerateEvent, GenerateRequest, InferenceError, Message, Prompt, Role, Sampling, Sequence,
};
use crate::probe::{Finding, filler};

/// Tokens that a call of a tool may take.
const TOOL_TOKENS_MAX: u32 = 256;

impl RemoteModel {
    /// Offers a tool to a question that cannot be answered without it.
    pub(super) fn tools(
        &self,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Finding, InferenceError> {
        self.server.admit()?;
        let answer = match self.server.ask(&self.tool_request()?, cancel, on_event) {
            Ok(answer) => answer,
            Err(InferenceError::Http(error)) if matches!(error, edgecoder_http::HttpError::Status { .. }) => {
                return Ok(Finding::no(format!("refused: {error}")));
            }
            Err(error) => return Err(error),
        };
        let message = answer.get("message").or_else(|| answer.get("choices")?.get(0)?.get("message"));
        let call = message.and_then(|message| message.get("tool_calls")?.get(0)?.get("function"));
        let name = call.and_then(|call| call.get("name")).and_then(Value::as_str);
        let given = call.and_then(|call| call.get("arguments"));
        // Arguments are JSON, or JSON as text.
        let read = given.and_then(|given| match given {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        });
        let has_city = read.as_ref().and_then(|read| read.get("city")).is_some_and(Value::is_string);
        Ok(match (name, has_city) {
            (Some("weather"), true) => Finding::yes("it called the tool with the argument that was wanted"),
            (Some(_), _) => Finding::no("it called a tool, but not the one that was offered or not as it asks for"),
            (None, _) => Finding::no("it answered without calling the tool"),
        })
    }

    fn tool_request(&self) -> Result<Request, InferenceError> {
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let tool = json!({"type": "function", "function": {"name": "weather",
            "description": "Tells the weather of a city.", "parameters": parameters}});
        let question =
            [Message { role: Role::User, content: "What is the weather in Paris now? Use the tool.".to_owned() }];
        let mut body =
            json!({"model": self.name.model, "messages": super::messages(&question), "tools": [tool], "stream": false});
        let path = match self.name.kind {
            ProviderKind::Ollama => {
                body["options"] =
                    json!({"num_ctx": self.context_tokens, "num_predict": TOOL_TOKENS_MAX, "temperature": 0.0});
                "api/chat"
            }
            ProviderKind::OpenAi => {
                body["max_tokens"] = json!(TOOL_TOKENS_MAX);
                body["temperature"] = json!(0.0);
                "chat/completions"
            }
        };
        let request = Request::post_json(self.server.base.join(path)?, body.to_string().into_bytes());
        Ok(request.bearer(self.server.key.clone()).repeatable())
    }

    /// Sends a prompt of so many words, whether or not it fits, and says how many tokens the server read.
    pub(super) fn read(
        &self,
        words: u32,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Option<u64>, InferenceError> {
        let content = filler(words);
        let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
        let asked = GenerateRequest {
            prompt: Prompt::Chat(vec![Message { role: Role::User, content }]),
            sequences: vec![Sequence { seed: 1, sampling }],
            tokens_max: 1,
            tokens_all_max: None,
            stop: Vec::new(),
            format: None,
        };
        let (_, usage) = serve::unchecked(self, &asked, cancel, on_event)?;
        Ok((!usage.is_estimated).then_some(usage.prompt_tokens))
    }
}
