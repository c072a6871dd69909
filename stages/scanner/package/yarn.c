/*
 * yarn.lock, of version 1 and of "berry" (2 and later): blocks of a head with patterns ("name@range, name@range:") and what they came to.
 * Which packages are for development only is found with the package.json beside it, and with those of its workspaces.
 */
#include "stages/scanner/package/yarn.h"
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "yarn.lock") && !path_within(path, "node_modules") && !path_within(path, ".yarn");
}

/* `@scope/name@protocol:range`; false: it is none. */
static bool split_pattern(struct piece s, struct piece *name, struct piece *protocol, struct piece *range)
{
	ptrdiff_t at, colon;

	s = piece_strip(piece_trim(s), "\"\\:");
	at = piece_find(piece_skip(s, 1), '@');
	if (at < 0 || s.length < 3)
		return false;
	*name = (struct piece){ s.text, (size_t)at + 1 };
	*range = piece_skip(s, (size_t)at + 2);
	*protocol = (struct piece){ range->text, 0 };
	colon = piece_find(*range, ':');
	if (colon > 0 && piece_find((struct piece){ range->text, (size_t)colon }, ' ') < 0) {
		protocol->length = (size_t)colon;
		*range = piece_skip(*range, (size_t)colon + 1);
	}
	return range->length && piece_find(*name, ' ') < 0;
}

static bool is_registry(struct piece protocol)
{
	return !protocol.length || piece_is(protocol, "npm");
}

/* What is no package of a registry on purpose: nobody has to be told. */
static bool is_local(struct piece protocol)
{
	static const char *const local[] = { "workspace", "patch", "file", "link", "portal" };

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (piece_is(protocol, local[i]))
			return true;
	return false;
}

/* A new block; its patterns lead to it.  A block that is passed over has no name. */
static int begin_block(struct reader *r, struct yarn_lock *lock, const struct text_lines *l, struct yarn_block **out)
{
	struct piece rest = piece_strip(l->line, "\":"), part, name, protocol, range, other, ignored;
	struct yarn_block *b = vec_push(r->arena, &lock->blocks);
	bool more = true;

	*out = b;
	if (!b)
		return reader_nomem(r);
	b->line = b->end = l->number;
	piece_cut(rest, ", ", &part, NULL);
	if (piece_starts(l->line, "__metadata") || !split_pattern(part, &name, &protocol, &range))
		return PIPE_OK;
	if (piece_is(protocol, "workspace") && !reader_id_push(r, &lock->workspaces, reader_text(r, range)))
		return reader_nomem(r);
	if (!is_registry(protocol)) {
		if (!is_local(protocol) &&
		    !reader_note(r, "line %u: \"%.*s\" comes from no registry", l->number, (int)name.length, name.text))
			return reader_nomem(r);
		return PIPE_OK;
	}
	b->name = name;
	while (more) {
		const char *pattern;

		rest = piece_cut(rest, ", ", &part, &more);
		if (!split_pattern(part, &other, &ignored, &range))
			continue;
		pattern = reader_id(r, name, range);
		if (!pattern ||
		    !map_put(&lock->patterns, r->arena, pattern, strlen(pattern), (void *)(uintptr_t)lock->blocks.count))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

/* `name "range"` or `name: "npm:range"`. */
static int add_dependency(struct reader *r, struct yarn_block *b, struct piece line)
{
	struct piece name, protocol = { line.text, 0 }, range = piece_trim(line);
	ptrdiff_t colon;

	name = piece_strip(piece_word(&range), "\":");
	range = piece_strip(piece_trim(range), "\"");
	colon = piece_find(range, ':');
	if (colon > 0 && piece_find((struct piece){ range.text, (size_t)colon }, ' ') < 0) {
		protocol = (struct piece){ range.text, (size_t)colon };
		range = piece_skip(range, (size_t)colon + 1);
	}
	if (!name.length || !range.length || !is_registry(protocol))
		return PIPE_OK;
	return reader_id_push(r, &b->depends, reader_id(r, name, range)) ? PIPE_OK : reader_nomem(r);
}

static size_t indent_of(struct piece line)
{
	size_t n = 0;

	while (n < line.length && line.text[n] == ' ')
		n++;
	return n;
}

/* A line of a block: `version`, `dependencies:`, one of those. */
static int block_line(struct reader *r, struct yarn_block *b, struct piece line, bool *within)
{
	struct piece rest = piece_trim(line), word;

	if (indent_of(line) >= 4)
		return *within && b->name.length ? add_dependency(r, b, line) : PIPE_OK;
	word = piece_strip(piece_word(&rest), "\":");
	*within = piece_is(word, "dependencies");
	if (piece_is(word, "version"))
		b->version = piece_strip(piece_trim(rest), "\"");
	return PIPE_OK;
}

static int read_blocks(struct reader *r, struct yarn_lock *lock)
{
	struct text_lines l;
	struct yarn_block *b = NULL;
	bool within = false;
	int rc = PIPE_OK;

	for (text_begin(&l, r->bytes, r->length); !rc && text_next(&l);) {
		if (!piece_trim(l.line).length || *l.line.text == '#')
			continue;
		if (!indent_of(l.line)) {
			if (!piece_ends(l.line, ":"))
				return reader_fail(r, l.number, "the head of an entry ends in ':'");
			within = false;
			rc = begin_block(r, lock, &l, &b);
		} else if (!b) {
			return reader_fail(r, l.number, "a line that belongs to no entry");
		} else {
			b->end = l.number;
			rc = block_line(r, b, l.line, &within);
		}
	}
	return rc;
}

static int add_packages(struct reader *r, struct yarn_lock *lock)
{
	for (uint32_t i = 0; i < lock->blocks.count; i++) {
		struct yarn_block *b = &lock->blocks.items[i];
		struct scan_package *p;
		bool is_new;

		if (!b->name.length)
			continue;
		if (!b->version.length)
			return reader_fail(r, b->line, "the entry of \"%.*s\" has no version", (int)b->name.length, b->name.text);
		p = reader_add(r, b->name, b->version, &is_new);
		if (!p)
			return r->err->code;
		b->package = (uint32_t)(p - r->list->packages.items) + 1;
		if (is_new) {
			p->line_from = b->line;
			p->line_to = b->end;
		}
	}
	return PIPE_OK;
}

static int link_packages(struct reader *r, struct yarn_lock *lock)
{
	for (uint32_t i = 0; i < lock->blocks.count; i++) {
		struct yarn_block *b = &lock->blocks.items[i];
		struct reader_ids ids = { 0 };

		for (uint32_t k = 0; k < b->depends.list.count; k++) {
			const char *pattern = b->depends.list.items[k];
			uintptr_t at = (uintptr_t)map_get(&lock->patterns, pattern, strlen(pattern));
			const struct yarn_block *to = at ? &lock->blocks.items[at - 1] : NULL;

			if (to && to->package && !reader_id_push(r, &ids, reader_id(r, to->name, to->version)))
				return reader_nomem(r);
		}
		if (b->package && ids.list.count && !reader_depends(r, &ids, &r->list->packages.items[b->package - 1].depends_on))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

static int read_lock(struct reader *r)
{
	struct yarn_lock lock = { 0 };
	int rc = reader_check_text(r);

	if (!rc)
		rc = read_blocks(r, &lock);
	if (!rc)
		rc = add_packages(r, &lock);
	if (!rc)
		rc = link_packages(r, &lock);
	return rc ? rc : yarn_classify(r, &lock);
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_yarn = {
	.name = "yarn-lock",
	.type = "yarn",
	.class = PACKAGE_LANGUAGE,
	.help = "yarn.lock, version 1 and berry",
	.wants = wants,
	.parse = parse,
};
