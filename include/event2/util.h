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

/**
 * Makes two sockets that are connected to each other, as socketpair(2) does.
 *
 * For AF_UNIX, and whatever else the system has pairs of, this is the
 * system's own call. For AF_INET two sockets (SOCK_STREAM or SOCK_DGRAM) are
 * connected over the loopback interface.
 *
 * @param d the address family
 * @param type the socket type, optionally with SOCK_NONBLOCK and SOCK_CLOEXEC
 * @param protocol 0 for the type's usual protocol
 * @param sv receives the two sockets; the caller closes them
 * @return 0, or -1 with the socket error set
 */
EVENT2_EXPORT_SYMBOL
int evutil_socketpair(int d, int type, int protocol, evutil_socket_t *sv);

/**
 * Makes reading, writing, connecting and accepting on a socket return at once
 * instead of waiting.
 *
 * @param sock the socket
 * @return 0, or -1 with the socket error set; a failure is also logged as a
 *   warning
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_socket_nonblocking(evutil_socket_t sock);

/**
 * Lets a listening socket take an address that connections of an earlier
 * listener still linger on (SO_REUSEADDR). Does nothing to AF_UNIX sockets,
 * and nothing on Windows, where the option means something else.
 *
 * @param sock the socket
 * @return 0, or -1 with the socket error set
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_reuseable(evutil_socket_t sock);

/**
 * Lets several sockets listen on one port, the kernel spreading the
 * connections over them (SO_REUSEPORT). Each of them must call this before
 * bind. Does nothing to AF_UNIX sockets, nor where the system cannot do it.
 *
 * @param sock the socket
 * @return 0, or -1 with the socket error set
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_reuseable_port(evutil_socket_t sock);

/**
 * Keeps an AF_INET6 socket to IPv6: it will not take IPv4 connections as
 * mapped addresses. To be called before bind.
 *
 * @param sock the socket
 * @return 0, or -1 with the socket error set
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_ipv6only(evutil_socket_t sock);

/**
 * Has the kernel report a TCP connection to its listener only when data has
 * arrived on it (TCP_DEFER_ACCEPT). To be called after listen. Does nothing
 * where the system has no such option.
 *
 * @param sock the socket
 * @return 0, or -1 with the socket error set
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_tcp_listen_socket_deferred(evutil_socket_t sock);

/**
 * Has a socket closed when the process executes another program (FD_CLOEXEC).
 *
 * @param sock the socket
 * @return 0, or -1 with errno set; a failure is also logged as a warning
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_socket_closeonexec(evutil_socket_t sock);

/**
 * Closes a socket.
 *
 * @param sock the socket
 * @return 0, or -1 with the socket error set
 */
EVENT2_EXPORT_SYMBOL
int evutil_closesocket(evutil_socket_t sock);

#ifdef _WIN32
/**
 * The last error of a socket. Unlike EVUTIL_SOCKET_ERROR this also finds what
 * happened to the socket while nobody called it, a failed connection attempt
 * for example. On Unix a macro.
 *
 * @param sock the socket that the failed call was made on
 * @return the error's number, one of Winsock's (WSAE...)
 */
EVENT2_EXPORT_SYMBOL
int evutil_socket_geterror(evutil_socket_t sock);
#endif

#ifdef _WIN32
/**
 * The text of a socket error, in the system's words. On Unix a macro.
 *
 * @param errcode the error's number, one of Winsock's (WSAE...)
 * @return the text, which stays valid; never NULL
 */
EVENT2_EXPORT_SYMBOL
const char *evutil_socket_error_to_string(int errcode);
#endif

/**
 * Reads a number as strtoll(3) does.
 *
 * @param s the text; blanks in front are skipped
 * @param endptr receives where the number ends, unless it is NULL
 * @param base 2 to 36, or 0 to go by a prefix 0 or 0x
 * @return the number; at overflow the largest or smallest one with errno
 *   ERANGE
 */
EVENT2_EXPORT_SYMBOL
int64_t evutil_strtoll(const char *s, char **endptr, int base);

/**
 * Writes an IP address as text, without port or brackets. An IPv6 address
 * comes in its shortest form, with dotted numbers where it embeds an IPv4
 * address.
 *
 * @param af AF_INET or AF_INET6
 * @param src a struct in_addr or in6_addr
 * @param dst where the text goes
 * @param len the room at dst; 46 bytes are enough for every address
 * @return dst, or NULL with errno set to ENOSPC if it does not fit,
 *   EAFNOSUPPORT for another family
 */
EVENT2_EXPORT_SYMBOL
const char *evutil_inet_ntop(int af, const void *src, char *dst, size_t len);

/**
 * Reads an IPv6 address with an optional zone ("fe80::1%eth0"), or an IPv4
 * address.
 *
 * @param af AF_INET6 or AF_INET
 * @param src the text
 * @param dst receives a struct in6_addr or in_addr
 * @param indexp receives the zone's interface number; 0 if there is none
 * @return 1, 0 if the text is no such address, -1 for another family
 */
EVENT2_EXPORT_SYMBOL
int evutil_inet_pton_scope(int af, const char *src, void *dst,
    unsigned int *indexp);

/**
 * Reads an IP address from text.
 *
 * @param af AF_INET for four decimal numbers with dots, AF_INET6 for an IPv6
 *   address without zone
 * @param src the text
 * @param dst receives a struct in_addr or in6_addr
 * @return 1, 0 if the text is no such address, -1 for another family
 */
EVENT2_EXPORT_SYMBOL
int evutil_inet_pton(int af, const char *src, void *dst);

/**
 * Reads an IP address with an optional port: "[v6]:port", "[v6]", "v6",
 * "v4:port" or "v4". IPv6 addresses may have a zone.
 *
 * @param str the text
 * @param out receives a struct sockaddr_in or sockaddr_in6; without a port in
 *   the text, the port is 0
 * @param outlen the room at out; receives the address's size
 * @return 0, or -1 if the text is no address, its port not 1 to 65535, or the
 *   room too small
 */
EVENT2_EXPORT_SYMBOL
int evutil_parse_sockaddr_port(const char *str, struct sockaddr *out,
    int *outlen);

/**
 * Compares two addresses.
 *
 * @param include_port nonzero: addresses of different ports differ
 * @return 0 if they are equal, else a number whose sign gives an order;
 *   addresses that are neither AF_INET nor AF_INET6 are never equal
 */
EVENT2_EXPORT_SYMBOL
int evutil_sockaddr_cmp(const struct sockaddr *sa1,
    const struct sockaddr *sa2, int include_port);

/**
 * Compares two strings; ASCII letters count as lower case, whatever the
 * locale.
 *
 * @return 0 if they are equal, -1 if str1 comes first, 1 if str2 does
 */
EVENT2_EXPORT_SYMBOL
int evutil_ascii_strcasecmp(const char *str1, const char *str2);

/**
 * evutil_ascii_strcasecmp over the first n characters at most.
 *
 * @param str1 a string, or at least n characters
 * @param str2 another
 * @param n how many to compare
 * @return 0 if they are equal, -1 if str1 comes first, 1 if str2 does
 */
EVENT2_EXPORT_SYMBOL
int evutil_ascii_strncasecmp(const char *str1, const char *str2, size_t n);

/**
 * Looks up the addresses of a host and the port of a service, as
 * getaddrinfo(3) does. This waits for the answer: evdns_getaddrinfo does not.
 * Addresses and ports written as numbers are answered without the system's
 * resolver.
 *
 * @param nodename a host's name or address; NULL for the local host, or for
 *   any address with EVUTIL_AI_PASSIVE
 * @param servname a service's name or port; NULL for none. One of both must
 *   be given
 * @param hints_in what is wanted: ai_family, ai_socktype, ai_protocol and
 *   EVUTIL_AI_ flags; NULL for anything
 * @param res receives a list, to be freed with evutil_freeaddrinfo; NULL on
 *   an error
 * @return 0, or one of EVUTIL_EAI_
 */
EVENT2_EXPORT_SYMBOL
int evutil_getaddrinfo(const char *nodename, const char *servname,
    const struct evutil_addrinfo *hints_in, struct evutil_addrinfo **res);

/**
 * Frees a list of evutil_getaddrinfo or evdns_getaddrinfo.
 *
 * @param ai the list; NULL does nothing
 */
EVENT2_EXPORT_SYMBOL
void evutil_freeaddrinfo(struct evutil_addrinfo *ai);

/**
 * The text for an error of evutil_getaddrinfo or evdns_getaddrinfo.
 *
 * @param err what they returned
 * @return the text, which must not be changed or freed; never NULL
 */
EVENT2_EXPORT_SYMBOL
const char *evutil_gai_strerror(int err);

/**
 * Fills a buffer with random bytes that nobody can guess. From any thread,
 * and different in parent and child after fork. Ends the process through the
 * fatal callback if the system gives no random bytes.
 */
EVENT2_EXPORT_SYMBOL
void evutil_secure_rng_get_bytes(void *buf, size_t n);

/**
 * Seeds the secure random numbers now instead of at their first use. Wanted
 * by programs that lose access to the system's random device later (chroot),
 * and by those that want to know.
 *
 * @return 0, or -1 if the system gives no random bytes
 */
EVENT2_EXPORT_SYMBOL
int evutil_secure_rng_init(void);

/**
 * Names a random device to seed the secure random numbers from, besides what
 * the kernel gives.
 *
 * @param fname its path, which is copied; NULL for none
 * @return 0, or -1 if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evutil_secure_rng_set_urandom_device_file(char *fname);

/**
 * Mixes bytes of the program's own into the secure random numbers. Hardly
 * ever needed: they are seeded without it, and these bytes cannot make them
 * worse.
 */
EVENT2_EXPORT_SYMBOL
void evutil_secure_rng_add_bytes(const char *dat, size_t datlen);

/**
 * Makes a timer for evutil_configure_monotonic_time.
 *
 * @return the timer, to be freed with evutil_monotonic_timer_free, or NULL if
 *   memory is short
 */
EVENT2_EXPORT_SYMBOL
struct evutil_monotonic_timer *evutil_monotonic_timer_new(void);

/** Frees a timer of evutil_monotonic_timer_new. NULL does nothing. */
EVENT2_EXPORT_SYMBOL
void evutil_monotonic_timer_free(struct evutil_monotonic_timer *timer);

/**
 * Chooses the clock of a timer.
 *
 * @param flags 0 for a clock that is cheap to read and some milliseconds
 *   coarse; EV_MONOT_PRECISE for the exact one; EV_MONOT_FALLBACK for the
 *   wall clock with its backward steps taken out
 * @return 0, or -1 if timer is NULL
 */
EVENT2_EXPORT_SYMBOL
int evutil_configure_monotonic_time(struct evutil_monotonic_timer *timer,
    int flags);

/**
 * Reads a timer: the time since some moment in the past. It never goes back,
 * whatever happens to the wall clock. One timer is for one thread at a time.
 *
 * @param timer a configured timer
 * @param tp receives the time
 * @return 0, or -1 if an argument is NULL
 */
EVENT2_EXPORT_SYMBOL
int evutil_gettime_monotonic(struct evutil_monotonic_timer *timer,
    struct timeval *tp);

/**
 * Writes a date as HTTP and mail have it: "Sun, 06 Nov 1994 08:49:37 GMT".
 *
 * @param date where the text goes; it is cut to fit and ended by a NUL
 * @param datelen the room there; 30 bytes are enough up to the year 9999
 * @param tm the time, taken as GMT; NULL for now
 * @return the length of the whole text, which was cut if that is not below
 *   datelen; 0 if datelen is 0
 */
EVENT2_EXPORT_SYMBOL
int evutil_date_rfc1123(char *date, size_t datelen, const struct tm *tm);

/**
 * Formats as snprintf does; the same on every system. The text is always
 * ended by a NUL if buflen is not 0.
 *
 * @param buf where the text goes
 * @param buflen the room there, in bytes
 * @param format the format, followed by its arguments
 * @return the length of the whole text, which was cut if that is not below
 *   buflen; -1 on an error; 0 if buflen is 0
 */
EVENT2_EXPORT_SYMBOL
int evutil_snprintf(char *buf, size_t buflen, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 4)))
#endif
	;

/**
 * evutil_snprintf for arguments that come as a va_list.
 *
 * @param buf where the text goes
 * @param buflen the room there, in bytes
 * @param format the format
 * @param ap its arguments, which cannot be used again afterwards
 * @return as for evutil_snprintf
 */
EVENT2_EXPORT_SYMBOL
int evutil_vsnprintf(char *buf, size_t buflen, const char *format, va_list ap)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 0)))
#endif
	;

#ifndef EVENT__HAVE_GETTIMEOFDAY
struct timezone;
/**
 * The time of day.
 *
 * @param tv receives it
 * @param tz NULL
 * @return 0, or -1 if tv is NULL
 */
EVENT2_EXPORT_SYMBOL
int evutil_gettimeofday(struct timeval *tv, struct timezone *tz);
#endif

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_UTIL_H_INCLUDED_ */
