/* Empty tables for the groups whose parts are not in the installed libraries yet; regress_main.c lists every group.
 * `cargo xtask upstream` defines WITHOUT_x where event2/x.h is missing, and then leaves the group's file out. */
#include "event2/util.h"
#include "tinytest.h"
#ifdef WITHOUT_http
struct testcase_t http_testcases[] = { END_OF_TESTCASES };
#endif
#ifdef WITHOUT_dns
struct testcase_t dns_testcases[] = { END_OF_TESTCASES };
#endif
#ifdef WITHOUT_rpc
struct testcase_t rpc_testcases[] = { END_OF_TESTCASES };
#endif
#ifdef WITHOUT_bufferevent_ssl
struct testcase_t ssl_testcases[] = { END_OF_TESTCASES };
#endif
