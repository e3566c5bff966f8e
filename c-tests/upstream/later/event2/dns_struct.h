/* See dns.h in this folder. */
#ifndef OXI_LATER_DNS_STRUCT_H
#define OXI_LATER_DNS_STRUCT_H
struct evdns_server_question {
	int type, dns_question_class;
	char name[1];
};
struct evdns_server_request {
	int flags, nquestions;
	struct evdns_server_question **questions;
};
#endif
