/* Shell completions, made from the tables.  What to complete as a job is asked of `pipe completion jobs` when it is needed. */
#include "cli/cli.h"

#include <string.h>

/* ---- words of the tables ---- */

static const struct option *table_of(const struct command *command, size_t i)
{
	size_t own = 0;

	while (command->tables && command->tables[own])
		own++;
	return i < own ? command->tables[i] : i == own ? global_options : NULL;
}

static bool takes_jobs(const struct command *command)
{
	return strstr(command->arguments, "JOB") != NULL;
}

static void command_names(struct str *s)
{
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			str_printf(s, "%s%s", i ? " " : "", commands[i]->name);
}

/* ---- bash ---- */

static void bash_options(struct str *s, const struct command *command)
{
	const struct option *o;

	str_printf(s, "\t%s)\n\t\toptions=\"", command->name);
	for (size_t i = 0; (o = table_of(command, i)); i++)
		for (; o->name; o++)
			str_printf(s, "--%s ", o->name);
	str_printf(s, "\"\n\t\tjobs=%d\n\t\t;;\n", takes_jobs(command));
}

/* Values of options: the same wherever the option stands, but for --format. */
static void bash_values(struct str *s, const struct command *command)
{
	const struct option *o;

	for (size_t i = 0; (o = table_of(command, i)); i++)
		for (; o->name; o++) {
			if (!o->choices)
				continue;
			str_printf(s, "\t%s:--%s) words=\"", command->name, o->name);
			for (size_t k = 0; o->choices[k]; k++)
				str_printf(s, "%s ", o->choices[k]);
			str_adds(s, "\" ;;\n");
		}
}

static void write_bash(struct str *s)
{
	str_adds(
		s,
		"# bash completion for pipe; made by `pipe completion bash`\n_pipe()\n{\n"
		"\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal command= options= words= jobs=0 i\n\tCOMPREPLY=()\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tcase ${COMP_WORDS[i]} in\n\t\t-C|--directory|--state-dir|--color) ((i++)) ;;\n\t\t-*) ;;\n"
		"\t\t*) command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
		"\tcase $before in\n\t-C|--directory|--state-dir|--extract|-x) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
		"\t-f|--file|--variables-file) [ \"$command\" = logs ] || { COMPREPLY=($(compgen -f -- \"$word\")); return; } ;;\n"
		"\t-m|--manual) jobs=1 ;;\n\tesac\n"
		"\tif [ -z \"$command\" ]; then\n\t\tCOMPREPLY=($(compgen -W \"");
	command_names(s);
	str_adds(s, "\" -- \"$word\"))\n\t\treturn\n\tfi\n\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			bash_options(s, commands[i]);
	str_adds(s, "\tesac\n\tcase $command:$before in\n");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			bash_values(s, commands[i]);
	str_adds(s, "\tesac\n"
		    "\tif [ -n \"$words\" ]; then\n\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
		    "\telif [[ $word == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
		    "\telif [ \"$command\" = help ]; then\n\t\tCOMPREPLY=($(compgen -W \"");
	command_names(s);
	/* Names with spaces or shell characters are left out: compgen would break or expand them. */
	str_adds(s, "\" -- \"$word\"))\n"
		    "\telif [ \"$jobs\" = 1 ]; then\n"
		    "\t\tCOMPREPLY=($(compgen -W \"$(pipe completion jobs 2>/dev/null | grep -E '^[A-Za-z0-9_./:@%+=,-]+$')\" -- "
		    "\"$word\"))\n\tfi\n}\ncomplete -F _pipe pipe\n");
}

/* ---- zsh ---- */

static void zsh_text(struct str *s, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			str_addc(s, '\\');
		if (*text == '\'')
			str_adds(s, "'\\'");
		str_addc(s, *text);
	}
}

static void zsh_action(struct str *s, const struct option *o)
{
	if (o->choices) {
		str_addc(s, '(');
		for (size_t k = 0; o->choices[k]; k++)
			str_printf(s, "%s%s", k ? " " : "", o->choices[k]);
		str_addc(s, ')');
	} else if (!strcmp(o->argument, "FILE")) {
		str_adds(s, "_files");
	} else if (!strcmp(o->argument, "DIR")) {
		str_adds(s, "_directories");
	} else if (!strcmp(o->argument, "JOB")) {
		str_adds(s, "_pipe_jobs");
	}
}

static void zsh_spec(struct str *s, const struct option *o, bool letter)
{
	str_adds(s, "\t\t\t'*");
	if (letter)
		str_printf(s, "-%c", o->letter);
	else
		str_printf(s, "--%s%s", o->name, o->argument ? "=" : "");
	str_addc(s, '[');
	zsh_text(s, o->help);
	str_addc(s, ']');
	if (o->argument) {
		str_printf(s, ":%s:", o->argument);
		zsh_action(s, o);
	}
	str_adds(s, "' \\\n");
}

static void zsh_command(struct str *s, const struct command *command)
{
	const struct option *o;

	str_printf(s, "\t\t%s)\n\t\t_arguments -s \\\n", command->name);
	for (size_t i = 0; (o = table_of(command, i)); i++)
		for (; o->name; o++) {
			if (o->letter)
				zsh_spec(s, o, true);
			zsh_spec(s, o, false);
		}
	str_printf(s, "\t\t\t'*:%s:%s'\n\t\t;;\n", *command->arguments ? "argument" : "nothing more",
		   takes_jobs(command) ? "_pipe_jobs" : "");
}

static void write_zsh(struct str *s)
{
	str_adds(s,
		 "#compdef pipe\n# zsh completion for pipe; made by `pipe completion zsh`\n"
		 "_pipe_jobs() {\n\tlocal -a jobs\n\tjobs=(${(f)\"$(pipe completion jobs 2>/dev/null)\"})\n\tcompadd -a jobs\n}\n"
		 "_pipe() {\n\tlocal -a commands\n\tlocal line state\n\tcommands=(\n");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden) {
			str_printf(s, "\t\t'%s:", commands[i]->name);
			zsh_text(s, commands[i]->summary);
			str_adds(s, "'\n");
		}
	str_adds(s,
		 "\t)\n\t_arguments -C '-C[work in this directory]:DIR:_directories' '1:command:->command' '*::argument:->rest'\n"
		 "\tcase $state in\n\tcommand) _describe command commands ;;\n\trest)\n\t\tcase $line[1] in\n");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			zsh_command(s, commands[i]);
	str_adds(s, "\t\tesac\n\t\t;;\n\tesac\n}\n_pipe \"$@\"\n");
}

/* ---- fish ---- */

static void fish_text(struct str *s, const char *text)
{
	str_addc(s, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			str_addc(s, '\\');
		str_addc(s, *text);
	}
	str_addc(s, '\'');
}

static void fish_option(struct str *s, const struct command *command, const struct option *o)
{
	str_printf(s, "complete -c pipe -n '__fish_seen_subcommand_from %s' -l %s", command->name, o->name);
	if (o->letter)
		str_printf(s, " -s %c", o->letter);
	if (o->argument)
		str_adds(s, " -r");
	if (o->choices) {
		str_adds(s, " -f -a '");
		for (size_t k = 0; o->choices[k]; k++)
			str_printf(s, "%s%s", k ? " " : "", o->choices[k]);
		str_addc(s, '\'');
	} else if (o->argument && !strcmp(o->argument, "JOB")) {
		str_adds(s, " -f -a '(pipe completion jobs 2>/dev/null)'");
	} else if (o->argument && !strcmp(o->argument, "FILE")) {
		str_adds(s, " -F");
	}
	str_adds(s, " -d ");
	fish_text(s, o->help);
	str_addc(s, '\n');
}

static void write_fish(struct str *s)
{
	const struct option *o;

	str_adds(s, "# fish completion for pipe; made by `pipe completion fish`\ncomplete -c pipe -f\n");
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->hidden)
			continue;
		str_printf(s, "complete -c pipe -n __fish_use_subcommand -a %s -d ", commands[i]->name);
		fish_text(s, commands[i]->summary);
		str_addc(s, '\n');
		for (size_t k = 0; (o = table_of(commands[i], k)); k++)
			for (; o->name; o++)
				fish_option(s, commands[i], o);
		if (takes_jobs(commands[i]))
			str_printf(
				s,
				"complete -c pipe -n '__fish_seen_subcommand_from %s' -a '(pipe completion jobs 2>/dev/null)'\n",
				commands[i]->name);
	}
}

/* ---- jobs ---- */

/* One name a line; a file that is wrong has no jobs to offer, and nobody wants to read why while typing. */
static void write_jobs(struct cli *c, struct str *s)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	pipe_job_info job;

	o.offline = 1;
	if (!pipe_project_open(&project, NULL, NULL) && !pipe_plan_load(&plan, project, &o, NULL))
		for (size_t i = 0; !pipe_plan_job(plan, i, &job); i++)
			str_printf(s, "%s\n", job.name);
	pipe_plan_free(plan);
	pipe_project_free(project);
	(void)c;
}

static int completion(struct cli *c)
{
	static const struct {
		const char *name;
		void (*write)(struct str *s);
	} shells[] = { { "bash", write_bash }, { "zsh", write_zsh }, { "fish", write_fish } };
	const char *kind = c->set.arguments.items[0];
	bool known = !strcmp(kind, "jobs");
	struct str s;

	str_init(&s);
	if (known)
		write_jobs(c, &s);
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (!strcmp(shells[i].name, kind)) {
			shells[i].write(&s);
			known = true;
		}
	if (!known)
		return usage_error(c, "bash, zsh or fish, not \"%s\"", kind);
	out_str(c->out, &s);
	str_clear(&s);
	return EXIT_OK;
}

const struct command command_completion = {
	"completion",
	"bash|zsh|fish",
	"print the completion of a shell",
	NULL,
	"pipe completion bash >/etc/bash_completion.d/pipe\n",
	NULL,
	1,
	1,
	completion,
	true,
};
