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

/**
 * Takes one line from the front of a buffer, where any run of CR and LF ends
 * a line. Obsolete: such a run may be cut by the network, so use
 * evbuffer_readln() and say what ends a line.
 *
 * @param buffer the buffer
 * @return the line, to be freed by you, or NULL
 */
EVENT2_EXPORT_SYMBOL
char *evbuffer_readline(struct evbuffer *buffer);

/**
 * Removes all callbacks of a buffer and registers one that is told the
 * lengths before and after a change. Obsolete: it removes callbacks of
 * others, so use evbuffer_add_cb() and evbuffer_remove_cb().
 *
 * @param buffer the buffer
 * @param cb the function, or NULL for none
 * @param cbarg handed to it
 * @return 0, or -1 when memory is short (the others are gone, then, too)
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_setcb(struct evbuffer *buffer, evbuffer_cb cb, void *cbarg);

/**
 * Searches a buffer for a string of bytes, and makes the bytes up to its end
 * contiguous. Obsolete: use evbuffer_search().
 *
 * @param buffer the buffer
 * @param what the bytes to look for
 * @param len how many
 * @return the address of the first occurrence in the buffer, valid until the
 *   buffer changes, or NULL
 */
EVENT2_EXPORT_SYMBOL
unsigned char *evbuffer_find(struct evbuffer *buffer,
    const unsigned char *what, size_t len);

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
