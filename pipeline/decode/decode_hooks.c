/*
 * `hooks`: Lua for points in the life of a run and of its jobs.  At the top level, in `default` and in jobs it is one map; GitLab's
 * pre_get_sources_script is a key of it, too, and is decoded with the job.
 */
#include "pipeline/decode/decoding.h"
#include "pipeline/keyword/keyword_fields.h"

#include <string.h>

static const struct {
	const char *name;
	bool of_run; /* about the whole run: at the top level only */
} points[HOOK_POINT_COUNT] = {
#define X(name, text) [HOOK_##name] = { text, HOOK_##name == HOOK_BEFORE_RUN || HOOK_##name == HOOK_AFTER_RUN },
	HOOK_POINT_MAP(X)
#undef X
};

static int find_point(const char *name)
{
	for (int i = 0; i < HOOK_POINT_COUNT; i++)
		if (!strcmp(points[i].name, name))
			return i;
	return -1;
}

/* ---- places ---- */

static void check_place(struct decoding *x, const struct node *key, bool of_job)
{
	int point = find_point(key->text);

	if (of_job && point >= 0 && points[point].of_run) {
		diag_error(x->d, key->at, "hook-place", "\"%s\" is about the whole run, and cannot stand in a job", key->text);
		diag_hint(x->d, "put it under \"hooks\" at the top level of the file");
	} else if (!of_job && !strcmp(key->text, "pre_get_sources_script")) {
		diag_error(x->d, key->at, "hook-place", "\"%s\" is about one job, and cannot stand at the top level", key->text);
		diag_hint(x->d, "put it under \"hooks\" of \"default\" or of a job");
	}
}

void decode_hooks_place(struct decoding *x, const struct node *n, bool of_job)
{
	for (uint32_t i = 0; i < n->count; i++)
		check_place(x, n->pairs[i].key, of_job);
}

/* ---- hooks ---- */

static enum lua_on_error on_error_of(const struct node *n)
{
	const char *text = decode_text(n);

	if (!text)
		return LUA_ON_ERROR_DEFAULT;
	return !strcmp(text, "warn") ? LUA_ON_ERROR_WARN : LUA_ON_ERROR_FAIL;
}

/* An item: a text, a path or a map. */
static void add_hook(struct decoding *x, struct hooks *to, enum hook_point point, struct node *n)
{
	struct hook *hook;
	struct lua_text code;
	struct node *with;

	if (!x->o->lua || !lua_code_read(x->o->lua, n, LUA_SCRIPT, &code))
		return;
	hook = vec_push(x->a, &to->list);
	if (!hook) {
		x->nomem = true;
		return;
	}
	hook->point = point;
	hook->code = code;
	to->points |= 1u << point;
	if (n->kind != NODE_MAP)
		return;
	with = node_get(n, "with");
	hook->with = with && with->kind == NODE_MAP ? with : NULL;
	hook->on_error = on_error_of(node_get(n, "on_error"));
	hook->events = decode_texts(x, node_get(n, "events"));
}

const struct hooks *decode_hooks(struct decoding *x, const struct node *n, bool of_job)
{
	struct hooks *out = NULL;

	if (n->kind != NODE_MAP)
		return NULL;
	decode_hooks_place(x, n, of_job);
	for (uint32_t i = 0; i < n->count; i++) {
		int point = find_point(n->pairs[i].key->text);
		struct flat f;

		if (point < 0 || (of_job && points[point].of_run) || decode_is_null(n->pairs[i].value))
			continue;
		if ((!out && !(out = DECODE_NEW(x, struct hooks))) || !decode_flat(x, n->pairs[i].value, &f))
			return NULL;
		for (uint32_t k = 0; k < f.count; k++)
			add_hook(x, out, (enum hook_point)point, f.items[k]);
	}
	return out && out->list.count ? out : NULL;
}
