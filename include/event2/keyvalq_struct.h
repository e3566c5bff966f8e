/* Made by cargo xtask headers. Sources: src/abi */
#ifndef EVENT2_KEYVALQ_STRUCT_H_INCLUDED_
#define EVENT2_KEYVALQ_STRUCT_H_INCLUDED_

/**
 * @file event2/keyvalq_struct.h
 *
 * Lists of names with values. The members are those that the TAILQ_ macros
 * of sys/queue.h expect; that header is neither needed nor disturbed.
 */

#ifdef __cplusplus
extern "C" {
#endif

struct evkeyval;
struct evkeyvalq;

/**
 * A name with a value, linked into a struct evkeyvalq: walk it with
 * TAILQ_FOREACH of sys/queue.h. A program may insert nodes of its own, and
 * replace a string by one of its own, made with malloc(): both are freed with
 * the list. The strings of nodes that the library made belong to their nodes,
 * and must not be freed.
 */
struct evkeyval {
	struct {
		struct evkeyval *tqe_next;
		struct evkeyval **tqe_prev;
	} next;
	char *key;
	char *value;
};

/**
 * A tail queue of names with values, such as the headers of an HTTP message.
 */
struct evkeyvalq {
	struct evkeyval *tqh_first;
	struct evkeyval **tqh_last;
};

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_KEYVALQ_STRUCT_H_INCLUDED_ */
