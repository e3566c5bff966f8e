//! event2/dns_compat.h
use crate::dns::{resolve, reverse, text};
use oxievent::abi::bufferevent::evdns_base;
use oxievent::abi::dns::{
    EVDNS_BASE_INITIALIZE_NAMESERVERS, evdns_callback_type, evdns_request, evdns_request_callback_fn_type,
    evdns_server_port,
};
use oxievent::abi::util::evutil_socket_t;
use oxievent::dns::name::Name;
use oxievent::dns::request::{Done, Kind};
use oxievent::dns::{DnsRef, global, log};
use oxievent::sys::c::{in_addr, in6_addr};
use std::ffi::{c_char, c_int, c_ulong, c_void};
use std::ptr::null_mut;

fn begun(request: *mut evdns_request) -> c_int {
    if request.is_null() { -1 } else { 0 }
}

/// Makes the global DNS base that the functions of this file use, on the
/// current event base, and reads /etc/resolv.conf. Prefer evdns_base_new().
///
/// @return 0; -1 if that failed
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_init() -> c_int {
    let Ok(dns) = DnsRef::new(None, EVDNS_BASE_INITIALIZE_NAMESERVERS) else { return -1 };
    // One that there was before stays as it is, as in libevent: requests of it may be under way.
    let _ = global::set(Some(dns));
    0
}

/// The global DNS base.
///
/// @return it, or NULL if there is none
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_get_global_base() -> *mut evdns_base {
    global::get().map_or(null_mut(), DnsRef::as_ptr)
}

/// Frees the global DNS base. Prefer evdns_base_free().
///
/// @param fail_requests if not 0, the callbacks of requests under way run with
///   DNS_ERR_SHUTDOWN
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_shutdown(fail_requests: c_int) {
    if let Some(dns) = global::set(None) {
        dns.free(fail_requests != 0);
    }
    log::set_log_fn(None);
}

/// As evdns_base_nameserver_add().
///
/// @param address an IPv4 address in network byte order
/// @return as of that
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_nameserver_add(address: c_ulong) -> c_int {
    let Some(dns) = global::get_or_new() else { return -1 };
    dns.add_server_v4((address as u32).to_ne_bytes()).map_or_else(|e| e.to_c(), |()| 0)
}

/// As evdns_base_count_nameservers().
///
/// @return the number
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_count_nameservers() -> c_int {
    global::get().map_or(0, |dns| dns.count_servers() as c_int)
}

/// As evdns_base_clear_nameservers_and_suspend().
///
/// @return as of that
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_clear_nameservers_and_suspend() -> c_int {
    let Some(dns) = global::get() else { return -1 };
    dns.clear_servers();
    0
}

/// As evdns_base_resume().
///
/// @return as of that
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resume() -> c_int {
    let Some(dns) = global::get() else { return -1 };
    dns.resume();
    0
}

/// As evdns_base_nameserver_ip_add().
///
/// @param ip_as_string an address
/// @return as of that
///
/// # Safety
/// Rule 2 for `ip_as_string`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_nameserver_ip_add(ip_as_string: *const c_char) -> c_int {
    // SAFETY: rule 2.
    let (Some(dns), Some(ip)) = (global::get_or_new(), unsafe { text(ip_as_string) }) else { return -1 };
    dns.add_server_text(ip.to_bytes()).map_or_else(|e| e.to_c(), |()| 0)
}

/// As evdns_base_resolve_ipv4(); the request cannot be cancelled.
///
/// @param name the name
/// @param flags 0 or DNS_QUERY_NO_SEARCH
/// @param callback called with the outcome
/// @param ptr passed to it
/// @return 0; -1 if nothing has begun
///
/// # Safety
/// Rule 2 for `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_ipv4(
    name: *const c_char,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    // SAFETY: rule 2; there is a global DNS base, or none.
    begun(unsafe { resolve(null_mut(), Kind::A, name, flags, Done::C(callback, ptr)) })
}

/// As evdns_base_resolve_ipv6(); the request cannot be cancelled.
///
/// @param name the name
/// @param flags 0 or DNS_QUERY_NO_SEARCH
/// @param callback called with the outcome
/// @param ptr passed to it
/// @return 0; -1 if nothing has begun
///
/// # Safety
/// Rule 2 for `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_ipv6(
    name: *const c_char,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    // SAFETY: rule 2; there is a global DNS base, or none.
    begun(unsafe { resolve(null_mut(), Kind::Aaaa, name, flags, Done::C(callback, ptr)) })
}

/// As evdns_base_resolve_reverse(); the request cannot be cancelled.
///
/// @param in the address
/// @param flags 0
/// @param callback called with the outcome
/// @param ptr passed to it
/// @return 0; -1 if nothing has begun
///
/// # Safety
/// Rule 2 for `in`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_reverse(
    r#in: *const in_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    let _ = flags;
    if r#in.is_null() {
        return -1;
    }
    // SAFETY: rule 2; there is a global DNS base, or none.
    begun(unsafe {
        reverse(null_mut(), Name::reverse_v4((*r#in).s_addr.to_ne_bytes()), Done::C(callback, ptr))
    })
}

/// As evdns_base_resolve_reverse_ipv6(); the request cannot be cancelled.
///
/// @param in the address
/// @param flags 0
/// @param callback called with the outcome
/// @param ptr passed to it
/// @return 0; -1 if nothing has begun
///
/// # Safety
/// Rule 2 for `in`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_reverse_ipv6(
    r#in: *const in6_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    let _ = flags;
    if r#in.is_null() {
        return -1;
    }
    // SAFETY: rule 2; there is a global DNS base, or none.
    begun(unsafe { reverse(null_mut(), Name::reverse_v6((*r#in).s6_addr), Done::C(callback, ptr)) })
}

/// As evdns_base_set_option().
///
/// @param option the name
/// @param val the value
/// @param flags not used
/// @return as of that
///
/// # Safety
/// Rule 2 for `option` and `val`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_set_option(option: *const c_char, val: *const c_char, flags: c_int) -> c_int {
    let _ = flags;
    // SAFETY: rule 2.
    let (Some(dns), Some(option)) = (global::get_or_new(), unsafe { text(option) }) else { return -1 };
    // SAFETY: rule 2.
    let val = unsafe { text(val) }.unwrap_or(c"");
    dns.set_option(option.to_bytes(), val.to_bytes()).map_or(-1, |()| 0)
}

/// As evdns_base_resolv_conf_parse().
///
/// @param flags what to take from the file
/// @param filename the file
/// @return as of that
///
/// # Safety
/// Rule 2 for `filename`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolv_conf_parse(flags: c_int, filename: *const c_char) -> c_int {
    // SAFETY: rule 2.
    let path = unsafe { text(filename) };
    global::get_or_new().map_or(-1, |dns| dns.read_resolv_conf(flags, path))
}

/// Adds the nameservers of the Windows configuration to the global DNS base, as
/// evdns_base_config_windows_nameservers().
///
/// @return 0, or -1 if no nameserver was found
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_config_windows_nameservers() -> c_int {
    global::get_or_new().map_or(-1, |dns| dns.read_windows().map_or(-1, |()| 0))
}

/// Empties the search list of the global DNS base.
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_search_clear() {
    if let Some(dns) = global::get() {
        dns.lock().search.clear();
    }
}

/// As evdns_base_search_add().
///
/// @param domain the domain
///
/// # Safety
/// Rule 2 for `domain`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_search_add(domain: *const c_char) {
    // SAFETY: rule 2.
    if let (Some(dns), Some(domain)) = (global::get(), unsafe { text(domain) }) {
        // There is nobody to tell.
        let _ = dns.lock().search.push_front(domain.to_bytes());
    }
}

/// As evdns_base_search_ndots_set().
///
/// @param ndots how many dots make a name be tried as it is first
///
/// # Safety
/// Threads do not call the functions of the global DNS base at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_search_ndots_set(ndots: c_int) {
    if let Some(dns) = global::get() {
        dns.lock().search.set_ndots(u32::try_from(ndots).unwrap_or(0));
    }
}

/// As evdns_add_server_port_with_base(), with the current event base.
///
/// @param socket a datagram socket, nonblocking
/// @param flags 0
/// @param callback called with each request
/// @param user_data passed to it
/// @return the port, or NULL
///
/// # Safety
/// As that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_add_server_port(
    socket: evutil_socket_t,
    flags: c_int,
    callback: evdns_request_callback_fn_type,
    user_data: *mut c_void,
) -> *mut evdns_server_port {
    // SAFETY: the caller's promise.
    unsafe { crate::dns::evdns_add_server_port_with_base(null_mut(), socket, flags, callback, user_data) }
}
