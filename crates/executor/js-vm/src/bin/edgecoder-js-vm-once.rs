//! Development only: one `RunRequest` as JSON on standard input, its `Ending` as JSON on standard output.

use std::io::{Read as _, Write as _};

use edgecoder_js_vm::Ending;
use edgecoder_types::RunRequest;

/// Stack of the thread that runs the program.
const STACK_BYTES: usize = 512 << 20;

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        std::process::exit(2);
    }
    let request: RunRequest = match serde_json::from_str(&text) {
        Ok(request) => request,
        Err(error) => {
            let _unwritable = writeln!(std::io::stderr(), "not a run request: {error}");
            std::process::exit(2)
        }
    };
    let thread =
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || edgecoder_js_vm::run(None, request, deliver));
    if let Ok(thread) = thread {
        let _ended = thread.join();
    }
    std::process::exit(3)
}

fn deliver(ending: Ending) -> ! {
    let written = serde_json::to_writer(std::io::stdout().lock(), &ending);
    std::process::exit(i32::from(written.is_err()))
}
