//! Providers without patience.

use std::time::Duration;

use edgecoder_http::client::{Client, ClientOptions, RetryPolicy, Secret, Timeouts, Url};
use edgecoder_inference::provider::{Egress, ProviderKind, RemoteModel, RemoteOptions, Server};
use edgecoder_testkit::ModelServer;

pub(crate) const KINDS: [ProviderKind; 2] = [ProviderKind::Ollama, ProviderKind::OpenAi];
pub(crate) const STORY: &str = "Once upon a time a small robot walked to the sea. ";
pub(crate) const KEY: &str = "sk-very-secret";

pub(crate) fn client() -> Client {
    Client::new(ClientOptions {
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_millis(400),
            between_bytes: Duration::from_millis(400),
        },
        retry: RetryPolicy { first_wait: Duration::from_millis(10), ..RetryPolicy::default() },
        ..ClientOptions::default()
    })
}

pub(crate) fn at(kind: ProviderKind, base: &str) -> Server {
    let key = (kind == ProviderKind::OpenAi).then(|| Secret::new(KEY));
    Server { kind, base: Url::parse(base).unwrap(), key, egress: Egress::Refused, client: client() }
}

pub(crate) fn model(server: &ModelServer) -> RemoteModel {
    with(server, RemoteOptions::default())
}

pub(crate) fn with(server: &ModelServer, options: RemoteOptions) -> RemoteModel {
    let kind = if server.base().ends_with("/v1") { ProviderKind::OpenAi } else { ProviderKind::Ollama };
    RemoteModel::new(at(kind, &server.base()), "tiny", options).unwrap()
}
