/*
 * A file that cannot be had is an error, and its load ends as one; only the other faults of the files that are there are still
 * looked for.  So jobs get a script, and stages that they name exist.
 *
 * A template of GitLab's that cannot be had is no error: jobs that only change something in one of its jobs are left out, with a
 * warning each.
 */
#include "pipeline/compose/gap.h"

#include "pipeline/document/root.h"
#include <string.h>

static const char *const default_stages[] = { "build", "test", "deploy" };

struct closing {
	struct loading *l;
	struct map keywords; /* names that are no jobs */
	struct map stages;   /* names that exist; any value */
	VEC(struct node *) list;
};

static bool is_job(const struct closing *x, const struct pair *p)
{
	return p->value->kind == NODE_MAP && p->key->text[0] != '.' && !map_get(&x->keywords, p->key->text, p->key->count);
}

/* `needs: {pipeline: ...}` alone shows how another pipeline went. */
static bool mirrors(const struct node *needs)
{
	if (!needs || needs->kind != NODE_LIST)
		return needs && node_get(needs, "pipeline");
	return needs->count == 1 && node_get(needs->items[0], "pipeline");
}

static bool has_work(const struct node *job)
{
	static const char *const work[] = { "script", "trigger", "run", "uses" };

	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++)
		if (node_pair(job, work[i]))
			return true;
	return mirrors(node_get(job, "needs"));
}

/* ---- missing files ---- */

static bool add_stage(struct closing *x, struct node *name)
{
	struct node **slot;

	if (map_get(&x->stages, name->text, name->count))
		return true;
	slot = vec_push(x->l->arena, &x->list);
	if (!slot)
		return false;
	*slot = name;
	return map_put(&x->stages, x->l->arena, name->text, name->count, name);
}

static bool add_stages(struct closing *x, const struct node *root)
{
	const struct node *stages = node_get(root, "stages");

	for (uint32_t i = 0; stages && stages->kind == NODE_LIST && i < stages->count; i++)
		if (stages->items[i]->kind == NODE_SCALAR && !add_stage(x, stages->items[i]))
			return false;
	for (size_t i = 0; i < sizeof(default_stages) / sizeof(*default_stages); i++) {
		struct node *name = root_text(x->l->arena, root->at, default_stages[i], strlen(default_stages[i]));
		if (!name || !add_stage(x, name))
			return false;
	}
	for (uint32_t i = 0; i < root->count; i++) {
		const struct node *job = root->pairs[i].value;
		struct node *stage = is_job(x, &root->pairs[i]) ? node_get(job, "stage") : NULL;
		if (stage && node_is_text(stage) && !node_equals(stage, ".pre") && !node_equals(stage, ".post") &&
		    !add_stage(x, stage))
			return false;
	}
	return true;
}

static bool put_stages(struct closing *x, struct node *root)
{
	struct node *list = node_list(x->l->arena, root->at, x->list.count);
	struct node *key = root_text(x->l->arena, root->at, "stages", 6);

	if (!list || !key)
		return false;
	memcpy(list->items, x->list.items, sizeof(*list->items) * x->list.count);
	return node_set(root, x->l->arena, key, list);
}

static bool put_script(struct closing *x, struct pair *p)
{
	struct node *key = root_text(x->l->arena, p->key->at, "script", 6);
	struct node *script_node = root_lost_script(x->l->arena, p->key->at);
	struct node *job = root_copy(x->l->arena, p->value, 1);

	if (!key || !script_node || !job)
		return false;
	job->pairs[job->count++] = (struct pair){ key, script_node };
	p->value = job;
	return true;
}

static bool cover(struct closing *x, struct node *root)
{
	if (!add_stages(x, root))
		return false;
	for (uint32_t i = 0; i < root->count; i++)
		if (is_job(x, &root->pairs[i]) && !has_work(root->pairs[i].value) && !put_script(x, &root->pairs[i]))
			return false;
	return put_stages(x, root);
}

/* ---- missing templates ---- */

static void leave_out(struct closing *x, struct node *root)
{
	uint32_t kept = 0, jobs = 0;

	for (uint32_t i = 0; i < root->count; i++) {
		struct pair p = root->pairs[i];
		bool job = is_job(x, &p);

		if (job && !has_work(p.value)) {
			diag_warning(x->l->d, p.key->at, "template-job",
				     "\"%s\" has nothing to do without the template that cannot be included; it is left out",
				     p.key->text);
			continue;
		}
		jobs += job;
		root->pairs[kept++] = p;
	}
	root->count = kept;
	if (jobs)
		return;
	diag_error(x->l->d, root->at, "template-needed", "all jobs of this pipeline come from templates that cannot be included");
	diag_hint(x->l->d, "copy the templates into the project and include them as \"local\"");
}

struct node *gap_close(struct loading *l, struct node *root)
{
	struct closing x = { .l = l };

	if (!l->incomplete && !l->template_missing)
		return root;
	root = root_copy(l->arena, root, 1);
	if (!root || !root_keywords(&x.keywords, l->arena, root))
		return NULL;
	if (!l->incomplete)
		leave_out(&x, root);
	else if (!cover(&x, root))
		return NULL;
	return root;
}
