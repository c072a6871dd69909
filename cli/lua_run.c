/* lua run, lua repl */
#include "cli/lua.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lua_fill_script(struct cli *c, const char *run, pipe_lua_script_options *o)
{
	*o = (pipe_lua_script_options)PIPE_LUA_SCRIPT_OPTIONS_INIT;
	if (run && !strcmp(run, "last"))
		o->run = -1;
	else if (run && !run_number(run, &o->run))
		return usage_error(c, "\"%s\" is not a run: its number, or \"last\"", run);
	if (c->set.job && !run)
		return usage_error(c, "--job wants a run that the job is of");
	o->job = c->set.job;
	o->allow_http = lua_list(&c->set.allow_http);
	o->allow_exec = lua_list(&c->set.allow_exec);
	o->allow_read = lua_list(&c->set.allow_read);
	o->variables = lua_list(&c->set.variables);
	o->pipeline = c->set.file;
	o->said = lua_receive;
	o->payload = c;
	return EXIT_OK;
}

/* ---- run ---- */

struct ending {
	struct cli *c;
	int status;
};

/* What a script returned is its output, how it failed goes to standard error. */
static void on_end(void *payload, const pipe_lua_outcome *o)
{
	struct ending *e = payload;

	if (!strcmp(o->end, "done")) {
		e->status = EXIT_OK;
		if (o->value)
			out_format(e->c->out, "%s\n", o->value);
		return;
	}
	e->status = !strcmp(o->end, "cancelled") ? EXIT_CANCELLED : EXIT_JOB_FAILED;
	out_flush(e->c->out);
	if (o->file && o->line)
		say(e->c, "%s:%u: %s", o->file, o->line, o->reason ? o->reason : o->end);
	else
		say(e->c, "%s", o->reason ? o->reason : o->end);
	for (const char *line = o->traceback; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
		say(e->c, "  %.*s", (int)strcspn(line, "\n"), line);
}

int lua_run(struct cli *c, const char *const *arguments)
{
	struct ending ending = { c, EXIT_JOB_FAILED };
	pipe_lua_script_options o;
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int status = lua_fill_script(c, c->set.run, &o);

	if (status == EXIT_OK)
		status = open_project(c, &project);
	if (status == EXIT_OK)
		status = pipe_lua_run(project, arguments[0], &o, on_end, &ending, &err) ? say_error(c, &err) : ending.status;
	pipe_project_free(project);
	return status;
}

/* ---- repl ---- */

/* The next line behind what there is; false: there is none. */
static bool read_line(struct cli *c, struct str *text, bool more, bool terminal)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (terminal) {
		out_text(c->out, more ? ">> " : "> ");
		out_flush(c->out);
	}
	length = getline(&line, &size, stdin);
	if (length >= 0) {
		if (more)
			str_addc(text, '\n');
		str_add(text, line, (size_t)length - (length > 0 && line[length - 1] == '\n'));
	}
	free(line);
	return length >= 0;
}

static int prompt(struct cli *c, pipe_lua_repl *repl)
{
	const bool terminal = isatty(STDIN_FILENO) && c->term.tty;
	pipe_error err = { 0 };
	struct str text;
	int more = 0, rc = PIPE_OK;

	str_init(&text);
	while (!rc && read_line(c, &text, more, terminal)) {
		rc = text.failed ? PIPE_ENOMEM : pipe_lua_repl_eval(repl, text.data, &more, lua_receive, c, &err);
		if (!more)
			str_reset(&text);
	}
	if (terminal)
		out_text(c->out, "\n");
	str_clear(&text);
	if (!rc && more) {
		say(c, "the last statement has no end");
		return EXIT_JOB_FAILED;
	}
	return rc ? say_error(c, &err) : EXIT_OK;
}

int lua_repl(struct cli *c, const char *const *arguments)
{
	pipe_lua_script_options o;
	pipe_project *project = NULL;
	pipe_lua_repl *repl = NULL;
	pipe_error err = { 0 };
	int status = lua_fill_script(c, arguments[0] ? arguments[0] : c->set.run, &o);

	if (status == EXIT_OK)
		status = open_history(c, &project);
	if (status == EXIT_OK && pipe_lua_repl_open(&repl, project, &o, &err))
		status = say_error(c, &err);
	if (status == EXIT_OK)
		status = prompt(c, repl);
	pipe_lua_repl_free(repl);
	pipe_project_free(project);
	return status;
}
