/*
 * What keeping a log costs: a stream read from a pipe and written to a file, as cat does it and as a log with time stamps and line
 * counts, in turns; then how long it takes to compress the log, and to open it at a line.
 *
 * log [MEGABYTES [DIRECTORY]]
 */
#include "runner/log/log.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CAT_PIECE = 128 * 1024, PIECE = 64 * 1024, TEXT = 4 * 1024 * 1024, ROUNDS = 5 };

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static char *make_text(void)
{
	char *text = malloc(TEXT + 64);
	size_t n = 0;

	must(text != NULL, "memory");
	for (unsigned i = 0; n < TEXT; i++)
		n += (size_t)snprintf(text + n, 64, "[%5u/9999] cc -O2 -c src/module_%u.c\n", i % 10000, i * 7919 % 1000);
	return text;
}

static int start_writer(const char *text, size_t bytes, pid_t *writer)
{
	int ends[2];

	must(pipe(ends) == 0, "pipe");
	*writer = fork();
	must(*writer >= 0, "fork");
	if (*writer) {
		close(ends[1]);
		(void)fcntl(ends[0], F_SETPIPE_SZ, 256 * 1024);
		return ends[0];
	}
	for (size_t done = 0; done < bytes; done += PIECE)
		if (write(ends[1], text + done % TEXT, PIECE) != PIECE)
			_exit(1);
	_exit(0);
}

static double as_cat(const char *text, size_t megabytes, const char *name, char *buffer)
{
	pid_t writer;
	int from = start_writer(text, megabytes << 20, &writer), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	double began = seconds();
	ssize_t n;

	must(to >= 0, name);
	while ((n = read(from, buffer, CAT_PIECE)) > 0)
		must(write(to, buffer, (size_t)n) == n, name);
	began = seconds() - began;
	close(from);
	close(to);
	waitpid(writer, NULL, 0);
	unlink(name);
	return (double)megabytes / began;
}

static double as_log(const char *text, size_t megabytes, const char *path, char *buffer)
{
	pid_t writer;
	int from = start_writer(text, megabytes << 20, &writer);
	double began = seconds();
	struct log_writer *w;
	ssize_t n;

	must(log_writer_create(&w, path, false, NULL) == PIPE_OK, path);
	while ((n = read(from, buffer, PIECE)) > 0)
		must(log_write(w, now_ms(), buffer, (size_t)n, NULL) == PIPE_OK, path);
	must(log_writer_free(w, NULL) == PIPE_OK, path);
	began = seconds() - began;
	close(from);
	waitpid(writer, NULL, 0);
	return (double)megabytes / began;
}

/* Milliseconds to open a log and read ten lines from somewhere, the mean of a hundred places. */
static double look(const char *path)
{
	struct log_reader *r;
	const char *text;
	int64_t time_ms;
	uint64_t lines;
	double began;
	size_t n;

	must(log_reader_open(&r, path, NULL) == PIPE_OK, path);
	lines = log_reader_lines(r);
	log_reader_free(r);
	began = seconds();
	for (uint64_t i = 0; i < 100; i++) {
		must(log_reader_open(&r, path, NULL) == PIPE_OK, path);
		must(log_seek_line(r, i * 7919 * 104729 % lines + 1, NULL) == PIPE_OK, path);
		for (int k = 0; k < 10; k++)
			must(log_read_line(r, &time_ms, &text, &n, 1000, NULL) == PIPE_OK, path);
		log_reader_free(r);
	}
	return (seconds() - began) * 10;
}

static void remove_part(const char *path, const char *suffix)
{
	char name[600];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	unlink(name);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	size_t megabytes = argc > 1 ? (size_t)atoi(argv[1]) : 256;
	const char *directory = argc > 2 ? argv[2] : "/tmp";
	char path[512], other[512], *text = make_text(), *buffer = malloc(CAT_PIECE);
	double cat[ROUNDS], log[ROUNDS], ratio[ROUNDS], plain, began;
	struct rusage usage;

	must(buffer != NULL, "memory");
	snprintf(path, sizeof(path), "%s/pipe-bench-log-%d", directory, (int)getpid());
	snprintf(other, sizeof(other), "%s/pipe-bench-cat-%d", directory, (int)getpid());
	for (int i = 0; i < ROUNDS; i++) {
		cat[i] = as_cat(text, megabytes, other, buffer);
		remove_part(path, ".log");
		log[i] = as_log(text, megabytes, path, buffer);
		ratio[i] = log[i] / cat[i];
	}
	qsort(cat, ROUNDS, sizeof(*cat), by_value);
	qsort(log, ROUNDS, sizeof(*log), by_value);
	qsort(ratio, ROUNDS, sizeof(*ratio), by_value);
	plain = look(path);
	began = seconds();
	must(log_compress(path, NULL, NULL) == PIPE_OK, path);
	began = seconds() - began;
	getrusage(RUSAGE_SELF, &usage);
	printf("%zu MB: log %.0f MB/s, cat %.0f MB/s, ratio %.2f; ten lines anywhere %.2f ms plain, %.2f ms compressed; compressed in %.0f ms; "
	       "%ld MB resident\n",
	       megabytes, log[ROUNDS / 2], cat[ROUNDS / 2], ratio[ROUNDS / 2], plain, look(path), began * 1e3,
	       usage.ru_maxrss / 1024);
	remove_part(path, ".log.zst");
	remove_part(path, ".idx");
	free(text);
	free(buffer);
	return 0;
}
