/* Made by cargo xtask headers. Sources: capi/headers */
#ifndef EVENT1_EVUTIL_H_INCLUDED_
#define EVENT1_EVUTIL_H_INCLUDED_

/**
 * @file evutil.h
 *
 * The name of event2/util.h in the 1.x days.
 */

#include <event2/util.h>

#endif /* EVENT1_EVUTIL_H_INCLUDED_ */
