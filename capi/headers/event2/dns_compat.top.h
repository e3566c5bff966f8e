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
