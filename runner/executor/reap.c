/*
 * Recovery: what a killed runner left behind is found by its mark, anywhere on this machine.  Only processes that bear one of the
 * marks, those that these have started, and those in the run's cgroup are touched, and never this process or one that it runs under: a runner may be at work
 * inside a job of the run that it recovers.
 */
#include "runner/executor/cgroup.h"
#include "runner/executor/executor.h"
#include "runner/executor/proc.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 200, ANCESTORS_MAX = 4096 };

static void add_ancestors(struct pids *out)
{
	struct proc p;
	pid_t pid = getpid();

	while (pid > 0 && out->count < ANCESTORS_MAX) {
		pids_add(out, pid);
		pid = proc_stat(pid, &p) ? p.parent : 0;
	}
}

static bool holds(const struct pids *list, pid_t pid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == pid)
			return true;
	return false;
}

static bool is_marked(pid_t pid, const char *const *marks, size_t count, struct str *scratch)
{
	const size_t name = sizeof(PROC_MARK) - 1;
	const char *value = proc_mark(pid, scratch);
	uint64_t badge = value ? 0 : proc_badge_of(pid);

	for (size_t i = 0; i < count; i++)
		if (badge && proc_badge_same_run(badge, proc_badge(marks[i])))
			return true;
	for (size_t i = 0; value && i < count; i++)
		if (!strncmp(marks[i], PROC_MARK, name) && marks[i][name] &&
		    !strncmp(value, marks[i] + name, strlen(marks[i]) - name))
			return true;
	return false;
}

/* All processes, and which of them are a task's.  A moment's picture. */
struct crowd {
	struct proc *items; /* by number */
	bool *ours;
	size_t count;
	struct pids sessions; /* that those of ours are in */
};

static void crowd_clear(struct crowd *c)
{
	free(c->items);
	free(c->ours);
	pids_clear(&c->sessions);
}

static bool crowd_read(struct crowd *c)
{
	struct pids all = { 0 };

	memset(c, 0, sizeof(*c));
	pids_add_all(&all);
	pids_sort(&all);
	c->items = calloc(all.count + 1, sizeof(*c->items));
	c->ours = calloc(all.count + 1, sizeof(*c->ours));
	for (size_t i = 0; c->items && c->ours && i < all.count; i++)
		if (proc_stat(all.items[i], &c->items[c->count]) && !proc_is_dead(&c->items[c->count]))
			c->count++;
	pids_clear(&all);
	return c->items && c->ours;
}

static bool is_ours(const struct crowd *c, pid_t pid)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->items[middle].pid == pid)
			return c->ours[middle];
		if (c->items[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void claim(struct crowd *c, size_t i, pid_t own_session)
{
	pid_t session = c->items[i].session;

	c->ours[i] = true;
	if (session != own_session && !holds(&c->sessions, session))
		pids_add(&c->sessions, session);
}

/* A task's are those that bear a mark, and, whatever they have made of their environment, those below them and those in a session
 * with them: a task begins a session of its own. */
static void crowd_sort(struct crowd *c, const char *const *marks, size_t count, const struct pids *spared)
{
	bool more = true;
	struct str scratch;
	struct proc self;
	pid_t own_session = proc_stat(getpid(), &self) ? self.session : 0;

	str_init(&scratch);
	for (size_t i = 0; i < c->count; i++)
		if (!holds(spared, c->items[i].pid) && is_marked(c->items[i].pid, marks, count, &scratch))
			claim(c, i, own_session);
	str_clear(&scratch);
	while (more) {
		more = false;
		for (size_t i = 0; i < c->count; i++) {
			const struct proc *p = &c->items[i];
			if (c->ours[i] || holds(spared, p->pid) || !(is_ours(c, p->parent) || holds(&c->sessions, p->session)))
				continue;
			claim(c, i, own_session);
			more = true;
		}
	}
}

/* One look at all processes: kills those that are a task's.  Returns how many were there; new ones are added to *killed. */
static size_t reap_round(const char *const *marks, size_t count, const struct pids *spared, struct pids *killed)
{
	size_t found = 0;
	struct crowd c;

	if (crowd_read(&c))
		crowd_sort(&c, marks, count, spared);
	/* A later process of the same number is not signalled: proc_signal compares the times of their start. */
	for (size_t i = 0; i < c.count; i++) {
		if (!c.ours[i] || !proc_signal(&c.items[i], SIGKILL))
			continue;
		found++;
		if (!holds(killed, c.items[i].pid))
			pids_add(killed, c.items[i].pid);
	}
	crowd_clear(&c);
	return found;
}

/* "PIPE_TASK=<nonce>/" -> the cgroup "pipe-<nonce>". */
static unsigned reap_cgroup(const char *mark)
{
	const char *nonce = mark + sizeof(PROC_MARK) - 1;
	char name[128];
	int n;

	if (strncmp(mark, PROC_MARK, sizeof(PROC_MARK) - 1) != 0)
		return 0;
	n = snprintf(name, sizeof(name), "pipe-%.*s", (int)strcspn(nonce, "/"), nonce);
	return n > 5 && (size_t)n < sizeof(name) ? cgroup_reap(name) : 0;
}

unsigned executor_local_reap(const char *const *marks, size_t count)
{
	const struct timespec moment = { 0, 2000000 };
	struct pids spared = { 0 }, killed = { 0 };
	unsigned total = 0;

	if (!count)
		return 0;
	add_ancestors(&spared);
	for (int round = 0; round < ROUNDS; round++) {
		/* The second look finds what was just executing its program during the first: its environment was not there yet. */
		if (!reap_round(marks, count, &spared, &killed) && round)
			break;
		nanosleep(&moment, NULL);
	}
	for (size_t i = 0; i < count; i++)
		total += reap_cgroup(marks[i]);
	total += (unsigned)killed.count;
	pids_clear(&spared);
	pids_clear(&killed);
	return total;
}
