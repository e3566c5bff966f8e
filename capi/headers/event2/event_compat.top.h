
/**
 * @file event2/event_compat.h
 *
 * The functions of 1.x, which work on one base for the whole process: the
 * one that event_init made last. They are not safe with several threads.
 * Each tells which function of event2/event.h replaces it.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/event.h>
