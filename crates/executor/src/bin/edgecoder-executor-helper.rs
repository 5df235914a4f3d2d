//! The helper processes of the executor alone, for its tests and benchmarks.

fn main() {
    edgecoder_executor::helper_main();
}
