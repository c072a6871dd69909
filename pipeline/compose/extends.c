/*
 * `extends` (https://docs.gitlab.com/ci/yaml/#extends): maps are merged deeply, everything else is replaced; later parents win over
 * earlier ones and a job's own keys over all of them, also with null.  Each template is merged once, whoever extends it, and jobs
 * share what they have from it.
 */
#include "pipeline/compose/extends.h"

#include "base/suggest.h"
#include "pipeline/document/root.h"
#include <string.h>

enum state { UNSEEN, VISITING, DONE, FAILED };

/* What is known of one key of the root. */
struct entry {
	struct pair *pair;
	struct node *merged; /* DONE */
	uint64_t weight;     /* nodes of the merged job, at most; 0: not counted yet */
	uint8_t state;
	uint8_t height; /* DONE: parents above one another */
};

struct extending {
	struct loading *l;
	struct arena temp; /* what is only for the way */
	struct node *root;
	struct map index;    /* name -> struct pair * of root */
	struct map keywords; /* names that are no jobs */
	struct entry *entries;
	struct entry *path[LIMIT_EXTENDS_DEPTH + 1]; /* from the job that is being merged to where we are */
	unsigned depth;
};

static bool resolve(struct extending *x, struct entry *e);

static const char *entry_name(const struct entry *e)
{
	return e->pair->key->text;
}

static bool is_job(const struct extending *x, const struct pair *p)
{
	return p->value->kind == NODE_MAP && !map_get(&x->keywords, p->key->text, p->key->count);
}

static bool nomem(struct extending *x)
{
	x->l->d->nomem = true;
	return false;
}

static void suggest_job(const struct extending *x, const char *wanted)
{
	struct suggest s;

	suggest_init(&s, wanted);
	for (uint32_t i = 0; i < x->root->count; i++)
		if (is_job(x, &x->root->pairs[i]))
			suggest_offer(&s, x->root->pairs[i].key->text);
	if (s.best)
		diag_hint(x->l->d, "did you mean \"%s\"?", s.best);
}

/* The entry that a parent's name means; NULL: there is none, and that was reported. */
static struct entry *find_parent(struct extending *x, const struct entry *child, const struct node *name)
{
	struct diagnostics *d = x->l->d;
	struct pair *p;

	if (name->tag == TAG_LOST)
		return NULL;
	if (name->kind != NODE_SCALAR || name->tag == TAG_REFERENCE || node_is_null(name)) {
		/* The decoder says it of jobs; it does not look at hidden ones. */
		if (entry_name(child)[0] == '.')
			diag_error(d, name->at, "extends-value", "\"extends\" takes names of jobs, this is %s",
				   node_describe(name));
		return NULL;
	}
	p = map_get(&x->index, name->text, name->count);
	if (p && is_job(x, p))
		return &x->entries[p - x->root->pairs];
	if (p) {
		diag_error(d, name->at, "extends-value", "\"%s\" extends \"%s\", which is no job", entry_name(child), name->text);
		diag_related(d, p->key->at, "\"%s\" stands here", name->text);
	} else if (!x->l->incomplete) {
		diag_error(d, name->at, "extends-unknown", "\"%s\" extends \"%s\", which does not exist%s", entry_name(child),
			   name->text, x->l->template_missing ? " without the template that cannot be included" : "");
		suggest_job(x, name->text);
	}
	return NULL;
}

/* "a -> b -> a", from where the circle begins. */
static const char *circle_text(const struct extending *x, const struct entry *again)
{
	const char *text = NULL;
	unsigned from = 0;

	while (from < x->depth && x->path[from] != again)
		from++;
	for (unsigned i = from; i < x->depth && (text || i == from); i++)
		text = arena_printf(x->l->arena, "%s%s -> ", text ? text : "", entry_name(x->path[i]));
	if (text)
		text = arena_printf(x->l->arena, "%s%s", text, entry_name(again));
	return text ? text : entry_name(again);
}

static bool too_deep(struct extending *x, struct mark at)
{
	diag_error(x->l->d, at, "extends-depth", "\"%s\" has more than %d parents above one another", entry_name(x->path[0]),
		   LIMIT_EXTENDS_DEPTH - 1);
	diag_hint(x->l->d, "merge some of the templates of this chain into one");
	return false;
}

/* Merges one parent under what the earlier ones gave. */
static bool add_parent(struct extending *x, struct entry *e, const struct node *name)
{
	struct entry *parent = find_parent(x, e, name);

	if (!parent)
		return false;
	if (parent->state == VISITING) {
		diag_error(x->l->d, name->at, "extends-circle", "\"extends\" goes round in a circle: %s", circle_text(x, parent));
		return false;
	}
	if (x->depth >= LIMIT_EXTENDS_DEPTH)
		return too_deep(x, name->at);
	if (!resolve(x, parent))
		return false;
	if (parent->height + 1 >= LIMIT_EXTENDS_DEPTH)
		return too_deep(x, name->at);
	if (e->height < parent->height + 1)
		e->height = (uint8_t)(parent->height + 1);
	if (!loading_nodes(x->l, e->pair->key->at, parent->weight))
		return false;
	e->weight += parent->weight;
	e->merged = e->merged ? node_merge(x->l->arena, e->merged, parent->merged) : parent->merged;
	return e->merged ? true : nomem(x);
}

static bool add_parents(struct extending *x, struct entry *e, const struct node *extends)
{
	bool ok = true;

	if (extends->kind != NODE_LIST || extends->tag)
		return add_parent(x, e, extends);
	for (uint32_t i = 0; i < extends->count; i++)
		ok = add_parent(x, e, extends->items[i]) && ok;
	return ok;
}

/* A job that lost its parents is not to be blamed for what they would have brought. */
static bool keep_lost(struct extending *x, struct entry *e)
{
	static const char *const work[] = { "script", "trigger", "run", "uses" };
	struct node *own = e->pair->value;
	struct mark at = e->pair->key->at;
	struct node *merged, *key, *lost;

	e->merged = e->merged ? node_merge(x->l->arena, e->merged, own) : own;
	if (!e->merged)
		return nomem(x);
	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++)
		if (node_pair(e->merged, work[i]))
			return true;
	merged = root_copy(x->l->arena, e->merged, 1);
	key = root_text(x->l->arena, at, "script", 6);
	lost = root_lost_script(x->l->arena, at);
	if (!merged || !key || !lost)
		return nomem(x);
	merged->pairs[merged->count++] = (struct pair){ key, lost };
	e->merged = merged;
	return true;
}

static bool finish(struct extending *x, struct entry *e, struct node *own)
{
	const pipe_limits *limits = &x->l->options->limits;

	e->weight += root_weight(own, limits->nodes, limits->depth * 2);
	e->merged = e->merged ? node_merge(x->l->arena, e->merged, own) : own;
	return e->merged ? true : nomem(x);
}

/* Makes e->merged; recursion ends at LIMIT_EXTENDS_DEPTH. */
static bool resolve(struct extending *x, struct entry *e)
{
	struct node *own = e->pair->value;
	struct node *extends = node_get(own, "extends");
	bool ok = true;

	if (e->state == DONE || e->state == FAILED)
		return e->state == DONE;
	e->state = VISITING;
	x->path[x->depth++] = e;
	if (extends && !node_is_null(extends))
		ok = add_parents(x, e, extends);
	x->depth--;
	if (ok)
		ok = finish(x, e, own);
	else
		keep_lost(x, e);
	e->state = ok ? DONE : FAILED;
	return ok;
}

static bool prepare(struct extending *x)
{
	struct arena *a = &x->temp;

	x->entries = ARENA_ARRAY(a, struct entry, x->root->count);
	if (!x->entries || !root_index(&x->index, a, x->root) || !root_keywords(&x->keywords, a, x->root))
		return false;
	for (uint32_t i = 0; i < x->root->count; i++)
		x->entries[i].pair = &x->root->pairs[i];
	return true;
}

struct node *extends_apply(struct loading *l, struct node *root)
{
	struct extending x = { .l = l, .root = root };
	struct node *out;

	if (!l->extends)
		return root;
	out = root_copy(l->arena, root, 0);
	if (!out || !prepare(&x))
		l->d->nomem = true;
	for (uint32_t i = 0; i < root->count && !l->d->nomem; i++) {
		struct entry *e = &x.entries[i];
		if (!is_job(&x, e->pair) || !node_pair(e->pair->value, "extends"))
			continue;
		resolve(&x, e);
		if (e->merged)
			out->pairs[i].value = e->merged;
	}
	arena_clear(&x.temp);
	return l->d->nomem ? NULL : out;
}
