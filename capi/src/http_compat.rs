//! event2/http_compat.h
use crate::http::{evhttp_bind_socket, evhttp_connection_base_new, evhttp_free, evhttp_new};
use oxievent::abi::event::event_base;
use oxievent::abi::http::{evhttp, evhttp_connection};
use oxievent::base::BaseRef;
use oxievent::http::connection::ConRef;
use std::ffi::c_char;
use std::ptr::null_mut;

/// evhttp_connection_base_new with the current base, and look-ups that block.
///
/// @param address the server's name or address
/// @param port its port
/// @return the connection, or NULL if memory is short
///
/// # Safety
/// Rule 2 for `address`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_new(address: *const c_char, port: u16) -> *mut evhttp_connection {
    // SAFETY: rule 2.
    unsafe { evhttp_connection_base_new(null_mut(), null_mut(), address, port) }
}

/// Makes a server on the current base that listens.
///
/// @param address a host's name or numeric address; NULL for any
/// @param port the port; 0 for a free one
/// @return the server, or NULL
///
/// # Safety
/// Rule 2 for `address`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_start(address: *const c_char, port: u16) -> *mut evhttp {
    // SAFETY: without a base the current one is taken; rule 2.
    unsafe {
        let http = evhttp_new(null_mut());
        if !http.is_null() && evhttp_bind_socket(http, address, port) == -1 {
            evhttp_free(http);
            return null_mut();
        }
        http
    }
}

/// Sets the base of a connection that has not been used.
///
/// @param evcon the connection
/// @param base the base
///
/// # Safety
/// Rule 1 for `evcon` and `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_base(evcon: *mut evhttp_connection, base: *mut event_base) {
    // SAFETY: rule 1.
    if let (Some(con), Some(base)) = unsafe { (ConRef::from_raw(evcon), BaseRef::from_raw(base)) } {
        con.set_base(base);
    }
}
