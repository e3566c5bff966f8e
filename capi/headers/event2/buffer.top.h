
/**
 * @file event2/buffer.h
 *
 * Buffers for network data: a queue of bytes that grows at one end and
 * shrinks at the other, kept in several pieces of memory, with searching,
 * line reading, and reading from and writing to sockets and files. Whole
 * buffers, foreign memory and files can be appended without copying.
 *
 * A buffer is used by one thread at a time, unless evbuffer_enable_locking
 * was called. Several calls are made one by evbuffer_lock.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <stdarg.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/uio.h>
#endif
#include <event2/util.h>

#ifndef _WIN32
/**
 * One piece of a buffer, for evbuffer_reserve_space and evbuffer_peek: the
 * system's struct iovec.
 */
#define evbuffer_iovec iovec
#define EVBUFFER_IOVEC_IS_NATIVE_
#else
/** One piece of a buffer, for evbuffer_reserve_space and evbuffer_peek. */
struct evbuffer_iovec {
	/** Where it begins. */
	void *iov_base;
	/** Its length in bytes. */
	size_t iov_len;
};
#endif
