#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wirefold_fuzz::decode(
    bytes,
    wirefold_engine::decode::Format::Rbnews
));
