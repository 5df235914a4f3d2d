//! Checks the contract of models against a server with the chat completions interface: `contract URL MODEL`.
#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use edgecoder_http::client::{Client, Url};
use edgecoder_inference::provider::{Egress, ProviderKind, RemoteModel, RemoteOptions, Server};
use edgecoder_testkit::model_contract;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(model)) = (args.next(), args.next()) else {
        return Err("usage: contract URL MODEL".into());
    };
    let base = Url::parse(&url)?;
    let server =
        Server { kind: ProviderKind::OpenAi, base, key: None, egress: Egress::Refused, client: Client::default() };
    let model = RemoteModel::new(server, &model, RemoteOptions::default())?;
    // Panics where the contract is broken.
    model_contract::check(&model);
    println!("{} keeps the contract", model.name());
    Ok(())
}
