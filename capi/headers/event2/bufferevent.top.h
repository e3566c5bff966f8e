
/**
 * @file event2/bufferevent.h
 *
 * A bufferevent reads into one buffer and writes from another by itself, and
 * tells the program when there is something to do: when enough data came,
 * when enough was written, and when the connection is made, ends or fails.
 *
 * There are bufferevents on sockets, pairs that are connected with each
 * other, and filters on top of another bufferevent.
 *
 * A bufferevent is used by one thread at a time, unless it was made with
 * BEV_OPT_THREADSAFE.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>

struct sockaddr;

/** The highest rate that ev_token_bucket_cfg_new takes: no limit. */
#define EV_RATE_LIMIT_MAX EV_SSIZE_MAX
