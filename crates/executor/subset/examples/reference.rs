//! Prints `docs/subset-python.md`.

#[expect(clippy::print_stdout, reason = "an example that prints the page")]
fn main() {
    print!("{}", edgecoder_subset::reference_markdown());
}
