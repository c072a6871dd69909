#include "stages/probe_check.h"

#include "base/error.h"
#include "pipeline/limits.h"
#include "stages/parameter.h"

#include <string.h>

static void is_there(void *context, const char *name, size_t length)
{
	(void)name;
	(void)length;
	*(bool *)context = true;
}

bool probe_text_varies(const char *text)
{
	const struct scope none = { .count = 0 };
	bool varies = strstr(text, "$$") != NULL;

	scope_undefined(&none, text, is_there, &varies);
	return varies;
}

static void lint_text(const struct probe_check *row, const struct node *n, struct diagnostics *d)
{
	pipe_error why;

	if (n->kind != NODE_SCALAR || node_is_null(n) || probe_text_varies(n->text) || row->check(n->text, &why))
		return;
	diag_error(d, n->at, "wrong-value", "\"%s\" cannot be \"%s\"", row->name, n->text);
	diag_hint(d, "%s", why.text);
}

void probe_check_lint(const struct node *map, const struct probe_check *rows, struct diagnostics *d)
{
	for (const struct probe_check *row = rows; row->name; row++) {
		const struct node *value = node_get(map, row->name);
		if (value && !row->keys)
			lint_text(row, value, d);
		for (uint32_t i = 0; value && row->keys && value->kind == NODE_MAP && i < value->count; i++)
			lint_text(row, value->pairs[i].key, d);
	}
}

int probe_check_text(const struct stage_job *job, const struct node *map, const char *name, const char *text,
		     const struct probe_check *rows, pipe_error *err)
{
	pipe_error why;

	for (; rows->name; rows++)
		if (!strcmp(rows->name, name) && !rows->check(text, &why))
			return parameter_wrong(job, node_get(map, name), err, "\"%s\" cannot be \"%.200s\": %s", name, text,
					       why.text);
	return PIPE_OK;
}

static int each(const struct node *value, probe_take take, void *payload, unsigned depth)
{
	int rc = PIPE_OK;

	if (value->kind != NODE_LIST)
		return node_is_null(value) ? PIPE_OK : take(payload, value);
	for (uint32_t i = 0; rc == PIPE_OK && depth && i < value->count; i++)
		rc = each(value->items[i], take, payload, depth - 1);
	return rc;
}

int probe_each(const struct node *value, probe_take take, void *payload)
{
	return value ? each(value, take, payload, LIMIT_SCRIPT_DEPTH) : PIPE_OK;
}
