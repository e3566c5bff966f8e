/* Made by cargo xtask headers. Sources: src/abi */
#ifndef EVENT2_DNS_STRUCT_H_INCLUDED_
#define EVENT2_DNS_STRUCT_H_INCLUDED_

/**
 * @file event2/dns_struct.h
 *
 * What a program that answers DNS queries reads of each.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evdns_server_question;
struct evdns_server_request;

/** What a program sees of a request that it shall answer. */
struct evdns_server_request {
	/**
	 * The flags of the request that a reply repeats, and those that the
	 * program sets.
	 */
	int flags;
	int nquestions;
	/** nquestions pointers. */
	struct evdns_server_question **questions;
};

/** One question of a request. C may call the second member class. */
struct evdns_server_question {
	int type;
#ifdef __cplusplus
	int dns_question_class;
#else
	int class;
#define dns_question_class class
#endif
	/**
	 * The name's text, which goes on behind the struct, ended by a NUL.
	 */
	char name[1];
};

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_DNS_STRUCT_H_INCLUDED_ */
