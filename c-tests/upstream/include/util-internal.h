/* Helpers that the tests share with the library. */
#ifndef OXI_SUITE_UTIL_INTERNAL_H
#define OXI_SUITE_UTIL_INTERNAL_H
#include "event2/event-config.h"
#include "event2/util.h"
#include <errno.h>
#include <stddef.h>
#ifndef _WIN32
#include <sys/socket.h>
#endif
#include "log-internal.h"
#include "time-internal.h"

#ifdef NDEBUG
#define EVUTIL_ASSERT(cond) ((void)sizeof(!(cond)))
#else
#define EVUTIL_ASSERT(cond) \
	do { \
		if (!(cond)) \
			event_errx(1, "%s:%d: not true: %s", __FILE__, __LINE__, #cond); \
	} while (0)
#endif

/* Errors after which the call may simply be made again later. */
#ifdef _WIN32
#define EVUTIL_ERR_RW_RETRIABLE(e) ((e) == WSAEWOULDBLOCK || (e) == WSAEINTR)
#define EVUTIL_ERR_CONNECT_RETRIABLE(e) \
	((e) == WSAEWOULDBLOCK || (e) == WSAEINTR || (e) == WSAEINPROGRESS || (e) == WSAEINVAL)
#define EVUTIL_SHUT_RD SD_RECEIVE
#define EVUTIL_SHUT_WR SD_SEND
#define EVUTIL_SHUT_BOTH SD_BOTH
#else
#define EVUTIL_ERR_RW_RETRIABLE(e) ((e) == EINTR || (e) == EAGAIN || (e) == EWOULDBLOCK)
#define EVUTIL_ERR_CONNECT_RETRIABLE(e) ((e) == EINTR || (e) == EINPROGRESS)
#define EVUTIL_SHUT_RD SHUT_RD
#define EVUTIL_SHUT_WR SHUT_WR
#define EVUTIL_SHUT_BOTH SHUT_RDWR
#endif

/* From a member to the struct that holds it. */
#define EVUTIL_UPCAST(member_ptr, type, member) ((type *)((char *)(member_ptr) - offsetof(type, member)))

#define EV_U64_FMT "%llu"
#define EV_U64_ARG(x) ((unsigned long long)(x))
#define EV_I64_FMT "%lld"
#define EV_I64_ARG(x) ((long long)(x))
#define EV_SIZE_FMT "%zu"
#define EV_SIZE_ARG(x) ((size_t)(x))
#define EV_SSIZE_FMT "%zd"
#define EV_SSIZE_ARG(x) ((ssize_t)(x))
#ifdef _WIN32
#define EV_SOCK_FMT "%lld"
#define EV_SOCK_ARG(x) ((long long)(x))
#else
#define EV_SOCK_FMT "%d"
#define EV_SOCK_ARG(x) ((int)(x))
#endif

/* Character tests that no locale changes. */
int EVUTIL_ISDIGIT_(char c);
char EVUTIL_TOUPPER_(char c);
char EVUTIL_TOLOWER_(char c);
void evutil_rtrim_lws_(char *text);

struct sockaddr;
struct in_addr;
struct in6_addr;
int evutil_socket_connect_(evutil_socket_t *sock, const struct sockaddr *addr, int addr_len);
const char *evutil_format_sockaddr_port_(const struct sockaddr *addr, char *out, size_t room);
int evutil_sockaddr_is_loopback_(const struct sockaddr *addr);
int evutil_v4addr_is_local_(const struct in_addr *addr);
int evutil_v6addr_is_local_(const struct in6_addr *addr);
int evutil_make_internal_pipe_(evutil_socket_t ends[2]);

#ifdef _WIN32
/* From the system's folder alone. */
HMODULE evutil_load_windows_system_library_(const TCHAR *name);
#endif

/* A small random generator, not for secrets. */
struct evutil_weakrand_state {
	ev_uint32_t seed;
};
ev_uint32_t evutil_weakrand_seed_(struct evutil_weakrand_state *state, ev_uint32_t seed);
ev_int32_t evutil_weakrand_(struct evutil_weakrand_state *state);
ev_int32_t evutil_weakrand_range_(struct evutil_weakrand_state *state, ev_int32_t top);
#endif
