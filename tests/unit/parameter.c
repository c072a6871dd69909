/* Reading `with`: defaults, variables, lists, commands, and values that turn out wrong when their variables are known. */
#include "stages/parameter.h"

#include "tests/unit/decode_fixture.h"
#include "tests/unit/uses_fixture.h"

Suite *parameter_suite(void);

static const struct stage_type baking = { .uses = { .name = "bake", .parameters = bake_parameters } };

struct reading {
	struct decoded_text text;
	struct arena arena;
	struct variables variables;
	struct scope scope;
	struct stage_job job;
	pipe_error err;
};

static void set(struct reading *r, const char *name, const char *value)
{
	ck_assert(variables_set(&r->variables, &r->arena, (struct variable){ .name = name, .value = value }));
}

/* with: a map in YAML's flow style; NULL: none.  Unless it is `wild`, the table must take it. */
static void begin_any(struct reading *r, const char *with, bool wild)
{
	memset(r, 0, sizeof(*r));
	decoded_init(&r->text);
	set(r, "COLD", "yes");
	set(r, "HOT", "0x64");
	set(r, "MANY", "1000000");
	set(r, "MODE", "fast");
	set(r, "NAME", "rye $OTHER");
	set(r, "OTHER", "bread");
	set(r, "SOON", "90");
	set(r, "EVIL", "$(rm -rf /)");
	set(r, "NULL", "null");
	scope_push(&r->scope, &r->variables);
	r->job = (struct stage_job){ .arena = &r->arena, .type = &baking, .name = "job", .scope = &r->scope, .at = { 1, 1, 0 } };
	r->job.sources = &r->text.sources;
	if (!with)
		return;
	if (wild) {
		decoded_parse(&r->text, with);
	} else if (!decoded_with(&r->text, bake_parameters, with)) {
		decoded_dump(&r->text, with);
		ck_abort_msg("the table does not take it");
	}
	r->job.with = r->text.root;
}

static void begin(struct reading *r, const char *with)
{
	begin_any(r, with, false);
}

static void end(struct reading *r)
{
	arena_clear(&r->arena);
	decoded_clear(&r->text);
}

/* ---- values ---- */

START_TEST(what_is_not_written_keeps_its_default)
{
	static const char *const forms[] = { NULL, "{}",
					     "{mode: null, cold: ~, degrees: null, bound: , after: null, tins: null}" };
	struct reading r;
	const char *text = "slow", *const *list = &text;
	bool yes = true;
	int64_t number = 200, ms = 5;
	double bound = 1.5;
	struct step *step = (struct step *)(uintptr_t)1;

	begin(&r, forms[_i]);
	ck_assert_int_eq(parameter_text(&r.job, "mode", &text, &r.err), PIPE_OK);
	ck_assert_int_eq(parameter_bool(&r.job, "cold", &yes, &r.err), PIPE_OK);
	ck_assert_int_eq(parameter_int(&r.job, "degrees", &number, &r.err), PIPE_OK);
	ck_assert_int_eq(parameter_number(&r.job, "bound", &bound, &r.err), PIPE_OK);
	ck_assert_int_eq(parameter_duration(&r.job, "after", &ms, &r.err), PIPE_OK);
	ck_assert_int_eq(parameter_texts(&r.job, "tins", &list, &r.err), PIPE_OK);
	ck_assert_int_eq(parameter_command(&r.job, r.job.with, "command", &step, &r.err), PIPE_OK);
	ck_assert_str_eq(text, "slow");
	ck_assert(yes);
	ck_assert_int_eq(number, 200);
	ck_assert_double_eq(bound, 1.5);
	ck_assert_int_eq(ms, 5);
	ck_assert_ptr_null(list);
	ck_assert_ptr_null(step);
	ck_assert_ptr_null(parameter_node(&r.job, "mode"));
	ck_assert_uint_eq(r.job.steps.count, 0);
	end(&r);
}
END_TEST

START_TEST(values_as_written)
{
	struct reading r;
	const char *text = "";
	bool yes = false;
	int64_t number = 0, ms = 0;
	double bound = 0;

	begin(&r, "{mode: fast, cold: on, degrees: 0x64, bound: -1.50, after: 1m 30s}");
	ck_assert_int_eq(parameter_text(&r.job, "mode", &text, &r.err), PIPE_OK);
	ck_assert_str_eq(text, "fast");
	ck_assert_int_eq(parameter_bool(&r.job, "cold", &yes, &r.err), PIPE_OK);
	ck_assert(yes);
	ck_assert_int_eq(parameter_int(&r.job, "degrees", &number, &r.err), PIPE_OK);
	ck_assert_int_eq(number, 100);
	ck_assert_int_eq(parameter_number(&r.job, "bound", &bound, &r.err), PIPE_OK);
	ck_assert_double_eq(bound, -1.5);
	ck_assert_int_eq(parameter_text(&r.job, "bound", &text, &r.err), PIPE_OK);
	ck_assert_str_eq(text, "-1.50");
	ck_assert_int_eq(parameter_duration(&r.job, "after", &ms, &r.err), PIPE_OK);
	ck_assert_int_eq(ms, 90000);
	ck_assert_uint_eq(parameter_node(&r.job, "mode")->at.column, 8);
	end(&r);
}
END_TEST

START_TEST(variables_are_replaced)
{
	struct reading r;
	const char *text = "", *const * list;
	bool yes = false;
	int64_t number = 0, ms = 0;

	begin(&r, "{mode: $MODE, cold: '$COLD', degrees: $HOT, after: \"${SOON}\", tins: [\"$NAME\", [$EVIL, ~], '$$x$NOBODY'], "
		  "flags: [slow, $MODE]}");
	ck_assert_int_eq(parameter_text(&r.job, "mode", &text, &r.err), PIPE_OK);
	ck_assert_str_eq(text, "fast");
	ck_assert_int_eq(parameter_bool(&r.job, "cold", &yes, &r.err), PIPE_OK);
	ck_assert(yes);
	ck_assert_int_eq(parameter_int(&r.job, "degrees", &number, &r.err), PIPE_OK);
	ck_assert_int_eq(number, 100);
	ck_assert_int_eq(parameter_duration(&r.job, "after", &ms, &r.err), PIPE_OK);
	ck_assert_int_eq(ms, 90000);
	ck_assert_int_eq(parameter_texts(&r.job, "tins", &list, &r.err), PIPE_OK);
	ck_assert_str_eq(list[0], "rye bread");
	ck_assert_str_eq(list[1], "$(rm -rf /)");
	ck_assert_str_eq(list[2], "$x");
	ck_assert_ptr_null(list[3]);
	ck_assert_int_eq(parameter_texts(&r.job, "flags", &list, &r.err), PIPE_OK);
	ck_assert_str_eq(list[1], "fast");
	end(&r);
}
END_TEST

START_TEST(one_text_is_a_list_of_one)
{
	struct reading r;
	const char *const *list;

	begin(&r, "{tins: \"$NAME\", command: []}");
	ck_assert_int_eq(parameter_texts(&r.job, "tins", &list, &r.err), PIPE_OK);
	ck_assert_str_eq(list[0], "rye bread");
	ck_assert_ptr_null(list[1]);
	ck_assert_int_eq(parameter_texts(&r.job, "command", &list, &r.err), PIPE_OK);
	ck_assert_ptr_nonnull(list);
	ck_assert_ptr_null(list[0]);
	end(&r);
}
END_TEST

START_TEST(maps_below)
{
	struct reading r;
	const struct node *map;
	const char *text = "";
	int64_t number = 0;

	begin(&r, "{toppings: [{name: $NAME, grams: 3}], named: {x: {name: y, grams: $HOT}}}");
	map = parameter_node(&r.job, "toppings")->items[0];
	ck_assert_int_eq(parameter_text_in(&r.job, map, "name", &text, &r.err), PIPE_OK);
	ck_assert_str_eq(text, "rye bread");
	ck_assert_int_eq(parameter_int_in(&r.job, map, "grams", &number, &r.err), PIPE_OK);
	ck_assert_int_eq(number, 3);
	map = parameter_node(&r.job, "named")->pairs[0].value;
	ck_assert_int_eq(parameter_int_in(&r.job, map, "grams", &number, &r.err), PIPE_OK);
	ck_assert_int_eq(number, 100);
	end(&r);
}
END_TEST

/* ---- commands ---- */

START_TEST(a_text_is_the_shells_and_keeps_its_variables)
{
	struct reading r;
	struct step *step;

	begin(&r, "{command: \"bake $EVIL && echo done\"}");
	ck_assert_int_eq(parameter_command(&r.job, r.job.with, "command", &step, &r.err), PIPE_OK);
	ck_assert_int_eq(step->kind, STEP_SCRIPT);
	ck_assert_str_eq(step->script, "bake $EVIL && echo done");
	ck_assert_ptr_null(step->argv);
	ck_assert_ptr_eq(step, &r.job.steps.items[0]);
	end(&r);
}
END_TEST

START_TEST(a_list_is_an_argv)
{
	struct reading r;
	struct step *step;

	begin(&r, "{command: [bake, [--name, $NAME], $EVIL]}");
	ck_assert_int_eq(parameter_command(&r.job, r.job.with, "command", &step, &r.err), PIPE_OK);
	ck_assert_int_eq(step->kind, STEP_COMMAND);
	ck_assert_ptr_null(step->script);
	ck_assert_str_eq(step->argv[0], "bake");
	ck_assert_str_eq(step->argv[2], "rye bread");
	ck_assert_str_eq(step->argv[3], "$(rm -rf /)");
	ck_assert_ptr_null(step->argv[4]);
	end(&r);
}
END_TEST

/* ---- what is wrong ---- */

enum reader { TEXT, BOOL, INT, NUMBER, DURATION, TEXTS, COMMAND };

static int read_as(struct reading *r, enum reader reader, const char *name)
{
	const struct node *in = r->job.with;
	const char *text, *const *list;
	struct step *step;
	int64_t number;
	double real;
	bool yes;

	switch (reader) {
	case TEXT:
		return parameter_text_in(&r->job, in, name, &text, &r->err);
	case BOOL:
		return parameter_bool_in(&r->job, in, name, &yes, &r->err);
	case INT:
		return parameter_int_in(&r->job, in, name, &number, &r->err);
	case NUMBER:
		return parameter_number_in(&r->job, in, name, &real, &r->err);
	case DURATION:
		return parameter_duration_in(&r->job, in, name, &number, &r->err);
	case TEXTS:
		return parameter_texts_in(&r->job, in, name, &list, &r->err);
	default:
		return parameter_command(&r->job, in, name, &step, &r->err);
	}
}

static const struct {
	const char *with;
	enum reader reader;
	const char *name;
	unsigned column;
	const char *text;
} faults[] = {
	{ "{mode: $OTHER}", TEXT, "mode", 8, "\"mode\" takes fast or slow, not \"bread\"" },
	{ "{mode: $NOBODY}", TEXT, "mode", 8, "\"mode\" takes fast or slow, not \"\"" },
	{ "{mode: $NULL}", TEXT, "mode", 8, "\"mode\" takes fast or slow, not \"null\"" },
	{ "{degrees: $NOBODY}", INT, "degrees", 11, "\"degrees\" takes a number from 50 to 300, not \"\"" },
	{ "{cold: $OTHER}", BOOL, "cold", 8, "\"cold\" takes true or false, not \"bread\"" },
	{ "{degrees: $OTHER}", INT, "degrees", 11, "\"degrees\" takes a number from 50 to 300, not \"bread\"" },
	{ "{degrees: $MANY}", INT, "degrees", 11, "\"degrees\" takes a number from 50 to 300, not \"1000000\"" },
	{ "{bound: $OTHER}", NUMBER, "bound", 9, "\"bound\" takes a number, not \"bread\"" },
	{ "{bound: 12 %}", NUMBER, "bound", 9, "\"bound\" takes a number, not \"12 %\"" },
	{ "{bound: .inf}", NUMBER, "bound", 9, "\"bound\" takes a number, not \".inf\"" },
	{ "{bound: 'inf'}", NUMBER, "bound", 9, "\"bound\" takes a number, not \"inf\"" },
	{ "{bound: 0x10}", NUMBER, "bound", 9, "\"bound\" takes a number, not \"0x10\"" },
	{ "{after: $OTHER}", DURATION, "after", 9,
	  "\"after\" takes a duration, not \"bread\"; durations look like "
	  "\"90 seconds\", \"1h 30m\" or \"2 days\"" },
	{ "{flags: [fast, $OTHER]}", TEXTS, "flags", 16, "\"flags\" takes fast or slow, not \"bread\"" },
	{ "{command: ' '}", COMMAND, "command", 11, "\"command\" is blank" },
	{ "{command: []}", COMMAND, "command", 11, "the list of \"command\" does not begin with a command" },
	{ "{command: [$NOBODY, x]}", COMMAND, "command", 11, "the list of \"command\" does not begin with a command" },
	{ "{named: {x: {name: y}}}", TEXT, "named", 9, "\"named\" takes text, not a map" },
	{ "{tins: [a]}", INT, "tins", 8, "\"tins\" takes a whole number, not a list" },
	{ "{toppings: [{name: y}]}", TEXTS, "toppings", 13, "\"toppings\" takes a list of text, not a map" },
};

START_TEST(a_fault_has_its_place)
{
	struct reading r;

	begin(&r, faults[_i].with);
	ck_assert_int_eq(read_as(&r, faults[_i].reader, faults[_i].name), PIPE_EPIPELINE);
	ck_assert_int_eq(r.err.code, PIPE_EPIPELINE);
	ck_assert_str_eq(r.err.text, faults[_i].text);
	ck_assert_str_eq(r.err.file, "ci.yml");
	ck_assert_uint_eq(r.err.line, 1);
	ck_assert_uint_eq(r.err.column, faults[_i].column);
	ck_assert_uint_eq(r.job.steps.count, 0);
	end(&r);
}
END_TEST

START_TEST(nobody_has_to_listen_to_errors)
{
	struct reading r;
	const char *text;
	int64_t number;

	begin(&r, "{mode: $OTHER, degrees: $MANY}");
	ck_assert_int_eq(parameter_text(&r.job, "mode", &text, NULL), PIPE_EPIPELINE);
	ck_assert_int_eq(parameter_int(&r.job, "degrees", &number, NULL), PIPE_EPIPELINE);
	end(&r);
}
END_TEST

START_TEST(a_number_below_is_judged_by_its_own_row)
{
	struct reading r;
	int64_t number = 0;

	begin(&r, "{toppings: [{name: a}, [{name: x, grams: $MANY}]]}");
	ck_assert_int_eq(
		parameter_int_in(&r.job, parameter_node(&r.job, "toppings")->items[1]->items[0], "grams", &number, &r.err),
		PIPE_EPIPELINE);
	ck_assert_str_eq(r.err.text, "\"grams\" takes a number from 1 to 500, not \"1000000\"");
	end(&r);
}
END_TEST

START_TEST(values_that_multiply_are_refused)
{
	struct reading r;
	const char *text = NULL;
	char names[24][16];
	char values[24][32];

	begin(&r, "{tins: $V23}");
	for (int i = 0; i < 24; i++) {
		snprintf(names[i], sizeof(names[i]), "V%d", i);
		snprintf(values[i], sizeof(values[i]), i ? "$V%d$V%d" : "0123456789", i - 1, i - 1);
		set(&r, names[i], values[i]);
	}
	ck_assert_int_eq(parameter_text(&r.job, "tins", &text, &r.err), PIPE_EPIPELINE);
	ck_assert_str_eq(r.err.text, "the value of \"tins\" grows too large when its variables are expanded");
	end(&r);
}
END_TEST

START_TEST(a_place_without_sources_has_no_file)
{
	struct reading r;

	begin(&r, "{mode: fast}");
	r.job.sources = NULL;
	ck_assert_int_eq(parameter_wrong(&r.job, parameter_node(&r.job, "mode"), &r.err, "no %s", "good"), PIPE_EPIPELINE);
	ck_assert_str_eq(r.err.text, "no good");
	ck_assert_str_eq(r.err.file, "");
	ck_assert_uint_eq(r.err.column, 8);
	ck_assert_int_eq(parameter_wrong(&r.job, NULL, &r.err, "of the job"), PIPE_EPIPELINE);
	ck_assert_uint_eq(r.err.column, 1);
	end(&r);
}
END_TEST

START_TEST(lists_nested_without_end_are_refused)
{
	struct reading r;
	const char *const *list;

	begin_any(&r, "{tins: [[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]}", true);
	ck_assert_int_eq(parameter_texts(&r.job, "tins", &list, &r.err), PIPE_EPIPELINE);
	ck_assert_str_eq(r.err.text, "\"tins\" takes a list of text, not a list");
	end(&r);
}
END_TEST

Suite *parameter_suite(void)
{
	Suite *s = suite_create("parameter");
	TCase *c = tcase_create("parameter");

	tcase_add_loop_test(c, what_is_not_written_keeps_its_default, 0, 3);
	tcase_add_test(c, values_as_written);
	tcase_add_test(c, variables_are_replaced);
	tcase_add_test(c, one_text_is_a_list_of_one);
	tcase_add_test(c, maps_below);
	tcase_add_test(c, a_text_is_the_shells_and_keeps_its_variables);
	tcase_add_test(c, a_list_is_an_argv);
	tcase_add_loop_test(c, a_fault_has_its_place, 0, sizeof(faults) / sizeof(*faults));
	tcase_add_test(c, nobody_has_to_listen_to_errors);
	tcase_add_test(c, a_number_below_is_judged_by_its_own_row);
	tcase_add_test(c, values_that_multiply_are_refused);
	tcase_add_test(c, a_place_without_sources_has_no_file);
	tcase_add_test(c, lists_nested_without_end_are_refused);
	suite_add_tcase(s, c);
	return s;
}
