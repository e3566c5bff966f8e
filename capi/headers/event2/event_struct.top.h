
/**
 * @file event2/event_struct.h
 *
 * The inside of an event, for programs that place a struct event in structs
 * of their own and set it up with event_assign. Such a program depends on
 * its size. Members belong to the library: use the functions of
 * event2/event.h.
 *
 * The links of queues have the members that the macros of sys/queue.h
 * expect; that header is neither needed nor disturbed.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/keyvalq_struct.h>
