/*
 * From a file's text to one merged map: parse, split off the header, put in the inputs, bring in what it includes, merge.  Included
 * files come in order, later ones over earlier ones, and the file itself over all of them.
 *
 * Nothing stops at the first error: a file that cannot be had or understood leaves a gap (loading.incomplete), and what is looked
 * for in vain later on is then not reported a second time.
 */
#include "pipeline/compose/include.h"

#include "pipeline/compose/interpolate.h"
#include "pipeline/decode/decode.h"
#include "pipeline/document/root.h"
#include <string.h>

static struct node *gap(struct loading *l)
{
	l->incomplete = true;
	return NULL;
}

static struct node *nomem(struct loading *l)
{
	l->d->nomem = true;
	return NULL;
}

/* ---- text -> documents ---- */

/* Registers the text; its index, or -1. */
static int add_source(struct loading *l, const struct include_file *f)
{
	const struct include_reply *r = &f->reply;
	struct source source = { .name = r->name, .text = r->text, .length = r->length, .included = f->at, .origin = r->origin };
	int index = sources_add(l->d->sources, l->arena, source);

	if (index < 0)
		l->d->nomem = true;
	return index;
}

/* What is looked for begins with a character that is seldom seen: this is much faster than memmem. */
static bool contains(const struct include_reply *r, const char *what)
{
	const char *p = r->text, *end = p + r->length;
	size_t length = strlen(what);

	for (; (p = memchr(p, what[0], (size_t)(end - p))); p++)
		if ((size_t)(end - p) >= length && !memcmp(p, what, length))
			return true;
	return false;
}

static bool is_small_enough(struct loading *l, const struct include_file *f, struct mark start)
{
	uint64_t most = l->options->limits.file_bytes;

	if (f->reply.length <= most)
		return loading_bytes(l, f->up ? f->at : start, f->reply.length);
	diag_error(l->d, f->up ? f->at : start, "file-limit", "\"%s\" is larger than %llu bytes", f->reply.name,
		   (unsigned long long)most);
	return false;
}

static bool is_header(const struct node *n)
{
	return n->kind == NODE_MAP && node_pair(n, "spec");
}

/* Which document is what; n of them were read. */
static bool sort_documents(struct loading *l, struct node **docs, int n, struct include_documents *out)
{
	int content = 0;

	if (n > 0 && is_header(docs[0])) {
		out->header = docs[0];
		content = 1;
	}
	if (n == 1 && content && docs[0]->count > 1) {
		diag_error(l->d, node_pair(docs[0], "spec")->key->at, "spec-header",
			   "\"spec\" stands in a header of its own, in front of the rest of the file");
		diag_hint(l->d, "end the header with a line ---");
		return false;
	}
	if (n > content && !node_is_null(docs[content]))
		out->content = docs[content];
	for (int i = content + 1; i < n; i++) {
		if (node_is_null(docs[i]))
			continue;
		diag_error(l->d, docs[i]->at, "documents",
			   "a pipeline file is one document, with a header in front of it at most");
		diag_hint(l->d, "take the line --- away, or begin the file with \"spec:\"");
		return false;
	}
	return true;
}

bool include_parse(struct loading *l, struct include_file *f, struct include_documents *out)
{
	struct node *docs[3] = { NULL, NULL, NULL };
	int source = add_source(l, f), n;

	if (source < 0)
		return false;
	out->start = (struct mark){ 1, 1, (uint16_t)source };
	if (!is_small_enough(l, f, out->start))
		return false;
	if (f->lua) {
		l->extends = true; /* a key may be made by it */
		out->content = include_lua(l, f, (uint16_t)source);
		return out->content != NULL;
	}
	l->references |= contains(&f->reply, "!reference") || contains(&f->reply, "%TAG");
	n = document_parse(docs, 3, l->arena, (uint16_t)source, &l->options->limits, l->d);
	for (int i = 0; i < n; i++)
		l->extends |= docs[i]->flags & NODE_SAYS_EXTENDS;
	return n >= 0 && sort_documents(l, docs, n, out);
}

/* ---- inputs ---- */

/* The content with its inputs; NULL: something about them is wrong, and was reported. */
static struct node *put_inputs(struct loading *l, struct include_file *f, const struct include_documents *docs)
{
	bool blocks = !f->lua && contains(&f->reply, "$[["), wrong = false;
	struct node *content = docs->content;
	struct inputs in;

	f->giver.reply = &f->reply;
	if (!inputs_bind(&in, l, docs->header, &f->giver))
		return NULL;
	if (!blocks)
		return content;
	if (!docs->header) {
		interpolate_warn(l, content);
		return content;
	}
	l->extends = true; /* a key may be made from inputs */
	content = interpolate(&in, content, &wrong);
	return wrong ? NULL : content;
}

/* ---- includes ---- */

struct including {
	struct loading *l;
	struct include_file *file;
	struct node *merged; /* what the included files give together; NULL: nothing yet */
	struct variables globals;
	struct scope paths; /* for paths: with the file's own global variables */
	struct scope rules; /* for rules: without them */
};

static bool merge_found(void *context, struct include_file *f)
{
	struct including *x = context;
	struct node *content = include_content(x->l, f);

	if (!content)
		return false;
	if (x->merged && !loading_nodes(x->l, f->at, (uint64_t)x->merged->count + content->count))
		return false;
	x->merged = x->merged ? node_merge(x->l->arena, x->merged, content) : content;
	return x->merged || nomem(x->l);
}

/* Paths may use the global variables that stand in the same file. */
static bool collect_globals(struct including *x, const struct node *content)
{
	const struct node *all = node_get(content, "variables");

	for (uint32_t i = 0; all && all->kind == NODE_MAP && i < all->count; i++) {
		const struct pair *p = &all->pairs[i];
		const struct node *value = p->value->kind == NODE_MAP ? node_get(p->value, "value") : p->value;
		struct variable v = { .name = p->key->text, .at = p->key->at };

		if (!value || value->kind != NODE_SCALAR || value->tag == TAG_REFERENCE)
			continue;
		v.value = node_value(value, x->l->arena);
		if (!v.value || !variables_set(&x->globals, x->l->arena, v))
			return false;
	}
	return true;
}

static void make_scopes(struct including *x)
{
	const struct scope *given = x->l->options->variables;

	if (given)
		x->rules = *given;
	scope_push(&x->paths, &x->globals);
	for (unsigned i = 0; i < x->rules.count && x->paths.count < SCOPE_LAYERS; i++)
		scope_push(&x->paths, x->rules.layers[i]);
	x->paths.unset = x->rules.unset;
}

static void include_one(struct including *x, const struct node *n)
{
	struct include_item item;
	int wanted;

	if (node_is_null(n))
		return;
	if (!include_item_parse(&item, x->l, n, &x->paths)) {
		gap(x->l);
		return;
	}
	wanted = include_rules(x->l, item.rules, x->file->reply.origin, &x->rules);
	if (wanted < 0)
		gap(x->l);
	if (wanted > 0)
		include_fetch(x->l, x->file, &item, &x->paths, merge_found, x);
}

/* Variables are only looked at when an include can use them: most files have thousands of other things and no `$` there. */
static bool include_all(struct including *x, const struct node *content, const struct node *include)
{
	bool list = include->kind == NODE_LIST && !include->tag;

	if (!x->l->options->world) {
		diag_error(x->l->d, include->at, "include-failed", "nothing can be included here");
		return !gap(x->l);
	}
	if (!collect_globals(x, content))
		return nomem(x->l) != NULL;
	make_scopes(x);
	for (uint32_t i = 0; i < (list ? include->count : 1); i++)
		include_one(x, list ? include->items[i] : include);
	return true;
}

/* What the pipeline file itself says of Lua holds for the scripts among what it includes. */
static bool settle_lua(struct loading *l, const struct include_file *f, const struct node *content)
{
	const struct world_lua *lua = l->options->world ? l->options->world->lua : NULL;
	const struct lua_settings *settings;

	if (f->up || !lua)
		return true;
	if (decode_lua_early(&settings, l->arena, node_get(content, "lua"), &l->options->lua_most))
		return false;
	if (settings)
		lua->settle(lua->context, settings);
	return true;
}

/* The content over what it includes. */
static struct node *put_includes(struct loading *l, struct include_file *f, struct node *content)
{
	struct including x = { .l = l, .file = f };
	const struct node *include = node_get(content, "include");

	if (!include)
		return content;
	if (!settle_lua(l, f, content))
		return nomem(l);
	if (!include_all(&x, content, include))
		return NULL;
	content = root_without(l->arena, content, "include");
	if (content && x.merged) {
		if (!loading_nodes(l, include->at, (uint64_t)x.merged->count + content->count))
			return NULL;
		content = node_merge(l->arena, x.merged, content);
	}
	return content ? content : nomem(l);
}

/* ---- one file ---- */

static struct node *no_content(struct loading *l, const struct include_file *f, struct mark start)
{
	if (!f->up)
		return node_map(l->arena, start, 0);
	diag_error(l->d, f->at, "include-empty", "there is nothing in \"%s\"", f->reply.name);
	return NULL;
}

struct node *include_content(struct loading *l, struct include_file *f)
{
	struct include_documents docs = { NULL, NULL, MARK_NONE };
	struct node *content = NULL;

	if (!include_parse(l, f, &docs))
		return gap(l);
	if (!docs.content && !docs.header)
		docs.content = no_content(l, f, docs.start);
	else if (!docs.content)
		docs.content = node_map(l->arena, docs.start, 0);
	if (!docs.content)
		return gap(l);
	if (docs.content->kind != NODE_MAP || docs.content->tag) {
		diag_error(l->d, docs.content->at, "file-shape", "a pipeline file is a map of jobs and keywords, this is %s",
			   docs.content->tag ? "tagged" : node_describe(docs.content));
		return gap(l);
	}
	if (spec_include(l, f, &docs.header))
		content = put_inputs(l, f, &docs);
	if (content)
		content = put_includes(l, f, content);
	return content ? content : gap(l);
}

/* ---- the pipeline file itself ---- */

static int read_entry(struct loading *l, struct include_file *f)
{
	const struct load_options *o = l->options;
	struct include_request r = { .kind = INCLUDE_LOCAL, .location = o->file, .from = o->origin };
	pipe_error err = { .code = PIPE_OK };
	int rc;

	if (o->text) {
		f->reply.text = arena_strndup(l->arena, o->text, o->length);
		f->reply.length = o->length;
		return f->reply.text ? 0 : PIPE_ENOMEM;
	}
	r.max_bytes = o->limits.file_bytes;
	r.timeout_ms = o->limits.network_ms;
	rc = o->world ? o->world->read(o->world->context, &r, &f->reply, l->arena, &err) : PIPE_ENOTFOUND;
	if (rc && rc != PIPE_ENOMEM)
		diag_error(l->d, MARK_NONE, "file-missing", "\"%s\" cannot be read: %s", o->file ? o->file : "",
			   err.text[0] ? err.text : pipe_code_text(rc));
	return rc;
}

static bool is_lua_name(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && !strcmp(name + length - 4, ".lua");
}

struct node *include_entry(struct loading *l)
{
	const struct load_options *o = l->options;
	struct include_file f = { .up = NULL };
	int rc = read_entry(l, &f);

	if (rc)
		return rc == PIPE_ENOMEM ? nomem(l) : NULL;
	if (!f.reply.name)
		f.reply.name = o->file ? o->file : "";
	if (o->origin)
		f.reply.origin = arena_alloc(l->arena, sizeof(*f.reply.origin));
	if (o->origin && !f.reply.origin)
		return nomem(l);
	if (o->origin)
		*f.reply.origin = *o->origin;
	f.identity = arena_printf(l->arena, "%s\n%s\n%s", o->origin && o->origin->project ? o->origin->project : "",
				  o->origin && o->origin->ref ? o->origin->ref : "",
				  o->file ? o->file + strspn(o->file, "/") : "");
	if (!f.identity)
		return nomem(l);
	f.lua = is_lua_name(f.reply.name);
	f.giver.values = o->child_inputs ? *o->child_inputs : NULL;
	return include_content(l, &f);
}
