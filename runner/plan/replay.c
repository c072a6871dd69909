#include <jansson.h>

#include "runner/plan/replay.h"

#include "base/error.h"
#include "base/json.h"
#include <stdbool.h>
#include <string.h>

enum type { TEXT, LIST, PAIRS /* a list of KEY=VALUE */, NAMES /* the same, of which only the keys are kept */, FLAG };

static const struct field {
	const char *key;
	size_t offset;
	enum type type;
} fields[] = {
#define FIELD(name, type)                                                                                                        \
	{                                                                                                                        \
#name, offsetof(pipe_plan_options, name), type                                                                   \
	}
	FIELD(file, TEXT),
	FIELD(text, TEXT),
	FIELD(variables, PAIRS),
	FIELD(secrets, NAMES),
	FIELD(unset_variables, LIST),
	FIELD(variables_files, LIST),
	FIELD(inputs, PAIRS),
	FIELD(as, TEXT),
	FIELD(assume_changed, FLAG),
	FIELD(offline, FLAG),
	FIELD(jobs, LIST),
	FIELD(manual, LIST),
	FIELD(stage, TEXT),
	FIELD(no_needs, FLAG),
	FIELD(only_needs, FLAG),
	FIELD(strict, FLAG),
#undef FIELD
};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static const struct limit {
	const char *key;
	size_t offset;
	bool wide;
} limits[] = {
#define LIMIT(name)                                                                                                              \
	{                                                                                                                        \
#name, offsetof(pipe_limits, name), sizeof(((pipe_limits *)0)->name) == sizeof(uint64_t)                         \
	}
	LIMIT(file_bytes), LIMIT(total_bytes), LIMIT(depth),	   LIMIT(nodes),      LIMIT(includes),
	LIMIT(jobs),	   LIMIT(matrix),      LIMIT(regex_steps), LIMIT(network_ms),
#undef LIMIT
};
enum { LIMITS = sizeof(limits) / sizeof(*limits) };

/* ---- writing ---- */

static const char *text_at(const void *base, size_t offset)
{
	return *(const char *const *)((const char *)base + offset);
}

static const char *const *list_at(const void *base, size_t offset)
{
	return *(const char *const *const *)((const char *)base + offset);
}

static int flag_at(const void *base, size_t offset)
{
	return *(const int *)((const char *)base + offset);
}

static uint64_t limit_at(const pipe_limits *l, const struct limit *limit)
{
	const char *at = (const char *)l + limit->offset;

	return limit->wide ? *(const uint64_t *)at : *(const uint32_t *)at;
}

static void write_list(struct json *j, const char *key, const char *const *list)
{
	jsonw_key(j, key);
	jsonw_array(j);
	for (; *list; list++)
		jsonw_string(j, *list);
	jsonw_array_end(j);
}

static void write_names(struct json *j, const char *key, const char *const *pairs)
{
	jsonw_key(j, key);
	jsonw_array(j);
	for (; *pairs; pairs++)
		jsonw_stringn(j, *pairs, strcspn(*pairs, "="));
	jsonw_array_end(j);
}

static void write_field(struct json *j, const struct field *f, const pipe_plan_options *o)
{
	if (f->type == FLAG) {
		if (flag_at(o, f->offset))
			jsonw_kbool(j, f->key, true);
	} else if (f->type == TEXT) {
		if (text_at(o, f->offset))
			jsonw_kstring(j, f->key, text_at(o, f->offset));
	} else if (list_at(o, f->offset) && f->type == NAMES) {
		write_names(j, f->key, list_at(o, f->offset));
	} else if (list_at(o, f->offset)) {
		write_list(j, f->key, list_at(o, f->offset));
	}
}

static void write_limits(struct json *j, const pipe_limits *l)
{
	bool any = false;

	for (size_t i = 0; i < LIMITS; i++)
		any |= limit_at(l, &limits[i]) != 0;
	if (!any)
		return;
	jsonw_key(j, "limits");
	jsonw_object(j);
	for (size_t i = 0; i < LIMITS; i++) {
		uint64_t value = limit_at(l, &limits[i]);

		if (value)
			jsonw_kint(j, limits[i].key, value > INT64_MAX ? INT64_MAX : (int64_t)value);
	}
	jsonw_object_end(j);
}

int replay_options_write(const pipe_plan_options *o, struct str *json)
{
	struct json j;

	jsonw_init(&j, json, false);
	jsonw_object(&j);
	for (size_t i = 0; i < FIELDS; i++)
		write_field(&j, &fields[i], o);
	write_limits(&j, &o->limits);
	jsonw_object_end(&j);
	return json->failed ? PIPE_ENOMEM : PIPE_OK;
}

/* ---- reading ---- */

struct reading {
	struct arena *arena;
	void (*masked)(void *payload, const char *option, const char *name);
	void *payload;
};

static int not_options(pipe_error *err, const char *what)
{
	return error_set(err, PIPE_ESTORE, "the options that this run was started with cannot be read: %s", what);
}

/* Was a part of the value replaced because it was secret?  Then it is of no use any more. */
static bool was_masked(struct reading *r, const struct field *f, const char *pair)
{
	const char *value = f->type == PAIRS ? strchr(pair, '=') : NULL;
	char name[256];
	size_t length;

	if (!value || !strstr(value, "[MASKED]"))
		return false;
	length = (size_t)(value - pair);
	if (length >= sizeof(name))
		length = sizeof(name) - 1;
	memcpy(name, pair, length);
	name[length] = '\0';
	if (r->masked)
		r->masked(r->payload, f->key, name);
	return true;
}

static int read_list(struct reading *r, const struct field *f, const json_t *value, const char *const **out, pipe_error *err)
{
	size_t count = json_array_size(value), n = 0;
	const char **list = ARENA_ARRAY(r->arena, const char *, count + 1);

	if (!list)
		return error_nomem(err);
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (!text)
			return not_options(err, f->key);
		if (was_masked(r, f, text))
			continue;
		list[n] = arena_strdup(r->arena, text);
		if (!list[n++])
			return error_nomem(err);
	}
	*out = list;
	return PIPE_OK;
}

static int read_field(struct reading *r, const struct field *f, const json_t *value, pipe_plan_options *out, pipe_error *err)
{
	void *at = (char *)out + f->offset;
	char *text;

	if (f->type == FLAG) {
		if (!json_is_boolean(value))
			return not_options(err, f->key);
		*(int *)at = json_is_true(value);
		return PIPE_OK;
	}
	if (f->type == TEXT) {
		if (!json_is_string(value))
			return not_options(err, f->key);
		text = arena_strdup(r->arena, json_string_value(value));
		*(const char **)at = text;
		return text ? PIPE_OK : error_nomem(err);
	}
	return json_is_array(value) ? read_list(r, f, value, at, err) : not_options(err, f->key);
}

static int read_limits(const json_t *object, pipe_limits *out, pipe_error *err)
{
	for (size_t i = 0; i < LIMITS; i++) {
		const json_t *value = json_object_get(object, limits[i].key);
		char *at = (char *)out + limits[i].offset;
		json_int_t n = json_integer_value(value);

		if (!value)
			continue;
		if (!json_is_integer(value) || n < 0 || (!limits[i].wide && n > UINT32_MAX))
			return not_options(err, limits[i].key);
		if (limits[i].wide)
			*(uint64_t *)at = (uint64_t)n;
		else
			*(uint32_t *)at = (uint32_t)n;
	}
	return PIPE_OK;
}

int replay_options_read(const char *json, struct arena *a, pipe_plan_options *out,
			void (*masked)(void *payload, const char *option, const char *name), void *payload, pipe_error *err)
{
	struct reading r = { a, masked, payload };
	json_error_t why;
	json_t *object = json_loads(json, 0, &why);
	int rc = PIPE_OK;

	*out = (pipe_plan_options)PIPE_PLAN_OPTIONS_INIT;
	if (!json_is_object(object))
		rc = not_options(err, object ? "not an object" : why.text);
	for (size_t i = 0; !rc && i < FIELDS; i++) {
		const json_t *value = json_object_get(object, fields[i].key);

		if (value)
			rc = read_field(&r, &fields[i], value, out, err);
	}
	if (!rc)
		rc = read_limits(json_object_get(object, "limits"), &out->limits, err);
	json_decref(object);
	return rc;
}
