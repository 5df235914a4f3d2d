//! Tries a prompt: `generate MODEL [--chat] [-n N] [--tokens N] [--seed N] [--temp T] [--stop TEXT]… < PROMPT`, or many:
//! `generate MODEL -n BATCH_MAX --requests < REQUESTS`, one request a line as JSON, one line of results for each.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for development")]

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use edgecoder_inference::{
    Cancel, GenerateRequest, LocalModel, LocalOptions, Message, Model, Prompt, Role, Sampling, Sequence,
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap();
    let (mut chat, mut many) = (false, false);
    let (mut count, mut tokens_max, mut seed, mut threads) = (8_u32, 128, 1_u64, None);
    let mut sampling = Sampling::default();
    let mut stop = Vec::new();
    while let Some(option) = arguments.next() {
        match option.as_str() {
            "--chat" => chat = true,
            "--requests" => many = true,
            "-n" => count = arguments.next().unwrap().parse().unwrap(),
            "--tokens" => tokens_max = arguments.next().unwrap().parse().unwrap(),
            "--threads" => threads = Some(arguments.next().unwrap().parse().unwrap()),
            "--seed" => seed = arguments.next().unwrap().parse().unwrap(),
            "--temp" => sampling.temperature = arguments.next().unwrap().parse().unwrap(),
            "--stop" => stop.push(arguments.next().unwrap().replace("\\n", "\n")),
            other => println!("unknown option {other}"),
        }
    }
    let options = LocalOptions { threads, batch_max: count.max(1), ..LocalOptions::default() };
    let start = Instant::now();
    let model = LocalModel::load(Path::new(&path), options).unwrap();
    if many {
        for line in std::io::stdin().lines() {
            let request: GenerateRequest = serde_json::from_str(&line.unwrap()).unwrap();
            let (generated, _) = model.generate(&request, &Cancel::default(), &mut |_| {}).unwrap();
            println!("{}", serde_json::to_string(&generated).unwrap());
        }
        return;
    }
    println!("{:?}, {} threads, loaded in {:?}", model.info(), model.threads(), start.elapsed());
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let prompt =
        if chat { Prompt::Chat(vec![Message { role: Role::User, content: text }]) } else { Prompt::Text(text) };
    let sequences = (0..u64::from(count)).map(|index| Sequence { seed: seed + index, sampling }).collect();
    let request = GenerateRequest { prompt, sequences, tokens_max, tokens_all_max: None, stop, format: None };
    let start = Instant::now();
    let (generated, usage) = model.generate(&request, &Cancel::default(), &mut |_| {}).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    for (index, one) in generated.iter().enumerate() {
        println!("--- {index}: {} tokens, {:?}\n{}", one.tokens, one.finish, one.text);
    }
    let all = u32::try_from(usage.prompt_tokens + usage.completion_tokens).unwrap();
    println!("{usage:?} in {seconds:.2} s: {:.0} tokens/s", f64::from(all) / seconds);
}
