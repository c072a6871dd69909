#include "pipeline/lua_code.h"

#include "base/suggest.h"
#include "base/utf8.h"

#include <string.h>

/* A file that was asked for; text NULL: it could not be had, which was reported where it was first named. */
struct lua_file {
	const char *name, *text;
	size_t length;
	bool checked[LUA_USES], wrong[LUA_USES];
};

bool lua_code_is_path(const char *text, size_t length)
{
	static const char never[] = " \t\r\n\"'()=,;{}";

	if (length < 5 || memcmp(text + length - 4, ".lua", 4) != 0)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!text[i] || strchr(never, text[i]))
			return false;
	return true;
}

/* ---- saying what is wrong ---- */

/* The line of a source, from a column, or from its first character that is not blank (0). */
static bool mark_line(const struct sources *s, size_t source, uint32_t line, uint32_t column, struct mark *at,
		      uint32_t *characters)
{
	struct mark found = { line, 1, (uint16_t)source };
	size_t length, blank = 0;
	const char *text = sources_line(s, found, &length);

	if (!text)
		return false;
	while (blank < length && (text[blank] == ' ' || text[blank] == '\t'))
		blank++;
	*characters = length > blank && length - blank < UINT16_MAX ? (uint32_t)utf8_count(text + blank, length - blank) : 1;
	found.column = blank + 1 < UINT16_MAX ? (uint16_t)(blank + 1) : UINT16_MAX;
	if (column > found.column && column - found.column < *characters) {
		*characters -= column - found.column;
		found.column = (uint16_t)column;
	}
	*at = found;
	return true;
}

/* The place that an error names; characters 0: that is the node's, whose length is found out later. */
static struct mark place_of(const struct diagnostics *d, const struct lua_text *text, const pipe_error *err, uint32_t *characters)
{
	struct mark at = text->at;

	*characters = 0;
	if (!err->line || !err->file[0] || (!text->path && err->line == at.line && !strcmp(err->file, text->name)))
		return at;
	for (size_t i = d->sources->list.count; i-- > 0;) {
		const struct source *s = &d->sources->list.items[i];
		if (!strcmp(s->name, err->file) &&
		    mark_line(d->sources, i, err->line, text->path ? err->column : 0, &at, characters))
			break;
	}
	return at;
}

/* What brought a file is shown with each diagnostic in it. */
static bool is_shown(const struct diagnostics *d, struct mark at, struct mark named)
{
	struct mark brought = d->sources->list.items[at.source].included;

	return brought.line == named.line && brought.column == named.column && brought.source == named.source;
}

void lua_code_complain(struct diagnostics *d, const struct lua_text *text, const char *code, const char *what,
		       const pipe_error *err)
{
	uint32_t characters;
	struct mark at = place_of(d, text, err, &characters);

	if (err->line && err->file[0] && !characters && (err->line != at.line || strcmp(err->file, text->name) != 0))
		diag_error(d, at, code, "%s%s (%s:%u)", what, err->text, err->file, (unsigned)err->line);
	else
		diag_error(d, at, code, "%s%s", what, err->text);
	if (characters)
		diag_span(d, characters);
	if (characters && at.source != text->at.source && !is_shown(d, at, text->at))
		diag_related(d, text->at, "it is named here");
}

bool lua_code_check(struct lua_reader *r, const struct lua_text *code, enum lua_use use)
{
	const struct world_lua *lua = r->world ? r->world->lua : NULL;
	pipe_error err = { .code = PIPE_OK };
	int rc = lua ? lua->check(lua->context, code, use == LUA_CONDITION, &err) : PIPE_OK;

	if (rc == PIPE_ENOMEM)
		r->d->nomem = true;
	else if (rc == PIPE_EPIPELINE)
		lua_code_complain(r->d, code, "lua-syntax", "", &err);
	else if (rc)
		diag_error(r->d, code->at, "lua-missing", "Lua cannot be used here: %s", err.text);
	return rc == PIPE_OK;
}

/* ---- files ---- */

/* Where the reference does not lead out of the project, "./a.lua" and "a.lua" are one file. */
static const char *plain_path(const char *path)
{
	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	return path + strspn(path, "/");
}

static bool add_source(struct lua_reader *r, const char *name, const struct include_reply *reply, struct mark at,
		       const struct include_origin *origin)
{
	struct source source = { .name = name,
				 .text = reply->text,
				 .length = reply->length,
				 .included = at,
				 .origin = reply->origin ? reply->origin : origin };

	if (sources_add(r->d->sources, r->d->arena, source) >= 0)
		return true;
	diag_error(r->d, at, "include-limit", "the pipeline has too many files");
	return false;
}

/* The nearest of the directory's Lua files. */
static void hint_path(struct lua_reader *r, const char *path, const struct include_origin *origin)
{
	const char *slash = strrchr(path, '/');
	enum { NAMES_MOST = 1000 };
	char *glob = arena_printf(r->d->arena, "%.*s*.lua", slash ? (int)(slash + 1 - path) : 0, path);
	pipe_error err = { .code = PIPE_OK };
	path_list paths = { NULL, 0, 0 };
	struct suggest s;

	suggest_init(&s, path);
	if (glob && r->world && r->world->match && !strpbrk(path, "*?[{\\") &&
	    r->world->match(r->world->context, origin, glob, &paths, r->d->arena, &err) == PIPE_OK)
		for (uint32_t i = 0; i < paths.count && i < NAMES_MOST; i++)
			suggest_offer(&s, paths.items[i]);
	if (s.best)
		diag_hint(r->d, "did you mean \"%s\"?", s.best);
	else
		diag_hint(r->d, "its path is written from the root of the project");
}

/* Asks the world for it. */
static void fetch(struct lua_reader *r, struct lua_file *f, const char *path, struct mark at, const struct include_origin *origin)
{
	uint64_t most = r->bytes_left < LUA_FILE_MOST ? r->bytes_left : LUA_FILE_MOST;
	struct include_request q = {
		.kind = INCLUDE_LOCAL, .location = path, .from = origin, .max_bytes = most, .timeout_ms = r->timeout_ms
	};
	struct include_reply reply = { .name = NULL };
	pipe_error err = { .code = PIPE_OK };
	int rc = r->world && r->world->read ? r->world->read(r->world->context, &q, &reply, r->d->arena, &err) : PIPE_ENOTFOUND;

	if (rc == PIPE_ENOMEM) {
		r->d->nomem = true;
		return;
	}
	if (rc) {
		diag_error(r->d, at, rc == PIPE_ELIMIT ? "lua-limit" : "lua-file", "the Lua file \"%s\" cannot be read: %s", path,
			   err.text[0] ? err.text : pipe_code_text(rc));
		if (rc == PIPE_ENOTFOUND)
			hint_path(r, path, origin);
		return;
	}
	r->bytes_left -= reply.length < r->bytes_left ? reply.length : r->bytes_left;
	f->name = reply.name ? reply.name : path;
	f->length = reply.length;
	if (add_source(r, f->name, &reply, at, origin))
		f->text = reply.text;
}

static const struct include_origin *origin_of(const struct lua_reader *r, struct mark at)
{
	const struct sources *s = r->d->sources;

	return at.source < s->list.count ? s->list.items[at.source].origin : NULL;
}

const char *lua_code_key(struct lua_reader *r, const struct node *n)
{
	const struct include_origin *origin = origin_of(r, n->at);

	return arena_printf(r->d->arena, "%s\n%s\n%s", origin && origin->project ? origin->project : "",
			    origin && origin->ref ? origin->ref : "", plain_path(n->text));
}

static struct lua_file *find_file(struct lua_reader *r, const struct node *n)
{
	const char *key = lua_code_key(r, n);
	struct lua_file *f = key ? map_get(&r->files, key, strlen(key)) : NULL;

	if (f)
		return f;
	f = key ? ARENA_NEW(r->d->arena, struct lua_file) : NULL;
	if (!f || !map_put(&r->files, r->d->arena, key, strlen(key), f)) {
		r->d->nomem = true;
		return NULL;
	}
	fetch(r, f, plain_path(n->text), n->at, origin_of(r, n->at));
	return f;
}

bool lua_code_file(struct lua_reader *r, const struct node *n, enum lua_use use, struct lua_text *out)
{
	struct lua_file *f = find_file(r, n);

	if (!f || !f->text)
		return false;
	*out = (struct lua_text){ .at = n->at, .path = f->name, .text = f->text, .length = f->length, .name = f->name };
	if (!f->checked[use])
		f->wrong[use] = !lua_code_check(r, out, use);
	f->checked[use] = true;
	return !f->wrong[use];
}

/* ---- texts ---- */

/* `[[` of a long text in a Lua file, and nothing behind it: the text begins on the next line. */
static bool opens_long(struct lua_reader *r, struct mark at)
{
	size_t length = 0, i = at.column;
	const char *line = sources_line_from(r->d->sources, &r->cursor, at, &length);

	if (!line || !at.column || i > length || line[i - 1] != '[')
		return false;
	while (i < length && line[i] == '=')
		i++;
	return i + 1 == length && line[i] == '[';
}

/* Lines of the file in front of the text's first. */
static uint32_t lines_before(struct lua_reader *r, const struct node *n)
{
	const char *name = sources_name(r->d->sources, n->at);

	if (!n->at.line || n->style == STYLE_BLOCK || (lua_code_is_path(name, strlen(name)) && opens_long(r, n->at)))
		return n->at.line;
	return n->at.line - 1;
}

static bool take_text(struct lua_reader *r, const struct node *n, enum lua_use use, struct lua_text *out)
{
	*out = (struct lua_text){ .at = n->at,
				  .text = n->text,
				  .length = n->count,
				  .name = sources_name(r->d->sources, n->at),
				  .line = lines_before(r, n) };
	return lua_code_check(r, out, use);
}

static bool is_usable(const struct node *n)
{
	return n && n->kind == NODE_SCALAR && n->tag != TAG_REFERENCE && n->tag != TAG_LOST && node_type(n) == SCALAR_TEXT;
}

bool lua_code_read(struct lua_reader *r, const struct node *n, enum lua_use use, struct lua_text *out)
{
	const struct node *file = NULL;

	if (n->kind == NODE_MAP) {
		file = node_get(n, "file");
		n = node_get(n, "lua");
		if (is_usable(file) && is_usable(n)) /* which was reported */
			return false;
	} else if (is_usable(n) && lua_code_is_path(n->text, n->count)) {
		file = n;
	}
	if (is_usable(file))
		return lua_code_file(r, file, use, out);
	return is_usable(n) && take_text(r, n, use, out);
}
