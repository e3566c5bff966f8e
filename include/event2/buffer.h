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
#else
/** One piece of a buffer, for evbuffer_reserve_space and evbuffer_peek. */
struct evbuffer_iovec {
	/** Where it begins. */
	void *iov_base;
	/** Its length in bytes. */
	size_t iov_len;
};
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

/**
 * Makes an empty buffer.
 *
 * @return the buffer, to be released with evbuffer_free(), or NULL when
 *   memory is short.
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer *evbuffer_new(void);

/**
 * Gives up a buffer. Its memory goes as soon as nothing inside the library
 * uses it any more: a call in progress, or a deferred callback.
 *
 * @param buf the buffer, which must not be used afterwards
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_free(struct evbuffer *buf);

/**
 * Lets several threads use one buffer: from now on each call locks it.
 * Callbacks run with the lock held, so take care in which order your own
 * locks are taken. Call this before a second thread knows the buffer, and
 * after evthread_use_pthreads() or its like.
 *
 * @param buf the buffer
 * @param lock a recursive lock that outlives the buffer, or NULL to have one
 *   made
 * @return 0, or -1 if the buffer has a lock already, threads have not been
 *   set up, or memory is short
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_enable_locking(struct evbuffer *buf, void *lock);

/**
 * Locks a buffer, so that several calls appear as one to other threads. May
 * be nested. Does nothing where evbuffer_enable_locking() was not called.
 *
 * @param buf the buffer
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_lock(struct evbuffer *buf);

/**
 * Undoes one evbuffer_lock() of the same thread.
 *
 * @param buf the buffer
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_unlock(struct evbuffer *buf);

/**
 * Sets flags of a buffer.
 *
 * @param buf the buffer
 * @param flags EVBUFFER_FLAG_DRAINS_TO_FD: its bytes will only be written to
 *   a descriptor, drained or moved as a whole, so that files added to it may
 *   be sent with sendfile(). The output of socket bufferevents has it.
 * @return 0, or -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_set_flags(struct evbuffer *buf, uint64_t flags);

/**
 * Clears flags that evbuffer_set_flags() set.
 *
 * @param buf the buffer
 * @param flags the flags to clear
 * @return 0, or -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_clear_flags(struct evbuffer *buf, uint64_t flags);

/**
 * The number of bytes in a buffer.
 *
 * @param buf the buffer
 * @return its length
 */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_get_length(const struct evbuffer *buf);

/**
 * The number of bytes in the first block of a buffer: what evbuffer_pullup()
 * can return without copying anything.
 *
 * @param buf the buffer
 * @return that number, 0 for an empty buffer
 */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_get_contiguous_space(const struct evbuffer *buf);

/**
 * Makes room, so that adding datlen more bytes needs no memory.
 *
 * @param buf the buffer
 * @param datlen the room wanted, in bytes
 * @return 0, or -1 when memory is short
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_expand(struct evbuffer *buf, size_t datlen);

/**
 * Lends out room at the end of a buffer, for you to write into. It becomes
 * data only with evbuffer_commit_space(). Until then do nothing that changes
 * the buffer; asking again lends the same room again.
 *
 * @param buf the buffer
 * @param size the least number of bytes wanted in all; there may be more
 * @param vec filled with the address and length of each extent
 * @param n_vecs elements of vec, 1 or more. With 1 the room is contiguous; 2
 *   or more may save copying.
 * @return how many extents were filled in, or -1 if the back of the buffer is
 *   frozen, memory is short or an argument makes no sense
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_reserve_space(struct evbuffer *buf, ev_ssize_t size,
    struct evbuffer_iovec *vec, int n_vecs);

/**
 * Turns lent room into data.
 *
 * @param buf the buffer
 * @param vec the extents of evbuffer_reserve_space(), in that order, each
 *   shortened to what was written
 * @param n_vecs how many of them
 * @return 0, or -1 if they are not (or no longer) the buffer's room, or its
 *   back is frozen; then nothing has changed
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_commit_space(struct evbuffer *buf, struct evbuffer_iovec *vec,
    int n_vecs);

/**
 * Copies bytes to the end of a buffer.
 *
 * @param buf the buffer
 * @param data the bytes
 * @param datlen how many
 * @return 0, or -1 if the back of the buffer is frozen or memory is short;
 *   then nothing has been added
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add(struct evbuffer *buf, const void *data, size_t datlen);

/**
 * Takes bytes from the front of a buffer.
 *
 * @param buf the buffer
 * @param data where they go
 * @param datlen how many at most
 * @return how many were taken, or -1 if the front is frozen or part of a file
 *   could not be read
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove(struct evbuffer *buf, void *data, size_t datlen);

/**
 * Copies bytes from the front of a buffer, which keeps them.
 *
 * @param buf the buffer
 * @param data_out where they go
 * @param datlen how many at most
 * @return how many were copied, or -1 if the front is frozen or part of a
 *   file could not be read
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t evbuffer_copyout(struct evbuffer *buf, void *data_out,
    size_t datlen);

/**
 * Copies bytes from the middle of a buffer, which keeps them.
 *
 * @param buf the buffer
 * @param pos where to begin; NULL: at the front
 * @param data_out where they go
 * @param datlen how many at most
 * @return how many were copied, or -1 if the front is frozen, pos is no
 *   position or part of a file could not be read
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t evbuffer_copyout_from(struct evbuffer *buf,
    const struct evbuffer_ptr *pos, void *data_out, size_t datlen);

/**
 * Moves bytes from the front of one buffer to the end of another, copying
 * only where a block has to be divided.
 *
 * @param src the buffer to take from
 * @param dst the buffer to add to
 * @param datlen how many bytes at most
 * @return how many were moved, or -1 if the front of src or the back of dst
 *   is frozen or memory is short; then nothing has moved
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_buffer(struct evbuffer *src, struct evbuffer *dst,
    size_t datlen);

/**
 * Takes one line from the front of a buffer, without its terminator.
 *
 * @param buffer the buffer
 * @param n_read_out where the length of the line goes, or NULL. With
 *   EVBUFFER_EOL_NUL, or where lines may hold NUL bytes, you need it.
 * @param eol_style what ends a line
 * @return the line, with a NUL added, allocated with malloc() (or its
 *   replacement) for you to free; NULL if there is no whole line yet, the
 *   front is frozen or memory is short
 */
EVENT2_EXPORT_SYMBOL
char *evbuffer_readln(struct evbuffer *buffer, size_t *n_read_out,
    enum evbuffer_eol_style eol_style);

/**
 * Moves all bytes of one buffer to the end of another, without copying.
 *
 * @param outbuf the buffer to add to
 * @param inbuf the buffer to empty
 * @return 0, or -1 if the back of outbuf or the front of inbuf is frozen;
 *   then nothing has moved
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_buffer(struct evbuffer *outbuf, struct evbuffer *inbuf);

/**
 * Adds the bytes of one buffer to the end of another without copying or
 * removing them: both show the same memory, which nobody writes to any more.
 * Either buffer may be changed or freed afterwards.
 *
 * @param outbuf the buffer to add to
 * @param inbuf the buffer whose bytes are shown
 * @return 0, or -1 if the back of outbuf is frozen, memory is short, both are
 *   the same buffer, or inbuf holds parts of files or bytes that it shows of
 *   a third buffer; then nothing has been added
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_buffer_reference(struct evbuffer *outbuf,
    struct evbuffer *inbuf);

/**
 * Adds memory of yours to the end of a buffer without copying it.
 *
 * @param outbuf the buffer
 * @param data the memory, which must stay as it is until cleanupfn is called
 * @param datlen its length in bytes
 * @param cleanupfn called once when no buffer needs the memory any more, by
 *   the thread that finds out; may be NULL
 * @param cleanupfn_arg handed to it
 * @return 0, or -1 if the back of the buffer is frozen or memory is short;
 *   then cleanupfn is not called
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_reference(struct evbuffer *outbuf, const void *data,
    size_t datlen, evbuffer_ref_cleanup_cb cleanupfn, void *cleanupfn_arg);

/**
 * Adds part of a file to the end of a buffer. Where the buffer has
 * EVBUFFER_FLAG_DRAINS_TO_FD, sendfile() sends it; else it is mapped, or
 * read. The file must not become shorter meanwhile.
 *
 * The descriptor belongs to the library, which closes it when its bytes are
 * gone, or at once if they cannot be added. Only if -1 is returned because
 * the descriptor or the range is no good, or no memory was left to begin
 * with, it remains open. With an empty range it is closed at once.
 *
 * @param outbuf the buffer
 * @param fd the file, open for reading; its position is not used
 * @param offset where to begin, in bytes
 * @param length how many bytes, or -1 for the rest (fd must support fstat)
 * @return 0, or -1: nothing has been added
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_file(struct evbuffer *outbuf, int fd, ev_off_t offset,
    ev_off_t length);

/**
 * Makes a segment, a part of a file that can be added to any number of
 * buffers, any number of times.
 *
 * @param fd the file, open for reading; it has to stay open as long as any
 *   buffer shows the segment
 * @param offset where the segment begins in the file, in bytes
 * @param length its length, or -1 for the rest (fd must support fstat)
 * @param flags any of EVBUF_FS_CLOSE_ON_FREE, EVBUF_FS_DISABLE_MMAP,
 *   EVBUF_FS_DISABLE_SENDFILE, EVBUF_FS_DISABLE_LOCKING
 * @return the segment, to be released with evbuffer_file_segment_free(), or
 *   NULL (fd then stays open in any case)
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_file_segment *evbuffer_file_segment_new(int fd,
    ev_off_t offset, ev_off_t length, unsigned int flags);

/**
 * Gives up a segment. Buffers that show it keep it alive.
 *
 * @param seg the segment
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_file_segment_free(struct evbuffer_file_segment *seg);

/**
 * Registers a function that is called when a segment goes: after its
 * descriptor was closed, if it was to be.
 *
 * @param seg the segment, not yet shared with other threads
 * @param cb the function, or NULL
 * @param arg handed to it, with the segment and its flags
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_file_segment_add_cleanup_cb(struct evbuffer_file_segment *seg,
    evbuffer_file_segment_cleanup_cb cb, void *arg);

/**
 * Adds a segment, or part of it, to the end of a buffer. Your ownership of
 * the segment does not change, whether it works or not.
 *
 * @param buf the buffer
 * @param seg the segment
 * @param offset where to begin in the segment (not in the file), in bytes
 * @param length how many bytes, or -1 for the rest of the segment
 * @return 0, or -1 if the range lies outside the segment, the file cannot be
 *   read, the back of the buffer is frozen or memory is short
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_file_segment(struct evbuffer *buf,
    struct evbuffer_file_segment *seg, ev_off_t offset, ev_off_t length);

/**
 * Removes bytes from the front of a buffer.
 *
 * @param buf the buffer
 * @param len how many; if there are fewer, all
 * @return 0, or -1 if the front is frozen and the buffer is not empty
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_drain(struct evbuffer *buf, size_t len);

/**
 * Writes as much of a buffer to a descriptor as one system call takes, and
 * drains that.
 *
 * @param buffer the buffer
 * @param fd the descriptor
 * @return how many bytes were written, or -1: the call failed (see errno;
 *   EAGAIN means later), there is nothing to write, or the front is frozen
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_write(struct evbuffer *buffer, evutil_socket_t fd);

/**
 * As evbuffer_write(), with a limit.
 *
 * @param buffer the buffer
 * @param fd the descriptor
 * @param howmuch how many bytes at most; negative: no limit
 * @return as evbuffer_write()
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_write_atmost(struct evbuffer *buffer, evutil_socket_t fd,
    ev_ssize_t howmuch);

/**
 * Reads from a descriptor, with one system call, to the end of a buffer.
 *
 * @param buffer the buffer
 * @param fd the descriptor
 * @param howmuch how many bytes at most; negative: as many as the library
 *   reads at once (64 KiB), which no call exceeds
 * @return how many bytes were added, 0 at the end of the stream, or -1: the
 *   call failed (see errno; EAGAIN means later), the back is frozen, or
 *   memory is short
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_read(struct evbuffer *buffer, evutil_socket_t fd, int howmuch);

/**
 * Searches a buffer for a string of bytes.
 *
 * @param buffer the buffer
 * @param what the bytes to look for
 * @param len how many
 * @param start where to begin; NULL: at the front
 * @return the position of the first occurrence; its pos is -1 if there is
 *   none
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search(struct evbuffer *buffer, const char *what,
    size_t len, const struct evbuffer_ptr *start);

/**
 * Searches part of a buffer for a string of bytes.
 *
 * @param buffer the buffer
 * @param what the bytes to look for
 * @param len how many
 * @param start where to begin; NULL: at the front
 * @param end where an occurrence has to end at the latest; NULL: at the back
 * @return the position of the first occurrence; its pos is -1 if there is
 *   none
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search_range(struct evbuffer *buffer,
    const char *what, size_t len, const struct evbuffer_ptr *start,
    const struct evbuffer_ptr *end);

/**
 * Sets or moves a position in a buffer. Positions reach from the front to
 * just behind the last byte, and become invalid when the buffer changes.
 *
 * @param buffer the buffer
 * @param ptr the position; need not be initialised for EVBUFFER_PTR_SET
 * @param position how many bytes from the front, or to move forward
 * @param how EVBUFFER_PTR_SET or EVBUFFER_PTR_ADD
 * @return 0, or -1 if there is no such position; ptr's pos is then -1
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_ptr_set(struct evbuffer *buffer, struct evbuffer_ptr *ptr,
    size_t position, enum evbuffer_ptr_how how);

/**
 * Searches a buffer for the end of a line.
 *
 * @param buffer the buffer
 * @param start where to begin; NULL: at the front
 * @param eol_len_out where the length of the terminator goes, or NULL
 * @param eol_style what ends a line, see evbuffer_readln()
 * @return the position of the terminator; its pos is -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search_eol(struct evbuffer *buffer,
    struct evbuffer_ptr *start, size_t *eol_len_out,
    enum evbuffer_eol_style eol_style);

/**
 * Shows where bytes of a buffer lie, without copying or removing them. The
 * addresses hold until the buffer changes.
 *
 * @param buffer the buffer
 * @param len how many bytes to show; negative: as many as vec_out has
 *   elements for or, with n_vec 0, all. The last extent may be longer.
 * @param start_at where to begin; NULL: at the front
 * @param vec_out filled with the address and length of each extent
 * @param n_vec elements of vec_out; 0: only count
 * @return how many extents the bytes take, which may be more than n_vec, or
 *   fewer than len bytes if the buffer has no more; -1 if part of a file
 *   could not be read
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_peek(struct evbuffer *buffer, ev_ssize_t len,
    struct evbuffer_ptr *start_at, struct evbuffer_iovec *vec_out, int n_vec);

/**
 * Registers a function that is called after each change of a buffer's length,
 * at once or, after evbuffer_defer_callbacks(), from the loop. It may do
 * anything with the buffer and its callbacks, even free it. Callbacks run
 * newest first, with the buffer's lock held.
 *
 * @param buffer the buffer
 * @param cb the function; NULL removes all callbacks
 * @param cbarg handed to it, with what has changed
 * @return a handle for evbuffer_remove_cb_entry() and the like; NULL when
 *   memory is short, or cb was NULL
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_cb_entry *evbuffer_add_cb(struct evbuffer *buffer,
    evbuffer_cb_func cb, void *cbarg);

/**
 * Removes a callback.
 *
 * @param buffer the buffer
 * @param ent its handle, invalid afterwards
 * @return 0, or -1 if the buffer has no such callback
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_cb_entry(struct evbuffer *buffer,
    struct evbuffer_cb_entry *ent);

/**
 * Removes the newest callback with this function and argument.
 *
 * @param buffer the buffer
 * @param cb the function
 * @param cbarg its argument
 * @return 0, or -1 if the buffer has no such callback
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_cb(struct evbuffer *buffer, evbuffer_cb_func cb,
    void *cbarg);

/**
 * Sets flags of a callback.
 *
 * @param buffer the buffer
 * @param cb the callback's handle
 * @param flags EVBUFFER_CB_ENABLED: it is called
 * @return 0, or -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_cb_set_flags(struct evbuffer *buffer,
    struct evbuffer_cb_entry *cb, uint32_t flags);

/**
 * Clears flags of a callback.
 *
 * @param buffer the buffer
 * @param cb the callback's handle
 * @param flags EVBUFFER_CB_ENABLED: it is not called until it is set again
 * @return 0, or -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_cb_clear_flags(struct evbuffer *buffer,
    struct evbuffer_cb_entry *cb, uint32_t flags);

/**
 * Makes the first bytes of a buffer contiguous, copying only if they are not.
 * The address holds until the buffer changes. Do not write to bytes that were
 * added by reference or from a file.
 *
 * @param buf the buffer
 * @param size how many bytes; negative: all
 * @return the address of the first; NULL if size is 0, the buffer has fewer
 *   bytes, or memory is short
 */
EVENT2_EXPORT_SYMBOL
unsigned char *evbuffer_pullup(struct evbuffer *buf, ev_ssize_t size);

/**
 * Copies bytes to the front of a buffer.
 *
 * @param buf the buffer
 * @param data the bytes
 * @param size how many
 * @return 0, or -1 if the front is frozen or memory is short; then nothing
 *   has been added
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_prepend(struct evbuffer *buf, const void *data, size_t size);

/**
 * Moves all bytes of one buffer to the front of another, without copying.
 *
 * @param dst the buffer to add to
 * @param src the buffer to empty
 * @return 0, or -1 if the front of either is frozen; then nothing has moved
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_prepend_buffer(struct evbuffer *dst, struct evbuffer *src);

/**
 * Makes one end of a buffer read-only: while the front is frozen nothing can
 * be removed or prepended, while the back is frozen nothing can be added.
 * Such calls fail and change nothing.
 *
 * @param buf the buffer
 * @param at_front nonzero: the front; 0: the back
 * @return 0, or -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_freeze(struct evbuffer *buf, int at_front);

/**
 * Undoes evbuffer_freeze().
 *
 * @param buf the buffer
 * @param at_front nonzero: the front; 0: the back
 * @return 0, or -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_unfreeze(struct evbuffer *buf, int at_front);

/**
 * From now on a buffer's callbacks run from the loop of a base, once for all
 * changes since they ran last, rather than inside the call that changed it.
 *
 * @param buffer the buffer
 * @param base the base, which has to outlive the buffer
 * @return 0, or -1 when memory is short
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_defer_callbacks(struct evbuffer *buffer,
    struct event_base *base);

/**
 * Copies several pieces of memory to the end of a buffer, as one change.
 *
 * @param buffer the buffer
 * @param vec address and length of each piece
 * @param n_vec how many pieces
 * @return how many bytes were added: all, or 0 if the back of the buffer is
 *   frozen or memory is short
 */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_add_iovec(struct evbuffer *buffer, struct evbuffer_iovec *vec,
    int n_vec);

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
 * evbuffer_add_printf for arguments that come as a va_list.
 *
 * @param buf the buffer
 * @param fmt the format
 * @param ap its arguments, which cannot be used again afterwards
 * @return the number of bytes appended, or -1
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
