/* The beginning of a session: the history and what it has to recover, the mask, the loop's handles, the root pipeline, the executor. */
#include "base/error.h"
#include "runner/run/session.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The host's variables, split once; what a script sees below its own. */
static int take_environment(struct pipe_run *s, pipe_error *err)
{
	for (char **e = environ; e && *e; e++) {
		const char *eq = strchr(*e, '=');
		struct variable *v;
		if (!eq || eq == *e)
			continue;
		v = vec_push(&s->arena, &s->host.list);
		if (!v || !(v->name = arena_strndup(&s->arena, *e, (size_t)(eq - *e))) ||
		    !(v->value = arena_strdup(&s->arena, eq + 1)))
			return error_nomem(err);
	}
	return PIPE_OK;
}

static int mask_one(struct pipe_run *s, const struct variable *v, pipe_error *err)
{
	int rc = v->masked ? mask_add(s->mask, v->value, strlen(v->value), err) : PIPE_OK;

	if (rc != PIPE_ELIMIT)
		return rc;
	session_log(s, "the value of \"%s\" is too short to be masked: it needs %d characters", v->name, MASK_MIN);
	return PIPE_OK;
}

static int make_mask(struct pipe_run *s, pipe_error *err)
{
	const struct variables *given = &s->plan->variables;
	int rc = mask_create(&s->mask, err);

	for (uint32_t i = 0; rc == PIPE_OK && i < given->list.count; i++)
		rc = mask_one(s, &given->list.items[i], err);
	/* Those of one environment are secret in all. */
	for (uint32_t i = 0; rc == PIPE_OK && i < s->plan->scoped.count; i++)
		rc = mask_one(s, &s->plan->scoped.items[i].variable, err);
	return rc == PIPE_OK ? mask_compile(s->mask, err) : rc;
}

/* Handles of jobs. */
static void on_handle_opened(void *payload)
{
	((struct pipe_run *)payload)->handles++;
}

static void on_handle_closed(void *payload)
{
	((struct pipe_run *)payload)->handles--;
	session_settle(payload);
}

static int open_handles(struct pipe_run *s, pipe_error *err)
{
	int rc;

	if (s->options.loop) {
		s->loop = s->options.loop;
	} else {
		rc = uv_loop_init(&s->own_loop);
		if (rc)
			return error_set(err, PIPE_EIO, "no event loop: %s", uv_strerror(rc));
		s->loop = &s->own_loop;
		s->loop_is_own = true;
	}
	if ((rc = uv_async_init(s->loop, &s->wake, session_on_wake)))
		return error_set(err, PIPE_EIO, "no event loop: %s", uv_strerror(rc));
	s->handles++;
	uv_prepare_init(s->loop, &s->turn); /* neither this nor a timer's init nor start can fail with a callback */
	uv_prepare_start(&s->turn, session_on_turn);
	uv_timer_init(s->loop, &s->poll);
	uv_timer_init(s->loop, &s->commit);
	s->handles += 3;
	s->wake.data = s->turn.data = s->poll.data = s->commit.data = s;
	s->desk = (struct stage_desk){ .state_directory = s->project->state_directory,
				       .loop = s->loop,
				       .workers = &s->workers,
				       .opened = on_handle_opened,
				       .closed = on_handle_closed,
				       .payload = s };
	desk_init(&s->desk);
	return PIPE_OK;
}

static int open_executor(struct pipe_run *s, pipe_error *err)
{
	struct local_options o = { .loop = s->loop, .subreaper = s->options.subreaper, .cgroups = true };
	char name[64];

	snprintf(name, sizeof(name), "pipe-%s", s->root->nonce); /* as recovery looks for it */
	o.cgroup_name = arena_strdup(&s->arena, name);
	return o.cgroup_name ? executor_local_create(&s->executor, &o, err) : error_nomem(err);
}

static int see_lost(void *payload, const struct store_lost *lost)
{
	(void)lost;
	*(bool *)payload = true;
	return 1;
}

/* Earlier runs whose process died: usually there are none, and one query says so. */
static int recover(struct pipe_run *s, pipe_error *err)
{
	unsigned lost = 0, ended = 0;
	bool any = false;
	int rc = store_lost_runs(s->store, see_lost, &any, err);

	if (rc || !any)
		return rc;
	rc = pipe_history_recover(s->project, &lost, &ended, err);
	if (lost)
		session_log(
			s,
			"%u earlier run%s lost: the process that drove it ended before it did (%u process%s left behind %s ended)",
			lost, lost == 1 ? " was" : "s were", ended, ended == 1 ? "" : "es", ended == 1 ? "was" : "were");
	return rc;
}

/* Every running job needs some descriptors (output, process, log and its index, cgroup), the workers a few more. */
static int limit_places(struct pipe_run *s, pipe_error *err)
{
	enum { EACH = 6, WORKERS = 24, LEAST = 16 };
	rlim_t used = (rlim_t)s->root->control + 1; /* one of the last opened: the system gives out the lowest free number */
	struct rlimit limit;
	rlim_t room, places;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return PIPE_OK;
	room = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
	if (room < LEAST)
		return error_set(err, PIPE_EIO, "too few file descriptors are left to run a job: %llu (`ulimit -n` is %llu)",
				 (unsigned long long)room, (unsigned long long)limit.rlim_cur);
	places = room > WORKERS + EACH ? (room - WORKERS) / EACH : 1;
	if (places >= s->places)
		return PIPE_OK;
	s->places = (unsigned)places;
	notify_warning(s->root, NULL,
		       "no more than %u job%s at a time: there are too few file descriptors for more (`ulimit -n` is %llu)",
		       s->places, s->places == 1 ? " runs" : "s run", (unsigned long long)limit.rlim_cur);
	return PIPE_OK;
}

int session_begin(struct pipe_run *s, pipe_error *err)
{
	int rc;

	if ((rc = store_open(&s->store, s->project->state_directory, STORE_WRITE, s->options.durable, err)) ||
	    (rc = recover(s, err)) || (rc = log_packer_create(&s->packer, s->project->state_directory, err)) ||
	    (rc = take_environment(s, err)) || (rc = make_mask(s, err)) || (rc = open_handles(s, err)))
		return rc;
	if (s->plan->git.is_repository) {
		bool dirty = false;
		pipe_error ignored;
		s->dirty = git_is_dirty(s->project->directory, &dirty, &ignored) == PIPE_OK && dirty;
	}
	if ((rc = pipeline_run_create(&s->root, s, s->plan, NULL, NULL, err)) || (rc = open_executor(s, err)) ||
	    (rc = session_listen(s, err)) || (rc = limit_places(s, err)))
		return rc;
	session_tell_older(s);
	return store_commit(s->store, err);
}
