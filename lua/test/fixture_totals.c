/*
 * What the rows of a fixture add up to, by the rules that the history's totals go by.  One table names the plain sums, for "totals" of the
 * document to be put over them, and to be written when rows were left out.
 */
#include "base/error.h"
#include "lua/test/fixture_parts.h"

#include <string.h>

/* ---- from rows ---- */

static const json_t *list_of(const json_t *rows, enum lua_rows kind)
{
	return json_object_get(rows, lua_rows_kinds[kind].name);
}

static void derive_tests(const json_t *list, struct evidence_totals *t)
{
	const json_t *row;
	size_t i;

	t->has_tests = list != NULL;
	json_array_foreach((json_t *)list, i, row)
	{
		const char *status = json_string_value(json_object_get(row, "status"));
		int s = status ? 0 : TEST_PASSED;

		while (s < TEST_STATUS_COUNT && status && strcmp(test_status_name((enum test_status)s), status) != 0)
			s++;
		if (s == TEST_STATUS_COUNT)
			continue;
		t->tests_us += (int64_t)(json_number_value(json_object_get(row, "duration")) * 1e6);
		if (!json_is_true(json_object_get(row, "quarantined"))) {
			t->tests[s]++;
			continue;
		}
		t->quarantined++;
		t->quarantined_failed += s == TEST_FAILED || s == TEST_ERROR;
	}
}

static void derive_findings(const json_t *list, struct evidence_totals *t)
{
	const json_t *row;
	size_t i;

	for (int k = 0; k < FINDING_KIND_COUNT; k++)
		t->has_findings[k] = list != NULL;
	json_array_foreach((json_t *)list, i, row)
	{
		const char *kind = json_string_value(json_object_get(row, "kind"));
		const char *severity = json_string_value(json_object_get(row, "severity"));
		enum finding_kind k = FINDING_ISSUE;
		enum severity s = SEVERITY_UNKNOWN;

		if ((kind && !finding_kind_from(kind, &k)) || (severity && !severity_from(severity, &s)))
			continue;
		if (json_is_true(json_object_get(row, "suppressed")))
			t->suppressed++;
		else
			t->findings[k][s]++;
	}
}

static uint64_t count_of(const json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);
	const double number = json_number_value(value);

	return number > 0 && number < 1e15 ? (uint64_t)number : 0;
}

static void derive_coverage(const json_t *list, struct evidence_totals *t)
{
	const json_t *row;
	size_t i;

	t->has_coverage = list != NULL;
	json_array_foreach((json_t *)list, i, row)
	{
		t->files++;
		t->lines += count_of(row, "lines");
		t->lines_hit += count_of(row, "hit");
		t->branches += count_of(row, "branches");
		t->branches_hit += count_of(row, "branches_hit");
	}
}

static void derive_conditions(const json_t *list, struct evidence_totals *t)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)list, i, row)
	{
		const char *verdict = json_string_value(json_object_get(row, "verdict"));

		t->conditions++;
		t->conditions_failed += verdict && strcmp(verdict, "pass") != 0;
	}
}

void fixture_derive(const json_t *rows, struct evidence_totals *out)
{
	memset(out, 0, sizeof(*out));
	derive_tests(list_of(rows, LUA_TESTS), out);
	derive_findings(list_of(rows, LUA_FINDINGS), out);
	derive_coverage(list_of(rows, LUA_COVERAGE), out);
	derive_conditions(list_of(rows, LUA_CONDITIONS), out);
	out->metrics = json_array_size(list_of(rows, LUA_METRICS));
	out->components = json_array_size(list_of(rows, LUA_COMPONENTS));
	out->images = json_array_size(list_of(rows, LUA_IMAGES));
}

/* ---- "totals" ---- */

#define SUM(name, field)                                                                                                         \
	{                                                                                                                        \
		name, offsetof(struct evidence_totals, field)                                                                    \
	}
static const struct sum {
	const char *name;
	size_t offset;
} sums[] = {
	SUM("failed", tests[TEST_FAILED]),
	SUM("errors", tests[TEST_ERROR]),
	SUM("flaky", tests[TEST_FLAKY]),
	SUM("passed", tests[TEST_PASSED]),
	SUM("skipped", tests[TEST_SKIPPED]),
	SUM("quarantined", quarantined),
	SUM("quarantined_failed", quarantined_failed),
	SUM("tests_us", tests_us),
	SUM("suppressed", suppressed),
	SUM("lines", lines),
	SUM("lines_hit", lines_hit),
	SUM("branches", branches),
	SUM("branches_hit", branches_hit),
	SUM("files", files),
	SUM("metrics", metrics),
	SUM("components", components),
	SUM("images", images),
	SUM("reports", reports),
	SUM("broken", broken),
	SUM("conditions", conditions),
	SUM("conditions_failed", conditions_failed),
	{ NULL, 0 },
};
static const struct flag {
	const char *name;
	size_t offset;
} flags[] = {
	{ "has_tests", offsetof(struct evidence_totals, has_tests) },
	{ "has_coverage", offsetof(struct evidence_totals, has_coverage) },
	{ NULL, 0 },
};

/* All sums are 64 bits wide, and none is negative. */
static uint64_t *sum_at(const struct evidence_totals *t, size_t offset)
{
	return (uint64_t *)(void *)((char *)(uintptr_t)t + offset);
}

static bool *flag_at(const struct evidence_totals *t, size_t offset)
{
	return (bool *)((char *)(uintptr_t)t + offset);
}

static void findings_over(const json_t *beyond, struct evidence_totals *out)
{
	for (int k = 0; k < FINDING_KIND_COUNT; k++) {
		const char *name = finding_kind_name((enum finding_kind)k);
		const json_t *kind = json_object_get(json_object_get(beyond, "findings"), name);
		const json_t *known = json_object_get(json_object_get(beyond, "has_findings"), name);

		if (json_is_boolean(known))
			out->has_findings[k] = json_is_true(known);
		for (int s = 0; s < SEVERITY_COUNT; s++)
			if (json_object_get(kind, severity_name((enum severity)s)))
				out->findings[k][s] = count_of(kind, severity_name((enum severity)s));
	}
}

void fixture_totals_over(const json_t *beyond, struct evidence_totals *out)
{
	for (const struct sum *s = sums; s->name; s++)
		if (json_object_get(beyond, s->name))
			*sum_at(out, s->offset) = count_of(beyond, s->name);
	for (const struct flag *f = flags; f->name; f++)
		if (json_is_boolean(json_object_get(beyond, f->name)))
			*flag_at(out, f->offset) = json_is_true(json_object_get(beyond, f->name));
	findings_over(beyond, out);
}

/* ---- writing them ---- */

static bool put(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) == 0;
}

/* A member of `object` that is an object itself, made where it is missing; NULL: out of memory. */
static json_t *part(json_t *object, const char *name)
{
	json_t *is = json_object_get(object, name);

	if (is || !put(object, name, json_object()))
		return is;
	return json_object_get(object, name);
}

static bool findings_beyond(const struct evidence_totals *real, const struct evidence_totals *derived, json_t *out)
{
	bool good = true;

	for (int k = 0; k < FINDING_KIND_COUNT; k++) {
		const char *name = finding_kind_name((enum finding_kind)k);

		if (real->has_findings[k] != derived->has_findings[k])
			good = put(part(out, "has_findings"), name, json_boolean(real->has_findings[k])) && good;
		for (int s = 0; s < SEVERITY_COUNT; s++)
			if (real->findings[k][s] != derived->findings[k][s])
				good = put(part(part(out, "findings"), name), severity_name((enum severity)s),
					   json_integer((json_int_t)real->findings[k][s])) &&
				       good;
	}
	return good;
}

int fixture_totals_beyond(const json_t *rows, const struct evidence_totals *real, json_t **out, pipe_error *err)
{
	struct evidence_totals derived;
	json_t *beyond = json_object();
	bool good = beyond != NULL;

	*out = NULL;
	fixture_derive(rows, &derived);
	for (const struct sum *s = sums; s->name; s++)
		if (*sum_at(real, s->offset) != *sum_at(&derived, s->offset))
			good = put(beyond, s->name, json_integer((json_int_t)*sum_at(real, s->offset))) && good;
	for (const struct flag *f = flags; f->name; f++)
		if (*flag_at(real, f->offset) != *flag_at(&derived, f->offset))
			good = put(beyond, f->name, json_boolean(*flag_at(real, f->offset))) && good;
	good = findings_beyond(real, &derived, beyond) && good;
	if (!good) {
		json_decref(beyond);
		return error_nomem(err);
	}
	if (json_object_size(beyond))
		*out = beyond;
	else
		json_decref(beyond);
	return PIPE_OK;
}

json_t *fixture_cell(const struct lua_cell *cell)
{
	json_t *list;

	switch (cell->type) {
	case LUA_CELL_TEXT:
		return json_stringn(cell->text, cell->length);
	case LUA_CELL_INTEGER:
		return json_integer(cell->integer);
	case LUA_CELL_NUMBER:
		return cell->number - cell->number == 0 ? json_real(cell->number) : json_null();
	case LUA_CELL_BOOL:
		return json_boolean(cell->truth);
	case LUA_CELL_LIST:
		list = json_array();
		for (const char *const *item = cell->list; list && *item; item++)
			if (json_array_append_new(list, json_string(*item))) {
				json_decref(list);
				return NULL;
			}
		return list;
	default:
		return json_null();
	}
}
