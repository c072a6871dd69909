/*
 * vfork with a pidfd.  Invariant: from the clone until the child has executed or exited, this thread is suspended and every signal
 * is blocked in both, so no handler of the host ever runs in the child, and the child writes nothing of ours but its own stack and
 * its report.
 *
 * The child has no parent-death signal: that is tied to the thread that started it, not to the process, and would end only the top
 * of a tree.  What a killed runner leaves is found by its mark (reap.c).
 */
#include "runner/executor/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CLONE_ASAN 1
#endif
#endif
#if defined(CLONE_ASAN) || defined(__SANITIZE_ADDRESS__)
#define ON_FOREIGN_STACK __attribute__((no_sanitize_address))
#else
#define ON_FOREIGN_STACK
#endif

/* What the child reads, and its report. */
struct child {
	const struct clone_request *request;
	uint64_t reset; /* signals to set back to their default: bit N-1 for signal N */
	volatile int failed, error;
};

#define BIT(signal) (UINT64_C(1) << ((signal)-1))
/* execve resets handlers, not SIG_IGN: these are what hosts ignore, or inherit ignored from nohup and its like. */
#define OFTEN_IGNORED                                                                                                            \
	(BIT(SIGPIPE) | BIT(SIGHUP) | BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGTERM) | BIT(SIGCHLD) | BIT(SIGTSTP) | BIT(SIGTTIN) |   \
	 BIT(SIGTTOU) | BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGALRM) | BIT(SIGXFSZ) | BIT(SIGXCPU) | BIT(32) |                     \
	 BIT(33)) /* the two of glibc: what posix_spawn started has them ignored */

static long set_mask(const uint64_t *set, uint64_t *old)
{
	/* The raw call: glibc's wrapper leaves out the two signals that it uses itself. */
	return syscall(SYS_rt_sigprocmask, SIG_SETMASK, set, old, sizeof(*set));
}

ON_FOREIGN_STACK static void reset_signals(uint64_t signals)
{
	/* The kernel's struct (handler, flags, restorer, mask), all zero: SIG_DFL.  The raw call, since glibc's refuses the two signals
	 * of its own, which its posix_spawn leaves ignored in what it starts. */
	const uint64_t by_default[4] = { 0 }, none = 0;

	for (int s = 1; s <= 64; s++)
		if (signals & BIT(s))
			syscall(SYS_rt_sigaction, s, by_default, NULL, sizeof(none));
	set_mask(&none, NULL);
}

ON_FOREIGN_STACK static int connect_descriptors(const struct clone_request *r)
{
	if (dup2(r->input, 0) < 0 || dup2(r->output, 1) < 0 || dup2(r->output, 2) < 0)
		return -1;
	/* What the host opened without close-on-exec is no business of a job's.  A kernel before 5.11 refuses; ours are closed anyway. */
	syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
	return 0;
}

/* Where the hard limit is lower, there is none. */
ON_FOREIGN_STACK static void put_on(uint64_t badge)
{
	struct rlimit limit;

	if (!badge || getrlimit(RLIMIT_RTTIME, &limit) < 0 || limit.rlim_max < badge)
		return;
	limit.rlim_cur = badge;
	setrlimit(RLIMIT_RTTIME, &limit);
}

/* Runs in the child, on its own stack, in our memory. */
ON_FOREIGN_STACK static int child_main(void *argument)
{
	struct child *c = argument;
	const struct clone_request *r = c->request;

	setsid();
	put_on(r->badge);
	c->failed = CLONE_DESCRIPTORS;
	if (connect_descriptors(r) == 0) {
		c->failed = CLONE_DIRECTORY;
		if (chdir(r->directory) == 0) {
			reset_signals(c->reset);
			c->failed = CLONE_DONE;
			execve(r->path, (char *const *)(uintptr_t)r->argv, (char *const *)(uintptr_t)r->envp);
			c->failed = CLONE_EXECUTE;
		}
	}
	c->error = errno;
	for (;;)
		syscall(SYS_exit_group, 127);
	return 0;
}

/* clone3 and, in the child, function(argument) on the new stack: C cannot say that a call returns on another stack. */
#if defined(__x86_64__)
static long clone3_call(struct clone_args *args, int (*function)(void *), void *argument)
{
	register int (*f)(void *) __asm__("r8") = function;
	register void *a __asm__("r9") = argument;
	long rc = SYS_clone3;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %%r9, %%rdi\n\t"
			 "callq *%%r8\n\t"
			 "hlt\n"
			 "1:"
			 : "+a"(rc)
			 : "D"(args), "S"(sizeof(*args)), "r"(f), "r"(a)
			 : "rcx", "r11", "memory", "cc");
	return rc;
}
#elif defined(__aarch64__)
static long clone3_call(struct clone_args *args, int (*function)(void *), void *argument)
{
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = (long)sizeof(*args);
	register int (*x2)(void *) __asm__("x2") = function;
	register void *x3 __asm__("x3") = argument;
	register long x8 __asm__("x8") = SYS_clone3;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x30, #0\n\t"
			 "mov x0, x3\n\t"
			 "blr x2\n\t"
			 "brk #0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x8)
			 : "memory", "cc");
	return x0;
}
#else
static long clone3_call(struct clone_args *args, int (*function)(void *), void *argument)
{
	(void)args, (void)function, (void)argument;
	return -ENOSYS;
}
#endif

static long clone_new(struct child *c, int *pidfd)
{
	const struct clone_request *r = c->request;
	struct clone_args args;

	memset(&args, 0, sizeof(args));
	args.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
	args.pidfd = (uintptr_t)pidfd;
	args.exit_signal = SIGCHLD;
	args.stack = (uintptr_t)r->stack;
	args.stack_size = CLONE_STACK;
	if (r->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)r->cgroup;
	}
	c->reset = OFTEN_IGNORED;
	return clone3_call(&args, child_main, c);
}

/* Where clone3 is missing or forbidden (old kernels, seccomp filters of containers). */
static long clone_old(struct child *c, int *pidfd)
{
	int pid;

	c->reset = ~(BIT(SIGKILL) | BIT(SIGSTOP));
	pid = clone(child_main, (char *)c->request->stack + CLONE_STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, c,
		    pidfd);
	return pid < 0 ? -errno : pid;
}

static long clone_either(struct child *c, bool *old_way, int *pidfd)
{
	long pid;

	if (!*old_way) {
		pid = clone_new(c, pidfd);
		if (pid != -ENOSYS && pid != -EPERM && pid != -EINVAL)
			return pid;
		/* With a cgroup these may be about the cgroup: the caller tries again without. */
		if (c->request->cgroup >= 0)
			return pid;
		*old_way = true;
	}
	if (c->request->cgroup >= 0)
		return -EOPNOTSUPP;
	return clone_old(c, pidfd);
}

int clone_start(const struct clone_request *request, bool *old_way, struct clone_result *result)
{
	struct child child = { request, 0, CLONE_DONE, 0 };
	const uint64_t all = ~UINT64_C(0);
	uint64_t before;
	int pidfd = -1;
	long pid;

	if (set_mask(&all, &before) != 0)
		return errno;
	pid = clone_either(&child, old_way, &pidfd);
	set_mask(&before, NULL);
	if (pid < 0)
		return (int)-pid;
	result->pid = (pid_t)pid;
	result->pidfd = pidfd;
	result->failed = (enum clone_step)child.failed;
	result->error = child.error;
	if (result->failed != CLONE_DONE) {
		while (waitpid(result->pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(pidfd);
		result->pidfd = -1;
	}
	return 0;
}
