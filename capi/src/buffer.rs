//! event2/buffer.h
