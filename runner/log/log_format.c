/* Reading and writing the pieces of the format. */
#include "runner/log/log_format.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void log_put(char *at, uint64_t number)
{
	number = htole64(number);
	memcpy(at, &number, sizeof(number));
}

uint64_t log_get(const char *at)
{
	uint64_t number;

	memcpy(&number, at, sizeof(number));
	return le64toh(number);
}

struct log_record log_record_get(const char *at)
{
	return (struct log_record){ log_get(at), log_get(at + 8), (int64_t)log_get(at + 16) };
}

void log_record_put(char *at, const struct log_record *record)
{
	log_put(at, record->offset);
	log_put(at + 8, record->newlines);
	log_put(at + 16, (uint64_t)record->time_ms);
}

char *log_name(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix) + 1;
	char *name = malloc(n + m);

	if (name) {
		memcpy(name, path, n);
		memcpy(name + n, suffix, m);
	}
	return name;
}

/* Sixteen bytes at a time; each lane counts up to 255 before the lanes are added up. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));

uint64_t log_count_newlines(const char *bytes, size_t length)
{
	const bytes16 newline = {
		'\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n'
	};
	uint64_t count = 0;
	size_t at = 0;

	while (length - at >= 16) {
		size_t blocks = (length - at) / 16 < 255 ? (length - at) / 16 : 255;
		bytes16 sums = { 0 };
		for (size_t i = 0; i < blocks; i++, at += 16) {
			bytes16 block;
			memcpy(&block, bytes + at, sizeof(block));
			sums -= (bytes16)(block == newline);
		}
		for (int i = 0; i < 16; i++)
			count += sums[i];
	}
	for (; at < length; at++)
		count += bytes[at] == '\n';
	return count;
}

size_t log_after_newline(const char *bytes, size_t length, uint64_t n)
{
	const char *p = bytes;

	for (; n; n--) {
		const char *newline = memchr(p, '\n', length - (size_t)(p - bytes));
		if (!newline)
			return length;
		p = newline + 1;
	}
	return (size_t)(p - bytes);
}

bool log_write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = write(fd, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return false;
		}
		bytes += n;
		length -= (size_t)n;
	}
	return true;
}

ssize_t log_pread(int fd, char *buffer, size_t size, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX - size)
		return 0;
	while (done < size) {
		ssize_t n = pread(fd, buffer + done, size - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

bool log_is_being_written(int fd)
{
	struct flock lock = { 0 };

	lock.l_type = F_RDLCK;
	lock.l_whence = SEEK_SET;
	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool log_index_read(int fd, uint64_t i, struct log_record *out)
{
	char bytes[LOG_RECORD];

	if (i >= INT64_MAX / LOG_RECORD - 1 || log_pread(fd, bytes, sizeof(bytes), (i + 1) * LOG_RECORD) != LOG_RECORD)
		return false;
	*out = log_record_get(bytes);
	return true;
}

/* A record can be true: no offset has more newlines before it than bytes. */
static bool fits(const struct log_record *r, uint64_t log_size)
{
	return r->offset <= log_size && r->newlines <= r->offset;
}

uint64_t log_index_count(int fd, uint64_t log_size)
{
	uint64_t low = 0, high;
	char magic[LOG_RECORD];
	struct log_record r;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < LOG_RECORD)
		return 0;
	if (log_pread(fd, magic, sizeof(magic), 0) != LOG_RECORD || memcmp(magic, LOG_INDEX_MAGIC, sizeof(LOG_INDEX_MAGIC)) != 0)
		return 0;
	high = (uint64_t)st.st_size / LOG_RECORD - 1;
	/* Mostly all fit; after a crash of the machine the log may be shorter than its index says. */
	if (high && log_index_read(fd, high - 1, &r) && fits(&r, log_size))
		return high;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (log_index_read(fd, middle, &r) && fits(&r, log_size))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool log_measure(int log, int index, uint64_t *bytes, uint64_t *newlines, uint64_t *records, bool *open_line)
{
	struct log_record last = { 0, 0, 0 };
	char piece[16384];
	struct stat st;
	uint64_t at;
	ssize_t n;

	*open_line = false;
	if (fstat(log, &st) < 0)
		return false;
	*bytes = (uint64_t)st.st_size;
	*records = log_index_count(index, *bytes);
	if (*records && !log_index_read(index, *records - 1, &last))
		last = (struct log_record){ 0, 0, 0 };
	*newlines = last.newlines;
	for (at = last.offset; at < *bytes; at += (uint64_t)n) {
		size_t wanted = *bytes - at < sizeof(piece) ? (size_t)(*bytes - at) : sizeof(piece);
		n = log_pread(log, piece, wanted, at);
		if (n <= 0)
			return n == 0;
		*newlines += log_count_newlines(piece, (size_t)n);
	}
	if (*bytes && log_pread(log, piece, 1, *bytes - 1) == 1)
		*open_line = piece[0] != '\n';
	return true;
}
