//! Prints `docs/subset-javascript.md`.

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() {
    print!("{}", edgecoder_subset_js::reference_markdown());
}
