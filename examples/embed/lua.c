/*
 * A host whose pipelines call back into it: two functions of this program are there for the Lua in the pipeline file as `host.quota(team)` and
 * `host.remember(what, data)`, and scripts may use up only so much.  Build: cc lua.c $(pkg-config --cflags --libs libpipe)
 *
 *   lua DIRECTORY
 *
 * The directory holds a pipeline file.  Exit status 0: the pipeline succeeded.
 */
#include <pipe.h>

#include <stdio.h>
#include <string.h>

struct host {
	unsigned asked, remembered;
	char last[200];
};

/* host.quota("core") -> { team = "core", deploys = 2 }: arguments come as a JSON array, the answer is JSON.  A host that knows more of JSON than
 * this one uses its own library here. */
static int quota(void *payload, const char *arguments, pipe_write_cb answer, void *answer_payload, pipe_error *err)
{
	struct host *host = payload;
	char team[64], text[128];
	int length;

	if (sscanf(arguments, "[\"%63[a-z]\"]", team) != 1) {
		err->code = PIPE_EUSAGE;
		snprintf(err->text, sizeof(err->text), "host.quota wants the name of a team");
		return PIPE_EUSAGE;
	}
	host->asked++;
	length = snprintf(text, sizeof(text), "{\"team\": \"%s\", \"deploys\": %d}", team, strcmp(team, "core") ? 0 : 2);
	return answer(answer_payload, text, (size_t)length) ? PIPE_ENOMEM : PIPE_OK;
}

/* Nothing is answered: nil. */
static int remember(void *payload, const char *arguments, pipe_write_cb answer, void *answer_payload, pipe_error *err)
{
	struct host *host = payload;

	(void)answer;
	(void)answer_payload;
	(void)err;
	host->remembered++;
	snprintf(host->last, sizeof(host->last), "%s", arguments);
	return PIPE_OK;
}

static int set_up_lua(pipe_project *project, struct host *host, pipe_error *err)
{
	const pipe_lua_function functions[] = {
		{ "quota", quota, host },
		{ "remember", remember, host },
		{ NULL, NULL, NULL },
	};
	pipe_lua_options lua = PIPE_LUA_OPTIONS_INIT;

	lua.functions = functions;
	lua.most.cpu_ms = 500; /* whatever the pipeline file asks for */
	lua.most.wall_ms = 10000;
	lua.most.memory_bytes = 16 << 20;
	return pipe_project_lua(project, &lua, err);
}

static void on_event(void *payload, const pipe_event *e)
{
	(void)payload;
	if (e->kind == PIPE_EVENT_JOB_FINISHED)
		printf("%s %s%s%s\n", e->job, pipe_status_name(e->status), e->reason ? ": " : "", e->reason ? e->reason : "");
}

static int run_project(pipe_project *project, pipe_error *err)
{
	pipe_run_options how = PIPE_RUN_OPTIONS_INIT;
	const pipe_diagnostic *d;
	pipe_plan *plan = NULL;
	pipe_run *run = NULL;
	int rc = pipe_plan_load(&plan, project, NULL, err);

	how.on_event = on_event;
	for (size_t i = 0; plan && (d = pipe_plan_diagnostic(plan, i)); i++)
		fprintf(stderr, "%s:%u:%u: %s\n", d->file, d->line, d->column, d->message);
	if (rc == PIPE_OK)
		rc = pipe_run_start(&run, project, plan, &how, err);
	if (rc == PIPE_OK)
		rc = pipe_run_wait(run, err);
	if (rc == PIPE_OK && pipe_run_status(run) != PIPE_STATUS_SUCCESS)
		rc = 1;
	pipe_run_free(run);
	pipe_plan_free(plan);
	return rc;
}

int main(int argc, char **argv)
{
	pipe_project_options where = PIPE_PROJECT_OPTIONS_INIT;
	struct host host = { .asked = 0 };
	pipe_project *project = NULL;
	pipe_error err = { .code = PIPE_OK };
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	where.directory = argv[1];
	rc = pipe_project_open(&project, &where, &err);
	if (rc == PIPE_OK)
		rc = set_up_lua(project, &host, &err);
	if (rc == PIPE_OK)
		rc = run_project(project, &err);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	printf("asked %u times, told %u times: %s\n", host.asked, host.remembered, host.last);
	pipe_project_free(project);
	return rc ? 1 : 0;
}
