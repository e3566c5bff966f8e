/* Made by cargo xtask headers. Sources: capi/src/buffer.rs */
#ifndef EVENT2_BUFFER_H_INCLUDED_
#define EVENT2_BUFFER_H_INCLUDED_

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
#endif

/** For evbuffer_file_segment_new. */

/** Close the file when the segment is freed. */
#define EVBUF_FS_CLOSE_ON_FREE 0x01
/** Never map the file into memory. */
#define EVBUF_FS_DISABLE_MMAP 0x02
/** Never send with sendfile(). */
#define EVBUF_FS_DISABLE_SENDFILE 0x04
/** No lock for the segment: it is only used by one thread. */
#define EVBUF_FS_DISABLE_LOCKING 0x08

/**
 * For evbuffer_set_flags: the buffer is only ever drained by writing it to a
 * socket or file, so that files in it may be sent without reading them into
 * memory.
 */
#define EVBUFFER_FLAG_DRAINS_TO_FD 1
/** For evbuffer_cb_set_flags: the callback is called. Set from the start. */
#define EVBUFFER_CB_ENABLED 1

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;
struct evbuffer_cb_entry;
struct evbuffer_cb_info;
struct evbuffer_file_segment;
struct evbuffer_ptr;
struct event_base;

/**
 * A position in an evbuffer, set by evbuffer_ptr_set or a search. Any change
 * of the buffer makes it invalid.
 */
struct evbuffer_ptr {
	/**
	 * Bytes from the start; -1 when it stands for nothing (not found, out
	 * of range).
	 */
	ev_ssize_t pos;
	/** The library's. */
	struct {
		void *chain;
		size_t pos_in_chain;
	} internal_;
};

struct evbuffer_cb_info {
	/** Bytes in the buffer before the change. */
	size_t orig_size;
	/** Bytes added since the last call of the callbacks. */
	size_t n_added;
	/** Bytes removed since the last call of the callbacks. */
	size_t n_deleted;
};

/** How evbuffer_readln finds the end of a line. */
enum evbuffer_eol_style {
	/** Any run of CR and LF bytes. Empty lines are lost. */
	EVBUFFER_EOL_ANY = 0,
	/** LF, with or without a CR before it. The usual choice. */
	EVBUFFER_EOL_CRLF = 1,
	/** CR and LF together, nothing else. */
	EVBUFFER_EOL_CRLF_STRICT = 2,
	/** LF. */
	EVBUFFER_EOL_LF = 3,
	/** A NUL byte. */
	EVBUFFER_EOL_NUL = 4
};

/** How evbuffer_ptr_set reads its offset. */
enum evbuffer_ptr_how {
	/** From the start of the buffer. */
	EVBUFFER_PTR_SET = 0,
	/** Forward from where the pointer is. */
	EVBUFFER_PTR_ADD = 1
};

/**
 * Called when the library no longer needs memory that evbuffer_add_reference
 * was given.
 */
typedef void (*evbuffer_ref_cleanup_cb)(const void *data, size_t datalen,
    void *extra);

/**
 * Called when a file segment is freed: the segment, the EVBUF_FS_* flags it
 * was made with, and the argument.
 */
typedef void (*evbuffer_file_segment_cleanup_cb)(
    const struct evbuffer_file_segment *segment, int flags, void *arg);

/**
 * Called after the contents of a buffer changed: the buffer, what changed,
 * and the argument it was added with.
 */
typedef void (*evbuffer_cb_func)(struct evbuffer *buffer,
    const struct evbuffer_cb_info *info, void *arg);

/** Does evbuffer_add. */
EVENT2_EXPORT_SYMBOL
int evbuffer_add(struct evbuffer *a0, const void *a1, size_t a2);

/** Does evbuffer_add_buffer. */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_buffer(struct evbuffer *a0, struct evbuffer *a1);

/** Does evbuffer_add_buffer_reference. */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_buffer_reference(struct evbuffer *a0, struct evbuffer *a1);

/** Does evbuffer_add_cb. */
EVENT2_EXPORT_SYMBOL
struct evbuffer_cb_entry *evbuffer_add_cb(struct evbuffer *a0,
    evbuffer_cb_func a1, void *a2);

/** Does evbuffer_add_file. */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_file(struct evbuffer *a0, int a1, int64_t a2, int64_t a3);

/** Does evbuffer_add_file_segment. */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_file_segment(struct evbuffer *a0,
    struct evbuffer_file_segment *a1, int64_t a2, int64_t a3);

/** Does evbuffer_add_iovec. */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_add_iovec(struct evbuffer *a0, struct evbuffer_iovec *a1,
    int a2);

/** Does evbuffer_add_reference. */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_reference(struct evbuffer *a0, const void *a1, size_t a2,
    evbuffer_ref_cleanup_cb a3, void *a4);

/** Does evbuffer_cb_clear_flags. */
EVENT2_EXPORT_SYMBOL
int evbuffer_cb_clear_flags(struct evbuffer *a0, struct evbuffer_cb_entry *a1,
    uint32_t a2);

/** Does evbuffer_cb_set_flags. */
EVENT2_EXPORT_SYMBOL
int evbuffer_cb_set_flags(struct evbuffer *a0, struct evbuffer_cb_entry *a1,
    uint32_t a2);

/** Does evbuffer_clear_flags. */
EVENT2_EXPORT_SYMBOL
int evbuffer_clear_flags(struct evbuffer *a0, uint64_t a1);

/** Does evbuffer_commit_space. */
EVENT2_EXPORT_SYMBOL
int evbuffer_commit_space(struct evbuffer *a0, struct evbuffer_iovec *a1,
    int a2);

/** Does evbuffer_copyout. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t evbuffer_copyout(struct evbuffer *a0, void *a1, size_t a2);

/** Does evbuffer_copyout_from. */
EVENT2_EXPORT_SYMBOL
ev_ssize_t evbuffer_copyout_from(struct evbuffer *a0,
    const struct evbuffer_ptr *a1, void *a2, size_t a3);

/** Does evbuffer_defer_callbacks. */
EVENT2_EXPORT_SYMBOL
int evbuffer_defer_callbacks(struct evbuffer *a0, struct event_base *a1);

/** Does evbuffer_drain. */
EVENT2_EXPORT_SYMBOL
int evbuffer_drain(struct evbuffer *a0, size_t a1);

/** Does evbuffer_enable_locking. */
EVENT2_EXPORT_SYMBOL
int evbuffer_enable_locking(struct evbuffer *a0, void *a1);

/** Does evbuffer_expand. */
EVENT2_EXPORT_SYMBOL
int evbuffer_expand(struct evbuffer *a0, size_t a1);

/** Does evbuffer_file_segment_add_cleanup_cb. */
EVENT2_EXPORT_SYMBOL
void evbuffer_file_segment_add_cleanup_cb(struct evbuffer_file_segment *a0,
    evbuffer_file_segment_cleanup_cb a1, void *a2);

/** Does evbuffer_file_segment_free. */
EVENT2_EXPORT_SYMBOL
void evbuffer_file_segment_free(struct evbuffer_file_segment *a0);

/** Does evbuffer_file_segment_new. */
EVENT2_EXPORT_SYMBOL
struct evbuffer_file_segment *evbuffer_file_segment_new(int a0, int64_t a1,
    int64_t a2, unsigned int a3);

/** Does evbuffer_free. */
EVENT2_EXPORT_SYMBOL
void evbuffer_free(struct evbuffer *a0);

/** Does evbuffer_freeze. */
EVENT2_EXPORT_SYMBOL
int evbuffer_freeze(struct evbuffer *a0, int a1);

/** Does evbuffer_get_contiguous_space. */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_get_contiguous_space(const struct evbuffer *a0);

/** Does evbuffer_get_length. */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_get_length(const struct evbuffer *a0);

/** Does evbuffer_lock. */
EVENT2_EXPORT_SYMBOL
void evbuffer_lock(struct evbuffer *a0);

/** Does evbuffer_new. */
EVENT2_EXPORT_SYMBOL
struct evbuffer *evbuffer_new(void);

/** Does evbuffer_peek. */
EVENT2_EXPORT_SYMBOL
int evbuffer_peek(struct evbuffer *a0, ev_ssize_t a1, struct evbuffer_ptr *a2,
    struct evbuffer_iovec *a3, int a4);

/** Does evbuffer_prepend. */
EVENT2_EXPORT_SYMBOL
int evbuffer_prepend(struct evbuffer *a0, const void *a1, size_t a2);

/** Does evbuffer_prepend_buffer. */
EVENT2_EXPORT_SYMBOL
int evbuffer_prepend_buffer(struct evbuffer *a0, struct evbuffer *a1);

/** Does evbuffer_ptr_set. */
EVENT2_EXPORT_SYMBOL
int evbuffer_ptr_set(struct evbuffer *a0, struct evbuffer_ptr *a1, size_t a2,
    enum evbuffer_ptr_how a3);

/** Does evbuffer_pullup. */
EVENT2_EXPORT_SYMBOL
uint8_t *evbuffer_pullup(struct evbuffer *a0, ev_ssize_t a1);

/** Does evbuffer_read. */
EVENT2_EXPORT_SYMBOL
int evbuffer_read(struct evbuffer *a0, int a1, int a2);

/** Does evbuffer_readln. */
EVENT2_EXPORT_SYMBOL
char *evbuffer_readln(struct evbuffer *a0, size_t *a1,
    enum evbuffer_eol_style a2);

/** Does evbuffer_remove. */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove(struct evbuffer *a0, void *a1, size_t a2);

/** Does evbuffer_remove_buffer. */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_buffer(struct evbuffer *a0, struct evbuffer *a1,
    size_t a2);

/** Does evbuffer_remove_cb. */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_cb(struct evbuffer *a0, evbuffer_cb_func a1, void *a2);

/** Does evbuffer_remove_cb_entry. */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_cb_entry(struct evbuffer *a0,
    struct evbuffer_cb_entry *a1);

/** Does evbuffer_reserve_space. */
EVENT2_EXPORT_SYMBOL
int evbuffer_reserve_space(struct evbuffer *a0, ev_ssize_t a1,
    struct evbuffer_iovec *a2, int a3);

/** Does evbuffer_search. */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search(struct evbuffer *a0, const char *a1,
    size_t a2, const struct evbuffer_ptr *a3);

/** Does evbuffer_search_eol. */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search_eol(struct evbuffer *a0,
    struct evbuffer_ptr *a1, size_t *a2, enum evbuffer_eol_style a3);

/** Does evbuffer_search_range. */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search_range(struct evbuffer *a0, const char *a1,
    size_t a2, const struct evbuffer_ptr *a3, const struct evbuffer_ptr *a4);

/** Does evbuffer_set_flags. */
EVENT2_EXPORT_SYMBOL
int evbuffer_set_flags(struct evbuffer *a0, uint64_t a1);

/** Does evbuffer_unfreeze. */
EVENT2_EXPORT_SYMBOL
int evbuffer_unfreeze(struct evbuffer *a0, int a1);

/** Does evbuffer_unlock. */
EVENT2_EXPORT_SYMBOL
void evbuffer_unlock(struct evbuffer *a0);

/** Does evbuffer_write. */
EVENT2_EXPORT_SYMBOL
int evbuffer_write(struct evbuffer *a0, int a1);

/** Does evbuffer_write_atmost. */
EVENT2_EXPORT_SYMBOL
int evbuffer_write_atmost(struct evbuffer *a0, int a1, ev_ssize_t a2);

/**
 * Appends text that is formatted as printf does.
 *
 * @param buf the buffer
 * @param fmt the format, followed by its arguments
 * @return the number of bytes appended, or -1 with nothing appended: out of
 *   memory, a wrong format, or the end of the buffer is frozen
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_printf(struct evbuffer *buf, const char *fmt, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 2, 3)))
#endif
	;

/**
 * evbuffer_add_printf for arguments that come as a va_list, which cannot be
 * used again afterwards.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_vprintf(struct evbuffer *buf, const char *fmt, va_list ap)
#ifdef __GNUC__
	__attribute__((format(printf, 2, 0)))
#endif
	;

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_BUFFER_H_INCLUDED_ */
