/* Made by cargo xtask headers. Sources: capi/headers */
#ifndef EVENT1_EVDNS_H_INCLUDED_
#define EVENT1_EVDNS_H_INCLUDED_

/**
 * @file evdns.h
 *
 * DNS, as programs of the 1.x days include it: event2/dns.h is enough for new
 * ones.
 */

#include <event.h>
#include <event2/dns.h>
#include <event2/dns_compat.h>
#include <event2/dns_struct.h>

#endif /* EVENT1_EVDNS_H_INCLUDED_ */
