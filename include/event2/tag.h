/* Made by cargo xtask headers. Sources: capi/src/tag.rs */
#ifndef EVENT2_TAG_H_INCLUDED_
#define EVENT2_TAG_H_INCLUDED_

/**
 * @file event2/tag.h
 *
 * Tagged data in buffers: a number that tells what it is, its length, and
 * the data. The functions read and write a few simple types in that form.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;

/** Does nothing: there is nothing to set up. */
EVENT2_EXPORT_SYMBOL
void evtag_init(void);

/**
 * Reads the tag and the length of the next element, whose data must be there
 * completely, and leaves the data.
 *
 * @param evbuf the buffer; nothing is restored on failure
 * @param ptag receives the tag; may be NULL
 * @return the bytes of data that follow; -1 if the element is malformed, is
 *   not complete, or has more data than an int can tell
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_header(struct evbuffer *evbuf, uint32_t *ptag);

/**
 * Appends an element.
 *
 * @param evbuf the buffer
 * @param tag what it is, to those who read it
 * @param data its data, which are copied
 * @param len their length in bytes
 *
 * If memory is short or the buffer is frozen, nothing is appended.
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal(struct evbuffer *evbuf, uint32_t tag, const void *data,
    uint32_t len);

/**
 * Appends an element whose data are the contents of a buffer, which is
 * emptied by that.
 *
 * @param evbuf the buffer to append to
 * @param tag what it is
 * @param data a buffer with at most 4 GiB less one byte
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_buffer(struct evbuffer *evbuf, uint32_t tag,
    struct evbuffer *data);

/**
 * Appends a number alone, without a tag: small ones take less room.
 *
 * @param evbuf the buffer
 * @param number the number
 */
EVENT2_EXPORT_SYMBOL
void evtag_encode_int(struct evbuffer *evbuf, uint32_t number);

/**
 * evtag_encode_int for numbers of 64 bits.
 *
 * @param evbuf the buffer
 * @param number the number
 */
EVENT2_EXPORT_SYMBOL
void evtag_encode_int64(struct evbuffer *evbuf, uint64_t number);

/**
 * Appends an element whose data are a number.
 *
 * @param evbuf the buffer
 * @param tag what it is
 * @param integer the number
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_int(struct evbuffer *evbuf, uint32_t tag,
    uint32_t integer);

/**
 * evtag_marshal_int for numbers of 64 bits.
 *
 * @param evbuf the buffer
 * @param tag what it is
 * @param integer the number
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_int64(struct evbuffer *evbuf, uint32_t tag,
    uint64_t integer);

/**
 * Appends an element whose data are a string, without its NUL.
 *
 * @param buf the buffer
 * @param tag what it is
 * @param string the string
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_string(struct evbuffer *buf, uint32_t tag,
    const char *string);

/**
 * Appends an element whose data are a time. Of the seconds, 32 bits are kept.
 *
 * @param evbuf the buffer
 * @param tag what it is
 * @param tv the time
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_timeval(struct evbuffer *evbuf, uint32_t tag,
    struct timeval *tv);

/**
 * Reads the next element and appends its data to another buffer.
 *
 * @param src the buffer to read from
 * @param ptag receives the tag; may be NULL
 * @param dst receives the data
 * @return the bytes of data; -1 as for evtag_unmarshal_header, or if dst
 *   takes none
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal(struct evbuffer *src, uint32_t *ptag,
    struct evbuffer *dst);

/**
 * Tells the tag of the next element and leaves the element where it is.
 *
 * @param evbuf the buffer
 * @param ptag receives the tag; may be NULL
 * @return the bytes that the tag takes, or -1 if it is not complete or
 *   malformed
 */
EVENT2_EXPORT_SYMBOL
int evtag_peek(struct evbuffer *evbuf, uint32_t *ptag);

/**
 * Tells the length of the next element with its tag and length, and leaves it
 * where it is. The data need not be there yet.
 *
 * @param evbuf the buffer
 * @param plength receives the length in bytes
 * @return 0, or -1 if tag and length are not complete or malformed
 */
EVENT2_EXPORT_SYMBOL
int evtag_peek_length(struct evbuffer *evbuf, uint32_t *plength);

/**
 * Tells the length of the next element's data, and leaves the element where
 * it is. The data need not be there yet.
 *
 * @param evbuf the buffer
 * @param plength receives the length in bytes
 * @return 0, or -1 if tag and length are not complete or malformed
 */
EVENT2_EXPORT_SYMBOL
int evtag_payload_length(struct evbuffer *evbuf, uint32_t *plength);

/**
 * Removes the next element.
 *
 * @param evbuf the buffer
 * @return 0, or -1 as for evtag_unmarshal_header
 */
EVENT2_EXPORT_SYMBOL
int evtag_consume(struct evbuffer *evbuf);

/**
 * Reads an element whose data are a number.
 *
 * @param evbuf the buffer; nothing is restored on failure
 * @param need_tag the tag that it must have
 * @param pinteger receives the number
 * @return the bytes that the number took; -1 if the element is malformed, not
 *   complete, or has another tag
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_int(struct evbuffer *evbuf, uint32_t need_tag,
    uint32_t *pinteger);

/**
 * evtag_unmarshal_int for numbers of 64 bits.
 *
 * @param evbuf the buffer; nothing is restored on failure
 * @param need_tag the tag that it must have
 * @param pinteger receives the number
 * @return the bytes that the number took, or -1
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_int64(struct evbuffer *evbuf, uint32_t need_tag,
    uint64_t *pinteger);

/**
 * Reads an element whose data have a known length.
 *
 * @param src the buffer; nothing is restored on failure
 * @param need_tag the tag that it must have
 * @param data receives the data
 * @param len how many bytes they must be
 * @return 0; -1 if the element is malformed, not complete, or has another tag
 *   or length
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_fixed(struct evbuffer *src, uint32_t need_tag, void *data,
    size_t len);

/**
 * Reads an element whose data are a string.
 *
 * @param evbuf the buffer; nothing is restored on failure
 * @param need_tag the tag that it must have
 * @param pstring receives the string, ended by a NUL; free() it, or use the
 *   function given to event_set_mem_functions
 * @return 0; -1 if the element is malformed, not complete, or has another
 *   tag, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_string(struct evbuffer *evbuf, uint32_t need_tag,
    char **pstring);

/**
 * Reads an element whose data are a time.
 *
 * @param evbuf the buffer; the element is removed even if it is malformed or
 *   has another tag
 * @param need_tag the tag that it must have
 * @param ptv receives the time
 * @return 0; -1 if the element is malformed, not complete, or has another tag
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_timeval(struct evbuffer *evbuf, uint32_t need_tag,
    struct timeval *ptv);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_TAG_H_INCLUDED_ */
