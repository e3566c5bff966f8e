//! event2/bufferevent_ssl.h
use std::ffi::c_ulong;

/// OpenSSL's `SSL`.
#[repr(C)]
pub struct ssl_st {
    _opaque: [u8; 0],
}

super::c_enum!(
    /// How far a TLS session is when a bufferevent is made for it.
    bufferevent_ssl_state {
        /// The handshake is complete.
        BUFFEREVENT_SSL_OPEN = 0,
        /// It is a client, and the handshake is to be made.
        BUFFEREVENT_SSL_CONNECTING = 1,
        /// It is a server, and the handshake is to be made.
        BUFFEREVENT_SSL_ACCEPTING = 2,
    }
);

/// For bufferevent_ssl_set_flags(): an end of the transport without a proper end of the TLS stream is reported as
/// BEV_EVENT_EOF, not as BEV_EVENT_ERROR. An attacker who can cut the connection can then shorten what the peer sent.
pub const BUFFEREVENT_SSL_DIRTY_SHUTDOWN: c_ulong = 1;
/// For bufferevent_ssl_set_flags(): a filter puts what is written in one turn of the loop together into few records,
/// as a TLS bufferevent over a socket always does.
pub const BUFFEREVENT_SSL_BATCH_WRITE: c_ulong = 2;
