/*
 * Decoding `uses` and `with`: which type of stage a job is, and whether the type's table takes what `with` says.  Two keywords that
 * mean nothing without each other, so they are looked at when all of the job's keys are known.
 */
#include "pipeline/decode/decoding.h"

#include <limits.h>
#include <string.h>

static bool is_lost(const struct node *n)
{
	return n->tag == TAG_REFERENCE || n->tag == TAG_LOST;
}

/* ---- which type ---- */

static void add_types(struct decoding *x, struct str *out)
{
	for (size_t i = 0; x->uses && x->uses->list[i]; i++)
		str_printf(out, "%s%s", i ? ", " : "", x->uses->list[i]->name);
}

static void unknown_type(struct decoding *x, const struct node *n)
{
	const char *best = uses_nearest(x->uses, n->text);
	struct str types;

	str_init(&types);
	add_types(x, &types);
	x->nomem |= types.failed;
	diag_error(x->d, n->at, "unknown-stage-type", "there is no type of stage \"%s\"", n->text);
	if (!strncmp(n->text, "./", 2))
		diag_hint(x->d, "a type of your own is a Lua file: its name ends in .lua");
	else if (best)
		diag_hint(x->d, "did you mean \"%s\"?  The types are %s", best, types.data);
	else if (strchr(n->text, '$'))
		diag_hint(x->d, "it takes no variables; the types are %s", types.data);
	else if (types.length)
		diag_hint(x->d, "the types are %s; one of your own is the path of a Lua file", types.data);
	str_clear(&types);
}

/* A type that a team wrote; NULL type: it cannot be used, which was reported. */
struct lua_type {
	const struct uses_type *type;
};

static const struct uses_type *load_lua_type(struct decoding *x, const struct node *n)
{
	const struct world_lua *lua = x->o->lua->world->lua;
	struct lua_text *code = DECODE_NEW(x, struct lua_text); /* the type keeps it */

	return code && lua_code_file(x->o->lua, n, LUA_SCRIPT, code) ? lua->stage(lua->context, code, x->a, x->d) : NULL;
}

/* Each file once, however often it is named. */
static const struct uses_type *lua_type(struct decoding *x, const struct node *n)
{
	struct lua_type *known;
	const char *key;

	if (!x->o->lua || !x->o->lua->world || !x->o->lua->world->lua) {
		diag_error(x->d, n->at, "lua-missing", "stage types in Lua, such as \"%s\", cannot be used here", n->text);
		return NULL;
	}
	key = lua_code_key(x->o->lua, n);
	known = key ? map_get(&x->lua_types, key, strlen(key)) : NULL;
	if (known)
		return known->type;
	known = key ? DECODE_NEW(x, struct lua_type) : NULL;
	if (!known || !map_put(&x->lua_types, x->a, key, strlen(key), known)) {
		x->nomem = true;
		return NULL;
	}
	known->type = load_lua_type(x, n);
	return known->type;
}

static const struct uses_type *find_type(struct decoding *x, const struct node *n)
{
	const struct uses_type *type = uses_find(x->uses, n->text);

	if (type)
		return type;
	if (lua_code_is_path(n->text, n->count))
		return lua_type(x, n);
	unknown_type(x, n);
	return NULL;
}

static void stray_with(struct decoding *x, const struct pair *with)
{
	struct str types;

	str_init(&types);
	add_types(x, &types);
	x->nomem |= types.failed;
	diag_error(x->d, with->key->at, "missing-keyword", "\"with\" stands without \"uses\"");
	if (types.length)
		diag_hint(x->d, "\"uses\" says which type of stage it is for: %s", types.data);
	str_clear(&types);
}

/* ---- what stands beside it ---- */

/* Not from a template above it, nor from another file. */
static bool stands_in(const struct job *job, const struct pair *p)
{
	return p->key->at.source == job->at.source && p->key->at.line >= job->at.line;
}

static void check_beside(struct decoding *x, const struct job *job, const struct pair *const *written)
{
	static const enum keyword_id work[] = { KEYWORD_SCRIPT, KEYWORD_RUN, KEYWORD_TRIGGER };
	const struct pair *uses = written[KEYWORD_USES];

	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++) {
		const struct pair *other = written[work[i]];
		bool here = !other || stands_in(job, uses) || !stands_in(job, other);
		if (!other)
			continue;
		diag_error(x->d, here ? uses->key->at : other->key->at, "conflicting-keywords",
			   "\"uses\" and \"%s\" cannot stand in one job", other->key->text);
		diag_hint(x->d, "\"before_script\" and \"after_script\" may stand beside \"uses\"");
		diag_related(x->d, here ? other->key->at : uses->key->at, "\"%s\" is here",
			     here ? other->key->text : uses->key->text);
		return;
	}
}

/* ---- what the type takes ---- */

static void check_with(struct decoding *x, const struct uses_type *type, const struct node *with, struct mark at)
{
	const struct keyword *outer = keyword_find(keywords, IN_JOB, "with", 4);
	const struct node none = { .kind = NODE_MAP, .at = at };
	struct keyword row = *outer;
	struct keyword_uses uses = { .count = 0 };

	row.fields = type->parameters;
	keyword_check(&row, with ? with : &none, x->d, &uses);
	for (unsigned i = 0; i < uses.count; i++)
		decode_later(x, outer, uses.list[i].row);
	if (type->check)
		type->check(with, at, x->d);
}

/* The parameter that says how many jobs there are to be. */
static void take_instances(struct decoding *x, const struct job *job, const struct uses_type *type, const struct node *with,
			   const struct pair *parallel)
{
	const struct pair *p = type->instances && with ? node_pair(with, type->instances) : NULL;
	int64_t count = 0;

	if (!p || p->value->kind != NODE_SCALAR || !node_int(p->value, &count) || count <= 0)
		return;
	if (parallel) {
		diag_error(x->d, p->key->at, "conflicting-keywords", "\"with:%s\" and \"parallel\" cannot stand in one job",
			   type->instances);
		diag_related(x->d, parallel->key->at, "\"parallel\" is here");
		return;
	}
	if (count > x->limits->matrix || count > INT_MAX) {
		diag_error(x->d, p->value->at, "matrix-limit", "\"%s\" would be more than %u jobs", job->name,
			   (unsigned)x->limits->matrix);
		diag_hint(x->d, "the limit \"matrix\" can be raised");
		return;
	}
	x->settings.parallel = (int)count;
	x->settings.parallel_at = p->value->at;
}

/* One for all jobs that have both from the same place. */
static const struct job_uses *share_uses(struct decoding *x, const struct uses_type *type, struct mark at,
					 const struct node *with)
{
	const struct job_uses *last = x->last_uses;
	struct job_uses *out;

	if (last && last->type == type && last->with == with && last->at.line == at.line && last->at.column == at.column &&
	    last->at.source == at.source)
		return last;
	out = DECODE_NEW(x, struct job_uses);
	if (out)
		*out = (struct job_uses){ type, type->name, at, with };
	x->last_uses = out;
	return out;
}

void decode_uses(struct decoding *x, const struct job *job, const struct pair *const *written)
{
	const struct pair *uses = written[KEYWORD_USES], *with = written[KEYWORD_WITH];
	const struct uses_type *type;

	if (!uses) {
		stray_with(x, with);
		return;
	}
	check_beside(x, job, written);
	if (uses->value->kind != NODE_SCALAR || is_lost(uses->value))
		return;
	type = find_type(x, uses->value);
	if (!type)
		return;
	if (with && (with->value->kind != NODE_MAP || is_lost(with->value))) /* which was reported */
		return;
	check_with(x, type, with ? with->value : NULL, uses->value->at);
	if (with)
		decode_lua_with(x, type->parameters, with->value);
	take_instances(x, job, type, with ? with->value : NULL, written[KEYWORD_PARALLEL]);
	x->settings.uses = share_uses(x, type, uses->value->at, with ? with->value : NULL);
	x->has_settings = true;
}
