/*
 * .trivyignore.yaml: lists of entries under `vulnerabilities`, `misconfigurations`, `secrets` and `licenses`, each with an `id` and, to
 * narrow it, `paths`, `purls` and `expired_at`.  A key that is not known is an error: misspelt, it would pass over more than is meant.
 */
#include "stages/scanner/suppress/suppress_entry.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

struct reading {
	struct suppressions *s;
	struct suppress_file *file;
	int64_t now_ms;
	struct suppress_entry *entry;
};

static const struct {
	const char *key;
	enum finding_kind kind;
} sections[] = {
	{ "licenses", FINDING_LICENSE },
	{ "misconfigurations", FINDING_MISCONFIGURATION },
	{ "secrets", FINDING_SECRET },
	{ "vulnerabilities", FINDING_VULNERABILITY },
};
enum { SECTIONS = sizeof(sections) / sizeof(*sections) };

static int wrong_key(const struct reading *r, const struct tree_member *m, const char *best, pipe_error *err)
{
	return suppress_fail(r->file, m->line, err, "the key \"%.100s\" is not known%s%s%s", m->key,
			     best ? "; did you mean \"" : "", best ? best : "", best ? "\"?" : "");
}

/* ---- fields ---- */

static int add_path(struct reading *r, const struct tree_value *v, pipe_error *err)
{
	const char **slot = vec_push(r->s->a, &r->entry->paths);

	(void)v;
	if (!slot)
		return error_nomem(err);
	*slot = arena_strdup(r->s->a, v->text);
	return *slot ? PIPE_OK : error_nomem(err);
}

static int add_purl(struct reading *r, const struct tree_value *v, pipe_error *err)
{
	struct purl *purl = purl_parse(r->s->a, v->text), **slot;

	if (!purl)
		return suppress_fail(r->file, v->line, err, "\"%.200s\" is no package URL: pkg:npm/lodash@4.17.20 is one",
				     v->text);
	slot = vec_push(r->s->a, &r->entry->purls);
	if (slot)
		*slot = purl;
	return slot ? PIPE_OK : error_nomem(err);
}

static int each_text(struct reading *r, const char *key, const struct tree_value *v,
		     int (*add)(struct reading *r, const struct tree_value *v, pipe_error *err), pipe_error *err)
{
	int rc = PIPE_OK;

	if (v->kind == TREE_NULL)
		return PIPE_OK;
	if (v->kind != TREE_LIST)
		return suppress_fail(r->file, v->line, err, "\"%s\" is a list", key);
	for (uint32_t i = 0; i < v->count && !rc; i++)
		rc = v->items[i].kind == TREE_TEXT
			     ? add(r, &v->items[i], err)
			     : suppress_fail(r->file, v->items[i].line, err, "\"%s\" is a list of texts", key);
	return rc;
}

static int take_id(struct reading *r, const struct tree_value *v, pipe_error *err)
{
	(void)r, (void)v, (void)err;
	return PIPE_OK; /* read first of all */
}

static int take_paths(struct reading *r, const struct tree_value *v, pipe_error *err)
{
	return each_text(r, "paths", v, add_path, err);
}

static int take_purls(struct reading *r, const struct tree_value *v, pipe_error *err)
{
	return each_text(r, "purls", v, add_purl, err);
}

static int take_end(struct reading *r, const struct tree_value *v, pipe_error *err)
{
	int64_t ms;

	if (v->kind == TREE_NULL)
		return PIPE_OK;
	if (v->kind != TREE_TEXT || !suppress_time(v->text, &ms))
		return suppress_fail(r->file, v->line, err, "\"expired_at\" is a day: 2027-01-31");
	r->entry->until = arena_strdup(r->s->a, v->text);
	r->entry->expired = ms < r->now_ms;
	return r->entry->until ? PIPE_OK : error_nomem(err);
}

static int take_statement(struct reading *r, const struct tree_value *v, pipe_error *err)
{
	r->entry->comment = arena_strdup(r->s->a, tree_text(v));
	r->entry->says = true;
	return r->entry->comment ? PIPE_OK : error_nomem(err);
}

static const struct {
	const char *key;
	int (*take)(struct reading *r, const struct tree_value *v, pipe_error *err);
} fields[] = {
	{ "expired_at", take_end },	 { "id", take_id }, { "paths", take_paths }, { "purls", take_purls },
	{ "statement", take_statement },
};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static int take_field(struct reading *r, const struct tree_member *m, pipe_error *err)
{
	struct suggest near;

	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(fields[i].key, m->key))
			return fields[i].take(r, &m->value, err);
	suggest_init(&near, m->key);
	for (size_t i = 0; i < FIELDS; i++)
		suggest_offer(&near, fields[i].key);
	return wrong_key(r, m, near.best, err);
}

/* ---- entries ---- */

static int read_entry(struct reading *r, const struct tree_value *v, enum finding_kind kind, pipe_error *err)
{
	const char *id = tree_get_text(v, "id");
	int rc = PIPE_OK;

	if (v->kind != TREE_MAP)
		return suppress_fail(r->file, v->line, err, "an entry is a map with an \"id\"");
	if (!*id)
		return suppress_fail(r->file, v->line, err, "an entry without an \"id\"");
	r->entry = suppress_entry_new(r->s, r->file, id, v->line);
	if (!r->entry)
		return error_nomem(err);
	r->entry->kinds = 1u << kind;
	for (uint32_t i = 0; i < v->count && !rc; i++)
		rc = take_field(r, &v->members[i], err);
	return rc;
}

static int read_section(struct reading *r, const struct tree_member *m, pipe_error *err)
{
	struct suggest near;
	int rc = PIPE_OK;

	suggest_init(&near, m->key);
	for (size_t i = 0; i < SECTIONS; i++) {
		suggest_offer(&near, sections[i].key);
		if (strcmp(sections[i].key, m->key) != 0)
			continue;
		if (m->value.kind != TREE_LIST && m->value.kind != TREE_NULL)
			return suppress_fail(r->file, m->line, err, "\"%s\" is a list of entries", m->key);
		for (uint32_t k = 0; k < tree_items(&m->value) && !rc; k++)
			rc = read_entry(r, &m->value.items[k], sections[i].kind, err);
		return rc;
	}
	return wrong_key(r, m, near.best, err);
}

int suppress_read_yaml(struct suppressions *s, struct suppress_file *file, const char *bytes, size_t length, int64_t now_ms,
		       pipe_error *err)
{
	struct reading r = { .s = s, .file = file, .now_ms = now_ms };
	struct tree_value root;
	int rc = tree_yaml(&root, &(struct tree_source){ file->path, bytes, length }, s->a, err);

	if (!rc && root.kind != TREE_MAP && root.kind != TREE_NULL)
		rc = suppress_fail(file, 1, err,
				   "the file is a map with \"vulnerabilities\", \"secrets\" or \"misconfigurations\"");
	for (uint32_t i = 0; !rc && i < tree_members(&root); i++)
		rc = read_section(&r, &root.members[i], err);
	return rc;
}
