/*
 * Starting one program.  Invariant: whatever fails, no descriptor and no process is left.
 */
#include "runner/executor/spawn.h"

#include "base/error.h"
#include "base/str.h"
#include "runner/executor/clone.h"
#include "runner/executor/proc.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The child's 0, 1 and 2 must not be in the way of what becomes them: a host may have closed its own. */
static int beyond_stdio(int fd)
{
	int higher, error;

	if (fd < 0 || fd > 2)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	error = errno;
	close(fd);
	errno = error;
	return higher;
}

int spawner_open(struct spawner *s, pipe_error *err)
{
	s->old_way = false;
	str_init(&s->name);
	str_init(&s->search);
	str_init(&s->found);
	s->stack = mmap(NULL, CLONE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (s->stack == MAP_FAILED) {
		s->stack = NULL;
		s->null = -1;
		return error_nomem(err);
	}
	s->null = beyond_stdio(open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (s->null < 0) {
		int error = errno;
		spawner_close(s);
		return error_errno(err, PIPE_EIO, error, "cannot open /dev/null");
	}
	return PIPE_OK;
}

void spawner_close(struct spawner *s)
{
	str_clear(&s->name);
	str_clear(&s->search);
	str_clear(&s->found);
	if (s->stack)
		munmap(s->stack, CLONE_STACK);
	if (s->null >= 0)
		close(s->null);
	s->stack = NULL;
	s->null = -1;
}

static int output_pipe(int ends[2])
{
	int error;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	ends[0] = beyond_stdio(ends[0]);
	ends[1] = beyond_stdio(ends[1]);
	/* Only our end: a job's own writes must block. */
	if (ends[0] >= 0 && ends[1] >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	error = errno;
	if (ends[0] >= 0)
		close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	errno = error;
	return -1;
}

static const char *path_of(const char *const *envp)
{
	for (; *envp; envp++)
		if (!strncmp(*envp, "PATH=", 5))
			return *envp + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

static bool is_program(const char *path)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool all_absolute(const char *search)
{
	for (; search; search = strchr(search, ':') ? strchr(search, ':') + 1 : NULL)
		if (*search != '/')
			return false;
	return true;
}

/* What the last look-up found serves again while neither the name nor PATH has changed; in a relative entry of PATH it could not. */
static bool found_before(const struct spawner *s, const struct task_spec *spec)
{
	return s->name.length && !strcmp(s->name.data, spec->argv[0]) && !strcmp(s->search.data, path_of(spec->envp));
}

static void remember_found(struct spawner *s, const struct task_spec *spec, const struct str *path)
{
	const char *search = path_of(spec->envp);

	str_reset(&s->name);
	if (!all_absolute(search) || strchr(spec->argv[0], '/'))
		return;
	str_reset(&s->search);
	str_reset(&s->found);
	str_adds(&s->search, search);
	str_add(&s->found, path->data, path->length);
	str_adds(&s->name, spec->argv[0]);
	if (s->name.failed || s->search.failed || s->found.failed)
		str_reset(&s->name);
}

/* Finds spec's program; an entry of PATH that is not absolute is meant from the task's directory.  false: err says why not. */
static bool find_program(const struct task_spec *spec, struct str *path, pipe_error *err)
{
	const char *name = spec->argv[0], *entry, *end;

	if (strchr(name, '/')) {
		str_adds(path, name);
		return path->failed ? (error_nomem(err), false) : true;
	}
	for (entry = path_of(spec->envp); *name && entry; entry = end ? end + 1 : NULL) {
		end = strchr(entry, ':');
		str_reset(path);
		if (*entry != '/')
			str_printf(path, "%s/", spec->directory);
		str_add(path, entry, end ? (size_t)(end - entry) : strlen(entry));
		str_printf(path, "/%s", name);
		if (path->failed) {
			error_nomem(err);
			return false;
		}
		if (is_program(path->data))
			return true;
	}
	error_set(err, PIPE_ENOTFOUND, "%s: not found in PATH", name);
	return false;
}

static int start_failed(const struct task_spec *spec, const struct clone_result *r, pipe_error *err)
{
	enum pipe_code code = r->error == ENOENT ? PIPE_ENOTFOUND : error_code_of(r->error);

	switch (r->failed) {
	case CLONE_DIRECTORY:
		return error_errno(err, code, r->error, "cannot enter %s", spec->directory);
	case CLONE_EXECUTE:
		return error_errno(err, code, r->error, "cannot run %s", spec->argv[0]);
	default:
		return error_errno(err, code, r->error, "cannot connect the output of %s", spec->argv[0]);
	}
}

int spawn(struct spawner *s, const struct task_spec *spec, int cgroup, bool *cgroup_refused, struct spawned *out, pipe_error *err)
{
	struct clone_request request = { .argv = spec->argv,
					 .envp = spec->envp,
					 .directory = spec->directory,
					 .input = spec->input ? *spec->input : s->null,
					 .output = -1,
					 .cgroup = cgroup,
					 .badge = proc_badge(spec->mark),
					 .stack = s->stack };
	struct clone_result result = { 0, -1, CLONE_DONE, 0 };
	int ends[2] = { -1, -1 }, rc, error;
	struct str path;

	*cgroup_refused = false;
	if (!spec->argv[0])
		return error_set(err, PIPE_EUSAGE, "there is no program to run");
	str_init(&path);
	if (!found_before(s, spec)) {
		if (!find_program(spec, &path, err)) {
			rc = path.failed ? PIPE_ENOMEM : PIPE_ENOTFOUND;
			goto done;
		}
		remember_found(s, spec, &path);
	}
	if (output_pipe(ends) < 0) {
		rc = error_errno(err, error_code_of(errno), errno, "cannot make a pipe for the output");
		goto done;
	}
	request.path = path.length ? path.data : s->found.data;
	request.output = ends[1];
	error = clone_start(&request, &s->old_way, &result);
	/* No memory, no process left: of the machine, not of the cgroup.  (A limit of pids within a cgroup is EAGAIN as well.) */
	if (error && cgroup >= 0 && error != ENOMEM && error != EAGAIN && error != EMFILE && error != ENFILE) {
		*cgroup_refused = true;
		request.cgroup = -1;
		error = clone_start(&request, &s->old_way, &result);
	}
	if (error)
		rc = error_errno(err, error_code_of(error), error, "cannot start a process");
	else if (result.failed != CLONE_DONE)
		rc = start_failed(spec, &result, err);
	else
		rc = PIPE_OK;
done:
	if (ends[1] >= 0)
		close(ends[1]);
	if (rc != PIPE_OK && ends[0] >= 0)
		close(ends[0]);
	str_clear(&path);
	*out = (struct spawned){ result.pid, result.pidfd, ends[0] };
	return rc;
}
