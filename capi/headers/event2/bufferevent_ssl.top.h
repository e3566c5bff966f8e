
/**
 * @file event2/bufferevent_ssl.h
 *
 * Bufferevents that encrypt what is written and decrypt what is read, with
 * OpenSSL, over a socket or on top of another bufferevent. The program needs
 * libevent_openssl besides.
 *
 * What the peer has sent before the end of its stream is always there, and
 * the read callback has been called, before BEV_EVENT_EOF is.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <event2/bufferevent.h>
#include <event2/util.h>
