/* Gradle's lock files: lines of `group:artifact:version=configurations`.  Only in configurations of tests: for development. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

static bool wants(const char *path, bool installed)
{
	return !installed && path_ends(path, "gradle.lockfile");
}

static bool only_tests(struct piece configurations)
{
	struct piece one;
	bool more = true;

	while (more) {
		configurations = piece_cut(configurations, ",", &one, &more);
		if (!piece_starts(one, "test"))
			return false;
	}
	return true;
}

static int read_line(struct reader *r, const struct text_lines *l)
{
	struct piece line = piece_trim(l->line), version, configurations;
	ptrdiff_t first, last;
	struct scan_package *p;
	bool is_new;

	first = piece_find(line, ':');
	last = piece_find_last(line, ':');
	if (piece_starts(line, "#") || first < 0 || first == last ||
	    piece_find((struct piece){ line.text + first + 1, (size_t)(last - first - 1) }, ':') >= 0)
		return PIPE_OK;
	configurations = piece_cut(piece_skip(line, (size_t)last + 1), "=", &version, NULL);
	p = reader_add(r, (struct piece){ line.text, (size_t)last }, version, &is_new);
	if (!p)
		return r->err->code;
	if (is_new) {
		p->line_from = p->line_to = l->number;
		p->development = true;
	}
	p->development = p->development && only_tests(configurations);
	return PIPE_OK;
}

static int read_lock(struct reader *r)
{
	struct text_lines l;
	int rc = reader_check_text(r);

	for (text_begin(&l, r->bytes, r->length); !rc && text_next(&l);)
		rc = read_line(r, &l);
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_gradle = {
	.name = "gradle-lock",
	.type = "gradle",
	.class = PACKAGE_LANGUAGE,
	.help = "gradle.lockfile",
	.wants = wants,
	.parse = parse,
};
