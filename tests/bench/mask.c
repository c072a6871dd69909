/*
 * What masking costs: a stream of log text read from a pipe and written to a file in pieces of 64 KiB, as it is and with N secrets
 * masked on the way (their derived forms with them), in turns.
 *
 * mask [MEGABYTES [SECRETS [LENGTH]]]
 */
#include "runner/log/mask.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, TEXT = 8 * 1024 * 1024, ROUNDS = 7 };

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t random_number(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Lines as a compiler or a test runner prints them. */
static char *make_text(void)
{
	static const char *const words[] = { "compiling",     "src/runner/", "scheduler.c", "[ 42%]", "ok",	  "-O2",
					     "-Wall",	      "test_case_",  "warning:",    "unused", "variable", "12.345s",
					     "/usr/include/", "linking",     "0x7ffd3a2b",  "PASS",   "INFO" };
	char *text = malloc(TEXT + 64);
	uint32_t state = 1;
	size_t n = 0;

	while (text && n < TEXT) {
		uint32_t r = random_number(&state);
		n += (size_t)snprintf(text + n, 64, "%s%c", words[r % (sizeof(words) / sizeof(*words))], r % 9 ? ' ' : '\n');
	}
	return text;
}

static struct mask *make_mask(unsigned count, unsigned length)
{
	struct mask *m;
	uint32_t state = 7;

	if (mask_create(&m, NULL) != PIPE_OK)
		exit(1);
	for (unsigned i = 0; i < count; i++) {
		char secret[256];
		for (unsigned k = 0; k < length; k++)
			secret[k] = (char)('!' + random_number(&state) % 94);
		mask_add(m, secret, length, NULL);
	}
	if (mask_compile(m, NULL) != PIPE_OK)
		exit(1);
	return m;
}

/* Another process writes the text into a pipe, over and over; returns the end to read from. */
static int start_writer(const char *text, size_t bytes, pid_t *writer)
{
	int ends[2];

	if (pipe(ends) < 0 || (*writer = fork()) < 0)
		exit(1);
	if (*writer) {
		close(ends[1]);
		return ends[0];
	}
	for (size_t done = 0; done < bytes; done += PIECE)
		if (write(ends[1], text + done % TEXT, PIECE) != PIECE)
			_exit(1);
	_exit(0);
}

static void take(struct mask_stream *s, const char *bytes, size_t length, int fd)
{
	const char *out;
	size_t n;

	if (mask_feed(s, bytes, length, &out, &n, NULL) != PIPE_OK || (fd >= 0 && write(fd, out, n) != (ssize_t)n))
		exit(1);
}

/* Megabytes a second.  m NULL: as it is. */
static double run(const struct mask *m, const char *text, size_t megabytes, int fd)
{
	static char buffer[PIECE];
	struct mask_stream *s;
	double began;
	pid_t writer;
	ssize_t n;
	int from;

	if (mask_stream_create(&s, m, NULL) != PIPE_OK || ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		exit(1);
	from = start_writer(text, megabytes << 20, &writer);
	(void)fcntl(from, F_SETPIPE_SZ, 256 * 1024);
	began = seconds();
	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		take(s, buffer, (size_t)n, fd);
	began = seconds() - began;
	close(from);
	waitpid(writer, NULL, 0);
	mask_stream_free(s);
	return (double)megabytes / began;
}

/* Without any input or output. */
static double run_alone(const struct mask *m, const char *text, size_t megabytes)
{
	struct mask_stream *s;
	double began;

	if (mask_stream_create(&s, m, NULL) != PIPE_OK)
		exit(1);
	began = seconds();
	for (size_t done = 0; done < megabytes << 20; done += PIECE)
		take(s, text + done % TEXT, PIECE, -1);
	mask_stream_free(s);
	return (double)megabytes / (seconds() - began);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), by_value);
	return v[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	size_t megabytes = argc > 1 ? (size_t)atoi(argv[1]) : 256;
	unsigned secrets = argc > 2 ? (unsigned)atoi(argv[2]) : 20, length = argc > 3 ? (unsigned)atoi(argv[3]) : 20;
	char path[] = "/tmp/pipe-bench-mask-XXXXXX", *text = make_text();
	double plain[ROUNDS], masked[ROUNDS], alone[ROUNDS], ratio[ROUNDS];
	struct mask *m = make_mask(secrets, length > 255 ? 255 : length);
	int fd = mkstemp(path);

	if (!text || fd < 0)
		return 1;
	unlink(path);
	for (int i = 0; i < ROUNDS; i++) {
		plain[i] = run(NULL, text, megabytes, fd);
		masked[i] = run(m, text, megabytes, fd);
		alone[i] = run_alone(m, text, megabytes);
		ratio[i] = masked[i] / plain[i];
	}
	printf("%u secrets of %u bytes: %.0f MB/s to a file, %.0f MB/s without, ratio %.2f; the masking alone %.0f MB/s\n",
	       secrets, length, median(masked), median(plain), median(ratio), median(alone));
	mask_free(m);
	free(text);
	close(fd);
	return 0;
}
