//! event2/event_compat.h
