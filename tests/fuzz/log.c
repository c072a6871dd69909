/*
 * libFuzzer (and AFL++) target: any bytes as a log's files.  Whatever they hold, reading ends, and what is read of a plain log are its
 * bytes; then the log is continued, which must leave it readable.
 *
 * The first byte: bit 0 a compressed log, bit 1 with an index.  With one the next two bytes are its length.
 */
#include "runner/log/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { PACKED = 1, INDEXED = 2, READ_MOST = 1 << 24 };

static void write_input(const char *path, const char *suffix, const unsigned char *data, size_t size)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void expect_bytes(struct log_reader *r, const unsigned char *data, size_t size)
{
	char piece[333];
	size_t n, at = 0;

	while (log_read(r, piece, sizeof(piece), &n, NULL) == PIPE_OK && n) {
		if (n > size - at || memcmp(piece, data + at, n) != 0)
			abort();
		at += n;
	}
	if (at != size)
		abort();
}

static void read_lines(struct log_reader *r)
{
	const char *text;
	int64_t time_ms;
	size_t n, total = 0;

	while (total < READ_MOST && log_read_line(r, &time_ms, &text, &n, 100, NULL) == PIPE_OK && text) {
		if (n > 100)
			abort();
		total += n + 1;
	}
}

static void read_everything(const char *path, const unsigned char *plain, size_t size)
{
	struct log_reader *r;
	uint64_t lines;

	if (log_reader_open(&r, path, NULL) != PIPE_OK)
		return;
	if (plain)
		expect_bytes(r, plain, size);
	lines = log_reader_lines(r);
	log_seek_line(r, 1, NULL);
	read_lines(r);
	log_seek_line(r, lines / 2, NULL);
	read_lines(r);
	log_seek_line(r, UINT64_MAX, NULL);
	read_lines(r);
	log_reader_free(r);
}

static void go_on(const char *path)
{
	struct log_writer *w;

	if (log_writer_create(&w, path, true, NULL) != PIPE_OK)
		return;
	if (log_write(w, 1, "more\n", 5, NULL) != PIPE_OK || log_writer_free(w, NULL) != PIPE_OK)
		abort();
	read_everything(path, NULL, 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const suffixes[] = { ".log", ".idx", ".log.zst", ".log.tmp" };
	char directory[] = "/tmp/pipe-fuzz-log-XXXXXX", path[40], name[64];
	size_t index = 0;
	unsigned kind;

	if (size < 3 || !mkdtemp(directory))
		return 0;
	snprintf(path, sizeof(path), "%s/1", directory);
	kind = data[0];
	if (kind & INDEXED) {
		index = data[1] | (size_t)data[2] << 8;
		index = index > size - 3 ? size - 3 : index;
		write_input(path, ".idx", data + 3, index);
	}
	data += 3 + index;
	size -= 3 + index;
	write_input(path, kind & PACKED ? ".log.zst" : ".log", data, size);
	read_everything(path, kind & PACKED ? NULL : data, size);
	go_on(path);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	rmdir(directory);
	return 0;
}
