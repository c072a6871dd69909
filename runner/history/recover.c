/*
 * Runs whose process died: what they left running is ended, and the history says that they are lost.  One process does it at a time;
 * where there is nothing to do it costs one query.
 */
#include "base/error.h"
#include "runner/executor/executor.h"
#include "runner/history/lock.h"
#include "runner/history/project.h"
#include "runner/history/state.h"
#include "runner/lua/wait/command.h"
#include "runner/store/store.h"
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

struct lost_runs {
	int64_t *numbers;
	char **marks;
	size_t count, capacity;
	bool failed;
};

/* The nonce becomes part of what processes are recognised by: anything but a nonce could hit the wrong ones. */
static bool is_nonce(const char *text)
{
	return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

static bool grow(struct lost_runs *l)
{
	size_t capacity = l->capacity ? l->capacity * 2 : 8;
	void *numbers = realloc(l->numbers, capacity * sizeof(*l->numbers)), *marks;

	if (!numbers)
		return false;
	l->numbers = numbers;
	marks = realloc(l->marks, capacity * sizeof(*l->marks));
	if (!marks)
		return false;
	l->marks = marks;
	l->capacity = capacity;
	return true;
}

static int take_lost(void *payload, const struct store_lost *lost)
{
	struct lost_runs *l = payload;
	char mark[64] = "";

	if (l->count == l->capacity && !grow(l)) {
		l->failed = true;
		return 1;
	}
	if (is_nonce(lost->nonce))
		snprintf(mark, sizeof(mark), "PIPE_TASK=%s/", lost->nonce);
	l->numbers[l->count] = lost->run;
	l->marks[l->count] = *mark ? strdup(mark) : NULL;
	if (*mark && !l->marks[l->count]) {
		l->failed = true;
		return 1;
	}
	l->count++;
	return 0;
}

static void lost_clear(struct lost_runs *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->marks[i]);
	free(l->marks);
	free(l->numbers);
}

static unsigned reap(const struct lost_runs *l)
{
	const char **marks = calloc(l->count * 2 + 1, sizeof(*marks));
	struct arena arena = ARENA_INIT;
	unsigned killed;
	size_t n = 0;

	for (size_t i = 0; marks && i < l->count; i++) {
		if (!l->marks[i])
			continue;
		marks[n++] = l->marks[i];
		marks[n] = arena_printf(&arena, "%.*s" LUA_MARK, (int)strlen(l->marks[i]) - 1, l->marks[i]); /* of its scripts */
		n += marks[n] != NULL;
	}
	killed = n ? executor_local_reap(marks, n) : 0;
	free(marks);
	arena_clear(&arena);
	return killed;
}

/* What jobs had only while they ran: the copies that isolated ones worked in, their scripts, files that were not whole yet. */
static bool is_leftover(const char *name)
{
	static const char *const endings[] = { ".work", ".script", ".after_script", ".stage" };
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t n = strlen(endings[i]);
		if (length > n && !strcmp(name + length - n, endings[i]))
			return true;
	}
	return strstr(name, ".zst.") != NULL; /* archives and logs on their way to ".zst" */
}

static void remove_leftovers(pipe_project *project, int64_t run)
{
	char path[PATH_MAX];
	struct dirent *entry;
	uint64_t bytes = 0;
	pipe_error err;
	DIR *directory;

	if (state_path(path, &err, project->state_directory, "runs/%" PRId64, run))
		return;
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (is_leftover(entry->d_name) && tree_remove(dirfd(directory), entry->d_name, &bytes, &err))
			project_log(project, "%s", err.text);
	if (directory)
		closedir(directory);
	run_lock_remove(project->state_directory, run);
}

static int collect_lost(struct store *store, struct lost_runs *lost, pipe_error *err)
{
	int rc = store_lost_runs(store, take_lost, lost, err);

	return !rc && lost->failed ? error_nomem(err) : rc;
}

/* With the lock on recovery held.  Processes first: a run is called lost when nothing of it is left. */
static int recover(pipe_project *project, unsigned *runs, unsigned *processes, pipe_error *err)
{
	struct lost_runs lost = { 0 };
	struct store *store = NULL;
	int rc = store_open(&store, project->state_directory, STORE_WRITE, false, err);

	if (!rc)
		rc = collect_lost(store, &lost, err);
	if (!rc && lost.count)
		*processes = reap(&lost);
	for (size_t i = 0; !rc && i < lost.count; i++)
		rc = store_run_lost(store, lost.numbers[i], now_ms(), err);
	if (!rc)
		rc = store_commit(store, err);
	for (size_t i = 0; !rc && i < lost.count; i++)
		remove_leftovers(project, lost.numbers[i]);
	if (!rc)
		*runs = (unsigned)lost.count;
	lost_clear(&lost);
	store_free(store);
	return rc;
}

static int see_lost(void *payload, const struct store_lost *lost)
{
	(void)lost;
	*(bool *)payload = true;
	return 1;
}

int pipe_history_recover(pipe_project *project, unsigned *runs, unsigned *processes, pipe_error *err)
{
	enum { PATIENCE_MS = 15000 };
	unsigned none = 0;
	struct store *store;
	bool any = false;
	int rc, fd;

	runs = runs ? runs : &none;
	processes = processes ? processes : &none;
	*runs = *processes = 0;
	rc = project_store(project, &store, err);
	if (rc == PIPE_ENOTFOUND)
		return PIPE_OK;
	if (!rc)
		rc = store_lost_runs(store, see_lost, &any, err);
	if (rc || !any)
		return rc;
	rc = state_lock(project->state_directory, "recover", PATIENCE_MS, &fd, err);
	if (rc)
		return rc;
	rc = recover(project, runs, processes, err);
	close(fd);
	return rc;
}
