#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rooms::decode(
    bytes,
    rooms::engine::wire::Format::NewsmlG2
));
