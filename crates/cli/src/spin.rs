//! Waiting without spinning.
//!
//! llama.cpp's threads meet at an OpenMP barrier many times a token, and libgomp spins there for a while by default: on a
//! busy machine, where one thread waits for the other to be scheduled, that made generation 13 times slower.
//! libgomp reads its settings when the program is loaded, so the program starts itself once more with the setting.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::env::Env;

/// Starts this program again with passive waiting, unless the user has chosen how to wait. Returns when there is
/// nothing to do, or when starting again fails: then it is only slower.
pub(crate) fn stop_spinning(env: &Env) {
    if env.has("GOMP_SPINCOUNT") || env.has("OMP_WAIT_POLICY") {
        return;
    }
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| "edgecoder".into());
    let _failed = Command::new("/proc/self/exe").arg0(name).args(arguments).env("GOMP_SPINCOUNT", "0").exec();
}
