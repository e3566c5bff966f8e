//! event2/dns.h
use oxievent::abi::bufferevent::evdns_base;
use oxievent::abi::dns::{
    EVDNS_ADDITIONAL_SECTION, EVDNS_ANSWER_SECTION, EVDNS_AUTHORITY_SECTION, EVDNS_CLASS_INET, EVDNS_TYPE_A,
    EVDNS_TYPE_AAAA, EVDNS_TYPE_CNAME, EVDNS_TYPE_PTR, evdns_callback_type, evdns_debug_log_fn_type,
    evdns_getaddrinfo_cb, evdns_getaddrinfo_request, evdns_request, evdns_request_callback_fn_type,
    evdns_server_port, evdns_server_request,
};
use oxievent::abi::event::event_base;
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::BaseRef;
use oxievent::dns::name::Name;
use oxievent::dns::request::{Done, Kind, RequestRef};
use oxievent::dns::server::{PortRef, ReplyData, RequestRef as RequestOfServer, Section};
use oxievent::dns::{DnsRef, error_text, getaddrinfo, global, log};
use oxievent::sys::c::{addrinfo, in_addr, in6_addr, sockaddr, socklen_t};
use oxievent::{Error, Result};
use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::ptr::null_mut;

/// The DNS base, or the global one of the 1.x API.
///
/// # Safety
/// Rule 1 for `base`.
pub(crate) unsafe fn on(base: *mut evdns_base) -> Option<DnsRef> {
    // SAFETY: the caller's promise.
    unsafe { DnsRef::from_raw(base) }.or_else(global::get)
}
/// # Safety
/// Rule 2 for `text`, which may be null.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: the caller's promise.
    if text.is_null() { None } else { Some(unsafe { CStr::from_ptr(text) }) }
}
/// 0, or -1 with errno.
fn answer(r: Result<()>) -> c_int {
    r.map_or_else(Error::to_c, |()| 0)
}
/// # Safety
/// Rule 1 for `base`, rule 2 for `name`.
pub(crate) unsafe fn resolve(
    base: *mut evdns_base,
    kind: Kind,
    name: *const c_char,
    flags: c_int,
    done: Done,
) -> *mut evdns_request {
    // SAFETY: the caller's promise.
    let (Some(dns), Some(name)) = (unsafe { on(base) }, unsafe { text(name) }) else { return null_mut() };
    dns.start(kind, name.to_bytes(), flags, done).map_or(null_mut(), RequestRef::as_ptr)
}
/// # Safety
/// Rule 1 for `base`.
pub(crate) unsafe fn reverse(base: *mut evdns_base, name: Name, done: Done) -> *mut evdns_request {
    // SAFETY: the caller's promise.
    let dns = unsafe { on(base) };
    dns.and_then(|d| d.start_name(Kind::Ptr, name, done)).map_or(null_mut(), RequestRef::as_ptr)
}

/// What a DNS_ERR_ code means, in words.
///
/// @param err the code
/// @return a text that stays valid
///
/// # Safety
/// None.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_err_to_string(err: c_int) -> *const c_char {
    error_text(err).as_ptr()
}

/// Makes a DNS base: a resolver that asks nameservers from an event loop.
///
/// @param event_base the base whose loop does the work. It must outlive the
///   DNS base.
/// @param initialize_nameservers any of EVDNS_BASE_INITIALIZE_NAMESERVERS,
///   EVDNS_BASE_DISABLE_WHEN_INACTIVE, EVDNS_BASE_NAMESERVERS_NO_DEFAULT
/// @return the DNS base, to be released with evdns_base_free(), or NULL when
///   memory is short or /etc/resolv.conf should be read and cannot be. A file
///   that names no server is no error: the one on this host is used.
///
/// # Safety
/// Rule 1 for `event_base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_new(
    event_base: *mut event_base,
    initialize_nameservers: c_int,
) -> *mut evdns_base {
    // SAFETY: rule 1.
    let event_base = unsafe { BaseRef::from_raw(event_base) };
    DnsRef::new(event_base, initialize_nameservers).map_or(null_mut(), DnsRef::as_ptr)
}

/// Frees a DNS base. Allowed in any callback, also in one of its own requests.
///
/// @param base the DNS base
/// @param fail_requests if not 0, the callbacks of requests under way still
///   run, from the loop, with DNS_ERR_SHUTDOWN. Otherwise they never run.
///
/// # Safety
/// Rule 1 for `base`, which is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_free(base: *mut evdns_base, fail_requests: c_int) {
    // SAFETY: rule 1.
    if let Some(dns) = unsafe { DnsRef::from_raw(base) } {
        dns.free(fail_requests != 0);
    }
}

/// Forgets all addresses that came from hosts files.
///
/// @param base the DNS base
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_clear_host_addresses(base: *mut evdns_base) {
    // SAFETY: rule 1.
    if let Some(dns) = unsafe { on(base) } {
        dns.lock().hosts.clear();
    }
}

/// Adds a nameserver by its IPv4 address. It is asked at port 53.
///
/// @param base the DNS base
/// @param address the address in network byte order, as in struct in_addr
/// @return 0 if it was added; 3 if it is there already; another value if no
///   socket for it can be made
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_nameserver_add(base: *mut evdns_base, address: c_ulong) -> c_int {
    // SAFETY: rule 1.
    let Some(dns) = (unsafe { on(base) }) else { return -1 };
    dns.add_server_v4((address as u32).to_ne_bytes()).map_or_else(|e| e.to_c(), |()| 0)
}

/// How many nameservers there are, whether they answer or not.
///
/// @param base the DNS base
/// @return the number
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_count_nameservers(base: *mut evdns_base) -> c_int {
    // SAFETY: rule 1.
    unsafe { on(base) }.map_or(0, |dns| dns.count_servers() as c_int)
}

/// Forgets all nameservers. Requests under way wait until
/// evdns_base_resume(), and have their full time then.
///
/// @param base the DNS base
/// @return 0; -1 without a DNS base
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_clear_nameservers_and_suspend(base: *mut evdns_base) -> c_int {
    // SAFETY: rule 1.
    let Some(dns) = (unsafe { on(base) }) else { return -1 };
    dns.clear_servers();
    0
}

/// Asks again what evdns_base_clear_nameservers_and_suspend() made wait.
///
/// @param base the DNS base
/// @return 0; -1 without a DNS base
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resume(base: *mut evdns_base) -> c_int {
    // SAFETY: rule 1.
    let Some(dns) = (unsafe { on(base) }) else { return -1 };
    dns.resume();
    0
}

/// Adds a nameserver by its address in text: an IPv4 address, an IPv6
/// address, with a port behind a colon if it is not 53 (an IPv6 address with
/// a port stands in brackets).
///
/// @param base the DNS base
/// @param ip_as_string the address
/// @return 0 if it was added; 3 if it is there already; 4 if the text is no
///   address; another value if no socket for it can be made
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `ip_as_string`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_nameserver_ip_add(
    base: *mut evdns_base,
    ip_as_string: *const c_char,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (Some(dns), Some(ip)) = (unsafe { on(base) }, unsafe { text(ip_as_string) }) else { return -1 };
    dns.add_server_text(ip.to_bytes()).map_or_else(|e| e.to_c(), |()| 0)
}

/// Adds a nameserver by its address.
///
/// @param base the DNS base
/// @param sa an IPv4 or IPv6 address with a port
/// @param len its length
/// @param flags 0: there are none
/// @return 0 if it was added; 3 if it is there already; another value if no
///   socket for it can be made
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `sa`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_nameserver_sockaddr_add(
    base: *mut evdns_base,
    sa: *const sockaddr,
    len: socklen_t,
    flags: std::ffi::c_uint,
) -> c_int {
    let _ = flags;
    // SAFETY: rule 1.
    let Some(dns) = unsafe { on(base) }.filter(|_| !sa.is_null()) else { return -1 };
    // SAFETY: rule 2.
    unsafe { dns.add_server_sockaddr(sa, len as usize) }.map_or_else(|e| e.to_c(), |()| 0)
}

/// Asks for the IPv4 addresses of a name.
///
/// @param base the DNS base
/// @param name the name. Without a dot at its end it may be searched for in
///   the domains of the search list.
/// @param flags 0 or DNS_QUERY_NO_SEARCH
/// @param callback called once, from the loop, with the outcome: after a
///   success an array of struct in_addr. On errors it is told the kind that
///   was asked for, too.
/// @param ptr passed to it
/// @return a handle for evdns_cancel_request(), good until the callback runs;
///   NULL if nothing has begun (then the callback never runs)
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_ipv4(
    base: *mut evdns_base,
    name: *const c_char,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    // SAFETY: rules 1 and 2.
    unsafe { resolve(base, Kind::A, name, flags, Done::C(callback, ptr)) }
}

/// Asks for the IPv6 addresses of a name.
///
/// @param base the DNS base
/// @param name the name, as for evdns_base_resolve_ipv4()
/// @param flags 0 or DNS_QUERY_NO_SEARCH
/// @param callback called once, from the loop, with the outcome: after a
///   success an array of struct in6_addr
/// @param ptr passed to it
/// @return as of evdns_base_resolve_ipv4()
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_ipv6(
    base: *mut evdns_base,
    name: *const c_char,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    // SAFETY: rules 1 and 2.
    unsafe { resolve(base, Kind::Aaaa, name, flags, Done::C(callback, ptr)) }
}

/// Asks for the name of the host with an IPv4 address.
///
/// @param base the DNS base
/// @param in the address
/// @param flags 0: such names are not searched for
/// @param callback called once, from the loop, with the outcome: after a
///   success a pointer to a char *, the name
/// @param ptr passed to it
/// @return as of evdns_base_resolve_ipv4()
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `in`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_reverse(
    base: *mut evdns_base,
    r#in: *const in_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    let _ = flags;
    if r#in.is_null() {
        return null_mut();
    }
    // SAFETY: rules 1 and 2.
    unsafe {
        let name = Name::reverse_v4((*r#in).s_addr.to_ne_bytes());
        reverse(base, name, Done::C(callback, ptr))
    }
}

/// Asks for the name of the host with an IPv6 address.
///
/// @param base the DNS base
/// @param in the address
/// @param flags 0: such names are not searched for
/// @param callback called once, from the loop, with the outcome: after a
///   success a pointer to a char *, the name
/// @param ptr passed to it
/// @return as of evdns_base_resolve_ipv4()
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `in`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_reverse_ipv6(
    base: *mut evdns_base,
    r#in: *const in6_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    let _ = flags;
    if r#in.is_null() {
        return null_mut();
    }
    // SAFETY: rules 1 and 2.
    unsafe { reverse(base, Name::reverse_v6((*r#in).s6_addr), Done::C(callback, ptr)) }
}

/// Ends a request: its callback runs from the loop with DNS_ERR_CANCEL. If its
/// outcome is known already, nothing changes.
///
/// @param base the DNS base; may be NULL
/// @param req a request whose callback has not run
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_cancel_request(base: *mut evdns_base, req: *mut evdns_request) {
    let _ = base;
    // SAFETY: rule 1.
    if let Some(req) = unsafe { RequestRef::from_raw(req) } {
        req.cancel();
    }
}

/// Sets an option. The name may end with a colon. Times are in seconds, with
/// a fraction if need be. Requests under way are not concerned.
///
/// - ndots: a name with so many dots is tried as it is first (1)
/// - timeout: how long one reply is waited for (5)
/// - attempts: how often a query is sent (3). Together with the timeout it
///   bounds the time that a name takes, whatever servers do.
/// - max-timeouts: so many timeouts in a row, and a server counts as down (3)
/// - max-inflight: how many requests are under way at once (64); others wait
/// - randomize-case: 0 leaves the letters of names alone. Otherwise they get
///   a random case, which a reply must repeat exactly.
/// - bind-to: the address that queries come from. Concerns servers that are
///   not on this host and are added later.
/// - initial-probe-timeout: when a server that is down is tried again (10)
/// - max-probe-timeout, probe-backoff-factor: the longest wait between two
///   such tries (3600), and by how much the wait grows (3)
/// - getaddrinfo-allow-skew: how long evdns_getaddrinfo() waits for the
///   addresses of the other family (3)
/// - so-rcvbuf, so-sndbuf: sizes of the sockets' buffers
/// - use-vc: with an empty value, queries go over TCP
/// - ignore-tc: with an empty value, truncated replies are taken as they are
/// - tcp-idle-timeout: how long a connection without queries is kept (5)
/// - edns-udp-size: the largest reply over UDP (1232); 512 does without EDNS
///
/// @param base the DNS base
/// @param option the name
/// @param val the value
/// @return 0, also for names that are not known; -1 if the value is none that
///   the option takes
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `option` and `val`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_set_option(
    base: *mut evdns_base,
    option: *const c_char,
    val: *const c_char,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (dns, option, val) = unsafe { (on(base), text(option), text(val)) };
    let (Some(dns), Some(option)) = (dns, option) else { return -1 };
    answer(dns.set_option(option.to_bytes(), val.unwrap_or(c"").to_bytes()))
}

/// Reads a file of the form of resolv.conf, at most 64 KiB. Nameservers are
/// added to those there are.
///
/// @param base the DNS base
/// @param flags what to take from it: any of DNS_OPTION_SEARCH,
///   DNS_OPTION_NAMESERVERS, DNS_OPTION_MISC. With DNS_OPTION_HOSTSFILE
///   /etc/hosts is read, too. DNS_OPTION_NAMESERVERS_NO_DEFAULT: without
///   servers in the file there are none.
/// @param filename the file
/// @return 0; 1 the file cannot be opened (the server on this host is used,
///   and the domain of its name); 2 it has no size; 3 it is too large; 4
///   memory is short; 5 reading failed; 6 it names no server (the one on this
///   host is used)
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `filename`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolv_conf_parse(
    base: *mut evdns_base,
    flags: c_int,
    filename: *const c_char,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (dns, path) = unsafe { (on(base), text(filename)) };
    dns.map_or(-1, |dns| dns.read_resolv_conf(flags, path))
}

/// Adds the nameservers and search domains of the Windows configuration, and the names of its hosts file.
///
/// @param base the DNS base; NULL: the global one
/// @return 0, or -1 if no nameserver was found
///
/// # Safety
/// Rule 1 for `base`.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_config_windows_nameservers(base: *mut evdns_base) -> c_int {
    // SAFETY: rule 1.
    unsafe { on(base) }.map_or(-1, |dns| answer(dns.read_windows()))
}

/// Adds the names of a hosts file to those that evdns_getaddrinfo() knows
/// without asking. Looking them up takes as long in a large file as in a small
/// one.
///
/// @param base the DNS base
/// @param hosts_fname the file, at most 16 MiB; NULL: only localhost is added
/// @return 0; a negative number if the file cannot be read (then localhost is
///   added)
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `hosts_fname`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_load_hosts(base: *mut evdns_base, hosts_fname: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    let (dns, path) = unsafe { (on(base), text(hosts_fname)) };
    dns.map_or(-1, |dns| answer(dns.load_hosts(path)))
}

/// Empties the list of domains in which names are searched.
///
/// @param base the DNS base
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_search_clear(base: *mut evdns_base) {
    // SAFETY: rule 1.
    if let Some(dns) = unsafe { on(base) } {
        dns.lock().search.clear();
    }
}

/// Adds a domain in which names are searched, before those there are.
///
/// @param base the DNS base
/// @param domain the domain
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `domain`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_search_add(base: *mut evdns_base, domain: *const c_char) {
    // SAFETY: rules 1 and 2.
    if let (Some(dns), Some(domain)) = unsafe { (on(base), text(domain)) } {
        // There is nobody to tell.
        let _ = dns.lock().search.push_front(domain.to_bytes());
    }
}

/// Says how many dots make a name be tried as it is before the domains of the
/// search list.
///
/// @param base the DNS base
/// @param ndots the number
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_search_ndots_set(base: *mut evdns_base, ndots: c_int) {
    // SAFETY: rule 1.
    if let Some(dns) = unsafe { on(base) } {
        dns.lock().search.set_ndots(u32::try_from(ndots).unwrap_or(0));
    }
}

/// Sets the function that gets the messages of evdns, for all DNS bases.
///
/// @param fn_ the function; NULL: messages go where all of the library go
///
/// # Safety
/// `fn_` may be called by any thread that uses evdns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_set_log_fn(fn_: evdns_debug_log_fn_type) {
    log::set_log_fn(fn_);
}

/// Does nothing: the numbers of queries are secure random numbers.
///
/// @param fn_ not used
///
/// # Safety
/// None.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_set_transaction_id_fn(fn_: Option<unsafe extern "C" fn() -> u16>) {
    let _ = fn_;
}

/// Does nothing: secure random bytes are used.
///
/// @param fn_ not used
///
/// # Safety
/// None.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_set_random_bytes_fn(
    fn_: Option<unsafe extern "C" fn(bytes: *mut c_char, n: usize)>,
) {
    let _ = fn_;
}

/// Tells the address of a nameserver.
///
/// @param base the DNS base
/// @param idx which one, from 0, in the order in which they were added
/// @param sa receives the address
/// @param len how much room there is
/// @return the length of the address; if that is more than len, nothing was
///   stored. -1 if there are not so many.
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `sa`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_get_nameserver_addr(
    base: *mut evdns_base,
    idx: c_int,
    sa: *mut sockaddr,
    len: socklen_t,
) -> c_int {
    // SAFETY: rule 1.
    let dns = unsafe { on(base) };
    let addr = usize::try_from(idx).ok().and_then(|i| dns.and_then(|dns| dns.server_addr(i)));
    let Some(addr) = addr else { return -1 };
    if addr.len() <= len as usize && !sa.is_null() {
        // SAFETY: rule 2.
        unsafe { std::ptr::copy_nonoverlapping(addr.as_ptr().cast::<u8>(), sa.cast::<u8>(), addr.len()) };
    }
    addr.len() as c_int
}

// ---- server ports ----

/// Makes a server port on a socket, and calls a function with each request
/// that arrives there.
///
/// A reply over UDP is at most 512 bytes long, or as long as the client says
/// it takes, up to 1232; what does not fit is left out, and the client told so
/// (TC). So that nobody can direct floods at others by forging senders,
/// replies of more than three times their query are limited to 256 KiB a
/// second per network (1 MiB at once), except to this host; beyond that
/// they are cut to the question.
///
/// @param base the event base whose loop reads requests; NULL: the current
///   one of the 1.x API
/// @param socket a datagram socket, nonblocking, which is closed with the port
/// @param flags 0
/// @param callback called with each request and user_data, from the loop and
///   without locks. It, or any thread later, must call
///   evdns_server_request_respond() or evdns_server_request_drop() once.
/// @param user_data passed to the callback
/// @return the port, to be released with evdns_close_server_port(), or NULL
///   (the socket stays open)
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_add_server_port_with_base(
    base: *mut event_base,
    socket: evutil_socket_t,
    flags: c_int,
    callback: evdns_request_callback_fn_type,
    user_data: *mut c_void,
) -> *mut evdns_server_port {
    // SAFETY: rule 1.
    let base = unsafe { BaseRef::from_raw(base) };
    PortRef::new(base, socket, flags, callback, user_data).map_or_else(
        |e| {
            e.to_c();
            null_mut()
        },
        PortRef::as_ptr,
    )
}

/// Closes a server port: its callback is not called any more. Requests that
/// it has had can still be answered; the socket is closed when the last of
/// them is answered or dropped.
///
/// @param port the port
///
/// # Safety
/// Rule 1 for `port`, which is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_close_server_port(port: *mut evdns_server_port) {
    // SAFETY: rule 1.
    if let Some(p) = unsafe { PortRef::from_raw(port) } {
        p.close();
    }
}

/// Sets flags of the reply to a request: instead of those that were set
/// before.
///
/// @param req the request
/// @param flags any of EVDNS_FLAGS_AA (this server is an authority for the
///   name) and EVDNS_FLAGS_RD (which sets RA: recursion is available)
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_set_flags(req: *mut evdns_server_request, flags: c_int) {
    // SAFETY: rule 1.
    if let Some(r) = unsafe { RequestOfServer::from_raw(req) } {
        r.set_flags(flags);
    }
}

/// Adds a record to the reply to a request.
///
/// @param req the request
/// @param section EVDNS_ANSWER_SECTION, EVDNS_AUTHORITY_SECTION or
///   EVDNS_ADDITIONAL_SECTION
/// @param name the name that the record belongs to
/// @param type EVDNS_TYPE_* or any other type
/// @param dns_class EVDNS_CLASS_INET or another class
/// @param ttl for how many seconds the record may be kept
/// @param datalen how long data is; not used for names. At most 65535.
/// @param is_name if not 0, data is the text of a name
/// @param data the record's data in the form of a message, or a name; copied.
///   NULL: there is none.
/// @return 0, or -1 when the name or the data are such that no message can
///   hold them, or memory is short. Nothing has been added then.
///
/// # Safety
/// Rule 1 for `req`, rule 2 for `name` and `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_reply(
    req: *mut evdns_server_request,
    section: c_int,
    name: *const c_char,
    r#type: c_int,
    dns_class: c_int,
    ttl: c_int,
    datalen: c_int,
    is_name: c_int,
    data: *const c_char,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (r, name) = unsafe { (RequestOfServer::from_raw(req), text(name)) };
    let section = match section {
        EVDNS_ANSWER_SECTION => Section::Answer,
        EVDNS_AUTHORITY_SECTION => Section::Authority,
        EVDNS_ADDITIONAL_SECTION => Section::Additional,
        _ => return -1,
    };
    let (Some(r), Some(name)) = (r, name) else { return -1 };
    // SAFETY: rule 2.
    let Some(data) = (unsafe { reply_data(data, datalen, is_name != 0) }) else { return -1 };
    answer(r.add(section, name.to_bytes(), r#type as u16, dns_class as u16, ttl, data))
}
/// # Safety
/// Rule 2 for `data`.
unsafe fn reply_data<'a>(data: *const c_char, len: c_int, is_name: bool) -> Option<ReplyData<'a>> {
    if is_name {
        // SAFETY: rule 2.
        return unsafe { text(data) }.map(|t| ReplyData::Name(t.to_bytes()));
    }
    if data.is_null() {
        return Some(ReplyData::Bytes(&[]));
    }
    let len = usize::try_from(len).ok()?;
    // SAFETY: rule 2.
    Some(ReplyData::Bytes(unsafe { std::slice::from_raw_parts(data.cast(), len) }))
}
/// # Safety
/// Rule 1 for `req`, rule 2 for `name` and for `n` addresses at `addrs`.
unsafe fn add_addresses<const N: usize>(
    req: *mut evdns_server_request,
    name: *const c_char,
    rtype: c_int,
    n: c_int,
    addrs: *const c_void,
    ttl: c_int,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (r, name) = unsafe { (RequestOfServer::from_raw(req), text(name)) };
    let (Some(r), Some(name), Ok(n)) = (r, name, usize::try_from(n)) else { return -1 };
    if n == 0 || addrs.is_null() {
        return -1;
    }
    // SAFETY: rule 2; arrays of bytes may stand anywhere.
    let addrs = unsafe { std::slice::from_raw_parts(addrs.cast::<[u8; N]>(), n) };
    answer(r.add_addresses(name.to_bytes(), rtype as u16, addrs, ttl))
}

/// Adds IPv4 addresses to the answers of a reply, one record for each.
///
/// @param req the request
/// @param name whose addresses they are
/// @param n how many
/// @param addrs n addresses of 4 bytes, in network byte order
/// @param ttl for how many seconds they may be kept
/// @return 0, or -1: nothing has been added
///
/// # Safety
/// Rule 1 for `req`, rule 2 for `name` and `addrs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_a_reply(
    req: *mut evdns_server_request,
    name: *const c_char,
    n: c_int,
    addrs: *const c_void,
    ttl: c_int,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { add_addresses::<4>(req, name, EVDNS_TYPE_A, n, addrs, ttl) }
}

/// Adds IPv6 addresses to the answers of a reply, one record for each.
///
/// @param req the request
/// @param name whose addresses they are
/// @param n how many
/// @param addrs n addresses of 16 bytes
/// @param ttl for how many seconds they may be kept
/// @return 0, or -1: nothing has been added
///
/// # Safety
/// Rule 1 for `req`, rule 2 for `name` and `addrs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_aaaa_reply(
    req: *mut evdns_server_request,
    name: *const c_char,
    n: c_int,
    addrs: *const c_void,
    ttl: c_int,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { add_addresses::<16>(req, name, EVDNS_TYPE_AAAA, n, addrs, ttl) }
}

/// Adds the name of a host to the answers of a reply. Either in or
/// inaddr_name is NULL.
///
/// @param req the request
/// @param in the IPv4 address of the host, or NULL
/// @param inaddr_name the name that was asked for, or NULL: in-addr.arpa's for
///   the address
/// @param hostname the host's name
/// @param ttl for how many seconds it may be kept
/// @return 0, or -1: nothing has been added
///
/// # Safety
/// Rule 1 for `req`, rule 2 for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_ptr_reply(
    req: *mut evdns_server_request,
    r#in: *mut in_addr,
    inaddr_name: *const c_char,
    hostname: *const c_char,
    ttl: c_int,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (r, host, given) =
        unsafe { (RequestOfServer::from_raw(req), text(hostname), text(inaddr_name).map(CStr::to_bytes)) };
    let (Some(r), Some(host)) = (r, host) else { return -1 };
    // SAFETY: rule 2.
    let reverse = unsafe { r#in.as_ref() }.map(|a| Name::reverse_v4(a.s_addr.to_ne_bytes()));
    let reverse = reverse.as_ref().and_then(Name::to_text);
    let name = match (&reverse, given) {
        (Some(t), None) => t.as_bytes(),
        (None, Some(n)) => n,
        _ => return -1,
    };
    let (t, c) = (EVDNS_TYPE_PTR as u16, EVDNS_CLASS_INET as u16);
    answer(r.add(Section::Answer, name, t, c, ttl, ReplyData::Name(host.to_bytes())))
}

/// Adds to the answers of a reply that a name is an alias.
///
/// @param req the request
/// @param name the alias
/// @param cname the name that it stands for
/// @param ttl for how many seconds that may be kept
/// @return 0, or -1: nothing has been added
///
/// # Safety
/// Rule 1 for `req`, rule 2 for the names.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_cname_reply(
    req: *mut evdns_server_request,
    name: *const c_char,
    cname: *const c_char,
    ttl: c_int,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (r, name, cname) = unsafe { (RequestOfServer::from_raw(req), text(name), text(cname)) };
    let (Some(r), Some(name), Some(cname)) = (r, name, cname) else { return -1 };
    let (t, c) = (EVDNS_TYPE_CNAME as u16, EVDNS_CLASS_INET as u16);
    answer(r.add(Section::Answer, name.to_bytes(), t, c, ttl, ReplyData::Name(cname.to_bytes())))
}

/// Sends the reply to a request. Any thread may do it, also after the port
/// has been closed.
///
/// @param req the request; it is gone afterwards unless the result is -1
/// @param err DNS_ERR_NONE or another code below 16
/// @return 0 when the reply was sent (or cannot ever be, which is logged); 1
///   when it waits for the socket to take it; -1 when err is no such code
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_respond(req: *mut evdns_server_request, err: c_int) -> c_int {
    // SAFETY: rule 1.
    let Some(r) = (unsafe { RequestOfServer::from_raw(req) }) else { return -1 };
    match r.respond(err) {
        Ok(sent) => c_int::from(!sent),
        Err(e) => e.to_c(),
    }
}

/// Frees a request without a reply.
///
/// @param req the request
/// @return 0
///
/// # Safety
/// Rule 1 for `req`, which is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_drop(req: *mut evdns_server_request) -> c_int {
    // SAFETY: rule 1.
    if let Some(r) = unsafe { RequestOfServer::from_raw(req) } {
        r.drop_unanswered();
    }
    0
}

/// Tells who sent a request. Over UDP the address may be forged.
///
/// @param req the request
/// @param sa receives the address
/// @param addr_len how much room there is
/// @return the length of the address, or -1 if there is not enough room
///
/// # Safety
/// Rule 1 for `req`, rule 2 for `sa`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_get_requesting_addr(
    req: *mut evdns_server_request,
    sa: *mut sockaddr,
    addr_len: c_int,
) -> c_int {
    // SAFETY: rule 1.
    let r = unsafe { RequestOfServer::from_raw(req) };
    let (Some(r), Ok(room)) = (r, usize::try_from(addr_len)) else { return -1 };
    // SAFETY: rule 2.
    unsafe { r.sender(sa, room) }.map_or(-1, |len| len as c_int)
}

// ---- getaddrinfo ----

/// Looks up the addresses of a host and the port of a service, as
/// getaddrinfo(3) does, without waiting.
///
/// Numbers and the hosts file are answered at once; otherwise A and AAAA
/// records are asked for at the same time. When one family has answered the
/// other is waited for as long as the option getaddrinfo-allow-skew says.
/// AI_V4MAPPED and AI_ALL have no effect.
///
/// @param dns_base the DNS base; NULL: the global one
/// @param nodename the host, or NULL: this one
/// @param servname a port's number or a service's name, or NULL: port 0
/// @param hints_in family, type, protocol and flags that are wanted, or NULL
/// @param cb called once: with 0 and a list, which is the program's, to be
///   freed with evutil_freeaddrinfo(); or with an EVUTIL_EAI_* code and NULL.
///   If the answer is known it is called before this returns, otherwise
///   from the loop.
/// @param arg passed to the callback
/// @return NULL if the callback has been called; otherwise a handle for
///   evdns_getaddrinfo_cancel(), valid until the callback is called
///
/// # Safety
/// Rule 1 for `dns_base`, rule 2 for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_getaddrinfo(
    dns_base: *mut evdns_base,
    nodename: *const c_char,
    servname: *const c_char,
    hints_in: *const addrinfo,
    cb: evdns_getaddrinfo_cb,
    arg: *mut c_void,
) -> *mut evdns_getaddrinfo_request {
    let Some(cb) = cb else { return null_mut() };
    // SAFETY: rules 1 and 2; all zero is a valid addrinfo.
    let (dns, none) = unsafe { (on(dns_base).map_or(null_mut(), DnsRef::as_ptr), std::mem::zeroed()) };
    // SAFETY: rule 2.
    let (node, service, hints) =
        unsafe { (text(nodename), text(servname), hints_in.as_ref().unwrap_or(&none)) };
    // SAFETY: rule 1; the program's callback and argument.
    unsafe { getaddrinfo::start(dns, node, service, hints, cb, arg).cast() }
}

/// Ends a look-up early. Its callback is called from the loop with
/// EVUTIL_EAI_CANCEL.
///
/// @param req what evdns_getaddrinfo() returned, whose callback has not been
///   called; NULL does nothing
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_getaddrinfo_cancel(req: *mut evdns_getaddrinfo_request) {
    // SAFETY: rule 1.
    unsafe { getaddrinfo::cancel(req.cast()) }
}
