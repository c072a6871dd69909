/*
 * Gemfile.lock: gems stand four spaces deep ("name (version)"), what they need six, what the project asks for under DEPENDENCIES.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "Gemfile.lock");
}

struct gem {
	struct piece name, version;
	uint32_t line;
	bool direct;
	struct reader_ids needs; /* names */
};
struct gems {
	VEC(struct gem) list;
	struct map names; /* index + 1 */
};

static struct gem *find(const struct gems *g, struct piece name)
{
	uintptr_t at = (uintptr_t)map_get(&g->names, name.text, name.length);

	return at ? &g->list.items[at - 1] : NULL;
}

/* "rails (7.0.4-x86_64-linux)": what is behind `-` is a platform. */
static int add_gem(struct reader *r, struct gems *g, struct text_lines *l, struct gem **last)
{
	struct piece rest = l->line, name = piece_word(&rest), version = piece_word(&rest);
	struct gem *one;

	*last = NULL;
	if (!version.length || piece_trim(rest).length)
		return PIPE_OK;
	piece_cut(piece_strip(version, "()"), "-", &version, NULL);
	one = find(g, name);
	if (!one) {
		one = vec_push(r->arena, &g->list);
		if (!one || !map_put(&g->names, r->arena, name.text, name.length, (void *)(uintptr_t)g->list.count))
			return reader_nomem(r);
	}
	*one = (struct gem){ .name = name, .version = version, .line = l->number };
	*last = one;
	return PIPE_OK;
}

static int read_line(struct reader *r, struct gems *g, struct text_lines *l, struct gem **last, bool *direct)
{
	struct piece rest = piece_trim(l->line), name;
	size_t indent = (size_t)(rest.text - l->line.text);

	if (!indent)
		*direct = piece_is(rest, "DEPENDENCIES");
	if (*direct && indent == 2) {
		struct gem *one = find(g, piece_strip(piece_word(&rest), "!"));

		if (one)
			one->direct = true;
		return PIPE_OK;
	}
	if (indent == 4)
		return add_gem(r, g, l, last);
	if (indent != 6 || !*last)
		return PIPE_OK;
	name = piece_word(&rest);
	return reader_id_push(r, &(*last)->needs, reader_text(r, name)) ? PIPE_OK : reader_nomem(r);
}

static int add_package(struct reader *r, const struct gems *g, const struct gem *one)
{
	struct scan_package *p = reader_add(r, one->name, one->version, NULL);
	struct reader_ids ids = { 0 };

	if (!p)
		return r->err->code;
	p->line_from = p->line_to = one->line;
	p->indirect = !one->direct;
	for (uint32_t i = 0; i < one->needs.list.count; i++) {
		const struct gem *to = find(g, piece_of(one->needs.list.items[i]));

		if (to && !reader_id_push(r, &ids, reader_id(r, to->name, to->version)))
			return reader_nomem(r);
	}
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int read_lock(struct reader *r)
{
	struct gems g = { 0 };
	struct gem *last = NULL;
	struct text_lines l;
	bool direct = false;
	int rc = reader_check_text(r);

	for (text_begin(&l, r->bytes, r->length); !rc && text_next(&l);)
		if (piece_trim(l.line).length)
			rc = read_line(r, &g, &l, &last, &direct);
	for (uint32_t i = 0; !rc && i < g.list.count; i++)
		rc = add_package(r, &g, &g.list.items[i]);
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_gemfile = {
	.name = "gemfile-lock",
	.type = "bundler",
	.class = PACKAGE_LANGUAGE,
	.help = "Bundler's Gemfile.lock",
	.wants = wants,
	.parse = parse,
};
