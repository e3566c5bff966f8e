//! Operations on two evbuffers against a plain model: tests/buffer_model.rs, with decisions from the fuzzer.
#[path = "../../buffer_model.rs"]
#[allow(dead_code, reason = "it is also a test of its own")]
mod buffer_model;

/// Whether each buffer is observed, then the operations.
pub fn evbuffer(data: &[u8]) {
    buffer_model::run_script(data);
}
