/**
 * @file evhttp.h
 *
 * HTTP, as programs of the 1.x days include it: event2/http.h is enough for
 * new ones.
 */

#include <event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/http_compat.h>
