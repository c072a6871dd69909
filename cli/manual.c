/* The manual page and docs/cli.md, made from the tables. */
#include "cli/cli.h"

#include <string.h>

/* ---- man(7) ---- */

static void roff_text(struct str *s, const char *text)
{
	if (*text == '.' || *text == '\'')
		str_adds(s, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			str_adds(s, "\\e");
		else if (*text == '-')
			str_adds(s, "\\-");
		else
			str_addc(s, *text);
	}
}

static void roff_option(struct str *s, const struct option *o)
{
	str_adds(s, ".TP\n");
	if (o->letter)
		str_printf(s, "\\fB\\-%c\\fR, ", o->letter);
	str_adds(s, "\\fB\\-\\-");
	roff_text(s, o->name);
	str_adds(s, "\\fR");
	if (o->argument)
		str_printf(s, " \\fI%s\\fR", o->argument);
	str_addc(s, '\n');
	roff_text(s, o->help);
	str_addc(s, '\n');
}

static void roff_table(struct str *s, const struct option *table)
{
	for (; table->name; table++)
		roff_option(s, table);
}

static void roff_command(struct str *s, const struct command *command)
{
	str_printf(s, ".SS pipe %s [options] %s\n", command->name, command->arguments);
	roff_text(s, command->summary);
	str_adds(s, ".\n");
	if (command->details) {
		str_adds(s, ".PP\n");
		roff_text(s, command->details);
		str_addc(s, '\n');
	}
	for (size_t i = 0; command->tables && command->tables[i]; i++)
		roff_table(s, command->tables[i]);
	str_adds(s, ".PP\nExample:\n.PP\n.nf\n.RS\n");
	roff_text(s, command->example);
	str_adds(s, ".RE\n.fi\n");
}

static void write_man(struct str *s)
{
	str_printf(s, ".TH PIPE 1 \"\" \"pipe %s\" \"User Commands\"\n", pipe_version());
	str_adds(
		s,
		".SH NAME\npipe \\- run a CI pipeline file on this machine\n"
		".SH SYNOPSIS\n.B pipe\n[\\fB\\-C\\fR \\fIDIR\\fR] \\fICOMMAND\\fR [options]\n"
		".SH DESCRIPTION\n"
		"\\fBpipe\\fR reads a pipeline file in the language of GitLab CI, makes a graph of jobs of it, runs them on this "
		"machine and keeps what happened.\n"
		".SH COMMANDS\n");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			roff_command(s, commands[i]);
	str_adds(s, ".SH OPTIONS OF EVERY COMMAND\n");
	roff_table(s, global_options);
	str_adds(
		s,
		".SH EXIT STATUS\n.TP\n0\nsuccess\n.TP\n1\na job failed\n.TP\n2\nthe pipeline file or the command line is wrong\n"
		".TP\n3\nthe environment is: no disk space, no network, the history cannot be written\n.TP\n130\ncancelled\n"
		".SH ENVIRONMENT\n.TP\n\\fBPIPE_STATE_DIR\\fR\nwhere history is kept, instead of .pipe in the project\n"
		".TP\n\\fBNO_COLOR\\fR\nno colours, unless \\fB\\-\\-color always\\fR\n"
		".SH FILES\n.TP\npipe.yml, .pipe.yml, pipeline.yml, pipeline.lua, .gitlab\\-ci.yml\n"
		"the pipeline file: the first of these\n.TP\n\\&.pipe/\nhistory, logs, artifacts and caches of the project\n");
}

/* ---- Markdown ---- */

static void markdown_option(struct str *s, const struct option *o)
{
	str_adds(s, "| `");
	if (o->letter)
		str_printf(s, "-%c`, `", o->letter);
	str_printf(s, "--%s%s%s` | ", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
	str_printf(s, "%s |\n", o->help);
}

static void markdown_table(struct str *s, const struct option *table)
{
	for (; table->name; table++)
		markdown_option(s, table);
}

static void markdown_command(struct str *s, const struct command *command)
{
	str_printf(s, "\n## pipe %s\n\n`pipe %s [options]%s%s`: %s.\n", command->name, command->name,
		   *command->arguments ? " " : "", command->arguments, command->summary);
	if (command->details)
		str_printf(s, "\n%s\n", command->details);
	if (command->tables) {
		str_adds(s, "\n| option | |\n|---|---|\n");
		for (size_t i = 0; command->tables[i]; i++)
			markdown_table(s, command->tables[i]);
	}
	str_printf(s, "\n```sh\n%s```\n", command->example);
}

static void write_markdown(struct str *s)
{
	str_adds(
		s,
		"# The command line\n\nMade from the tables in `cli/` by `pipe manual markdown`.\n\n"
		"Exit status: 0 success, 1 a job failed, 2 the pipeline file or the command line is wrong, 3 the environment is, "
		"130 cancelled.\n\n"
		"## Options of every command\n\n| option | |\n|---|---|\n");
	markdown_table(s, global_options);
	str_adds(
		s,
		"\n`--` ends the options: what follows is a job, whatever it looks like. With `NO_COLOR` set there are no colours "
		"unless `--color always` asks for them.\n");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			markdown_command(s, commands[i]);
}

static int manual(struct cli *c)
{
	const char *kind = c->set.arguments.items[0];
	struct str s;

	str_init(&s);
	if (!strcmp(kind, "man"))
		write_man(&s);
	else if (!strcmp(kind, "markdown"))
		write_markdown(&s);
	else
		return usage_error(c, "man or markdown, not \"%s\"", kind);
	out_str(c->out, &s);
	str_clear(&s);
	return EXIT_OK;
}

const struct command command_manual = {
	"manual",
	"man|markdown",
	"print the manual",
	NULL,
	"pipe manual man >pipe.1\npipe manual markdown >docs/cli.md\n",
	NULL,
	1,
	1,
	manual,
	true,
};
