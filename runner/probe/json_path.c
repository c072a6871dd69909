/* Values in JSON by path. */
#include "base/error.h"
#include "runner/probe/try.h"
#include "stages/probe_text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 15 }; /* of a real, as people write them: 0.1 */

/* Integers beyond 64 bits are still numbers. */
static json_t *read_json(const char *json, size_t length, json_error_t *why)
{
	size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *root = json_loadb(json, length, flags, why);

	return root || json_error_code(why) != json_error_numeric_overflow
		       ? root
		       : json_loadb(json, length, flags | JSON_DECODE_INT_AS_REAL, why);
}

static const json_t *follow(const json_t *value, const struct probe_path_step *step)
{
	long size;

	if (!step->is_index)
		return json_object_get(value, step->name);
	size = (long)json_array_size(value);
	return json_array_get(value, (size_t)(step->index < 0 ? step->index + size : step->index));
}

static void write_value(const json_t *value, struct str *out)
{
	char *text;

	if (json_is_string(value)) {
		str_add(out, json_string_value(value), json_string_length(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(DIGITS));
	if (text)
		str_adds(out, text);
	else
		out->failed = true;
	free(text);
}

/* NULL: it leads to nothing.  *wrong: it is none. */
static const json_t *walk(const json_t *here, const char *path, bool *wrong)
{
	const char *at = probe_path_start(path);
	struct probe_path_step step;

	*wrong = false;
	while (at && *at) {
		at = probe_path_step(at, &step);
		*wrong = !at;
		here = at && here ? follow(here, &step) : NULL;
	}
	return here;
}

bool json_path_value(const char *json, size_t length, const char *path, struct str *value, double *real, const char **why,
		     pipe_error *err)
{
	json_error_t reason;
	json_t *root = length <= PROBE_JSON_MAX ? read_json(json, length, &reason) : NULL;
	const json_t *found;
	bool wrong;

	*real = NAN;
	found = walk(root, path, &wrong);
	*why = found ? NULL : root ? "is not there" : length > PROBE_JSON_MAX ? "is in a body that is too long" : "is in no JSON";
	if (wrong) {
		error_set(err, PIPE_EPIPELINE, "\"%s\" is no JSONPath that is understood: write $.name[0].other", path);
	} else if (found) {
		if (json_is_real(found))
			*real = json_real_value(found);
		write_value(found, value);
		if (value->failed)
			error_nomem(err);
	}
	json_decref(root);
	return !wrong && !value->failed;
}
