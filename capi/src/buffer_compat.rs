//! event2/buffer_compat.h
