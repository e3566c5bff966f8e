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
