/*
 * Running a dynamic pipeline: the script ends, what it returned is taken over with its places, then it becomes nodes.  Everything that
 * goes wrong on the way is a diagnostic with its line in the Lua file.
 */
#include "lua/pipeline/pipeline.h"

#include "base/utf8.h"
#include "lua/guest.h"
#include "lua/pipeline/nodes.h"

#include <stdlib.h>
#include <string.h>

struct loading {
	const struct lua_pipeline_options *options;
	struct diagnostics *d;
	struct arena scratch;
	struct syntax_tree *tree; /* NULL: it is too large for that, or no Lua */
	pipe_error syntax;	  /* why */
};

enum { CALLS_SHOWN = 5 };

/* ---- places of errors ---- */

/* The first character of a line that is no blank. */
static struct mark mark_of_line(const struct loading *x, uint32_t line)
{
	struct mark at = { line ? line : 1, 1, x->options->file };
	size_t length = 0;
	const char *text = sources_line(x->d->sources, at, &length);

	for (size_t i = 0; text && i < length && (text[i] == ' ' || text[i] == '\t') && at.column < UINT16_MAX; i++)
		at.column++;
	return at;
}

/* From the mark to the end of its line: a statement. */
static void span_line(const struct loading *x, struct mark at)
{
	size_t length = 0;
	const char *text = sources_line(x->d->sources, at, &length);

	if (!text || length < at.column)
		return;
	text += at.column - 1;
	length -= at.column - 1u;
	while (length && strchr(" \t\r", text[length - 1]))
		length--;
	diag_span(x->d, (uint32_t)utf8_count(text, length));
}

/* "FILE:LINE: ..." of this file; 0: it is of another one. */
static uint32_t line_of_call(const struct loading *x, const char *call, size_t length)
{
	const char *name = x->options->source->name;
	size_t named = strlen(name);

	call += strspn(call, " \t");
	if (length <= named + 1 || strncmp(call, name, named) != 0 || call[named] != ':')
		return 0;
	return (uint32_t)strtoul(call + named + 1, NULL, 10);
}

/* The innermost line of this file, where the error itself is in another one; then from where that was called. */
static uint32_t first_line(const struct loading *x, const struct lua_outcome *o)
{
	if (o->file && !strcmp(o->file, x->options->source->name))
		return o->line;
	for (const char *call = o->traceback; call && *call; call += strcspn(call, "\n"), call += *call == '\n') {
		uint32_t line = line_of_call(x, call, strcspn(call, "\n"));

		if (line)
			return line;
	}
	return 0;
}

static void relate_calls(const struct loading *x, const struct lua_outcome *o, uint32_t line)
{
	int shown = 0;

	for (const char *call = o->traceback; call && *call && shown < CALLS_SHOWN;
	     call += strcspn(call, "\n"), call += *call == '\n') {
		uint32_t from = line_of_call(x, call, strcspn(call, "\n"));

		if (!from || from == line)
			continue;
		diag_related(x->d, mark_of_line(x, from), "called from here");
		line = from;
		shown++;
	}
}

static void report_outcome(const struct loading *x, const struct lua_outcome *o)
{
	uint32_t line = first_line(x, o);
	struct mark at = mark_of_line(x, line);
	const char *reason = o->reason ? o->reason : "the script failed";

	if (o->file && strcmp(o->file, x->options->source->name) != 0)
		diag_error(x->d, at, "lua-error", "%s:%u: %s", o->file, o->line, reason);
	else
		diag_error(x->d, at, "lua-error", "%s", reason);
	span_line(x, at);
	relate_calls(x, o, line);
}

/* Lua's compiler knows the line; where our own reading stops on that line, too, it knows the column. */
static void report_syntax(const struct loading *x, const pipe_error *err)
{
	const struct lua_source *source = x->options->source;
	bool same = x->syntax.code == PIPE_EPIPELINE && x->syntax.line + source->line == err->line;
	struct mark at = mark_of_line(x, err->line);

	if (same && x->syntax.column)
		at.column = x->syntax.column < UINT16_MAX ? (uint16_t)x->syntax.column : UINT16_MAX;
	diag_error(x->d, at, "lua-syntax", "%s", same ? x->syntax.text : err->text);
}

static void report_failure(const struct loading *x, const pipe_error *err)
{
	if (err->code == PIPE_ENOMEM)
		x->d->nomem = true;
	else
		diag_error(x->d, mark_of_line(x, err->line), "lua-error", "%s", err->text);
}

/* What pipe.warn said. */
static void report_warnings(const struct loading *x, const char *said, size_t length)
{
	static const char prefix[] = "warning: ";

	for (const char *end = said + length; said < end;) {
		const char *newline = memchr(said, '\n', (size_t)(end - said));
		size_t line = (size_t)((newline ? newline : end) - said);

		if (line > strlen(prefix) && !strncmp(said, prefix, strlen(prefix)))
			diag_warning(x->d, mark_of_line(x, 1), "lua-warning", "%.*s",
				     (int)(line - strlen(prefix) > 500 ? 500 : line - strlen(prefix)), said + strlen(prefix));
		said += line + (newline != NULL);
	}
}

/* ---- what it returned ---- */

/* Too much for the budget: taking it over is a part of the call. */
static void report_budget(const struct loading *x, const struct lua_call *call)
{
	struct str words;

	if (!call->guest->budget.breach || call->guest->budget.starved) {
		x->d->nomem = true;
		return;
	}
	str_init(&words);
	budget_words(&call->guest->budget, &words);
	diag_error(x->d, mark_of_line(x, x->options->source->line + 1), "lua-error", "what the file returns is too much: %s",
		   words.data);
	str_clear(&words);
}

static struct node *convert(struct loading *x, struct lua_call *call, struct pipeline_places *places, struct arena *a)
{
	struct pipeline_nodes b = { .options = x->options, .tree = x->tree, .a = a, .scratch = &x->scratch, .d = x->d };
	struct node *root;

	b.whole = mark_of_line(x, x->options->source->line + 1);
	if (!pipeline_places_keep(call, places)) {
		report_budget(x, call);
		return NULL;
	}
	if (places->nomem) {
		x->d->nomem = true;
		return NULL;
	}
	if (!places->root) {
		diag_error(x->d, b.whole, "lua-value", "the file returns nothing");
		diag_hint(x->d, "it ends in \"return { ... }\", the pipeline as a table");
		return NULL;
	}
	root = pipeline_nodes_make(&b, places->root);
	if (root && root->kind == NODE_MAP) {
		root->flags |= NODE_SAYS_EXTENDS;
		return root;
	}
	if (root) {
		diag_error(x->d, root->at, "lua-value", "the file returns %s, and a pipeline is a table with names",
			   node_describe(root));
		diag_hint(x->d, "return { build = { script = { \"make\" } } }");
	}
	return NULL;
}

static struct node *run(struct loading *x, struct arena *a)
{
	const struct lua_pipeline_options *o = x->options;
	struct pipeline_places places = { .texts = a };
	struct lua_call_options options = { .engine = o->engine,
					    .source = o->source,
					    .context = o->context,
					    .host = o->host,
					    .grants = o->grants,
					    .limits = o->limits,
					    .no_waits = "a pipeline's file cannot wait",
					    .places = true,
					    .globals = pipeline_places_install };
	const struct lua_outcome *outcome = NULL;
	struct lua_call *call = NULL;
	struct node *root = NULL;
	pipe_error err = { 0 };
	size_t length = 0;
	const char *said;

	if (lua_call_run(&call, &options, &outcome, &err)) {
		report_failure(x, &err);
	} else {
		said = lua_call_said(call, &length);
		report_warnings(x, said, length);
		if (outcome->end == LUA_DONE)
			root = convert(x, call, &places, a);
		else
			report_outcome(x, outcome);
	}
	lua_call_free(call);
	arena_clear(&places.scratch);
	return root;
}

struct node *lua_pipeline_load(const struct lua_pipeline_options *options, struct arena *a, struct diagnostics *d)
{
	struct loading x = { .options = options, .d = d };
	const struct lua_source *source = options->source;
	struct node *root = NULL;
	pipe_error err = { 0 };
	int code = syntax_parse(&x.tree, &x.scratch, source->text, source->length, &x.syntax);

	if (code == PIPE_ENOMEM)
		d->nomem = true;
	else if (lua_engine_check(options->engine, source, &err))
		err.code == PIPE_EPIPELINE ? report_syntax(&x, &err) : report_failure(&x, &err);
	else
		root = run(&x, a);
	arena_clear(&x.scratch);
	return root;
}
