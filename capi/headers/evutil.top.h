
/**
 * @file evutil.h
 *
 * The name of event2/util.h in the 1.x days.
 */

#include <event2/util.h>
