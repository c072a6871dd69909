#include "runner/stage/service.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 64 * 1024, KEPT_MOST = 512 * 1024, LAST_MOST = 240 };

struct service {
	struct services *all;
	struct service *next;
	const char *name;
	struct task_spec spec;
	struct task *task; /* NULL: it has ended */
	struct mask_stream *mask;
	struct str partial; /* a line whose end has not come */
	struct str shown;   /* lines on their way to the log */
	struct str kept;    /* whole lines; under the lock */
	uint64_t dropped;   /* bytes before `kept`; under the lock */
	bool stopping;	    /* under the lock, as the two below */
	bool ended;
	struct task_result result;
};

void services_init(struct services *s)
{
	pthread_mutex_init(&s->lock, NULL); /* cannot fail without attributes */
}

static void service_free(struct service *v)
{
	mask_stream_free(v->mask);
	str_clear(&v->partial);
	str_clear(&v->shown);
	str_clear(&v->kept);
	free(v);
}

void services_clear(struct services *s)
{
	while (s->first) {
		struct service *v = s->first;
		s->first = v->next;
		service_free(v);
	}
	pthread_mutex_destroy(&s->lock);
}

/* ---- output ---- */

static void keep(struct service *v, const char *lines, size_t length)
{
	pthread_mutex_lock(&v->all->lock);
	if (v->kept.length + length > KEPT_MOST) {
		size_t drop = v->kept.length > KEPT_MOST / 2 ? v->kept.length - KEPT_MOST / 2 : v->kept.length;
		v->dropped += drop;
		str_drop(&v->kept, drop);
	}
	str_add(&v->kept, lines, length);
	pthread_mutex_unlock(&v->all->lock);
}

/* Whole lines: to those who ask, and behind the service's name to the log. */
static void hand_on(struct service *v, const char *lines, size_t length)
{
	keep(v, lines, length);
	str_reset(&v->shown);
	while (length) {
		const char *newline = memchr(lines, '\n', length);
		size_t n = newline ? (size_t)(newline - lines) + 1 : length;
		str_printf(&v->shown, "[%s] ", v->name);
		str_add(&v->shown, lines, n);
		lines += n;
		length -= n;
	}
	if (!v->shown.failed)
		v->all->show(v->all->payload, v->shown.data, v->shown.length);
}

static void take(struct service *v, const char *text, size_t length)
{
	const char *last = memrchr(text, '\n', length);
	size_t whole = last ? (size_t)(last - text) + 1 : 0;

	if (whole) {
		str_add(&v->partial, text, whole);
		if (!v->partial.failed)
			hand_on(v, v->partial.data, v->partial.length);
		str_reset(&v->partial);
	}
	str_add(&v->partial, text + whole, length - whole);
	if (v->partial.length < LINE_MOST && !v->partial.failed)
		return;
	str_addc(&v->partial, '\n');
	if (!v->partial.failed)
		hand_on(v, v->partial.data, v->partial.length);
	str_reset(&v->partial);
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct service *v = context;

	if (mask_feed(v->mask, bytes, length, &bytes, &length, NULL) ==
	    PIPE_OK) /* else rather none than one with a secret in it */
		take(v, bytes, length);
}

/* ---- the end ---- */

static void on_end(void *context, const struct task_result *result)
{
	struct service *v = context;
	struct services *s = v->all;
	const char *rest;
	size_t length;

	v->task = NULL;
	if (mask_flush(v->mask, &rest, &length, NULL) == PIPE_OK && length)
		take(v, rest, length);
	if (v->partial.length)
		take(v, "\n", 1);
	pthread_mutex_lock(&s->lock);
	v->result = *result;
	v->ended = true;
	pthread_mutex_unlock(&s->lock);
	s->running--;
	s->ended(s->payload, v->name, v->stopping);
}

int service_start(struct services *s, const char *name, const struct task_spec *spec, pipe_error *err)
{
	struct service *v = calloc(1, sizeof(*v)), **last = &s->first;
	int rc;

	if (!v)
		return error_nomem(err);
	v->all = s;
	v->name = name;
	v->spec = *spec;
	v->spec.grace_ms = s->grace_ms;
	v->spec.on_output = on_output;
	v->spec.on_end = on_end;
	v->spec.context = v;
	str_init(&v->partial);
	str_init(&v->shown);
	str_init(&v->kept);
	rc = mask_stream_create(&v->mask, s->mask, err);
	if (rc == PIPE_OK)
		rc = s->executor->ops->start(s->executor, &v->spec, &v->task, err);
	if (rc) {
		service_free(v);
		return rc;
	}
	while (*last)
		last = &(*last)->next;
	*last = v;
	s->running++;
	return PIPE_OK;
}

void services_stop(struct services *s, bool now)
{
	for (struct service *v = s->first; v; v = v->next)
		if (v->task && (!v->stopping || now)) {
			pthread_mutex_lock(&s->lock);
			v->stopping = true;
			pthread_mutex_unlock(&s->lock);
			s->executor->ops->cancel(s->executor, v->task, now);
		}
}

/* ---- what is asked of them ---- */

static struct service *find(const struct services *s, const char *name)
{
	struct service *v = s->first;

	while (v && strcmp(v->name, name) != 0)
		v = v->next;
	return v;
}

/* The last line of what it printed, cut short; *length 0: none. */
static const char *last_line(const struct service *v, size_t *length)
{
	const char *end = v->kept.data + v->kept.length, *start;

	while (end > v->kept.data && strchr("\n\r \t", end[-1]))
		end--;
	start = memrchr(v->kept.data, '\n', (size_t)(end - v->kept.data));
	start = start ? start + 1 : v->kept.data;
	*length = (size_t)(end - start);
	if (*length > LAST_MOST) {
		*length = LAST_MOST;
		while (*length && ((unsigned char)start[*length] & 0xc0) == 0x80)
			--*length; /* no character is cut in two */
	}
	return start;
}

/* Under the lock. */
static const char *describe(const struct service *v, struct arena *a)
{
	int code = v->result.exit_code;
	const char *how, *line;
	size_t n;

	if (v->result.end == TASK_SIGNALLED)
		how = arena_printf(a, "was killed by signal %d (%s)", code - 128, strsignal(code - 128));
	else if (v->result.end == TASK_SYSTEM)
		how = arena_printf(a, "failed: %s", v->result.error.text);
	else if (v->stopping)
		how = "was stopped";
	else
		how = arena_printf(a, "ended with exit code %d", code);
	line = last_line(v, &n);
	if (!how)
		return NULL;
	return n ? arena_printf(a, "the service \"%s\" %s: %.*s", v->name, how, (int)n, line)
		 : arena_printf(a, "the service \"%s\" %s", v->name, how);
}

static bool is_failure(const struct service *v, bool waiting, const char *name)
{
	if (!v->ended || v->stopping)
		return false;
	if (v->result.end != TASK_EXITED || v->result.exit_code)
		return true;
	return waiting && (!v->all->running || (name && !strcmp(name, v->name)));
}

const char *services_failure(struct services *s, bool waiting, const char *name, struct arena *a)
{
	const char *text = NULL;

	pthread_mutex_lock(&s->lock);
	for (const struct service *v = s->first; v && !text; v = v->next)
		if (is_failure(v, waiting, name))
			text = describe(v, a);
	pthread_mutex_unlock(&s->lock);
	return text;
}

bool service_output(struct services *s, const char *name, uint64_t *cursor, struct str *out)
{
	struct service *v;

	pthread_mutex_lock(&s->lock);
	v = find(s, name);
	if (v) {
		uint64_t from = *cursor > v->dropped ? *cursor - v->dropped : 0;
		if (from < v->kept.length)
			str_add(out, v->kept.data + from, v->kept.length - (size_t)from);
		*cursor = v->dropped + v->kept.length;
	}
	pthread_mutex_unlock(&s->lock);
	return v != NULL;
}

bool service_alive(struct services *s, const char *name, struct arena *a, const char **why)
{
	const char *text = NULL;
	struct service *v;
	bool alive;

	pthread_mutex_lock(&s->lock);
	v = find(s, name);
	alive = v && !v->ended;
	if (v && v->ended && why)
		text = describe(v, a);
	pthread_mutex_unlock(&s->lock);
	if (why)
		*why = alive ? NULL : v ? text : "there is no such service";
	return alive;
}
