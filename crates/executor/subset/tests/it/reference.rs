//! The committed page is the one that the tables print.

#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/subset-python.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == edgecoder_subset::reference_markdown(),
        "docs/subset-python.md is stale: cargo run --release -p edgecoder-subset --example reference > docs/subset-python.md"
    );
}
