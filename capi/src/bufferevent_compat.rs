//! event2/bufferevent_compat.h
