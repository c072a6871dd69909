#include "runner/git/git_version.h"

#include <stdint.h>
#include <string.h>

struct version {
	uint32_t part[3];
	int parts;
	bool released; /* no "-rc1" */
};

/* SemVer, with "v" in front allowed and parts left out: "1.2.3", "v1", "2.0.0-rc1+b5". */
static bool version_parse(const char *text, struct version *out)
{
	*out = (struct version){ .released = true };
	text += *text == 'v';
	for (;;) {
		uint64_t n = 0;
		const char *start = text;

		for (; *text >= '0' && *text <= '9' && n < UINT32_MAX; text++)
			n = n * 10 + (uint64_t)(*text - '0');
		if (text == start || n >= UINT32_MAX)
			return false;
		out->part[out->parts++] = (uint32_t)n;
		if (*text != '.' || out->parts == 3)
			break;
		text++;
	}
	out->released = *text != '-';
	return !*text || ((*text == '-' || *text == '+') && out->parts == 3);
}

static int version_compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < 3; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

static long exact(const char *const *names, size_t count, const char *prefix, const char *ref)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; i < count; i++)
		if (!strncmp(names[i], prefix, n) && !strcmp(names[i] + n, ref))
			return (long)i;
	return -1;
}

static bool fits(const struct version *wanted, const struct version *v)
{
	for (int i = 0; i < wanted->parts; i++)
		if (wanted->part[i] != v->part[i])
			return false;
	return v->parts == 3 && v->released;
}

static long highest(const char *const *names, size_t count, const struct version *wanted)
{
	static const char tags[] = "refs/tags/";
	struct version best = { .parts = 0 }, v;
	long found = -1;

	for (size_t i = 0; i < count; i++) {
		if (strncmp(names[i], tags, sizeof(tags) - 1) || !version_parse(names[i] + sizeof(tags) - 1, &v) ||
		    !fits(wanted, &v))
			continue;
		if (found < 0 || version_compare(&v, &best) > 0) {
			found = (long)i;
			best = v;
		}
	}
	return found;
}

static long named(const char *const *names, size_t count, const char *ref)
{
	static const char *const prefixes[] = { "refs/tags/", "refs/heads/", "" };
	long found = -1;

	for (size_t i = 0; found < 0 && i < sizeof(prefixes) / sizeof(*prefixes); i++)
		found = exact(names, count, prefixes[i], ref);
	return found;
}

long git_version_choose(const char *const *names, size_t count, const char *ref)
{
	struct version wanted = { .parts = 0 };
	long found;

	if (!ref)
		return exact(names, count, "", "HEAD");
	if (*ref != '~')
		return named(names, count, ref);
	if (!strcmp(ref, "~latest"))
		return highest(names, count, &wanted);
	found = named(names, count, ref + 1);
	if (found < 0 && version_parse(ref + 1, &wanted) && wanted.parts < 3)
		found = highest(names, count, &wanted);
	return found;
}
