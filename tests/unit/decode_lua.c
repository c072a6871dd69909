/* Lua in the language: hooks, the top-level `lua`, conditions, pipelines and types of stages in Lua, by a world that answers from a table. */
#include "tests/unit/load_fixture.h"

#include "pipeline/keyword/keyword_fields.h"
#include "pipeline/lint/lint.h"
#include "pipeline/plan/plan.h"

Suite *decode_lua_suite(void);

#define END                                                                                                                      \
	{                                                                                                                        \
		NULL, NULL                                                                                                       \
	}
#define TABLE(...) ((const struct fixture_file[]){ __VA_ARGS__, END })
#define YAML(text) TABLE({ "ci.yml", text })

/* ---- a world with Lua: what is wrong says "!" and its line, what is true says "yes" ---- */

static struct {
	unsigned checks, conditions, settled, stages;
	const struct lua_settings *settings;
} seen;

static int complain(const struct lua_text *code, const char *at, const char *what, pipe_error *err)
{
	unsigned line = code->line + 1;

	for (const char *p = code->text; p < at; p++)
		line += *p == '\n';
	error_set(err, PIPE_EPIPELINE, "%s", what);
	err->line = line;
	snprintf(err->file, sizeof(err->file), "%s", code->name);
	return PIPE_EPIPELINE;
}

static void world_settle(void *context, const struct lua_settings *settings)
{
	(void)context;
	seen.settled++;
	seen.settings = settings;
}

static int world_check(void *context, const struct lua_text *code, bool condition, pipe_error *err)
{
	const char *wrong = strchr(code->text, '!');

	(void)context, (void)condition;
	seen.checks++;
	return wrong ? complain(code, wrong, "unexpected symbol near '!'", err) : PIPE_OK;
}

static int world_condition(void *context, const struct lua_text *code, const struct scope *scope, bool *holds, pipe_error *err)
{
	const char *wrong = strstr(code->text, "boom");

	(void)context;
	seen.conditions++;
	ck_assert_ptr_nonnull(scope);
	*holds = strstr(code->text, "yes") != NULL;
	return wrong ? complain(code, wrong, "it went boom", err) : PIPE_OK;
}

/* One job for each line of the file. */
static struct node *world_pipeline(void *context, const struct lua_text *code, uint16_t source, const struct scope *scope,
				   const struct node *with, struct arena *a, struct diagnostics *d)
{
	struct node *root = node_map(a, (struct mark){ 1, 1, source }, 4);
	uint32_t line = 0;

	(void)context, (void)scope;
	for (const char *p = code->text; *p; p += strcspn(p, "\n") + 1) {
		struct mark at = { ++line, 1, source };
		size_t n = strcspn(p, "\n");
		struct node *job = node_map(a, at, 1), *value = node_scalar(a, at, "make", 4);

		if (!strncmp(p, "include ", 8)) {
			node_set(root, a, node_scalar(a, at, "include", 7),
				 node_scalar(a, at, arena_strndup(a, p + 8, n - 8), n - 8));
			continue;
		}
		if (!strncmp(p, "fail", 4)) {
			diag_error(d, at, "lua-error", "the script failed");
			return NULL;
		}
		if (with)
			value = node_get(with, "command");
		node_set(job, a,
			 node_scalar(a, at, n > 4 && !strncmp(p, "bad ", 4) ? "scrpt" : "script",
				     n > 4 && !strncmp(p, "bad ", 4) ? 5 : 6),
			 value);
		node_set(root, a, node_scalar(a, at, arena_strndup(a, p, n), n), job);
	}
	return root;
}

static const struct keyword own_parameters[] = {
	KEYWORD_ROW("files", IN_NESTED, TAKES_LIST, "what is looked at", .items = TAKES_TEXT, .required = true),
	KEYWORD_ROW("judge", IN_NESTED, TAKES_LUA | TAKES_LIST, "how it is judged", .items = TAKES_LUA),
	KEYWORD_END,
};
static const struct uses_type own_type = {
	.name = "own", .help = "a type of ours", .parameters = own_parameters, .since = "0.1"
};

static const struct uses_type *world_stage(void *context, const struct lua_text *code, struct arena *a, struct diagnostics *d)
{
	(void)context, (void)a;
	seen.stages++;
	if (!strstr(code->text, "none"))
		return &own_type;
	diag_error(d, code->at, "lua-stage", "\"%s\" is no type of stage", code->path);
	return NULL;
}

static const struct world_lua lua = { .settle = world_settle,
				      .check = world_check,
				      .condition = world_condition,
				      .pipeline = world_pipeline,
				      .stage = world_stage };

static int load(struct fixture *f, const struct fixture_file *files)
{
	memset(&seen, 0, sizeof(seen));
	fixture_init(f, files);
	f->world.lua = &lua;
	return fixture_load(f);
}

/* The text that a pipeline must be refused or warned of for. */
#define SAID(files, text)                                                                                                        \
	do {                                                                                                                     \
		struct fixture f_;                                                                                               \
		load(&f_, files);                                                                                                \
		ck_assert_str_eq(fixture_said(&f_), text);                                                                       \
		fixture_clear(&f_);                                                                                              \
	} while (0)

static const struct hooks *hooks_of(const struct fixture *f, const char *job)
{
	ck_assert_ptr_nonnull(f->pipeline);
	ck_assert_ptr_nonnull(pipeline_job(f->pipeline, job));
	return pipeline_job(f->pipeline, job)->settings->hooks;
}

/* ---- hooks ---- */

START_TEST(hooks_of_the_run_and_of_jobs)
{
	struct fixture f;
	const struct hooks *h;

	ck_assert_int_eq(load(&f, TABLE({ "ci.yml", "hooks:\n"
						    "  before_run: ci/a.lua\n"
						    "  after_run: return 1\n"
						    "a:\n"
						    "  script: x\n"
						    "  hooks:\n"
						    "    gate: {file: ./ci/a.lua, with: {n: 3}, on_error: warn}\n"
						    "    on_event: {lua: return 2, events: [job_finished, job_retry]}\n"
						    "    before_job: [return 3, [ci/b.lua]]\n" },
					{ "ci/a.lua", "local a\nreturn a\n" }, { "ci/b.lua", "return b\n" })),
			 PIPE_OK);
	h = f.pipeline->hooks;
	ck_assert_uint_eq(h->list.count, 2);
	ck_assert_uint_eq(h->points, 1u << HOOK_BEFORE_RUN | 1u << HOOK_AFTER_RUN);
	ck_assert_str_eq(h->list.items[0].code.path, "ci/a.lua");
	ck_assert_str_eq(h->list.items[0].code.text, "local a\nreturn a\n");
	ck_assert_str_eq(h->list.items[0].code.name, "ci/a.lua");
	ck_assert_uint_eq(h->list.items[0].code.line, 0);
	ck_assert_ptr_null(h->list.items[1].code.path);
	ck_assert_str_eq(h->list.items[1].code.name, "ci.yml");
	h = hooks_of(&f, "a");
	ck_assert_uint_eq(h->list.count, 4);
	ck_assert_int_eq(h->list.items[0].point, HOOK_GATE);
	ck_assert_ptr_eq(h->list.items[0].code.text, f.pipeline->hooks->list.items[0].code.text); /* read once */
	ck_assert_str_eq(node_get(h->list.items[0].with, "n")->text, "3");
	ck_assert_int_eq(h->list.items[0].on_error, LUA_ON_ERROR_WARN);
	ck_assert_uint_eq(h->list.items[1].events.count, 2);
	ck_assert_str_eq(h->list.items[1].events.items[1], "job_retry");
	ck_assert_int_eq(h->list.items[1].on_error, LUA_ON_ERROR_DEFAULT);
	ck_assert_int_eq(h->list.items[2].point, HOOK_BEFORE_JOB);
	ck_assert_str_eq(h->list.items[3].code.path, "ci/b.lua");
	ck_assert_uint_eq(f.reads, 3);
	ck_assert_uint_eq(seen.checks, 5); /* each text, each file once */
	fixture_clear(&f);
}
END_TEST

START_TEST(hooks_are_inherited_as_one_map)
{
	struct fixture f;

	ck_assert_int_eq(load(&f, YAML("default: {hooks: {before_job: return 1, pre_get_sources_script: echo}}\n"
				       ".t: {hooks: {after_job: return 2}}\n"
				       "a: {script: x}\n"
				       "b: {script: x}\n"
				       "own: {script: x, hooks: {gate: return 3}}\n"
				       "extends: {script: x, extends: .t, hooks: {gate: return 4}}\n"
				       "none: {script: x, inherit: {default: false}}\n"
				       "null: {script: x, hooks: {}}\n")),
			 PIPE_OK);
	ck_assert_ptr_eq(hooks_of(&f, "a"), hooks_of(&f, "b"));
	ck_assert_uint_eq(hooks_of(&f, "a")->points, 1u << HOOK_BEFORE_JOB);
	ck_assert_ptr_nonnull(pipeline_job(f.pipeline, "b")->settings->pre_get_sources);
	ck_assert_uint_eq(hooks_of(&f, "own")->points, 1u << HOOK_GATE);
	ck_assert_ptr_null(pipeline_job(f.pipeline, "own")->settings->pre_get_sources);
	ck_assert_uint_eq(hooks_of(&f, "extends")->points, 1u << HOOK_GATE | 1u << HOOK_AFTER_JOB);
	ck_assert_ptr_null(hooks_of(&f, "none"));
	ck_assert_ptr_null(hooks_of(&f, "null"));
	ck_assert_uint_eq(seen.checks, 4);
	fixture_clear(&f);
}
END_TEST

/* Names that GitLab does not know at the top level: its jobs may be called so. */
START_TEST(jobs_called_lua_and_hooks)
{
	struct fixture f;

	ck_assert_int_eq(load(&f, YAML("default: {timeout: 5 minutes}\n"
				       ".t: {stage: deploy}\n"
				       "lua: {extends: .t, script: luacheck .}\n"
				       "hooks: {script: x, hooks: {gate: return 1}}\n")),
			 PIPE_OK);
	ck_assert_str_eq(f.pipeline->stages.items[pipeline_job(f.pipeline, "lua")->stage].name, "deploy");
	ck_assert_int_eq(pipeline_job(f.pipeline, "lua")->settings->timeout_ms, 300000);
	ck_assert_ptr_nonnull(hooks_of(&f, "hooks"));
	ck_assert_ptr_null(f.pipeline->hooks);
	ck_assert_ptr_null(f.pipeline->lua);
	ck_assert_uint_eq(seen.settled, 0);
	fixture_clear(&f);
}
END_TEST

START_TEST(hooks_in_the_wrong_place)
{
	SAID(YAML("a: {script: x, hooks: {before_run: return 1}}\n"),
	     "ci.yml:1:24: hook-place: \"before_run\" is about the whole run, and cannot stand in a job (put it under \"hooks\" at "
	     "the top level of the file)");
	SAID(YAML("default: {hooks: {after_run: return 1}}\na: {script: x, hooks: {gate: return 1}}\n"),
	     "ci.yml:1:19: hook-place: \"after_run\" is about the whole run, and cannot stand in a job (put it under \"hooks\" at the "
	     "top level of the file)");
	SAID(YAML("hooks: {pre_get_sources_script: x}\na: {script: x}\n"),
	     "ci.yml:1:9: hook-place: \"pre_get_sources_script\" is about one job, and cannot stand at the top level (put it under "
	     "\"hooks\" of \"default\" or of a job)");
	SAID(YAML("a: {hooks: {gate: return 1}}\n"),
	     "ci.yml:1:1: no-script: the job \"a\" has nothing to do (a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a "
	     "template's name begins with a dot)");
}
END_TEST

START_TEST(hooks_of_a_wrong_shape)
{
	SAID(YAML("a: {script: x, hooks: {gate: 5}}\n"),
	     "ci.yml:1:30: wrong-type: \"hooks:gate\" takes Lua or a list of Lua, not a number (put it in quotes: \"5\")");
	SAID(YAML("a: {script: x, hooks: {gate: {with: {a: 1}}}}\n"),
	     "ci.yml:1:30: missing-keyword: \"hooks:gate\" needs \"lua\", a text, or \"file\"");
	SAID(YAML("a: {script: x, hooks: {gate: {lua: x, file: y.lua}}}\n"),
	     "ci.yml:1:39: conflicting-keywords: \"lua\" and \"file\" cannot stand together");
	SAID(YAML("a: {script: x, hooks: {gate: {lua: x, events: [log]}}}\n"),
	     "ci.yml:1:39: unknown-keyword: \"hooks:gate\" has no keyword \"events\" (it takes lua, file, with, on_error)");
	SAID(YAML("a: {script: x, hooks: {gate: {lua: x, on_error: maybe}}}\n"),
	     "ci.yml:1:49: wrong-value: \"hooks:gate:on_error\" takes fail or warn, not \"maybe\"");
	SAID(YAML("a: {script: x, hooks: {gate: none.lua}}\n"),
	     "ci.yml:1:30: lua-file: the Lua file \"none.lua\" cannot be read: there is no such file (its path is written from the "
	     "root of the project)");
	SAID(YAML(".t: {hooks: {gate: none.lua}}\na: {script: x}\n"), ""); /* nobody has it */
}
END_TEST

/* The line and column at which a fault in the text is reported. */
START_TEST(places_of_inline_texts)
{
	static const struct {
		const char *hook;
		const char *place;
	} cases[] = {
		{ "|\n      local a\n      a!\n", "ci.yml:6:7" },
		{ "|2- # why\n      local a\n      a!\n", "ci.yml:6:7" },
		{ "|\n\n      a!\n", "ci.yml:6:7" },
		{ "'a!'\n", "ci.yml:4:11" },
		{ "a!\n", "ci.yml:4:11" },
		{ ">\n      a\n      b!\n", "ci.yml:5:7" }, /* folded: all is the first line */
		{ "\"a\\n!\"\n", "ci.yml:5:5" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		char text[256], expected[128];

		snprintf(text, sizeof(text), "a:\n  script: x\n  hooks:\n    gate: %s    notify: 'ok'\n", cases[i].hook);
		snprintf(expected, sizeof(expected), "%s: lua-syntax: unexpected symbol near '!'", cases[i].place);
		load(&f, YAML(text));
		ck_assert_msg(!strcmp(fixture_said(&f), expected), "%zu: %s", i, fixture_said(&f));
		fixture_clear(&f);
	}
	SAID(TABLE({ "ci.yml", "a: {script: x, hooks: {gate: a.lua}}\nb: {script: x, hooks: {gate: a.lua}}\n" },
		   { "a.lua", "\n  x!\n" }),
	     "a.lua:2:3: lua-syntax: unexpected symbol near '!'");
}
END_TEST

START_TEST(paths_and_texts)
{
	ck_assert(lua_code_is_path("a.lua", 5));
	ck_assert(lua_code_is_path("./ci/a-b_c.lua", 14));
	ck_assert(!lua_code_is_path(".lua", 4));
	ck_assert(!lua_code_is_path("return ctx.lua", 14));
	ck_assert(!lua_code_is_path("x\ny.lua", 7));
	ck_assert(!lua_code_is_path("f().lua", 7));
	ck_assert(!lua_code_is_path("a.luax", 6));
}
END_TEST

/* Files of a file that came from another project are that project's. */
START_TEST(files_of_other_projects)
{
	struct fixture f;

	ck_assert_int_eq(load(&f, TABLE({ "ci.yml", "include: [{project: g/p, ref: v1, file: t.yml}]\n"
						    "b: {script: x, hooks: {gate: a.lua}}\n" },
					{ "g/p@v1:t.yml", "a: {script: x, hooks: {gate: a.lua}}\n" },
					{ "g/p@v1:a.lua", "theirs" }, { "a.lua", "ours" })),
			 PIPE_OK);
	ck_assert_str_eq(hooks_of(&f, "a")->list.items[0].code.text, "theirs");
	ck_assert_str_eq(hooks_of(&f, "a")->list.items[0].code.path, "g/p@v1:a.lua");
	ck_assert_str_eq(hooks_of(&f, "b")->list.items[0].code.text, "ours");
	fixture_clear(&f);
}
END_TEST

/* ---- the top-level `lua` ---- */

START_TEST(settings)
{
	struct fixture f;
	const struct lua_settings *s;

	ck_assert_int_eq(load(&f, YAML("lua:\n"
				       "  allow:\n"
				       "    - http: [https://hooks.example, http://localhost:8080/api]\n"
				       "    - exec: helm\n"
				       "      read: [/etc/ssl]\n"
				       "    - exec: [/usr/bin/kubectl]\n"
				       "      secrets: [TOKEN]\n"
				       "      mail: [smtp://mail.example:25]\n"
				       "  limits: {cpu: 5s, wall: 2m, memory: 128MB, output: 2 MiB}\n"
				       "  on_error: warn\n"
				       "a: {script: x}\n")),
			 PIPE_OK);
	s = f.pipeline->lua;
	ck_assert_uint_eq(seen.settled, 1);
	ck_assert_ptr_eq(seen.settings, s);
	ck_assert_uint_eq(s->http.count, 2);
	ck_assert_str_eq(s->http.items[1], "http://localhost:8080/api");
	ck_assert_uint_eq(s->exec.count, 2);
	ck_assert_str_eq(s->exec.items[0], "helm");
	ck_assert_str_eq(s->read.items[0], "/etc/ssl");
	ck_assert_str_eq(s->secrets.items[0], "TOKEN");
	ck_assert_str_eq(s->mail.items[0], "smtp://mail.example:25");
	ck_assert_int_eq(s->cpu_ms, 5000);
	ck_assert_int_eq(s->wall_ms, 120000);
	ck_assert_uint_eq(s->memory_bytes, 128000000);
	ck_assert_uint_eq(s->output_bytes, 2097152);
	ck_assert_int_eq(s->on_error, LUA_ON_ERROR_WARN);
	fixture_clear(&f);
	ck_assert_int_eq(load(&f, YAML("lua: {allow: {exec: [a, b]}}\na: {script: x}\n")), PIPE_OK);
	ck_assert_uint_eq(f.pipeline->lua->exec.count, 2);
	ck_assert_int_eq(f.pipeline->lua->on_error, LUA_ON_ERROR_DEFAULT);
	ck_assert_int_eq(f.pipeline->lua->cpu_ms, 0);
	fixture_clear(&f);
}
END_TEST

START_TEST(what_cannot_be_allowed)
{
	static const char *const wrong[][2] = {
		{ "http", "hooks.example" },
		{ "http", "https://" },
		{ "http", "'*'" },
		{ "http", "https://*.example" },
		{ "http", "https://u@h" },
		{ "http", "https://u:p@h/x" },
		{ "http", "ftp://h" },
		{ "http", "https://h/a?b=c" },
		{ "http", "https://:80" },
		{ "http", "https://h/../x" },
		{ "exec", "'helm install'" },
		{ "exec", "bin/helm" },
		{ "exec", "'*'" },
		{ "exec", "/" },
		{ "exec", "../x" },
		{ "read", "etc" },
		{ "read", "/" },
		{ "read", "/etc/../root" },
		{ "read", "//" },
		{ "secrets", "'*'" },
		{ "secrets", "A-B" },
		{ "mail", "mail.example" },
		{ "mail", "smtp://u:p@h" },
		{ "mail", "smtp://h/x" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct fixture f;
		char text[128];

		snprintf(text, sizeof(text), "lua: {allow: {%s: [%s]}}\na: {script: x}\n", wrong[i][0], wrong[i][1]);
		ck_assert_msg(load(&f, YAML(text)) == PIPE_EPIPELINE, "%s", text);
		ck_assert_uint_eq(f.d.list.count, 1);
		ck_assert_str_eq(f.d.list.items[0].code, "lua-allow");
		ck_assert_ptr_nonnull(f.d.list.items[0].hint);
		fixture_clear(&f);
	}
}
END_TEST

START_TEST(limits_beyond_the_bounds)
{
	static const char text[] =
		"lua:\n  limits:\n    cpu: 61s\n    wall: 1h\n    memory: 2GiB\n    output: 65 MiB\na: {script: x}\n";
	struct fixture f;

	memset(&seen, 0, sizeof(seen));
	fixture_init(&f, YAML(text));
	f.world.lua = &lua;
	f.options.lua_most = (struct lua_bounds){ 60000, 3600000, 1u << 30, 64u << 20 };
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f),
			 "ci.yml:3:10: lua-limit: \"cpu\" of 61s is more than this machine allows, which is 1m 00s\n"
			 "ci.yml:5:13: lua-limit: \"memory\" of 2GiB is more than this machine allows, which is 1024 MiB\n"
			 "ci.yml:6:13: lua-limit: \"output\" of 65 MiB is more than this machine allows, which is 64 MiB");
	fixture_clear(&f);
	SAID(YAML("lua: {limits: {memory: -1, cpu: soon}}\na: {script: x}\n"),
	     "ci.yml:1:24: wrong-value: \"lua:limits:memory\" takes a size, not \"-1\" (sizes look like \"64 MiB\", \"200 MB\" or a "
	     "number of bytes)\n"
	     "ci.yml:1:33: wrong-duration: \"lua:limits:cpu\" takes a duration, not \"soon\" (durations look like \"90 seconds\", \"1h "
	     "30m\" or \"2 days\")");
}
END_TEST

/* ---- rules ---- */

static const struct plan_job *planned(struct fixture *f, struct plan **plan, const char *name)
{
	struct plan_options o = { .predefined = &f->variables, .pipeline = &f->variables, .world = &f->world, .source = "push" };

	ck_assert_msg(f->rc == PIPE_OK, "%s", fixture_said(f));
	plan_make(plan, &f->arena, f->pipeline, &o, &f->d);
	return plan_job_named(*plan, name, strlen(name));
}

START_TEST(conditions_of_rules)
{
	struct fixture f;
	struct plan *plan;

	ck_assert_int_eq(load(&f, TABLE({ "ci.yml", "workflow: {rules: [{lua: 'yes'}]}\n"
						    "a:\n"
						    "  script: x\n"
						    "  rules:\n"
						    "    - {if: $NONE, lua: 'yes'}\n"
						    "    - lua: 'no way'\n"
						    "    - lua: |\n"
						    "        local x\n"
						    "        yes\n"
						    "b: {script: x, rules: [{lua: r.lua, when: manual}]}\n"
						    "c: {script: x, rules: [{lua: nope}]}\n" },
					{ "r.lua", "yes" })),
			 PIPE_OK);
	ck_assert_str_eq(planned(&f, &plan, "a")->decision.reason, "rule 3 matched: lua local x yes ");
	ck_assert_uint_eq(seen.conditions, 1 + 2 + 1 + 1); /* where `if` does not hold, nobody asks */
	ck_assert_str_eq(plan->workflow.reason, "workflow:rules: rule 1 matched: lua yes");
	ck_assert_str_eq(plan_job_named(plan, "b", 1)->decision.reason, "rule 1 matched: lua r.lua");
	ck_assert(!plan_job_named(plan, "c", 1)->included);
	fixture_clear(&f);
}
END_TEST

START_TEST(conditions_that_fail)
{
	struct fixture f;
	struct plan *plan;

	load(&f, TABLE({ "ci.yml", "a:\n  script: x\n  rules:\n    - lua: |\n        local x\n        boom()\n"
				   "b: {script: x, rules: [{lua: r.lua}]}\n" },
		       { "r.lua", "\n boom" }));
	planned(&f, &plan, "a");
	diagnostics_sort(&f.d);
	ck_assert_str_eq(fixture_said(&f), "ci.yml:6:9: lua-error: the condition cannot be answered: it went boom\n"
					   "r.lua:2:2: lua-error: the condition cannot be answered: it went boom");
	ck_assert_uint_eq(f.sources.list.items[f.d.list.items[1].at.source].included.line, 7);
	fixture_clear(&f);
	SAID(YAML("a: {script: x, rules: [{lua: 'x!'}, {lua: true}]}\n"),
	     "ci.yml:1:30: lua-syntax: unexpected symbol near '!'\n"
	     "ci.yml:1:43: wrong-type: \"rules:lua\" takes Lua, not true or false (put it in quotes: \"true\")");
}
END_TEST

START_TEST(conditions_of_includes)
{
	struct fixture f;

	ck_assert_int_eq(load(&f, TABLE({ "ci.yml", "include:\n"
						    "  - {local: a.yml, rules: [{lua: 'yes'}]}\n"
						    "  - {local: b.yml, rules: [{lua: 'no'}, {if: $NONE, lua: boom}]}\n"
						    "j: {script: x}\n" },
					{ "a.yml", "a: {script: x}\n" }, { "b.yml", "b: {script: x}\n" })),
			 PIPE_OK);
	ck_assert_str_eq(fixture_keys(&f), "a j");
	fixture_clear(&f);
	SAID(TABLE({ "ci.yml", "include: [{local: a.yml, rules: [{lua: boom}]}]\nj: {script: x}\n" },
		   { "a.yml", "a: {script: x}\n" }),
	     "ci.yml:1:40: lua-error: the condition cannot be answered: it went boom");
	SAID(TABLE({ "ci.yml", "include: [{local: a.yml, rules: [{lua: [x]}]}]\nj: {script: x}\n" },
		   { "a.yml", "a: {script: x}\n" }),
	     "ci.yml:1:40: wrong-type: \"lua\" takes Lua, not a list");
}
END_TEST

/* ---- pipelines in Lua ---- */

START_TEST(a_pipeline_in_lua)
{
	struct fixture f;

	ck_assert_int_eq(
		load(&f, TABLE({ "pipeline.lua", "one\ninclude more.yml\ntwo\n" }, { "more.yml", "three: {script: x}\n" })),
		PIPE_OK);
	ck_assert_str_eq(fixture_keys(&f), "three one two");
	ck_assert_uint_eq(pipeline_job(f.pipeline, "two")->at.line, 3);
	fixture_clear(&f);
	ck_assert_int_eq(load(&f, TABLE({ "ci.yml", "include: [{lua: ./ci/jobs.lua, with: {command: build}}]\nj: {script: x}\n" },
					{ "ci/jobs.lua", "one\n" })),
			 PIPE_OK);
	ck_assert_str_eq(fixture_show(&f, "one"), "{script: build}");
	fixture_clear(&f);
}
END_TEST

START_TEST(a_pipeline_in_lua_that_is_wrong)
{
	SAID(TABLE({ "pipeline.lua", "one\nbad two\n" }),
	     "pipeline.lua:2:1: unknown-keyword: a job has no keyword \"scrpt\" (did you mean \"script\"?)");
	SAID(TABLE({ "pipeline.lua", "one\n  two!\n" }), "pipeline.lua:2:3: lua-syntax: unexpected symbol near '!'");
	SAID(TABLE({ "pipeline.lua", "one\nfail\n" }), "pipeline.lua:2:1: lua-error: the script failed");
	SAID(TABLE({ "ci.yml", "include: [{lua: a.lua}]\n" }, { "a.lua", "include b.yml\n" },
		   { "b.yml", "include: [{lua: a.lua}]\n" }),
	     "b.yml:1:17: include-circle: \"include\" goes round in a circle: a.lua -> b.yml -> a.lua");
	SAID(TABLE({ "ci.yml",
		     "include: [{lua: none.lua}, {lua: a.yml}, {local: a.lua}, {lua: a.lua, inputs: {}}]\na: {script: x}\n" }),
	     "ci.yml:1:17: include-missing: \"none.lua\" cannot be included: there is no such file\n"
	     "ci.yml:1:34: include-path: \"a.yml\" is not the name of a Lua file (a YAML file is \"local\")\n"
	     "ci.yml:1:50: include-path: \"a.lua\" is not the name of a YAML file (a Lua file is included as \"lua\")\n"
	     "ci.yml:1:71: include-keyword: \"inputs\" means nothing beside \"lua\"");
}
END_TEST

/* ---- types of stages in Lua ---- */

START_TEST(types_of_stages)
{
	struct fixture f;
	const struct job_uses *uses;
	const struct node *judge;

	ck_assert_int_eq(load(&f, TABLE({ "ci.yml", "a:\n"
						    "  uses: ./stages/own.lua\n"
						    "  with: {files: [x], judge: [return 1, j.lua, {lua: return 2}]}\n"
						    "b: {uses: stages/own.lua, with: {files: [y], judge: j.lua}}\n" },
					{ "stages/own.lua", "own" }, { "j.lua", "return j" })),
			 PIPE_OK);
	ck_assert_uint_eq(seen.stages, 1);
	uses = pipeline_job(f.pipeline, "a")->settings->uses;
	ck_assert_ptr_eq(uses->type, &own_type);
	ck_assert_ptr_eq(pipeline_job(f.pipeline, "b")->settings->uses->type, &own_type);
	judge = node_get(uses->with, "judge");
	ck_assert_uint_eq(f.pipeline->lua_texts.list.count, 4);
	ck_assert_str_eq(lua_text_of(&f.pipeline->lua_texts, judge->items[0])->text, "return 1");
	ck_assert_str_eq(lua_text_of(&f.pipeline->lua_texts, judge->items[1])->path, "j.lua");
	ck_assert_str_eq(lua_text_of(&f.pipeline->lua_texts, judge->items[2])->text, "return 2");
	ck_assert_ptr_null(lua_text_of(&f.pipeline->lua_texts, judge));
	ck_assert_ptr_null(lua_text_of(NULL, judge));
	fixture_clear(&f);
}
END_TEST

START_TEST(types_of_stages_that_are_wrong)
{
	SAID(TABLE({ "ci.yml", "a: {uses: ./own.lua, with: {file: [x]}}\n" }, { "own.lua", "own" }),
	     "ci.yml:1:29: unknown-keyword: \"with\" has no parameter \"file\" (did you mean \"files\"?)");
	SAID(TABLE({ "ci.yml", "a: {uses: ./own.lua}\n" }, { "own.lua", "own" }),
	     "ci.yml:1:11: missing-keyword: \"with\" needs \"files\"");
	SAID(TABLE({ "ci.yml", "a: {uses: ./own.lua, with: {files: [x], judge: 'x!'}}\n" }, { "own.lua", "own" }),
	     "ci.yml:1:48: lua-syntax: unexpected symbol near '!'");
	SAID(TABLE({ "ci.yml", "a: {uses: ./own.lua}\nb: {uses: ./own.lua}\n" }, { "own.lua", "none" }),
	     "ci.yml:1:11: lua-stage: \"own.lua\" is no type of stage");
	SAID(TABLE({ "ci.yml", "a: {uses: ./own.lua}\nb: {uses: own.lua}\n" }),
	     "ci.yml:1:11: lua-file: the Lua file \"own.lua\" cannot be read: there is no such file (its path is written from the root "
	     "of the project)");
	SAID(TABLE({ "ci.yml", "a: {uses: ./own}\n" }),
	     "ci.yml:1:11: unknown-stage-type: there is no type of stage \"./own\" (a type of your own is a Lua file: its name ends in "
	     ".lua)");
}
END_TEST

/* ---- without Lua ---- */

START_TEST(a_world_without_lua)
{
	struct fixture f;

	fixture_init(&f, YAML("include: [{lua: a.lua}]\na: {uses: ./own.lua}\nb: {script: x}\n"));
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(
		strstr(fixture_said(&f), "lua-missing: stage types in Lua, such as \"./own.lua\", cannot be used here"));
	fixture_clear(&f);
}
END_TEST

/* ---- lint ---- */

START_TEST(what_lint_says)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "lua: {on_error: warn}\na: {script: x}\n",
		  "ci.yml:1:6: warning lua-unused: \"lua\" is about scripts, and there are none in this pipeline (leave it out, or write a hook, a "
		  "gate or a rule in Lua)" },
		{ "lua: {on_error: warn}\nhooks: {notify: return 1}\na: {script: x}\n", "" },
		{ "lua: {on_error: warn}\na: {script: x, rules: [{lua: 'yes'}]}\n", "" },
		{ "lua: {on_error: warn}\na: {script: x, hooks: {gate: return 1}}\n", "" },
		{ "a: {script: x, hooks: {on_event: {lua: x, events: [run_finished]}}}\n",
		  "ci.yml:1:40: warning hook-never: this hook is never called: a job has no event \"run_finished\" for it" },
		{ "a: {script: x, hooks: {on_event: {lua: x, events: [run_finished, job_finished]}}}\n", "" },
		{ "hooks: {on_event: {lua: x, events: [log]}}\na: {script: x}\n",
		  "ci.yml:1:25: warning hook-never: this hook is never called: a run has no event \"log\" for it" },
		{ "a: {script: x, rules: [{lua: 'yes', when: never}, {when: always}]}\n", "" }, /* no rule is unreachable */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;

		ck_assert_int_eq(load(&f, YAML(cases[i].text)), PIPE_OK);
		lint_pipeline(f.pipeline, &f.scope, &f.d);
		ck_assert_str_eq(fixture_said(&f), cases[i].said);
		fixture_clear(&f);
	}
}
END_TEST

Suite *decode_lua_suite(void)
{
	Suite *s = suite_create("decode_lua");
	TCase *t = tcase_create("decode_lua");

	tcase_add_test(t, hooks_of_the_run_and_of_jobs);
	tcase_add_test(t, hooks_are_inherited_as_one_map);
	tcase_add_test(t, jobs_called_lua_and_hooks);
	tcase_add_test(t, hooks_in_the_wrong_place);
	tcase_add_test(t, hooks_of_a_wrong_shape);
	tcase_add_test(t, places_of_inline_texts);
	tcase_add_test(t, paths_and_texts);
	tcase_add_test(t, files_of_other_projects);
	tcase_add_test(t, settings);
	tcase_add_test(t, what_cannot_be_allowed);
	tcase_add_test(t, limits_beyond_the_bounds);
	tcase_add_test(t, conditions_of_rules);
	tcase_add_test(t, conditions_that_fail);
	tcase_add_test(t, conditions_of_includes);
	tcase_add_test(t, a_pipeline_in_lua);
	tcase_add_test(t, a_pipeline_in_lua_that_is_wrong);
	tcase_add_test(t, types_of_stages);
	tcase_add_test(t, types_of_stages_that_are_wrong);
	tcase_add_test(t, a_world_without_lua);
	tcase_add_test(t, what_lint_says);
	suite_add_tcase(s, t);
	return s;
}
