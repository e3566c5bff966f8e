/**
 * @file event2/dns_struct.h
 *
 * What a program that answers DNS queries reads of each.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
