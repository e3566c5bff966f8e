/* Made by cargo xtask headers. Sources: capi/src/buffer_compat.rs */
#ifndef EVENT2_BUFFER_COMPAT_H_INCLUDED_
#define EVENT2_BUFFER_COMPAT_H_INCLUDED_

/**
 * @file event2/buffer_compat.h
 *
 * Names of 1.x. See event2/buffer.h for what replaces them.
 */

#include <event2/visibility.h>
#include <event2/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;

/**
 * The callback of evbuffer_setcb: the buffer, its length before and after the
 * change, and the argument.
 */
typedef void (*evbuffer_cb)(struct evbuffer *buffer, size_t old_len,
    size_t new_len, void *arg);

/** Does evbuffer_find. */
EVENT2_EXPORT_SYMBOL
uint8_t *evbuffer_find(struct evbuffer *a0, const uint8_t *a1, size_t a2);

/** Does evbuffer_readline. */
EVENT2_EXPORT_SYMBOL
char *evbuffer_readline(struct evbuffer *a0);

/** Does evbuffer_setcb. */
EVENT2_EXPORT_SYMBOL
int evbuffer_setcb(struct evbuffer *a0, evbuffer_cb a1, void *a2);

/** The number of bytes in a buffer: evbuffer_get_length. */
#define EVBUFFER_LENGTH(x) evbuffer_get_length(x)
/**
 * All bytes of a buffer in one piece: evbuffer_pullup of everything. NULL if
 * it is empty or out of memory.
 */
#define EVBUFFER_DATA(x) evbuffer_pullup((x), -1)

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFER_COMPAT_H_INCLUDED_ */
