//! event2/dns.h
use libc::{in_addr, in6_addr, sockaddr, socklen_t};
use oxievent::abi::bufferevent::evdns_base;
use oxievent::abi::dns::{evdns_callback_type, evdns_debug_log_fn_type, evdns_request};
use oxievent::abi::event::event_base;
use oxievent::base::BaseRef;
use oxievent::dns::name::Name;
use oxievent::dns::request::{Done, Kind, RequestRef};
use oxievent::dns::{DnsRef, error_text, global, log};
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
