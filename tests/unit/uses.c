/* uses and with: which types of stages there are, what a job may say of one, and what stands beside it. */
#include "tests/unit/decode_fixture.h"
#include "tests/unit/uses_fixture.h"

#include "pipeline/lint/lint.h"
#include "tests/unit/plan_fixture.h"

#include <jansson.h>

Suite *uses_suite(void);

static void kitchen_load(struct decoded_text *t, const char *text)
{
	decoded_init(t);
	t->uses = &kitchen;
	decoded_load(t, text);
}

static void kitchen_good(struct decoded_text *t, const char *text)
{
	kitchen_load(t, text);
	if (t->rc != PIPE_OK || t->d.list.count)
		decoded_dump(t, text);
	ck_assert_int_eq(t->rc, PIPE_OK);
	ck_assert_uint_eq(t->d.list.count, 0);
}

START_TEST(types_are_found_by_name)
{
	ck_assert_ptr_eq(uses_find(&kitchen, "serve"), &serve_type);
	ck_assert_ptr_null(uses_find(&kitchen, "serv"));
	ck_assert_ptr_null(uses_find(&kitchen, ""));
	ck_assert_ptr_null(uses_find(NULL, "serve"));
	ck_assert_str_eq(uses_nearest(&kitchen, "serv"), "serve");
	ck_assert_ptr_null(uses_nearest(&kitchen, "helicopter"));
	ck_assert_ptr_null(uses_nearest(NULL, "serve"));
}
END_TEST

START_TEST(a_typed_job)
{
	struct decoded_text t;
	const struct job *job;
	const struct job_uses *uses;

	kitchen_good(&t, "a:\n  uses: bake\n  before_script: x\n  after_script: y\n  with:\n    degrees: 230\n"
			 "    toppings: [{name: nuts, grams: 3}, [{name: $WHAT}]]\nb: {uses: serve, with: {table: 1 left}}\n"
			 "c: {uses: image}\nd: {script: x}\n");
	job = decoded_job(&t, "a");
	uses = job->settings->uses;
	ck_assert_ptr_eq(uses->type, &bake_type);
	ck_assert_str_eq(uses->name, "bake");
	ck_assert_uint_eq(uses->at.line, 2);
	ck_assert_uint_eq(uses->at.column, 9);
	ck_assert_str_eq(node_get(uses->with, "degrees")->text, "230");
	ck_assert_uint_eq(job->settings->before_script.count, 1);
	ck_assert(!job->has_script);
	ck_assert_ptr_eq(decoded_job(&t, "b")->settings->uses->type, &serve_type);
	ck_assert_ptr_null(decoded_job(&t, "c")->settings->uses->with);
	ck_assert_ptr_null(decoded_job(&t, "d")->settings->uses);
	decoded_clear(&t);
}
END_TEST

START_TEST(a_null_is_as_if_it_were_not_written)
{
	struct decoded_text t;

	kitchen_good(&t, "a: {uses: null, with: ~, script: x}\nb: {uses: image, with: null, script: null}\n");
	ck_assert_ptr_null(decoded_job(&t, "a")->settings->uses);
	ck_assert_ptr_nonnull(decoded_job(&t, "b")->settings->uses);
	decoded_clear(&t);
}
END_TEST

START_TEST(what_is_inherited_is_shared)
{
	struct decoded_text t;

	kitchen_good(&t, ".x: &x {uses: bake, with: {degrees: 90}}\na: *x\nb: *x\nc: {uses: bake, with: {degrees: 90}}\n");
	ck_assert_ptr_eq(decoded_job(&t, "a")->settings, decoded_job(&t, "b")->settings);
	ck_assert_ptr_ne(decoded_job(&t, "a")->settings->uses, decoded_job(&t, "c")->settings->uses);
	decoded_clear(&t);
}
END_TEST

START_TEST(instances_unfold_the_job)
{
	struct decoded_text t;

	kitchen_good(&t, "a:\n  uses: bake\n  with: {ovens: 3}\nb: {uses: bake, parallel: 2, with: {degrees: 60}}\n");
	ck_assert_int_eq(decoded_job(&t, "a")->settings->parallel, 3);
	ck_assert_uint_eq(decoded_job(&t, "a")->settings->parallel_at.line, 3);
	ck_assert_int_eq(decoded_job(&t, "b")->settings->parallel, 2);
	decoded_clear(&t);
}
END_TEST

static const struct decoded_case wrong[] = {
	{ "a: {uses: bakee}\n", "unknown-stage-type", 1, 11, "there is no type of stage \"bakee\"",
	  "did you mean \"bake\"?  The types are bake, image, serve" },
	{ "a: {uses: helicopter}\n", "unknown-stage-type", 1, 11, "there is no type of stage \"helicopter\"",
	  "the types are bake, image, serve; one of your own is the path of a Lua file" },
	{ "a: {uses: $KIND}\n", "unknown-stage-type", 1, 11, "there is no type of stage \"$KIND\"",
	  "it takes no variables; the types are bake, image, serve" },
	{ "a: {uses: ./ci/mine}\n", "unknown-stage-type", 1, 11, "there is no type of stage \"./ci/mine\"",
	  "a type of your own is a Lua file: its name ends in .lua" },
	{ "a: {uses: ./ci/mine.lua}\n", "lua-missing", 1, 11,
	  "stage types in Lua, such as \"./ci/mine.lua\", cannot be used here", NULL },
	{ "a: {uses: [bake]}\n", "wrong-type", 1, 11, "\"uses\" takes text, not a list", "write it without a list: bake" },
	{ "a: {uses: bake, with: [x]}\n", "wrong-type", 1, 23, "\"with\" takes a map, not a list", NULL },
	{ "a:\n  uses: bake\n  with: {degrees: 90}\n  script: x\n", "conflicting-keywords", 2, 3,
	  "\"uses\" and \"script\" cannot stand in one job", "\"before_script\" and \"after_script\" may stand beside \"uses\"" },
	{ "a:\n  trigger: {include: x}\n  uses: image\n", "conflicting-keywords", 3, 3,
	  "\"uses\" and \"trigger\" cannot stand in one job",
	  "\"before_script\" and \"after_script\" may stand beside \"uses\"" },
	{ "a:\n  script: x\n  with: {y: 1}\n", "missing-keyword", 3, 3, "\"with\" stands without \"uses\"",
	  "\"uses\" says which type of stage it is for: bake, image, serve" },
	{ "a:\n  with: {y: 1}\n", "missing-keyword", 2, 3, "\"with\" stands without \"uses\"",
	  "\"uses\" says which type of stage it is for: bake, image, serve" },
	{ "a:\n  uses: bake\n  with:\n    degres: 90\n", "unknown-keyword", 4, 5, "\"with\" has no parameter \"degres\"",
	  "did you mean \"degrees\"?" },
	{ "a:\n  uses: bake\n  with:\n    toppings: [{name: x, gram: 1}]\n", "unknown-keyword", 4, 26,
	  "\"with:toppings\" has no parameter \"gram\"", "did you mean \"grams\"?" },
	{ "a:\n  uses: image\n  with: {helicopter: 1}\n", "unknown-keyword", 3, 10, "\"with\" has no parameter \"helicopter\"",
	  "it takes none" },
	{ "a:\n  uses: bake\n  with:\n    degrees: 20\n", "wrong-value", 4, 14,
	  "\"with:degrees\" takes a number from 50 to 300 or text with a variable in it, not \"20\"", NULL },
	{ "a:\n  uses: bake\n  with:\n    mode: fsat\n", "wrong-value", 4, 11,
	  "\"with:mode\" takes fast, slow or text with a variable in it, not \"fsat\"", "did you mean \"fast\"?" },
	{ "a:\n  uses: bake\n  with:\n    after: soon\n", "wrong-duration", 4, 12,
	  "\"with:after\" takes a duration or text with a variable in it, not \"soon\"",
	  "durations look like \"90 seconds\", \"1h 30m\" or \"2 days\"" },
	{ "a:\n  uses: bake\n  with:\n    toppings: [{grams: 2}]\n", "missing-keyword", 4, 16, "\"with:toppings\" needs \"name\"",
	  NULL },
	{ "a:\n  uses: bake\n  with:\n    named: {x: {grams: 2}}\n", "missing-keyword", 4, 16, "\"with:named\" needs \"name\"",
	  NULL },
	{ "a: {uses: serve}\n", "missing-keyword", 1, 11, "\"with\" needs \"table\"", NULL },
	{ "a: {uses: serve, with: {table: null}}\n", "missing-keyword", 1, 24, "\"with\" needs \"table\"", NULL },
	{ "a:\n  uses: bake\n  with:\n    cold: yes\n    tins: a\n", "conflicting-keywords", 4, 5,
	  "\"with:cold\" and \"with:tins\" exclude each other", NULL },
	{ "a:\n  uses: bake\n  parallel: 2\n  with:\n    ovens: 3\n", "conflicting-keywords", 5, 5,
	  "\"with:ovens\" and \"parallel\" cannot stand in one job", NULL },
	{ "a:\n  uses: bake\n  with:\n    ovens: 10001\n", "matrix-limit", 4, 12, "\"a\" would be more than 10000 jobs",
	  "the limit \"matrix\" can be raised" },
	{ "a:\n  uses: bake\n  with:\n    ovens: 0\n", "wrong-value", 4, 12, "\"with:ovens\" takes a number from 1 on, not \"0\"",
	  NULL },
	{ "a:\n  usse: bake\n", "unknown-keyword", 2, 3, "a job has no keyword \"usse\"", "did you mean \"uses\"?" },
	{ "uses: bake\nb: {script: x}\n", "not-a-job", 1, 1, "\"uses\" is neither a keyword nor a job, which is a map, not text",
	  "a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a template's name begins with a dot" },
};

START_TEST(what_is_wrong_has_a_place_and_a_way_out)
{
	struct decoded_text t;

	kitchen_load(&t, wrong[_i].text);
	if (!decoded_said(&t, &wrong[_i], PIPE_ERROR))
		decoded_dump(&t, wrong[_i].text);
	ck_assert(decoded_said(&t, &wrong[_i], PIPE_ERROR));
	ck_assert_int_eq(t.rc, PIPE_EPIPELINE);
	decoded_clear(&t);
}
END_TEST

START_TEST(both_places_of_a_conflict)
{
	struct decoded_text t;

	kitchen_load(&t, "a:\n  uses: image\n  script: x\n");
	ck_assert_uint_eq(t.d.list.count, 1);
	ck_assert_uint_eq(t.d.list.items[0].related.count, 1);
	ck_assert_uint_eq(t.d.list.items[0].related.items[0].at.line, 3);
	decoded_clear(&t);
}
END_TEST

START_TEST(without_types_there_is_nothing_to_use)
{
	static const struct decoded_case none = {
		"a: {uses: bake}\n", "unknown-stage-type", 1, 11, "there is no type of stage \"bake\"", NULL
	};
	struct decoded_text t;

	decoded_init(&t);
	decoded_load(&t, none.text);
	ck_assert(decoded_said(&t, &none, PIPE_ERROR));
	decoded_clear(&t);
}
END_TEST

START_TEST(the_types_own_check_sees_a_job_without_with)
{
	static const struct decoded_case bare = { "a: {uses: bake}\n", "half-baked", 1, 11, "nothing says what to bake", NULL };
	struct decoded_text t;

	kitchen_load(&t, bare.text);
	ck_assert(decoded_said(&t, &bare, PIPE_WARNING));
	ck_assert_ptr_nonnull(decoded_job(&t, "a")->settings->uses);
	decoded_clear(&t);
}
END_TEST

START_TEST(parameters_that_are_not_honoured_are_noted)
{
	struct decoded_text t;
	const text_list *later;

	kitchen_good(&t, "a: {uses: serve, with: {table: t, wine: red}}\nb: {uses: serve, with: {table: t}}\n");
	later = &decoded_job(&t, "a")->settings->unhonoured;
	ck_assert_uint_eq(later->count, 1);
	ck_assert_str_eq(later->items[0], "with:wine");
	ck_assert_uint_eq(decoded_job(&t, "b")->settings->unhonoured.count, 0);
	decoded_clear(&t);
}
END_TEST

/* ---- the whole way, by extends and references ---- */

static void kitchen_plan(struct planned *f, const char *yaml)
{
	planned_load_uses(f, &kitchen, yaml);
	ck_assert_int_eq(f->rc, PIPE_OK);
}

START_TEST(it_comes_by_extends_and_references)
{
	struct planned f;
	const struct job_uses *uses;

	kitchen_plan(&f, ".oven:\n  uses: bake\n  with: {degrees: 90, tins: [a]}\n.list: {tins: [b, c]}\n"
			 "one: {extends: .oven, with: {degrees: 95}}\n"
			 "two:\n  uses: !reference [.oven, uses]\n  with: {tins: !reference [.list, tins]}\n");
	uses = pipeline_job(f.pipeline, "one")->settings->uses;
	ck_assert_ptr_eq(uses->type, &bake_type);
	ck_assert_str_eq(node_get(uses->with, "degrees")->text, "95");
	ck_assert_uint_eq(node_get(uses->with, "tins")->count, 1);
	uses = pipeline_job(f.pipeline, "two")->settings->uses;
	ck_assert_ptr_eq(uses->type, &bake_type);
	ck_assert_uint_eq(node_get(uses->with, "tins")->count, 2);
	planned_clear(&f);
}
END_TEST

START_TEST(instances_in_the_plan)
{
	struct planned f;
	const struct plan_job *job;
	struct variables own;
	struct scope scope;

	kitchen_plan(&f, "a: {stage: build, uses: bake, with: {ovens: 3}}\nb: {script: x, needs: [a]}\n");
	planned_make(&f);
	ck_assert_uint_eq(f.plan->jobs.count, 4);
	job = plan_job_named(f.plan, "a 2/3", 5);
	ck_assert_ptr_nonnull(job);
	ck_assert(plan_job_scope(f.plan, job, NULL, &f.arena, &own, &scope));
	ck_assert_str_eq(scope_value(&scope, "CI_NODE_INDEX", &f.arena, NULL), "2");
	ck_assert_str_eq(scope_value(&scope, "CI_NODE_TOTAL", &f.arena, NULL), "3");
	ck_assert_uint_eq(planned_job(&f, "b")->needs.count, 3);
	planned_clear(&f);
}
END_TEST

START_TEST(the_plan_names_the_type)
{
	struct planned f;
	struct str out;

	kitchen_plan(&f, "a: {uses: image}\nb: {script: x}\n");
	planned_make(&f);
	str_init(&out);
	plan_json(f.plan, &f.sources, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "\"uses\": \"image\""));
	ck_assert_ptr_null(strstr(strstr(out.data, "\"uses\"") + 1, "\"uses\""));
	str_clear(&out);
	planned_clear(&f);
}
END_TEST

/* ---- lint ---- */

START_TEST(variables_of_parameters_are_uses)
{
	static const char *const names[] = { "DEEP", "ITEM", "NAMED", "ARGV", "PLAIN" };
	struct planned f;

	kitchen_plan(&f, "a:\n  uses: bake\n  with:\n    toppings: [{name: $DEEP}]\n    tins: [\"x${ITEM}\"]\n"
			 "    named: {x: {name: $NAMED}}\n    command: [bake, $ARGV]\n    bound: $PLAIN\n"
			 "b:\n  uses: bake\n  with: {command: 'for i in a b; do bake $i; done', tins: $CI_PROJECT_DIR}\n");
	lint_pipeline(f.pipeline, &f.scope, &f.d);
	diagnostics_sort(&f.d);
	ck_assert_uint_eq(f.d.list.count, sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char message[80];
		snprintf(message, sizeof(message), "nothing defines the variable \"%s\"", names[i]);
		ck_assert_str_eq(f.d.list.items[i].message, message);
		ck_assert_uint_eq(f.d.list.items[i].at.line, 4 + i);
	}
	planned_clear(&f);
}
END_TEST

/* ---- the views ---- */

static void explained(const char *path, const char *expected)
{
	struct str out;

	str_init(&out);
	ck_assert(keyword_explain(path, &kitchen, false, &out));
	ck_assert(!out.failed);
	ck_assert_str_eq(out.data, expected);
	str_clear(&out);
}

static const char serve_page[] =
	"uses: serve\n  put it on the table\n\n  Since    0.2\n  With      \n    table  where it is put; needed\n"
	"    wine   what is drunk with it\n  Example   \n    dinner:\n      uses: serve\n      with: {table: t1}\n";

START_TEST(explaining_types_and_parameters)
{
	explained("serve", serve_page);
	explained("uses:serve", serve_page);
	explained("serve:table", "uses: serve, with: table\n  where it is put\n\n"
				 "  Where    in \"with\" of a job that says \"uses: serve\"\n  Takes    text\n  Needed   yes\n"
				 "  Since    0.1\n");
	explained("bake:toppings:grams", "uses: bake, with: toppings:grams\n  how much of it\n\n  Where    below toppings\n"
					 "  Takes    a number from 1 to 500 or text with a variable in it\n  Since    0.1\n");
}
END_TEST

START_TEST(what_cannot_be_explained)
{
	static const char *const paths[] = { "",     "uses:", "uses:helicopter", "serve:", "serve:x", "serve:table:x",
					     "serv", "serves" };
	struct str out;

	str_init(&out);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		ck_assert_msg(!keyword_explain(paths[i], &kitchen, false, &out), "%s", paths[i]);
	ck_assert(!keyword_explain("serve", NULL, false, &out));
	ck_assert_uint_eq(out.length, 0);
	str_clear(&out);
}
END_TEST

START_TEST(a_name_of_both_is_explained_as_both)
{
	struct str out;
	const char *keyword, *type;

	str_init(&out);
	ck_assert(keyword_explain("image", &kitchen, false, &out));
	keyword = strstr(out.data, "image\n  the container image");
	type = strstr(out.data, "\n\nuses: image\n  paint it\n");
	ck_assert(keyword && type && keyword < type);
	str_reset(&out);
	ck_assert(keyword_explain("image:name", &kitchen, false, &out));
	ck_assert_ptr_null(strstr(out.data, "uses"));
	str_reset(&out);
	ck_assert(keyword_explain("uses", &kitchen, false, &out));
	ck_assert_ptr_nonnull(strstr(out.data, "\n  Types     \n    bake   bake what was prepared\n    image  paint it\n"));
	str_clear(&out);
}
END_TEST

START_TEST(the_reference_has_a_table_for_each_type)
{
	struct str out;

	str_init(&out);
	uses_reference(&kitchen, &out);
	ck_assert(!out.failed);
	for (size_t i = 0; kitchen.list[i]; i++) {
		char heading[64];
		snprintf(heading, sizeof(heading), "\n## `%s`\n", kitchen.list[i]->name);
		ck_assert_ptr_nonnull(strstr(out.data, heading));
		for (const struct keyword *k = kitchen.list[i]->parameters; k->name; k++) {
			snprintf(heading, sizeof(heading), "\n| `%s` | ", k->name);
			ck_assert_ptr_nonnull(strstr(out.data, heading));
		}
	}
	ck_assert_ptr_nonnull(strstr(out.data, "| `table` | text |  | where it is put; needed | 0.1 |\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "\n| `toppings:name` | text |"));
	ck_assert_ptr_nonnull(strstr(out.data, "- `ovens` makes several jobs of one, as `parallel` does\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "```yaml\ndinner:\n  uses: serve\n"));
	str_reset(&out);
	uses_reference(NULL, &out);
	ck_assert_ptr_null(strstr(out.data, "##"));
	str_clear(&out);
}
END_TEST

START_TEST(the_schema_has_with_by_uses)
{
	struct str out;
	json_error_t error;
	json_t *schema, *definitions, *cases;
	size_t count;

	str_init(&out);
	keyword_schema(&kitchen, &out);
	schema = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(schema != NULL, "%s in line %d", error.text, error.line);
	definitions = json_object_get(schema, "$defs");
	cases = json_object_get(json_object_get(definitions, "job"), "allOf");
	count = json_array_size(cases);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < count; i++) {
		const char *name, *with;
		ck_assert_int_eq(json_unpack(json_array_get(cases, i), "{s:{s:{s:{s:s}}},s:{s:{s:{s:s}}}}", "if", "properties",
					     "uses", "const", &name, "then", "properties", "with", "$ref", &with),
				 0);
		ck_assert_str_eq(name, kitchen.list[i]->name);
		ck_assert(strncmp(with, "#/$defs/with-", 13) == 0 && !strcmp(with + 13, name));
		ck_assert_ptr_nonnull(json_object_get(definitions, with + 8));
	}
	json_decref(schema);
	str_clear(&out);
}
END_TEST

Suite *uses_suite(void)
{
	Suite *s = suite_create("uses");
	TCase *c = tcase_create("uses");

	tcase_add_test(c, types_are_found_by_name);
	tcase_add_test(c, a_typed_job);
	tcase_add_test(c, a_null_is_as_if_it_were_not_written);
	tcase_add_test(c, what_is_inherited_is_shared);
	tcase_add_test(c, instances_unfold_the_job);
	tcase_add_loop_test(c, what_is_wrong_has_a_place_and_a_way_out, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(c, both_places_of_a_conflict);
	tcase_add_test(c, without_types_there_is_nothing_to_use);
	tcase_add_test(c, the_types_own_check_sees_a_job_without_with);
	tcase_add_test(c, parameters_that_are_not_honoured_are_noted);
	tcase_add_test(c, it_comes_by_extends_and_references);
	tcase_add_test(c, instances_in_the_plan);
	tcase_add_test(c, the_plan_names_the_type);
	tcase_add_test(c, variables_of_parameters_are_uses);
	tcase_add_test(c, explaining_types_and_parameters);
	tcase_add_test(c, what_cannot_be_explained);
	tcase_add_test(c, a_name_of_both_is_explained_as_both);
	tcase_add_test(c, the_reference_has_a_table_for_each_type);
	tcase_add_test(c, the_schema_has_with_by_uses);
	suite_add_tcase(s, c);
	return s;
}
