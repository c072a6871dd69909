/* scheme SP name=value, name="value", ... ; a word without a "=" behind it begins the next challenge. */
#include "runner/oci/challenge.h"

#include <string.h>
#include <strings.h>

struct reader {
	const char *p, *end;
	struct arena *arena;
	bool failed;
};

static bool is_token(char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static size_t token(const struct reader *r)
{
	size_t n = 0;

	while (r->p + n < r->end && is_token(r->p[n]))
		n++;
	return n;
}

static void skip(struct reader *r, const char *what)
{
	while (r->p < r->end && *r->p && strchr(what, *r->p))
		r->p++;
}

/* Where a value ends that begins at p: at the closing quote, or before a comma or space. */
static const char *value_end(const struct reader *r, bool quoted)
{
	const char *p = r->p;

	while (p < r->end && (quoted ? *p != '"' : !strchr(", \t", *p)))
		p += quoted && *p == '\\' && p + 1 < r->end ? 2 : 1;
	return p;
}

/* Behind the "=": a quoted string without its quotes and backslashes, or a word. */
static const char *value(struct reader *r)
{
	bool quoted = r->p < r->end && *r->p == '"';
	const char *end;
	char *text;
	size_t n = 0;

	r->p += quoted;
	end = value_end(r, quoted);
	text = arena_text(r->arena, (size_t)(end - r->p) + 1);
	if (!text) {
		r->failed = true;
		return "";
	}
	for (; r->p < end; r->p++) {
		r->p += quoted && *r->p == '\\' && r->p + 1 < end;
		text[n++] = *r->p;
	}
	r->p += quoted && r->p < r->end;
	text[n] = '\0';
	return text;
}

static void keep(struct challenge *c, const char *name, size_t length, const char *text)
{
	const struct {
		const char *name;
		const char **at;
	} known[] = { { "realm", &c->realm }, { "service", &c->service }, { "scope", &c->scope }, { "error", &c->error } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i].name) == length && !strncasecmp(name, known[i].name, length) && !**known[i].at)
			*known[i].at = text;
}

static enum challenge_scheme scheme_of(const char *name, size_t length)
{
	if (length == 6 && !strncasecmp(name, "Bearer", length))
		return CHALLENGE_BEARER;
	return length == 5 && !strncasecmp(name, "Basic", length) ? CHALLENGE_BASIC : CHALLENGE_NONE;
}

/* Bearer without a realm leads nowhere. */
static void take(const struct challenge *c, struct challenge *out)
{
	if (c->scheme > out->scheme && (c->scheme != CHALLENGE_BEARER || *c->realm))
		*out = *c;
}

bool challenge_read(const char *text, size_t length, struct arena *a, struct challenge *out)
{
	struct reader r = { .p = text, .end = text + length, .arena = a };
	struct challenge c = CHALLENGE_INIT;

	while (!r.failed) {
		const char *name;
		size_t n;

		skip(&r, ", \t");
		name = r.p;
		n = token(&r);
		if (!n)
			break;
		r.p += n;
		skip(&r, " \t");
		if (r.p < r.end && *r.p == '=') {
			r.p++;
			skip(&r, " \t");
			keep(&c, name, n, value(&r));
			continue;
		}
		take(&c, out);
		c = (struct challenge)CHALLENGE_INIT;
		c.scheme = scheme_of(name, n);
	}
	take(&c, out);
	return !r.failed;
}
