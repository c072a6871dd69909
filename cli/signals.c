#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static _Atomic(pipe_run *) current;
static volatile sig_atomic_t cancels, continued;

static const int cancelling[] = { SIGINT, SIGTERM, SIGHUP };

static void on_nothing(int number)
{
	(void)number;
}

static void on_cancel(int number)
{
	int saved = errno;
	pipe_run *run = atomic_load(&current);

	/* A terminal that goes away says so more than once, by its shell and by the kernel: that is no second Ctrl-C. */
	if (number == SIGHUP && cancels)
		return;
	if (cancels < 1000)
		cancels = cancels + 1;
	if (run)
		pipe_run_cancel(run);
	errno = saved;
}

static void on_stop(int number)
{
	static const char cursor_on[] = "\033[?25h\r\n";
	int saved = errno;
	ssize_t n;

	(void)number;
	n = write(STDOUT_FILENO, cursor_on, sizeof(cursor_on) - 1);
	(void)n;
	kill(getpid(), SIGSTOP);
	continued = 1;
	errno = saved;
}

/* What the parent ignores (nohup, a shell's background job) stays ignored. */
static void catch_unless_ignored(int number, void (*handler)(int))
{
	struct sigaction a, before;

	if (!sigaction(number, NULL, &before) && before.sa_handler == SIG_IGN)
		return;
	memset(&a, 0, sizeof(a));
	a.sa_handler = handler;
	a.sa_flags = SA_RESTART;
	sigemptyset(&a.sa_mask);
	sigaction(number, &a, NULL);
}

void signals_ignore_pipe(void)
{
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_handler = on_nothing;
	a.sa_flags = SA_RESTART;
	sigemptyset(&a.sa_mask);
	sigaction(SIGPIPE, &a, NULL);
}

void signals_catch(bool live)
{
	/* Ignored, as a careless parent may have left it, the kernel would throw away how the jobs ended. */
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < sizeof(cancelling) / sizeof(*cancelling); i++)
		catch_unless_ignored(cancelling[i], on_cancel);
	if (live)
		catch_unless_ignored(SIGTSTP, on_stop);
}

void signals_run(pipe_run *run)
{
	int before = cancels;

	atomic_store(&current, run);
	/* What came before the run was known is passed on now; what comes in between may be passed on twice, which only hurries it. */
	if (run && before)
		pipe_run_cancel(run);
}

int signals_cancels(void)
{
	return cancels;
}

bool signals_continued(void)
{
	bool was = continued;

	continued = 0;
	return was;
}

void signals_release(void)
{
	atomic_store(&current, NULL);
	for (size_t i = 0; i < sizeof(cancelling) / sizeof(*cancelling); i++)
		catch_unless_ignored(cancelling[i], SIG_DFL);
	catch_unless_ignored(SIGTSTP, SIG_DFL);
}
