/* What several commands do first: open the project, load the plan. */
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/output/text.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool is_json(const struct cli *c)
{
	return c->set.format && !strcmp(c->set.format, "json");
}

static void on_library_note(void *payload, const char *message)
{
	struct cli *c = payload;

	if (c->note)
		c->note(c->note_payload, message);
	else
		say(c, "%s", message);
}

/* Whatever is asked first after a `pipe` was killed: what it left running is ended, its runs are marked.  With nothing lost this
 * costs next to nothing; a history that cannot be read is for the command to complain of, if it needs one. */
static void recover(struct cli *c, pipe_project *project)
{
	unsigned runs = 0, processes = 0;

	if (pipe_history_recover(project, &runs, &processes, NULL) || !runs)
		return;
	say(c, "%u earlier run%s lost: the `pipe` that drove it was killed (%u process%s left behind %s ended)", runs,
	    runs == 1 ? " was" : "s were", processes, processes == 1 ? "" : "es", processes == 1 ? "was" : "were");
}

/* Runs that are under way, or were when their process was killed, have a file that bears their number: without one there is nothing
 * to settle, and who only reads the pipeline file need not open the history. */
static bool has_locks(const pipe_project *project)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool any = false;
	DIR *locks;
	int n = snprintf(path, sizeof(path), "%s/lock", pipe_project_state_directory(project));

	locks = n > 0 && (size_t)n < sizeof(path) ? opendir(path) : NULL;
	while (locks && !any && (entry = readdir(locks)))
		any = entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
	if (locks)
		closedir(locks);
	return any;
}

int open_project(struct cli *c, pipe_project **project)
{
	pipe_project_options o = PIPE_PROJECT_OPTIONS_INIT;
	pipe_error err = { 0 };

	o.state_directory = c->set.state_directory;
	o.log = on_library_note;
	o.payload = c;
	if (pipe_project_open(project, &o, &err))
		return say_error(c, &err);
	if (has_locks(*project))
		recover(c, *project);
	return set_lua_limits(c, *project);
}

int open_history(struct cli *c, pipe_project **project)
{
	int status = open_project(c, project);

	if (status == EXIT_OK)
		recover(c, *project);
	return status;
}

static bool make_absolute(struct cli *c, struct words *files)
{
	char *here = getcwd(NULL, 0);
	bool good = true;

	for (size_t i = 0; here && i < files->count; i++)
		if (files->items[i][0] != '/') {
			files->items[i] = arena_printf(&c->arena, "%s/%s", here, files->items[i]);
			good = good && files->items[i];
		}
	free(here);
	return good;
}

/* "KEY" becomes "KEY=VALUE" of the environment, where other users of the machine do not see it. */
static int find_secrets(struct cli *c, struct words *secrets)
{
	for (size_t i = 0; i < secrets->count; i++) {
		const char *given = secrets->items[i], *value;

		if (strchr(given, '=') > given)
			continue;
		value = *given == '=' ? NULL : getenv(given);
		if (!value)
			return usage_error(c, "--secret wants KEY=VALUE, or the name of an environment variable, not \"%s\"",
					   given);
		secrets->items[i] = arena_printf(&c->arena, "%s=%s", given, value);
		if (!secrets->items[i]) {
			say(c, "out of memory");
			return EXIT_ENVIRONMENT;
		}
	}
	return EXIT_OK;
}

static bool has_key(const char *pair, const char *key)
{
	size_t n = strcspn(key, "=");

	return !strncmp(pair, key, n) && (pair[n] == '=' || !pair[n]);
}

static bool is_given(const struct words *list, const char *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (has_key(list->items[i], key))
			return true;
	return false;
}

/* The secrets of a run of the past, of which only the names were kept: given again, or from the environment, or missed aloud. */
static int find_past_secrets(struct cli *c, const char *const *past)
{
	struct words *given = &c->set.secrets;
	size_t n = 0;
	const char **all;

	while (past[n])
		n++;
	all = ARENA_ARRAY(&c->arena, const char *, given->count + n + 1);
	if (!all) {
		say(c, "out of memory");
		return EXIT_ENVIRONMENT;
	}
	if (given->count)
		memcpy(all, given->items, given->count * sizeof(*all));
	given->items = all;
	for (; *past; past++) {
		if (is_given(given, *past) || is_given(&c->set.variables, *past))
			continue;
		if (getenv(*past))
			all[given->count++] = *past;
		else
			say(c, "the secret \"%s\" of that run was not kept: give it again with --secret %s", *past, *past);
	}
	return EXIT_OK;
}

/* What the command line says comes after, and so wins over, what a run of the past was given. */
static const char *const *joined(struct cli *c, const char *const *past, const struct words *given)
{
	size_t n = 0;
	const char **all;

	while (past && past[n])
		n++;
	all = ARENA_ARRAY(&c->arena, const char *, n + given->count + 1);
	if (all && n)
		memcpy(all, past, n * sizeof(*all));
	if (all && given->count)
		memcpy(all + n, given->items, given->count * sizeof(*all));
	return all;
}

/* --limit NAME=NUMBER into the options' limits. */
static int set_limit(struct cli *c, const char *pair, pipe_limits *limits)
{
	static const struct {
		const char *name;
		size_t offset;
		bool wide; /* uint64_t */
	} table[] = {
#define LIMIT(field) { #field, offsetof(pipe_limits, field), sizeof(limits->field) == sizeof(uint64_t) }
		LIMIT(file_bytes), LIMIT(total_bytes), LIMIT(depth),	   LIMIT(nodes),      LIMIT(includes),
		LIMIT(jobs),	   LIMIT(matrix),      LIMIT(regex_steps), LIMIT(network_ms),
#undef LIMIT
	};
	size_t n = strcspn(pair, "=");
	struct suggest near;
	uint64_t number;
	char *end, *name;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strncmp(table[i].name, pair, n) || table[i].name[n])
			continue;
		errno = 0;
		number = strtoull(pair + n + 1, &end, 10);
		if (errno || *end || !number || pair[n + 1] == '-' || (!table[i].wide && number > UINT32_MAX))
			return usage_error(c, "the limit \"%s\" wants a number above 0, not \"%s\"", table[i].name, pair + n + 1);
		if (table[i].wide)
			*(uint64_t *)((char *)limits + table[i].offset) = number;
		else
			*(uint32_t *)((char *)limits + table[i].offset) = (uint32_t)number;
		return EXIT_OK;
	}
	name = arena_strndup(&c->arena, pair, n);
	suggest_init(&near, name ? name : "");
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		suggest_offer(&near, table[i].name);
	return usage_error(c, "there is no limit \"%s\"%s%s%s", name ? name : "", near.best ? "; did you mean \"" : "",
			   near.best ? near.best : "", near.best ? "\"?" : "");
}

int fill_plan_options(struct cli *c, const pipe_project *project, pipe_plan_options *o)
{
	struct settings *s = &c->set;
	int status = o->secrets ? find_past_secrets(c, o->secrets) : EXIT_OK;

	if (!status)
		status = find_secrets(c, &s->secrets);
	if (status)
		return status;
	for (size_t i = 0; i < s->limits.count && !status; i++)
		status = set_limit(c, s->limits.items[i], &o->limits);
	if (status)
		return status;
	o->secrets = s->secrets.count ? s->secrets.items : NULL;
	if (s->file && (status = file_in_project(c, project, s->file, &o->file)))
		return status;
	if (s->variables.count && !(o->variables = joined(c, o->variables, &s->variables))) {
		say(c, "out of memory");
		return EXIT_ENVIRONMENT;
	}
	if (s->unset_variables.count)
		o->unset_variables = s->unset_variables.items;
	if (s->variables_files.count) {
		if (!make_absolute(c, &s->variables_files)) {
			say(c, "out of memory");
			return EXIT_ENVIRONMENT;
		}
		o->variables_files = s->variables_files.items;
	}
	if (s->inputs.count && !(o->inputs = joined(c, o->inputs, &s->inputs))) {
		say(c, "out of memory");
		return EXIT_ENVIRONMENT;
	}
	if (s->manual.count)
		o->manual = s->manual.items;
	if (s->as)
		o->as = s->as;
	if (s->stage)
		o->stage = s->stage;
	o->assume_changed |= s->assume_changed;
	o->offline |= s->offline;
	o->strict |= s->strict;
	o->no_needs |= s->no_needs;
	o->only_needs |= s->only_needs;
	return EXIT_OK;
}

static int write_to_stderr(void *payload, const char *text, size_t length)
{
	(void)payload;
	return write(STDERR_FILENO, text, length) < 0;
}

static void show_diagnostics(struct cli *c, const pipe_plan *plan)
{
	pipe_view_options o = PIPE_VIEW_OPTIONS_INIT;
	size_t errors = pipe_plan_diagnostic_count(plan, PIPE_ERROR);
	unsigned rows;

	if (!errors && (c->set.quiet || !pipe_plan_diagnostic_count(plan, PIPE_WARNING)))
		return;
	o.colour = c->error_term.colour;
	term_size(&c->error_term, &o.width, &rows);
	out_flush(c->out);
	pipe_plan_view(plan, PIPE_VIEW_DIAGNOSTICS_TEXT, &o, write_to_stderr, NULL, NULL);
}

int load_plan(struct cli *c, pipe_project *project, const pipe_plan_options *o, pipe_plan **plan)
{
	pipe_error err = { 0 };
	int rc = pipe_plan_load(plan, project, o, &err);

	if (*plan)
		show_diagnostics(c, *plan);
	if (!rc)
		return EXIT_OK;
	/* The diagnostics have said it already. */
	if (rc == PIPE_EPIPELINE && *plan && pipe_plan_diagnostic_count(*plan, PIPE_ERROR))
		return EXIT_USAGE;
	return say_error(c, &err);
}

int show_view(struct cli *c, const pipe_plan *plan, enum pipe_view view, const char *subject)
{
	pipe_view_options o = PIPE_VIEW_OPTIONS_INIT;
	pipe_error err = { 0 };
	unsigned rows;

	o.subject = subject;
	o.colour = c->term.colour;
	term_size(&c->term, &o.width, &rows);
	if (pipe_plan_view(plan, view, &o, out_receive, c->out, &err) && !c->out->error)
		return say_error(c, &err);
	return EXIT_OK;
}

bool run_number(const char *text, int64_t *run)
{
	uint64_t n;

	if (!strcmp(text, "last")) {
		*run = 0;
		return true;
	}
	if (*text == '#')
		text++;
	if (!parse_number(text, &n) || !n || n > INT64_MAX)
		return false;
	*run = (int64_t)n;
	return true;
}
