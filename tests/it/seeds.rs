//! The seeds of the fuzz targets: each is still an item of its format, or it leads nowhere.

use std::fs;
use std::path::Path;
use wirefold_engine::decode::{self, Format, Settings};

#[test]
fn every_seed_gives_an_article_of_its_format() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (target, format) in [
        ("json", Format::Json),
        ("newsml_g2", Format::NewsmlG2),
        ("newsml_1", Format::Newsml1),
        ("nitf", Format::Nitf),
        ("rss", Format::Rss),
        ("atom", Format::Atom),
        ("teletype", Format::Teletype),
    ] {
        let seeds = fs::read_dir(root.join(target)).unwrap().map(|entry| entry.unwrap().path());
        let mut count = 0;
        for seed in seeds {
            let bytes = fs::read(&seed).unwrap();
            for format in [format, Format::Auto] {
                let all = decode::decode(&bytes, None, format, &Settings::default());
                assert!(all.iter().any(Result::is_ok), "{}: {all:?}", seed.display());
            }
            count += 1;
        }
        assert!(count >= 2, "{target} has seeds");
    }
}
