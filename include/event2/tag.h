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

/** Does evtag_consume. */
EVENT2_EXPORT_SYMBOL
int evtag_consume(struct evbuffer *a0);

/** Does evtag_encode_int. */
EVENT2_EXPORT_SYMBOL
void evtag_encode_int(struct evbuffer *a0, uint32_t a1);

/** Does evtag_encode_int64. */
EVENT2_EXPORT_SYMBOL
void evtag_encode_int64(struct evbuffer *a0, uint64_t a1);

/** Does evtag_init. */
EVENT2_EXPORT_SYMBOL
void evtag_init(void);

/** Does evtag_marshal. */
EVENT2_EXPORT_SYMBOL
void evtag_marshal(struct evbuffer *a0, uint32_t a1, const void *a2,
    uint32_t a3);

/** Does evtag_marshal_buffer. */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_buffer(struct evbuffer *a0, uint32_t a1,
    struct evbuffer *a2);

/** Does evtag_marshal_int. */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_int(struct evbuffer *a0, uint32_t a1, uint32_t a2);

/** Does evtag_marshal_int64. */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_int64(struct evbuffer *a0, uint32_t a1, uint64_t a2);

/** Does evtag_marshal_string. */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_string(struct evbuffer *a0, uint32_t a1, const char *a2);

/** Does evtag_marshal_timeval. */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_timeval(struct evbuffer *a0, uint32_t a1,
    struct timeval *a2);

/** Does evtag_payload_length. */
EVENT2_EXPORT_SYMBOL
int evtag_payload_length(struct evbuffer *a0, uint32_t *a1);

/** Does evtag_peek. */
EVENT2_EXPORT_SYMBOL
int evtag_peek(struct evbuffer *a0, uint32_t *a1);

/** Does evtag_peek_length. */
EVENT2_EXPORT_SYMBOL
int evtag_peek_length(struct evbuffer *a0, uint32_t *a1);

/** Does evtag_unmarshal. */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal(struct evbuffer *a0, uint32_t *a1, struct evbuffer *a2);

/** Does evtag_unmarshal_fixed. */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_fixed(struct evbuffer *a0, uint32_t a1, void *a2,
    size_t a3);

/** Does evtag_unmarshal_header. */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_header(struct evbuffer *a0, uint32_t *a1);

/** Does evtag_unmarshal_int. */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_int(struct evbuffer *a0, uint32_t a1, uint32_t *a2);

/** Does evtag_unmarshal_int64. */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_int64(struct evbuffer *a0, uint32_t a1, uint64_t *a2);

/** Does evtag_unmarshal_string. */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_string(struct evbuffer *a0, uint32_t a1, char **a2);

/** Does evtag_unmarshal_timeval. */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_timeval(struct evbuffer *a0, uint32_t a1,
    struct timeval *a2);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_TAG_H_INCLUDED_ */
