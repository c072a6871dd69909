/* Commands of a table made into steps: what stands in braces is put in. */
#include "base/error.h"
#include "base/str.h"
#include "stages/project.h"

#include <string.h>

static void add_joined(struct str *out, const struct project_values *v)
{
	for (size_t i = 0; v->names && v->names[i]; i++)
		str_printf(out, "%s%s", i && v->joint ? v->joint : "", v->names[i]);
}

/* false: no placeholder is called so. */
static bool add_value(struct stage_job *job, const struct project_values *v, const char *name, size_t length, struct str *out)
{
	const struct {
		const char *name, *text;
	} texts[] = { { "scratch", job->scratch }, { "build", v->build }, { "target", v->target } };
	const struct {
		const char *name;
		uint32_t number;
	} numbers[] = { { "round", v->round }, { "index", job->node_index }, { "total", job->node_total } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strlen(texts[i].name) == length && !memcmp(texts[i].name, name, length)) {
			str_adds(out, texts[i].text ? texts[i].text : "");
			return true;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strlen(numbers[i].name) == length && !memcmp(numbers[i].name, name, length)) {
			str_printf(out, "%u", numbers[i].number);
			return true;
		}
	if (length == 4 && !memcmp(name, "jobs", 4))
		str_printf(out, "%u", job->world->processors(job->world->payload));
	else if (length == 5 && !memcmp(name, "names", 5))
		add_joined(out, v);
	else
		return false;
	return true;
}

const char *project_fill(struct stage_job *job, const struct project_values *v, const char *text)
{
	struct str out;
	const char *made;

	str_init(&out);
	while (*text) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		if (end && add_value(job, v, text + 1, (size_t)(end - text - 1), &out)) {
			text = end + 1;
		} else {
			str_addc(&out, *text);
			text++;
		}
	}
	made = out.failed ? NULL : arena_strndup(job->arena, out.data, out.length);
	str_clear(&out);
	return made;
}

static size_t count_texts(const char *const *texts)
{
	size_t n = 0;

	while (texts && texts[n])
		n++;
	return n;
}

/* What an argument of the table is replaced by as a whole; NULL: by itself. */
static const char *const *splice_of(const struct project_values *v, const char *argument)
{
	static const char *const none[] = { NULL };

	if (!strcmp(argument, "{args}"))
		return v->args ? v->args : none;
	if (!strcmp(argument, "{names}"))
		return v->names ? v->names : none;
	return !strcmp(argument, "{target}") && !v->target ? none : NULL;
}

static const char *const *make_argv(struct stage_job *job, const struct project_command *command, const struct project_values *v)
{
	size_t most = PROJECT_ARGUMENTS + count_texts(v->args) + count_texts(v->names) + 1, n = 0;
	const char **argv = ARENA_ARRAY(job->arena, const char *, most);

	for (size_t i = 0; argv && i < PROJECT_ARGUMENTS && command->argv[i]; i++) {
		const char *const *splice = splice_of(v, command->argv[i]);
		if (splice) {
			while (*splice)
				argv[n++] = *splice++;
			continue;
		}
		argv[n] = project_fill(job, v, command->argv[i]);
		if (!argv[n++])
			return NULL;
	}
	return argv;
}

/* -1: no memory. */
static int is_there(struct stage_job *job, const struct project_values *v, const char *path)
{
	const char *full = project_fill(job, v, path);

	full = full ? project_path(job, v->directory, full) : NULL;
	return full ? job->world->exists(job->world->payload, full) : -1;
}

/* -1: no memory. */
static int applies(struct stage_job *job, const struct project_command *c, const struct project_values *v)
{
	int there = c->unless ? is_there(job, v, c->unless) : 0;

	if (there)
		return there < 0 ? -1 : 0;
	return c->only_if ? is_there(job, v, c->only_if) : 1;
}

int project_steps(struct stage_job *job, const struct project_command *commands, const struct project_values *values,
		  pipe_error *err)
{
	for (size_t i = 0; i < PROJECT_COMMANDS && commands[i].argv[0]; i++) {
		int wanted = applies(job, &commands[i], values);
		struct step *step = wanted > 0 ? stage_step(job, STEP_COMMAND) : NULL;
		if (!wanted)
			continue;
		if (!step || !(step->argv = make_argv(job, &commands[i], values)))
			return error_nomem(err);
		step->directory = *values->directory ? values->directory : NULL;
	}
	return PIPE_OK;
}
