#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| oxievent_fuzz::http_client(data));
