/* specifications/NAME.gemspec of installed gems: Ruby that RubyGems wrote, of which a few assignments matter.  Some hold NUL bytes. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	const char *at = strstr(path, "/specifications/");

	return installed && at && path_ends(path, ".gemspec");
}

/* `"rake".freeze` is rake. */
static struct piece value_of(struct piece s)
{
	s = piece_trim(s);
	if (piece_ends(s, ".freeze"))
		s.length -= strlen(".freeze");
	return piece_strip(s, "'\"");
}

/* `["MIT".freeze, "BSD".freeze]` is MIT, BSD. */
static const char *list_of(struct reader *r, struct piece s)
{
	char *text = arena_text(r->arena, s.length * 2 + 1), *to = text;
	struct piece one;
	bool more = true;

	s = piece_strip(piece_trim(s), "[]");
	while (text && more) {
		s = piece_cut(s, ",", &one, &more);
		one = value_of(one);
		if (!one.length)
			continue;
		if (to != text) {
			memcpy(to, ", ", 2);
			to += 2;
		}
		memcpy(to, one.text, one.length);
		to += one.length;
	}
	if (text)
		*to = '\0';
	return text;
}

struct gemspec {
	struct piece variable, name, version;
	const char *licenses;
};

static int assignment(struct reader *r, struct gemspec *g, struct piece line)
{
	struct piece left, right;
	bool is;

	if (!g->variable.length || line.length <= g->variable.length ||
	    memcmp(line.text, g->variable.text, g->variable.length) != 0 || line.text[g->variable.length] != '.')
		return PIPE_OK;
	right = piece_cut(piece_skip(line, g->variable.length + 1), "=", &left, &is);
	left = piece_trim(left);
	if (!is)
		return PIPE_OK;
	if (piece_is(left, "name") && !g->name.length)
		g->name = value_of(right);
	else if (piece_is(left, "version") && !g->version.length)
		g->version = value_of(right);
	else if (piece_is(left, "license") || piece_is(left, "licenses"))
		g->licenses = list_of(r, right);
	return g->licenses ? PIPE_OK : reader_nomem(r);
}

static int read_spec(struct reader *r)
{
	struct gemspec g = { { "", 0 }, { "", 0 }, { "", 0 }, "" };
	struct scan_package *p;
	struct text_lines l;
	int rc = PIPE_OK;

	for (text_begin(&l, r->bytes, r->length); !rc && text_next(&l);) {
		struct piece line = piece_trim(l.line), head, rest;
		bool found;

		rest = piece_cut(line, "Gem::Specification.new", &head, &found);
		if (found) {
			rest = piece_cut(rest, "|", &head, NULL);
			piece_cut(rest, "|", &g.variable, NULL);
		}
		rc = assignment(r, &g, line);
	}
	if (rc)
		return rc;
	if (!g.name.length || !g.version.length)
		return reader_fail(r, 1, "no %s is assigned in it", g.name.length ? "version" : "name");
	p = reader_add(r, g.name, g.version, NULL);
	if (!p)
		return r->err->code;
	p->licenses = g.licenses;
	p->path = r->list->path;
	return PIPE_OK;
}

PACKAGE_PARSER(parse, read_spec)

const struct package_format package_format_gemspec = {
	.name = "gemspec",
	.type = "gemspec",
	.class = PACKAGE_LANGUAGE,
	.help = "specifications of installed Ruby gems",
	.wants = wants,
	.parse = parse,
};
