/*
 * Probes, as data: is something there, and does it answer as it should?  runner/probe/ carries them out (HTTP by libcurl) on a worker
 * thread; it tries again with growing pauses until all that is expected holds or the budget is spent.
 */
#ifndef STAGES_PROBE_H
#define STAGES_PROBE_H

#include "base/vec.h"
#include <stdbool.h>
#include <stdint.h>

enum probe_kind {
	PROBE_HTTP, /* GET (or another method) of a URL, http or https */
	PROBE_TCP,  /* a connection to host:port */
	PROBE_GRPC, /* grpc.health.v1.Health/Check over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/health-checking.md) */
	PROBE_LOG,  /* a line in the output of a service of this job */
	PROBE_COMMAND, /* a command that succeeds */
	PROBE_KIND_COUNT
};

/* One expectation; what it is about says what the texts mean. */
enum expect_kind {
	EXPECT_STATUS,	  /* text: "200", "2xx", "200-299", several joined by commas */
	EXPECT_HEADER,	  /* name, and text that its value must hold (regular expression between slashes, or contained text) */
	EXPECT_BODY,	  /* text that the body must hold (the same two forms) */
	EXPECT_JSON,	  /* name: a JSONPath such as $.items[0].name; text: the value it must have (NULL: it must be there) */
	EXPECT_LATENCY,	  /* number: milliseconds at percentile `percentile` over all requests of a try */
	EXPECT_TLS_DAYS,  /* number: days that the certificate must still be valid */
	EXPECT_OUTPUT,	  /* text in a command's output */
	EXPECT_EXIT_CODE, /* number */
	EXPECT_SERVING	  /* gRPC: status SERVING */
};
struct expect {
	enum expect_kind kind;
	const char *name, *text;
	double number, percentile;
};

struct probe {
	enum probe_kind kind;
	const char *name;	    /* what the user calls it; or the target */
	const char *target;	    /* URL, host:port (gRPC: either), pattern of PROBE_LOG */
	const char *service;	    /* PROBE_LOG: whose output; PROBE_GRPC: the service asked for ("" : the server) */
	const char *method;	    /* HTTP; NULL: GET */
	const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
	const char *body;	    /* HTTP; NULL: none */
	const char *ca_file;	    /* PEM of the CAs to trust, and no others; NULL: the system's */
	bool insecure;		    /* the certificate is not checked */
	bool follow;		    /* redirects are followed (10 at most, http and https only) */
	const char *const *argv;    /* PROBE_COMMAND, NULL-terminated */
	VEC(struct expect) expects;
	uint32_t requests; /* how many make a try, on one connection where the server keeps it; each must be as expected; 0: 1 */
	uint32_t retries;  /* tries after the first */
	int64_t interval_ms; /* pause before the second try; doubles each time */
	int64_t interval_max_ms;
	int64_t timeout_ms; /* of one request, connection or command */
	int64_t budget_ms;  /* of all together; 0: none */
};

/* How it went. */
struct probe_result {
	bool ok;
	uint32_t tries;
	int64_t duration_ms;		       /* all tries and pauses */
	const char *reason;		       /* why not ok, of the last try: "got status 503, expected 200"; NULL when ok */
	const char *answer;		       /* the beginning of what was answered last, for people; "" */
	double p50_ms, p90_ms, p99_ms, max_ms; /* latencies of the last try's requests; negative: none */
	double tls_days;		       /* negative: not known */
	long status;			       /* HTTP or gRPC status; 0: none */
};

#endif
