/* Made by cargo xtask headers. Sources: capi/src/util.rs */
#ifndef EVENT2_UTIL_H_INCLUDED_
#define EVENT2_UTIL_H_INCLUDED_

/**
 * @file event2/util.h
 *
 * What differs from system to system: integer types, sockets and their
 * errors, addresses, times, and random numbers.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>

#ifndef _WIN32
#include <sys/time.h>
#endif
#include <stdint.h>
#include <sys/types.h>
#include <stddef.h>
#include <stdarg.h>
#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netdb.h>
#include <errno.h>
#include <sys/socket.h>
#endif
#include <time.h>

/**
 * Integer types. They are macros, so that `#ifdef` finds them.
 */
#define ev_uint64_t uint64_t
#define ev_int64_t int64_t
#define ev_uint32_t uint32_t
#define ev_int32_t int32_t
#define ev_uint16_t uint16_t
#define ev_int16_t int16_t
#define ev_uint8_t uint8_t
#define ev_int8_t int8_t
#define ev_uintptr_t uintptr_t
#define ev_intptr_t intptr_t

#ifdef EVENT__ssize_t
#define ev_ssize_t EVENT__ssize_t
#else
#define ev_ssize_t ssize_t
#endif

/** An offset in a file. It does not follow the program's own off_t. */
#if EVENT__SIZEOF_OFF_T == 4
#define ev_off_t ev_int32_t
#else
#define ev_off_t ev_int64_t
#endif

#ifdef _WIN32
#define ev_socklen_t int
#else
#define ev_socklen_t socklen_t
#endif

/** A socket: a file descriptor, on Windows a SOCKET. */
#ifdef _WIN32
#define evutil_socket_t intptr_t
#else
#define evutil_socket_t int
#endif

/**
 * Largest and smallest values. stdint.h has no such macros in old C++, which
 * is why they are written out.
 */
#define EV_INT8_MAX 127
#define EV_INT8_MIN (-EV_INT8_MAX - 1)
#define EV_UINT8_MAX 255
#define EV_INT16_MAX 32767
#define EV_INT16_MIN (-EV_INT16_MAX - 1)
#define EV_UINT16_MAX 65535
#define EV_INT32_MAX 2147483647
#define EV_INT32_MIN (-EV_INT32_MAX - 1)
#define EV_UINT32_MAX 4294967295U
#if EVENT__SIZEOF_LONG == 8
#define EV_INT64_MAX 9223372036854775807L
#define EV_UINT64_MAX 18446744073709551615UL
#else
#define EV_INT64_MAX 9223372036854775807LL
#define EV_UINT64_MAX 18446744073709551615ULL
#endif
#define EV_INT64_MIN (-EV_INT64_MAX - 1)
#if EVENT__SIZEOF_SIZE_T == 8
#define EV_SIZE_MAX EV_UINT64_MAX
#define EV_SSIZE_MAX EV_INT64_MAX
#else
#define EV_SIZE_MAX EV_UINT32_MAX
#define EV_SSIZE_MAX EV_INT32_MAX
#endif
#define EV_SSIZE_MIN (-EV_SSIZE_MAX - 1)

/** What functions return instead of a socket. */
#ifdef _WIN32
#define EVUTIL_INVALID_SOCKET INVALID_SOCKET
#else
#define EVUTIL_INVALID_SOCKET -1
#endif

/**
 * Errors of sockets: of the last call in this thread, of one socket, setting
 * that of this thread, and their text (on unix by strerror: include string.h).
 */
#ifdef _WIN32
#define EVUTIL_SOCKET_ERROR() WSAGetLastError()
#define EVUTIL_SET_SOCKET_ERROR(errcode) WSASetLastError(errcode)
#else
#define EVUTIL_SOCKET_ERROR() (errno)
#define EVUTIL_SET_SOCKET_ERROR(errcode) ((void)(errno = (errcode)))
#define evutil_socket_geterror(sock) (errno)
#define evutil_socket_error_to_string(errcode) (strerror(errcode))
#endif

/** Closes a socket. */
#define EVUTIL_CLOSESOCKET(s) evutil_closesocket(s)

/**
 * Arithmetic on struct timeval: the sum and difference of normalised times,
 * setting to zero, testing for that, and comparing with <, >, ==, !=, <=, >=.
 */
#ifdef EVENT__HAVE_TIMERADD
#define evutil_timeradd(tvp, uvp, vvp) timeradd((tvp), (uvp), (vvp))
#define evutil_timersub(tvp, uvp, vvp) timersub((tvp), (uvp), (vvp))
#else
#define evutil_timeradd(tvp, uvp, vvp) \
	do { \
		long usec_ = (tvp)->tv_usec + (uvp)->tv_usec; \
		(vvp)->tv_sec = (tvp)->tv_sec + (uvp)->tv_sec + \
			(usec_ >= 1000000); \
		(vvp)->tv_usec = usec_ % 1000000; \
	} while (0)
#define evutil_timersub(tvp, uvp, vvp) \
	do { \
		long usec_ = (tvp)->tv_usec - (uvp)->tv_usec; \
		(vvp)->tv_sec = (tvp)->tv_sec - (uvp)->tv_sec - (usec_ < 0); \
		(vvp)->tv_usec = usec_ + (usec_ < 0 ? 1000000 : 0); \
	} while (0)
#endif
#define evutil_timerclear(tvp) ((tvp)->tv_sec = (tvp)->tv_usec = 0)
#define evutil_timerisset(tvp) ((tvp)->tv_sec != 0 || (tvp)->tv_usec != 0)
#define evutil_timercmp(tvp, uvp, cmp) \
	((tvp)->tv_sec != (uvp)->tv_sec ? \
	    ((tvp)->tv_sec cmp (uvp)->tv_sec) : \
	    ((tvp)->tv_usec cmp (uvp)->tv_usec))

/** The offset of a member. */
#define evutil_offsetof(type, field) offsetof(type, field)

#ifdef EVENT__HAVE_GETTIMEOFDAY
/** The time of day. */
#define evutil_gettimeofday(tv, tz) gettimeofday((tv), (tz))
#endif

/**
 * Hints and results of evutil_getaddrinfo: the system's struct addrinfo.
 */
#define evutil_addrinfo addrinfo
struct evutil_addrinfo;
struct sockaddr;

/**
 * Errors of evutil_getaddrinfo: the system's own values. A few names are
 * missing from netdb.h where a program did not ask for extensions before its
 * first include; they then have values of ours, and evutil_gai_strerror
 * knows both.
 */
#ifdef EAI_ADDRFAMILY
#define EVUTIL_EAI_ADDRFAMILY EAI_ADDRFAMILY
#else
#define EVUTIL_EAI_ADDRFAMILY -901
#endif
#define EVUTIL_EAI_AGAIN EAI_AGAIN
#define EVUTIL_EAI_BADFLAGS EAI_BADFLAGS
#define EVUTIL_EAI_FAIL EAI_FAIL
#define EVUTIL_EAI_FAMILY EAI_FAMILY
#define EVUTIL_EAI_MEMORY EAI_MEMORY
#ifdef EAI_NODATA
#define EVUTIL_EAI_NODATA EAI_NODATA
#else
#define EVUTIL_EAI_NODATA -907
#endif
#define EVUTIL_EAI_NONAME EAI_NONAME
#define EVUTIL_EAI_SERVICE EAI_SERVICE
#define EVUTIL_EAI_SOCKTYPE EAI_SOCKTYPE
#ifdef EAI_SYSTEM
#define EVUTIL_EAI_SYSTEM EAI_SYSTEM
#else
#define EVUTIL_EAI_SYSTEM -911
#endif
/** The program cancelled the request. */
#define EVUTIL_EAI_CANCEL -90001

/** Flags of hints: see getaddrinfo(3). */
#define EVUTIL_AI_PASSIVE AI_PASSIVE
#define EVUTIL_AI_CANONNAME AI_CANONNAME
#define EVUTIL_AI_NUMERICHOST AI_NUMERICHOST
#define EVUTIL_AI_NUMERICSERV AI_NUMERICSERV
#define EVUTIL_AI_V4MAPPED AI_V4MAPPED
#define EVUTIL_AI_ALL AI_ALL
#define EVUTIL_AI_ADDRCONFIG AI_ADDRCONFIG

/**
 * For evutil_configure_monotonic_time: the clock of finest resolution, even
 * if it is slower to read.
 */
#define EV_MONOT_PRECISE 1
/**
 * For evutil_configure_monotonic_time: the fallback for systems without a
 * monotonic clock. For tests.
 */
#define EV_MONOT_FALLBACK 2

#ifdef __cplusplus
extern "C" {
#endif

struct evutil_monotonic_timer;
struct sockaddr;

/** Does evutil_ascii_strcasecmp. */
EVENT2_EXPORT_SYMBOL
int evutil_ascii_strcasecmp(const char *a0, const char *a1);

/** Does evutil_ascii_strncasecmp. */
EVENT2_EXPORT_SYMBOL
int evutil_ascii_strncasecmp(const char *a0, const char *a1, size_t a2);

/** Does evutil_closesocket. */
EVENT2_EXPORT_SYMBOL
int evutil_closesocket(int a0);

/** Does evutil_configure_monotonic_time. */
EVENT2_EXPORT_SYMBOL
int evutil_configure_monotonic_time(struct evutil_monotonic_timer *a0,
    int a1);

/** Does evutil_date_rfc1123. */
EVENT2_EXPORT_SYMBOL
int evutil_date_rfc1123(char *a0, size_t a1, const struct tm *a2);

/** Does evutil_freeaddrinfo. */
EVENT2_EXPORT_SYMBOL
void evutil_freeaddrinfo(struct evutil_addrinfo *a0);

/** Does evutil_gai_strerror. */
EVENT2_EXPORT_SYMBOL
const char *evutil_gai_strerror(int a0);

/** Does evutil_getaddrinfo. */
EVENT2_EXPORT_SYMBOL
int evutil_getaddrinfo(const char *a0, const char *a1,
    const struct evutil_addrinfo *a2, struct evutil_addrinfo **a3);

/** Does evutil_gettime_monotonic. */
EVENT2_EXPORT_SYMBOL
int evutil_gettime_monotonic(struct evutil_monotonic_timer *a0,
    struct timeval *a1);

/** Does evutil_inet_ntop. */
EVENT2_EXPORT_SYMBOL
const char *evutil_inet_ntop(int a0, const void *a1, char *a2, size_t a3);

/** Does evutil_inet_pton. */
EVENT2_EXPORT_SYMBOL
int evutil_inet_pton(int a0, const char *a1, void *a2);

/** Does evutil_inet_pton_scope. */
EVENT2_EXPORT_SYMBOL
int evutil_inet_pton_scope(int a0, const char *a1, void *a2,
    unsigned int *a3);

/** Does evutil_make_listen_socket_ipv6only. */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_ipv6only(int a0);

/** Does evutil_make_listen_socket_reuseable. */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_reuseable(int a0);

/** Does evutil_make_listen_socket_reuseable_port. */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_reuseable_port(int a0);

/** Does evutil_make_socket_closeonexec. */
EVENT2_EXPORT_SYMBOL
int evutil_make_socket_closeonexec(int a0);

/** Does evutil_make_socket_nonblocking. */
EVENT2_EXPORT_SYMBOL
int evutil_make_socket_nonblocking(int a0);

/** Does evutil_make_tcp_listen_socket_deferred. */
EVENT2_EXPORT_SYMBOL
int evutil_make_tcp_listen_socket_deferred(int a0);

/** Does evutil_monotonic_timer_free. */
EVENT2_EXPORT_SYMBOL
void evutil_monotonic_timer_free(struct evutil_monotonic_timer *a0);

/** Does evutil_monotonic_timer_new. */
EVENT2_EXPORT_SYMBOL
struct evutil_monotonic_timer *evutil_monotonic_timer_new(void);

/** Does evutil_parse_sockaddr_port. */
EVENT2_EXPORT_SYMBOL
int evutil_parse_sockaddr_port(const char *a0, struct sockaddr *a1, int *a2);

/** Does evutil_secure_rng_add_bytes. */
EVENT2_EXPORT_SYMBOL
void evutil_secure_rng_add_bytes(const char *a0, size_t a1);

/** Does evutil_secure_rng_get_bytes. */
EVENT2_EXPORT_SYMBOL
void evutil_secure_rng_get_bytes(void *a0, size_t a1);

/** Does evutil_secure_rng_init. */
EVENT2_EXPORT_SYMBOL
int evutil_secure_rng_init(void);

/** Does evutil_secure_rng_set_urandom_device_file. */
EVENT2_EXPORT_SYMBOL
int evutil_secure_rng_set_urandom_device_file(char *a0);

/** Does evutil_sockaddr_cmp. */
EVENT2_EXPORT_SYMBOL
int evutil_sockaddr_cmp(const struct sockaddr *a0, const struct sockaddr *a1,
    int a2);

/** Does evutil_socketpair. */
EVENT2_EXPORT_SYMBOL
int evutil_socketpair(int a0, int a1, int a2, int *a3);

/** Does evutil_strtoll. */
EVENT2_EXPORT_SYMBOL
int64_t evutil_strtoll(const char *a0, char **a1, int a2);

/**
 * Formats as snprintf does; the same on every system. The text is always
 * ended by a NUL if buflen is not 0.
 *
 * @return the length of the whole text, which was cut if that is not below
 *   buflen; -1 on an error; 0 if buflen is 0
 */
EVENT2_EXPORT_SYMBOL
int evutil_snprintf(char *buf, size_t buflen, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 4)))
#endif
	;

/** evutil_snprintf for arguments that come as a va_list. */
EVENT2_EXPORT_SYMBOL
int evutil_vsnprintf(char *buf, size_t buflen, const char *format, va_list ap)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 0)))
#endif
	;

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_UTIL_H_INCLUDED_ */
