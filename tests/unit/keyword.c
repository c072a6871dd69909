/* The keyword table: that it is sound, that everything in it can be found and looked at, and that the views say what it says. */
#include <jansson.h>

#include "pipeline/keyword/keyword.h"

#include "decode_fixture.h"

Suite *keyword_suite(void);

/* ---- the table ---- */

START_TEST(the_table_is_sorted_and_each_row_found)
{
	for (const struct keyword *k = keywords; k->name; k++) {
		if (k[1].name)
			ck_assert_msg(strcmp(k->name, k[1].name) < 0, "%s stands before %s", k->name, k[1].name);
		ck_assert_ptr_eq(keyword_find(keywords, k->where, k->name, strlen(k->name)), k);
	}
}
END_TEST

static void sound(const struct keyword *k, const char *path, unsigned depth)
{
	unsigned shapes = k->shape;

	ck_assert_msg(depth < 8, "%s is too deep", path);
	ck_assert_msg(k->help && *k->help && k->help[strlen(k->help) - 1] != '.', "%s: help", path);
	ck_assert_msg(k->since && shapes && k->where, "%s: since, shape, where", path);
	ck_assert_msg(!(shapes & TAKES_ENUM) || k->values, "%s: values", path);
	ck_assert_msg(!(shapes & (TAKES_LIST | TAKES_NAMED)) || k->items, "%s: items", path);
	ck_assert_msg(!(shapes & TAKES_VARIABLES) || k->fields, "%s: fields of variables", path);
	ck_assert_msg(!k->most || k->least <= k->most, "%s: bounds", path);
	for (const struct keyword *f = k->fields; f && f->name && k->fields != keywords; f++) {
		char below[256];
		snprintf(below, sizeof(below), "%s:%s", path, f->name);
		ck_assert_ptr_eq(keyword_by_path(below), f);
		sound(f, below, depth + 1);
	}
}

START_TEST(each_row_is_sound)
{
	for (const struct keyword *k = keywords; k->name; k++)
		sound(k, k->name, 0);
}
END_TEST

/* Indented and with a job around it where it needs one. */
static void example_file(const struct keyword *k, struct str *out)
{
	bool job = !(k->where & IN_GLOBAL) || !strcmp(k->name, "variables");

	str_adds(out, "job:\n  stage: test\n");
	for (const char *line = k->example; *line && job;) {
		size_t n = strcspn(line, "\n");
		str_printf(out, "  %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	if (strcmp(k->name, "stage") == 0)
		str_printf(out, "  script: x\nstages: [test, build]\n");
	else if (strcmp(k->name, "script") != 0 && strcmp(k->name, "trigger") != 0 && strcmp(k->name, "run") != 0)
		str_adds(out, "  script: x\n");
	if (!job)
		str_printf(out, "%s\n", k->example);
}

START_TEST(the_examples_are_right)
{
	for (const struct keyword *k = keywords; k->name; k++) {
		struct decoded_text t;
		struct str text;

		if (!k->example || !strcmp(k->name, "spec") || !strcmp(k->name, "stage") || k->id == KEYWORD_USES ||
		    k->id == KEYWORD_WITH) /* those two: tests/unit/stage.c */
			continue;
		str_init(&text);
		example_file(k, &text);
		decoded_good(&t, text.data);
		decoded_clear(&t);
		str_clear(&text);
	}
}
END_TEST

START_TEST(names_are_found_where_they_may_stand)
{
	ck_assert_ptr_nonnull(keyword_find(keywords, IN_JOB, "script", 6));
	ck_assert_ptr_null(keyword_find(keywords, IN_GLOBAL, "script", 6));
	ck_assert_ptr_null(keyword_find(keywords, IN_DEFAULT, "script", 6));
	ck_assert_ptr_nonnull(keyword_find(keywords, IN_DEFAULT, "shell", 5));
	ck_assert_ptr_null(keyword_find(keywords, IN_JOB, "scrip", 5));
	ck_assert_ptr_null(keyword_find(keywords, IN_JOB, "scripts", 7));
	ck_assert_ptr_null(keyword_find(keywords, IN_JOB, "script\0x", 8));
	ck_assert_ptr_null(keyword_find(keywords, IN_JOB, "", 0));
	ck_assert_ptr_null(keyword_find(NULL, IN_NESTED, "x", 1));
	ck_assert_str_eq(keyword_nearest(keywords, IN_JOB, "scirpt"), "script");
	ck_assert_ptr_null(keyword_nearest(keywords, IN_JOB, "qqqqqqqq"));
	ck_assert_str_eq(keyword_by_path("artifacts:reports:junit")->name, "junit");
	ck_assert_str_eq(keyword_by_path("default:image")->name, "image");
	ck_assert_ptr_null(keyword_by_path("default:script"));
	ck_assert_ptr_null(keyword_by_path("script:x"));
	ck_assert_ptr_null(keyword_by_path("artifacts:"));
	ck_assert_ptr_null(keyword_by_path(""));
	ck_assert_ptr_null(keyword_by_path("use"));
}
END_TEST

/* ---- the views ---- */

static void words(const char *path, const char *expected)
{
	struct str out;

	str_init(&out);
	keyword_shape_words(keyword_by_path(path), &out);
	ck_assert_str_eq(out.data, expected);
	str_clear(&out);
}

START_TEST(shapes_in_words)
{
	words("script", "text or a list of text");
	words("image", "text or a map");
	words("cache", "a list of maps or a map");
	words("needs", "a list of text or maps or a map");
	words("retry", "a number from 0 to 2 or a map");
	words("parallel", "a number from 1 on or a map");
	words("allow_failure:exit_codes", "a number or a list of numbers");
	words("cache:policy", "pull-push, pull, push or text with a variable in it");
	words("artifacts:expire_in", "never or a duration");
	words("image:pull_policy", "always, if-not-present, never or a list of them");
	words("parallel:matrix", "a list of maps of variables to lists of values");
	words("variables", "a map of variables");
	words("variables:value", "text, a number or a boolean");
	words("timeout", "a duration");
}
END_TEST

START_TEST(explaining_a_keyword)
{
	struct str out;

	str_init(&out);
	ck_assert(keyword_explain("artifacts:expire_in", NULL, false, &out));
	ck_assert_str_eq(out.data, "artifacts:expire_in\n  how long they are kept\n\n  Where    below artifacts\n"
				   "  Takes    never or a duration\n  Default  as long as the run\n  Since    0.1\n  Example   \n"
				   "    artifacts:\n      expire_in: 1 week\n");
	str_reset(&out);
	ck_assert(keyword_explain("image", NULL, true, &out));
	ck_assert_ptr_nonnull(strstr(out.data, "\033[1mimage\033[0m\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "the top level, default or a job"));
	ck_assert_ptr_nonnull(strstr(out.data, "does not honour it"));
	ck_assert_ptr_nonnull(strstr(out.data, "name, entrypoint, pull_policy, docker, kubernetes"));
	str_reset(&out);
	ck_assert(!keyword_explain("imgae", NULL, false, &out));
	ck_assert_uint_eq(out.length, 0);
	str_clear(&out);
}
END_TEST

START_TEST(the_reference_names_every_keyword)
{
	struct str out;

	str_init(&out);
	keyword_reference(&out);
	ck_assert(!out.failed);
	for (const struct keyword *k = keywords; k->name; k++) {
		char heading[64];
		snprintf(heading, sizeof(heading), "\n## `%s`\n", k->name);
		ck_assert_ptr_nonnull(strstr(out.data, heading));
	}
	ck_assert_ptr_nonnull(strstr(out.data, "| `reports:coverage_report:path` | text |"));
	str_clear(&out);
}
END_TEST

/* Each $ref leads to a definition. */
static void check_refs(const json_t *at, const json_t *definitions)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_array(at))
		json_array_foreach((json_t *)(uintptr_t)at, i, value) check_refs(value, definitions);
	if (!json_is_object(at))
		return;
	json_object_foreach((json_t *)(uintptr_t)at, key, value)
	{
		if (!strcmp(key, "$ref")) {
			const char *path = json_string_value(value);
			ck_assert(strncmp(path, "#/$defs/", 8) == 0);
			ck_assert_msg(json_object_get(definitions, path + 8) != NULL, "%s", path);
		}
		check_refs(value, definitions);
	}
}

START_TEST(the_schema_is_json_with_all_keywords)
{
	struct str out;
	json_error_t error;
	json_t *schema, *definitions, *job;

	str_init(&out);
	keyword_schema(NULL, &out);
	schema = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(schema != NULL, "%s in line %d", error.text, error.line);
	definitions = json_object_get(schema, "$defs");
	job = json_object_get(json_object_get(definitions, "job"), "properties");
	for (const struct keyword *k = keywords; k->name; k++) {
		ck_assert(!!json_object_get(job, k->name) == !!(k->where & IN_JOB));
		ck_assert(!!json_object_get(json_object_get(schema, "properties"), k->name) == !!(k->where & IN_GLOBAL));
	}
	check_refs(schema, definitions);
	json_decref(schema);
	str_clear(&out);
}
END_TEST

Suite *keyword_suite(void)
{
	Suite *s = suite_create("keyword");
	TCase *c = tcase_create("keyword");

	tcase_add_test(c, the_table_is_sorted_and_each_row_found);
	tcase_add_test(c, each_row_is_sound);
	tcase_add_test(c, the_examples_are_right);
	tcase_add_test(c, names_are_found_where_they_may_stand);
	tcase_add_test(c, shapes_in_words);
	tcase_add_test(c, explaining_a_keyword);
	tcase_add_test(c, the_reference_names_every_keyword);
	tcase_add_test(c, the_schema_is_json_with_all_keywords);
	suite_add_tcase(s, c);
	return s;
}
