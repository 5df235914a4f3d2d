//! What would be sent, byte for byte, without sending it.

use edgecoder_http::client::Request;
use edgecoder_types::Digest;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::RemoteModel;
use crate::contract::{GenerateRequest, InferenceError};

/// One request as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Host and port.
    pub to: String,
    /// The proxy that it would go through, where there is one.
    pub proxy: Option<String>,
    /// Whether that is another machine.
    pub leaves: bool,
    /// Whether it is sent before the first prompt only.
    pub is_preflight: bool,
    /// First line and headers, with the empty line; the key is hidden.
    pub head: String,
    /// The body.
    pub body: String,
    /// Bytes of the body.
    pub bytes: u64,
    /// SHA-256 of the body.
    pub digest: Digest,
}

impl RemoteModel {
    /// Everything that [`crate::Model::generate`] would send for a first request, in order.
    ///
    /// # Errors
    /// As `generate`, as far as no server has to be asked; whether anything may leave is not looked at.
    pub fn preview(&self, request: &GenerateRequest) -> Result<Vec<Preview>, InferenceError> {
        self.check(request)?;
        let before = self.preflight()?;
        let first = before.iter().map(|request| self.show(request, true));
        let questions = self.requests(request)?;
        Ok(first.chain(questions.iter().map(|request| self.show(request, false))).collect())
    }

    fn show(&self, request: &Request, is_preflight: bool) -> Preview {
        Preview {
            to: request.url().host_and_port(),
            proxy: self.server.client.proxy_of(request.url()),
            leaves: self.server.leaves(),
            is_preflight,
            head: self.server.client.wire_head(request),
            body: String::from_utf8_lossy(request.body()).into_owned(),
            bytes: request.body().len() as u64,
            digest: Digest(Sha256::digest(request.body()).into()),
        }
    }
}
