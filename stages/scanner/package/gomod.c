/*
 * go.mod: modules that are required, with `replace` followed (a replacement by a folder is no module).  A module of before Go 1.17 does
 * not list what it needs indirectly: then go.sum says it.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "go.mod");
}

enum { WORDS = 8 };

struct module {
	struct piece name, version;
	uint32_t line;
	bool indirect, gone;
};
struct replacement {
	struct piece from, from_version, to, to_version;
};
struct go_mod {
	struct piece self, go; /* length 0: not said */
	VEC(struct module) modules;
	struct map names; /* index + 1 */
	VEC(struct replacement) replacements;
};

struct go_line {
	struct piece words[WORDS], comment;
	unsigned count;
	uint32_t number;
};

/* Words of a line, without their quotes; what is behind // is the comment. */
static int split(struct reader *r, struct text_lines *l, struct go_line *out)
{
	struct piece rest = l->line, word;
	bool more;

	*out = (struct go_line){ .comment = { "", 0 }, .number = l->number };
	while ((word = piece_word(&rest), word.length)) {
		if (piece_starts(word, "//")) {
			out->comment = (struct piece){ word.text + 2, (size_t)(l->line.text + l->line.length - word.text) - 2 };
			return PIPE_OK;
		}
		if (out->count == WORDS)
			return reader_fail(r, l->number, "more words than any line of a go.mod has");
		piece_cut(word, "//", &word, &more);
		if (more && !piece_starts(word, "\"") && !piece_starts(word, "`"))
			rest = (struct piece){ word.text + word.length,
					       (size_t)(rest.text + rest.length - word.text) - word.length };
		else if (more)
			word.length = (size_t)(rest.text - word.text);
		out->words[out->count++] = piece_strip(word, "\"`");
	}
	return PIPE_OK;
}

static int put_module(struct reader *r, struct go_mod *g, struct module m)
{
	uintptr_t at = (uintptr_t)map_get(&g->names, m.name.text, m.name.length);
	struct module *slot = at ? &g->modules.items[at - 1] : vec_push(r->arena, &g->modules);

	if (!slot)
		return reader_nomem(r);
	*slot = m;
	if (!at && !map_put(&g->names, r->arena, m.name.text, m.name.length, (void *)(uintptr_t)g->modules.count))
		return reader_nomem(r);
	return PIPE_OK;
}

static int on_require(struct reader *r, struct go_mod *g, const struct go_line *l)
{
	struct piece first = l->comment;
	struct piece word = piece_word(&first);

	if (l->count != 2)
		return reader_fail(r, l->number, "require takes a module and its version");
	if (!piece_starts(l->words[1], "v"))
		return reader_fail(r, l->number, "\"%.*s\" is no version of a module: v1.2.3", (int)l->words[1].length,
				   l->words[1].text);
	return put_module(r, g,
			  (struct module){ .name = l->words[0],
					   .version = l->words[1],
					   .line = l->number,
					   .indirect = piece_is(word, "indirect") || piece_is(word, "indirect;") });
}

static int on_replace(struct reader *r, struct go_mod *g, const struct go_line *l)
{
	struct replacement *one;
	unsigned arrow = 0;

	while (arrow < l->count && !piece_is(l->words[arrow], "=>"))
		arrow++;
	if (arrow < 1 || arrow > 2 || l->count < arrow + 2 || l->count > arrow + 3)
		return reader_fail(r, l->number, "replace is written: module [version] => module version, or => ./folder");
	one = vec_push(r->arena, &g->replacements);
	if (!one)
		return reader_nomem(r);
	one->from = l->words[0];
	one->to = l->words[arrow + 1];
	if (arrow == 2)
		one->from_version = l->words[1];
	if (l->count == arrow + 3)
		one->to_version = l->words[arrow + 2];
	return PIPE_OK;
}

static int on_module(struct reader *r, struct go_mod *g, const struct go_line *l)
{
	if (l->count != 1)
		return reader_fail(r, l->number, "module takes one path");
	g->self = l->words[0];
	return PIPE_OK;
}

static int on_go(struct reader *r, struct go_mod *g, const struct go_line *l)
{
	if (l->count != 1)
		return reader_fail(r, l->number, "go takes one version");
	g->go = l->words[0];
	return PIPE_OK;
}

static int on_other(struct reader *r, struct go_mod *g, const struct go_line *l)
{
	(void)r;
	(void)g;
	(void)l;
	return PIPE_OK;
}

static const struct {
	const char *verb;
	int (*read)(struct reader *r, struct go_mod *g, const struct go_line *l);
} verbs[] = {
	{ "module", on_module }, { "go", on_go },	  { "require", on_require }, { "replace", on_replace },
	{ "exclude", on_other }, { "retract", on_other }, { "toolchain", on_other }, { "godebug", on_other },
	{ "tool", on_other },	 { "ignore", on_other },
};

static int find_verb(struct reader *r, const struct go_line *l, unsigned *out)
{
	for (*out = 0; *out < sizeof(verbs) / sizeof(*verbs); ++*out)
		if (piece_is(l->words[0], verbs[*out].verb))
			return PIPE_OK;
	return reader_fail(r, l->number, "\"%.*s\" is nothing that a go.mod says",
			   (int)(l->words[0].length < 100 ? l->words[0].length : 100), l->words[0].text);
}

/* A line outside of parentheses; *open: the verb whose list begins. */
static int statement(struct reader *r, struct go_mod *g, struct go_line *l, int *open)
{
	unsigned verb;
	int rc = find_verb(r, l, &verb);

	if (rc)
		return rc;
	if (l->count == 2 && piece_is(l->words[1], "(")) {
		*open = (int)verb;
		return PIPE_OK;
	}
	memmove(l->words, l->words + 1, sizeof(*l->words) * --l->count);
	return verbs[verb].read(r, g, l);
}

static int read_statements(struct reader *r, struct go_mod *g)
{
	struct text_lines l;
	struct go_line line;
	int open = -1, rc = PIPE_OK;
	uint32_t from = 0;

	for (text_begin(&l, r->bytes, r->length); !rc && text_next(&l);) {
		rc = split(r, &l, &line);
		if (rc || !line.count)
			continue;
		if (open < 0) {
			rc = statement(r, g, &line, &open);
			from = l.number;
		} else if (piece_is(line.words[0], ")")) {
			open = -1;
		} else {
			rc = verbs[open].read(r, g, &line);
		}
	}
	if (!rc && open >= 0)
		return reader_fail(r, from, "a list in parentheses without an end");
	return rc;
}

/* Is the module of before Go 1.17, by a go line of two numbers? */
static bool before_117(struct piece go)
{
	unsigned numbers[2] = { 0 };
	size_t i = 0;

	for (unsigned n = 0; n < 2; n++) {
		size_t from = i;

		for (; i < go.length && go.text[i] >= '0' && go.text[i] <= '9' && i - from < 6; i++)
			numbers[n] = numbers[n] * 10 + (unsigned)(go.text[i] - '0');
		if (i == from || (n == 0 && (i == go.length || go.text[i++] != '.')))
			return false;
	}
	return i == go.length && numbers[0] <= 1 && numbers[1] < 17;
}

static bool same(struct piece a, struct piece b)
{
	return a.length == b.length && !memcmp(a.text, b.text, a.length);
}

static int replace_all(struct reader *r, struct go_mod *g)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < g->replacements.count; i++) {
		const struct replacement *one = &g->replacements.items[i];
		uintptr_t at = (uintptr_t)map_get(&g->names, one->from.text, one->from.length);
		struct module *old = at ? &g->modules.items[at - 1] : NULL, fresh;

		if (!old || old->gone || (one->from_version.length && !same(one->from_version, old->version)))
			continue;
		old->gone = true;
		if (!one->to_version.length)
			continue;
		fresh = (struct module){
			.name = one->to, .version = one->to_version, .line = old->line, .indirect = old->indirect
		};
		rc = put_module(r, g, fresh);
	}
	return rc;
}

/* Lines of "module version[/go.mod] hash": of each module the last one. */
static int read_sum(struct reader *r, struct go_mod *g)
{
	size_t length;
	const char *bytes = reader_beside(r, "go.sum", &length);
	struct text_lines l;
	uint32_t own = g->modules.count;
	int rc = PIPE_OK;

	if (!bytes)
		return PIPE_OK;
	for (uint32_t i = 0; i < own; i++) {
		const struct module *m = &g->modules.items[i];

		if (m->gone && !map_put(&g->names, r->arena, m->name.text, m->name.length, NULL))
			return reader_nomem(r);
	}
	for (text_begin(&l, bytes, length); !rc && text_next(&l);) {
		struct piece rest = l.line, name = piece_word(&rest), version = piece_word(&rest);
		uintptr_t at = (uintptr_t)map_get(&g->names, name.text, name.length);

		if (!version.length || (at && at <= own) || same(name, g->self))
			continue;
		piece_cut(version, "/go.mod", &version, NULL);
		rc = put_module(r, g, (struct module){ .name = name, .version = version, .indirect = true });
	}
	return rc;
}

static int add_self(struct reader *r, const struct go_mod *g)
{
	struct reader_ids ids = { 0 };
	struct scan_package *p;

	if (!g->self.length)
		return PIPE_OK;
	for (uint32_t i = 0; i < g->modules.count; i++) {
		const struct module *m = &g->modules.items[i];

		if (!m->gone && !reader_id_push(r, &ids, reader_id(r, m->name, m->version)))
			return reader_nomem(r);
	}
	p = reader_add(r, g->self, (struct piece){ "", 0 }, NULL);
	if (!p)
		return r->err->code;
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int add_modules(struct reader *r, const struct go_mod *g)
{
	for (uint32_t i = 0; i < g->modules.count; i++) {
		const struct module *m = &g->modules.items[i];
		struct scan_package *p = m->gone ? NULL : reader_add(r, m->name, m->version, NULL);

		if (m->gone)
			continue;
		if (!p)
			return r->err->code;
		p->indirect = m->indirect;
	}
	return add_self(r, g);
}

static int read_mod(struct reader *r)
{
	struct go_mod g = { .self = { "", 0 }, .go = { "", 0 } };
	bool old, any = false;
	int rc = reader_check_text(r);

	if (!rc)
		rc = read_statements(r, &g);
	if (rc)
		return rc;
	old = !g.go.length || before_117(g.go);
	for (uint32_t i = 0; i < g.modules.count; i++)
		g.modules.items[i].gone = old && g.modules.items[i].indirect;
	rc = replace_all(r, &g);
	for (uint32_t i = 0; i < g.modules.count; i++)
		any |= g.modules.items[i].indirect && !g.modules.items[i].gone;
	if (!rc && !any)
		rc = read_sum(r, &g);
	return rc ? rc : add_modules(r, &g);
}

PACKAGE_PARSER(parse, read_mod)

const struct package_format package_format_gomod = {
	.name = "go-mod",
	.type = "gomod",
	.class = PACKAGE_LANGUAGE,
	.help = "go.mod, with go.sum for modules of before Go 1.17",
	.wants = wants,
	.parse = parse,
};
