/* --help, `pipe help` and `pipe version`: all of it from the tables. */
#include "cli/cli.h"
#include "cli/output/text.h"

#include <string.h>

enum { WIDTH = 90, LABEL = 30 };

/* Words, broken into lines of WIDTH. */
static void paragraph(struct str *s, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > WIDTH) {
			str_addc(s, '\n');
			column = 0;
		}
		if (column++)
			str_addc(s, ' ');
		str_add(s, text, n);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	str_addc(s, '\n');
}

static void label_line(struct cli *c, struct str *s, const char *label, const char *help)
{
	str_adds(s, "  ");
	term_paint(&c->term, s, SGR_BOLD, label);
	if (strlen(label) > LABEL)
		str_printf(s, "\n%*s", LABEL + 4, "");
	else
		str_printf(s, "%*s", (int)(LABEL + 2 - strlen(label)), "");
	str_printf(s, "%s\n", help);
}

static void option_line(struct cli *c, struct str *s, const struct option *o)
{
	struct str label;

	str_init(&label);
	if (o->letter)
		str_printf(&label, "-%c, ", o->letter);
	else
		str_adds(&label, "    ");
	str_printf(&label, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
	label_line(c, s, label.data, o->help);
	str_clear(&label);
}

static void option_lines(struct cli *c, struct str *s, const struct command *command)
{
	for (size_t i = 0; command->tables && command->tables[i]; i++)
		for (const struct option *o = command->tables[i]; o->name; o++)
			option_line(c, s, o);
	for (const struct option *o = global_options; o->name; o++)
		option_line(c, s, o);
}

static void example_lines(struct cli *c, struct str *s, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		const char *sgr = *text == '#' ? SGR_DIM : NULL;

		str_adds(s, "  ");
		term_on(&c->term, s, sgr);
		str_add(s, text, n);
		term_off(&c->term, s, sgr);
		str_addc(s, '\n');
		text += n + (text[n] == '\n');
	}
}

static void heading(struct cli *c, struct str *s, const char *text)
{
	str_addc(s, '\n');
	term_paint(&c->term, s, SGR_BOLD, text);
	str_addc(s, '\n');
}

void help_command(struct cli *c, const struct command *command)
{
	struct str s;

	str_init(&s);
	str_printf(&s, "pipe %s: %s\n\n", command->name, command->summary);
	str_printf(&s, "usage: pipe %s [options]%s%s\n", command->name, *command->arguments ? " " : "", command->arguments);
	if (command->details) {
		str_addc(&s, '\n');
		paragraph(&s, command->details);
	}
	heading(c, &s, "options:");
	option_lines(c, &s, command);
	heading(c, &s, "example:");
	example_lines(c, &s, command->example);
	out_str(c->out, &s);
	str_clear(&s);
}

void help_overview(struct cli *c)
{
	struct str s;

	str_init(&s);
	str_adds(&s, "pipe: run a pipeline file (.gitlab-ci.yml or pipe.yml) on this machine\n\n"
		     "usage: pipe [-C DIR] COMMAND [options]\n");
	heading(c, &s, "commands:");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden) {
			str_adds(&s, "  ");
			term_paint(&c->term, &s, SGR_BOLD, commands[i]->name);
			str_printf(&s, "%*s%s\n", (int)(12 - strlen(commands[i]->name)), "", commands[i]->summary);
		}
	heading(c, &s, "example:");
	example_lines(c, &s,
		      "# check the file, see what would run, run it\npipe lint\npipe plan\npipe run\n"
		      "# what happened, and what a job printed\npipe history\npipe logs test\n");
	str_adds(&s, "\n`pipe COMMAND --help` says more.\n");
	out_str(c->out, &s);
	str_clear(&s);
}

static int help(struct cli *c)
{
	const struct command *command;

	if (!c->set.arguments.count) {
		help_overview(c);
		return EXIT_OK;
	}
	command = command_find(c->set.arguments.items[0]);
	if (!command)
		return usage_error(c, "there is no command \"%s\"", c->set.arguments.items[0]);
	help_command(c, command);
	return EXIT_OK;
}

const struct command command_help = {
	"help", "[COMMAND]", "say how a command is used", NULL, "pipe help run\n", NULL, 0, 1, help, false,
};

static int version(struct cli *c)
{
	out_format(c->out, "pipe %s\n", pipe_version());
	return EXIT_OK;
}

const struct command command_version = {
	"version", "", "print the version", NULL, "pipe version\n", NULL, 0, 0, version, false,
};
