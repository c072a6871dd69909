/*
 * `!reference` (https://docs.gitlab.com/ci/yaml/yaml_optimization/#reference-tags) is resolved after includes are merged and extends
 * applied, so it sees what a job has from its parents.  A list that a reference brings into a list takes the reference's place item
 * by item.  Each list and map is looked at once, however many jobs share it.
 *
 * Where a target cannot be found (which is reported), the value vanishes, and so does what then has nothing left in it.
 */
#include "pipeline/compose/reference.h"

#include "base/suggest.h"
#include "pipeline/document/root.h"
#include <string.h>

enum state { VISITING = 1, DONE };

/* What became of a list, a map or a reference. */
struct resolved {
	const struct node *from;
	struct node *to; /* NULL: it vanished */
	uint64_t weight; /* nodes below and with it */
	uint8_t state;
	uint8_t height; /* references in what a reference brings */
};

struct resolver {
	struct loading *l;
	struct node *root;
	struct map index;	   /* name -> struct pair * of root */
	struct map seen;	   /* a node's address -> struct resolved * */
	unsigned level;		   /* references that we are inside of */
	const struct node *inside; /* the innermost of them */
};

/* What the children of one node amount to. */
struct sum {
	uint64_t weight;
	uint8_t height;
};

static struct node *resolve(struct resolver *r, struct node *n, struct sum *sum);

static struct node *nomem(struct resolver *r)
{
	r->l->d->nomem = true;
	return NULL;
}

static void add_sum(struct sum *sum, uint64_t weight, uint8_t height)
{
	sum->weight = weight > UINT64_MAX - sum->weight ? UINT64_MAX : sum->weight + weight;
	if (sum->height < height)
		sum->height = height;
}

/* "[job, key]" as it was written. */
static const char *path_text(struct resolver *r, const struct node *reference)
{
	const char *text = "[";

	for (uint32_t i = 0; i < reference->count && text; i++)
		text = arena_printf(r->l->arena, "%s%s%s", text, i ? ", " : "", reference->items[i]->text);
	if (text)
		text = arena_printf(r->l->arena, "%s]", text);
	return text ? text : "";
}

static bool well_formed(struct resolver *r, const struct node *n)
{
	bool good = n->kind == NODE_LIST && n->count > 0 && n->count <= 100;

	for (uint32_t i = 0; good && i < n->count; i++)
		good = n->items[i]->kind == NODE_SCALAR && !n->items[i]->tag && !node_is_null(n->items[i]);
	if (!good) {
		diag_error(r->l->d, n->at, "reference-value", "\"!reference\" takes a list of names");
		diag_hint(r->l->d, "write it as !reference [job, keyword]");
	}
	return good;
}

static struct node *not_found(struct resolver *r, const struct node *reference, const struct node *map, uint32_t i)
{
	const struct node *name = reference->items[i];
	struct diagnostics *d = r->l->d;
	struct suggest s;

	if (r->l->incomplete)
		return NULL;
	if (i == 0)
		diag_error(d, name->at, "reference-unknown", "!reference %s: there is no \"%s\"%s", path_text(r, reference),
			   name->text, r->l->template_missing ? " without the template that cannot be included" : "");
	else
		diag_error(d, name->at, "reference-unknown", "!reference %s: \"%s\" has no \"%s\"", path_text(r, reference),
			   reference->items[i - 1]->text, name->text);
	suggest_init(&s, name->text);
	for (uint32_t k = 0; map->kind == NODE_MAP && k < map->count; k++)
		suggest_offer(&s, map->pairs[k].key->text);
	if (s.best)
		diag_hint(d, "did you mean \"%s\"?", s.best);
	return NULL;
}

/* The node that a reference names; NULL: there is none, and that was reported. */
static struct node *find_target(struct resolver *r, const struct node *reference, struct sum *sum)
{
	struct pair *p = map_get(&r->index, reference->items[0]->text, reference->items[0]->count);
	struct node *n = p ? p->value : NULL;

	if (!n)
		return not_found(r, reference, r->root, 0);
	for (uint32_t i = 1; i < reference->count; i++) {
		struct node *map = n;

		if (map->tag == TAG_REFERENCE)
			map = resolve(r, map, sum);
		if (!map)
			return NULL;
		n = map->kind == NODE_MAP ? node_getn(map, reference->items[i]->text, reference->items[i]->count) : NULL;
		if (!n)
			return not_found(r, reference, map, i);
	}
	if (node_is_null(n)) {
		diag_error(r->l->d, reference->at, "reference-unknown", "!reference %s brings nothing: it is empty there",
			   path_text(r, reference));
		diag_related(r->l->d, n->at, "it is empty here");
		return NULL;
	}
	return n;
}

static struct node *resolve_reference(struct resolver *r, struct node *n, struct sum *sum)
{
	const struct node *outer = r->inside;
	struct node *target, *out;

	if (!well_formed(r, n))
		return NULL;
	if (r->level > LIMIT_REFERENCE_DEPTH) {
		diag_error(r->l->d, n->at, "reference-depth", "!reference %s is nested more than %d deep", path_text(r, n),
			   LIMIT_REFERENCE_DEPTH - 1);
		return NULL;
	}
	r->level++;
	r->inside = n;
	target = find_target(r, n, sum);
	out = target ? resolve(r, target, sum) : NULL;
	r->inside = outer;
	r->level--;
	if (!out)
		return NULL;
	if (++sum->height >= LIMIT_REFERENCE_DEPTH) {
		diag_error(r->l->d, n->at, "reference-depth", "!reference %s brings references that are nested %d deep",
			   path_text(r, n), LIMIT_REFERENCE_DEPTH);
		diag_hint(r->l->d, "at most %d may be inside one another", LIMIT_REFERENCE_DEPTH - 1);
		sum->height = 0;
		return NULL;
	}
	return out;
}

/* What stands in a list in place of a reference: the items of what it brings. */
struct items {
	struct node *list; /* the new list; NULL: nothing differs so far */
	uint32_t capacity;
};

static bool push_items(struct resolver *r, struct items *to, struct node *const *items, uint32_t count)
{
	struct node *list = to->list;
	struct node **bigger;
	uint64_t need = (uint64_t)list->count + count;

	if (need > UINT32_MAX / 2 || !loading_nodes(r->l, list->at, count))
		return false;
	if (need > to->capacity) {
		to->capacity = (uint32_t)need * 2;
		bigger = ARENA_ARRAY(r->l->arena, struct node *, to->capacity);
		if (!bigger)
			return nomem(r) != NULL;
		if (list->count)
			memcpy(bigger, list->items, sizeof(*bigger) * list->count);
		list->items = bigger;
	}
	if (count)
		memcpy(list->items + list->count, items, sizeof(*items) * count);
	list->count += count;
	return true;
}

/* Starts the new list with what was the same up to here. */
static bool begin_items(struct resolver *r, struct items *to, const struct node *old, uint32_t same)
{
	if (to->list)
		return true;
	to->list = root_copy(r->l->arena, old, 4);
	if (!to->list)
		return nomem(r) != NULL;
	to->capacity = old->count + 4;
	to->list->count = same;
	return true;
}

static struct node *resolve_list(struct resolver *r, struct node *n, struct sum *sum)
{
	uint64_t most = r->l->options->limits.nodes;
	struct items out = { NULL, 0 };

	for (uint32_t i = 0; i < n->count; i++) {
		struct node *old = n->items[i];
		struct node *new = resolve(r, old, sum);
		bool spliced = new &&new != old && old->tag == TAG_REFERENCE &&new->kind == NODE_LIST;

		if (new == old && !out.list)
			continue;
		if (sum->weight > most || !begin_items(r, &out, n, i))
			break;
		if (new && !push_items(r, &out, spliced ? new->items : &new, spliced ? new->count : 1))
			break;
	}
	if (n->count && out.list && !out.list->count)
		return NULL;
	return out.list ? out.list : n;
}

static struct node *resolve_map(struct resolver *r, struct node *n, struct sum *sum)
{
	struct node *out = NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		struct pair p = n->pairs[i];

		p.value = resolve(r, p.value, sum);
		if (!p.value && !strcmp(p.key->text, "script"))
			p.value = root_lost_script(r->l->arena, p.key->at);
		if (p.value != n->pairs[i].value && !out) {
			out = root_copy(r->l->arena, n, 0);
			if (!out)
				return nomem(r);
		}
		if (out && p.value)
			out->pairs[kept] = p;
		kept += p.value != NULL;
	}
	if (out)
		out->count = kept;
	return out && !kept ? NULL : out ? out : n;
}

static struct node *loop(struct resolver *r, const struct node *n)
{
	const struct node *reference = r->inside ? r->inside : n;

	diag_error(r->l->d, reference->at, "reference-circle", "!reference %s leads back to itself", path_text(r, reference));
	if (n != reference)
		diag_related(r->l->d, n->at, "by way of what stands here");
	return NULL;
}

static struct resolved *remember(struct resolver *r, const struct node *n)
{
	struct resolved *m = ARENA_NEW(r->l->arena, struct resolved);

	if (!m)
		return NULL;
	m->from = n;
	m->state = VISITING;
	return map_put(&r->seen, r->l->arena, (const char *)&m->from, sizeof(m->from), m) ? m : NULL;
}

/* Recursion is as deep as the YAML is nested, once for each reference that we are inside of. */
static struct node *resolve(struct resolver *r, struct node *n, struct sum *sum)
{
	struct sum below = { 1, 0 };
	struct resolved *m;

	if (n->kind == NODE_SCALAR && n->tag != TAG_REFERENCE) {
		add_sum(sum, 1, 0);
		return n;
	}
	m = map_get(&r->seen, (const char *)&n, sizeof(n));
	if (m && m->state == VISITING)
		return loop(r, n);
	if (!m) {
		m = remember(r, n);
		if (!m)
			return nomem(r);
		if (n->tag == TAG_REFERENCE)
			m->to = resolve_reference(r, n, &below);
		else
			m->to = n->kind == NODE_LIST ? resolve_list(r, n, &below) : resolve_map(r, n, &below);
		m->weight = below.weight;
		m->height = below.height;
		m->state = DONE;
	}
	add_sum(sum, m->weight, m->height);
	return m->to;
}

struct node *reference_resolve(struct loading *l, struct node *root)
{
	struct resolver r = { .l = l, .root = root };
	struct sum sum = { 0, 0 };
	struct node *out;

	if (!l->references)
		return root;
	if (!root_index(&r.index, l->arena, root))
		return NULL;
	out = resolve(&r, root, &sum);
	if (l->d->nomem)
		return NULL;
	if (!loading_nodes(l, root->at, sum.weight))
		return node_map(l->arena, root->at, 0);
	return out ? out : node_map(l->arena, root->at, 0);
}
