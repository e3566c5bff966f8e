/* A DNS server port and a resolver that asks it, on loopback. */
#include "check.h"
#include <event2/dns.h>
#include <event2/dns_compat.h>
#include <event2/dns_struct.h>

static struct event_base *base;
static struct evdns_base *dns;
static int questions, answers, wanted;

static void serve(struct evdns_server_request *req, void *arg)
{
	int i, code = 0;
	(void)arg;
	for (i = 0; i < req->nquestions; i++) {
		const struct evdns_server_question *q = req->questions[i];
		questions++;
		if (evutil_ascii_strcasecmp(q->name, "four.example.com") == 0 && q->type == EVDNS_TYPE_A) {
			CHECK(evdns_server_request_add_a_reply(req, q->name, 2, "\x01\x02\x03\x04\x05\x06\x07\x08", 60) == 0);
		} else if (evutil_ascii_strcasecmp(q->name, "six.example.com") == 0 && q->type == EVDNS_TYPE_AAAA) {
			CHECK(evdns_server_request_add_aaaa_reply(req, q->name, 1, "0123456789abcdef", 60) == 0);
		} else if (q->type == EVDNS_TYPE_PTR) {
			CHECK(evdns_server_request_add_ptr_reply(req, NULL, q->name, "back.example.com", 60) == 0);
		} else {
			code = DNS_ERR_NOTEXIST;
		}
	}
	CHECK(evdns_server_request_respond(req, code) == 0);
}
static void one_more(void)
{
	if (++answers == wanted)
		event_base_loopexit(base, NULL);
}
static void four(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	(void)arg;
	CHECK(result == DNS_ERR_NONE && type == DNS_IPv4_A && count == 2 && ttl > 0 && ttl <= 60);
	if (count == 2)
		CHECK(memcmp(addresses, "\x01\x02\x03\x04\x05\x06\x07\x08", 8) == 0);
	one_more();
}
static void six(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	(void)ttl, (void)arg;
	CHECK(result == DNS_ERR_NONE && type == DNS_IPv6_AAAA && count == 1);
	if (count == 1)
		CHECK(memcmp(addresses, "0123456789abcdef", 16) == 0);
	one_more();
}
static void back(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	(void)ttl, (void)arg;
	CHECK(result == DNS_ERR_NONE && type == DNS_PTR && count == 1);
	if (count == 1)
		CHECK(strcmp(*(char **)addresses, "back.example.com") == 0);
	one_more();
}
static void none(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	(void)type, (void)count, (void)ttl, (void)addresses, (void)arg;
	CHECK(result == DNS_ERR_NOTEXIST);
	one_more();
}
static void list(int result, struct evutil_addrinfo *all, void *arg)
{
	const char *address = arg;
	CHECK(result == 0);
	CHECK(all != NULL);
	if (all) {
		char text[32];
		struct sockaddr_in *sin = (struct sockaddr_in *)all->ai_addr;
		CHECK(all->ai_family == AF_INET);
		evutil_inet_ntop(AF_INET, &sin->sin_addr, text, sizeof(text));
		CHECK(strcmp(text, address) == 0);
		CHECK(sin->sin_port == htons(99));
		evutil_freeaddrinfo(all);
	}
	one_more();
}
static void failed_list(int result, struct evutil_addrinfo *all, void *arg)
{
	(void)arg;
	CHECK(result == EVUTIL_EAI_NONAME);
	CHECK(all == NULL);
	one_more();
}

int main(int argc, char **argv)
{
	struct evdns_server_port *server;
	struct sockaddr_in sin = loopback(0);
	struct evutil_addrinfo hints;
	struct in_addr address;
	evutil_socket_t fd;
	char name[64], path[MAX_PATH + 32];
	FILE *hosts;
	int i;
	begin(argc, argv);
	base = new_base();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	NEED(fd != (evutil_socket_t)EVUTIL_INVALID_SOCKET && bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	evutil_make_socket_nonblocking(fd);
	server = evdns_add_server_port_with_base(base, fd, 0, serve, NULL);
	NEED(server != NULL);
	dns = evdns_base_new(base, 0);
	NEED(dns != NULL);
	sprintf(name, "127.0.0.1:%d", port_of(fd));
	CHECK(evdns_base_nameserver_ip_add(dns, name) == 0);
	CHECK(evdns_base_count_nameservers(dns) == 1);
	CHECK(evdns_base_set_option(dns, "timeout:", "3") == 0);

	GetTempPathA(MAX_PATH, path);
	sprintf(path + strlen(path), "oxihosts-%lu.tmp", GetCurrentProcessId());
	hosts = fopen(path, "w");
	NEED(hosts != NULL);
	fprintf(hosts, "# hosts\n10.1.2.3 inhosts.example.com other\n");
	fclose(hosts);
	CHECK(evdns_base_load_hosts(dns, path) == 0);
	remove(path);

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_INET;
	hints.ai_socktype = SOCK_STREAM;
	evutil_inet_pton(AF_INET, "4.3.2.1", &address);
	wanted = 5 + 3 + 100;
	CHECK(evdns_base_resolve_ipv4(dns, "four.example.com", 0, four, NULL) != NULL);
	CHECK(evdns_base_resolve_ipv6(dns, "six.example.com", 0, six, NULL) != NULL);
	CHECK(evdns_base_resolve_reverse(dns, &address, 0, back, NULL) != NULL);
	CHECK(evdns_base_resolve_ipv4(dns, "nowhere.example.com", DNS_QUERY_NO_SEARCH, none, NULL) != NULL);
	CHECK(evdns_base_resolve_ipv4(dns, "FOUR.example.com", 0, four, NULL) != NULL);
	evdns_getaddrinfo(dns, "four.example.com", "99", &hints, list, "1.2.3.4");
	evdns_getaddrinfo(dns, "inhosts.example.com", "99", &hints, list, "10.1.2.3");
	hints.ai_flags = 0;
	evdns_getaddrinfo(dns, "nowhere.example.com", "99", &hints, failed_list, NULL);
	for (i = 0; i < 100; i++)
		CHECK(evdns_base_resolve_ipv4(dns, "four.example.com", 0, four, NULL) != NULL);
	run_loop(base, 30);
	CHECK(answers == wanted);
	CHECK(questions >= 6);
	evdns_base_free(dns, 0);
	evdns_close_server_port(server);
	evutil_closesocket(fd);

	/* What the system itself is set to; there may be none. */
	dns = evdns_base_new(base, 0);
	i = evdns_base_config_windows_nameservers(dns);
	CHECK(i == 0 || i == -1);
	CHECK((i == 0) == (evdns_base_count_nameservers(dns) > 0));
	evdns_base_free(dns, 0);
	dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS);
	if (dns)
		evdns_base_free(dns, 1);
	event_base_free(base);
	return end();
}
