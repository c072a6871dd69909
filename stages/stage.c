/* The registry of stage types, and what they share. */
#include "stages/stage.h"

#include "base/duration.h"
#include "base/str.h"
#include "base/utf8.h"
#include "stages/types.h"

#include <string.h>

/* One row for each type, sorted by name: X(stage_NAME), as types.h declares it. */
#define STAGE_TYPES(X)                                                                                                           \
	X(stage_analyze)                                                                                                         \
	X(stage_attest)                                                                                                          \
	X(stage_build)                                                                                                           \
	X(stage_gate)                                                                                                            \
	X(stage_helm) X(stage_image) X(stage_policy) X(stage_scan) X(stage_sign) X(stage_smoke) X(stage_test) X(stage_verify)

#define AS_TYPE(type) &(type),
#define AS_USES(type) &(type).uses,
const struct stage_type *const stage_types[] = { STAGE_TYPES(AS_TYPE) NULL };
static const struct uses_type *const uses_rows[] = { STAGE_TYPES(AS_USES) NULL };
const struct uses_types stage_uses = { uses_rows };

const struct stage_type *stage_type_named(const char *name)
{
	for (size_t i = 0; stage_types[i]; i++)
		if (!strcmp(stage_types[i]->uses.name, name))
			return stage_types[i];
	return NULL;
}

const struct stage_type *stage_type_of(const struct uses_type *uses)
{
	return (const struct stage_type *)(const void *)((const char *)uses - offsetof(struct stage_type, uses));
}

/* ---- new elements ---- */

struct step *stage_step(struct stage_job *job, enum step_kind kind)
{
	struct step *step = vec_push(job->arena, &job->steps);

	if (step)
		step->kind = kind;
	return step;
}

struct stage_report *stage_report(struct stage_job *job, const struct report_format *format, const char *pattern)
{
	struct stage_report *report = vec_push(job->arena, &job->reports);

	if (report) {
		report->format = format;
		report->pattern = pattern;
	}
	return report;
}

struct stage_tool *stage_tool(struct stage_job *job, const char *name, const char *package)
{
	struct stage_tool *tool = vec_push(job->arena, &job->tools);

	if (tool) {
		tool->name = name;
		tool->package = package;
	}
	return tool;
}

struct stage_condition *stage_condition(struct stage_job *job)
{
	return vec_push(job->arena, &job->conditions);
}

/* ---- the log ---- */

/* Each line of the text by itself, which is changed. */
static void say_lines(struct stage_job *job, char *text)
{
	for (;;) {
		size_t length = strcspn(text, "\n");
		bool last = !text[length];

		text[length] = '\0';
		job->say(job->say_payload, text);
		if (last)
			return;
		text += length + 1;
	}
}

void stage_say(struct stage_job *job, const char *format, ...)
{
	struct str text;
	va_list ap;

	if (!job->say)
		return;
	str_init(&text);
	va_start(ap, format);
	str_vprintf(&text, format, ap);
	va_end(ap);
	if (text.failed)
		job->say(job->say_payload, "(there was no memory for what would stand here)");
	else if (text.length)
		say_lines(job, text.data);
	else
		job->say(job->say_payload, "");
	str_clear(&text);
}

/* ---- the verdict of the steps ---- */

enum { COMMAND_BYTES = 60 };

/* The first line of a command, cut where it is long. */
static void add_command(struct str *out, const char *text)
{
	size_t length = strcspn(text, "\n"), most = length > COMMAND_BYTES ? utf8_valid(text, COMMAND_BYTES) : length;

	str_addc(out, '"');
	str_add(out, text, most);
	str_adds(out, most < length || text[length] ? "..." : "");
	str_addc(out, '"');
}

static void add_argv(struct str *out, const char *const *argv)
{
	struct str line;

	str_init(&line);
	for (size_t i = 0; argv[i] && line.length <= COMMAND_BYTES; i++)
		str_printf(&line, "%s%s", i ? " " : "", argv[i]);
	add_command(out, line.data);
	out->failed |= line.failed;
	str_clear(&line);
}

static void add_name(struct str *out, const struct step *step)
{
	if (step->kind == STEP_SERVICE && step->service)
		str_printf(out, "the service \"%s\"", step->service);
	else if (step->kind == STEP_PROBE)
		str_printf(out, "%s", step->probe && step->probe->name ? step->probe->name : "the probe");
	else if (step->argv)
		add_argv(out, step->argv);
	else
		add_command(out, step->script ? step->script : "");
}

/* How a step ended that is not as it should be, behind its name. */
static void add_end(struct str *out, const struct step *step)
{
	char limit[32];

	switch (step->end) {
	case STEP_TIMED_OUT:
		str_printf(out, " took longer than %s", duration_format(step->timeout_ms, limit, sizeof(limit)));
		return;
	case STEP_CANCELLED:
		str_adds(out, " was cancelled");
		return;
	case STEP_SYSTEM:
		str_printf(out, " could not be started: %s", step->reason ? step->reason : "the system refused");
		return;
	default:
		break;
	}
	if (step->reason)
		str_printf(out, step->kind == STEP_PROBE ? ": %s" : " failed: %s", step->reason);
	else if (step->kind == STEP_PROBE && step->result.reason)
		str_printf(out, ": %s", step->result.reason);
	else if (step->exit_code > 0)
		str_printf(out, " failed with exit code %d", step->exit_code);
	else
		str_adds(out, " failed");
}

static const char *reason_of(struct stage_job *job, const struct step *step)
{
	struct str text;
	const char *copy;

	str_init(&text);
	add_name(&text, step);
	add_end(&text, step);
	copy = text.failed ? NULL : arena_strndup(job->arena, text.data, text.length);
	str_clear(&text);
	return copy ? copy : "a step failed";
}

void stage_judge_steps(struct stage_job *job)
{
	for (uint32_t i = 0; i < job->steps.count; i++) {
		const struct step *step = &job->steps.items[i];

		if (step->state != STEP_DONE || step->end == STEP_OK || step->may_fail)
			continue;
		job->verdict = VERDICT_FAIL;
		job->reason = reason_of(job, step);
		job->failure = step->end == STEP_SYSTEM ? "runner_system_failure" : NULL;
		return;
	}
}
