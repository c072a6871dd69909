/*
 * Events as names and as NDJSON (docs/events.md).  Which fields an event has stands in one table.  Output of jobs comes at millions
 * of lines, so its lines are put together by hand: what is the same in each line of a piece is written once and copied.
 */
#include "base/evidence_json.h"
#include "base/utf8.h"
#include "pipe.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PIECE = 16 * 1024 };

/* Text on its way to the receiver, in pieces of a fixed size. */
struct pieces {
	pipe_write_cb write;
	void *payload;
	bool stopped;
	size_t used;
	char data[PIECE];
};

static void pieces_flush(struct pieces *p)
{
	if (p->used && !p->stopped && p->write(p->payload, p->data, p->used))
		p->stopped = true;
	p->used = 0;
}

static void pieces_add(struct pieces *p, const char *text, size_t length)
{
	if (length > sizeof(p->data) - p->used) {
		pieces_flush(p);
		if (length > sizeof(p->data)) {
			if (!p->stopped && p->write(p->payload, text, length))
				p->stopped = true;
			return;
		}
	}
	memcpy(p->data + p->used, text, length);
	p->used += length;
}

/* ---- output of jobs ---- */

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void add_control(struct pieces *p, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = "btn\0fr"; /* from 8 on */
	char escaped[6] = { '\\', 'u', '0', '0', 0, 0 };
	char letter = (char)c;

	if (c < 0x20)
		letter = c >= 8 && c <= 13 ? letters[c - 8] : '\0';
	if (c == '"' || c == '\\' || (c < 0x20 && letter)) {
		escaped[1] = letter;
		pieces_add(p, escaped, 2);
		return;
	}
	escaped[4] = hex[c >> 4];
	escaped[5] = hex[c & 15];
	pieces_add(p, escaped, 6);
}

/* One character outside plain ASCII; returns its bytes. */
static size_t add_special(struct pieces *p, const char *text, size_t length)
{
	uint32_t code;
	size_t n;

	if ((unsigned char)*text < 0x80) {
		add_control(p, (unsigned char)*text);
		return 1;
	}
	n = utf8_decode(text, length, &code);
	if (n > 1) {
		pieces_add(p, text, n);
		return n;
	}
	pieces_add(p, "\xef\xbf\xbd", 3);
	return 1;
}

static void add_escaped(struct pieces *p, const char *text, size_t length)
{
	size_t i = 0;

	while (i < length) {
		size_t start = i;

		while (i < length && is_plain((unsigned char)text[i]))
			i++;
		if (i > start)
			pieces_add(p, text + start, i - start);
		if (i < length)
			i += add_special(p, text + i, length - i);
	}
}

static int log_json(const pipe_event *e, pipe_write_cb write, void *payload)
{
	struct pieces p = { .write = write, .payload = payload };
	const char *at = e->text, *end = at ? at + e->text_length : NULL;
	struct str prefix;

	str_init(&prefix);
	str_printf(&prefix, "{\"event\":\"log\",\"time\":%lld,\"run\":%lld,\"job\":", (long long)e->time_ms, (long long)e->run);
	if (e->job)
		jsonw_quote(&prefix, e->job, strlen(e->job));
	else
		str_adds(&prefix, "null");
	str_adds(&prefix, ",\"line\":\"");
	while (at < end && !prefix.failed && !p.stopped) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;
		size_t length = (size_t)((newline ? newline : end) - at);

		while (length && at[length - 1] == '\r')
			length--;
		pieces_add(&p, prefix.data, prefix.length);
		add_escaped(&p, at, length);
		pieces_add(&p, "\"}\n", 3);
		at = next;
	}
	pieces_flush(&p);
	if (prefix.failed) {
		str_clear(&prefix);
		return PIPE_ENOMEM;
	}
	str_clear(&prefix);
	return p.stopped ? PIPE_EIO : PIPE_OK;
}

/* ---- everything else ---- */

enum field {
	HAS_JOB = 1 << 0, /* job, index, stage: null without a job */
	HAS_ATTEMPT = 1 << 1,
	HAS_STATUS = 1 << 2,
	HAS_EXIT = 1 << 3, /* exit_code; null: none */
	HAS_DURATION = 1 << 4,
	HAS_EXPECTED = 1 << 5, /* expected_ms; null: none */
	HAS_JOBS = 1 << 6,
	HAS_REASON = 1 << 7,
	HAS_FAILURE = 1 << 8,
	HAS_TEXT = 1 << 9,
	HAS_EVIDENCE = 1 << 10
};

static const unsigned fields_of[] = {
	[PIPE_EVENT_RUN_STARTED] = HAS_JOBS | HAS_EXPECTED,
	[PIPE_EVENT_JOB_QUEUED] = HAS_JOB | HAS_REASON,
	[PIPE_EVENT_JOB_STARTED] = HAS_JOB | HAS_ATTEMPT | HAS_EXPECTED,
	[PIPE_EVENT_JOB_RETRY] = HAS_JOB | HAS_ATTEMPT | HAS_EXIT | HAS_REASON | HAS_FAILURE,
	[PIPE_EVENT_JOB_FINISHED] = HAS_JOB | HAS_ATTEMPT | HAS_STATUS | HAS_EXIT | HAS_DURATION | HAS_REASON | HAS_FAILURE,
	[PIPE_EVENT_WARNING] = HAS_JOB | HAS_TEXT,
	[PIPE_EVENT_EVIDENCE] = HAS_JOB | HAS_ATTEMPT | HAS_EVIDENCE,
	[PIPE_EVENT_RUN_FINISHED] = HAS_STATUS | HAS_DURATION | HAS_REASON | HAS_FAILURE,
};

static void write_job(struct json *j, const pipe_event *e)
{
	jsonw_kstring(j, "job", e->job);
	jsonw_kint_if(j, "index", e->job != NULL, e->job_index);
	jsonw_kstring(j, "stage", e->job ? e->stage : NULL);
}

static void write_evidence(struct json *j, const pipe_evidence *e)
{
	jsonw_evidence(j, e);
	jsonw_kint(j, "conditions", (int64_t)e->conditions);
	jsonw_kint(j, "failed_conditions", (int64_t)e->conditions_failed);
}

static void write_fields(struct json *j, const pipe_event *e, unsigned fields)
{
	jsonw_kstring(j, "event", pipe_event_name(e->kind));
	jsonw_kint(j, "time", e->time_ms);
	jsonw_kint(j, "run", e->run);
	if (fields & HAS_JOB)
		write_job(j, e);
	if (fields & HAS_ATTEMPT)
		jsonw_kint(j, "attempt", e->attempt);
	if (fields & HAS_STATUS)
		jsonw_kstring(j, "status", pipe_status_name(e->status));
	if (fields & HAS_EXIT)
		jsonw_kint_if(j, "exit_code", e->exit_code >= 0, e->exit_code);
	if (fields & HAS_DURATION)
		jsonw_kint(j, "duration_ms", e->duration_ms);
	if (fields & HAS_EXPECTED)
		jsonw_kint_if(j, "expected_ms", e->expected_ms >= 0, e->expected_ms);
	if (fields & HAS_JOBS)
		jsonw_kint(j, "jobs", e->jobs_total);
	if (fields & HAS_REASON)
		jsonw_kstring(j, "reason", e->reason);
	if (fields & HAS_FAILURE)
		jsonw_kstring(j, "failure", e->failure);
	if (fields & HAS_TEXT)
		jsonw_kstring(j, "text", e->text);
	if (fields & HAS_EVIDENCE)
		write_evidence(j, e->evidence ? e->evidence : &(pipe_evidence){ 0 });
}

int pipe_event_json(const pipe_event *event, pipe_write_cb write, void *payload)
{
	size_t kind = (size_t)event->kind;
	struct json j;
	struct str s;
	int rc = PIPE_OK;

	if (event->kind == PIPE_EVENT_LOG)
		return log_json(event, write, payload);
	str_init(&s);
	jsonw_init(&j, &s, false);
	jsonw_object(&j);
	write_fields(&j, event, kind < sizeof(fields_of) / sizeof(*fields_of) ? fields_of[kind] : 0);
	jsonw_object_end(&j);
	str_addc(&s, '\n');
	if (s.failed)
		rc = PIPE_ENOMEM;
	else if (write(payload, s.data, s.length))
		rc = PIPE_EIO;
	str_clear(&s);
	return rc;
}

/* ---- names ---- */

const char *pipe_event_name(enum pipe_event_kind kind)
{
	static const char *const names[] = {
#define X(name, text) [PIPE_EVENT_##name] = text,
		PIPE_EVENT_MAP(X)
#undef X
	};
	size_t i = (size_t)kind;

	return i < sizeof(names) / sizeof(*names) ? names[i] : "unknown";
}

const char *pipe_status_name(enum pipe_status status)
{
	static const char *const names[] = {
#define X(name, text) [PIPE_STATUS_##name] = text,
		PIPE_STATUS_MAP(X)
#undef X
	};
	size_t i = (size_t)status;

	return i < sizeof(names) / sizeof(*names) ? names[i] : "unknown";
}
