/*
 * pipe_lua_check: what is wrong with Lua files, and with the Lua in the pipeline file, as diagnostics with places.  Lua's own compiler judges
 * the syntax; lua/syntax/ the rest.
 */
#include "base/error.h"
#include "lua/syntax/syntax.h"
#include "runner/history/project.h"
#include "runner/lua/modules.h"
#include "runner/lua/pipe_lua_files.h"
#include "runner/plan/planning.h"

#include <string.h>

struct checking {
	struct lua_files files;
	struct lua_engine *engine;
	pipe_plan *plan; /* NULL: only files were asked for, or there is no pipeline file */
	struct arena arena;
	struct sources own;
	struct diagnostics d;
	struct map seen; /* texts of the pipeline file, by their addresses */
	pipe_lua_check_result *result;
};

/* A piece of Lua that is looked at, and where it stands. */
struct piece {
	struct checking *c;
	struct lua_source source;
	uint16_t file;	/* index of the sources */
	bool inside;	/* of a YAML file: its lines may be indented there */
	uint32_t shift; /* characters that were put in front of its first line */
};

/* ---- places ---- */

/* A line of the piece. */
static const char *line_of(const struct piece *p, uint32_t line, size_t *length)
{
	const char *at = p->source.text, *end = at + p->source.length, *next;

	for (; line > 1 && at; line--) {
		next = memchr(at, '\n', (size_t)(end - at));
		at = next ? next + 1 : NULL;
	}
	if (!at)
		return NULL;
	next = memchr(at, '\n', (size_t)(end - at));
	*length = (size_t)((next ? next : end) - at);
	return at;
}

/* How far to the right a line of the piece stands in its file: that ends with it. */
static uint32_t indentation(const struct piece *p, struct mark at, uint32_t line)
{
	size_t length, own;
	const char *text = sources_line(p->c->d.sources, at, &length), *mine = line_of(p, line, &own);

	if (!p->inside || !text || !mine)
		return 0;
	for (size_t shift = 0; shift + own <= length; shift++)
		if (!memcmp(text + shift, mine, own))
			return (uint32_t)shift;
	return 0;
}

static struct mark place(const struct piece *p, uint32_t line, uint32_t column)
{
	struct mark at = { p->source.line + (line ? line : 1), 1, p->file };
	const uint32_t shift = line == 1 && column > p->shift ? p->shift : 0;
	const uint32_t x = (column ? column : 1) - shift + indentation(p, at, line ? line : 1);

	at.column = x < UINT16_MAX ? (uint16_t)x : UINT16_MAX;
	return at;
}

/* The first character of a line that is no blank: where Lua itself gives no column. */
static uint32_t first_column(const struct piece *p, uint32_t line)
{
	size_t length = 0;
	const char *text = line_of(p, line, &length);
	uint32_t column = 1;

	for (size_t i = 0; text && i < length && (text[i] == ' ' || text[i] == '\t'); i++)
		column++;
	return column;
}

/* ---- one piece ---- */

static int on_complaint(void *payload, const struct syntax_complaint *one)
{
	struct piece *p = payload;
	struct diagnostics *d = &p->c->d;

	diag_error(d, place(p, one->line, one->column), one->code, "%s", one->message);
	diag_span(d, one->length);
	if (one->hint)
		diag_hint(d, "%s", one->hint);
	return 0;
}

static bool is_test(const char *name)
{
	static const char suffix[] = "_test.lua";
	const size_t length = strlen(name);

	return length >= sizeof(suffix) - 1 && !strcmp(name + length - (sizeof(suffix) - 1), suffix);
}

/* A condition is an expression: it is looked at as what would be returned. */
static int parse(struct piece *p, struct syntax_tree **out, pipe_error *err)
{
	static const char in_front[] = "return ";
	struct arena *a = &p->c->arena;
	const char *text;
	int rc;

	if (p->source.expression) {
		text = arena_printf(a, "%s%s", in_front, p->source.text);
		if (!text)
			return error_nomem(err);
		rc = syntax_parse(out, a, text, strlen(text), err);
		if (!rc)
			p->shift = sizeof(in_front) - 1;
		if (!rc || rc == PIPE_ENOMEM)
			return rc;
	}
	return syntax_parse(out, a, p->source.text, p->source.length, err);
}

static int check_piece(struct piece *p, pipe_error *err)
{
	struct syntax_tree *tree;
	pipe_error wrong = { 0 };
	int rc = lua_engine_check(p->c->engine, &p->source, &wrong);

	if (rc == PIPE_EPIPELINE) {
		const uint32_t line = wrong.line > p->source.line ? wrong.line - p->source.line : 1;

		diag_error(&p->c->d, place(p, line, first_column(p, line)), "lua-syntax", "%s", wrong.text);
		return PIPE_OK;
	}
	if (!rc)
		rc = parse(p, &tree, &wrong);
	if (!rc)
		rc = syntax_check(tree, &p->c->arena, is_test(p->source.name), on_complaint, p, &wrong);
	if (rc && err)
		*err = wrong;
	return rc;
}

/* ---- files ---- */

static int check_file(struct checking *c, const char *path, pipe_error *err)
{
	const struct lua_source *source;
	struct piece p = { .c = c };
	int rc = lua_files_source(&c->files, path, &source, err), file;

	if (rc)
		return rc;
	file = sources_add(c->d.sources, &c->arena,
			   (struct source){ .name = source->name, .text = source->text, .length = source->length });
	if (file < 0)
		return error_nomem(err);
	p.source = *source;
	p.file = (uint16_t)file;
	c->result->files++;
	return check_piece(&p, err);
}

/* ---- the pipeline file ---- */

/* What was said of Lua when it was read. */
static void copy_diagnostics(struct checking *c)
{
	const struct diagnostics *from = &c->plan->diagnostics;

	for (uint32_t i = 0; i < from->list.count; i++)
		if (!strncmp(from->list.items[i].code, "lua-", 4))
			diag_copy(&c->d, &from->list.items[i]);
}

static bool was_told(const struct checking *c, const struct lua_text *code)
{
	const struct diagnostics *d = &c->plan->diagnostics;

	for (uint32_t i = 0; i < d->list.count; i++)
		if (!strcmp(d->list.items[i].code, "lua-syntax") && d->list.items[i].at.source == code->at.source &&
		    d->list.items[i].at.line >= code->at.line)
			return true;
	return false;
}

static int check_inline(struct checking *c, const struct lua_text *code, bool condition, pipe_error *err)
{
	struct piece p = { .c = c, .file = code->at.source, .inside = true };
	const char **seen;
	pipe_error wrong = { 0 };

	if (code->path || !code->text || map_get(&c->seen, (const char *)&code->text, sizeof(code->text)))
		return PIPE_OK; /* a file is looked at as such; what jobs inherit, once */
	seen = ARENA_NEW(&c->arena, const char *);
	if (!seen)
		return error_nomem(err);
	*seen = code->text;
	if (!map_put(&c->seen, &c->arena, (const char *)seen, sizeof(*seen), c))
		return error_nomem(err);
	p.source = (struct lua_source){
		.name = code->name, .text = code->text, .length = code->length, .line = code->line, .expression = condition
	};
	/* One that does not compile is told of already. */
	if (lua_engine_check(c->engine, &p.source, &wrong) == PIPE_EPIPELINE && was_told(c, code))
		return PIPE_OK;
	return check_piece(&p, err);
}

static int check_hooks(struct checking *c, const struct hooks *hooks, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; hooks && i < hooks->list.count && !rc; i++)
		rc = check_inline(c, &hooks->list.items[i].code, false, err);
	return rc;
}

static int check_rules(struct checking *c, const struct rules *rules, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; rules && i < rules->list.count && !rc; i++)
		if (rules->list.items[i].lua)
			rc = check_inline(c, rules->list.items[i].lua, true, err);
	return rc;
}

static int check_pipeline(struct checking *c, pipe_error *err)
{
	const struct pipeline *p = c->plan ? c->plan->pipeline : NULL;
	int rc = PIPE_OK;

	if (c->plan)
		copy_diagnostics(c);
	if (!p)
		return PIPE_OK;
	rc = check_hooks(c, p->hooks, err);
	if (!rc)
		rc = check_rules(c, p->workflow.rules, err);
	for (uint32_t i = 0; i < p->jobs.count && !rc; i++) {
		rc = check_hooks(c, p->jobs.items[i].settings->hooks, err);
		if (!rc)
			rc = check_rules(c, p->jobs.items[i].rules, err);
	}
	for (uint32_t i = 0; i < p->lua_texts.list.count && !rc; i++)
		rc = check_inline(c, p->lua_texts.list.items[i].code, true, err);
	return rc;
}

/* ---- all of it ---- */

static int load_plan(struct checking *c, pipe_project *project, const char *file, pipe_error *err)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	int rc;

	o.file = file;
	o.offline = 1;
	if (!file && planning_find_file(project, &c->arena, &o.file, NULL))
		return PIPE_OK;
	rc = pipe_plan_load(&c->plan, project, &o, err);
	return rc == PIPE_EPIPELINE ? PIPE_OK : rc;
}

static int prepare(struct checking *c, pipe_project *project, const pipe_lua_check_options *o, pipe_error *err)
{
	const struct lua_engine_options engine = { .modules = { modules_find, &c->files.root } };
	int rc = lua_files_open(&c->files, project, err);

	if (!rc)
		rc = lua_files_find(&c->files, o->files, ".lua", err);
	if (!rc)
		rc = lua_engine_create(&c->engine, &engine, err);
	if (!rc && !o->files)
		rc = load_plan(c, project, o->pipeline, err);
	diagnostics_init(&c->d, &c->arena, c->plan ? &c->plan->sources : &c->own);
	return rc;
}

static int show(struct checking *c, const pipe_lua_check_options *o, pipe_write_cb write, void *payload, pipe_error *err)
{
	struct str out;
	int rc = PIPE_OK;

	str_init(&out);
	diagnostics_sort(&c->d);
	if (o->view == PIPE_VIEW_DIAGNOSTICS_JSON)
		diagnostics_json(&c->d, &out);
	else if (o->view == PIPE_VIEW_DIAGNOSTICS_SARIF)
		diagnostics_sarif(&c->d, &out);
	else
		diagnostics_text(&c->d, &out, o->colour);
	if (c->d.nomem || out.failed)
		rc = error_nomem(err);
	else if (write(payload, out.data, out.length))
		rc = error_set(err, PIPE_EIO, "what is wrong could not be written");
	str_clear(&out);
	c->result->errors = c->d.errors;
	c->result->warnings = c->d.warnings;
	return rc;
}

int pipe_lua_check(pipe_project *project, const pipe_lua_check_options *opts, pipe_write_cb write, void *payload,
		   pipe_lua_check_result *result, pipe_error *err)
{
	static const pipe_lua_check_options defaults = PIPE_LUA_CHECK_OPTIONS_INIT;
	const pipe_lua_check_options *o = opts ? opts : &defaults;
	pipe_lua_check_result own = { 0 };
	struct checking c = { .files = { .root = -1 }, .result = result ? result : &own };
	int rc;

	if (o->version != PIPE_LUA_CHECK_OPTIONS_VERSION)
		return error_version(err, "pipe_lua_check_options", o->version, PIPE_LUA_CHECK_OPTIONS_VERSION);
	memset(c.result, 0, sizeof(*c.result));
	rc = prepare(&c, project, o, err);
	for (uint32_t i = 0; i < c.files.paths.count && !rc; i++)
		rc = check_file(&c, c.files.paths.items[i], err);
	if (!rc)
		rc = check_pipeline(&c, err);
	if (!rc)
		rc = show(&c, o, write, payload, err);
	lua_engine_free(c.engine);
	pipe_plan_free(c.plan);
	lua_files_close(&c.files);
	arena_clear(&c.arena);
	return rc;
}
