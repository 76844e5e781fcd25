//! Every fuzz seed must decode to an article of its format; otherwise it only exercises the reject
//! path. The fuzz targets' checks are compiled into this test and run here, because building the
//! targets themselves would compile the engine and its dependencies a second time.

#[expect(unreachable_pub, reason = "the file is the library of another package")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;
use wirefold_engine::decode::{self, Format, Settings};

#[test]
fn every_seed_decodes_in_its_format_and_in_auto_mode() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    for (target, format) in [
        ("json", Format::Json),
        ("newsml_g2", Format::NewsmlG2),
        ("newsml_1", Format::Newsml1),
        ("nitf", Format::Nitf),
        ("rss", Format::Rss),
        ("atom", Format::Atom),
        ("rbnews", Format::Rbnews),
        ("teletype", Format::Teletype),
    ] {
        let code = fs::read_to_string(root.join("targets").join(format!("{target}.rs"))).unwrap();
        let call =
            format!("wirefold_fuzz::decode(bytes, wirefold_engine::decode::Format::{format:?})");
        let packed = |text: &str| text.split_whitespace().collect::<String>();
        assert!(packed(&code).contains(&packed(&call)), "{target}");
        let corpus = root.join("corpus").join(target);
        let seeds = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
        let mut count = 0;
        for seed in seeds {
            let bytes = fs::read(&seed).unwrap();
            fuzz::decode(&bytes, format);
            for format in [format, Format::Auto] {
                let all = decode::decode(&bytes, None, format, &Settings::default());
                assert!(all.iter().any(Result::is_ok), "{}: {all:?}", seed.display());
            }
            count += 1;
        }
        assert!(count >= 2, "{target} has too few seeds");
    }
}
