/* Conditions of a gate that a script judges: every answer that a step may bring back, and what becomes of it. */
#include "stages/gate/gate.h"

#include "stages/types.h"
#include "tests/unit/decode_fixture.h"

#include <math.h>
#include <stdlib.h>

Suite *gate_lua_suite(void);

/* ---- a view without anything in it ---- */

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	(void)side;
	(void)err;
	*out = *(const struct evidence_totals *)payload;
	return PIPE_OK;
}

/* ---- what a script puts ---- */

struct kept {
	unsigned metrics, findings;
	double value;
	enum severity severity;
	char rule[32];
};

static int keep_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	struct kept *k = payload;

	(void)err;
	k->metrics++;
	k->value = m->value;
	return PIPE_OK;
}

static int keep_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct kept *k = payload;

	(void)err;
	k->findings++;
	k->severity = (enum severity)f->severity;
	snprintf(k->rule, sizeof(k->rule), "%s", f->rule);
	return PIPE_OK;
}

/* ---- a gate ---- */

enum { CODES = 4 };
struct gating {
	struct decoded_text text;
	struct arena arena;
	struct scope scope;
	struct evidence_totals facts;
	struct evidence_view view;
	struct lua_text codes[CODES];
	struct lua_texts lua;
	struct kept kept;
	struct evidence_sink sink;
	struct stage_job job;
	pipe_error err;
	int rc;
};

static void say(void *payload, const char *line)
{
	(void)payload;
	(void)line;
}

/* A text of Lua for each condition, as the reader of the file finds them. */
static void name_code(struct gating *g, const struct node *n)
{
	struct lua_named_text *named;
	struct lua_text *code = &g->codes[g->lua.list.count];
	const struct node *file = n->kind == NODE_MAP ? node_get(n, "file") : n;

	ck_assert_uint_lt(g->lua.list.count, CODES);
	*code = (struct lua_text){ .text = "return true", .name = "ci.yml" };
	if (file && strstr(file->text, ".lua"))
		code->path = file->text;
	named = vec_push(&g->arena, &g->lua.list);
	ck_assert_ptr_nonnull(named);
	named->node = n;
	named->code = code;
}

static int by_address(const void *a, const void *b)
{
	const uintptr_t x = (uintptr_t)((const struct lua_named_text *)a)->node,
			y = (uintptr_t)((const struct lua_named_text *)b)->node;

	return x < y ? -1 : x > y;
}

static void compile(struct gating *g, const char *with)
{
	const struct node *lua;

	memset(g, 0, sizeof(*g));
	decoded_init(&g->text);
	if (!decoded_with(&g->text, stage_gate.uses.parameters, with))
		decoded_dump(&g->text, with);
	ck_assert_uint_eq(g->text.d.list.count, 0);
	lua = node_get(g->text.root, "lua");
	if (lua->kind != NODE_LIST)
		name_code(g, lua);
	for (uint32_t i = 0; lua->kind == NODE_LIST && i < lua->count; i++)
		name_code(g, lua->items[i]);
	qsort(g->lua.list.items, g->lua.list.count, sizeof(*g->lua.list.items), by_address);
	g->view = (struct evidence_view){ .baseline_branch = "", .no_baseline = "none", .totals = totals, .payload = &g->facts };
	g->sink = (struct evidence_sink){ .metric = keep_metric, .finding = keep_finding, .payload = &g->kept };
	g->job = (struct stage_job){ .arena = &g->arena,
				     .type = &stage_gate,
				     .name = "quality",
				     .with = g->text.root,
				     .scope = &g->scope,
				     .lua_texts = &g->lua,
				     .sources = &g->text.sources,
				     .view = &g->view,
				     .totals = &g->facts,
				     .sink = &g->sink,
				     .say = say };
	g->rc = stage_gate.compile(&g->job, &g->err);
	if (g->rc == PIPE_OK)
		g->rc = stage_gate.react(&g->job, &g->err);
}

/* Each step in turn ends with this answer (NULL: it fails). */
static void judge(struct gating *g, const char *with, const char *const answers[])
{
	compile(g, with);
	ck_assert_msg(g->rc == PIPE_OK, "%s", g->err.text);
	for (uint32_t i = 0; i < g->job.steps.count; i++) {
		struct step *s = &g->job.steps.items[i];

		s->state = STEP_DONE;
		s->answer = answers[i] ? answers[i] : "";
		s->end = answers[i] ? STEP_OK : STEP_FAILED;
		s->reason = answers[i] ? NULL : "liblua is not installed";
	}
	g->job.round = 1;
	ck_assert_int_eq(stage_gate.react(&g->job, &g->err), PIPE_OK);
	g->rc = stage_gate.evaluate(&g->job, &g->err);
	ck_assert_msg(g->rc == PIPE_OK, "%s", g->err.text);
}

static void end(struct gating *g)
{
	arena_clear(&g->arena);
	decoded_clear(&g->text);
}

/* ---- steps ---- */

START_TEST(a_condition_is_a_quiet_step_that_may_fail)
{
	const struct action_lua *call;
	const struct step *s;
	struct gating g;

	compile(&g, "{lua: [gates/size.lua, {name: licences, file: gates/l.lua, with: {allow: [MIT]}}, return true]}");
	ck_assert_int_eq(g.rc, PIPE_OK);
	ck_assert_uint_eq(g.job.steps.count, 3);
	s = &g.job.steps.items[1];
	ck_assert_int_eq(s->kind, STEP_ACTION);
	ck_assert(s->quiet && s->may_fail && !s->always);
	ck_assert_str_eq(s->title, "licences");
	ck_assert_int_eq(s->action->kind, ACTION_LUA);
	call = s->action->arguments;
	ck_assert_str_eq(call->code->path, "gates/l.lua");
	ck_assert_str_eq(call->point, "gate");
	ck_assert_ptr_nonnull(node_get(call->with, "allow"));
	ck_assert_ptr_eq(call->scope, &g.scope);
	ck_assert_str_eq(g.job.steps.items[0].title, "gates/size.lua");
	ck_assert_str_eq(g.job.steps.items[2].title, "Lua condition 3");
	g.job.round = 1;
	ck_assert_int_eq(stage_gate.react(&g.job, &g.err), PIPE_OK);
	ck_assert_uint_eq(g.job.steps.count, 3);
	end(&g);
}
END_TEST

START_TEST(before_anything_runs_there_need_be_no_code)
{
	struct gating g;

	compile(&g, "{lua: a.lua}");
	g.job.steps.count = 0;
	g.job.lua_texts = NULL;
	ck_assert_int_eq(stage_gate.compile(&g.job, &g.err), PIPE_OK);
	ck_assert_int_eq(stage_gate.react(&g.job, &g.err), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(g.err.text, "is not there"));
	ck_assert_uint_eq(g.err.line, 1);
	end(&g);
}
END_TEST

/* ---- answers ---- */

#define DONE(value) "{\"end\": \"done\", \"line\": 0, \"value\": " value "}"
static const struct answer {
	const char *with;
	const char *answer; /* NULL: the step fails */
	enum stage_verdict verdict;
	const char *subject, *value, *bound, *word, *detail;
} answers[] = {
	/* passing and failing */
	{ "{lua: a.lua}", DONE("true"), VERDICT_PASS, "a.lua", "true", "", "pass", "" },
	{ "{lua: a.lua}", DONE("false"), VERDICT_FAIL, "a.lua", "false", "", "fail", "" },
	{ "{lua: a.lua}", DONE("false, \"second\": \"GPL-3.0 in x\""), VERDICT_FAIL, "a.lua", "false", "", "fail",
	  "GPL-3.0 in x" },
	{ "{lua: a.lua}", DONE("true, \"second\": \"3 of 3\""), VERDICT_PASS, "a.lua", "true", "", "pass", "3 of 3" },
	{ "{lua: {file: a.lua, name: licences}}", DONE("true"), VERDICT_PASS, "licences", "true", "", "pass", "" },
	{ "{lua: {file: a.lua, mode: warn}}", DONE("false"), VERDICT_WARN, "a.lua", "false", "", "warn", "" },
	{ "{mode: warn, lua: a.lua}", DONE("false"), VERDICT_WARN, "a.lua", "false", "", "warn", "" },
	/* tables */
	{ "{lua: a.lua}", DONE("{\"ok\": true, \"value\": 7, \"bound\": \"at most 9\", \"detail\": \"d\"}"), VERDICT_PASS,
	  "a.lua", "7", "at most 9", "pass", "d" },
	{ "{lua: a.lua}", DONE("{\"ok\": false, \"value\": 1.5, \"subject\": \"size\"}"), VERDICT_FAIL, "size", "1.5", "", "fail",
	  "" },
	{ "{lua: {name: n, file: a.lua}}", DONE("{\"ok\": false, \"subject\": \"of two\\nlines\"}"), VERDICT_FAIL, "of two lines",
	  "false", "", "fail", "" },
	{ "{lua: a.lua}", DONE("{\"ok\": true, \"value\": null}"), VERDICT_PASS, "a.lua", "true", "", "pass", "" },
	/* no data */
	{ "{lua: a.lua}", DONE("{\"ok\": false, \"data\": false, \"detail\": \"no SBOM\"}"), VERDICT_FAIL, "a.lua", "-", "",
	  "no data", "no SBOM" },
	{ "{lua: a.lua}", DONE("{\"data\": false}"), VERDICT_FAIL, "a.lua", "-", "", "no data", "" },
	{ "{missing: ok, lua: a.lua}", DONE("{\"data\": false}"), VERDICT_PASS, "a.lua", "-", "", "no data: ok", "" },
	{ "{lua: {file: a.lua, missing: ok}}", DONE("{\"data\": false}"), VERDICT_PASS, "a.lua", "-", "", "no data: ok", "" },
	{ "{missing: ok, lua: {file: a.lua, missing: fail}}", DONE("{\"data\": false}"), VERDICT_FAIL, "a.lua", "-", "",
	  "no data", "" },
	{ "{lua: {file: a.lua, mode: warn}}", DONE("{\"data\": false}"), VERDICT_WARN, "a.lua", "-", "", "no data: warn", "" },
	/* answers that are none */
	{ "{lua: a.lua}", "{\"end\": \"done\", \"line\": 0}", VERDICT_FAIL, "a.lua", "error", "", "fail", "it returned nil;" },
	{ "{lua: a.lua}", "{\"end\": \"done\", \"line\": 0, \"unfit\": \"a function\"}", VERDICT_FAIL, "a.lua", "error", "",
	  "fail", "it returned a function;" },
	{ "{lua: a.lua}", DONE("\"yes\""), VERDICT_FAIL, "a.lua", "error", "", "fail", "it returned a text;" },
	{ "{lua: a.lua}", DONE("1"), VERDICT_FAIL, "a.lua", "error", "", "fail", "it returned a number;" },
	{ "{lua: a.lua}", DONE("[true]"), VERDICT_FAIL, "a.lua", "error", "", "fail", "it returned a list;" },
	{ "{lua: a.lua}", DONE("{}"), VERDICT_FAIL, "a.lua", "error", "", "fail", "a table without \"ok\"" },
	{ "{lua: a.lua}", DONE("{\"ok\": 1}"), VERDICT_FAIL, "a.lua", "error", "", "fail", "neither true nor false" },
	{ "{lua: a.lua}", DONE("{\"ok\": true, \"value\": []}"), VERDICT_FAIL, "a.lua", "error", "", "fail", "more than texts" },
	{ "{missing: ok, lua: a.lua}", DONE("null"), VERDICT_FAIL, "a.lua", "error", "", "fail", "it returned null;" },
	/* scripts that could not answer */
	{ "{lua: a.lua}", "{\"end\": \"failed\", \"line\": 3, \"file\": \"a.lua\", \"reason\": \"too big\"}", VERDICT_FAIL,
	  "a.lua", "failed", "", "fail", "too big" },
	{ "{lua: a.lua}", "{\"end\": \"broken\", \"line\": 3, \"file\": \"a.lua\", \"reason\": \"attempt to index a nil value\"}",
	  VERDICT_FAIL, "a.lua", "error", "", "fail", "a.lua:3: attempt to index a nil value" },
	{ "{lua: a.lua}", "{\"end\": \"over\", \"line\": 1, \"file\": \"a.lua\", \"reason\": \"more than 2 s\"}", VERDICT_FAIL,
	  "a.lua", "error", "", "fail", "a.lua:1: more than 2 s" },
	{ "{lua: a.lua}", "{\"end\": \"refused\", \"line\": 0, \"reason\": \"add lua: {allow: {exec: [helm]}}\"}", VERDICT_FAIL,
	  "a.lua", "error", "", "fail", "add lua: {allow: {exec: [helm]}}" },
	{ "{missing: ok, lua: a.lua}", "{\"end\": \"broken\", \"line\": 0}", VERDICT_FAIL, "a.lua", "error", "", "fail",
	  "it gives no reason" },
	{ "{lua: {file: a.lua, mode: warn}}", "{\"end\": \"broken\", \"line\": 0, \"reason\": \"r\"}", VERDICT_WARN, "a.lua",
	  "error", "", "warn", "r" },
	{ "{lua: a.lua}", NULL, VERDICT_FAIL, "a.lua", "error", "", "fail", "liblua is not installed" },
	{ "{lua: a.lua}", "no JSON", VERDICT_FAIL, "a.lua", "error", "", "fail", "is not known" },
	{ "{lua: a.lua}", "[]", VERDICT_FAIL, "a.lua", "error", "", "fail", "is not known" },
};

START_TEST(an_answer_becomes_a_row)
{
	const struct answer *a = &answers[_i];
	const char *const list[] = { a->answer };
	const struct stage_condition *row;
	struct gating g;

	judge(&g, a->with, list);
	ck_assert_uint_eq(g.job.conditions.count, 1);
	row = &g.job.conditions.items[0];
	ck_assert_str_eq(row->subject, a->subject);
	ck_assert_str_eq(row->value, a->value);
	ck_assert_str_eq(row->bound, a->bound);
	ck_assert_str_eq(row->verdict, a->word);
	if (*a->detail)
		ck_assert_msg(strstr(row->detail, a->detail) != NULL, "%s", row->detail);
	else
		ck_assert_str_eq(row->detail, "");
	ck_assert_int_eq(g.job.verdict, a->verdict);
	ck_assert(!g.job.reason == (a->verdict == VERDICT_PASS));
	if (g.job.reason) {
		ck_assert_ptr_nonnull(strstr(g.job.reason, "1 of 1 conditions does not hold: "));
		ck_assert_ptr_nonnull(strstr(g.job.reason, a->subject));
		ck_assert_ptr_nonnull(strstr(g.job.reason, *a->detail			 ? a->detail
							   : !strcmp(a->word, "no data") ? "no data"
											 : ""));
	}
	end(&g);
}
END_TEST

START_TEST(rows_stand_in_the_order_of_the_file)
{
	const char *const list[] = { DONE("true"), DONE("{\"ok\": false, \"value\": \"3\", \"bound\": \"at most 2\"}"),
				     DONE("true") };
	struct gating g;

	judge(&g, "{tests: {failed: 0}, missing: ok, lua: [a.lua, b.lua, c.lua]}", list);
	ck_assert_uint_eq(g.job.conditions.count, 4);
	ck_assert_str_eq(g.job.conditions.items[0].subject, "failed tests");
	ck_assert_str_eq(g.job.conditions.items[1].subject, "a.lua");
	ck_assert_str_eq(g.job.conditions.items[2].subject, "b.lua");
	ck_assert_str_eq(g.job.conditions.items[3].subject, "c.lua");
	ck_assert_str_eq(g.job.reason, "1 of 4 conditions does not hold: b.lua: 3, wanted at most 2");
	end(&g);
}
END_TEST

START_TEST(what_a_script_puts_is_evidence_of_the_job)
{
	static const char *const list[] = {
		"{\"end\": \"done\", \"line\": 0, \"value\": true, \"metrics\": [{\"name\": \"size\", \"value\": 4.5}, {\"name\": \"nan\", "
		"\"value\": null}], \"findings\": [{\"rule\": \"R1\", \"severity\": \"high\", \"kind\": \"license\", \"line\": 3}]}"
	};
	struct gating g;

	judge(&g, "{lua: a.lua}", list);
	ck_assert_uint_eq(g.kept.metrics, 2);
	ck_assert(isnan(g.kept.value));
	ck_assert_uint_eq(g.kept.findings, 1);
	ck_assert_int_eq(g.kept.severity, SEVERITY_HIGH);
	ck_assert_str_eq(g.kept.rule, "R1");
	end(&g);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	char text[901], answer[1000];
	const char *const list[] = { answer };
	struct gating g;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	snprintf(answer, sizeof(answer), DONE("false, \"second\": \"%s\""), text);
	judge(&g, "{lua: a.lua}", list);
	ck_assert_uint_eq(strlen(g.job.conditions.items[0].detail), 503);
	ck_assert_ptr_nonnull(strstr(g.job.conditions.items[0].detail, "xxx..."));
	end(&g);
}
END_TEST

/* ---- the table ---- */

START_TEST(the_table_knows_what_it_takes)
{
	static const struct {
		const char *with;
		bool good;
	} rows[] = { { "{lua: [{file: a.lua, mode: enforce, missing: ok, name: n, with: {a: [1, {b: c}]}}, {lua: return true}]}",
		       true },
		     { "{lua: {file: a.lua, mode: never}}", false },
		     { "{lua: {file: a.lua, nme: n}}", false },
		     { "{lua: {name: n}}", false } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct decoded_text t;

		decoded_init(&t);
		ck_assert_msg(decoded_with(&t, stage_gate.uses.parameters, rows[i].with) == rows[i].good, "%s", rows[i].with);
		decoded_clear(&t);
	}
}
END_TEST

Suite *gate_lua_suite(void)
{
	Suite *suite = suite_create("gate_lua");
	TCase *tc = tcase_create("gate_lua");

	tcase_add_test(tc, a_condition_is_a_quiet_step_that_may_fail);
	tcase_add_test(tc, before_anything_runs_there_need_be_no_code);
	tcase_add_loop_test(tc, an_answer_becomes_a_row, 0, sizeof(answers) / sizeof(*answers));
	tcase_add_test(tc, rows_stand_in_the_order_of_the_file);
	tcase_add_test(tc, what_a_script_puts_is_evidence_of_the_job);
	tcase_add_test(tc, a_long_text_is_cut);
	tcase_add_test(tc, the_table_knows_what_it_takes);
	suite_add_tcase(suite, tc);
	return suite;
}
