/* Stage types of a team's own: the file's table becomes a type, compile() steps, evaluate() a verdict; every mistake has its place. */
#include "lua/stage/stage.h"

#include "pipeline/document/document.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

Suite *lua_stage_suite(void);

static int64_t now_ms(void *payload)
{
	(void)payload;
	return 1764000000000;
}

struct fixture {
	struct lua_engine *engine;
	struct arena arena;
	struct sources sources;
	struct diagnostics d;
	struct lua_stage_world world;
	struct lua_host host;
	struct lua_source source;
	const struct stage_type *type;
	struct str said;
	struct stage_job job;
	struct evidence_sink sink;
	double metric;
	pipe_error err;
	int rc;
};

static void say(void *payload, const char *line)
{
	struct fixture *f = payload;

	str_printf(&f->said, "%s\n", line);
}

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	(void)err;
	((struct fixture *)payload)->metric = m->value;
	return PIPE_OK;
}

static void load(struct fixture *f, const char *text)
{
	pipe_error err;

	memset(f, 0, sizeof(*f));
	str_init(&f->said);
	ck_assert_msg(lua_engine_create(&f->engine, NULL, &err) == PIPE_OK, "%s", err.text);
	f->host.now_ms = now_ms;
	f->world = (struct lua_stage_world){ .engine = f->engine, .host = &f->host };
	f->source = (struct lua_source){ .name = "stages/mine.lua", .text = text, .length = strlen(text) };
	diagnostics_init(&f->d, &f->arena, &f->sources);
	ck_assert_int_ge(sources_add(&f->sources, &f->arena,
				     (struct source){ .name = "ci.yml", .text = "uses: ./stages/mine.lua\n", .length = 24 }),
			 0);
	ck_assert_int_ge(sources_add(&f->sources, &f->arena,
				     (struct source){ .name = "stages/mine.lua", .text = text, .length = strlen(text) }),
			 0);
	f->type = lua_stage_load(&f->source, &f->world, (struct mark){ 1, 7, 0 }, &f->arena, &f->d);
}

static void unload(struct fixture *f)
{
	str_clear(&f->said);
	arena_clear(&f->arena);
	lua_engine_free(f->engine);
}

static void compile(struct fixture *f, const char *text, const char *with)
{
	struct keyword row = { .name = "with", .shape = TAKES_MAP };
	struct node *root = NULL;
	pipe_limits limits = { 0 };

	load(f, text);
	ck_assert_msg(f->type != NULL, "%s", f->d.list.count ? f->d.list.items[0].message : "?");
	limits_default(&limits);
	if (with) {
		ck_assert_int_ge(sources_add(&f->sources, &f->arena,
					     (struct source){ .name = "with.yml", .text = with, .length = strlen(with) }),
				 0);
		ck_assert_int_eq(document_parse(&root, 1, &f->arena, 2, &limits, &f->d), 1);
		row.fields = f->type->uses.parameters;
		ck_assert(keyword_check(&row, root, &f->d, NULL));
	}
	f->sink = (struct evidence_sink){ .metric = put_metric, .payload = f };
	f->job = (struct stage_job){ .arena = &f->arena,
				     .type = f->type,
				     .name = "scan",
				     .with = root,
				     .workspace = "/w",
				     .scratch = "/s",
				     .sink = &f->sink,
				     .say = say,
				     .say_payload = f };
	f->rc = f->type->compile(&f->job, &f->err);
}

static void complains(const char *text, const char *message, unsigned line)
{
	struct fixture f;

	load(&f, text);
	ck_assert_msg(!f.type && f.d.list.count == 1, "%s: %u diagnostics", text, f.d.list.count);
	ck_assert_str_eq(f.d.list.items[0].message, message);
	ck_assert_uint_eq(f.d.list.items[0].at.source, line ? 1 : 0);
	if (line)
		ck_assert_uint_eq(f.d.list.items[0].at.line, line);
	unload(&f);
}

static void compile_fails(const char *body, const char *message)
{
	struct fixture f;
	char text[1024];

	snprintf(text, sizeof(text), "return {\n  compile = function(ctx) %s end }", body);
	compile(&f, text, NULL);
	ck_assert_int_eq(f.rc, PIPE_EPIPELINE);
	ck_assert_str_eq(f.err.text, message);
	ck_assert_str_eq(f.err.file, "stages/mine.lua");
	ck_assert_uint_eq(f.err.line, 2);
	unload(&f);
}

/* ---- the type ---- */

static const char whole[] =
	"return {\n"
	"  help = 'checks shell scripts',\n"
	"  example = 'lint:\\n  uses: ./stages/mine.lua',\n"
	"  parameters = {\n"
	"    severity = { values = { 'error', 'style' }, default = 'style', help = 'the least' },\n"
	"    files = { type = 'list', required = true, help = 'which' },\n"
	"    tries = { type = 'int', least = 1, most = 5, default = 2 },\n"
	"    name = {},\n"
	"  },\n"
	"  tools = { { name = 'shellcheck', package = 'shellcheck', version = '0.8' }, 'sh' },\n"
	"  compile = function(ctx)\n"
	"    pipe.log('compiling', ctx.job.name)\n"
	"    local run = { 'shellcheck', '-S', ctx.with.severity, ctx.with.tries }\n"
	"    for _, file in ipairs(ctx.with.files) do run[#run + 1] = file end\n"
	"    return { steps = {\n"
	"      { script = 'rm -rf x', always = true, title = 'cleaning' },\n"
	"      { run = run, may_fail = true, env = { LANG = 'C' }, timeout = '30s', directory = 'src' },\n"
	"      { service = { 'redis' }, name = 'redis', quiet = true },\n"
	"      { action = 'upload', with = { url = 'https://u.test/x', file = 'a', method = 'PUT' } },\n"
	"    }, reports = { { output = true, format = 'checkstyle', tool = 'shellcheck' }, { path = 'out/*.xml', required = true } },\n"
	"    outputs = { 'out/**' } }\n"
	"  end,\n"
	"  evaluate = function(ctx) return true end,\n"
	"}\n";

START_TEST(a_table_becomes_a_type)
{
	struct fixture f;
	const struct keyword *rows;

	load(&f, whole);
	ck_assert_msg(f.type != NULL, "%s", f.d.list.count ? f.d.list.items[0].message : "?");
	rows = f.type->uses.parameters;
	ck_assert_str_eq(f.type->uses.help, "checks shell scripts");
	ck_assert_str_eq(rows[0].name, "files");
	ck_assert(rows[0].required && (rows[0].shape & TAKES_LIST));
	ck_assert_str_eq(rows[1].name, "name");
	ck_assert_uint_eq(rows[1].shape, TAKES_SCALAR);
	ck_assert_str_eq(rows[2].name, "severity");
	ck_assert_str_eq(rows[2].values[1], "style");
	ck_assert_str_eq(rows[2].fallback, "style");
	ck_assert_str_eq(rows[3].name, "tries");
	ck_assert_int_eq(rows[3].most, 5);
	ck_assert_ptr_null(rows[4].name);
	unload(&f);
}
END_TEST

START_TEST(mistakes_in_the_table_have_a_place)
{
	complains("return 1", "the file must return a table, with a function compile in it", 1);
	complains("return {}", "the table that the file returns has no function compile", 1);
	complains("return { compile = 1 }", "compile must be a function", 1);
	complains("return { compile = print, evalute = print }",
		  "the table that the file returns has a member \"evalute\", which means nothing; did you mean \"evaluate\"?", 1);
	complains(
		"return { compile = print, parameters = { x = { type = 'lst' } } }",
		"parameters.x.type: there is no type \"lst\"; did you mean \"list\"? (text, bool, int, duration, enum, list, map, any)",
		1);
	complains("return { compile = print, parameters = { x = { typ = 'list' } } }",
		  "parameters.x has no member \"typ\"; did you mean \"type\"?", 1);
	complains("return { compile = print, parameters = { x = { type = 'enum' } } }",
		  "parameters.x: an enum needs values ({ \"a\", \"b\" })", 1);
	complains("return { compile = print, parameters = { x = { required = true, default = 1 } } }",
		  "parameters.x is required: a default would never be used", 1);
	complains("return { compile = print, parameters = { ['a-b'] = {} } }",
		  "parameters: \"a-b\" is not a name (letters, digits and \"_\")", 1);
	complains("return { compile = print, tools = { {} } }", "tools[1] has no name", 1);
	complains("return { compile = print, parameters = { x = print } }",
		  "parameters cannot be taken: there is a function in it", 1);
	complains("\nlocal x = nil\nreturn x.y", "attempt to index a nil value (local 'x')", 3);
	complains("pipe.sleep(1)", "pipe.sleep: the file of a stage type cannot wait", 1);
}
END_TEST

/* ---- compile ---- */

START_TEST(compile_makes_steps)
{
	static const char *const argv[] = { "shellcheck", "-S", "style", "2", "a.sh", "b.sh", NULL };
	const struct action_upload *upload;
	const struct step *s;
	struct fixture f;

	compile(&f, whole, "{files: [a.sh, b.sh]}");
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	ck_assert_str_eq(f.said.data, "compiling\tscan\n");
	ck_assert_uint_eq(f.job.steps.count, 4);
	s = f.job.steps.items;
	ck_assert_int_eq(s[0].kind, STEP_COMMAND);
	for (size_t i = 0; argv[i] || s[0].argv[i]; i++)
		ck_assert_str_eq(s[0].argv[i], argv[i]);
	ck_assert(s[0].may_fail && s[0].timeout_ms == 30000);
	ck_assert_str_eq(s[0].env[0], "LANG=C");
	ck_assert_str_eq(s[0].directory, "src");
	ck_assert_int_eq(s[1].kind, STEP_SERVICE);
	ck_assert_str_eq(s[1].service, "redis");
	ck_assert_int_eq(s[2].kind, STEP_ACTION);
	ck_assert_int_eq(s[2].action->kind, ACTION_UPLOAD);
	upload = s[2].action->arguments;
	ck_assert_str_eq(upload->method, "PUT");
	ck_assert(s[3].always && s[3].kind == STEP_SCRIPT);
	ck_assert_uint_eq(f.job.reports.count, 2);
	ck_assert_str_eq(f.job.reports.items[0].format->name, "checkstyle");
	ck_assert(!f.job.reports.items[0].pattern && f.job.reports.items[0].to == 4);
	ck_assert_str_eq(f.job.reports.items[1].pattern, "out/*.xml");
	ck_assert(f.job.reports.items[1].required);
	ck_assert_str_eq(f.job.outputs.items[0], "out/**");
	ck_assert_str_eq(f.job.tools.items[0].version, "0.8");
	ck_assert_str_eq(f.job.tools.items[1].name, "sh");
	unload(&f);
}
END_TEST

START_TEST(a_scan_is_read_as_evidence)
{
	const struct action_scan *scan;
	struct fixture f;

	compile(&f, "return { compile = function() return { steps = { { action = 'scan', with = { target = '.' } } } } end }",
		NULL);
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	scan = f.job.steps.items[0].action->arguments;
	ck_assert(scan->vulnerabilities && !scan->secrets);
	ck_assert_str_eq(f.job.reports.items[0].pattern, scan->report);
	ck_assert_str_eq(f.job.reports.items[0].format->name, "trivy");
	ck_assert_str_eq(f.job.steps.items[0].title, "scan");
	unload(&f);
}
END_TEST

START_TEST(what_compile_returns_is_checked)
{
	static const struct {
		const char *body, *message;
	} list[] = {
		{ "return 1", "compile must return a table ({ steps = { { run = { \"make\" } } } }); it returned a number" },
		{ "", "compile must return a table ({ steps = { { run = { \"make\" } } } }); it returned nothing" },
		{ "return { step = {} }", "what compile returns has no member \"step\"; did you mean \"steps\"?" },
		{ "return { steps = {} }", "compile returned no steps and no reports: there is nothing to do" },
		{ "return { steps = 1 }", "steps must be a list; it is a number" },
		{ "return { steps = { 1 } }", "steps[1] must be a table ({ run = { \"make\" } }); it is a number" },
		{ "return { steps = { { runs = {} } } }", "steps[1] has no member \"runs\"; did you mean \"run\"?" },
		{ "return { steps = { { title = 'x' } } }", "steps[1] needs one of run, script, service and action" },
		{ "return { steps = { { run = { 'a' }, script = 'b' } } }",
		  "steps[1] needs one of run, script, service and action" },
		{ "return { steps = { { run = 'make' } } }",
		  "steps[1].run must be a list: the program and its arguments ({ \"make\", \"all\" }); it is text" },
		{ "return { steps = { { run = { 'a\\0b' } } } }", "steps[1].run[1] must be text, without NUL bytes; it is text" },
		{ "return { steps = { { run = { 'a', {} } } } }",
		  "steps[1].run[2] must be text, without NUL bytes; it is a list" },
		{ "return { steps = { { run = { 'a' }, directory = '../x' } } }",
		  "steps[1].directory: \"../x\" leads out of the workspace" },
		{ "return { steps = { { run = { 'a' }, directory = '/x' } } }",
		  "steps[1].directory: \"/x\" is absolute; it must be relative to the workspace" },
		{ "return { steps = { { run = { 'a' }, timeout = 'soon' } } }",
		  "steps[1].timeout must be seconds, or a duration (\"30s\", \"2 minutes\")" },
		{ "return { steps = { { run = { 'a' }, env = { ['A B'] = 1 } } } }",
		  "steps[1].env: \"A B\" is not the name of a variable" },
		{ "return { steps = { { service = { 'a' } } } }", "steps[1] is a service: it needs a name" },
		{ "return { steps = { { action = 'scann' } } }",
		  "steps[1].with: there is no action \"scann\"; did you mean \"scan\"? (resolve, retain, scan, upload)" },
		{ "return { steps = { { action = 'scan' } } }", "steps[1].with needs \"target\"" },
		{ "return { steps = { { action = 'scan', with = { target = 'x', tpe = 1 } } } }",
		  "steps[1].with has no member \"tpe\"; did you mean \"type\"?" },
		{ "return { steps = { { run = { 'a' } } }, reports = { { path = 'x', format = 'junitt' } } }",
		  "reports[1].format: there is no report format \"junitt\"; did you mean \"junit\"?" },
		{ "return { steps = { { run = { 'a' } } }, reports = { { format = 'junit' } } }",
		  "reports[1] needs a path, or output = true for what the steps write" },
		{ "return { steps = { { run = { print } } } }",
		  "what compile returned cannot be taken: there is a function in it" },
		{ "error('no files')", "no files" },
		{ "pipe.sleep(1)", "pipe.sleep: compile() cannot wait: what takes time belongs in the steps" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		compile_fails(list[i].body, list[i].message);
}
END_TEST

/* ---- evaluate ---- */

static void judge(struct fixture *f, const char *answer)
{
	struct step *s;

	compile(f, whole, "{files: [a.sh]}");
	ck_assert_int_eq(f->rc, PIPE_OK);
	for (uint32_t i = 0; i < f->job.steps.count; i++)
		f->job.steps.items[i].state = STEP_DONE;
	f->job.steps.items[0].end = STEP_FAILED;
	f->job.steps.items[0].exit_code = 1;
	ck_assert_int_eq(f->type->react(&f->job, &f->err), PIPE_OK);
	ck_assert_uint_eq(f->job.steps.count, 5);
	ck_assert_int_eq(f->type->react(&f->job, &f->err), PIPE_OK);
	ck_assert_uint_eq(f->job.steps.count, 5);
	s = &f->job.steps.items[4];
	ck_assert(s->kind == STEP_ACTION && s->action->kind == ACTION_LUA && s->quiet && s->may_fail);
	s->state = STEP_DONE;
	s->end = STEP_OK;
	s->answer = answer;
	f->rc = f->type->evaluate(&f->job, &f->err);
}

START_TEST(evaluate_sees_how_steps_ended)
{
	const struct action_lua *call;
	const json_t *steps;
	struct fixture f;
	json_t *extra;

	judge(&f, "{\"end\": \"done\", \"value\": true}");
	call = f.job.steps.items[4].action->arguments;
	ck_assert_str_eq(call->member, "evaluate");
	ck_assert_str_eq(call->point, "evaluate");
	ck_assert_ptr_nonnull(node_get(call->with, "severity"));
	extra = json_loads(call->extra, 0, NULL);
	steps = json_object_get(extra, "steps");
	ck_assert_uint_eq(json_array_size(steps), 4);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(steps, 0), "state")), "failed");
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(steps, 0), "exit_code")), 1);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(steps, 3), "title")), "cleaning");
	json_decref(extra);
	unload(&f);
}
END_TEST

START_TEST(answers_become_verdicts)
{
	static const struct {
		const char *answer;
		enum stage_verdict verdict;
		const char *reason;
	} list[] = {
		{ "{\"end\": \"done\", \"value\": true}", VERDICT_PASS, NULL },
		{ "{\"end\": \"done\", \"value\": false, \"second\": \"too many\"}", VERDICT_FAIL, "too many" },
		{ "{\"end\": \"done\", \"value\": false}", VERDICT_FAIL, "its evaluate() says no, and gives no reason" },
		{ "{\"end\": \"done\", \"value\": {\"verdict\": \"warn\", \"reason\": \"so so\"}}", VERDICT_WARN, "so so" },
		{ "{\"end\": \"done\", \"value\": {\"reason\": \"r\", \"conditions\": [{\"subject\": \"s\", \"verdict\": \"fail\"}]}}",
		  VERDICT_FAIL, "r" },
		{ "{\"end\": \"failed\", \"reason\": \"enough\"}", VERDICT_FAIL, "enough" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		struct fixture f;

		judge(&f, list[i].answer);
		ck_assert_msg(f.rc == PIPE_OK, "%s: %s", list[i].answer, f.err.text);
		ck_assert_int_eq(f.job.verdict, list[i].verdict);
		ck_assert_pstr_eq(f.job.reason, list[i].reason);
		unload(&f);
	}
}
END_TEST

START_TEST(rows_exports_and_evidence_are_taken)
{
	struct fixture f;

	judge(&f,
	      "{\"end\": \"done\", \"value\": {\"verdict\": \"pass\", \"exports\": {\"COUNT\": 3}, \"conditions\": [{\"subject\": "
	      "\"warnings\", \"value\": 3, \"bound\": \"<= 5\", \"verdict\": \"pass\", \"detail\": \"a\\nb\"}]}, "
	      "\"metrics\": [{\"name\": \"n\", \"value\": 2.5}]}");
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	ck_assert_str_eq(f.job.exports.items[0], "COUNT=3");
	ck_assert_str_eq(f.job.conditions.items[0].value, "3");
	ck_assert_str_eq(f.job.conditions.items[0].detail, "a b");
	ck_assert(f.metric > 2.4 && f.metric < 2.6);
	unload(&f);
}
END_TEST

START_TEST(answers_are_checked)
{
	static const struct {
		const char *answer, *message;
		unsigned line;
	} list[] = {
		{ "{\"end\": \"done\"}",
		  "evaluate must return true, or false and a reason, or a table with a verdict; it returned nothing", 23 },
		{ "{\"end\": \"done\", \"value\": {}}",
		  "what evaluate returns needs a verdict (\"pass\", \"warn\" or \"fail\"), or conditions", 23 },
		{ "{\"end\": \"done\", \"value\": {\"verdict\": \"passed\"}}",
		  "verdict must be \"pass\", \"warn\" or \"fail\"; it is \"passed\"; did you mean \"pass\"?", 23 },
		{ "{\"end\": \"done\", \"value\": {\"verdit\": \"pass\"}}",
		  "what evaluate returns has no member \"verdit\"; did you mean \"verdict\"?", 23 },
		{ "{\"end\": \"done\", \"value\": {\"verdict\": \"pass\", \"exports\": {\"A\": \"x\\ny\"}}}",
		  "exports: a value must be on one line (A=x\ny)", 23 },
		{ "{\"end\": \"broken\", \"reason\": \"attempt to\", \"file\": \"lua/m.lua\", \"line\": 3}", "attempt to", 3 },
		{ "", "evaluate gave no answer", 23 },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		struct fixture f;

		judge(&f, list[i].answer);
		ck_assert_int_eq(f.rc, PIPE_EPIPELINE);
		ck_assert_str_eq(f.err.text, list[i].message);
		ck_assert_uint_eq(f.err.line, list[i].line);
		unload(&f);
	}
}
END_TEST

Suite *lua_stage_suite(void)
{
	Suite *suite = suite_create("lua_stage");
	TCase *type = tcase_create("type"), *made = tcase_create("compile"), *judged = tcase_create("evaluate");

	tcase_add_test(type, a_table_becomes_a_type);
	tcase_add_test(type, mistakes_in_the_table_have_a_place);
	tcase_add_test(made, compile_makes_steps);
	tcase_add_test(made, a_scan_is_read_as_evidence);
	tcase_add_test(made, what_compile_returns_is_checked);
	tcase_add_test(judged, evaluate_sees_how_steps_ended);
	tcase_add_test(judged, answers_become_verdicts);
	tcase_add_test(judged, rows_exports_and_evidence_are_taken);
	tcase_add_test(judged, answers_are_checked);
	suite_add_tcase(suite, type);
	suite_add_tcase(suite, made);
	suite_add_tcase(suite, judged);
	return suite;
}
