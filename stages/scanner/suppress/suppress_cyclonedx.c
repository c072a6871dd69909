/*
 * CycloneDX VEX: an analysis of a vulnerability and references to what it affects.  A reference is a BOM-Link into an SBOM
 * (urn:cdx:SERIAL/VERSION#REF), where REF is mostly a package URL, or names a component of the same document.  The SBOM that a link
 * leads to is not looked at: its packages are those that were scanned.
 */
#include "stages/scanner/suppress/suppress_entry.h"

#include "base/error.h"

#include <string.h>

static const struct {
	const char *state, *status;
} states[] = {
	{ "exploitable", "affected" },
	{ "false_positive", "not_affected" },
	{ "in_triage", "under_investigation" },
	{ "not_affected", "not_affected" },
	{ "resolved", "fixed" },
	{ "resolved_with_pedigree", "fixed" },
};

static const char *status_of(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(states[i].state, state))
			return states[i].status;
	return NULL;
}

/* bom-ref -> purl, of the document's own components. */
static bool index_components(struct suppressions *s, const struct tree_value *list, struct map *refs)
{
	for (uint32_t i = 0; i < tree_items(list); i++) {
		const char *ref = tree_get_text(&list->items[i], "bom-ref"), *purl = tree_get_text(&list->items[i], "purl");

		if (*ref && *purl && !map_put(refs, s->a, ref, strlen(ref), (void *)(uintptr_t)purl))
			return false;
	}
	return true;
}

static const char *purl_of(const struct map *refs, const char *ref)
{
	const char *found = map_get(refs, ref, strlen(ref)), *hash;

	if (found)
		return found;
	if (strncmp(ref, "urn:cdx:", 8) != 0)
		return ref;
	hash = strchr(ref, '#');
	found = hash ? map_get(refs, hash + 1, strlen(hash + 1)) : NULL;
	return found ? found : hash ? hash + 1 : ref;
}

/* Of a BOM-Link the package URL is encoded once more: "pkg%3Anpm%2Flodash%404.17.20". */
static char *unescape(struct arena *a, const char *text)
{
	char *out = arena_strdup(a, text), *to = out;

	if (!out || !strchr(text, '%') || !strncmp(text, "pkg:", 4))
		return out;
	for (const char *c = text; *c; c++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *high = *c == '%' && c[1] ? strchr(digits, c[1]) : NULL;
		const char *low = high && c[2] ? strchr(digits, c[2]) : NULL;
		int value = low ? (int)((high - digits) % 16 * 16 + (low - digits) % 16) : 0;

		*to++ = value ? (char)value : *c;
		c += value ? 2 : 0;
	}
	*to = '\0';
	return out;
}

static int read_one(struct suppressions *s, struct suppress_file *file, const struct tree_value *v, const struct map *refs,
		    pipe_error *err)
{
	const struct tree_value *analysis = tree_get(v, "analysis"), *affects = tree_get(v, "affects");
	const char *id = tree_get_text(v, "id"), *status = status_of(tree_get_text(analysis, "state"));
	const char *reason = tree_get_text(analysis, "justification");
	struct suppress_entry *e;

	if (!analysis)
		return PIPE_OK;
	if (!*id)
		return suppress_fail(file, v->line, err, "a vulnerability without an \"id\"");
	if (!status)
		return suppress_fail(file, analysis->line, err, "the analysis of %.100s has no \"state\" that is known", id);
	e = suppress_entry_new(s, file, id, v->line);
	if (!e)
		return error_nomem(err);
	e->kinds = 1u << FINDING_VULNERABILITY;
	e->status = status;
	e->reason = arena_strdup(s->a, *reason ? reason : tree_get_text(analysis, "detail"));
	for (uint32_t i = 0; e->reason && i < tree_items(affects); i++) {
		const char *ref = unescape(s->a, purl_of(refs, tree_get_text(&affects->items[i], "ref")));

		if (!ref || !suppress_product_new(s, e, ref))
			return error_nomem(err);
	}
	return e->reason ? PIPE_OK : error_nomem(err);
}

int suppress_read_cyclonedx(struct suppressions *s, struct suppress_file *file, const struct tree_value *root, pipe_error *err)
{
	const struct tree_value *list = tree_get(root, "vulnerabilities");
	struct map refs = MAP_INIT;
	int rc = PIPE_OK;

	if (!list || list->kind != TREE_LIST)
		return suppress_fail(file, root->line, err,
				     "a CycloneDX document that is a VEX has a list of \"vulnerabilities\"");
	if (!index_components(s, tree_get(root, "components"), &refs))
		return error_nomem(err);
	for (uint32_t i = 0; i < list->count && !rc; i++)
		rc = read_one(s, file, &list->items[i], &refs, err);
	return rc;
}
