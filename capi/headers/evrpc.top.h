/**
 * @file evrpc.h
 *
 * Everything about RPCs at once, as programs of the 1.x days include it. New
 * programs include event2/rpc.h.
 */

#include <event.h>
#include <event2/rpc.h>
#include <event2/rpc_struct.h>
#include <event2/rpc_compat.h>
