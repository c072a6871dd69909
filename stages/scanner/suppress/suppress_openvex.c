/* OpenVEX (https://github.com/openvex/spec): statements on a vulnerability and products; a later statement overrides an earlier one. */
#include "stages/scanner/suppress/suppress_entry.h"

#include "base/error.h"

#include <string.h>

static const char *const statuses[] = { "affected", "fixed", "not_affected", "under_investigation" };

static const char *known_status(const char *status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (!strcmp(statuses[i], status))
			return statuses[i];
	return NULL;
}

/* The old form has the text itself; the new one a map with an @id, or identifiers. */
static const char *name_of(const struct tree_value *v)
{
	const char *purl = tree_get_text(tree_get(v, "identifiers"), "purl");

	if (v->kind == TREE_TEXT)
		return v->text;
	return *purl ? purl : tree_get_text(v, "@id");
}

static int read_product(struct suppressions *s, struct suppress_entry *e, const struct tree_value *v, pipe_error *err)
{
	const char *name = name_of(v);
	const struct tree_value *parts = tree_get(v, "subcomponents");
	struct suppress_product *p;

	if (!*name)
		return suppress_fail(e->file, v->line, err, "a product without an \"@id\"");
	p = suppress_product_new(s, e, name);
	if (!p)
		return error_nomem(err);
	for (uint32_t i = 0; i < tree_items(parts); i++)
		if (!suppress_part(s, p, name_of(&parts->items[i])))
			return error_nomem(err);
	return PIPE_OK;
}

static int read_aliases(struct suppressions *s, struct suppress_entry *e, const struct tree_value *list, pipe_error *err)
{
	for (uint32_t i = 0; i < tree_items(list); i++) {
		const char *alias = tree_text(&list->items[i]);

		if (*alias && strcmp(alias, e->id) != 0 && !suppress_also(s, e, alias))
			return error_nomem(err);
	}
	return PIPE_OK;
}

static int take_words(struct suppressions *s, struct suppress_entry *e, const struct tree_value *v, pipe_error *err)
{
	const char *justification = tree_get_text(v, "justification"), *impact = tree_get_text(v, "impact_statement");

	e->reason = arena_strdup(s->a, *justification ? justification : impact);
	return e->reason ? PIPE_OK : error_nomem(err);
}

static int read_statement(struct suppressions *s, struct suppress_file *file, const struct tree_value *v, int64_t at,
			  pipe_error *err)
{
	const struct tree_value *vulnerability = tree_get(v, "vulnerability"), *products = tree_get(v, "products");
	const char *id = tree_get_text(vulnerability, "name"), *status = known_status(tree_get_text(v, "status"));
	struct suppress_entry *e;
	int rc;

	if (vulnerability && vulnerability->kind == TREE_TEXT)
		id = vulnerability->text;
	if (!*id)
		id = tree_get_text(vulnerability, "@id");
	if (!*id)
		return suppress_fail(file, v->line, err, "a statement without a vulnerability's \"name\"");
	if (!status)
		return suppress_fail(file, v->line, err,
				     "a statement's \"status\" is not_affected, affected, fixed or under_investigation");
	e = suppress_entry_new(s, file, id, v->line);
	if (!e)
		return error_nomem(err);
	e->kinds = 1u << FINDING_VULNERABILITY;
	e->status = status;
	e->at = at;
	if (*tree_get_text(v, "timestamp") && !suppress_time(tree_get_text(v, "timestamp"), &e->at))
		return suppress_fail(file, v->line, err, "a statement's \"timestamp\" is no point in time");
	rc = take_words(s, e, v, err);
	if (!rc)
		rc = read_aliases(s, e, tree_get(vulnerability, "aliases"), err);
	for (uint32_t i = 0; i < tree_items(products) && !rc; i++)
		rc = read_product(s, e, &products->items[i], err);
	return rc;
}

int suppress_read_openvex(struct suppressions *s, struct suppress_file *file, const struct tree_value *root, pipe_error *err)
{
	const struct tree_value *list = tree_get(root, "statements");
	const char *timestamp = tree_get_text(root, "timestamp");
	int64_t at = 0;
	int rc = PIPE_OK;

	if (!list || list->kind != TREE_LIST)
		return suppress_fail(file, root->line, err, "an OpenVEX document has a list of \"statements\"");
	if (*timestamp && !suppress_time(timestamp, &at))
		return suppress_fail(file, root->line, err, "the document's \"timestamp\" is no point in time");
	for (uint32_t i = 0; i < list->count && !rc; i++)
		rc = read_statement(s, file, &list->items[i], at, err);
	return rc;
}
