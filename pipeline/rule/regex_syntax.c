/*
 * From RE2's syntax (https://github.com/google/re2/wiki/Syntax) to PCRE2's.  PCRE2 understands nearly all of RE2 and much more; the
 * more is refused here, so that a pipeline file means the same on GitLab.  One pass, no recursion; groups are not counted, PCRE2
 * itself finds what is unbalanced.
 */
#include "pipeline/rule/regex.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

enum { REPEAT_MOST = 1000 /* RE2's own limit */ };

struct translation {
	const char *start, *at, *end;
	struct str *out;
	pipe_error *err;
	bool in_class;
	bool repeated; /* what was just read is a repetition */
};

static bool refuse(struct translation *t, const char *at, const char *what)
{
	error_set(t->err, PIPE_EPIPELINE, "%s", what);
	if (t->err)
		t->err->column = (unsigned)utf8_count(t->start, (size_t)(at - t->start)) + 1;
	return false;
}

static bool copy(struct translation *t, size_t n)
{
	str_add(t->out, t->at, n);
	t->at += n;
	return true;
}

static bool starts(const struct translation *t, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(t->end - t->at) >= n && !memcmp(t->at, text, n);
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* \123 is a character by its octal number, \1 alone would be a back reference. */
static bool octal_escape(struct translation *t)
{
	const char *p = t->at + 1;
	unsigned value = 0;

	if (*p != '0' && !(is_octal(*p) && p + 1 < t->end && is_octal(p[1])))
		return refuse(t, t->at, "a back reference such as \\1 is not known (the syntax is RE2's)");
	for (int i = 0; i < 3 && p < t->end && is_octal(*p); i++)
		value = value * 8 + (unsigned)(*p++ - '0');
	str_printf(t->out, "\\x{%x}", value);
	t->at = p;
	return true;
}

static bool hex_escape(struct translation *t)
{
	const char *p = t->at + 2;

	if (p < t->end && *p == '{') {
		const char *digit = ++p;
		while (p < t->end && is_hex(*p))
			p++;
		if (p == digit || p - digit > 6 || p == t->end || *p != '}')
			return refuse(t, t->at, "\\x{...} wants one to six hexadecimal digits");
		p++;
	} else {
		if (t->end - p < 2 || !is_hex(p[0]) || !is_hex(p[1]))
			return refuse(t, t->at, "\\x wants two hexadecimal digits");
		p += 2;
	}
	return copy(t, (size_t)(p - t->at));
}

static bool property_escape(struct translation *t)
{
	const char *p = t->at + 2;

	if (p < t->end && *p == '{') {
		p = memchr(p, '}', (size_t)(t->end - p));
		if (!p)
			return refuse(t, t->at, "\\p{ has no closing brace");
	} else if (p == t->end) {
		return refuse(t, t->at, "\\p wants the name of a class of characters");
	}
	return copy(t, (size_t)(p + 1 - t->at));
}

/* \Q...\E: text as it is. */
static bool quoted(struct translation *t)
{
	const char *p = t->at + 2;

	while (p < t->end && !(p + 1 < t->end && p[0] == '\\' && p[1] == 'E'))
		p++;
	if (p == t->end)
		copy(t, (size_t)(p - t->at));
	else
		copy(t, (size_t)(p + 2 - t->at));
	return true;
}

static bool unknown_escape(struct translation *t)
{
	static const struct {
		char letter;
		const char *what;
	} known[] = {
		{ 'k', "a named back reference (\\k) is not known (the syntax is RE2's)" },
		{ 'g', "a reference to a group (\\g) is not known (the syntax is RE2's)" },
		{ 'Z', "\\Z is not known (the syntax is RE2's): \\z is the end of the text" },
		{ 'G', "\\G is not known (the syntax is RE2's)" },
		{ 'K', "\\K is not known (the syntax is RE2's): put a group around what is to be kept" },
		{ 'X', "\\X is not known (the syntax is RE2's)" },
		{ 'R', "\\R is not known (the syntax is RE2's): write (?:\\r\\n|\\n)" },
		{ 'h', "\\h is not known (the syntax is RE2's): write [ \\t]" },
		{ 'C', "\\C, a single byte, is not known: . is a character" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].letter == t->at[1])
			return refuse(t, t->at, known[i].what);
	return refuse(t, t->at, "this escape is not known (the syntax is RE2's)");
}

static bool escape(struct translation *t)
{
	const char *simple = t->in_class ? "afnrtdDsSwW" : "afnrtdDsSwWbBAz";
	char c;

	if (t->at + 1 == t->end)
		return refuse(t, t->at, "the pattern ends in a backslash");
	c = t->at[1];
	if (c >= '0' && c <= '9')
		return octal_escape(t);
	if (c == 'x')
		return hex_escape(t);
	if (c == 'p' || c == 'P')
		return property_escape(t);
	if (c == 'Q' && !t->in_class)
		return quoted(t);
	if (c == 'v') {
		str_adds(t->out, "\\x0b");
		t->at += 2;
		return true;
	}
	if (is_letter_or_digit(c) && !strchr(simple, c))
		return unknown_escape(t);
	return copy(t, 2);
}

/* What may follow "(?". */
static bool special_group(struct translation *t)
{
	static const struct {
		const char *start, *what;
	} refused[] = {
		{ "(?=", "look-ahead (?=...) is not known (the syntax is RE2's)" },
		{ "(?!", "negative look-ahead (?!...) is not known (the syntax is RE2's): use !~ for what must not match" },
		{ "(?<=", "look-behind (?<=...) is not known (the syntax is RE2's)" },
		{ "(?<!", "negative look-behind (?<!...) is not known (the syntax is RE2's)" },
		{ "(?>", "an atomic group (?>...) is not known (the syntax is RE2's)" },
		{ "(?|", "a branch reset (?|...) is not known (the syntax is RE2's)" },
		{ "(?#", "a comment (?#...) is not known (the syntax is RE2's)" },
		{ "(?(", "a condition (?(...) is not known (the syntax is RE2's)" },
		{ "(?C", "a callout (?C) is not known (the syntax is RE2's)" },
		{ "(?R", "recursion (?R) is not known (the syntax is RE2's)" },
		{ "(?&", "recursion (?&...) is not known (the syntax is RE2's)" },
		{ "(?P>", "recursion (?P>...) is not known (the syntax is RE2's)" },
		{ "(?P=", "a named back reference (?P=...) is not known (the syntax is RE2's)" },
	};
	const char *p = t->at + 2;

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (starts(t, refused[i].start))
			return refuse(t, t->at, refused[i].what);
	if (starts(t, "(?P<"))
		return copy(t, 4);
	if (starts(t, "(?<"))
		return copy(t, 3);
	while (p < t->end && strchr("imsU-", *p) && *p)
		p++;
	if (p == t->end || (*p != ':' && *p != ')') || (*p == ')' && p == t->at + 2))
		return refuse(t, t->at, "this kind of group is not known (the syntax is RE2's)");
	return copy(t, (size_t)(p + 1 - t->at));
}

static bool group(struct translation *t)
{
	if (starts(t, "(*"))
		return refuse(t, t->at, "(*...) is not known (the syntax is RE2's)");
	return starts(t, "(?") ? special_group(t) : copy(t, 1);
}

/* {2} {2,} {2,3}: its length with the braces; 0: the brace stands for itself. */
static size_t counted(const char *at, const char *end, unsigned *most)
{
	const char *p = at + 1;
	unsigned value = 0;

	*most = 0;
	for (bool second = false;; second = true) {
		const char *digit = p;
		for (value = 0; p < end && *p >= '0' && *p <= '9'; p++)
			value = value > REPEAT_MOST ? value : value * 10 + (unsigned)(*p - '0');
		if ((p == digit && !second) || p == end)
			return 0;
		if (value > *most)
			*most = value;
		if (*p == '}')
			return (size_t)(p + 1 - at);
		if (*p != ',' || second)
			return 0;
		p++;
	}
}

static bool repetition(struct translation *t)
{
	unsigned most = 0;
	size_t n = *t->at == '{' ? counted(t->at, t->end, &most) : 1;

	if (!n) {
		t->repeated = false;
		str_adds(t->out, "\\{");
		t->at++;
		return true;
	}
	if (t->repeated)
		return refuse(t, t->at,
			      *t->at == '+' ? "a possessive repetition is not known (the syntax is RE2's)"
					    : "two repetitions stand one behind the other");
	if (most > REPEAT_MOST)
		return refuse(t, t->at, "a repetition may count to 1000 at most");
	copy(t, n);
	if (t->at < t->end && *t->at == '?')
		copy(t, 1);
	t->repeated = true;
	return true;
}

static bool class_item(struct translation *t)
{
	if (*t->at == '\\')
		return escape(t);
	if (*t->at == ']')
		t->in_class = false;
	if (starts(t, "[:")) {
		const char *close = memmem(t->at, (size_t)(t->end - t->at), ":]", 2);
		if (close)
			return copy(t, (size_t)(close + 2 - t->at));
	}
	return copy(t, 1);
}

static bool class_start(struct translation *t)
{
	if (starts(t, "[[:<:]]") || starts(t, "[[:>:]]"))
		return refuse(t, t->at, "this word boundary is not known (the syntax is RE2's): write \\b");
	t->in_class = true;
	copy(t, 1);
	if (t->at < t->end && *t->at == '^')
		copy(t, 1);
	if (t->at < t->end && *t->at == ']')
		copy(t, 1);
	return true;
}

static bool item(struct translation *t)
{
	if (t->in_class)
		return class_item(t);
	if (strchr("*+?{", *t->at) && *t->at)
		return repetition(t);
	t->repeated = false;
	switch (*t->at) {
	case '\\':
		return escape(t);
	case '[':
		return class_start(t);
	case '(':
		return group(t);
	default:
		return copy(t, 1);
	}
}

bool regex_translate(const char *pattern, size_t length, struct str *out, pipe_error *err)
{
	struct translation t = { .start = pattern, .at = pattern, .end = pattern + length, .out = out, .err = err };

	if (utf8_valid(pattern, length) != length)
		return refuse(&t, pattern, "the pattern is not valid UTF-8");
	while (t.at < t.end)
		if (!item(&t))
			return false;
	if (out->failed)
		error_nomem(err);
	return !out->failed;
}
