/*
 * mix.lock of Elixir, one dependency a line: "name": {:hex, :name, "version", "checksum", [...], [...], "hexpm", "checksum"}.  Those of
 * Git have no version.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "mix.lock");
}

static struct piece field(struct piece *rest)
{
	struct piece one;

	*rest = piece_cut(*rest, ",", &one, NULL);
	return piece_trim(one);
}

static int read_line(struct reader *r, const struct text_lines *l)
{
	struct piece line = piece_trim(l->line), name, rest, kind, version;
	struct scan_package *p;
	bool colon, is_new;

	rest = piece_cut(line, ":", &name, &colon);
	if (!colon)
		return PIPE_OK;
	kind = field(&rest);
	field(&rest);
	version = field(&rest);
	if (!piece_is(kind, "{:hex") || !piece_starts(version, "\"") || version.length < 3) {
		if (!reader_note(r, "line %u: %.*s has no version", l->number, (int)(name.length < 100 ? name.length : 100),
				 name.text))
			return reader_nomem(r);
		return PIPE_OK;
	}
	p = reader_add(r, piece_strip(name, "\""), piece_strip(version, "\""), &is_new);
	if (!p)
		return r->err->code;
	if (is_new)
		p->line_from = p->line_to = l->number;
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

const struct package_format package_format_mix = {
	.name = "mix-lock",
	.type = "hex",
	.class = PACKAGE_LANGUAGE,
	.help = "mix.lock of Elixir",
	.wants = wants,
	.parse = parse,
};
