/* Reading /proc: small files in one go, in the formats of proc(5). */
#include "runner/executor/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* An environment may be long; beyond this nobody's mark is looked for. */
enum { ENVIRONMENT_MAX = 8 * 1024 * 1024 };

/* A number with this bit is a badge: microseconds that nobody asks for by accident. */
#define BADGE (UINT64_C(1) << 62)

static int open_of(pid_t pid, const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool proc_stat(pid_t pid, struct proc *out)
{
	char text[1024], *p;
	int fd = open_of(pid, "stat"), parent, group, session;
	unsigned long long start;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The name in parentheses may hold anything, also ")". */
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &out->state,
			 &parent, &group, &session, &start) != 5)
		return false;
	out->pid = pid;
	out->parent = parent;
	out->group = group;
	out->session = session;
	out->start = start;
	return true;
}

bool proc_is_dead(const struct proc *p)
{
	return p->state == 'Z' || p->state == 'X';
}

void pids_add(struct pids *p, pid_t pid)
{
	size_t grown;
	pid_t *items;

	if (p->count == p->capacity) {
		grown = p->capacity ? p->capacity * 2 : 32;
		items = grown > SIZE_MAX / sizeof(*items) / 2 ? NULL : realloc(p->items, grown * sizeof(*items));
		if (!items) {
			p->failed = true;
			return;
		}
		p->items = items;
		p->capacity = grown;
	}
	p->items[p->count++] = pid;
}

void pids_clear(struct pids *p)
{
	free(p->items);
	memset(p, 0, sizeof(*p));
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

void pids_sort(struct pids *p)
{
	size_t kept = 0;

	if (p->count)
		qsort(p->items, p->count, sizeof(*p->items), by_number);
	for (size_t i = 0; i < p->count; i++)
		if (!kept || p->items[i] != p->items[kept - 1])
			p->items[kept++] = p->items[i];
	p->count = kept;
}

void pids_read(struct pids *p, int fd)
{
	char text[4096];
	pid_t number = 0;
	bool digits = false;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, text, sizeof(text), at)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (isdigit((unsigned char)text[i])) {
				number = digits ? number * 10 + (text[i] - '0') : text[i] - '0';
				digits = true;
			} else if (digits) {
				pids_add(p, number);
				digits = false;
			}
		}
		at += n;
		/* The kernel fills a buffer as far as whole entries go; nothing more comes after much room was left. */
		if ((size_t)n < sizeof(text) - 64)
			break;
	}
	if (digits)
		pids_add(p, number);
}

static pid_t number_of(const char *name)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*name))
		return 0;
	n = strtol(name, &end, 10);
	return *end || n > INT32_MAX ? 0 : (pid_t)n;
}

void pids_add_children(struct pids *p, pid_t parent)
{
	char path[64];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	tasks = opendir(path);
	if (!tasks)
		return;
	while ((entry = readdir(tasks))) {
		int fd;
		if (!number_of(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%d/children", (int)number_of(entry->d_name));
		fd = openat(dirfd(tasks), path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		pids_read(p, fd);
		close(fd);
	}
	closedir(tasks);
}

void pids_add_all(struct pids *p)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return;
	while ((entry = readdir(proc)))
		if (number_of(entry->d_name))
			pids_add(p, number_of(entry->d_name));
	closedir(proc);
}

static bool read_environment(pid_t pid, struct str *out)
{
	int fd = open_of(pid, "environ");
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (out->length < ENVIRONMENT_MAX) {
		/* Most fit into a page; the kernel hands out one at a time. */
		char *room = str_room(out, out->length ? 65536 : 8192);
		if (!room)
			break;
		n = read(fd, room, out->length ? 65536 : 8192);
		if (n <= 0)
			break;
		str_wrote(out, (size_t)n);
	}
	close(fd);
	return n == 0 && !out->failed;
}

const char *proc_mark(pid_t pid, struct str *scratch)
{
	const size_t name = sizeof(PROC_MARK) - 1;
	const char *p, *end;

	str_reset(scratch);
	if (!read_environment(pid, scratch))
		return NULL;
	end = scratch->data + scratch->length;
	for (p = scratch->data; p < end; p += strlen(p) + 1)
		if (!strncmp(p, PROC_MARK, name))
			return p + name;
	return NULL;
}

/* FNV-1a, folded to 31 bits: the same in the process that recovers. */
static uint64_t hash(const char *text, size_t length)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
	return (h ^ h >> 32) & 0x7fffffff;
}

uint64_t proc_badge(const char *mark)
{
	const size_t name = sizeof(PROC_MARK) - 1;
	size_t nonce;

	if (!mark || strncmp(mark, PROC_MARK, name) != 0)
		return 0;
	nonce = strcspn(mark + name, "/");
	return BADGE | hash(mark + name, nonce) << 31 | hash(mark + name + nonce, strlen(mark + name + nonce));
}

uint64_t proc_badge_of(pid_t pid)
{
	struct rlimit limit;

	if (prlimit(pid, RLIMIT_RTTIME, NULL, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	return limit.rlim_cur >= BADGE ? limit.rlim_cur : 0;
}

bool proc_badge_same_run(uint64_t a, uint64_t b)
{
	return a && a >> 31 == b >> 31;
}

const char *proc_cgroup(pid_t pid, struct str *scratch)
{
	int fd = open_of(pid, "cgroup");
	ssize_t n = -1;
	char *room, *line;

	str_reset(scratch);
	if (fd < 0)
		return NULL;
	room = str_room(scratch, 8192);
	if (room)
		n = read(fd, room, 8192);
	close(fd);
	if (n <= 0)
		return NULL;
	str_wrote(scratch, (size_t)n);
	line = strncmp(scratch->data, "0::", 3) ? strstr(scratch->data, "\n0::") : scratch->data - 1;
	if (!line)
		return NULL;
	line[strcspn(line + 1, "\n") + 1] = '\0';
	return line + 4;
}

bool proc_signal(const struct proc *p, int signal)
{
	struct proc now;
	bool sent = false;
	int fd = pidfd_open(p->pid, 0);

	if (fd < 0)
		return false;
	if (proc_stat(p->pid, &now) && now.start == p->start)
		sent = pidfd_send_signal(fd, signal, NULL, 0) == 0;
	close(fd);
	return sent;
}
