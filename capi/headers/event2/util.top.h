
/**
 * @file event2/util.h
 *
 * What differs from system to system: integer types, sockets and their
 * errors, addresses, times, and random numbers.
 */

#include <event2/visibility.h>
#include <event2/event-config.h>

#ifdef EVENT__HAVE_SYS_TIME_H
#include <sys/time.h>
#endif
#include <stdint.h>
#include <sys/types.h>
#include <stddef.h>
#include <stdarg.h>
#ifdef _WIN32
#ifdef _MSC_VER
#include <BaseTsd.h>
#endif
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
#define EVUTIL_SET_SOCKET_ERROR(errcode) ((void)WSASetLastError(errcode))
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
#if defined(_WIN32) && !defined(AI_ADDRCONFIG)
/* Not named in headers that are asked to suit old versions of Windows. */
#define EVUTIL_AI_NUMERICSERV 0x0008
#define EVUTIL_AI_V4MAPPED 0x0800
#define EVUTIL_AI_ALL 0x0100
#define EVUTIL_AI_ADDRCONFIG 0x0400
#else
#define EVUTIL_AI_NUMERICSERV AI_NUMERICSERV
/* OpenBSD and NetBSD do not have these two. */
#ifdef AI_V4MAPPED
#define EVUTIL_AI_V4MAPPED AI_V4MAPPED
#else
#define EVUTIL_AI_V4MAPPED 0x10000
#endif
#ifdef AI_ALL
#define EVUTIL_AI_ALL AI_ALL
#else
#define EVUTIL_AI_ALL 0x20000
#endif
#define EVUTIL_AI_ADDRCONFIG AI_ADDRCONFIG
#endif
