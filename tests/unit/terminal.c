/*
 * What the command line shows of a run: hostile text made harmless, the board that events fill, the live region.  The command line
 * is no part of the library, so its files are compiled in here.
 */
#include "cli/output/out.c"
#include "cli/output/text.c"
#include "cli/view/board.c"
#include "cli/view/frame.c"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

Suite *terminal_suite(void);

/* The board of these tests has no plan; its jobs come with their events. */

/* ---- text ---- */

static void check_clean(const char *text, size_t length, unsigned flags, const char *expected)
{
	struct str s;

	str_init(&s);
	text_clean(&s, text, length, flags);
	ck_assert_str_eq(s.data, expected);
	str_clear(&s);
}

START_TEST(clean_takes_out_what_a_terminal_obeys)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "plain", "plain" },
		{ "\033[31mred\033[0m", "red" },
		{ "a\033[2J\033[Hb", "ab" },
		{ "a\033]0;title\007b", "ab" },
		{ "a\033]8;;http://x\033\\link\033]8;;\033\\b", "alinkb" },
		{ "a\033Pq#0;1~\033\\b", "ab" },
		{ "a\033]0;never ended", "a" },
		{ "a\033[31", "a" },
		{ "a\033", "a" },
		{ "a\033cb", "ab" },
		{ "a\033(Bb", "ab" },
		{ "a\bb\x07"
		  "c\x7f",
		  "abc" },
		{ "a\xc2\x9b"
		  "31mb",
		  "a31mb" },
		{ "right\xe2\x80\xaeleft", "rightleft" },
		{ "a\tb", "a    b" },
		{ "a\nb", "a b" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "bad\xff", "bad\xef\xbf\xbd" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_clean(rows[i].text, strlen(rows[i].text), 0, rows[i].expected);
	check_clean("a\0b", 3, 0, "ab");
}
END_TEST

START_TEST(clean_keeps_colours_only_where_they_are_wanted)
{
	check_clean("\033[1;31mred", 10, TEXT_COLOUR, "\033[1;31mred\033[0m");
	check_clean("\033[2Jx", 5, TEXT_COLOUR, "x");
	check_clean("\033[?25lx", 7, TEXT_COLOUR, "x");
	check_clean("\033[>4;1mx", 8, TEXT_COLOUR, "x");
	check_clean("\033[38:5:1mx", 10, TEXT_COLOUR, "\033[38:5:1mx\033[0m");
}
END_TEST

START_TEST(clean_for_ascii)
{
	check_clean("gr\xc3\xbc\xe6\xbc\xa2", 7, TEXT_ASCII, "gr??");
	check_clean("a\tb", 3, TEXT_TABS, "a\tb");
}
END_TEST

START_TEST(a_progress_bar_is_what_was_left_of_it)
{
	static const struct {
		const char *text, *expected;
	} rows[] = { { "10%\r50%\r99%", "99%" }, { "dos\r", "dos" }, { "a\rb\r\r", "b" },
		     { "none", "none" },	 { "\r", "" },	     { "", "" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n = strlen(rows[i].text);
		const char *at = text_after_return(rows[i].text, &n);
		ck_assert_uint_eq(n, strlen(rows[i].expected));
		ck_assert_int_eq(memcmp(at, rows[i].expected, n), 0);
	}
}
END_TEST

static void check_fit(const char *text, unsigned columns, int pad, const char *expected, unsigned used)
{
	struct str s;

	str_init(&s);
	ck_assert_uint_eq(text_fit(&s, text, columns, "~", pad), used);
	ck_assert_str_eq(s.data, expected);
	str_clear(&s);
}

START_TEST(fit_counts_columns)
{
	check_fit("abc", 5, 0, "abc", 3);
	check_fit("abc", 5, 1, "abc  ", 5);
	check_fit("abcdef", 4, 0, "abc~", 4);
	check_fit("abcd", 4, 0, "abcd", 4);
	check_fit("\xe6\xbc\xa2\xe5\xad\x97", 4, 0, "\xe6\xbc\xa2\xe5\xad\x97", 4);
	check_fit("\xe6\xbc\xa2\xe5\xad\x97", 3, 0, "\xe6\xbc\xa2~", 3);
	check_fit("\xe6\xbc\xa2\xe5\xad\x97", 2, 1, "~ ", 2);
	check_fit("abc", 0, 1, "", 0);
}
END_TEST

static void check_fit_name(const char *text, unsigned columns, int pad, const char *expected, unsigned used)
{
	struct str s;

	str_init(&s);
	ck_assert_uint_eq(text_fit_name(&s, text, columns, "~", pad), used);
	ck_assert_str_eq(s.data, expected);
	str_clear(&s);
}

START_TEST(names_are_cut_in_the_middle)
{
	check_fit_name("test: [a, b]", 12, 0, "test: [a, b]", 12);
	check_fit_name("test: [a, b]", 14, 1, "test: [a, b]  ", 14);
	check_fit_name("a long test: [a, b]", 12, 0, "a long~a, b]", 12);
	check_fit_name("abcdef", 3, 0, "a~f", 3);
	check_fit_name("abcdef", 2, 0, "a~", 2);
	check_fit_name("abcdef", 0, 0, "", 0);
	/* No half of a wide character, no mark without its letter. */
	check_fit_name("abcdef\xe6\xbc\xa2\xe5\xad\x97", 8, 1, "abcde~\xe5\xad\x97", 8);
	check_fit_name("abcdefghe\xcc\x81z", 4, 0, "ab~z", 4);
}
END_TEST

/* ---- the board ---- */

static struct board_job *send_event(struct board *b, enum pipe_event_kind kind, int64_t run, const char *job, uint32_t index,
				    enum pipe_status status)
{
	pipe_event e = { .kind = kind,
			 .run = run,
			 .job = job,
			 .job_index = index,
			 .stage = index < 2 ? "build" : "test",
			 .attempt = 1,
			 .status = status,
			 .time_ms = 1000,
			 .exit_code = -1,
			 .expected_ms = -1,
			 .duration_ms = 10 };

	return board_event(b, &e);
}

static void send_log(struct board *b, const char *job, uint32_t index, const char *text)
{
	pipe_event e = { .kind = PIPE_EVENT_LOG,
			 .run = 1,
			 .job = job,
			 .job_index = index,
			 .stage = "build",
			 .text = text,
			 .text_length = strlen(text) };

	board_event(b, &e);
}

START_TEST(board_counts_states_by_stage)
{
	struct board b;

	board_init(&b, 0, true);
	send_event(&b, PIPE_EVENT_RUN_STARTED, 1, NULL, 0, 0);
	for (uint32_t i = 0; i < 3; i++) {
		char name[] = { (char)('a' + i), '\0' };
		send_event(&b, PIPE_EVENT_JOB_QUEUED, 1, name, i, 0);
		send_event(&b, PIPE_EVENT_JOB_STARTED, 1, name, i, 0);
	}
	ck_assert_uint_eq(b.stages.count, 2);
	ck_assert_uint_eq(b.running.count, 3);
	send_event(&b, PIPE_EVENT_JOB_FINISHED, 1, "b", 1, PIPE_STATUS_FAILED);
	send_event(&b, PIPE_EVENT_JOB_RETRY, 1, "a", 0, 0);
	ck_assert_uint_eq(b.stages.items[0].total, 2);
	ck_assert_uint_eq(b.stages.items[0].done, 1);
	ck_assert_uint_eq(b.stages.items[0].failed, 1);
	ck_assert_uint_eq(b.stages.items[0].running, 0);
	ck_assert_uint_eq(b.stages.items[1].running, 1);
	ck_assert_uint_eq(b.running.count, 1);
	ck_assert_uint_eq(board_done(&b), 1);
	send_event(&b, PIPE_EVENT_JOB_STARTED, 1, "a", 0, 0);
	send_event(&b, PIPE_EVENT_JOB_FINISHED, 1, "a", 0, PIPE_STATUS_SUCCESS);
	send_event(&b, PIPE_EVENT_JOB_FINISHED, 1, "c", 2, PIPE_STATUS_SKIPPED);
	ck_assert_uint_eq(b.finished.count, 3);
	ck_assert_uint_eq(b.running.count, 0);
	ck_assert_uint_eq(b.counts[PIPE_STATUS_SUCCESS], 1);
	send_event(&b, PIPE_EVENT_RUN_FINISHED, 1, NULL, 0, PIPE_STATUS_FAILED);
	ck_assert_int_eq(b.status, PIPE_STATUS_FAILED);
	board_clear(&b);
}
END_TEST

START_TEST(board_keeps_runs_of_children_apart)
{
	struct board b;

	board_init(&b, 0, false);
	send_event(&b, PIPE_EVENT_RUN_STARTED, 1, NULL, 0, 0);
	send_event(&b, PIPE_EVENT_JOB_STARTED, 1, "parent", 0, 0);
	send_event(&b, PIPE_EVENT_JOB_STARTED, 2, "parent -> x", 0, 0);
	send_event(&b, PIPE_EVENT_JOB_FINISHED, 2, "parent -> x", 0, PIPE_STATUS_SUCCESS);
	ck_assert_uint_eq(b.jobs.count, 2);
	ck_assert_int_eq(b.jobs.items[0].status, PIPE_STATUS_RUNNING);
	ck_assert_int_eq(b.jobs.items[1].run, 2);
	send_event(&b, PIPE_EVENT_RUN_FINISHED, 2, NULL, 0, PIPE_STATUS_FAILED);
	ck_assert_int_eq(b.status, PIPE_STATUS_RUNNING);
	ck_assert_int_eq(board_run_number(&b), 1);
	board_clear(&b);
}
END_TEST

static void check_tail(const struct board_job *job, uint32_t i, const char *expected)
{
	size_t n;
	const char *line = tail_line(job->tail, i, &n);

	ck_assert_ptr_nonnull(line);
	ck_assert_uint_eq(n, strlen(expected));
	ck_assert_int_eq(memcmp(line, expected, n), 0);
}

START_TEST(board_keeps_the_last_lines)
{
	struct board_job *job;
	struct board b;
	struct str s;
	size_t n = 0;

	board_init(&b, 0, true);
	str_init(&s);
	send_event(&b, PIPE_EVENT_JOB_STARTED, 1, "a", 0, 0);
	for (int i = 0; i < 1000; i++)
		str_printf(&s, "line %d\n", i);
	send_log(&b, "a", 0, s.data);
	send_log(&b, "a", 0, "\033[1mbold\033[0m 1%\r100%\n");
	job = &b.jobs.items[0];
	ck_assert_uint_eq(tail_count(job->tail), TAIL_LINES);
	check_tail(job, 0, "line 991");
	check_tail(job, TAIL_LINES - 2, "line 999");
	check_tail(job, TAIL_LINES - 1, "100%");
	ck_assert_ptr_null(tail_line(job->tail, TAIL_LINES, &n));
	send_event(&b, PIPE_EVENT_JOB_FINISHED, 1, "a", 0, PIPE_STATUS_SUCCESS);
	ck_assert_ptr_null(b.jobs.items[0].tail);
	str_clear(&s);
	board_clear(&b);
}
END_TEST

START_TEST(board_cuts_a_long_line_between_characters)
{
	struct board b;
	struct str s;
	size_t n = 0;

	board_init(&b, 0, true);
	str_init(&s);
	send_event(&b, PIPE_EVENT_JOB_STARTED, 1, "a", 0, 0);
	for (int i = 0; i < 5000; i++)
		str_adds(&s, "\xe6\xbc\xa2");
	send_log(&b, "a", 0, s.data);
	tail_line(b.jobs.items[0].tail, 0, &n);
	ck_assert_uint_le(n, TAIL_BYTES);
	ck_assert_uint_gt(n, TAIL_BYTES - 4);
	ck_assert_uint_eq(n % 3, 0);
	str_clear(&s);
	board_clear(&b);
}
END_TEST

START_TEST(board_shows_hostile_names_clean)
{
	struct board b;

	board_init(&b, 0, false);
	send_event(&b, PIPE_EVENT_JOB_STARTED, 1, "x\033]0;t\007y", 0, 0);
	ck_assert_str_eq(b.jobs.items[0].name, "xy");
	ck_assert_ptr_null(send_event(&b, PIPE_EVENT_JOB_STARTED, 1, "far", UINT32_MAX, 0));
	ck_assert(b.incomplete);
	board_clear(&b);
}
END_TEST

/* ---- the live region ---- */

struct screen {
	struct frame frame;
	struct out out;
	int fd;
	char text[8192];
};

static void screen_open(struct screen *s)
{
	char path[] = "/tmp/terminal-test-XXXXXX";

	s->fd = mkstemp(path);
	ck_assert_int_ge(s->fd, 0);
	unlink(path);
	out_init(&s->out, s->fd);
	frame_init(&s->frame, &s->out);
}

static void screen_close(struct screen *s)
{
	frame_clear(&s->frame);
	close(s->fd);
}

static void add_row(struct screen *s, const char *text)
{
	str_adds(frame_line(&s->frame), text);
	frame_line_end(&s->frame, (unsigned)strlen(text));
}

/* What was written since the last call. */
static const char *written(struct screen *s)
{
	off_t end = lseek(s->fd, 0, SEEK_END);

	ck_assert_int_lt(end, (off_t)sizeof(s->text));
	ck_assert_int_eq(pread(s->fd, s->text, (size_t)end, 0), end);
	s->text[end] = '\0';
	ck_assert_int_eq(ftruncate(s->fd, 0), 0);
	lseek(s->fd, 0, SEEK_SET);
	return s->text;
}

START_TEST(frame_writes_only_lines_that_changed)
{
	struct screen *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	screen_open(s);
	add_row(s, "one");
	add_row(s, "two");
	frame_show(&s->frame, 80);
	ck_assert_str_eq(written(s), "\033[?2026h\033[?25l\r\033[Jone\033[K\r\ntwo\033[K\033[?2026l");
	add_row(s, "one");
	add_row(s, "2");
	frame_show(&s->frame, 80);
	ck_assert_str_eq(written(s), "\033[?2026h\r\033[1A\r\n2\033[K\033[?2026l");
	add_row(s, "one");
	add_row(s, "2");
	frame_show(&s->frame, 80);
	ck_assert_str_eq(written(s), "");
	screen_close(s);
	free(s);
}
END_TEST

START_TEST(frame_lets_lines_go_up)
{
	struct screen *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	screen_open(s);
	add_row(s, "one");
	add_row(s, "two");
	frame_show(&s->frame, 80);
	written(s);
	str_adds(&s->frame.above, "done\n");
	add_row(s, "two");
	frame_show(&s->frame, 80);
	ck_assert_str_eq(written(s), "\033[?2026h\r\033[1A\033[Jdone\ntwo\033[K\033[?2026l");
	str_adds(&s->frame.above, "summary\n");
	frame_end(&s->frame, 80);
	ck_assert_str_eq(written(s), "\r\033[Jsummary\n\033[?25h");
	screen_close(s);
	free(s);
}
END_TEST

START_TEST(frame_knows_that_a_narrow_window_breaks_lines)
{
	struct screen *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	screen_open(s);
	add_row(s, "123456789012345");
	add_row(s, "two");
	frame_show(&s->frame, 80);
	written(s);
	add_row(s, "1234");
	add_row(s, "two");
	frame_show(&s->frame, 10);
	ck_assert_str_eq(written(s), "\033[?2026h\r\033[2A\033[J1234\033[K\r\ntwo\033[K\033[?2026l");
	screen_close(s);
	free(s);
}
END_TEST

START_TEST(frame_clears_what_a_smaller_region_leaves)
{
	struct screen *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	screen_open(s);
	add_row(s, "one");
	add_row(s, "two");
	add_row(s, "three");
	frame_show(&s->frame, 80);
	written(s);
	add_row(s, "one");
	frame_show(&s->frame, 80);
	ck_assert_str_eq(written(s), "\033[?2026h\r\033[2A\033[1B\r\033[J\033[1A\033[?2026l");
	screen_close(s);
	free(s);
}
END_TEST

START_TEST(frame_ignores_rows_beyond_its_limit)
{
	struct screen *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	screen_open(s);
	for (int i = 0; i < FRAME_LINES + 10; i++)
		add_row(s, "x");
	ck_assert_uint_eq(frame_line_count(&s->frame), FRAME_LINES);
	frame_show(&s->frame, 80);
	screen_close(s);
	free(s);
}
END_TEST

/* ---- output ---- */

START_TEST(output_that_nobody_reads_is_no_failure)
{
	struct out *o = calloc(1, sizeof(*o));
	int ends[2];

	ck_assert_ptr_nonnull(o);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	out_init(o, ends[1]);
	out_text(o, "lost");
	out_flush(o);
	ck_assert_int_eq(o->error, EPIPE);
	ck_assert(!out_failed(o));
	ck_assert_int_ne(out_receive(o, "x", 1), 0);
	close(ends[1]);
	free(o);
}
END_TEST

START_TEST(output_that_cannot_be_written_is_a_failure)
{
	struct out *o = calloc(1, sizeof(*o));
	int fd = open("/dev/full", O_WRONLY);

	ck_assert_ptr_nonnull(o);
	out_init(o, fd);
	out_text(o, "lost");
	out_flush(o);
	ck_assert_int_eq(o->error, ENOSPC);
	ck_assert(out_failed(o));
	close(fd);
	free(o);
}
END_TEST

Suite *terminal_suite(void)
{
	Suite *suite = suite_create("terminal");
	TCase *text = tcase_create("text"), *board = tcase_create("board");
	TCase *live = tcase_create("frame"), *output = tcase_create("output");

	tcase_add_test(text, clean_takes_out_what_a_terminal_obeys);
	tcase_add_test(text, clean_keeps_colours_only_where_they_are_wanted);
	tcase_add_test(text, clean_for_ascii);
	tcase_add_test(text, a_progress_bar_is_what_was_left_of_it);
	tcase_add_test(text, fit_counts_columns);
	tcase_add_test(text, names_are_cut_in_the_middle);
	suite_add_tcase(suite, text);
	tcase_add_test(board, board_counts_states_by_stage);
	tcase_add_test(board, board_keeps_runs_of_children_apart);
	tcase_add_test(board, board_keeps_the_last_lines);
	tcase_add_test(board, board_cuts_a_long_line_between_characters);
	tcase_add_test(board, board_shows_hostile_names_clean);
	suite_add_tcase(suite, board);
	tcase_add_test(live, frame_writes_only_lines_that_changed);
	tcase_add_test(live, frame_lets_lines_go_up);
	tcase_add_test(live, frame_knows_that_a_narrow_window_breaks_lines);
	tcase_add_test(live, frame_clears_what_a_smaller_region_leaves);
	tcase_add_test(live, frame_ignores_rows_beyond_its_limit);
	suite_add_tcase(suite, live);
	tcase_add_test(output, output_that_nobody_reads_is_no_failure);
	tcase_add_test(output, output_that_cannot_be_written_is_a_failure);
	suite_add_tcase(suite, output);
	return suite;
}
