/* What runs in other processes say to this one (cancel, kill, a newer run has begun), and what it says to them. */
#include "base/error.h"
#include "runner/run/session.h"

#include <string.h>
#include <unistd.h>

enum { OLDER_RUNS = 20 }; /* how far back a run looks for others that are under way */

/* A newer run for the same branch has begun: https://docs.gitlab.com/ci/yaml/#workflowauto_cancelon_new_commit */
static void on_newer(struct pipe_run *s)
{
	const char *policy = s->root->plan->pipeline->workflow.auto_cancel_on_new_commit;
	bool any_running = false, all = true;

	if (policy && !strcmp(policy, "none"))
		return;
	for (uint32_t i = 0; i < s->root->plan->plan->jobs.count; i++) {
		struct job_run *j = &s->root->jobs[i];
		if (!j->started_ms)
			continue;
		any_running = true;
		if (j->plan->interruptible != YES) {
			all = false;
			continue;
		}
		if (policy && !strcmp(policy, "interruptible"))
			job_run_cancel(j, false);
	}
	if ((!policy || !strcmp(policy, "conservative")) && all && any_running) {
		notify_warning(s->root, NULL,
			       "a newer run of the same branch has started, and all jobs are interruptible: this one ends");
		pipe_run_cancel(s);
	}
}

static void obey(struct pipe_run *s, char command)
{
	switch (command) {
	case RUN_CONTROL_KILL:
		atomic_fetch_add(&s->cancels, 1);
		pipe_run_cancel(s);
		break;
	case RUN_CONTROL_CANCEL:
		pipe_run_cancel(s);
		break;
	case RUN_CONTROL_NEWER:
		on_newer(s);
		break;
	}
}

static void on_control(uv_poll_t *poll, int status, int events)
{
	struct pipe_run *s = poll->data;
	char commands[16];
	ssize_t n;

	(void)events;
	if (status)
		return;
	n = read(s->root->control, commands, sizeof(commands));
	for (ssize_t i = 0; i < n; i++)
		obey(s, commands[i]);
}

int session_listen(struct pipe_run *s, pipe_error *err)
{
	int rc = uv_poll_init(s->loop, &s->control, s->root->control);

	if (rc)
		return error_set(err, PIPE_EIO, "cannot listen for commands: %s", uv_strerror(rc));
	s->handles++;
	s->control.data = s;
	rc = uv_poll_start(&s->control, UV_READABLE, on_control);
	return rc ? error_set(err, PIPE_EIO, "cannot listen for commands: %s", uv_strerror(rc)) : PIPE_OK;
}

struct newer {
	struct pipe_run *session;
	const char *branch;
};

static int tell_older(void *payload, const pipe_run_record *r)
{
	struct newer *n = payload;
	const char *state = n->session->project->state_directory;

	if (!n->session->dirty && !strcmp(r->commit_sha, n->session->plan->git.sha))
		return 0; /* nothing is newer than what it runs */
	if (r->status == PIPE_STATUS_RUNNING && r->number != n->session->root->number && !r->parent &&
	    !strcmp(r->branch, n->branch) && !strcmp(r->file, n->session->root->plan->pipeline->file) &&
	    run_lock_is_held(state, r->number))
		run_control_send(state, r->number, RUN_CONTROL_NEWER, NULL);
	return 0;
}

void session_tell_older(struct pipe_run *s)
{
	struct newer n = { s, s->plan->options.ref ? s->plan->options.ref : "" };
	bool others = true;
	pipe_error err;

	if (store_other_runs(s->store, s->root->number, &others, &err) == PIPE_OK && !others)
		return;
	if (store_runs(s->store, 0, OLDER_RUNS, tell_older, &n, &err))
		session_log(s, "older runs could not be told of this one: %s", err.text);
}
