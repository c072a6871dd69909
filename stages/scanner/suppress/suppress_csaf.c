/*
 * CSAF 2.0 VEX (https://docs.oasis-open.org/csaf/csaf/v2.0/): products stand in a tree of branches and in relationships ("openssl as a
 * component of the image"), each with an id; a vulnerability's product_status lists the ids.
 */
#include "stages/scanner/suppress/suppress_entry.h"

#include "base/error.h"

#include <string.h>

enum { BRANCHES_DEEP = 64 };

struct product {
	const char *purl;	  /* "" */
	const char *part, *whole; /* ids of a relationship; NULL */
};

struct tree {
	struct suppressions *s;
	struct map products; /* id -> struct product */
};

static const struct {
	const char *list, *status;
} lists[] = {
	{ "first_fixed", "fixed" },
	{ "fixed", "fixed" },
	{ "known_affected", "affected" },
	{ "known_not_affected", "not_affected" },
	{ "under_investigation", "under_investigation" },
};

static struct product *add_product(struct tree *t, const struct tree_value *full)
{
	const char *id = tree_get_text(full, "product_id");
	struct product *p = ARENA_NEW(t->s->a, struct product);

	if (!p || !map_put(&t->products, t->s->a, id, strlen(id), p))
		return NULL;
	p->purl = tree_get_text(tree_get(full, "product_identification_helper"), "purl");
	return p;
}

static int read_branches(struct tree *t, const struct suppress_file *file, const struct tree_value *list, unsigned depth,
			 pipe_error *err)
{
	int rc = PIPE_OK;

	if (depth == BRANCHES_DEEP && tree_items(list))
		return suppress_fail(file, list->line, err, "branches of products are nested more than %d deep", BRANCHES_DEEP);
	for (uint32_t i = 0; i < tree_items(list) && !rc; i++) {
		const struct tree_value *product = tree_get(&list->items[i], "product");

		if (product && !add_product(t, product))
			return error_nomem(err);
		rc = read_branches(t, file, tree_get(&list->items[i], "branches"), depth + 1, err);
	}
	return rc;
}

static bool is_part(const char *category)
{
	return !strcmp(category, "default_component_of") || !strcmp(category, "installed_on") ||
	       !strcmp(category, "installed_with");
}

static int read_tree(struct tree *t, const struct suppress_file *file, const struct tree_value *root, pipe_error *err)
{
	const struct tree_value *names = tree_get(root, "full_product_names"), *relations = tree_get(root, "relationships");

	for (uint32_t i = 0; i < tree_items(names); i++)
		if (!add_product(t, &names->items[i]))
			return error_nomem(err);
	for (uint32_t i = 0; i < tree_items(relations); i++) {
		const struct tree_value *r = &relations->items[i];
		struct product *p = add_product(t, tree_get(r, "full_product_name"));

		if (!p)
			return error_nomem(err);
		if (is_part(tree_get_text(r, "category"))) {
			p->part = tree_get_text(r, "product_reference");
			p->whole = tree_get_text(r, "relates_to_product_reference");
		}
	}
	return read_branches(t, file, tree_get(root, "branches"), 0, err);
}

static const char *purl_named(const struct tree *t, const char *id)
{
	const struct product *p = id ? map_get(&t->products, id, strlen(id)) : NULL;

	return p ? p->purl : "";
}

static int add_one(const struct tree *t, struct suppress_entry *e, const char *id, pipe_error *err)
{
	const struct product *p = map_get(&t->products, id, strlen(id));
	struct suppress_product *new;

	if (!p)
		return PIPE_OK;
	if (*p->purl && !suppress_product_new(t->s, e, p->purl))
		return error_nomem(err);
	if (!p->part || !*purl_named(t, p->whole))
		return PIPE_OK;
	new = suppress_product_new(t->s, e, purl_named(t, p->whole));
	return new &&suppress_part(t->s, new, purl_named(t, p->part)) ? PIPE_OK : error_nomem(err);
}

static const char *impact_of(const struct tree_value *v)
{
	const struct tree_value *threats = tree_get(v, "threats"), *flags = tree_get(v, "flags");

	for (uint32_t i = 0; i < tree_items(threats); i++)
		if (!strcmp(tree_get_text(&threats->items[i], "category"), "impact"))
			return tree_get_text(&threats->items[i], "details");
	return tree_items(flags) ? tree_get_text(&flags->items[0], "label") : "";
}

static int read_list(const struct tree *t, struct suppress_file *file, const struct tree_value *v, const char *id, size_t which,
		     pipe_error *err)
{
	const struct tree_value *ids = tree_get(tree_get(v, "product_status"), lists[which].list);
	struct suppress_entry *e;
	int rc = PIPE_OK;

	if (!tree_items(ids))
		return PIPE_OK;
	e = suppress_entry_new(t->s, file, id, v->line);
	if (!e)
		return error_nomem(err);
	e->kinds = 1u << FINDING_VULNERABILITY;
	e->status = lists[which].status;
	e->reason = arena_strdup(t->s->a, impact_of(v));
	for (uint32_t i = 0; i < ids->count && !rc; i++)
		rc = add_one(t, e, tree_text(&ids->items[i]), err);
	return rc ? rc : e->reason ? PIPE_OK : error_nomem(err);
}

int suppress_read_csaf(struct suppressions *s, struct suppress_file *file, const struct tree_value *root, pipe_error *err)
{
	const struct tree_value *list = tree_get(root, "vulnerabilities");
	struct tree t = { .s = s };
	int rc = read_tree(&t, file, tree_get(root, "product_tree"), err);

	for (uint32_t i = 0; i < tree_items(list) && !rc; i++) {
		const char *id = tree_get_text(&list->items[i], "cve");
		const struct tree_value *ids = tree_get(&list->items[i], "ids");

		if (!*id && tree_items(ids))
			id = tree_get_text(&ids->items[0], "text");
		for (size_t k = 0; k < sizeof(lists) / sizeof(*lists) && !rc && *id; k++)
			rc = read_list(&t, file, &list->items[i], id, k, err);
	}
	return rc;
}
