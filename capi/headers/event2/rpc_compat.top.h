/**
 * @file event2/rpc_compat.h
 *
 * Macros as they were in 1.x. Included before event2/rpc.h, or after it with
 * GNU C, they take the place of those there.
 */

#if defined(__GNUC__) && !defined(__STRICT_ANSI__)

#undef EVTAG_ASSIGN
#undef EVTAG_GET
#undef EVTAG_ADD

/** Sets a member of a message. */
#define EVTAG_ASSIGN(msg, member, args...) \
	(*(msg)->base->member##_assign)(msg, ## args)
/** Gets a member of a message. */
#define EVTAG_GET(msg, member, args...) \
	(*(msg)->base->member##_get)(msg, ## args)
/** Appends to an array of a message. */
#define EVTAG_ADD(msg, member, args...) \
	(*(msg)->base->member##_add)(msg, ## args)

#endif

/** How many elements an array, or bytes a member, has. */
#define EVTAG_LEN(msg, member) ((msg)->member##_length)
