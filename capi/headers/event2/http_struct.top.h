/**
 * @file event2/http_struct.h
 *
 * The inside of a request, for programs written before there were functions
 * for it. A program that includes this depends on the layout.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/http.h>
