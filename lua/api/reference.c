/* docs/reference/lua.md. */
#include "lua/api/describe.h"

#include <string.h>

static const char beginning[] =
	"# Lua: reference\n"
	"\n"
	"What scripts see and can do, made from the table that the library itself is made from (`pipe lua reference`). How to begin: "
	"[Lua](../lua.md).\n"
	"\n"
	"## How a script answers\n"
	"\n"
	"| where | its answer |\n"
	"|---|---|\n"
	"| `hooks:` `before_run` `after_run` `before_job` `after_job` `on_failure` `on_event` `notify` | none is needed; `pipe.fail(\"reason\")` "
	"or `error(\"...\")`: it has failed |\n"
	"| `hooks: gate`, `uses: gate` with `lua:` | `true`; or `false, \"reason\"`; or a table: `{ ok = false, value = \"GPL-3.0\", bound = "
	"\"MIT, Apache-2.0\", detail = \"left-pad\", subject = \"licences\" }`. `{ ok = false, data = false, detail = \"no SBOM\" }`: there is "
	"nothing to judge. Nothing at all is a mistake |\n"
	"| `rules: - lua:` | an expression, or a chunk that returns: the rule matches where it is neither false nor nil |\n"
	"| `pipeline.lua`, `include: - lua:` | a table, as YAML would have it |\n"
	"| `uses: ./stages/x.lua` | a table with `help`, `parameters`, `tools`, `compile(ctx)` and perhaps `evaluate(ctx)` |\n"
	"\n"
	"Of a stage, `compile` returns `{ steps = {...}, reports = {...}, outputs = {\"glob\"} }`:\n"
	"\n"
	"| | members |\n"
	"|---|---|\n"
	"| a step that runs | `run = {argv}` or `script = \"text\"` or `service = {argv}` with `name`; `title`, `directory`, `env = {NAME = value}`, "
	"`timeout = \"30s\"`, `may_fail`, `always`, `quiet` |\n"
	"| a step of `pipe`'s own | `action = \"scan\"`, `\"resolve\"`, `\"retain\"`, `\"upload\"`; `with = {...}` |\n"
	"| a report | `path = \"glob\"`, or `output = true` (what the steps wrote); `format = \"junit\"`; `required`, `tool`, `kind` |\n"
	"\n"
	"`evaluate` returns `true`; `false, \"reason\"`; or `{ verdict = \"pass\"|\"warn\"|\"fail\", reason = \"...\", conditions = {...}, exports = "
	"{NAME = \"value\"} }`. Without it, the steps decide.\n"
	"\n"
	"A script begins with globals of its own; `ctx` is one of them, and the script's argument. The libraries can be read and not written to. "
	"A field that there is not (`ctx.jbo`) is an error, and not nil.\n"
	"\n"
	"## What has to be allowed\n"
	"\n"
	"```yaml\n"
	"lua:\n"
	"  allow:\n"
	"    http: [\"https://hooks.example.com/services\"]   # this address, and what lies below it\n"
	"    exec: [helm, /usr/local/bin/tool]              # programs, by name or by path\n"
	"    read: [/etc/ssl]                               # directories outside of the workspace\n"
	"    secrets: [DEPLOY_TOKEN]                        # masked variables\n"
	"    mail: [\"smtp://mail.example.com:25\"]\n"
	"```\n"
	"\n"
	"What is not allowed raises an error, which names the line to add.\n"
	"\n"
	"## Limits\n"
	"\n"
	"| `lua: {limits: ...}` | of one call | |\n"
	"|---|---|---|\n";

static const char after_limits[] =
	"| | 10,000 | waits: `http`, `exec`, `notify`, `sleep` |\n"
	"| | 16 MiB | a body or an output that comes back, a file that is read |\n"
	"\n"
	"A script beyond a limit has failed; nothing in it can catch that.\n"
	"\n"
	"Functions that wait hold up nobody: other jobs and scripts go on. They cannot wait in rules, in `pipeline.lua`, in a stage's `compile`, "
	"and inside of `table.sort`, `string.gsub` and metamethods.\n"
	"\n";

static void limits(struct str *out)
{
	str_printf(out, "| `cpu` | %d s | processor time |\n", LUA_LIMIT_CPU_MS / 1000);
	str_printf(out, "| `wall` | %d s | from its beginning to its end, waits included |\n", LUA_LIMIT_WALL_MS / 1000);
	str_printf(out, "| `memory` | %u MiB | all that Lua holds |\n", LUA_LIMIT_MEMORY >> 20);
	str_printf(out, "| `output` | %u MiB | what it logs |\n", LUA_LIMIT_OUTPUT >> 20);
}

/* In a table of Markdown, `|` divides cells. */
static void cell(struct str *out, const char *text)
{
	for (; *text; text++)
		if (*text == '|')
			str_adds(out, "\\|");
		else
			str_addc(out, *text);
}

static void type_cell(struct str *out, const char *type)
{
	struct str named;

	str_init(&named);
	describe_type(&named, type);
	str_addc(out, '`');
	cell(out, named.data);
	str_addc(out, '`');
	out->failed = out->failed || named.failed;
	str_clear(&named);
}

/* ---- functions ---- */

static void signature(struct str *out, const struct api_function *f)
{
	const bool method = !strcmp(f->library, "pipe.Rows");
	bool open = false;

	str_printf(out, "### %s%s%s(", method ? "rows" : f->library, method ? ":" : ".", f->name);
	for (const struct api_parameter *p = f->parameters; p && p->name; p++) {
		const bool first = p == f->parameters;
		size_t length;

		if (describe_optional(p->type, &length) && !open) {
			str_adds(out, first ? "[" : " [");
			open = true;
		}
		str_printf(out, "%s%s", first ? "" : ", ", p->name);
	}
	str_adds(out, open ? "])\n\n" : ")\n\n");
}

static void parameters(struct str *out, const struct api_function *f)
{
	if (!f->parameters || !f->parameters->name)
		return;
	str_adds(out, "| parameter | type | |\n|---|---|---|\n");
	for (const struct api_parameter *p = f->parameters; p->name; p++) {
		str_printf(out, "| `%s` | ", p->name);
		type_cell(out, p->type);
		str_adds(out, " | ");
		cell(out, p->help);
		str_adds(out, " |\n");
	}
	str_addc(out, '\n');
}

static void function(struct str *out, const struct api_function *f)
{
	signature(out, f);
	str_printf(out, "%s", f->help);
	if (f->grant)
		str_printf(out, " Has to be allowed: `%s`%s.", f->grant,
			   !strcmp(f->name, "notify")  ? ", for a mail `mail`"
			   : !strcmp(f->grant, "read") ? ", outside of the workspace"
						       : "");
	if (f->waits)
		str_adds(out, " Waits.");
	str_adds(out, "\n\n");
	parameters(out, f);
	if (f->returns) {
		str_adds(out, "Returns ");
		type_cell(out, f->returns);
		str_printf(out, "%s%s.\n\n", f->returned ? ": " : "", f->returned ? f->returned : "");
	}
	if (f->example)
		str_printf(out, "```lua\n%s\n```\n\n", f->example);
}

static void functions(struct str *out, const char *title, const char *library)
{
	str_printf(out, "## %s\n\n", title);
	for (const struct api_function *f = api_functions; f->name; f++)
		if (!strcmp(f->library, library) && *f->name != '_')
			function(out, f);
}

/* ---- classes ---- */

static void row(struct str *out, const char *name, const char *type, const char *help)
{
	str_printf(out, "| `%s` | ", name);
	type_cell(out, type);
	str_adds(out, " | ");
	cell(out, help);
	str_adds(out, " |\n");
}

static void class(struct str *out, const struct api_class *c)
{
	str_printf(out, "### %s\n\n%s\n\n", c->name, c->help);
	for (const struct api_function *f = api_functions; f->name; f++)
		if (!strcmp(f->library, c->name) && !strcmp(f->name, "__call") && f->example)
			str_printf(out, "```lua\n%s\n```\n\n", f->example);
	if (!c->fields)
		return;
	str_adds(out, "| field | type | |\n|---|---|---|\n");
	for (const struct api_field *f = c->fields; f->name; f++)
		row(out, f->name, f->type, f->help);
	str_addc(out, '\n');
}

static void row_class(struct str *out, unsigned rows)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[rows];

	str_printf(out, "### %s\n\n%s A filter may name the columns with a *", kind->row, kind->help);
	for (const struct api_word *w = api_words; w->name; w++)
		if (w->kinds & 1u << rows && strcmp(w->name, "run") != 0)
			str_printf(out, "%s `%s`", w == api_words ? ", and" : ",", w->name);
	str_adds(out, ".\n\n| field | type | |\n|---|---|---|\n");
	for (const struct lua_column *c = kind->columns; c->name; c++) {
		str_printf(out, "| `%s`%s | ", c->name, c->filter ? " *" : "");
		type_cell(out, c->type_name);
		str_adds(out, " | ");
		cell(out, c->help);
		str_adds(out, " |\n");
	}
	str_addc(out, '\n');
}

static void rows(struct str *out)
{
	str_adds(
		out,
		"## Rows\n\nWhat `ctx.evidence.findings { ... }` and its like return: the rows come one after the other, as they are asked "
		"for.\n\n```lua\nfor f in ctx.evidence.findings { severity = \"high\" } do\n  pipe.log(f.rule, f.path, f.line)\n"
		"end\n```\n\nOne row can be shown (`tostring`) and walked through (`pairs`).\n\n");
	for (const struct api_function *f = api_functions; f->name; f++)
		if (!strcmp(f->library, "pipe.Rows") && *f->name != '_')
			function(out, f);
	str_adds(out, "### Words of filters\n\n| word | type | |\n|---|---|---|\n");
	for (const struct api_word *w = api_words; w->name; w++)
		row(out, w->name, w->type, w->help);
	str_addc(out, '\n');
	for (unsigned i = 0; i < LUA_ROWS_COUNT; i++)
		if (i != LUA_CHANGES)
			row_class(out, i);
}

static void missing(struct str *out)
{
	str_adds(
		out,
		"## What there is of Lua 5.4\n\nAll of the language, and its basic functions with `string`, `table`, `math`, `utf8`, "
		"`coroutine`, `os.time`, `os.date`, `os.clock`, `os.difftime` and `debug.traceback`. `print` is `pipe.log`. Metatables "
		"have no `__gc`. These are missing:\n\n| name | instead |\n|---|---|\n");
	for (const struct api_global *g = api_globals; g->name; g++) {
		if (g->type)
			continue;
		str_printf(out, "| `%s` | ", g->name);
		cell(out, g->help);
		str_adds(out, " |\n");
	}
}

void api_reference(struct str *out)
{
	str_adds(out, beginning);
	limits(out);
	str_adds(out, after_limits);
	functions(out, "pipe", "pipe");
	functions(out, "pipe.json", "pipe.json");
	str_adds(out, "`pipe.json.null` stands for null inside of lists and objects.\n\n");
	functions(out, "pipe.yaml", "pipe.yaml");
	functions(out, "ctx", "ctx");
	functions(out, "ctx.evidence", "ctx.evidence");
	functions(out, "ctx.history", "ctx.history");
	rows(out);
	str_adds(out, "## Classes\n\n");
	for (const struct api_class *c = api_classes; c->name; c++)
		if (strncmp(c->name, "pipe.", 5) == 0 && c->name[5] >= 'A' && c->name[5] <= 'Z' &&
		    strcmp(c->name, "pipe.Rows") != 0)
			class(out, c);
	missing(out);
}
