/* Made by cargo xtask headers. Sources: capi/headers */
#ifndef EVENT2_TAG_COMPAT_H_INCLUDED_
#define EVENT2_TAG_COMPAT_H_INCLUDED_

/**
 * @file event2/tag_compat.h
 *
 * Names of 1.x. Include event2/tag.h to use them.
 */

#define encode_int(evbuf, number) evtag_encode_int((evbuf), (number))
#define encode_int64(evbuf, number) evtag_encode_int64((evbuf), (number))

#endif /* EVENT2_TAG_COMPAT_H_INCLUDED_ */
