
/**
 * @file event2/buffer_compat.h
 *
 * Names of 1.x. See event2/buffer.h for what replaces them.
 */

#include <event2/visibility.h>
#include <event2/buffer.h>
