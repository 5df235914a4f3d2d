//! The helper alone, for the tests of this crate; the product's binary is its own helper.

#[global_allocator]
static ALLOC: edgecoder_executor::WorkerAlloc = edgecoder_executor::WorkerAlloc;

fn main() {
    edgecoder_executor::helper_main();
}
