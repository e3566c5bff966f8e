//! event2/event.h
