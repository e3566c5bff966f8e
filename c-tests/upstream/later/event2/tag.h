/* See dns.h in this folder: the tags come with rpc. */
#ifndef OXI_LATER_TAG_H
#define OXI_LATER_TAG_H
#include "event2/util.h"
struct evbuffer;
struct timeval;
void evtag_init(void);
void evtag_encode_int(struct evbuffer *to, ev_uint32_t number);
void evtag_encode_int64(struct evbuffer *to, ev_uint64_t number);
void evtag_marshal_int(struct evbuffer *to, ev_uint32_t tag, ev_uint32_t number);
void evtag_marshal_string(struct evbuffer *to, ev_uint32_t tag, const char *text);
void evtag_marshal_timeval(struct evbuffer *to, ev_uint32_t tag, struct timeval *tv);
int evtag_unmarshal_timeval(struct evbuffer *from, ev_uint32_t tag, struct timeval *tv);
int evtag_peek(struct evbuffer *from, ev_uint32_t *tag);
int evtag_peek_length(struct evbuffer *from, ev_uint32_t *len);
int evtag_payload_length(struct evbuffer *from, ev_uint32_t *len);
int evtag_consume(struct evbuffer *from);
#endif
