/* evutil: strings, addresses, sockets, times. */
#include "common.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <time.h>

static void strings(void)
{
	static const char *s[] = {"", "a", "A", "ab", "AB", "abc", "b", "B", "[", "a\xc3\xa4", "a\xc3\x84", "z", "0", "aB1"};
	unsigned i, j;
	char buf[16], *end;
	TITLE("strings");
	for (i = 0; i < sizeof(s) / sizeof(*s); i++)
		for (j = 0; j < sizeof(s) / sizeof(*s); j++)
			printf("%u %u: %d %d %d\n", i, j, evutil_ascii_strcasecmp(s[i], s[j]),
			    evutil_ascii_strncasecmp(s[i], s[j], 1), evutil_ascii_strncasecmp(s[i], s[j], 0));
	SHOW(evutil_snprintf(buf, sizeof(buf), "%s", "fits"));
	TEXT(buf);
	SHOW(evutil_snprintf(buf, sizeof(buf), "%s", "more than fits in there"));
	TEXT(buf);
	SHOW(evutil_snprintf(buf, 1, "%d", 12));
	TEXT(buf);
	SHOW(evutil_snprintf(buf, 0, "%d", 12));
	SHOW(evutil_strtoll("  -0x1f rest", &end, 0));
	TEXT(end);
	SHOW(evutil_strtoll("99999999999999999999", &end, 10));
	SHOW(errno == ERANGE);
	SHOW(evutil_strtoll("-99999999999999999999", NULL, 10));
	SHOW(evutil_strtoll("zz", &end, 36));
	SHOW(evutil_strtoll("none", &end, 10));
	TEXT(end);
}

static void addresses(void)
{
	static const char *text[] = {"1.2.3.4", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.4x",
	    "01.2.3.4", "1..2.3", "", " 1.2.3.4", "::", "::1", "1::", "1::2", "fe80::1%lo", "fe80::1%nonsense", "fe80::1%7",
	    "::ffff:1.2.3.4", "::1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::",
	    "::1.2.3", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "a:b:c:d:e:f:0:1", "ABCD::EF", ":1", "1:", ":::",
	    "0:0:0:0:0:0:0:0", "1:0:0:2:0:0:0:3", "1:0:0:0:2:0:0:3", "0:0:1::", "::1:0:0", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
	    "2001:db8::0:1", "g::", "1.2.3.+4", "-1.2.3.4", "1.2.3.4 ", "::ffff:999.1.1.1", "0x1::", "64:ff9b::1.2.3.4"};
	static const char *ports[] = {"1.2.3.4", "1.2.3.4:80", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65535", "1.2.3.4:65536",
	    "1.2.3.4:-1", "1.2.3.4:8x", "[::1]", "[::1]:80", "[::1]:", "[::1]80", "::1", "::1:80", "[1.2.3.4]:80", "[::1",
	    "host:80", "", ":80", "[]:80", "[::1]:99999", "[fe80::1%lo]:80", "1.2.3.4:80:90", "1.2.3.4:+80", "[::1]: 80",
	    "256.1.1.1:80", "[::g]:1", "  1.2.3.4:80"};
	unsigned i, j;
	TITLE("addresses");
	for (i = 0; i < sizeof(text) / sizeof(*text); i++) {
		unsigned char a[16];
		char out[64];
		unsigned scope = 77;
		int r;
		memset(a, 0, 16);
		r = evutil_inet_pton(AF_INET, text[i], a);
		printf("%s: v4 %d", text[i], r);
		if (r == 1)
			printf(" %s", evutil_inet_ntop(AF_INET, a, out, sizeof(out)));
		memset(a, 0, 16);
		r = evutil_inet_pton(AF_INET6, text[i], a);
		printf(", v6 %d", r);
		if (r == 1)
			printf(" %s", evutil_inet_ntop(AF_INET6, a, out, sizeof(out)));
		r = evutil_inet_pton_scope(AF_INET6, text[i], a, &scope);
		printf(", scoped %d %u\n", r, scope);
	}
	{
		unsigned char a[16] = {1, 2, 3, 4};
		char out[46];
		SHOW(evutil_inet_pton(AF_UNIX, "x", a));
		NIL(evutil_inet_ntop(AF_UNIX, a, out, sizeof(out)));
		NIL(evutil_inet_ntop(AF_INET, a, out, 7));
		NIL(evutil_inet_ntop(AF_INET, a, out, 8));
		NIL(evutil_inet_ntop(AF_INET6, a, out, 3));
		SHOW(errno == ENOSPC);
	}
	for (i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		struct sockaddr_storage ss;
		int len = sizeof(ss);
		int r = evutil_parse_sockaddr_port(ports[i], (struct sockaddr *)&ss, &len);
		char out[64] = "";
		if (r == 0 && ss.ss_family == AF_INET) {
			struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
			printf("%s: %s port %d, len %d\n", ports[i], evutil_inet_ntop(AF_INET, &sin->sin_addr, out, 64),
			    ntohs(sin->sin_port), len);
		} else if (r == 0) {
			struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
			printf("%s: %s port %d scope %u, len %d\n", ports[i],
			    evutil_inet_ntop(AF_INET6, &sin6->sin6_addr, out, 64), ntohs(sin6->sin6_port),
			    (unsigned)sin6->sin6_scope_id, len);
		} else
			printf("%s: %d\n", ports[i], r);
	}
	{
		struct sockaddr_in sin;
		int len = sizeof(sin) - 1;
		SHOW(evutil_parse_sockaddr_port("1.2.3.4:5", (struct sockaddr *)&sin, &len));
		len = sizeof(sin);
		SHOW(evutil_parse_sockaddr_port("[::1]:5", (struct sockaddr *)&sin, &len));
	}
	{
		static const char *some[] = {"1.2.3.4:5", "1.2.3.4:6", "1.2.3.5:5", "9.0.0.1:5", "[::1]:5", "[::1]:6", "[::2]:5"};
		struct sockaddr_storage ss[7];
		for (i = 0; i < 7; i++) {
			int len = sizeof(ss[i]);
			memset(&ss[i], 0, sizeof(ss[i]));
			evutil_parse_sockaddr_port(some[i], (struct sockaddr *)&ss[i], &len);
		}
		for (i = 0; i < 7; i++)
			for (j = 0; j < 7; j++) {
				int x = evutil_sockaddr_cmp((struct sockaddr *)&ss[i], (struct sockaddr *)&ss[j], 1);
				int y = evutil_sockaddr_cmp((struct sockaddr *)&ss[i], (struct sockaddr *)&ss[j], 0);
				printf("%u %u: %d %d\n", i, j, (x > 0) - (x < 0), (y > 0) - (y < 0));
			}
	}
}

static void show_info(struct evutil_addrinfo *ai)
{
	char out[64];
	for (; ai; ai = ai->ai_next) {
		const void *a = ai->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)ai->ai_addr)->sin_addr
							 : (void *)&((struct sockaddr_in6 *)ai->ai_addr)->sin6_addr;
		printf("  family %d type %d protocol %d len %d %s port %d name %s\n", ai->ai_family, ai->ai_socktype,
		    ai->ai_protocol, (int)ai->ai_addrlen, evutil_inet_ntop(ai->ai_family, a, out, sizeof(out)),
		    ntohs(((struct sockaddr_in *)ai->ai_addr)->sin_port), ai->ai_canonname ? "given" : "none");
	}
}

static void infos(void)
{
	static const struct {
		const char *node, *service;
		int flags, family, type, protocol;
	} q[] = {
	    {"1.2.3.4", "80", 0, AF_UNSPEC, SOCK_STREAM, 0},
	    {"1.2.3.4", "80", EVUTIL_AI_NUMERICHOST, AF_INET, SOCK_STREAM, IPPROTO_TCP},
	    {"::1", "80", 0, AF_UNSPEC, SOCK_STREAM, 0},
	    {"::1", "80", 0, AF_INET, SOCK_STREAM, 0},
	    {"1.2.3.4", "80", 0, AF_INET6, SOCK_STREAM, 0},
	    {NULL, "80", 0, AF_INET, SOCK_STREAM, 0},
	    {NULL, "80", EVUTIL_AI_PASSIVE, AF_INET, SOCK_STREAM, 0},
	    {"1.2.3.4", NULL, 0, AF_UNSPEC, SOCK_DGRAM, 0},
	    {"1.2.3.4", "http", 0, AF_UNSPEC, SOCK_STREAM, 0},
	    {NULL, NULL, 0, AF_UNSPEC, SOCK_STREAM, 0},
	    {"not.a.number", "80", EVUTIL_AI_NUMERICHOST, AF_UNSPEC, SOCK_STREAM, 0},
	    {"1.2.3.4", "http", EVUTIL_AI_NUMERICSERV, AF_UNSPEC, SOCK_STREAM, 0},
	    {"1.2.3.4", "80", 0, 12345, SOCK_STREAM, 0},
	    {"1.2.3.4", "nosuchservice", 0, AF_UNSPEC, SOCK_STREAM, 0},
	};
	unsigned i;
	int e;
	TITLE("getaddrinfo");
	for (i = 0; i < sizeof(q) / sizeof(*q); i++) {
		struct evutil_addrinfo hints, *res = NULL;
		int r;
		memset(&hints, 0, sizeof(hints));
		hints.ai_flags = q[i].flags;
		hints.ai_family = q[i].family;
		hints.ai_socktype = q[i].type;
		hints.ai_protocol = q[i].protocol;
		r = evutil_getaddrinfo(q[i].node, q[i].service, &hints, &res);
		printf("%u: %d\n", i, r);
		show_info(res);
		if (res)
			evutil_freeaddrinfo(res);
	}
	for (e = -12; e <= 1; e++)
		NIL(evutil_gai_strerror(e));
	NIL(evutil_gai_strerror(EVUTIL_EAI_CANCEL));
}

static void sockets(void)
{
	evutil_socket_t fd[2];
	TITLE("sockets");
	SHOW(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	SHOW(fcntl(fd[0], F_GETFL) & O_NONBLOCK);
	SHOW(evutil_make_socket_nonblocking(fd[0]));
	SHOW((fcntl(fd[0], F_GETFL) & O_NONBLOCK) != 0);
	SHOW(evutil_make_socket_nonblocking(fd[0]));
	SHOW(evutil_make_socket_closeonexec(fd[0]));
	SHOW((fcntl(fd[0], F_GETFD) & FD_CLOEXEC) != 0);
	SHOW(evutil_make_listen_socket_reuseable(fd[0]));
	SHOW(evutil_make_tcp_listen_socket_deferred(fd[0]));
	SHOW(evutil_closesocket(fd[0]));
	SHOW(evutil_closesocket(fd[0]));
	SHOW(EVUTIL_SOCKET_ERROR() == EBADF);
	SHOW(evutil_make_socket_nonblocking(fd[0]));
	SHOW(evutil_make_socket_closeonexec(fd[0]));
	close(fd[1]);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	SHOW(evutil_make_listen_socket_reuseable(fd[0]));
	SHOW(evutil_make_listen_socket_reuseable_port(fd[0]));
	close(fd[0]);
	fd[0] = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd[0] >= 0) {
		SHOW(evutil_make_listen_socket_ipv6only(fd[0]));
		close(fd[0]);
	}
	SHOW(evutil_socketpair(AF_INET, SOCK_STREAM, 0, NULL));
	EVUTIL_SET_SOCKET_ERROR(7);
	SHOW(EVUTIL_SOCKET_ERROR());
}

static void times(void)
{
	static const time_t t[] = {0, 784111777, 951782399, 4102444800, 253402300799};
	struct evutil_monotonic_timer *m;
	struct timeval a, b;
	char buf[40];
	unsigned i;
	TITLE("times");
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct tm tm;
		gmtime_r(&t[i], &tm);
		SHOW(evutil_date_rfc1123(buf, sizeof(buf), &tm));
		TEXT(buf);
	}
	{
		struct tm tm;
		gmtime_r(&t[1], &tm);
		SHOW(evutil_date_rfc1123(buf, 10, &tm));
		TEXT(buf);
	}
	SHOW(evutil_date_rfc1123(buf, sizeof(buf), NULL));
	m = evutil_monotonic_timer_new();
	NIL(m);
	for (i = 0; i < 4; i++) {
		SHOW(evutil_configure_monotonic_time(m, (int)i));
		SHOW(evutil_gettime_monotonic(m, &a));
		SHOW(evutil_gettime_monotonic(m, &b));
		SHOW(evutil_timercmp(&a, &b, <=));
	}
	evutil_monotonic_timer_free(m);
	a.tv_sec = 1, a.tv_usec = 600000, b.tv_sec = 2, b.tv_usec = 500000;
	{
		struct timeval c;
		evutil_timeradd(&a, &b, &c);
		printf("%ld %ld\n", (long)c.tv_sec, (long)c.tv_usec);
		evutil_timersub(&b, &a, &c);
		printf("%ld %ld\n", (long)c.tv_sec, (long)c.tv_usec);
		evutil_timerclear(&c);
		SHOW(evutil_timerisset(&c));
	}
}

static void random_bytes(void)
{
	unsigned char a[64], b[64];
	TITLE("random");
	SHOW(evutil_secure_rng_init());
	evutil_secure_rng_add_bytes("abc", 3);
	evutil_secure_rng_get_bytes(a, sizeof(a));
	evutil_secure_rng_get_bytes(b, sizeof(b));
	evutil_secure_rng_get_bytes(b, 0);
	SHOW(memcmp(a, b, sizeof(a)) != 0);
}

int main(void)
{
	setup();
	strings();
	addresses();
	infos();
	sockets();
	times();
	random_bytes();
	return 0;
}
