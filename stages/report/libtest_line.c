#include "stages/report/libtest_line.h"

#include "stages/report/lines.h"

#include <math.h>
#include <string.h>

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);

	return n >= m && !strcmp(text + n - m, with);
}

/* ---- cases ---- */

/* ` <0.012s>` */
static int64_t duration_of(const char *text)
{
	double seconds;
	size_t n = strlen(text);

	if (n < 5 || !begins(text, " <") || !ends(text, "s>") || !lines_real(text + 2, n - 4, &seconds))
		return -1;
	return seconds >= 0 && seconds < 1e9 ? llround(seconds * 1e6) : -1;
}

bool libtest_result_parse(const char *text, struct libtest_case *out)
{
	static const struct {
		const char *word;
		uint8_t status;
	} words[] = { { "ok", TEST_PASSED }, { "FAILED", TEST_FAILED }, { "ignored", TEST_SKIPPED }, { "bench:", TEST_PASSED } };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *rest = text + strlen(words[i].word);
		if (!begins(text, words[i].word) || (*rest && !strchr(" ,", *rest)))
			continue;
		/* `okay` and `ok, then` are output. */
		if (words[i].status == TEST_PASSED && *rest && words[i].word[0] == 'o' && duration_of(rest) < 0)
			return false;
		out->status = words[i].status;
		out->ended = true;
		out->duration_us = duration_of(rest);
		out->reason = *rest == ',' ? rest + 1 + (rest[1] == ' ') : "";
		return true;
	}
	return false;
}

/* Takes off what the harness says of how a test is run. */
static void strip_manner(char *name)
{
	static const char *const manners[] = { " - should panic", " - compile fail", " - compile" };

	for (size_t i = 0; i < sizeof(manners) / sizeof(*manners); i++)
		if (ends(name, manners[i])) {
			name[strlen(name) - strlen(manners[i])] = '\0';
			return;
		}
}

bool libtest_case_parse(char *text, struct libtest_case *out)
{
	char *dots = begins(text, "test ") ? strstr(text, " ... ") : NULL;

	/* Output follows at once, or the line was ended by what the test printed. */
	if (!dots && begins(text, "test ") && ends(text, " ..."))
		dots = text + strlen(text) - 4;
	if (!dots || dots == text + 4)
		return false;
	*out = (struct libtest_case){ .name = text + 5, .status = TEST_ERROR, .duration_us = -1, .reason = "" };
	libtest_result_parse(dots[4] ? dots + 5 : "", out);
	*dots = '\0';
	strip_manner(out->name);
	return true;
}

/* ---- around them ---- */

bool libtest_counts_parse(const char *text, struct libtest_counts *out)
{
	const struct {
		const char *what;
		uint32_t *number;
	} parts[] = { { " passed; ", &out->passed },
		      { " failed; ", &out->failed },
		      { " ignored; ", &out->ignored },
		      { " measured; ", &out->measured } };
	const char *p = text;

	if (begins(p, "test result: ok. "))
		p += strlen("test result: ok. ");
	else if (begins(p, "test result: FAILED. "))
		p += strlen("test result: FAILED. ");
	else
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!lines_number(&p, parts[i].number) || !begins(p, parts[i].what))
			return false;
		p += strlen(parts[i].what);
	}
	return true;
}

bool libtest_begins(const char *text)
{
	const char *p = text + strlen("running ");
	uint32_t count;

	return begins(text, "running ") && lines_number(&p, &count) && (!strcmp(p, " tests") || !strcmp(p, " test"));
}

/* `target/debug/deps/shop-0123456789abcdef`: shop; the number is another one in each build. */
static void add_binary(struct str *name, const char *path, size_t length)
{
	size_t begin = length, end = length, digits = 0;

	while (begin && path[begin - 1] != '/' && path[begin - 1] != '\\')
		begin--;
	while (end > begin && strchr("0123456789abcdef", path[end - 1])) {
		end--;
		digits++;
	}
	if (digits != 16 || end <= begin + 1 || path[end - 1] != '-')
		end = length + 1;
	str_add(name, path + begin, end - 1 - begin);
}

bool libtest_program_parse(const char *text, struct str *name)
{
	const char *p = text + strspn(text, " "), *open;
	size_t source;

	if (p == text)
		return false;
	if (begins(p, "Doc-tests ")) {
		str_reset(name);
		str_printf(name, "%s (doc-tests)", p + strlen("Doc-tests "));
		return true;
	}
	if (!begins(p, "Running "))
		return false;
	p += strlen("Running ");
	p += begins(p, "unittests ") ? strlen("unittests ") : 0;
	if (*p == '`')
		return false; /* a command, of --verbose */
	str_reset(name);
	open = strrchr(p, '(');
	if (!open || !ends(p, ")")) {
		add_binary(name, p, strlen(p));
		return true;
	}
	add_binary(name, open + 1, strlen(open + 1) - 1);
	source = (size_t)(open - p);
	while (source && p[source - 1] == ' ')
		source--;
	if (source)
		str_printf(name, " (%.*s)", (int)source, p);
	return true;
}

char *libtest_heading(char *text)
{
	static const char *const tails[] = { " stdout ----", " stderr ----" };

	if (!begins(text, "---- "))
		return NULL;
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++)
		if (ends(text, tails[i]) && strlen(text) > 5 + strlen(tails[i])) {
			text[strlen(text) - strlen(tails[i])] = '\0';
			return text + 5;
		}
	return NULL;
}

/* ---- why ---- */

/* `src/lib.rs:38:9` */
static void take_place(const char *text, size_t length, struct str *file, uint32_t *line)
{
	const char *end = text + length, *colon = memchr(text, ':', length), *p = colon ? colon + 1 : end;

	if (!colon || begins(text, "/rustc/") || !lines_number(&p, line) || p >= end || *p != ':') {
		*line = 0;
		return;
	}
	str_add(file, text, (size_t)(colon - text));
}

/* `thread 'a' (12) panicked at src/lib.rs:38:9:` and the message on the next line; before Rust 1.73 `panicked at 'message',
 * src/lib.rs:38:9`. */
static bool take_panic(const char *text, struct str *message, struct str *file, uint32_t *line)
{
	static const char at[] = " panicked at ";
	const char *p = begins(text, "thread '") ? strstr(text, at) : NULL, *end;
	size_t n = strcspn(text, "\n");

	if (!p || p >= text + n)
		return false;
	p += sizeof(at) - 1;
	end = text + n;
	if (*p == '\'') {
		const char *comma = end;
		while (comma > p && !begins(comma, "', "))
			comma--;
		str_add(message, p + 1, comma > p ? (size_t)(comma - p - 1) : (size_t)(end - p - 1));
		if (comma > p)
			take_place(comma + 3, (size_t)(end - comma - 3), file, line);
		return true;
	}
	take_place(p, (size_t)(end - p), file, line);
	end += *end == '\n';
	str_add(message, end, strcspn(end, "\n"));
	return true;
}

void libtest_explain(const char *text, struct str *message, struct str *file, uint32_t *line)
{
	str_reset(message);
	str_reset(file);
	*line = 0;
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (take_panic(p, message, file, line))
			return;
	text += strspn(text, "\n");
	text += begins(text, "note: ") ? strlen("note: ") : 0;
	str_add(message, text, strcspn(text, "\n"));
}
