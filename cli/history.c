/* history: the runs of the project, newest first. */
#include "base/duration.h"
#include "cli/cli.h"
#include "cli/output/table.h"
#include "cli/output/when.h"
#include "cli/record.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option history_own[] = {
	{ "limit", 'n', OPTION_NUMBER, FIELD(limit), "N", "at most N runs (default: 20; 0: all)", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const history_tables[] = { history_own, NULL };

static int add_json(void *payload, const pipe_run_record *run)
{
	record_run(payload, run);
	return 0;
}

struct listing {
	struct table table;
	int64_t now;
};

static const char *duration_of(struct listing *l, const pipe_run_record *run)
{
	char buffer[WHEN_SIZE];

	if (run->finished_ms)
		return table_text(&l->table, duration_format(run->finished_ms - run->started_ms, buffer, sizeof(buffer)));
	if (run->status == PIPE_STATUS_RUNNING)
		return table_text(&l->table, when_elapsed(l->now - run->started_ms, buffer));
	return "";
}

static const char *jobs_of(struct listing *l, const pipe_run_record *run)
{
	if (run->failed)
		return table_format(&l->table, "%" PRIu32 " (%" PRIu32 " failed)", run->jobs, run->failed);
	return table_format(&l->table, "%" PRIu32, run->jobs);
}

static int add_row(void *payload, const pipe_run_record *run)
{
	struct listing *l = payload;
	struct table_row *row = table_add(&l->table);
	char buffer[WHEN_SIZE];
	const char *cells[] = {
		table_format(&l->table, "%" PRId64, run->number),
		pipe_status_name(run->status),
		table_text(&l->table, when_relative(run->started_ms, l->now, buffer)),
		duration_of(l, run),
		jobs_of(l, run),
		table_text(&l->table, run->source),
		table_text(&l->table, run->branch),
		table_format(&l->table, "%.8s%s", table_text(&l->table, run->commit_sha),
			     run->dirty && *run->commit_sha ? "+" : ""),
		table_text(&l->table, run->name && *run->name ? run->name : run->title),
	};

	if (!row)
		return 1;
	row->status = run->status;
	memcpy(row->cell, cells, sizeof(cells));
	return 0;
}

static int list_json(struct cli *c, pipe_project *project, size_t limit, pipe_error *err)
{
	struct json j;
	struct str s;
	int rc;

	str_init(&s);
	jsonw_init(&j, &s, true);
	jsonw_object(&j);
	jsonw_key(&j, "runs");
	jsonw_array(&j);
	rc = pipe_history_runs(project, 0, limit, add_json, &j, err);
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	str_addc(&s, '\n');
	if (!rc || rc == PIPE_ENOTFOUND)
		out_str(c->out, &s);
	str_clear(&s);
	return rc;
}

static int list_text(struct cli *c, pipe_project *project, size_t limit, pipe_error *err)
{
	static const char *const head[] = { "RUN", "STATUS", "STARTED", "TOOK", "JOBS", "SOURCE", "BRANCH", "COMMIT", "TITLE" };
	struct listing l = { .now = now_ms() };
	struct str s;
	int rc;

	table_init(&l.table, &c->term, &c->arena, head, sizeof(head) / sizeof(*head));
	l.table.symbols = true;
	l.table.right = 1 << 0 | 1 << 3;
	rc = pipe_history_runs(project, 0, limit, add_row, &l, err);
	if (rc || !l.table.rows.count)
		return rc;
	str_init(&s);
	table_write(&l.table, &s);
	out_str(c->out, &s);
	str_clear(&s);
	return l.table.failed ? PIPE_ENOMEM : PIPE_OK;
}

static int history(struct cli *c)
{
	size_t limit = c->set.limit == UINT64_MAX ? 20 : c->set.limit ? (size_t)c->set.limit : SIZE_MAX;
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int status = open_history(c, &project), rc;

	if (status)
		return status;
	rc = (is_json(c) ? list_json : list_text)(c, project, limit, &err);
	/* A project without history is no error: nothing has run yet. */
	if (rc && rc != PIPE_ENOTFOUND) {
		err.code = err.code ? err.code : (enum pipe_code)rc;
		status = say_error(c, &err);
	} else if (rc && !is_json(c)) {
		say(c, "nothing has run here yet");
	}
	pipe_project_free(project);
	return status;
}

const struct command command_history = {
	"history",
	"",
	"list the runs of this project, newest first",
	"A commit with a + had changes in the work tree that were not committed.",
	"pipe history\npipe history -n 5 --format json\n",
	history_tables,
	0,
	0,
	history,
	false,
};
