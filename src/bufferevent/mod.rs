//! Bufferevents.
