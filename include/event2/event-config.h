/* Made by cargo xtask headers. Sources: capi/headers */
#ifndef EVENT2_EVENT_CONFIG_H_INCLUDED_
#define EVENT2_EVENT_CONFIG_H_INCLUDED_

/**
 * @file event2/event-config.h
 *
 * What the system has for which the library was built: programs read
 * EVENT__HAVE_* as they would their own configuration's HAVE_*. One file
 * serves all systems; on each it defines what the original's configuration
 * finds there (on Linux with glibc: the set of Debian's libevent-dev).
 *
 * Including it before any system header asks for all extensions of the
 * system (_GNU_SOURCE and its kin on other systems), as there.
 */

/* Extensions of the system. */
#ifndef _ALL_SOURCE
#define _ALL_SOURCE 1
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#endif
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#ifndef _HPUX_ALT_XOPEN_SOCKET_API
#define _HPUX_ALT_XOPEN_SOCKET_API 1
#endif
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1
#endif
#ifndef _OPENBSD_SOURCE
#define _OPENBSD_SOURCE 1
#endif
#ifndef _POSIX_PTHREAD_SEMANTICS
#define _POSIX_PTHREAD_SEMANTICS 1
#endif
#ifndef _TANDEM_SOURCE
#define _TANDEM_SOURCE 1
#endif
#ifndef __EXTENSIONS__
#define __EXTENSIONS__ 1
#endif
#ifndef __STDC_WANT_IEC_60559_ATTRIBS_EXT__
#define __STDC_WANT_IEC_60559_ATTRIBS_EXT__ 1
#endif
#ifndef __STDC_WANT_IEC_60559_BFP_EXT__
#define __STDC_WANT_IEC_60559_BFP_EXT__ 1
#endif
#ifndef __STDC_WANT_IEC_60559_DFP_EXT__
#define __STDC_WANT_IEC_60559_DFP_EXT__ 1
#endif
#ifndef __STDC_WANT_IEC_60559_FUNCS_EXT__
#define __STDC_WANT_IEC_60559_FUNCS_EXT__ 1
#endif
#ifndef __STDC_WANT_IEC_60559_TYPES_EXT__
#define __STDC_WANT_IEC_60559_TYPES_EXT__ 1
#endif
#ifndef __STDC_WANT_LIB_EXT2__
#define __STDC_WANT_LIB_EXT2__ 1
#endif
#ifndef __STDC_WANT_MATH_SPEC_FUNCS__
#define __STDC_WANT_MATH_SPEC_FUNCS__ 1
#endif

/* Every system has these functions, types and headers. */
#define EVENT__HAVE_ERRNO_H 1
#define EVENT__HAVE_FCNTL_H 1
#define EVENT__HAVE_GETADDRINFO 1
#define EVENT__HAVE_GETNAMEINFO 1
#define EVENT__HAVE_GETPROTOBYNUMBER 1
#define EVENT__HAVE_GETSERVBYNAME 1
#define EVENT__HAVE_INET_NTOP 1
#define EVENT__HAVE_INET_PTON 1
#define EVENT__HAVE_INTTYPES_H 1
#define EVENT__HAVE_PUTENV 1
#define EVENT__HAVE_SIGNAL 1
#define EVENT__HAVE_STDARG_H 1
#define EVENT__HAVE_STDDEF_H 1
#define EVENT__HAVE_STDINT_H 1
#define EVENT__HAVE_STDIO_H 1
#define EVENT__HAVE_STDLIB_H 1
#define EVENT__HAVE_STRING_H 1
#define EVENT__HAVE_STRTOLL 1
#define EVENT__HAVE_STRUCT_ADDRINFO 1
#define EVENT__HAVE_STRUCT_IN6_ADDR 1
#define EVENT__HAVE_STRUCT_LINGER 1
#define EVENT__HAVE_STRUCT_SOCKADDR_IN6 1
#define EVENT__HAVE_STRUCT_SOCKADDR_STORAGE 1
#define EVENT__HAVE_STRUCT_SOCKADDR_STORAGE_SS_FAMILY 1
#define EVENT__HAVE_SYS_STAT_H 1
#define EVENT__HAVE_SYS_TYPES_H 1
#define EVENT__HAVE_TIMERCLEAR 1
#define EVENT__HAVE_TIMERCMP 1
#define EVENT__HAVE_TIMERISSET 1
#define EVENT__HAVE_UINT16_T 1
#define EVENT__HAVE_UINT32_T 1
#define EVENT__HAVE_UINT64_T 1
#define EVENT__HAVE_UINT8_T 1
#define EVENT__HAVE_UINTPTR_T 1
#define EVENT__HAVE_WCHAR_H 1
#define EVENT__HAVE___FUNCTION__ 1
#define EVENT__HAVE___func__ 1

#if !defined(_WIN32) || defined(__MINGW32__)
/* All but Microsoft's compiler. */
#define EVENT__HAVE_GETTIMEOFDAY 1
#define EVENT__HAVE_STRINGS_H 1
#define EVENT__HAVE_STRTOK_R 1
#define EVENT__HAVE_SYS_PARAM_H 1
#define EVENT__HAVE_SYS_TIME_H 1
#define EVENT__HAVE_UMASK 1
#define EVENT__HAVE_UNISTD_H 1
#define EVENT__HAVE_USLEEP 1
#define EVENT__HAVE_VASPRINTF 1
#endif

#ifndef _WIN32
/* Unix. */
#define EVENT__HAVE_ARPA_INET_H 1
#define EVENT__HAVE_CLOCK_GETTIME 1
#define EVENT__HAVE_DLFCN_H 1
#define EVENT__HAVE_FCNTL 1
#define EVENT__HAVE_FD_MASK 1
#define EVENT__HAVE_GETEGID 1
#define EVENT__HAVE_GETEUID 1
#define EVENT__HAVE_GETIFADDRS 1
#define EVENT__HAVE_IFADDRS_H 1
#define EVENT__HAVE_MMAP 1
#define EVENT__HAVE_NANOSLEEP 1
#define EVENT__HAVE_NETDB_H 1
#define EVENT__HAVE_NETINET_IN_H 1
#define EVENT__HAVE_NETINET_TCP_H 1
#define EVENT__HAVE_PIPE 1
#define EVENT__HAVE_POLL 1
#define EVENT__HAVE_POLL_H 1
#define EVENT__HAVE_PTHREADS 1
#define EVENT__HAVE_SA_FAMILY_T 1
#define EVENT__HAVE_SELECT 1
#define EVENT__HAVE_SETENV 1
#define EVENT__HAVE_SETFD 1
#define EVENT__HAVE_SETRLIMIT 1
#define EVENT__HAVE_SIGACTION 1
#define EVENT__HAVE_STRSEP 1
#define EVENT__HAVE_STRUCT_SOCKADDR_UN 1
#define EVENT__HAVE_SYS_IOCTL_H 1
#define EVENT__HAVE_SYS_MMAN_H 1
#define EVENT__HAVE_SYS_RESOURCE_H 1
#define EVENT__HAVE_SYS_SELECT_H 1
#define EVENT__HAVE_SYS_SOCKET_H 1
#define EVENT__HAVE_SYS_UIO_H 1
#define EVENT__HAVE_SYS_UN_H 1
#define EVENT__HAVE_SYS_WAIT_H 1
#define EVENT__HAVE_UNSETENV 1
#ifndef __sun
#define EVENT__HAVE_TIMERADD 1
#endif
#define EVENT__HAVE_OPENSSL 1
#define EVENT__HAVE_OPENSSL_SSL_H 1
#endif

#ifdef __linux__
#define EVENT__HAVE_ACCEPT4 1
#define EVENT__HAVE_EPOLL 1
#define EVENT__HAVE_EPOLL_CREATE1 1
#define EVENT__HAVE_EPOLL_CTL 1
#define EVENT__HAVE_EVENTFD 1
#define EVENT__HAVE_GETRANDOM 1
#define EVENT__HAVE_PIPE2 1
#define EVENT__HAVE_SENDFILE 1
#define EVENT__HAVE_SPLICE 1
#define EVENT__HAVE_STRUCT_IN6_ADDR_S6_ADDR16 1
#define EVENT__HAVE_STRUCT_IN6_ADDR_S6_ADDR32 1
#define EVENT__HAVE_SYS_EPOLL_H 1
#define EVENT__HAVE_SYS_EVENTFD_H 1
#define EVENT__HAVE_SYS_RANDOM_H 1
#define EVENT__HAVE_SYS_SENDFILE_H 1
#define EVENT__HAVE_SYS_TIMERFD_H 1
#define EVENT__HAVE_TIMERFD_CREATE 1
/* A header that glibc has and musl has not: there are more such differences. */
#ifdef __has_include
#if !__has_include(<sys/queue.h>)
#define EVENT__LIBC_WITHOUT_QUEUE 1
#endif
#endif
#ifndef EVENT__LIBC_WITHOUT_QUEUE
#define EVENT__HAVE_ARC4RANDOM 1
#define EVENT__HAVE_ARC4RANDOM_BUF 1
#define EVENT__HAVE_SYS_QUEUE_H 1
#define EVENT__HAVE_TAILQFOREACH 1
#endif
#endif

#if defined(__FreeBSD__) || defined(__DragonFly__) || defined(__NetBSD__) || \
	defined(__OpenBSD__) || defined(__APPLE__)
/* kqueue, and what else came from 4.4BSD. */
#define EVENT__HAVE_ARC4RANDOM 1
#define EVENT__HAVE_ARC4RANDOM_BUF 1
#define EVENT__HAVE_ISSETUGID 1
#define EVENT__HAVE_KQUEUE 1
#define EVENT__HAVE_STRLCPY 1
#define EVENT__HAVE_STRUCT_SOCKADDR_IN6_SIN6_LEN 1
#define EVENT__HAVE_STRUCT_SOCKADDR_IN_SIN_LEN 1
#define EVENT__HAVE_SYSCTL 1
#define EVENT__HAVE_SYS_EVENT_H 1
#define EVENT__HAVE_SYS_QUEUE_H 1
#define EVENT__HAVE_SYS_SYSCTL_H 1
#define EVENT__HAVE_TAILQFOREACH 1
#define EVENT__HAVE_WORKING_KQUEUE 1
#ifdef __APPLE__
#define EVENT__HAVE_MACH_ABSOLUTE_TIME 1
#define EVENT__HAVE_MACH_MACH_H 1
#define EVENT__HAVE_MACH_MACH_TIME_H 1
#define EVENT__HAVE_SYS_RANDOM_H 1
#else
#define EVENT__HAVE_PIPE2 1
#endif
#if !defined(__APPLE__) && !defined(__NetBSD__)
#define EVENT__HAVE_ACCEPT4 1
#endif
#if !defined(__NetBSD__) && !defined(__OpenBSD__)
#define EVENT__HAVE_SENDFILE 1
#endif
#endif

#ifdef __sun
/* Solaris and illumos: event ports and /dev/poll. */
#define EVENT__HAVE_ACCEPT4 1
#define EVENT__HAVE_ARC4RANDOM 1
#define EVENT__HAVE_ARC4RANDOM_BUF 1
#define EVENT__HAVE_DEVPOLL 1
#define EVENT__HAVE_EVENT_PORTS 1
#define EVENT__HAVE_GETRANDOM 1
#define EVENT__HAVE_ISSETUGID 1
#define EVENT__HAVE_PIPE2 1
#define EVENT__HAVE_PORT_CREATE 1
#define EVENT__HAVE_PORT_H 1
#define EVENT__HAVE_SENDFILE 1
#define EVENT__HAVE_STRLCPY 1
#define EVENT__HAVE_SYS_DEVPOLL_H 1
#define EVENT__HAVE_SYS_QUEUE_H 1
#define EVENT__HAVE_SYS_RANDOM_H 1
#define EVENT__HAVE_SYS_SENDFILE_H 1
#define EVENT__HAVE_TAILQFOREACH 1
#endif

#ifdef _WIN32
#ifdef __MINGW32__
#define EVENT__HAVE_LIBWS2_32 1
#define EVENT__HAVE__GMTIME64_S 1
/** Offsets in files are of 64 bits. */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#else
/** Microsoft has no ssize_t: this type of BaseTsd.h. */
#define EVENT__ssize_t SSIZE_T
#endif
#endif

/* Names and versions. */
#define EVENT__LT_OBJDIR ".libs/"
#define EVENT__NUMERIC_VERSION 0x02010c00
#define EVENT__PACKAGE "libevent"
#define EVENT__PACKAGE_BUGREPORT ""
#define EVENT__PACKAGE_NAME "libevent"
#define EVENT__PACKAGE_STRING "libevent 2.1.12-stable"
#define EVENT__PACKAGE_TARNAME "libevent"
#define EVENT__PACKAGE_URL ""
#define EVENT__PACKAGE_VERSION "2.1.12-stable"
#define EVENT__VERSION "2.1.12-stable"

/* Sizes in bytes, of the program's compiler. */
#define EVENT__SIZEOF_INT 4
#define EVENT__SIZEOF_LONG_LONG 8
#define EVENT__SIZEOF_OFF_T 8
#define EVENT__SIZEOF_SHORT 2
#if defined(__LP64__) || defined(_LP64)
#define EVENT__SIZEOF_LONG 8
#else
#define EVENT__SIZEOF_LONG 4
#endif
#if defined(__LP64__) || defined(_LP64) || defined(_WIN64)
#define EVENT__SIZEOF_SIZE_T 8
#define EVENT__SIZEOF_VOID_P 8
#else
#define EVENT__SIZEOF_SIZE_T 4
#define EVENT__SIZEOF_VOID_P 4
#endif
#ifdef __sun
#define EVENT__SIZEOF_PTHREAD_T 4
#elif !defined(_WIN32) && EVENT__SIZEOF_VOID_P == 8
#define EVENT__SIZEOF_PTHREAD_T 8
#elif !defined(_WIN32)
#define EVENT__SIZEOF_PTHREAD_T 4
#endif
#if EVENT__SIZEOF_VOID_P == 8
#define EVENT__SIZEOF_TIME_T 8
#elif defined(__linux__) && !defined(__x86_64__) && \
	!defined(EVENT__LIBC_WITHOUT_QUEUE) && \
	!(defined(_TIME_BITS) && _TIME_BITS == 64)
#define EVENT__SIZEOF_TIME_T 4
#elif (defined(__FreeBSD__) && defined(__i386__)) || defined(__sun)
#define EVENT__SIZEOF_TIME_T 4
#elif defined(_WIN32) && defined(_USE_32BIT_TIME_T)
#define EVENT__SIZEOF_TIME_T 4
#elif defined(__MINGW32__)
#define EVENT__SIZEOF_TIME_T 4
#else
#define EVENT__SIZEOF_TIME_T 8
#endif

/** sys/time.h and time.h can be included together. */
#define EVENT__TIME_WITH_SYS_TIME 1

/** The standard headers are there. */
#ifndef STDC_HEADERS
#define STDC_HEADERS 1
#endif

#endif /* EVENT2_EVENT_CONFIG_H_INCLUDED_ */
