/*
 * Masking.  What is covered by any pattern at any place is replaced, so the result does not depend on how the output was cut: each
 * stretch of overlapping patterns becomes one "[MASKED]".
 *
 * A stream holds back its end from where it could be the beginning of a pattern.  When that lies in a stretch whose "[MASKED]" has
 * been handed out already, `covered` bytes of what is held back belong to it.
 */
#include "runner/log/mask.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "runner/log/mask_forms.h"
#include "runner/log/mask_table.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "[MASKED]";

struct mask {
	struct arena arena;
	VEC(struct pattern) patterns;
	struct mask_table table; /* count 0: empty, or not compiled */
};

struct mask_stream {
	const struct mask *mask;
	struct str held, joined, out;
	size_t covered;
};

/* ---- the set ---- */

int mask_create(struct mask **out, pipe_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? PIPE_OK : error_nomem(err);
}

void mask_free(struct mask *m)
{
	if (!m)
		return;
	mask_table_clear(&m->table);
	arena_clear(&m->arena);
	free(m);
}

int mask_is_empty(const struct mask *m)
{
	return !m || !m->table.count;
}

static bool add_form(void *context, const char *bytes, size_t length)
{
	struct mask *m = context;
	struct pattern *p;

	if (length > UINT32_MAX)
		return false;
	p = vec_push(&m->arena, &m->patterns);
	if (!p)
		return false;
	p->bytes = arena_strndup(&m->arena, bytes, length);
	p->length = (uint32_t)length;
	if (!p->bytes)
		m->patterns.count--;
	return p->bytes != NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int mask_add(struct mask *m, const char *secret, size_t length, pipe_error *err)
{
	/* Blanks around it are no secret, and a pattern that begins with a newline would hold back every line. */
	while (length && is_blank(*secret))
		secret++, length--;
	while (length && is_blank(secret[length - 1]))
		length--;
	if (length < MASK_MIN)
		return error_set(err, PIPE_ELIMIT, "a value of fewer than %d characters cannot be masked", MASK_MIN);
	return mask_forms(secret, length, MASK_MIN, add_form, m) ? PIPE_OK : error_nomem(err);
}

int mask_compile(struct mask *m, pipe_error *err)
{
	mask_table_clear(&m->table);
	if (m->patterns.count && !mask_table_make(&m->table, m->patterns.items, m->patterns.count))
		return error_nomem(err);
	return PIPE_OK;
}

/* ---- streams ---- */

static void stream_init(struct mask_stream *s, const struct mask *m)
{
	s->mask = m;
	s->covered = 0;
	str_init(&s->held);
	str_init(&s->joined);
	str_init(&s->out);
}

static void stream_clear(struct mask_stream *s)
{
	str_clear(&s->held);
	str_clear(&s->joined);
	str_clear(&s->out);
}

int mask_stream_create(struct mask_stream **out, const struct mask *m, pipe_error *err)
{
	*out = malloc(sizeof(**out));
	if (!*out)
		return error_nomem(err);
	stream_init(*out, m);
	return PIPE_OK;
}

void mask_stream_free(struct mask_stream *s)
{
	if (!s)
		return;
	stream_clear(s);
	free(s);
}

/* Masks text up to `tail` into s->out; patterns that begin before it may reach beyond. */
static void replace(struct mask_stream *s, const char *text, size_t length, size_t tail)
{
	const struct mask_table *t = &s->mask->table;
	size_t done = s->covered, at = 0, matched = 0;

	str_reset(&s->out);
	for (; (at = mask_table_next(t, text, length, at, &matched)) < tail; at++) {
		if (at >= done) {
			str_add(&s->out, text + done, at - done);
			str_add(&s->out, replacement, sizeof(replacement) - 1);
		}
		if (at + matched > done)
			done = at + matched;
	}
	if (done < tail)
		str_add(&s->out, text + done, tail - done);
	s->covered = done > tail ? done - tail : 0;
}

/* What has come, behind what was held back. */
static bool join(struct mask_stream *s, const char **bytes, size_t *length)
{
	if (!s->held.length)
		return true;
	str_reset(&s->joined);
	str_add(&s->joined, s->held.data, s->held.length);
	str_add(&s->joined, *bytes, *length);
	*bytes = s->joined.data;
	*length = s->joined.length;
	return !s->joined.failed;
}

static int feed(struct mask_stream *s, const char *bytes, size_t length, bool last, const char **out, size_t *out_length,
		pipe_error *err)
{
	const struct mask_table *t = &s->mask->table;
	size_t tail;

	if (!join(s, &bytes, &length))
		return error_nomem(err);
	tail = last ? length : mask_table_tail(t, bytes, length);
	if (!s->covered && !mask_table_contains(t, bytes, length)) {
		*out = bytes;
		*out_length = tail;
	} else {
		replace(s, bytes, length, tail);
		*out = s->out.data;
		*out_length = s->out.length;
	}
	str_reset(&s->held);
	str_add(&s->held, bytes + tail, length - tail);
	if (!s->held.failed && !s->out.failed)
		return PIPE_OK;
	*out_length = 0;
	return error_nomem(err);
}

int mask_feed(struct mask_stream *s, const char *bytes, size_t length, const char **out, size_t *out_length, pipe_error *err)
{
	*out = bytes;
	*out_length = length;
	if (mask_is_empty(s->mask) || !length)
		return PIPE_OK;
	*out_length = 0;
	return feed(s, bytes, length, false, out, out_length, err);
}

int mask_flush(struct mask_stream *s, const char **out, size_t *out_length, pipe_error *err)
{
	*out = "";
	*out_length = 0;
	if (mask_is_empty(s->mask) || !s->held.length)
		return PIPE_OK;
	return feed(s, "", 0, true, out, out_length, err);
}

int mask_text(const struct mask *m, const char *text, size_t length, struct str *out, pipe_error *err)
{
	struct mask_stream s;
	const char *part = text;
	size_t part_length = length;
	int rc = PIPE_OK;

	stream_init(&s, m);
	if (!mask_is_empty(m) && length)
		rc = feed(&s, text, length, true, &part, &part_length, err);
	if (rc == PIPE_OK) {
		str_add(out, part, part_length);
		rc = out->failed ? error_nomem(err) : PIPE_OK;
	}
	stream_clear(&s);
	return rc;
}
