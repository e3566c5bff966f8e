/**
 * @file event2/http_compat.h
 *
 * The functions of 1.x, which work on the base that event_init made last.
 * They are not safe with several threads.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>

/** An old name. */
#define evhttp_request_uri evhttp_request_get_uri
