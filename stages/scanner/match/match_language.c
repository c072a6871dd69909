/*
 * Advisories that name ranges of versions: a package has the vulnerability when it is within one of `vulnerable` (or is one of
 * `versions`) and within none of `patched` and `unaffected`.  Where only the mended versions are known, all others have it.
 */
#include "base/str.h"
#include "stages/scanner/match/match_rules.h"

#include <string.h>

static enum version_range in_range(const struct version_scheme *s, const char *version, const char *range)
{
	return s->in ? s->in(version, range) : version_in(s, version, range);
}

/* An empty range says that nobody knows: it counts as all. */
static bool has_empty(const char *const *ranges)
{
	for (; ranges && *ranges; ranges++)
		if (!**ranges)
			return true;
	return false;
}

static enum version_range in_any(const struct version_scheme *s, const char *version, const char *const *ranges)
{
	enum version_range result = RANGE_OUT;

	for (; ranges && *ranges; ranges++) {
		enum version_range one = in_range(s, version, *ranges);

		if (one == RANGE_IN)
			return one;
		if (one == RANGE_UNKNOWN)
			result = one;
	}
	return result;
}

static bool is_one_of(const struct version_scheme *s, const char *version, const char *const *versions)
{
	bool valid = s->valid(version);

	for (; versions && *versions; versions++)
		if (!strcmp(*versions, version) || (valid && s->valid(*versions) && !s->compare(*versions, version)))
			return true;
	return false;
}

static bool some(const char *const *texts)
{
	return texts && *texts;
}

/* A range of mended versions that cannot be understood mends nothing. */
enum version_range match_ranges(const struct version_scheme *s, const char *version, const struct advisory *a)
{
	if (has_empty(a->vulnerable) || has_empty(a->patched))
		return RANGE_IN;
	if (is_one_of(s, version, a->versions))
		return RANGE_IN;
	if (some(a->vulnerable)) {
		enum version_range in = in_any(s, version, a->vulnerable);

		if (in != RANGE_IN)
			return in;
	} else if (some(a->versions) || (!some(a->patched) && !some(a->unaffected))) {
		return RANGE_OUT;
	}
	if (!s->valid(version))
		return RANGE_UNKNOWN;
	return in_any(s, version, a->patched) == RANGE_IN || in_any(s, version, a->unaffected) == RANGE_IN ? RANGE_OUT : RANGE_IN;
}

/* ---- which version to go to ---- */

static bool has_part(const struct str *list, const char *part, size_t length)
{
	for (const char *at = list->data; *at;) {
		size_t n = strcspn(at, ",");

		if (n == length && !memcmp(at, part, length))
			return true;
		at += n;
		at += strspn(at, ", ");
	}
	return false;
}

static void add_part(struct str *list, const char *part, size_t length)
{
	while (length && (*part == ' ' || *part == '\t'))
		part++, length--;
	while (length && (part[length - 1] == ' ' || part[length - 1] == '\t'))
		length--;
	if (!length || has_part(list, part, length))
		return;
	if (list->length)
		str_adds(list, ", ");
	str_add(list, part, length);
}

/* The upper ends of the ranges that have it: "<1.2.3" is mended in 1.2.3. */
static void add_upper_ends(struct str *list, const char *range)
{
	while (*range) {
		size_t n = strcspn(range, ",");
		size_t blank = strspn(range, " \t");

		if (blank < n && range[blank] == '<' && range[blank + 1] != '=')
			add_part(list, range + blank + 1, n - blank - 1);
		range += n;
		range += *range == ',';
	}
}

static const char *from_ranges(const struct advisory *a, struct arena *arena)
{
	const char *text;
	struct str list;

	str_init(&list);
	for (size_t i = 0; a->patched && a->patched[i]; i++)
		add_part(&list, a->patched[i], strlen(a->patched[i]));
	if (!list.length)
		for (size_t i = 0; a->vulnerable && a->vulnerable[i]; i++)
			add_upper_ends(&list, a->vulnerable[i]);
	text = list.failed ? NULL : arena_strdup(arena, list.data);
	str_clear(&list);
	return text;
}

const char *match_fixed(const struct match_family *f, const struct advisory *a, struct arena *arena)
{
	if (!*a->fixed && a->ranged)
		return from_ranges(a, arena);
	if (f && f->strip_epoch && !strncmp(a->fixed, "0:", 2))
		return a->fixed + 2;
	return a->fixed;
}
