/* Made by cargo xtask headers. Sources: capi/src/dns_compat.rs */
#ifndef EVENT2_DNS_COMPAT_H_INCLUDED_
#define EVENT2_DNS_COMPAT_H_INCLUDED_

/**
 * @file event2/dns_compat.h
 *
 * Functions of 1.x, which use one global DNS base. See event2/dns.h for what
 * replaces them.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/visibility.h>

#ifdef _WIN32
/** evdns_config_windows_nameservers is there. */
#define EVDNS_CONFIG_WINDOWS_NAMESERVERS_IMPLEMENTED
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct evdns_base;
struct evdns_server_port;
struct in6_addr;
struct in_addr;

/**
 * Makes the global DNS base that the functions of this file use, on the
 * current event base, and reads /etc/resolv.conf. Prefer evdns_base_new().
 *
 * @return 0; -1 if that failed
 */
EVENT2_EXPORT_SYMBOL
int evdns_init(void);

/**
 * The global DNS base.
 *
 * @return it, or NULL if there is none
 */
EVENT2_EXPORT_SYMBOL
struct evdns_base *evdns_get_global_base(void);

/**
 * Frees the global DNS base. Prefer evdns_base_free().
 *
 * @param fail_requests if not 0, the callbacks of requests under way run with
 *   DNS_ERR_SHUTDOWN
 */
EVENT2_EXPORT_SYMBOL
void evdns_shutdown(int fail_requests);

/**
 * As evdns_base_nameserver_add().
 *
 * @param address an IPv4 address in network byte order
 * @return as of that
 */
EVENT2_EXPORT_SYMBOL
int evdns_nameserver_add(unsigned long address);

/**
 * As evdns_base_count_nameservers().
 *
 * @return the number
 */
EVENT2_EXPORT_SYMBOL
int evdns_count_nameservers(void);

/**
 * As evdns_base_clear_nameservers_and_suspend().
 *
 * @return as of that
 */
EVENT2_EXPORT_SYMBOL
int evdns_clear_nameservers_and_suspend(void);

/**
 * As evdns_base_resume().
 *
 * @return as of that
 */
EVENT2_EXPORT_SYMBOL
int evdns_resume(void);

/**
 * As evdns_base_nameserver_ip_add().
 *
 * @param ip_as_string an address
 * @return as of that
 */
EVENT2_EXPORT_SYMBOL
int evdns_nameserver_ip_add(const char *ip_as_string);

/**
 * As evdns_base_resolve_ipv4(); the request cannot be cancelled.
 *
 * @param name the name
 * @param flags 0 or DNS_QUERY_NO_SEARCH
 * @param callback called with the outcome
 * @param ptr passed to it
 * @return 0; -1 if nothing has begun
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_ipv4(const char *name, int flags,
    evdns_callback_type callback, void *ptr);

/**
 * As evdns_base_resolve_ipv6(); the request cannot be cancelled.
 *
 * @param name the name
 * @param flags 0 or DNS_QUERY_NO_SEARCH
 * @param callback called with the outcome
 * @param ptr passed to it
 * @return 0; -1 if nothing has begun
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_ipv6(const char *name, int flags,
    evdns_callback_type callback, void *ptr);

/**
 * As evdns_base_resolve_reverse(); the request cannot be cancelled.
 *
 * @param in the address
 * @param flags 0
 * @param callback called with the outcome
 * @param ptr passed to it
 * @return 0; -1 if nothing has begun
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_reverse(const struct in_addr *in, int flags,
    evdns_callback_type callback, void *ptr);

/**
 * As evdns_base_resolve_reverse_ipv6(); the request cannot be cancelled.
 *
 * @param in the address
 * @param flags 0
 * @param callback called with the outcome
 * @param ptr passed to it
 * @return 0; -1 if nothing has begun
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_reverse_ipv6(const struct in6_addr *in, int flags,
    evdns_callback_type callback, void *ptr);

/**
 * As evdns_base_set_option().
 *
 * @param option the name
 * @param val the value
 * @param flags not used
 * @return as of that
 */
EVENT2_EXPORT_SYMBOL
int evdns_set_option(const char *option, const char *val, int flags);

/**
 * As evdns_base_resolv_conf_parse().
 *
 * @param flags what to take from the file
 * @param filename the file
 * @return as of that
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolv_conf_parse(int flags, const char *filename);

#ifdef _WIN32
/**
 * Adds the nameservers of the Windows configuration to the global DNS base,
 * as evdns_base_config_windows_nameservers().
 *
 * @return 0, or -1 if no nameserver was found
 */
EVENT2_EXPORT_SYMBOL
int evdns_config_windows_nameservers(void);
#endif

/** Empties the search list of the global DNS base. */
EVENT2_EXPORT_SYMBOL
void evdns_search_clear(void);

/**
 * As evdns_base_search_add().
 *
 * @param domain the domain
 */
EVENT2_EXPORT_SYMBOL
void evdns_search_add(const char *domain);

/**
 * As evdns_base_search_ndots_set().
 *
 * @param ndots how many dots make a name be tried as it is first
 */
EVENT2_EXPORT_SYMBOL
void evdns_search_ndots_set(int ndots);

/**
 * As evdns_add_server_port_with_base(), with the current event base.
 *
 * @param socket a datagram socket, nonblocking
 * @param flags 0
 * @param callback called with each request
 * @param user_data passed to it
 * @return the port, or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evdns_server_port *evdns_add_server_port(evutil_socket_t socket,
    int flags, evdns_request_callback_fn_type callback, void *user_data);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_DNS_COMPAT_H_INCLUDED_ */
