/* logs: the output of a job. */
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output/text.h"
#include "cli/output/when.h"

#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option logs_own[] = {
	{ "follow", 'f', OPTION_ON, FIELD(follow), NULL, "go on until the job has ended", NULL },
	{ "from-line", 0, OPTION_NUMBER, FIELD(from_line), "N", "begin at line N", NULL },
	{ "times", 't', OPTION_ON, FIELD(times), NULL, "the time before each line", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json: an object a line", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const logs_tables[] = { logs_own, NULL };

enum { LINE_MOST = 64 * 1024 }; /* a longer line is shown in pieces */

struct reader {
	struct cli *c;
	uint64_t line;	  /* number of the next one */
	struct str carry; /* the beginning of a line whose end has not come yet */
	struct str text;
};

static int wrote(struct reader *r)
{
	out_str(r->c->out, &r->text);
	if (r->c->set.follow)
		out_flush(r->c->out);
	return r->c->out->error;
}

static int json_line(void *payload, int64_t time_ms, const char *text, size_t length)
{
	struct reader *r = payload;
	struct json j;

	while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	jsonw_init(&j, &r->text, false);
	jsonw_object(&j);
	jsonw_kint(&j, "number", (int64_t)r->line++);
	jsonw_kint(&j, "time", time_ms);
	jsonw_key(&j, "line");
	jsonw_stringn(&j, text, length);
	jsonw_object_end(&j);
	str_addc(&r->text, '\n');
	return wrote(r);
}

static void show_line(struct reader *r, const char *text, size_t length)
{
	unsigned flags = TEXT_TABS | (r->c->term.colour ? TEXT_COLOUR : 0) | term_text_flags(&r->c->term);

	text = text_after_return(text, &length);
	text_clean(&r->text, text, length, flags);
	str_addc(&r->text, '\n');
}

static int timed_line(void *payload, int64_t time_ms, const char *text, size_t length)
{
	struct reader *r = payload;
	char clock[WHEN_SIZE];

	while (length && text[length - 1] == '\n')
		length--;
	term_on(&r->c->term, &r->text, SGR_DIM);
	str_printf(&r->text, "[%s.%03d]", when_clock(time_ms, clock), (int)(time_ms % 1000));
	term_off(&r->c->term, &r->text, SGR_DIM);
	str_addc(&r->text, ' ');
	show_line(r, text, length);
	return wrote(r);
}

/* To a file or a program goes what the job wrote, byte by byte. */
static int raw_piece(void *payload, int64_t time_ms, const char *text, size_t length)
{
	struct reader *r = payload;

	(void)time_ms;
	out_write(r->c->out, text, length);
	return wrote(r);
}

/* To a terminal goes what cannot harm it; for that whole lines are needed. */
static int terminal_piece(void *payload, int64_t time_ms, const char *text, size_t length)
{
	struct reader *r = payload;
	const char *end = text + length;

	(void)time_ms;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		str_add(&r->carry, text, n);
		if (newline || r->carry.length >= LINE_MOST) {
			show_line(r, r->carry.data, r->carry.length);
			str_reset(&r->carry);
		}
		text = newline ? newline + 1 : end;
	}
	return wrote(r);
}

static int print_log(struct cli *c, pipe_project *project, int64_t run, const char *job, pipe_error *err)
{
	pipe_log_options o = PIPE_LOG_OPTIONS_INIT;
	struct reader r = { .c = c };
	int rc;

	str_init(&r.carry);
	str_init(&r.text);
	o.from_line = c->set.from_line ? c->set.from_line : 1;
	o.follow = c->set.follow;
	o.times = c->set.times || is_json(c);
	r.line = o.from_line;
	rc = pipe_history_log(project, run, job, &o,
			      is_json(c)    ? json_line
			      : o.times	    ? timed_line
			      : c->term.tty ? terminal_piece
					    : raw_piece,
			      &r, err);
	if (r.carry.length)
		show_line(&r, r.carry.data, r.carry.length);
	wrote(&r);
	str_clear(&r.carry);
	str_clear(&r.text);
	return rc;
}

static int list_job(void *payload, const pipe_job_record *job)
{
	struct str *s = payload;

	if (s->length < 400)
		str_printf(s, "%s%s", s->length ? ", " : "", job->name);
	return 0;
}

/* One number and no such job: a run was meant, and its job is missing. */
static int ask_for_job(struct cli *c, pipe_project *project, int64_t run)
{
	struct str names;

	str_init(&names);
	if (pipe_history_jobs(project, run, list_job, &names, NULL) || !names.length) {
		str_clear(&names);
		return -1;
	}
	if (run)
		usage_error(c, "which job of run %lld?  It has: %s", (long long)run, names.data);
	else
		usage_error(c, "which job of the last run?  It has: %s", names.data);
	str_clear(&names);
	return EXIT_USAGE;
}

static int logs(struct cli *c)
{
	const struct words *args = &c->set.arguments;
	const char *job = args->items[args->count - 1];
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int64_t run = 0;
	int status, rc;

	if (args->count == 2 && !run_number(args->items[0], &run))
		return usage_error(c, "a run is a number or \"last\", not \"%s\"", args->items[0]);
	status = open_history(c, &project);
	if (status)
		return status;
	rc = print_log(c, project, run, job, &err);
	if (rc && !c->out->error) {
		status = rc == PIPE_ENOTFOUND && args->count == 1 && run_number(job, &run) ? ask_for_job(c, project, run) : -1;
		if (status < 0)
			status = say_error(c, &err);
	}
	pipe_project_free(project);
	return status;
}

const struct command command_logs = {
	"logs",
	"[RUN] JOB",
	"print the output of a job",
	"Without RUN, or with \"last\", the last run is meant. On a terminal, control sequences other than colours are taken out; elsewhere the output "
	"is as the job wrote it.",
	"pipe logs test\npipe logs 12 test --from-line 1000\npipe logs -f deploy\n",
	logs_tables,
	1,
	2,
	logs,
	false,
};
