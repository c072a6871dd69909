/*
 * The thread owns nothing but what hangs on its order; what it shares with the session (the list of orders) is under the lock.
 *
 * A log of this process's runs is its own to compress: their locks are held.  One of an earlier run somebody may just take up again
 * (resume), so its compressed file is made without any lock, and put in place under the run's, if the log is still what it was.
 */
#include "runner/log/log_packer.h"

#include "base/error.h"
#include "runner/history/lock.h"
#include "runner/history/state.h"
#include "runner/log/log.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct order {
	struct order *next;
	int64_t run;
	uint32_t job;
};

struct log_packer {
	char *state_directory;
	pthread_t thread;
	bool running; /* the thread was started */
	bool notes;   /* earlier runs left some */
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct order *first, **last; /* under the lock */
	int code;		     /* the first failure: the thread's until it has ended */
	pipe_error error;
};

/* ---- notes ---- */

static bool note_path(char path[PATH_MAX], const struct log_packer *p, int64_t run, uint32_t job)
{
	return state_path(path, NULL, p->state_directory, "compress/%" PRId64 ".%" PRIu32, run, job) == PIPE_OK;
}

/* Without a note the log stays as it is, should there be no time for it: no reason to fail. */
static void note(const struct log_packer *p, int64_t run, uint32_t job)
{
	char path[PATH_MAX];
	int fd;

	if (state_make_below(p->state_directory, "compress", NULL) || !note_path(path, p, run, job))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
	if (fd >= 0)
		close(fd);
}

static void unnote(const struct log_packer *p, int64_t run, uint32_t job)
{
	char path[PATH_MAX];

	if (note_path(path, p, run, job))
		unlink(path);
}

/* "<run>.<job>", and nothing else. */
static bool read_note(const char *name, int64_t *run, uint32_t *job)
{
	char again[48];

	if (sscanf(name, "%18" SCNd64 ".%9" SCNu32, run, job) != 2 || *run < 1)
		return false;
	snprintf(again, sizeof(again), "%" PRId64 ".%" PRIu32, *run, *job);
	return !strcmp(again, name);
}

static DIR *open_notes(const struct log_packer *p)
{
	char path[PATH_MAX];

	return state_path(path, NULL, p->state_directory, "compress") == PIPE_OK ? opendir(path) : NULL;
}

static bool has_notes(const struct log_packer *p)
{
	DIR *notes = open_notes(p);
	struct dirent *entry;
	uint32_t job;
	int64_t run;
	bool any = false;

	while (notes && !any && (entry = readdir(notes)))
		any = read_note(entry->d_name, &run, &job);
	if (notes)
		closedir(notes);
	return any;
}

/* What a process that was killed had begun. */
static void remove_leftovers(const struct log_packer *p, int64_t run, uint32_t job)
{
	char path[PATH_MAX], name[40];
	struct dirent *entry;
	DIR *directory;
	int n = snprintf(name, sizeof(name), "%" PRIu32 ".log.zst.", job);

	directory = state_path(path, NULL, p->state_directory, "runs/%" PRId64, run) == PIPE_OK ? opendir(path) : NULL;
	while (directory && (entry = readdir(directory)))
		if (!strncmp(entry->d_name, name, (size_t)n))
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
}

/* ---- the thread ---- */

/* PIPE_EBUSY: not now.  Everything else is not tried again. */
static void judge(struct log_packer *p, int64_t run, uint32_t job, int rc, const pipe_error *err)
{
	if (rc == PIPE_EBUSY)
		return;
	unnote(p, run, job);
	if (rc && !p->code) {
		p->code = rc;
		p->error = *err;
	}
}

static int put_under_lock(struct log_packer *p, struct log_pack *pack, int64_t run, pipe_error *err)
{
	struct run_lock *lock;
	int rc = run_lock_acquire(&lock, p->state_directory, run, err);

	if (rc)
		return rc;
	rc = log_pack_put(pack, err);
	run_lock_free(lock);
	return rc;
}

static void compress_earlier(struct log_packer *p, int64_t run, uint32_t job)
{
	struct log_pack *pack = NULL;
	char path[PATH_MAX];
	pipe_error err;
	int rc;

	if (run_lock_is_held(p->state_directory, run))
		return; /* it runs: its packer does it */
	remove_leftovers(p, run, job);
	rc = state_path(path, &err, p->state_directory, "runs/%" PRId64 "/%" PRIu32, run, job);
	if (rc == PIPE_OK)
		rc = log_pack_make(&pack, path, &p->stop, &err);
	if (pack)
		rc = put_under_lock(p, pack, run, &err);
	log_pack_free(pack);
	judge(p, run, job, rc, &err);
}

/* One process at a time. */
static void compress_all_earlier(struct log_packer *p)
{
	struct dirent *entry;
	pipe_error err;
	uint32_t job;
	int64_t run;
	DIR *notes;
	int fd;

	if (state_lock(p->state_directory, "compress", 0, &fd, &err))
		return;
	notes = open_notes(p);
	while (notes && !atomic_load(&p->stop) && (entry = readdir(notes)))
		if (read_note(entry->d_name, &run, &job))
			compress_earlier(p, run, job);
	if (notes)
		closedir(notes);
	close(fd);
}

static void compress_own(struct log_packer *p, int64_t run, uint32_t job)
{
	char path[PATH_MAX];
	pipe_error err;
	int rc = state_path(path, &err, p->state_directory, "runs/%" PRId64 "/%" PRIu32, run, job);

	if (rc == PIPE_OK)
		rc = log_compress(path, &p->stop, &err);
	judge(p, run, job, rc, &err);
}

/* The next order, waited for; NULL: stop. */
static struct order *take_order(struct log_packer *p)
{
	struct order *o = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->first && !atomic_load(&p->stop))
		pthread_cond_wait(&p->wake, &p->lock);
	if (!atomic_load(&p->stop)) {
		o = p->first;
		p->first = o->next;
		if (!p->first)
			p->last = &p->first;
	}
	pthread_mutex_unlock(&p->lock);
	return o;
}

static void *work(void *context)
{
	struct log_packer *p = context;
	struct sched_param none = { 0 };
	struct order *o;

	/* Of this thread alone; without it the jobs would only have to share. */
	(void)sched_setscheduler(0, SCHED_IDLE, &none);
	if (p->notes)
		compress_all_earlier(p);
	while ((o = take_order(p))) {
		compress_own(p, o->run, o->job);
		free(o);
	}
	return NULL;
}

/* The host's signal handlers run on the host's threads. */
static void start(struct log_packer *p)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	p->running = pthread_create(&p->thread, NULL, work, p) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- the session's side ---- */

int log_packer_create(struct log_packer **out, const char *state_directory, pipe_error *err)
{
	struct log_packer *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (!p || !(p->state_directory = strdup(state_directory))) {
		free(p);
		return error_nomem(err);
	}
	p->last = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->notes = has_notes(p);
	if (p->notes)
		start(p);
	*out = p;
	return PIPE_OK;
}

void log_packer_add(struct log_packer *p, int64_t run, uint32_t job)
{
	struct order *o = calloc(1, sizeof(*o));

	note(p, run, job);
	if (!o)
		return; /* a later run will do it */
	o->run = run;
	o->job = job;
	pthread_mutex_lock(&p->lock);
	*p->last = o;
	p->last = &o->next;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	if (!p->running)
		start(p);
}

int log_packer_finish(const char *state_directory, pipe_error *err)
{
	struct log_packer p = { .code = PIPE_OK };
	int rc;

	p.state_directory = strdup(state_directory);
	if (!p.state_directory)
		return error_nomem(err);
	if (has_notes(&p))
		compress_all_earlier(&p);
	rc = p.code;
	if (rc && err)
		*err = p.error;
	free(p.state_directory);
	return rc;
}

int log_packer_free(struct log_packer *p, pipe_error *err)
{
	int rc;

	if (!p)
		return PIPE_OK;
	pthread_mutex_lock(&p->lock);
	atomic_store(&p->stop, true);
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	if (p->running)
		pthread_join(p->thread, NULL);
	while (p->first) {
		struct order *o = p->first;
		p->first = o->next;
		free(o);
	}
	rc = p->code;
	if (rc && err)
		*err = p->error;
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p->state_directory);
	free(p);
	return rc;
}
