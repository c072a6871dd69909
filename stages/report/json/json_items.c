/*
 * The walk over a JSON text that comes in pieces.  One function a state takes bytes and says where it stopped; a stack of levels, one
 * for each open map or list, knows the node of the path there and, within an item, the jansson value that is being filled.
 */
#include "base/error.h"
#include "stages/report/json/json_walk.h"

#include <string.h>

enum { MOST_SCALAR = 1000 };

static const char *skip_white(struct json_items *it, const char *p, const char *end)
{
	for (; p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'); p++)
		if (*p == '\n') {
			it->line++;
			it->characters = 0;
			it->from = p + 1;
		}
	return p;
}

/* ---- numbers and words ---- */

static const char *end_scalar(struct json_items *it, const char *p, pipe_error *err)
{
	json_type type;
	json_t *value = NULL;
	bool item;

	if (it->text.failed)
		return json_fail_nomem(it, err);
	if (!json_scalar_type(it->text.data, &type)) {
		json_fail(it, NULL, PIPE_EPIPELINE, err, "no JSON: \"%.40s\" is no value", it->text.data);
		json_at_token(it, err);
		return NULL;
	}
	if (!json_begin_value(it, type, &item, p, err))
		return NULL;
	if (it->next.held)
		value = json_scalar_value(it->text.data, type);
	return json_put_scalar(it, value, type, item, p, err) ? p : NULL;
}

static bool in_scalar(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

static const char *on_scalar(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	const char *from = p;

	while (p < end && in_scalar(*p))
		p++;
	str_add(&it->text, from, (size_t)(p - from));
	if (it->text.length > MOST_SCALAR)
		return json_fail(it, p, PIPE_ELIMIT, err, "a number of more than %d digits", MOST_SCALAR);
	return p < end ? end_scalar(it, p, err) : p;
}

/* ---- between values ---- */

static const char *begin_any(struct json_items *it, const char *p, pipe_error *err)
{
	if (*p == '{' || *p == '[')
		return json_begin_collection(it, p, *p == '{', err);
	if (*p == '"')
		return json_begin_string(it, p, false);
	if (!in_scalar(*p))
		return json_fail_byte(it, p, err, "a value");
	json_begin_token(it, p);
	it->state = JSON_SCALAR;
	str_reset(&it->text);
	return p;
}

static const char *on_value(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	p = skip_white(it, p, end);
	return p < end ? begin_any(it, p, err) : p;
}

static const char *on_first(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	p = skip_white(it, p, end);
	if (p < end)
		return *p == ']' ? json_end_collection(it, p, err) : begin_any(it, p, err);
	return p;
}

static const char *on_top(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	p = skip_white(it, p, end);
	if (p == end)
		return p;
	if (it->spec->many && (!*p || *p == 0x1e))
		return p + 1;
	if (it->any && !it->spec->many)
		return json_fail(it, p, PIPE_EPIPELINE, err, "more stands behind the end of the JSON document");
	return begin_any(it, p, err);
}

static const char *on_key(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	p = skip_white(it, p, end);
	if (p == end)
		return p;
	if (*p == '}' && it->state == JSON_FIRST_KEY)
		return json_end_collection(it, p, err);
	return *p == '"' ? json_begin_string(it, p, true) : json_fail_byte(it, p, err, "a key in double quotes");
}

static const char *on_colon(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	p = skip_white(it, p, end);
	if (p == end)
		return p;
	if (*p != ':')
		return json_fail_byte(it, p, err, "\":\"");
	it->state = JSON_VALUE;
	return p + 1;
}

static const char *on_behind(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	bool is_map = json_parent(it)->is_map;

	p = skip_white(it, p, end);
	if (p == end)
		return p;
	if (*p == (is_map ? '}' : ']'))
		return json_end_collection(it, p, err);
	if (*p != ',')
		return json_fail_byte(it, p, err, is_map ? "\",\" or \"}\"" : "\",\" or \"]\"");
	it->state = is_map ? JSON_KEY : JSON_VALUE;
	if (!is_map)
		json_expect_element(it);
	return p + 1;
}

typedef const char *(*step)(struct json_items *it, const char *p, const char *end, pipe_error *err);

static const step steps[] = {
	[JSON_TOP] = on_top,
	[JSON_VALUE] = on_value,
	[JSON_FIRST] = on_first,
	[JSON_FIRST_KEY] = on_key,
	[JSON_KEY] = on_key,
	[JSON_COLON] = on_colon,
	[JSON_BEHIND] = on_behind,
	[JSON_IN_STRING] = json_on_string,
	[JSON_ESCAPE] = json_on_escape,
	[JSON_UNICODE] = json_on_unicode,
	[JSON_SCALAR] = on_scalar,
};

/* ---- the whole ---- */

static bool keep_keys(struct json_items *it)
{
	for (const char *const *k = it->spec->keep; k && *k; k++) {
		size_t n = strlen(*k);
		bool whole = n && (*k)[n - 1] == '*';

		if (!map_put(&it->keep, &it->arena, *k, n - whole, (void *)(uintptr_t)(whole ? "*" : *k)))
			return false;
	}
	return true;
}

int json_items_init(struct json_items *it, const struct json_spec *spec, const struct report_limits *limits, void *payload,
		    pipe_error *err)
{
	memset(it, 0, sizeof(*it));
	it->spec = spec;
	it->limits = limits;
	it->payload = payload;
	it->most = limits->depth;
	it->line = 1;
	str_init(&it->text);
	str_init(&it->key);
	it->levels = ARENA_ARRAY(&it->arena, struct json_level, it->most);
	if (!it->levels || !keep_keys(it))
		return error_nomem(err);
	it->state = JSON_TOP;
	it->next.node = JSON_ROOT;
	return json_path_init(&it->path, spec->patterns, spec->count, err);
}

int json_items_feed(struct json_items *it, const char *bytes, size_t length, pipe_error *err)
{
	const char *p = bytes, *end = bytes + length;

	it->from = bytes;
	while (p && p < end)
		p = steps[it->state](it, p, end, err);
	if (!p)
		return it->failed;
	json_reach(it, end);
	return PIPE_OK;
}

bool json_items_between(const struct json_items *it)
{
	return it->state == JSON_TOP;
}

int json_items_finish(struct json_items *it, pipe_error *err)
{
	static const char nothing[] = "";

	it->from = nothing;
	if (it->state == JSON_SCALAR && !it->depth && !end_scalar(it, nothing, err))
		return it->failed;
	if (it->state != JSON_TOP) {
		json_fail(it, NULL, PIPE_EPIPELINE, err, "the JSON document ends in the middle: it was cut short");
		return it->failed;
	}
	if (!it->any) {
		json_fail(it, NULL, PIPE_EPIPELINE, err, "there is nothing in it: no JSON value");
		return it->failed;
	}
	return PIPE_OK;
}

void json_items_clear(struct json_items *it)
{
	for (unsigned i = 0; it->levels && i < it->depth; i++)
		json_decref(it->levels[i].before);
	json_decref(it->root);
	str_clear(&it->text);
	str_clear(&it->key);
	arena_clear(&it->arena);
	memset(it, 0, sizeof(*it));
}
