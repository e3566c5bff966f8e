/* Made by cargo xtask headers. Sources: capi/src/dns.rs */
#ifndef EVENT2_DNS_H_INCLUDED_
#define EVENT2_DNS_H_INCLUDED_

/**
 * @file event2/dns.h
 *
 * Names and addresses by DNS without blocking: a resolver that asks
 * nameservers, and what a program needs that answers queries itself.
 *
 * Replies are only believed if they come from the server that was asked, to
 * the port that the query came from, and repeat number, name (with the case
 * of its letters), type and class of the question. What does not fit in a
 * datagram is asked for over TCP.
 */

#include <event2/visibility.h>
#include <event2/util.h>

/* Defined in event2/event.h and by the system. */
struct event_base;
struct in_addr;
struct in6_addr;
struct sockaddr;

/** For evdns_base_resolv_conf_parse(): everything. */
#define DNS_OPTIONS_ALL ( \
	DNS_OPTION_SEARCH | \
	DNS_OPTION_NAMESERVERS | \
	DNS_OPTION_MISC | \
	DNS_OPTION_HOSTSFILE | \
	0)

/** The old name of DNS_QUERY_NO_SEARCH. */
#define DNS_NO_SEARCH DNS_QUERY_NO_SEARCH

#ifdef _WIN32
/** evdns_base_config_windows_nameservers is there. */
#define EVDNS_BASE_CONFIG_WINDOWS_NAMESERVERS_IMPLEMENTED
#endif

#define DNS_ERR_NONE 0
/** The nameserver could not understand the query. */
#define DNS_ERR_FORMAT 1
/** The nameserver failed. */
#define DNS_ERR_SERVERFAILED 2
/** There is no such name. */
#define DNS_ERR_NOTEXIST 3
/** The nameserver does not do such queries. */
#define DNS_ERR_NOTIMPL 4
/** The nameserver does not want to answer. */
#define DNS_ERR_REFUSED 5
/** The reply is incomplete. */
#define DNS_ERR_TRUNCATED 65
#define DNS_ERR_UNKNOWN 66
/** No reply came in time. */
#define DNS_ERR_TIMEOUT 67
/** The DNS base was freed. */
#define DNS_ERR_SHUTDOWN 68
/** The request was cancelled. */
#define DNS_ERR_CANCEL 69
/** The name exists and has no record of the type asked for. */
#define DNS_ERR_NODATA 70
/** The kind of an answer: IPv4 addresses. */
#define DNS_IPv4_A 1
/** The kind of an answer: the name of a host. */
#define DNS_PTR 2
/** The kind of an answer: IPv6 addresses. */
#define DNS_IPv6_AAAA 3
/** For queries: the name is complete, the search list is not used. */
#define DNS_QUERY_NO_SEARCH 1
/** Of resolv.conf: domain, search and ndots. */
#define DNS_OPTION_SEARCH 1
/** Of resolv.conf: nameserver. */
#define DNS_OPTION_NAMESERVERS 2
/** Of resolv.conf: options. */
#define DNS_OPTION_MISC 4
/** The hosts file of the system. */
#define DNS_OPTION_HOSTSFILE 8
/** Without a nameserver line there is none, not the one on this host. */
#define DNS_OPTION_NAMESERVERS_NO_DEFAULT 16
/** For evdns_base_new: read the system's configuration. */
#define EVDNS_BASE_INITIALIZE_NAMESERVERS 1
/**
 * For evdns_base_new: a DNS base without requests does not keep the loop
 * running.
 */
#define EVDNS_BASE_DISABLE_WHEN_INACTIVE 0x8000
/**
 * For evdns_base_new, with the first: as DNS_OPTION_NAMESERVERS_NO_DEFAULT.
 */
#define EVDNS_BASE_NAMESERVERS_NO_DEFAULT 0x10000
#define EVDNS_ANSWER_SECTION 0
#define EVDNS_AUTHORITY_SECTION 1
#define EVDNS_ADDITIONAL_SECTION 2
#define EVDNS_TYPE_A 1
#define EVDNS_TYPE_NS 2
#define EVDNS_TYPE_CNAME 5
#define EVDNS_TYPE_SOA 6
#define EVDNS_TYPE_PTR 12
#define EVDNS_TYPE_MX 15
#define EVDNS_TYPE_TXT 16
#define EVDNS_TYPE_AAAA 28
#define EVDNS_QTYPE_AXFR 252
#define EVDNS_QTYPE_ALL 255
#define EVDNS_CLASS_INET 1
/** Flag of a reply: this server is an authority for the name. */
#define EVDNS_FLAGS_AA 0x400
/**
 * Flag of a reply: recursion. The name is libevent's; on the wire the bit is
 * RA.
 */
#define EVDNS_FLAGS_RD 0x080

#ifdef __cplusplus
extern "C" {
#endif

struct evdns_base;
struct evdns_getaddrinfo_request;
struct evdns_request;
struct evdns_server_port;
struct evdns_server_question;
struct evdns_server_request;
struct event_base;
struct in6_addr;
struct in_addr;
struct sockaddr;

/**
 * Called with a query's outcome: a DNS_ERR_ code, the kind of the answer, how
 * many there are, for how many seconds they hold, the answers (valid during
 * the call) and the query's argument.
 */
typedef void (*evdns_callback_type)(int result, char type, int count, int ttl,
    void *addresses, void *arg);

/** Called with each log message of evdns, and whether it is a warning. */
typedef void (*evdns_debug_log_fn_type)(int is_warning, const char *msg);

/**
 * Called with each request that reaches a server port, and the port's
 * argument.
 */
typedef void (*evdns_request_callback_fn_type)(
    struct evdns_server_request *req, void *user_data);

/**
 * Called with the outcome of evdns_getaddrinfo: an EVUTIL_EAI_ code, the list
 * (the callee's from now on) and the request's argument.
 */
typedef void (*evdns_getaddrinfo_cb)(int result, struct evutil_addrinfo *res,
    void *arg);

/**
 * What a DNS_ERR_ code means, in words.
 *
 * @param err the code
 * @return a text that stays valid
 */
EVENT2_EXPORT_SYMBOL
const char *evdns_err_to_string(int err);

/**
 * Makes a DNS base: a resolver that asks nameservers from an event loop.
 *
 * @param event_base the base whose loop does the work. It must outlive the
 *   DNS base.
 * @param initialize_nameservers any of EVDNS_BASE_INITIALIZE_NAMESERVERS,
 *   EVDNS_BASE_DISABLE_WHEN_INACTIVE, EVDNS_BASE_NAMESERVERS_NO_DEFAULT
 * @return the DNS base, to be released with evdns_base_free(), or NULL when
 *   memory is short or /etc/resolv.conf should be read and cannot be. A file
 *   that names no server is no error: the one on this host is used.
 */
EVENT2_EXPORT_SYMBOL
struct evdns_base *evdns_base_new(struct event_base *event_base,
    int initialize_nameservers);

/**
 * Frees a DNS base. Allowed in any callback, also in one of its own requests.
 *
 * @param base the DNS base
 * @param fail_requests if not 0, the callbacks of requests under way still
 *   run, from the loop, with DNS_ERR_SHUTDOWN. Otherwise they never run.
 */
EVENT2_EXPORT_SYMBOL
void evdns_base_free(struct evdns_base *base, int fail_requests);

/**
 * Forgets all addresses that came from hosts files.
 *
 * @param base the DNS base
 */
EVENT2_EXPORT_SYMBOL
void evdns_base_clear_host_addresses(struct evdns_base *base);

/**
 * Adds a nameserver by its IPv4 address. It is asked at port 53.
 *
 * @param base the DNS base
 * @param address the address in network byte order, as in struct in_addr
 * @return 0 if it was added; 3 if it is there already; another value if no
 *   socket for it can be made
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_nameserver_add(struct evdns_base *base, unsigned long address);

/**
 * How many nameservers there are, whether they answer or not.
 *
 * @param base the DNS base
 * @return the number
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_count_nameservers(struct evdns_base *base);

/**
 * Forgets all nameservers. Requests under way wait until evdns_base_resume(),
 * and have their full time then.
 *
 * @param base the DNS base
 * @return 0; -1 without a DNS base
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_clear_nameservers_and_suspend(struct evdns_base *base);

/**
 * Asks again what evdns_base_clear_nameservers_and_suspend() made wait.
 *
 * @param base the DNS base
 * @return 0; -1 without a DNS base
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_resume(struct evdns_base *base);

/**
 * Adds a nameserver by its address in text: an IPv4 address, an IPv6 address,
 * with a port behind a colon if it is not 53 (an IPv6 address with a port
 * stands in brackets).
 *
 * @param base the DNS base
 * @param ip_as_string the address
 * @return 0 if it was added; 3 if it is there already; 4 if the text is no
 *   address; another value if no socket for it can be made
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_nameserver_ip_add(struct evdns_base *base,
    const char *ip_as_string);

/**
 * Adds a nameserver by its address.
 *
 * @param base the DNS base
 * @param sa an IPv4 or IPv6 address with a port
 * @param len its length
 * @param flags 0: there are none
 * @return 0 if it was added; 3 if it is there already; another value if no
 *   socket for it can be made
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_nameserver_sockaddr_add(struct evdns_base *base,
    const struct sockaddr *sa, socklen_t len, unsigned int flags);

/**
 * Asks for the IPv4 addresses of a name.
 *
 * @param base the DNS base
 * @param name the name. Without a dot at its end it may be searched for in
 *   the domains of the search list.
 * @param flags 0 or DNS_QUERY_NO_SEARCH
 * @param callback called once, from the loop, with the outcome: after a
 *   success an array of struct in_addr. On errors it is told the kind that
 *   was asked for, too.
 * @param ptr passed to it
 * @return a handle for evdns_cancel_request(), good until the callback runs;
 *   NULL if nothing has begun (then the callback never runs)
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_ipv4(struct evdns_base *base,
    const char *name, int flags, evdns_callback_type callback, void *ptr);

/**
 * Asks for the IPv6 addresses of a name.
 *
 * @param base the DNS base
 * @param name the name, as for evdns_base_resolve_ipv4()
 * @param flags 0 or DNS_QUERY_NO_SEARCH
 * @param callback called once, from the loop, with the outcome: after a
 *   success an array of struct in6_addr
 * @param ptr passed to it
 * @return as of evdns_base_resolve_ipv4()
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_ipv6(struct evdns_base *base,
    const char *name, int flags, evdns_callback_type callback, void *ptr);

/**
 * Asks for the name of the host with an IPv4 address.
 *
 * @param base the DNS base
 * @param in the address
 * @param flags 0: such names are not searched for
 * @param callback called once, from the loop, with the outcome: after a
 *   success a pointer to a char *, the name
 * @param ptr passed to it
 * @return as of evdns_base_resolve_ipv4()
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_reverse(struct evdns_base *base,
    const struct in_addr *in, int flags, evdns_callback_type callback,
    void *ptr);

/**
 * Asks for the name of the host with an IPv6 address.
 *
 * @param base the DNS base
 * @param in the address
 * @param flags 0: such names are not searched for
 * @param callback called once, from the loop, with the outcome: after a
 *   success a pointer to a char *, the name
 * @param ptr passed to it
 * @return as of evdns_base_resolve_ipv4()
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_reverse_ipv6(struct evdns_base *base,
    const struct in6_addr *in, int flags, evdns_callback_type callback,
    void *ptr);

/**
 * Ends a request: its callback runs from the loop with DNS_ERR_CANCEL. If its
 * outcome is known already, nothing changes.
 *
 * @param base the DNS base; may be NULL
 * @param req a request whose callback has not run
 */
EVENT2_EXPORT_SYMBOL
void evdns_cancel_request(struct evdns_base *base, struct evdns_request *req);

/**
 * Sets an option. The name may end with a colon. Times are in seconds, with a
 * fraction if need be. Requests under way are not concerned.
 *
 * - ndots: a name with so many dots is tried as it is first (1)
 * - timeout: how long one reply is waited for (5)
 * - attempts: how often a query is sent (3). Together with the timeout it
 *   bounds the time that a name takes, whatever servers do.
 * - max-timeouts: so many timeouts in a row, and a server counts as down (3)
 * - max-inflight: how many requests are under way at once (64); others wait
 * - randomize-case: 0 leaves the letters of names alone. Otherwise they get a
 *   random case, which a reply must repeat exactly.
 * - bind-to: the address that queries come from. Concerns servers that are
 *   not on this host and are added later.
 * - initial-probe-timeout: when a server that is down is tried again (10)
 * - max-probe-timeout, probe-backoff-factor: the longest wait between two
 *   such tries (3600), and by how much the wait grows (3)
 * - getaddrinfo-allow-skew: how long evdns_getaddrinfo() waits for the
 *   addresses of the other family (3)
 * - so-rcvbuf, so-sndbuf: sizes of the sockets' buffers
 * - use-vc: with an empty value, queries go over TCP
 * - ignore-tc: with an empty value, truncated replies are taken as they are
 * - tcp-idle-timeout: how long a connection without queries is kept (5)
 * - edns-udp-size: the largest reply over UDP (1232); 512 does without EDNS
 *
 * @param base the DNS base
 * @param option the name
 * @param val the value
 * @return 0, also for names that are not known; -1 if the value is none that
 *   the option takes
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_set_option(struct evdns_base *base, const char *option,
    const char *val);

/**
 * Reads a file of the form of resolv.conf, at most 64 KiB. Nameservers are
 * added to those there are.
 *
 * @param base the DNS base
 * @param flags what to take from it: any of DNS_OPTION_SEARCH,
 *   DNS_OPTION_NAMESERVERS, DNS_OPTION_MISC. With DNS_OPTION_HOSTSFILE
 *   /etc/hosts is read, too. DNS_OPTION_NAMESERVERS_NO_DEFAULT: without
 *   servers in the file there are none.
 * @param filename the file
 * @return 0; 1 the file cannot be opened (the server on this host is used,
 *   and the domain of its name); 2 it has no size; 3 it is too large; 4
 *   memory is short; 5 reading failed; 6 it names no server (the one on this
 *   host is used)
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_resolv_conf_parse(struct evdns_base *base, int flags,
    const char *filename);

#ifdef _WIN32
/**
 * Adds the nameservers and search domains of the Windows configuration, and
 * the names of its hosts file.
 *
 * @param base the DNS base; NULL: the global one
 * @return 0, or -1 if no nameserver was found
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_config_windows_nameservers(struct evdns_base *base);
#endif

/**
 * Adds the names of a hosts file to those that evdns_getaddrinfo() knows
 * without asking. Looking them up takes as long in a large file as in a small
 * one.
 *
 * @param base the DNS base
 * @param hosts_fname the file, at most 16 MiB; NULL: only localhost is added
 * @return 0; a negative number if the file cannot be read (then localhost is
 *   added)
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_load_hosts(struct evdns_base *base, const char *hosts_fname);

/**
 * Empties the list of domains in which names are searched.
 *
 * @param base the DNS base
 */
EVENT2_EXPORT_SYMBOL
void evdns_base_search_clear(struct evdns_base *base);

/**
 * Adds a domain in which names are searched, before those there are.
 *
 * @param base the DNS base
 * @param domain the domain
 */
EVENT2_EXPORT_SYMBOL
void evdns_base_search_add(struct evdns_base *base, const char *domain);

/**
 * Says how many dots make a name be tried as it is before the domains of the
 * search list.
 *
 * @param base the DNS base
 * @param ndots the number
 */
EVENT2_EXPORT_SYMBOL
void evdns_base_search_ndots_set(struct evdns_base *base, int ndots);

/**
 * Sets the function that gets the messages of evdns, for all DNS bases.
 *
 * @param fn_ the function; NULL: messages go where all of the library go
 */
EVENT2_EXPORT_SYMBOL
void evdns_set_log_fn(evdns_debug_log_fn_type fn_);

/**
 * Does nothing: the numbers of queries are secure random numbers.
 *
 * @param fn_ not used
 */
EVENT2_EXPORT_SYMBOL
void evdns_set_transaction_id_fn(uint16_t (*fn_)(void));

/**
 * Does nothing: secure random bytes are used.
 *
 * @param fn_ not used
 */
EVENT2_EXPORT_SYMBOL
void evdns_set_random_bytes_fn(void (*fn_)(char *bytes, size_t n));

/**
 * Tells the address of a nameserver.
 *
 * @param base the DNS base
 * @param idx which one, from 0, in the order in which they were added
 * @param sa receives the address
 * @param len how much room there is
 * @return the length of the address; if that is more than len, nothing was
 *   stored. -1 if there are not so many.
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_get_nameserver_addr(struct evdns_base *base, int idx,
    struct sockaddr *sa, socklen_t len);

/**
 * Makes a server port on a socket, and calls a function with each request
 * that arrives there.
 *
 * A reply over UDP is at most 512 bytes long, or as long as the client says
 * it takes, up to 1232; what does not fit is left out, and the client told so
 * (TC). So that nobody can direct floods at others by forging senders,
 * replies of more than three times their query are limited to 256 KiB a
 * second per network (1 MiB at once), except to this host; beyond that they
 * are cut to the question.
 *
 * @param base the event base whose loop reads requests; NULL: the current one
 *   of the 1.x API
 * @param socket a datagram socket, nonblocking, which is closed with the port
 * @param flags 0
 * @param callback called with each request and user_data, from the loop and
 *   without locks. It, or any thread later, must call
 *   evdns_server_request_respond() or evdns_server_request_drop() once.
 * @param user_data passed to the callback
 * @return the port, to be released with evdns_close_server_port(), or NULL
 *   (the socket stays open)
 */
EVENT2_EXPORT_SYMBOL
struct evdns_server_port *evdns_add_server_port_with_base(
    struct event_base *base, evutil_socket_t socket, int flags,
    evdns_request_callback_fn_type callback, void *user_data);

/**
 * Closes a server port: its callback is not called any more. Requests that it
 * has had can still be answered; the socket is closed when the last of them
 * is answered or dropped.
 *
 * @param port the port
 */
EVENT2_EXPORT_SYMBOL
void evdns_close_server_port(struct evdns_server_port *port);

/**
 * Sets flags of the reply to a request: instead of those that were set
 * before.
 *
 * @param req the request
 * @param flags any of EVDNS_FLAGS_AA (this server is an authority for the
 *   name) and EVDNS_FLAGS_RD (which sets RA: recursion is available)
 */
EVENT2_EXPORT_SYMBOL
void evdns_server_request_set_flags(struct evdns_server_request *req,
    int flags);

/**
 * Adds a record to the reply to a request.
 *
 * @param req the request
 * @param section EVDNS_ANSWER_SECTION, EVDNS_AUTHORITY_SECTION or
 *   EVDNS_ADDITIONAL_SECTION
 * @param name the name that the record belongs to
 * @param type EVDNS_TYPE_* or any other type
 * @param dns_class EVDNS_CLASS_INET or another class
 * @param ttl for how many seconds the record may be kept
 * @param datalen how long data is; not used for names. At most 65535.
 * @param is_name if not 0, data is the text of a name
 * @param data the record's data in the form of a message, or a name; copied.
 *   NULL: there is none.
 * @return 0, or -1 when the name or the data are such that no message can
 *   hold them, or memory is short. Nothing has been added then.
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_reply(struct evdns_server_request *req,
    int section, const char *name, int type, int dns_class, int ttl,
    int datalen, int is_name, const char *data);

/**
 * Adds IPv4 addresses to the answers of a reply, one record for each.
 *
 * @param req the request
 * @param name whose addresses they are
 * @param n how many
 * @param addrs n addresses of 4 bytes, in network byte order
 * @param ttl for how many seconds they may be kept
 * @return 0, or -1: nothing has been added
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_a_reply(struct evdns_server_request *req,
    const char *name, int n, const void *addrs, int ttl);

/**
 * Adds IPv6 addresses to the answers of a reply, one record for each.
 *
 * @param req the request
 * @param name whose addresses they are
 * @param n how many
 * @param addrs n addresses of 16 bytes
 * @param ttl for how many seconds they may be kept
 * @return 0, or -1: nothing has been added
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_aaaa_reply(struct evdns_server_request *req,
    const char *name, int n, const void *addrs, int ttl);

/**
 * Adds the name of a host to the answers of a reply. Either in or inaddr_name
 * is NULL.
 *
 * @param req the request
 * @param in the IPv4 address of the host, or NULL
 * @param inaddr_name the name that was asked for, or NULL: in-addr.arpa's for
 *   the address
 * @param hostname the host's name
 * @param ttl for how many seconds it may be kept
 * @return 0, or -1: nothing has been added
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_ptr_reply(struct evdns_server_request *req,
    struct in_addr *in, const char *inaddr_name, const char *hostname,
    int ttl);

/**
 * Adds to the answers of a reply that a name is an alias.
 *
 * @param req the request
 * @param name the alias
 * @param cname the name that it stands for
 * @param ttl for how many seconds that may be kept
 * @return 0, or -1: nothing has been added
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_cname_reply(struct evdns_server_request *req,
    const char *name, const char *cname, int ttl);

/**
 * Sends the reply to a request. Any thread may do it, also after the port has
 * been closed.
 *
 * @param req the request; it is gone afterwards unless the result is -1
 * @param err DNS_ERR_NONE or another code below 16
 * @return 0 when the reply was sent (or cannot ever be, which is logged); 1
 *   when it waits for the socket to take it; -1 when err is no such code
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_respond(struct evdns_server_request *req, int err);

/**
 * Frees a request without a reply.
 *
 * @param req the request
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_drop(struct evdns_server_request *req);

/**
 * Tells who sent a request. Over UDP the address may be forged.
 *
 * @param req the request
 * @param sa receives the address
 * @param addr_len how much room there is
 * @return the length of the address, or -1 if there is not enough room
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_get_requesting_addr(struct evdns_server_request *req,
    struct sockaddr *sa, int addr_len);

/**
 * Looks up the addresses of a host and the port of a service, as
 * getaddrinfo(3) does, without waiting.
 *
 * Numbers and the hosts file are answered at once; otherwise A and AAAA
 * records are asked for at the same time. When one family has answered the
 * other is waited for as long as the option getaddrinfo-allow-skew says.
 * AI_V4MAPPED and AI_ALL have no effect.
 *
 * @param dns_base the DNS base; NULL: the global one
 * @param nodename the host, or NULL: this one
 * @param servname a port's number or a service's name, or NULL: port 0
 * @param hints_in family, type, protocol and flags that are wanted, or NULL
 * @param cb called once: with 0 and a list, which is the program's, to be
 *   freed with evutil_freeaddrinfo(); or with an EVUTIL_EAI_* code and NULL.
 *   If the answer is known it is called before this returns, otherwise from
 *   the loop.
 * @param arg passed to the callback
 * @return NULL if the callback has been called; otherwise a handle for
 *   evdns_getaddrinfo_cancel(), valid until the callback is called
 */
EVENT2_EXPORT_SYMBOL
struct evdns_getaddrinfo_request *evdns_getaddrinfo(
    struct evdns_base *dns_base, const char *nodename, const char *servname,
    const struct evutil_addrinfo *hints_in, evdns_getaddrinfo_cb cb,
    void *arg);

/**
 * Ends a look-up early. Its callback is called from the loop with
 * EVUTIL_EAI_CANCEL.
 *
 * @param req what evdns_getaddrinfo() returned, whose callback has not been
 *   called; NULL does nothing
 */
EVENT2_EXPORT_SYMBOL
void evdns_getaddrinfo_cancel(struct evdns_getaddrinfo_request *req);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_DNS_H_INCLUDED_ */
