/*
 * `default:` (https://docs.gitlab.com/ci/yaml/#default): per keyword, a job's own value replaces the default one, also when it is an
 * empty list.  Null is no value: it takes away what `extends` brought, and the default stands again.  The deprecated spelling of
 * some defaults at the top level means the same.  Which keywords take part is said by the keyword table.
 */
#include "pipeline/compose/inherit.h"

#include "pipeline/document/root.h"
#include "pipeline/keyword/keyword.h"
#include <string.h>

/* The keywords that may still stand at the top level instead of in `default:`. */
static const char *const global_defaults[] = { "image", "services", "cache", "before_script", "after_script" };

typedef VEC(struct pair) defaults;

struct inheriting {
	struct loading *l;
	struct map keywords; /* names that are no jobs */
	defaults all;	     /* what `default:` and the top level give */
	defaults trigger;    /* and what of that goes to jobs with `trigger` */
	uint64_t weight;     /* nodes of all together */
};

static bool add(struct arena *a, defaults *to, const struct pair *p)
{
	struct pair *new = vec_push(a, to);

	if (new)
		*new = *p;
	return new != NULL;
}

static bool add_default(struct inheriting *x, const struct pair *p)
{
	const pipe_limits *limits = &x->l->options->limits;

	x->weight += root_weight(p->value, limits->nodes, limits->depth * 2);
	if (!strcmp(p->key->text, "interruptible") && !add(x->l->arena, &x->trigger, p))
		return false;
	return add(x->l->arena, &x->all, p);
}

/* Keys of `default:` that are no defaults are left to the decoder, which reports them. */
static bool collect_section(struct inheriting *x, const struct node *section)
{
	for (uint32_t i = 0; i < section->count; i++) {
		const struct pair *p = &section->pairs[i];
		if (keyword_find(keywords, IN_DEFAULT, p->key->text, p->key->count) && !node_is_null(p->value) &&
		    !add_default(x, p))
			return false;
	}
	return true;
}

static bool collect_global(struct inheriting *x, const struct node *root, const struct node *section)
{
	for (size_t i = 0; i < sizeof(global_defaults) / sizeof(*global_defaults); i++) {
		const struct pair *p = node_pair(root, global_defaults[i]);
		const struct pair *twice = section ? node_pair(section, global_defaults[i]) : NULL;

		if (p && twice) {
			diag_error(x->l->d, p->key->at, "default-twice", "\"%s\" stands at the top level and in \"default\"",
				   p->key->text);
			diag_hint(x->l->d, "keep the one in \"default\"");
			diag_related(x->l->d, twice->key->at, "in \"default\" here");
		} else if (p && !node_is_null(p->value) && !add_default(x, p)) {
			return false;
		}
	}
	return true;
}

static bool listed(const struct node *list, const char *name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->items[i]->kind == NODE_SCALAR && node_equals(list->items[i], name))
			return true;
	return false;
}

/* What `inherit:default` of a job says; NULL: all of them.  What is neither true, false nor a list is left to the decoder. */
static const struct node *inherit_default(const struct node *job)
{
	const struct node *inherit = node_get(job, "inherit");

	return inherit && inherit->kind == NODE_MAP ? node_get(inherit, "default") : NULL;
}

static bool allowed(const struct node *rule, const char *name)
{
	bool yes = true;

	if (!rule)
		return true;
	if (rule->kind == NODE_LIST)
		return listed(rule, name);
	return !(rule->kind == NODE_SCALAR && node_bool(rule, &yes)) || yes;
}

/* Puts it in the place of the null that stands there, else at the end. */
static void set_pair(struct node *job, const struct pair *p)
{
	for (uint32_t i = 0; i < job->count; i++) {
		if (node_equals(job->pairs[i].key, p->key->text)) {
			job->pairs[i] = *p;
			return;
		}
	}
	job->pairs[job->count++] = *p;
}

/* The job with what it lacks; the job itself when it lacks nothing. */
static struct node *complete(struct inheriting *x, struct node *job)
{
	const defaults *from = node_pair(job, "trigger") ? &x->trigger : &x->all;
	const struct node *rule = inherit_default(job);
	struct node *out = NULL;

	for (uint32_t i = 0; i < from->count; i++) {
		const struct pair *p = &from->items[i];
		if (!node_is_null(node_get(job, p->key->text)) || !allowed(rule, p->key->text))
			continue;
		if (!out)
			out = root_copy(x->l->arena, job, from->count - i);
		if (!out)
			return NULL;
		set_pair(out, p);
	}
	return out ? out : job;
}

static bool is_job(const struct inheriting *x, const struct pair *p)
{
	return p->value->kind == NODE_MAP && p->key->text[0] != '.' && !map_get(&x->keywords, p->key->text, p->key->count);
}

static struct node *complete_all(struct inheriting *x, struct node *root)
{
	struct node *out = root_copy(x->l->arena, root, 0);

	if (!out)
		return NULL;
	for (uint32_t i = 0; i < root->count; i++) {
		struct node *done;

		if (!is_job(x, &root->pairs[i]))
			continue;
		done = complete(x, root->pairs[i].value);
		if (!done)
			return NULL;
		if (done != root->pairs[i].value && !loading_nodes(x->l, root->pairs[i].key->at, x->weight))
			break;
		out->pairs[i].value = done;
	}
	return out;
}

struct node *inherit_defaults(struct loading *l, struct node *root)
{
	struct inheriting x = { .l = l };
	const struct node *section = node_get(root, "default");

	if (section && section->kind != NODE_MAP)
		section = NULL;
	if ((section && !collect_section(&x, section)) || !collect_global(&x, root, section))
		return NULL;
	if (!x.all.count)
		return root;
	if (!root_keywords(&x.keywords, l->arena, root))
		return NULL;
	return complete_all(&x, root);
}
