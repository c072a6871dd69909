/* One try of a probe: what was answered, for the judge (expect.c).  Private to runner/probe/. */
#ifndef RUNNER_PROBE_TRY_H
#define RUNNER_PROBE_TRY_H

#include "runner/net/exchange.h"
#include "runner/probe/probe.h"

enum {
	PROBE_BODY_MAX = 8 << 20,
	PROBE_JSON_MAX = 2 << 20, /* as values in memory it takes fifty times as much */
	PROBE_ANSWER_MAX = 2048,
	PROBE_REASON_MAX = 512,
	PROBE_SHOWN = 120 /* of a foreign text in a reason */
};

/* A probe being carried out. */
struct probing {
	const struct probe *probe;
	const struct probe_context *context;
	struct exchange *exchange; /* made when first needed; its connection is the try's: the next one begins with a new one */
	struct arena scratch;	   /* of the try */
	const char *url, *ca_file; /* made when first needed */
	uint64_t cursor;	   /* in the service's output */
	bool service_ended;	   /* and all of its output has been looked at */
	bool nomem;		   /* something could not be shown */
};

/* What one request, connection or command gave. */
struct probe_try {
	bool answered;		     /* false: reason says why not */
	struct exchange_reply reply; /* HTTP, gRPC: status, headers, body */
	double ms;
	int exit_code;	  /* of a command */
	int serving;	  /* gRPC: HealthCheckResponse.ServingStatus; -1: none */
	const char *text; /* a command's output, a line of a log; "" */
	char reason[PROBE_REASON_MAX];
};

/* false: no memory, or the probe makes no sense: err.  What went wrong with the other side is in the try. */
typedef bool (*probe_trier)(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err);
bool try_http(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err);
bool try_grpc(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err);
bool try_tcp(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err);
bool try_log(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err);
bool try_command(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err);

/* The latencies of one try's requests. */
struct probe_latencies {
	double *ms; /* sorted */
	uint32_t count;
};
/* Nearest rank; negative: there is none. */
double latency_at(const struct probe_latencies *l, double percentile);

/* Is the answer as expected, but for latencies?  Otherwise t->reason says the first thing that is not.  false: err. */
bool expect_answer(struct probing *p, struct probe_try *t, bool *holds, pipe_error *err);
/* Are the latencies?  Otherwise t->reason says so. */
bool expect_latencies(const struct probing *p, struct probe_try *t, const struct probe_latencies *l);
/* Does the text hold what is wanted: contained text, or a /regular expression/?  false: the expression is wrong, or too costly. */
bool expect_contains(const char *wanted, const char *text, size_t length, uint32_t regex_steps, bool *holds, pipe_error *err);

/* The value at a JSONPath (stages/probe_text.h) as text; *real: a number with a fraction or an exponent, else NAN.  *why: it is not
 * there, or the text is no JSON, in words; NULL: it is there.  false: no memory, or the path is wrong. */
bool json_path_value(const char *json, size_t length, const char *path, struct str *value, double *real, const char **why,
		     pipe_error *err);

/* Foreign text as part of a sentence: without secrets, on one line, valid UTF-8, its first `most` bytes with "..." behind them where
 * there are more.  In the scratch; "" when there is no memory, which is noted. */
const char *shown(struct probing *p, const char *text, size_t length, size_t most);
/* Its last bytes, with "..." before them. */
const char *shown_end(struct probing *p, const char *text, size_t length, size_t most);
/* Its first bytes, with its lines as they are. */
const char *shown_lines(struct probing *p, const char *text, size_t length, size_t most);

#endif
