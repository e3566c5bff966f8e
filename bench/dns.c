/* evdns: a query that a server of the same process answers, and names found in a hosts file. */
#include "bench.h"
#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <netinet/in.h>

static struct event_base *base;
static struct evdns_base *dns;
static long left;

static void
answer(struct evdns_server_request *req, void *arg)
{
	const ev_uint32_t address = htonl(0x01020304);
	(void)arg;
	for (int i = 0; i < req->nquestions; i++)
		CHECK(evdns_server_request_add_a_reply(req, req->questions[i]->name, 1, &address, 60) == 0);
	CHECK(evdns_server_request_respond(req, 0) == 0);
}
static void resolved(int result, char type, int count, int ttl, void *addresses, void *arg);
static void
ask(void)
{
	CHECK(evdns_base_resolve_ipv4(dns, "www.example.com", DNS_QUERY_NO_SEARCH, resolved, NULL));
}
static void
resolved(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	(void)ttl, (void)addresses, (void)arg;
	CHECK(result == DNS_ERR_NONE && type == DNS_IPv4_A && count == 1);
	if (--left > 0)
		ask();
}
static void
queries(long ops)
{
	left = ops;
	ask();
	while (left > 0)
		event_base_loop(base, EVLOOP_ONCE);
}
static void
prepare_query(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	char server[64];
	evutil_socket_t fd = socket(AF_INET, SOCK_DGRAM, 0);
	base = bench_base();
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
	evutil_make_socket_nonblocking(fd);
	CHECK(evdns_add_server_port_with_base(base, fd, 0, answer, NULL));
	dns = evdns_base_new(base, 0);
	snprintf(server, sizeof(server), "127.0.0.1:%d", ntohs(addr.sin_port));
	CHECK(dns && evdns_base_nameserver_ip_add(dns, server) == 0);
	queries(2);
}

static void
found(int result, struct evutil_addrinfo *list, void *arg)
{
	(void)arg;
	CHECK(result == 0 && list);
	evutil_freeaddrinfo(list);
	left--;
}
static void
prepare_hosts(void)
{
	char name[] = "/tmp/bench-hosts-XXXXXX";
	int fd = mkstemp(name);
	FILE *file = fdopen(fd, "w");
	CHECK(file);
	for (int i = 0; i < 100; i++)
		fprintf(file, "10.0.0.%d host-%d.example.com\n", i + 1, i);
	fclose(file);
	base = bench_base();
	dns = evdns_base_new(base, 0);
	CHECK(dns && evdns_base_load_hosts(dns, name) == 0);
	unlink(name);
}
/* The last one of the file. */
static void
hosts(long ops)
{
	struct evutil_addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
	left = ops;
	for (long i = 0; i < ops; i++)
		evdns_getaddrinfo(dns, "host-99.example.com", NULL, &hints, found, NULL);
	while (left > 0)
		event_base_loop(base, EVLOOP_ONCE);
}

const struct workload dns_workloads[] = {
	{ "dns_query", prepare_query, queries, NULL },
	{ "dns_hosts_100", prepare_hosts, hosts, NULL },
	{ 0 },
};
