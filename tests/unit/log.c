/* Logs: written, followed, continued, compressed, cut and falsified. */
#include "runner/log/log.h"

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

Suite *log_suite(void);

static char directory[64], path[96];

static void make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/pipe-unit-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/7", directory);
}

static const char *file(const char *suffix)
{
	static char names[4][128];
	static unsigned next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "%s%s", path, suffix);
	return name;
}

static void remove_directory(void)
{
	static const char *const suffixes[] = { ".log", ".idx", ".log.zst", ".log.zst.tmp", ".log.tmp" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		unlink(file(suffixes[i]));
	ck_assert_int_eq(rmdir(directory), 0);
}

static long size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

static char *read_file(const char *name, size_t *length)
{
	FILE *f = fopen(name, "r");
	char *bytes = malloc(8 << 20);

	ck_assert(f && bytes);
	*length = fread(bytes, 1, 8 << 20, f);
	fclose(f);
	return bytes;
}

static void write_file(const char *name, const char *bytes, size_t length)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, length, f), length);
	fclose(f);
}

static struct log_writer *writer(bool append)
{
	struct log_writer *w;
	pipe_error err = { 0 };

	ck_assert_msg(log_writer_create(&w, path, append, &err) == PIPE_OK, "%s", err.text);
	return w;
}

static void put(struct log_writer *w, int64_t time_ms, const char *text)
{
	pipe_error err = { 0 };

	ck_assert_msg(log_write(w, time_ms, text, strlen(text), &err) == PIPE_OK, "%s", err.text);
}

static void done(struct log_writer *w)
{
	ck_assert_int_eq(log_writer_free(w, NULL), PIPE_OK);
}

static struct log_reader *reader(void)
{
	struct log_reader *r;
	pipe_error err = { 0 };

	ck_assert_msg(log_reader_open(&r, path, &err) == PIPE_OK, "%s", err.text);
	return r;
}

/* NULL: the end for now. */
static void expect_line(struct log_reader *r, const char *wanted, int64_t wanted_ms)
{
	pipe_error err = { 0 };
	const char *text;
	int64_t time_ms;
	size_t n;

	ck_assert_msg(log_read_line(r, &time_ms, &text, &n, 1000, &err) == PIPE_OK, "%s", err.text);
	if (!wanted) {
		ck_assert_ptr_null(text);
		return;
	}
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(n, strlen(wanted));
	ck_assert_int_eq(memcmp(text, wanted, n), 0);
	if (wanted_ms >= 0)
		ck_assert_int_eq(time_ms, wanted_ms);
}

START_TEST(nothing_is_there_until_the_first_byte)
{
	struct log_writer *w;
	struct log_reader *r;
	pipe_error err;

	w = writer(false);
	ck_assert_int_eq(log_write(w, 1, "", 0, &err), PIPE_OK);
	ck_assert_int_eq(size_of(file(".log")), -1);
	ck_assert_int_eq(log_reader_open(&r, path, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_null(r);
	done(w);
	ck_assert_int_eq(size_of(file(".idx")), -1);
	ck_assert_int_eq(log_compress(path, NULL, &err), PIPE_OK);
	done(NULL);
	log_reader_free(NULL);
}
END_TEST

START_TEST(lines_come_back_with_their_times)
{
	struct log_writer *w = writer(false);
	struct log_reader *r;

	put(w, 1000, "one\ntw");
	put(w, 1005, "o\nthree\n");
	put(w, 1005, "four\n\n");
	put(w, 99000, "last");
	ck_assert_uint_eq(log_writer_bytes(w), 24);
	ck_assert_uint_eq(log_writer_lines(w), 6);
	done(w);
	ck_assert_int_eq(size_of(file(".log")), 24);
	r = reader();
	ck_assert_uint_eq(log_reader_lines(r), 6);
	expect_line(r, "one", 1000);
	expect_line(r, "two", 1000);
	expect_line(r, "three", 1005);
	expect_line(r, "four", 1005);
	expect_line(r, "", 1005);
	expect_line(r, "last", 99000);
	expect_line(r, NULL, 0);
	ck_assert_int_eq(log_seek_line(r, 3, NULL), PIPE_OK);
	expect_line(r, "three", 1005);
	ck_assert_int_eq(log_seek_line(r, 0, NULL), PIPE_OK);
	expect_line(r, "one", 1000);
	ck_assert_int_eq(log_seek_line(r, 6, NULL), PIPE_OK);
	expect_line(r, "last", 99000);
	ck_assert_int_eq(log_seek_line(r, 700, NULL), PIPE_OK);
	expect_line(r, NULL, 0);
	log_reader_free(r);
}
END_TEST

START_TEST(a_growing_log_can_be_followed)
{
	struct log_writer *w = writer(false);
	struct log_reader *r;

	put(w, 1000, "one\nun");
	r = reader();
	expect_line(r, "one", -1);
	/* The line may go on. */
	expect_line(r, NULL, 0);
	expect_line(r, NULL, 0);
	put(w, 1500, "finished");
	expect_line(r, NULL, 0);
	put(w, 2000, "\nthree\nend");
	expect_line(r, "unfinished", 1000);
	expect_line(r, "three", 2000);
	expect_line(r, NULL, 0);
	ck_assert_uint_eq(log_reader_lines(r), 4);
	done(w);
	expect_line(r, "end", 2000);
	expect_line(r, NULL, 0);
	log_reader_free(r);
}
END_TEST

START_TEST(bytes_can_be_read_in_pieces)
{
	struct log_writer *w = writer(false);
	struct log_reader *r;
	char buffer[16];
	size_t n;

	ck_assert_int_eq(log_write(w, 1, "a\0b\xff\n12345", 10, NULL), PIPE_OK);
	r = reader();
	ck_assert_int_eq(log_read(r, buffer, 4, &n, NULL), PIPE_OK);
	ck_assert_uint_eq(n, 4);
	ck_assert_int_eq(memcmp(buffer, "a\0b\xff", 4), 0);
	ck_assert_int_eq(log_read(r, buffer, sizeof(buffer), &n, NULL), PIPE_OK);
	ck_assert_uint_eq(n, 6);
	ck_assert_int_eq(log_read(r, buffer, sizeof(buffer), &n, NULL), PIPE_OK);
	ck_assert_uint_eq(n, 0);
	put(w, 2, "more");
	ck_assert_int_eq(log_read(r, buffer, sizeof(buffer), &n, NULL), PIPE_OK);
	ck_assert_uint_eq(n, 4);
	/* Lines and bytes may be read in turns. */
	ck_assert_int_eq(log_seek_line(r, 1, NULL), PIPE_OK);
	done(w);
	{
		const char *text;
		int64_t time_ms;
		ck_assert_int_eq(log_read_line(r, &time_ms, &text, &n, 100, NULL), PIPE_OK);
		ck_assert_uint_eq(n, 4);
	}
	ck_assert_int_eq(log_read(r, buffer, 3, &n, NULL), PIPE_OK);
	ck_assert_int_eq(memcmp(buffer, "123", 3), 0);
	expect_line(r, "45more", -1);
	log_reader_free(r);
}
END_TEST

START_TEST(long_lines_come_in_pieces)
{
	static const size_t lengths[] = { 9, 10, 11, 19, 20, 21, 30, 1, 0, 200000 };
	struct log_writer *w = writer(false);
	struct log_reader *r;
	char *line = malloc(200001);
	const char *text;
	int64_t time_ms;
	size_t n;

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', 200000);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		line[lengths[i]] = '\n';
		ck_assert_int_eq(log_write(w, 5, line, lengths[i] + 1, NULL), PIPE_OK);
		line[lengths[i]] = 'x';
	}
	done(w);
	r = reader();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		size_t left = lengths[i];
		do {
			ck_assert_int_eq(log_read_line(r, &time_ms, &text, &n, 10, NULL), PIPE_OK);
			ck_assert_ptr_nonnull(text);
			ck_assert_uint_eq(n, left > 10 ? 10 : left);
			left -= n;
		} while (left);
	}
	expect_line(r, NULL, 0);
	/* The whole of it, when so much is wanted. */
	ck_assert_int_eq(log_seek_line(r, 10, NULL), PIPE_OK);
	ck_assert_int_eq(log_read_line(r, &time_ms, &text, &n, 200000, NULL), PIPE_OK);
	ck_assert_uint_eq(n, 200000);
	expect_line(r, NULL, 0);
	log_reader_free(r);
	free(line);
}
END_TEST

/* ---- many lines ---- */

enum { LINES = 40000 };

static void line_text(unsigned i, char *out, size_t size)
{
	snprintf(out, size, "line %u %.*s", i, (int)(i * 7919 % 90),
		 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopq");
}

/* Line i came at 1000 + i / 10. */
static void write_many(struct log_writer *w, unsigned from, unsigned to)
{
	char text[128];

	for (unsigned i = from; i < to; i++) {
		line_text(i, text, sizeof(text) - 1);
		text[strlen(text) + 1] = '\0';
		text[strlen(text)] = '\n';
		put(w, 1000 + i / 10, text);
	}
}

static void check_many(unsigned lines)
{
	struct log_reader *r = reader();
	char text[128];

	ck_assert_uint_eq(log_reader_lines(r), lines);
	for (unsigned i = 0; i < lines; i++) {
		line_text(i, text, sizeof(text));
		expect_line(r, text, 1000 + i / 10);
	}
	expect_line(r, NULL, 0);
	for (unsigned i = 0; i < lines; i += 1 + i / 50) {
		line_text(i, text, sizeof(text));
		ck_assert_int_eq(log_seek_line(r, i + 1, NULL), PIPE_OK);
		expect_line(r, text, 1000 + i / 10);
	}
	ck_assert_int_eq(log_seek_line(r, lines + 1, NULL), PIPE_OK);
	expect_line(r, NULL, 0);
	log_reader_free(r);
}

START_TEST(any_line_is_found)
{
	struct log_writer *w = writer(false);

	write_many(w, 0, LINES);
	done(w);
	check_many(LINES);
}
END_TEST

START_TEST(a_large_piece_gets_several_records)
{
	struct log_writer *w = writer(false);
	char *text = malloc(1000000);
	struct log_reader *r;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < 1000000; i++)
		text[i] = i % 10 == 9 ? '\n' : (char)('0' + i / 100000);
	ck_assert_int_eq(log_write(w, 77, text, 1000000, NULL), PIPE_OK);
	done(w);
	ck_assert_int_eq(size_of(file(".idx")), 24 + 24 * 16);
	r = reader();
	ck_assert_uint_eq(log_reader_lines(r), 100000);
	ck_assert_int_eq(log_seek_line(r, 55555, NULL), PIPE_OK);
	expect_line(r, "555555555", 77);
	log_reader_free(r);
	free(text);
}
END_TEST

START_TEST(the_index_stays_small)
{
	struct log_writer *w = writer(false);

	for (int i = 0; i < 100000; i++)
		put(w, 1000 + i / 1000, "x\n");
	done(w);
	ck_assert_int_le(size_of(file(".idx")), 24 * 102);
	{
		struct log_reader *r = reader();
		ck_assert_uint_eq(log_reader_lines(r), 100000);
		log_reader_free(r);
	}
}
END_TEST

/* ---- going on ---- */

START_TEST(a_log_is_continued)
{
	struct log_writer *w = writer(false);

	write_many(w, 0, 1000);
	done(w);
	w = writer(true);
	ck_assert_uint_eq(log_writer_lines(w), 1000);
	ck_assert_int_eq((long)log_writer_bytes(w), size_of(file(".log")));
	write_many(w, 1000, 3000);
	done(w);
	w = writer(true);
	write_many(w, 3000, 3001);
	done(w);
	check_many(3001);
	/* Without append it is begun anew. */
	w = writer(false);
	ck_assert_uint_eq(log_writer_lines(w), 0);
	write_many(w, 0, 5);
	done(w);
	check_many(5);
}
END_TEST

START_TEST(an_open_line_is_continued)
{
	struct log_writer *w = writer(false);
	struct log_reader *r;

	put(w, 1, "a\nhalf");
	done(w);
	w = writer(true);
	ck_assert_uint_eq(log_writer_lines(w), 2);
	put(w, 2, " and half\n");
	ck_assert_uint_eq(log_writer_lines(w), 2);
	done(w);
	r = reader();
	expect_line(r, "a", 1);
	expect_line(r, "half and half", 1);
	log_reader_free(r);
}
END_TEST

/* After a crash the index is shorter than the log, or, when the machine failed, the log shorter than its index. */
START_TEST(what_a_crash_left_is_read_and_continued)
{
	static const long cuts[] = { 0, 5, 24, 47, 48, 50, 24 * 50 + 3 };
	struct log_writer *w;
	struct log_reader *r;
	char text[128];

	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		w = writer(false);
		write_many(w, 0, 2000);
		done(w);
		ck_assert_int_eq(truncate(file(".idx"), cuts[i]), 0);
		r = reader();
		ck_assert_uint_eq(log_reader_lines(r), 2000);
		ck_assert_int_eq(log_seek_line(r, 1500, NULL), PIPE_OK);
		line_text(1499, text, sizeof(text));
		expect_line(r, text, -1);
		log_reader_free(r);
		w = writer(true);
		ck_assert_uint_eq(log_writer_lines(w), 2000);
		write_many(w, 2000, 2500);
		done(w);
		r = reader();
		ck_assert_uint_eq(log_reader_lines(r), 2500);
		ck_assert_int_eq(log_seek_line(r, 2400, NULL), PIPE_OK);
		line_text(2399, text, sizeof(text));
		expect_line(r, text, 1000 + 239);
		log_reader_free(r);
	}
	w = writer(false);
	write_many(w, 0, 2000);
	done(w);
	ck_assert_int_eq(truncate(file(".log"), 0), 0);
	w = writer(true);
	ck_assert_uint_eq(log_writer_lines(w), 0);
	write_many(w, 0, 2000);
	done(w);
	check_many(2000);
}
END_TEST

/* ---- compressed ---- */

START_TEST(a_long_log_is_compressed)
{
	struct log_writer *w = writer(false);
	struct log_reader *before;
	char text[128];
	long plain;

	write_many(w, 0, LINES);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_EBUSY);
	done(w);
	before = reader();
	expect_line(before, "line 0 ", 1000);
	plain = size_of(file(".log"));
	ck_assert_int_gt(plain, 2 * LOG_FRAME);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_OK);
	ck_assert_int_eq(size_of(file(".log")), -1);
	ck_assert_int_eq(size_of(file(".log.zst.tmp")), -1);
	ck_assert_int_lt(size_of(file(".log.zst")), plain / 3);
	/* Who has the plain one open goes on with it. */
	ck_assert_int_eq(log_seek_line(before, LINES, NULL), PIPE_OK);
	line_text(LINES - 1, text, sizeof(text));
	expect_line(before, text, 1000 + (LINES - 1) / 10);
	log_reader_free(before);
	check_many(LINES);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_OK);
	check_many(LINES);
}
END_TEST

START_TEST(compressing_can_be_stopped)
{
	struct log_writer *w = writer(false);
	atomic_bool stop = true;
	long plain;

	write_many(w, 0, LINES);
	done(w);
	plain = size_of(file(".log"));
	ck_assert_int_eq(log_compress(path, &stop, NULL), PIPE_EBUSY);
	ck_assert_int_eq(size_of(file(".log")), plain);
	ck_assert_int_eq(size_of(file(".log.zst")), -1);
	check_many(LINES);
	stop = false;
	ck_assert_int_eq(log_compress(path, &stop, NULL), PIPE_OK);
	check_many(LINES);
}
END_TEST

START_TEST(a_log_that_goes_on_is_not_replaced)
{
	struct log_writer *w = writer(false);
	struct log_pack *pack;

	write_many(w, 0, LINES);
	done(w);
	ck_assert_int_eq(log_pack_make(&pack, path, NULL, NULL), PIPE_OK);
	ck_assert_ptr_nonnull(pack);
	w = writer(true);
	write_many(w, LINES, LINES + 1);
	ck_assert_int_eq(log_pack_put(pack, NULL), PIPE_EBUSY);
	done(w);
	ck_assert_int_eq(log_pack_put(pack, NULL), PIPE_EBUSY);
	log_pack_free(pack);
	check_many(LINES + 1);
}
END_TEST

START_TEST(a_compressed_log_is_a_zstd_file)
{
	struct log_writer *w = writer(false);
	size_t plain_size, packed_size;
	char *plain, *packed, *unpacked;
	struct log_reader *r;

	write_many(w, 0, LINES);
	put(w, 5, "no newline");
	done(w);
	plain = read_file(file(".log"), &plain_size);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_OK);
	packed = read_file(file(".log.zst"), &packed_size);
	unpacked = malloc(plain_size);
	ck_assert_ptr_nonnull(unpacked);
	ck_assert_uint_eq(ZSTD_decompress(unpacked, plain_size, packed, packed_size), plain_size);
	ck_assert_int_eq(memcmp(unpacked, plain, plain_size), 0);
	free(plain);
	free(packed);
	free(unpacked);
	r = reader();
	ck_assert_uint_eq(log_reader_lines(r), LINES + 1);
	ck_assert_int_eq(log_seek_line(r, LINES + 1, NULL), PIPE_OK);
	expect_line(r, "no newline", -1);
	log_reader_free(r);
}
END_TEST

START_TEST(a_short_log_is_left_as_it_is)
{
	struct log_writer *w = writer(false);

	write_many(w, 0, 1000);
	done(w);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_OK);
	ck_assert_int_eq(size_of(file(".log.zst")), -1);
	check_many(1000);
}
END_TEST

START_TEST(a_compressed_log_is_continued)
{
	struct log_writer *w = writer(false);

	write_many(w, 0, LINES / 2);
	done(w);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_OK);
	ck_assert_int_eq(size_of(file(".log")), -1);
	w = writer(true);
	ck_assert_uint_eq(log_writer_lines(w), LINES / 2);
	write_many(w, LINES / 2, LINES);
	done(w);
	ck_assert_int_eq(size_of(file(".log.zst")), -1);
	check_many(LINES);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_OK);
	/* Begun anew, the old one is gone. */
	w = writer(false);
	write_many(w, 0, 3);
	done(w);
	check_many(3);
	ck_assert_int_eq(size_of(file(".log.zst")), -1);
}
END_TEST

/* ---- what can go wrong ---- */

START_TEST(a_full_disk_is_said_and_remembered)
{
	struct log_writer *w;
	pipe_error err = { 0 };

	ck_assert_int_eq(symlink("/dev/full", file(".log")), 0);
	w = writer(false);
	ck_assert_int_eq(log_write(w, 1, "x\n", 2, &err), PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "No space left on device"));
	ck_assert_ptr_nonnull(strstr(err.text, ".log"));
	ck_assert_int_eq(log_write(w, 1, "x\n", 2, &err), PIPE_EIO);
	ck_assert_uint_eq(log_writer_bytes(w), 0);
	ck_assert_int_eq(log_writer_free(w, NULL), PIPE_OK);
}
END_TEST

START_TEST(an_index_that_cannot_be_written_is_said)
{
	struct log_writer *w;
	struct log_reader *r;
	pipe_error err = { 0 };

	ck_assert_int_eq(symlink("/dev/full", file(".idx")), 0);
	w = writer(false);
	put(w, 1, "x\n");
	ck_assert_int_eq(log_writer_free(w, &err), PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, ".idx"));
	r = reader();
	expect_line(r, "x", -1);
	log_reader_free(r);
}
END_TEST

START_TEST(no_directory_no_log)
{
	struct log_writer *w;
	pipe_error err = { 0 };

	ck_assert_int_eq(log_writer_create(&w, "/no/such/place/1", false, &err), PIPE_OK);
	ck_assert_int_eq(log_write(w, 1, "x\n", 2, &err), PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "/no/such/place/1.log: No such file or directory"));
	done(w);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	struct log_reader *r;
	pipe_error err = { 0 };

	ck_assert_int_eq(mkfifo(file(".log"), 0600), 0);
	ck_assert_int_eq(log_reader_open(&r, path, &err), PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "is not a file"));
	unlink(file(".log"));
	ck_assert_int_eq(mkdir(file(".log.zst"), 0700), 0);
	ck_assert_int_eq(log_reader_open(&r, path, &err), PIPE_EIO);
	ck_assert_int_eq(rmdir(file(".log.zst")), 0);
}
END_TEST

/* Everything that can be done with a log, whatever it holds; the results do not matter. */
static void use(void)
{
	struct log_reader *r;
	pipe_error err;
	const char *text;
	char buffer[999];
	int64_t time_ms;
	size_t n;

	if (log_reader_open(&r, path, &err) != PIPE_OK)
		return;
	log_reader_lines(r);
	for (uint64_t line = 1; line < 100000; line = line * 3 + 1) {
		if (log_seek_line(r, line, &err) != PIPE_OK)
			break;
		for (int i = 0; i < 3; i++)
			if (log_read_line(r, &time_ms, &text, &n, 70, &err) != PIPE_OK || !text)
				break;
		if (log_read(r, buffer, sizeof(buffer), &n, &err) != PIPE_OK)
			break;
	}
	log_reader_free(r);
}

static void change_byte(size_t at, char c)
{
	int fd = open(file(".log.zst"), O_WRONLY);

	ck_assert_int_eq(pwrite(fd, &c, 1, (off_t)at), 1);
	close(fd);
}

START_TEST(a_damaged_compressed_log_is_an_error_and_no_crash)
{
	struct log_writer *w = writer(false);
	struct log_reader *r;
	pipe_error err = { 0 };
	unsigned state = 1;
	size_t length;
	char *bytes;

	write_many(w, 0, LINES);
	done(w);
	ck_assert_int_eq(log_compress(path, NULL, NULL), PIPE_OK);
	bytes = read_file(file(".log.zst"), &length);
	for (size_t cut = 0; cut < 200; cut++) {
		ck_assert_int_eq(truncate(file(".log.zst"), (off_t)(cut < 100 ? length - 1 - cut : 200 - cut)), 0);
		ck_assert_int_eq(log_reader_open(&r, path, &err), PIPE_EIO);
		ck_assert_ptr_nonnull(strstr(err.text, "damaged"));
	}
	write_file(file(".log.zst"), bytes, length);
	/* Each byte of table and trailer, and some of the frames. */
	for (size_t i = 0; i < 400; i++) {
		size_t at;
		state = state * 1103515245 + 12345;
		at = i < 150 ? length - 1 - i : (state >> 8) % length;
		change_byte(at, (char)(bytes[at] ^ (char)(1 << state % 8 | 0x80)));
		use();
		change_byte(at, bytes[at]);
	}
	/* A frame that is not what it was is found out. */
	bytes[length / 3] ^= 0x55;
	write_file(file(".log.zst"), bytes, length);
	r = reader();
	{
		char piece[4096];
		size_t n = 1;
		int rc = PIPE_OK;
		while (rc == PIPE_OK && n)
			rc = log_read(r, piece, sizeof(piece), &n, &err);
		ck_assert_int_eq(rc, PIPE_EIO);
	}
	log_reader_free(r);
	free(bytes);
}
END_TEST

START_TEST(a_falsified_index_is_no_crash)
{
	struct log_writer *w = writer(false);
	unsigned state = 99;
	size_t length;
	char *bytes;

	write_many(w, 0, 3000);
	done(w);
	bytes = read_file(file(".idx"), &length);
	ck_assert_uint_gt(length, 240);
	for (size_t i = 0; i < 300; i++) {
		for (size_t k = 0; k < 1 + i / 10; k++) {
			state = state * 1103515245 + 12345;
			bytes[24 + (state >> 8) % (length - 24)] = (char)(state >> 3);
		}
		write_file(file(".idx"), bytes, length);
		use();
		if (i % 50 == 0) {
			w = writer(true);
			put(w, 5000, "more\n");
			done(w);
		}
	}
	free(bytes);
}
END_TEST

Suite *log_suite(void)
{
	Suite *s = suite_create("log");
	TCase *c = tcase_create("log");

	tcase_add_checked_fixture(c, make_directory, remove_directory);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, nothing_is_there_until_the_first_byte);
	tcase_add_test(c, lines_come_back_with_their_times);
	tcase_add_test(c, a_growing_log_can_be_followed);
	tcase_add_test(c, bytes_can_be_read_in_pieces);
	tcase_add_test(c, long_lines_come_in_pieces);
	tcase_add_test(c, any_line_is_found);
	tcase_add_test(c, a_large_piece_gets_several_records);
	tcase_add_test(c, the_index_stays_small);
	tcase_add_test(c, a_log_is_continued);
	tcase_add_test(c, an_open_line_is_continued);
	tcase_add_test(c, what_a_crash_left_is_read_and_continued);
	tcase_add_test(c, a_long_log_is_compressed);
	tcase_add_test(c, compressing_can_be_stopped);
	tcase_add_test(c, a_log_that_goes_on_is_not_replaced);
	tcase_add_test(c, a_compressed_log_is_a_zstd_file);
	tcase_add_test(c, a_short_log_is_left_as_it_is);
	tcase_add_test(c, a_compressed_log_is_continued);
	tcase_add_test(c, a_full_disk_is_said_and_remembered);
	tcase_add_test(c, an_index_that_cannot_be_written_is_said);
	tcase_add_test(c, no_directory_no_log);
	tcase_add_test(c, what_is_no_file_is_refused);
	tcase_add_test(c, a_damaged_compressed_log_is_an_error_and_no_crash);
	tcase_add_test(c, a_falsified_index_is_no_crash);
	suite_add_tcase(s, c);
	return s;
}
