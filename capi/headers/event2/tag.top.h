
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
