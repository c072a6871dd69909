/*
 * A test's line of TAP.  What is a directive decides between red and green, so it has to look like one: `#` behind white space, then
 * a space (or capitals right behind it), then the whole word.  "parse #todo" is a name.
 */
#include "stages/report/tap/tap_point.h"

#include "stages/report/lines.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum directive { NO_DIRECTIVE, SKIP, TODO, TIME };

static const struct {
	const char *word;
	enum directive directive;
} directives[] = {
	{ "skip", SKIP }, { "skipped", SKIP }, { "todo", TODO }, { "time=", TIME }, { "in ", TIME },
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_space(const char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

/* `12.3ms`, `1.2s`, `12 ms` to microseconds; -1: it is no such thing, or something other than a directive follows. */
static int64_t duration(const char *text, const char **end)
{
	size_t n = strspn(text, "0123456789.");
	const char *unit = skip_space(text + n);
	bool ms = !strncmp(unit, "ms", 2);
	double value;

	if (!n || !(ms || *unit == 's') || !lines_real(text, n, &value) || value > 1e9)
		return -1;
	*end = skip_space(unit + 1 + ms);
	return !**end || **end == '#' ? (int64_t)(value * (ms ? 1e3 : 1e6) + 0.5) : -1;
}

/* What the `#` at p begins; *rest is behind its word. */
static enum directive directive_at(const char *p, const char **rest)
{
	const char *word = skip_space(p + 1);

	for (size_t i = 0; i < sizeof(directives) / sizeof(*directives); i++) {
		size_t n = strlen(directives[i].word);
		const char *end;
		bool sure = word > p + 1 || isupper((unsigned char)*word);

		if (!sure || strncasecmp(word, directives[i].word, n))
			continue;
		*rest = word + n;
		if (directives[i].directive == TIME ? duration(word + n, &end) >= 0 : !word[n] || strchr(" \t:,", word[n]))
			return directives[i].directive;
	}
	return NO_DIRECTIVE;
}

static void trim_end(char *text, char *end)
{
	while (end > text && is_space(end[-1]))
		end--;
	*end = '\0';
}

/* `\#` and `\\` in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && (p[1] == '#' || p[1] == '\\'))
			p++;
		*to++ = *p;
	}
	*to = '\0';
}

/* Takes the directives off the description. */
static void take_directives(char *text, struct tap_point *out)
{
	char *part = text; /* what the next directive ends: the name, or the reason of the one before */

	for (char *p = text; *p; p++) {
		const char *rest;
		enum directive found;

		if (*p == '\\' && p[1]) {
			p++;
			continue;
		}
		if (*p != '#' || (p > text && !is_space(p[-1])))
			continue;
		found = directive_at(p, &rest);
		if (found == NO_DIRECTIVE)
			continue;
		if (found == TIME)
			out->duration_us = duration(rest, &rest);
		/* Test::More's todo_skip: `# TODO & SKIP why` */
		out->skip |= found == SKIP || (found == TODO && !strncasecmp(rest, " & skip", 7));
		out->todo |= found == TODO;
		trim_end(part, p);
		part = text + (rest - text);
		part += strspn(part, " \t:,");
		if (found == TODO && !strncasecmp(part, "& skip", 6))
			part += 6 + strspn(part + 6, " \t:,");
		/* Mocha has no reason, and writes "-". */
		if (found != TIME && !*out->reason && strcmp(part, "-") != 0)
			out->reason = part;
		p = part > p ? part - 1 : p;
	}
	trim_end(part, part + strlen(part));
}

/* check writes `FILE:CASE:TEST: Passed`, or the message in its place: a name that changes with the outcome would be another test. */
static void take_apart_check(char *name, struct tap_point *out)
{
	char *colons[3] = { NULL, NULL, NULL }, *p = name;

	for (int i = 0; i < 3; i++) {
		p = i ? p + 1 : p;
		p += strcspn(p, ":");
		if (!*p || p == name || (i && p == colons[i - 1] + 1))
			return;
		colons[i] = p;
	}
	if (colons[0][1] == ' ' || colons[2][1] != ' ' || (out->ok && strcmp(colons[2] + 2, "Passed")))
		return;
	*colons[0] = '\0';
	if (!strchr(name, '.') || strpbrk(name, " \t") || colons[1][1] == ' ' ||
	    strcspn(colons[1] + 1, " \t(") < (size_t)(colons[2] - colons[1] - 1)) {
		*colons[0] = ':';
		return;
	}
	*colons[1] = *colons[2] = '\0';
	out->file = name;
	out->suite = colons[0] + 1;
	out->name = colons[1] + 1;
	if (!out->ok && !*out->reason)
		out->reason = colons[2] + 2;
}

/* Criterion writes `suite::test (0.01s)`: a name that changed with each run would be another test each time. */
static void take_seconds(char *name, struct tap_point *out)
{
	size_t length = strlen(name);
	char *open = strrchr(name, '(');
	const char *end;
	int64_t us;

	if (!open || open == name || !is_space(open[-1]) || length < 2 || strcmp(name + length - 2, "s)") != 0)
		return;
	name[length - 1] = '\0';
	us = strchr(open, '.') ? duration(open + 1, &end) : -1;
	name[length - 1] = ')';
	if (us < 0)
		return;
	out->duration_us = us;
	trim_end(name, open);
}

/* cmocka 1.1.5 writes `not ok 3 # SKIP name`; with a name in its place it is a test that failed although it was skipped. */
static void take_skipped_name(struct tap_point *out)
{
	if (*out->name || !out->skip || out->todo || out->ok || !*out->reason)
		return;
	out->ok = true;
	out->name = out->reason;
	out->reason += strlen(out->reason);
}

bool tap_point_parse(char *text, struct tap_point *out)
{
	const char *after;
	char *name;
	size_t n;

	*out = (struct tap_point){
		.ok = strncmp(text, "not ok", 6) != 0, .duration_us = -1, .reason = text + strlen(text), .suite = "", .file = ""
	};
	if (strncmp(text, out->ok ? "ok" : "not ok", out->ok ? 2 : 6))
		return false;
	name = text + (out->ok ? 2 : 6);
	if (*name && !is_space(*name))
		return false;
	after = skip_space(name);
	if (lines_number(&after, &out->number) && (!*after || is_space(*after) || *after == '-'))
		name = text + (after - text);
	else
		out->number = 0;
	name += strspn(name, " \t");
	if (*name == '-' && (!name[1] || is_space(name[1])))
		name += 1 + strspn(name + 1, " \t");
	n = strlen(name);
	if (n && name[n - 1] == '{' && (n == 1 || is_space(name[n - 2]))) {
		out->opens = true;
		name[n - 1] = '\0';
	}
	take_directives(name, out);
	out->name = name;
	unescape(name);
	take_seconds(name, out);
	take_skipped_name(out);
	take_apart_check(name, out);
	return true;
}

bool tap_plan_parse(char *text, uint32_t *planned, const char **reason)
{
	const char *p = text + 3, *rest;

	*reason = "";
	if (strncmp(text, "1..", 3) || !lines_number(&p, planned))
		return false;
	p = skip_space(p);
	if (!*p)
		return true;
	if (*p != '#')
		return false;
	*reason = directive_at(p, &rest) == SKIP ? rest + strspn(rest, " \t:,") : skip_space(p + 1);
	return true;
}
