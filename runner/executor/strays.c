/*
 * What belongs to a task beside its main process.
 *
 * A task leads a session and a process group of its own, so most of what it starts is found by number.  What leaves the session
 * (a daemon) is found in the task's cgroup, or, where we are the subreaper, among our own children once its parent has died:
 * a child that we did not start is a task's when its session, its cgroup, its mark or its badge says so.  Everything below such a child
 * belongs to the task as well.  A child of ours without any of these is the host's, and left alone.
 */
#include "runner/executor/local.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than any machine's worth of descendants: the walk ends somewhere even while they multiply. */
enum { WALK_MAX = 200000, ROUNDS = 4 };

static bool exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

/* A number is not given out again while a group or session bears it; when a process has it after ours was reaped, all of ours is gone. */
static bool has_group(const struct task *t)
{
	return exists(-t->pid) && !(t->exited && exists(t->pid));
}

static bool is_main(const struct local *x, pid_t pid)
{
	for (const struct task *t = x->first; t; t = t->next)
		if (t->pid == pid && !t->exited)
			return true;
	return false;
}

/* Our children that are no task's main process. */
static void add_strangers(const struct local *x, struct pids *out)
{
	struct pids children = { 0 };
	const struct task *t = x->first;

	pids_read(&children, x->children);
	for (size_t i = 0; i < children.count; i++) {
		/* The kernel lists children in the order of their birth, as we do tasks: mostly the next one is it. */
		while (t && t->exited)
			t = t->next;
		if (t && t->pid == children.items[i])
			t = t->next;
		else if (!is_main(x, children.items[i]))
			pids_add(out, children.items[i]);
	}
	pids_clear(&children);
}

bool strays_none(const struct task *t)
{
	const struct local *x = t->local;
	struct pids strangers = { 0 };
	bool none;

	/* A cgroup knows all that was born in it, whatever group, session or parent it has now. */
	if (t->leaf)
		return !cgroup_leaf_is_populated(t->leaf);
	if (has_group(t))
		return false;
	if (!x->reaper)
		return true;
	add_strangers(x, &strangers);
	none = !strangers.count && !strangers.failed;
	pids_clear(&strangers);
	return none;
}

/* ---- whose is it? ---- */

static const struct task *adopted_by(const struct local *x, const struct proc *p)
{
	for (size_t i = 0; i < x->adopted_count; i++)
		if (x->adopted[i].pid == p->pid && x->adopted[i].start == p->start)
			return x->adopted[i].task;
	return NULL;
}

static void adopt(struct local *x, const struct proc *p, const struct task *task)
{
	struct adopted *grown;

	if (adopted_by(x, p))
		return;
	if (x->adopted_count == x->adopted_capacity) {
		size_t capacity = x->adopted_capacity ? x->adopted_capacity * 2 : 8;
		grown = realloc(x->adopted, capacity * sizeof(*grown));
		if (!grown)
			return;
		x->adopted = grown;
		x->adopted_capacity = capacity;
	}
	x->adopted[x->adopted_count++] = (struct adopted){ p->pid, p->start, task };
}

static void forget_pid(struct local *x, pid_t pid)
{
	for (size_t i = 0; i < x->adopted_count; i++)
		if (x->adopted[i].pid == pid)
			x->adopted[i--] = x->adopted[--x->adopted_count];
}

void strays_forget(struct local *x, const struct task *t)
{
	for (size_t i = 0; i < x->adopted_count; i++)
		if (x->adopted[i].task == t)
			x->adopted[i--] = x->adopted[--x->adopted_count];
}

static const struct task *by_session(const struct local *x, const struct proc *p)
{
	for (const struct task *t = x->first; t; t = t->next)
		if ((p->session == t->pid || p->group == t->pid) && has_group(t))
			return t;
	return NULL;
}

static const struct task *by_cgroup(struct local *x, const struct proc *p)
{
	const char *path = x->cgroups ? proc_cgroup(p->pid, &x->scratch) : NULL;

	for (const struct task *t = x->first; path && t; t = t->next)
		if (t->leaf && cgroup_leaf_is_in(t->leaf, path))
			return t;
	return NULL;
}

static const struct task *by_mark(const struct local *x, const char *mark)
{
	const size_t name = sizeof(PROC_MARK) - 1;

	for (const struct task *t = x->first; mark && t; t = t->next)
		if (t->spec.mark && !strncmp(t->spec.mark, PROC_MARK, name) && !strcmp(t->spec.mark + name, mark))
			return t;
	return NULL;
}

static const struct task *by_badge(const struct local *x, uint64_t badge)
{
	for (const struct task *t = x->first; badge && t; t = t->next)
		if (t->badge == badge)
			return t;
	return NULL;
}

enum owner { OWNER_HOST, OWNER_TASK, OWNER_ENDED };

/* The task that a child of ours belongs to, whichever is running; OWNER_ENDED: one of this run that is no more. */
static enum owner owner_of(struct local *x, const struct proc *p, const struct task **out)
{
	const char *mark = NULL;
	uint64_t badge = 0;
	const struct task *t = adopted_by(x, p);

	if (!t)
		t = by_session(x, p);
	if (!t)
		t = by_cgroup(x, p);
	if (!t && !proc_is_dead(p)) {
		mark = proc_mark(p->pid, &x->scratch);
		t = by_mark(x, mark);
	}
	if (!t && !mark && !proc_is_dead(p)) {
		badge = proc_badge_of(p->pid);
		t = by_badge(x, badge);
	}
	*out = t;
	if (!t && mark && x->nonce && !strncmp(mark, x->nonce, strlen(x->nonce)))
		return OWNER_ENDED;
	if (!t)
		return proc_badge_same_run(badge, x->badge) ? OWNER_ENDED : OWNER_HOST;
	if (!proc_is_dead(p))
		adopt(x, p, t);
	return OWNER_TASK;
}

static bool reap(struct local *x, pid_t pid)
{
	siginfo_t info;

	info.si_pid = 0;
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return false;
	forget_pid(x, pid);
	return true;
}

/* One look at our children that are no main process; says whether it reaped one (whose own children are ours then). */
static bool sort_once(struct local *x, const struct task *t, struct pids *out)
{
	struct pids strangers = { 0 };
	const struct task *owner;
	bool reaped = false;
	struct proc p;

	add_strangers(x, &strangers);
	for (size_t i = 0; i < strangers.count; i++) {
		enum owner whose;
		if (!proc_stat(strangers.items[i], &p) || p.parent != getpid())
			continue;
		whose = owner_of(x, &p, &owner);
		if (whose == OWNER_HOST)
			continue;
		if (proc_is_dead(&p))
			reaped |= reap(x, p.pid);
		else if (whose == OWNER_ENDED)
			kill(p.pid, SIGKILL);
		else if (out && owner == t)
			pids_add(out, p.pid);
	}
	pids_clear(&strangers);
	return reaped;
}

/* Reaps the dead of any task, kills what is left of those that have ended, and adds the live ones of t (may be NULL) to out. */
static void sort_strangers(struct local *x, const struct task *t, struct pids *out)
{
	size_t before = out ? out->count : 0;

	while (sort_once(x, t, out))
		if (out)
			out->count = before;
}

void strays_tidy(struct local *x)
{
	if (x->reaper)
		sort_strangers(x, NULL, NULL);
}

/* ---- all of a task ---- */

/* Everything below those that are in the list, appended to it. */
static void add_descendants(struct pids *list)
{
	for (size_t i = 0; i < list->count && list->count < WALK_MAX; i++)
		pids_add_children(list, list->items[i]);
}

/* Where orphans do not come to us: the session and the group, wherever they are now. */
static void add_session(const struct task *t, struct pids *list)
{
	struct pids all = { 0 };
	struct proc p;

	pids_add_all(&all);
	for (size_t i = 0; i < all.count; i++)
		if (proc_stat(all.items[i], &p) && (p.session == t->pid || p.group == t->pid))
			pids_add(list, p.pid);
	pids_clear(&all);
}

/* All processes of the task, the main one left out; some may be dead by now. */
static void collect(struct task *t, struct pids *list)
{
	struct local *x = t->local;
	size_t kept = 0;

	if (!t->exited)
		pids_add(list, t->pid);
	if (x->reaper)
		sort_strangers(x, t, list);
	else if (t->exited && has_group(t))
		add_session(t, list);
	add_descendants(list);
	if (t->leaf)
		cgroup_leaf_members(t->leaf, list);
	pids_sort(list);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] != t->pid && list->items[i] != getpid())
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* Those that are alive; *died: some were not, any more. */
static void keep_live(struct task *t, struct pids *list, bool *died)
{
	struct proc p;
	size_t kept = 0;

	*died = false;
	for (size_t i = 0; i < list->count; i++) {
		if (!proc_stat(list->items[i], &p) || proc_is_dead(&p)) {
			*died = true;
			continue;
		}
		/* It may become our child as a dead one. */
		if (t->local->reaper)
			adopt(t->local, &p, t);
		list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

size_t strays_find(struct task *t, struct pids *out)
{
	bool died;

	/* What died during the look has left us its children, and itself to be reaped: look again. */
	for (int round = 0; round < ROUNDS; round++) {
		out->count = 0;
		collect(t, out);
		keep_live(t, out, &died);
		if (out->count || !died)
			break;
	}
	return out->count;
}

void strays_signal(struct task *t, int signal)
{
	struct pids list = { 0 };
	struct proc p;

	if (has_group(t)) {
		kill(-t->pid, signal);
		if (signal != SIGKILL)
			kill(-t->pid, SIGCONT);
	}
	if (t->leaf && signal == SIGKILL)
		cgroup_leaf_kill(t->leaf);
	collect(t, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (!proc_stat(list.items[i], &p) || proc_is_dead(&p) || (p.group == t->pid && signal != SIGKILL))
			continue;
		proc_signal(&p, signal);
		if (signal != SIGKILL)
			proc_signal(&p, SIGCONT);
	}
	pids_clear(&list);
}
