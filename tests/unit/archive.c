/* Archives: what is selected, that it comes back as it was, and that hostile ones (made with libarchive itself) do no harm. */
#include "runner/files/archive.h"
#include "runner/files/archive_library.h"
#include "tests/unit/scratch.h"
#include <dirent.h>
#include <dlfcn.h>

Suite *archive_suite(void);

static struct scratch s;
static pipe_error err;
static struct archive_stats stats;
static uint64_t unmatched;

static void setup(void)
{
	scratch_make(&s);
	scratch_dir(&s, "from");
	scratch_dir(&s, "to");
	err = (pipe_error){ 0 };
	unmatched = 0;
}

static void teardown(void)
{
	scratch_remove(&s);
}

static int pack(const char *const *paths, const char *const *exclude)
{
	struct archive_select select = { .paths = paths, .exclude = exclude };

	return archive_write(scratch_path(&s, "x.tar.zst"), scratch_path(&s, "from"), &select, &stats, &unmatched, &err);
}

static int unpack(void)
{
	return archive_extract(scratch_path(&s, "x.tar.zst"), scratch_path(&s, "to"), 0, &stats, &err);
}

struct found {
	char text[2048];
};

static int note(void *payload, const char *path)
{
	struct found *f = payload;
	size_t n = strlen(f->text);

	snprintf(f->text + n, sizeof(f->text) - n, "%s ", path);
	return 0;
}

/* What the patterns find below from/, separated by spaces. */
static const char *find(struct found *f, const char *const *paths, const char *const *exclude)
{
	struct archive_select select = { .paths = paths, .exclude = exclude };

	f->text[0] = '\0';
	ck_ok(archive_find(scratch_path(&s, "from"), &select, note, f, &err));
	return f->text;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(patterns_select_files_and_whole_directories)
{
	struct found f;

	scratch_file(&s, "from/a.c", "");
	scratch_file(&s, "from/src/b.c", "");
	scratch_file(&s, "from/src/deep/.hidden", "");
	scratch_file(&s, "from/src/deep/c.h", "");
	scratch_file(&s, "from/.env", "");
	ck_assert_str_eq(find(&f, LIST("*.c"), NULL), "a.c ");
	ck_assert_str_eq(find(&f, LIST("**/*.c"), NULL), "a.c src/b.c ");
	ck_assert_str_eq(find(&f, LIST("src"), NULL), "src/b.c src/deep/.hidden src/deep/c.h ");
	ck_assert_str_eq(find(&f, LIST("./src/"), NULL), "src/b.c src/deep/.hidden src/deep/c.h ");
	ck_assert_str_eq(find(&f, LIST("src/*"), NULL), "src/b.c src/deep/.hidden src/deep/c.h ");
	ck_assert_str_eq(find(&f, LIST("."), NULL), ".env a.c src/b.c src/deep/.hidden src/deep/c.h ");
	ck_assert_str_eq(find(&f, LIST("src", "src/b.c"), NULL), "src/b.c src/deep/.hidden src/deep/c.h ");
	ck_assert_str_eq(find(&f, LIST("**/*.{h,c}"), LIST("src/**")), "a.c ");
	ck_assert_str_eq(find(&f, LIST("src"), LIST("src/deep")), "src/b.c src/deep/.hidden src/deep/c.h ");
	ck_assert_str_eq(find(&f, LIST("nothing"), NULL), "");
}
END_TEST

START_TEST(absolute_paths_below_root_are_relative_and_others_select_nothing)
{
	struct found f;
	char inside[256], outside[256];

	scratch_file(&s, "from/a", "");
	scratch_file(&s, "secret", "");
	snprintf(inside, sizeof(inside), "%s/from/a", s.root);
	snprintf(outside, sizeof(outside), "%s/secret", s.root);
	ck_assert_str_eq(find(&f, LIST(inside), NULL), "a ");
	ck_assert_str_eq(find(&f, LIST(outside), NULL), "");
	ck_assert_str_eq(find(&f, LIST("../secret"), NULL), "");
	ck_assert_str_eq(find(&f, LIST("x/../../secret", "/etc/passwd"), NULL), "");
	snprintf(inside, sizeof(inside), "%s/from-not/a", s.root);
	ck_assert_str_eq(find(&f, LIST(inside), NULL), "");
}
END_TEST

START_TEST(git_and_the_state_directory_are_never_selected)
{
	struct found f;

	scratch_file(&s, "from/.git/config", "");
	scratch_file(&s, "from/.pipe/pipe.db", "");
	scratch_file(&s, "from/.pipe/runs/1/0.log", "");
	scratch_file(&s, "from/sub/.git/config", "");
	scratch_file(&s, "from/a", "");
	ck_assert_str_eq(find(&f, LIST("**"), NULL), "a sub/.git/config ");
	ck_assert_str_eq(find(&f, LIST(".git", ".pipe/runs"), NULL), "");
}
END_TEST

START_TEST(everything_comes_back_as_it_was)
{
	struct timespec times[2] = { { 1000, 1 }, { 1700000000, 123456789 } };
	struct stat st;
	char target[64] = "";

	scratch_file(&s, "from/out/tool", "#!/bin/sh\n");
	scratch_file(&s, "from/out/\xc3\xa4 \xff b", "odd name");
	scratch_dir(&s, "from/out/empty");
	ck_assert_int_eq(chmod(scratch_path(&s, "from/out/tool"), 04755), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(&s, "from/out/tool"), times, 0), 0);
	ck_assert_int_eq(symlink("tool", scratch_path(&s, "from/out/link")), 0);
	ck_assert_int_eq(mkfifo(scratch_path(&s, "from/out/fifo"), 0600), 0);
	ck_ok(pack(LIST("out"), NULL));
	ck_assert_uint_eq(stats.files, 3);
	ck_assert_uint_gt(stats.bytes, 0);
	ck_ok(unpack());
	ck_assert_uint_eq(stats.files, 3);
	ck_file_is(&s, "to/out/tool", "#!/bin/sh\n");
	ck_file_is(&s, "to/out/\xc3\xa4 \xff b", "odd name");
	ck_assert(scratch_has(&s, "to/out/empty"));
	ck_assert(!scratch_has(&s, "to/out/fifo"));
	ck_assert_int_eq(readlink(scratch_path(&s, "to/out/link"), target, sizeof(target) - 1), 4);
	ck_assert_str_eq(target, "tool");
	ck_assert_int_eq(stat(scratch_path(&s, "to/out/tool"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755); /* setuid is not handed on */
	ck_assert_int_eq(st.st_mtim.tv_sec, 1700000000);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 123456789);
}
END_TEST

START_TEST(a_long_file_and_a_long_path_survive)
{
	char path[400] = "from/";
	char *big = malloc(3000000);
	FILE *f;
	int different = 0;

	for (int i = 0; i < 30; i++)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "directory%02d/", i % 3);
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "file");
	ck_assert_ptr_nonnull(big);
	for (int i = 0; i < 3000000; i++)
		big[i] = (char)(i * 2654435761u >> 13);
	scratch_bytes(&s, path, big, 3000000);
	ck_ok(pack(LIST("**"), NULL));
	ck_ok(unpack());
	memcpy(path + 2, "to/", 3);
	f = fopen(scratch_path(&s, path + 2), "rb");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 3000000; i++)
		different += (char)fgetc(f) != big[i];
	ck_assert_int_eq(different, 0);
	ck_assert_int_eq(fgetc(f), EOF);
	fclose(f);
	free(big);
}
END_TEST

START_TEST(the_same_files_make_the_same_archive)
{
	char first[8192], second[8192];

	for (int i = 0; i < 40; i++) {
		char name[64];
		snprintf(name, sizeof(name), "from/d/%d", i * 7919 % 101);
		scratch_file(&s, name, "x");
	}
	ck_ok(pack(LIST("d"), NULL));
	scratch_text(&s, "x.tar.zst", first, sizeof(first));
	ck_ok(pack(LIST("d", "d/1*"), NULL));
	scratch_text(&s, "x.tar.zst", second, sizeof(second));
	ck_assert_mem_eq(first, second, stats.bytes < sizeof(first) ? stats.bytes : sizeof(first));
}
END_TEST

START_TEST(exclude_leaves_the_empty_directory)
{
	scratch_file(&s, "from/foo/qux/qu ux/g", "");
	scratch_file(&s, "from/foo/bar/w", "");
	scratch_file(&s, "from/foo/d", "");
	scratch_file(&s, "from/foo/a", "");
	ck_ok(pack(LIST("foo"), LIST("foo/qux/qu ux/**", "foo/bar/**", "foo/bar", "foo/d")));
	ck_ok(unpack());
	ck_assert(scratch_has(&s, "to/foo/a"));
	ck_assert(scratch_has(&s, "to/foo/qux/qu ux"));
	ck_assert(!scratch_has(&s, "to/foo/qux/qu ux/g"));
	ck_assert(!scratch_has(&s, "to/foo/bar"));
	ck_assert(!scratch_has(&s, "to/foo/d"));
}
END_TEST

START_TEST(what_matches_nothing_is_named)
{
	scratch_file(&s, "from/a", "");
	ck_ok(pack(LIST("none", "a", "/etc", "b/*"), NULL));
	ck_assert_uint_eq(unmatched, 1 | 4 | 8);
	ck_assert_uint_eq(stats.files, 1);
}
END_TEST

START_TEST(nothing_selected_makes_no_archive)
{
	ck_ok(pack(LIST("none"), NULL));
	ck_assert_uint_eq(stats.files, 0);
	ck_assert(!scratch_has(&s, "x.tar.zst"));
}
END_TEST

START_TEST(untracked_files_are_added_when_they_are_there)
{
	struct archive_select select = { .untracked = true, .untracked_files = LIST("new", "gone", "../secret", "d/n") };

	scratch_file(&s, "from/new", "1");
	scratch_file(&s, "from/old", "2");
	scratch_file(&s, "from/d/n", "3");
	scratch_file(&s, "secret", "4");
	ck_ok(archive_write(scratch_path(&s, "x.tar.zst"), scratch_path(&s, "from"), &select, &stats, &unmatched, &err));
	ck_assert_uint_eq(stats.files, 2);
	ck_assert_uint_eq(unmatched, 0);
	ck_ok(unpack());
	ck_file_is(&s, "to/new", "1");
	ck_file_is(&s, "to/d/n", "3");
	ck_assert(!scratch_has(&s, "to/old"));
}
END_TEST

START_TEST(an_archive_is_replaced_whole_and_leaves_nothing_beside_it)
{
	struct found f = { "" };
	struct archive_select all = { .paths = LIST("*") };

	scratch_file(&s, "from/a", "1");
	ck_ok(pack(LIST("a"), NULL));
	scratch_file(&s, "from/a", "2");
	ck_ok(pack(LIST("a"), NULL));
	ck_ok(unpack());
	ck_file_is(&s, "to/a", "2");
	ck_ok(archive_find(s.root, &all, note, &f, &err));
	ck_assert_str_eq(f.text, "from/a to/a x.tar.zst ");
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_an_error)
{
	struct archive_select select = { .paths = LIST("a") };

	scratch_file(&s, "from/a", "1");
	ck_assert_int_eq(archive_write(scratch_path(&s, "none/x"), scratch_path(&s, "from"), &select, &stats, NULL, &err),
			 PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "none/x"));
	ck_assert_int_eq(archive_write(scratch_path(&s, "x"), scratch_path(&s, "nowhere"), &select, &stats, NULL, &err),
			 PIPE_ENOTFOUND);
}
END_TEST

START_TEST(existing_files_are_replaced_and_directories_merged)
{
	scratch_file(&s, "from/d/new", "new");
	scratch_file(&s, "from/d/same", "fresh");
	ck_ok(pack(LIST("d"), NULL));
	scratch_file(&s, "to/d/kept", "kept");
	scratch_file(&s, "outside", "untouched");
	ck_assert_int_eq(symlink("../../outside", scratch_path(&s, "to/d/same")), 0);
	ck_ok(unpack());
	ck_file_is(&s, "to/d/kept", "kept");
	ck_file_is(&s, "to/d/new", "new");
	ck_file_is(&s, "to/d/same", "fresh");
	ck_file_is(&s, "outside", "untouched");
}
END_TEST

START_TEST(only_what_is_missing_comes_back)
{
	struct archive_select select = { .paths = LIST("d", "x", "l") };
	struct str names;
	struct stat st;

	scratch_file(&s, "from/d/a", "a");
	scratch_file(&s, "from/d/b", "b");
	scratch_file(&s, "from/x", "x");
	ck_assert_int_eq(symlink("x", scratch_path(&s, "from/l")), 0);
	str_init(&names);
	select.names = &names;
	ck_ok(archive_write(scratch_path(&s, "x.tar.zst"), scratch_path(&s, "from"), &select, &stats, &unmatched, &err));
	ck_assert_uint_eq(names.length, sizeof("d/a\0d/b\0l\0x"));
	ck_assert_mem_eq(names.data, "d/a\0d/b\0l\0x", names.length);
	ck_assert(archive_names_there(scratch_path(&s, "from"), names.data, names.length));

	ck_assert_int_eq(mkdir(scratch_path(&s, "to/d"), 0750), 0);
	scratch_file(&s, "to/d/a", "changed");
	ck_assert_int_eq(symlink("nowhere", scratch_path(&s, "to/l")), 0);
	ck_assert(!archive_names_there(scratch_path(&s, "to"), names.data, names.length));
	ck_ok(archive_complete(scratch_path(&s, "x.tar.zst"), scratch_path(&s, "to"), &err));
	ck_file_is(&s, "to/d/a", "changed");
	ck_file_is(&s, "to/d/b", "b");
	ck_file_is(&s, "to/x", "x");
	ck_assert(archive_names_there(scratch_path(&s, "to"), names.data, names.length)); /* a link to nothing is there, too */
	ck_assert_int_eq(stat(scratch_path(&s, "to/d"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0750);
	ck_assert(!archive_names_there(scratch_path(&s, "not"), names.data, names.length));
	str_clear(&names);
}
END_TEST

START_TEST(a_link_in_place_of_a_directory_is_not_followed)
{
	scratch_file(&s, "from/d/file", "new");
	ck_ok(pack(LIST("d/file"), NULL));
	scratch_dir(&s, "elsewhere");
	ck_assert_int_eq(symlink("../elsewhere", scratch_path(&s, "to/d")), 0);
	ck_assert_int_ne(unpack(), PIPE_OK);
	ck_assert(!scratch_has(&s, "elsewhere/file"));
}
END_TEST

START_TEST(links_that_leave_are_left_out)
{
	scratch_dir(&s, "from/d");
	ck_assert_int_eq(symlink("../../secret", scratch_path(&s, "from/d/up")), 0);
	ck_assert_int_eq(symlink("/var/keys/.ssh", scratch_path(&s, "from/d/keys")), 0);
	ck_assert_int_eq(symlink("/usr/bin/python3", scratch_path(&s, "from/d/python")), 0);
	ck_assert_int_eq(symlink("/usr/../root", scratch_path(&s, "from/d/sly")), 0);
	ck_assert_int_eq(symlink("x/../..", scratch_path(&s, "from/d/later")), 0);
	ck_assert_int_eq(symlink("../d/./file", scratch_path(&s, "from/d/fine")), 0);
	ck_assert_int_eq(symlink("..", scratch_path(&s, "from/d/root")), 0);
	ck_ok(pack(LIST("d"), NULL));
	ck_assert_uint_eq(stats.outside, 4);
	ck_assert_uint_eq(stats.files, 3);
	ck_ok(unpack());
	ck_assert(scratch_has(&s, "to/d/python"));
	ck_assert(scratch_has(&s, "to/d/fine"));
	ck_assert(scratch_has(&s, "to/d/root"));
	ck_assert(!scratch_has(&s, "to/d/up"));
}
END_TEST

/* ---- hostile archives ---- */

struct evil {
	const char *name;
	unsigned type;
	const char *link;
	const char *content;
};

static void make_evil(const struct evil *entries, size_t count)
{
	struct archive_library l;
	struct archive_entry *e;
	struct archive *w;
	void *handle;

	ck_ok(archive_library_open(&l, &handle, &err));
	w = l.archive_write_new();
	e = l.archive_entry_new();
	l.archive_write_set_format_pax(w);
	l.archive_write_add_filter_zstd(w);
	ck_assert_int_eq(l.archive_write_open_fd(w, open(scratch_path(&s, "x.tar.zst"), O_WRONLY | O_CREAT | O_TRUNC, 0600)),
			 ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		l.archive_entry_clear(e);
		l.archive_entry_set_pathname(e, entries[i].name);
		if (entries[i].type)
			l.archive_entry_set_filetype(e, entries[i].type);
		l.archive_entry_set_perm(e, 06777);
		if (entries[i].link && entries[i].type == AE_IFLNK)
			l.archive_entry_set_symlink(e, entries[i].link);
		else if (entries[i].link)
			((__typeof__(archive_entry_set_hardlink) *)dlsym(handle, "archive_entry_set_hardlink"))(e,
														entries[i].link);
		l.archive_entry_set_size(e, entries[i].content ? (la_int64_t)strlen(entries[i].content) : 0);
		ck_assert_int_ge(l.archive_write_header(w, e), ARCHIVE_WARN);
		if (entries[i].content)
			l.archive_write_data(w, entries[i].content, strlen(entries[i].content));
	}
	l.archive_entry_free(e);
	ck_assert_int_eq(l.archive_write_close(w), ARCHIVE_OK);
	l.archive_write_free(w);
	lazy_close(handle);
}

#define EVIL(...)                                                                                                                \
	do {                                                                                                                     \
		const struct evil evil_entries[] = { __VA_ARGS__ };                                                              \
		make_evil(evil_entries, sizeof(evil_entries) / sizeof(*evil_entries));                                           \
	} while (0)

static const struct evil refused[] = {
	{ "../escaped", AE_IFREG, NULL, "x" },
	{ "a/../../escaped", AE_IFREG, NULL, "x" },
	{ "/tmp/pipe-escaped", AE_IFREG, NULL, "x" },
	{ "../d", AE_IFDIR, NULL, NULL },
	{ "hard", 0, "../secret", NULL },
	{ "hard", 0, "/etc/passwd", NULL },
	{ "device", AE_IFCHR, NULL, NULL },
	{ "fifo", AE_IFIFO, NULL, NULL },
	{ "hard", 0, "missing", NULL },
	{ "../link", AE_IFLNK, "x", NULL },
};

START_TEST(entries_that_leave_are_refused)
{
	scratch_file(&s, "secret", "s");
	EVIL({ "first", AE_IFREG, NULL, "1" }, refused[_i]);
	ck_assert_int_eq(unpack(), PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "x.tar.zst"));
	ck_assert(!scratch_has(&s, "escaped"));
	ck_assert(!scratch_has(&s, "d"));
	ck_assert(!scratch_has(&s, "link"));
	ck_assert(!scratch_has(&s, "to/hard"));
	ck_assert_int_ne(access("/tmp/pipe-escaped", F_OK), 0);
}
END_TEST

START_TEST(nobody_writes_through_a_planted_link)
{
	scratch_dir(&s, "outside");
	EVIL({ "d", AE_IFLNK, "../outside", NULL }, { "d/file", AE_IFREG, NULL, "x" });
	ck_ok(unpack()); /* the link was left out: d is a directory of its own */
	ck_assert(!scratch_has(&s, "outside/file"));
	ck_file_is(&s, "to/d/file", "x");
	EVIL({ "in", AE_IFLNK, ".", NULL }, { "in/file", AE_IFREG, NULL, "x" });
	ck_assert_int_eq(unpack(), PIPE_EIO);
	ck_assert(!scratch_has(&s, "to/file"));
	EVIL({ "l", AE_IFLNK, "l2", NULL }, { "l", AE_IFREG, NULL, "replaced" });
	ck_ok(unpack());
	ck_file_is(&s, "to/l", "replaced");
	ck_assert(!scratch_has(&s, "to/l2"));
}
END_TEST

START_TEST(a_link_below_a_link_cannot_climb)
{
	EVIL({ "x", AE_IFLNK, ".", NULL }, { "y", AE_IFLNK, "x/..", NULL }, { "z", AE_IFLNK, "x/../../etc", NULL });
	ck_ok(unpack());
	ck_assert_uint_eq(stats.outside, 2);
	ck_assert(scratch_has(&s, "to/x"));
	ck_assert(!scratch_has(&s, "to/y"));
	ck_assert(!scratch_has(&s, "to/z"));
}
END_TEST

START_TEST(hard_links_inside_work)
{
	EVIL({ "a", AE_IFREG, NULL, "text" }, { "d/b", 0, "a", NULL }, { "a", 0, "a", NULL });
	ck_ok(unpack());
	ck_file_is(&s, "to/d/b", "text");
	ck_file_is(&s, "to/a", "text");
}
END_TEST

START_TEST(modes_lose_their_special_bits_and_closed_directories_are_filled)
{
	struct stat st;

	EVIL({ "d", AE_IFDIR, NULL, NULL }, { "d/f", AE_IFREG, NULL, "x" });
	ck_ok(unpack());
	ck_assert_int_eq(stat(scratch_path(&s, "to/d"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0777);
	ck_assert_int_eq(stat(scratch_path(&s, "to/d/f"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0777);
	scratch_file(&s, "from/closed/f", "x");
	ck_assert_int_eq(chmod(scratch_path(&s, "from/closed"), 0555), 0);
	ck_ok(pack(LIST("closed"), NULL));
	ck_ok(unpack());
	ck_file_is(&s, "to/closed/f", "x");
	ck_assert_int_eq(stat(scratch_path(&s, "to/closed"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0555);
	chmod(scratch_path(&s, "from/closed"), 0755);
	chmod(scratch_path(&s, "to/closed"), 0755);
}
END_TEST

static int entries_in(const char *path)
{
	DIR *directory = opendir(path);
	int count = -2; /* "." and ".." */

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Jobs that run at the same time in one working copy may bring the same files, and others use them meanwhile. */
START_TEST(several_may_unpack_the_same_at_once)
{
	enum { PROCESSES = 4, ROUNDS = 10 };
	char name[32];
	int status, fd;

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "from/f%d", i);
		scratch_file(&s, name, "whole");
	}
	ck_assert_int_eq(symlink("f0", scratch_path(&s, "from/link")), 0);
	ck_ok(pack(LIST("f*", "link"), NULL));
	ck_ok(unpack());
	for (int p = 0; p < PROCESSES; p++) {
		if (fork())
			continue;
		for (int i = 0; i < ROUNDS; i++)
			if (unpack())
				_exit(1);
		_exit(0);
	}
	for (int ended = 0; ended < PROCESSES;) {
		char text[8] = "";
		fd = open(scratch_path(&s, "to/f7"), O_RDONLY);
		ck_assert_msg(fd >= 0, "a file was missing");
		ck_assert_int_eq(read(fd, text, sizeof(text)), 5);
		close(fd);
		if (waitpid(-1, &status, WNOHANG) > 0) {
			ended++;
			ck_assert_msg(status == 0, "a process failed");
		}
	}
	ck_assert_int_eq(entries_in(scratch_path(&s, "to")), 21);
}
END_TEST

START_TEST(a_bomb_is_stopped)
{
	char *zeros = calloc(1, 4000000);

	ck_assert_ptr_nonnull(zeros);
	scratch_bytes(&s, "from/zeros", zeros, 4000000);
	free(zeros);
	ck_ok(pack(LIST("zeros"), NULL));
	ck_assert_uint_lt(stats.bytes, 10000);
	ck_assert_int_eq(archive_extract(scratch_path(&s, "x.tar.zst"), scratch_path(&s, "to"), 3999999, &stats, &err),
			 PIPE_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "zeros"));
	ck_ok(archive_extract(scratch_path(&s, "x.tar.zst"), scratch_path(&s, "to"), 4000000, &stats, &err));
}
END_TEST

START_TEST(damage_is_an_error)
{
	char bytes[65536];
	FILE *f;
	size_t n;

	for (int i = 0; i < 200; i++) {
		char name[64], text[64];
		snprintf(name, sizeof(name), "from/%d", i);
		snprintf(text, sizeof(text), "%d %u", i, (unsigned)i * 2654435761u);
		scratch_file(&s, name, text);
	}
	ck_ok(pack(LIST("*"), NULL));
	f = fopen(scratch_path(&s, "x.tar.zst"), "rb");
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t cut = 0; cut < n; cut += n / 7 + 1) {
		scratch_bytes(&s, "x.tar.zst", bytes, cut);
		ck_assert_int_eq(unpack(), PIPE_EIO);
		ck_assert_ptr_nonnull(strstr(err.text, "damaged"));
	}
	scratch_file(&s, "x.tar.zst", "this is no archive, whatever its name says");
	ck_assert_int_eq(unpack(), PIPE_EIO);
	unlink(scratch_path(&s, "x.tar.zst"));
	ck_assert_int_eq(unpack(), PIPE_ENOTFOUND);
	scratch_dir(&s, "x.tar.zst");
	ck_assert_int_eq(unpack(), PIPE_EIO);
}
END_TEST

Suite *archive_suite(void)
{
	Suite *suite = suite_create("archive");
	TCase *t = tcase_create("archive");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, patterns_select_files_and_whole_directories);
	tcase_add_test(t, absolute_paths_below_root_are_relative_and_others_select_nothing);
	tcase_add_test(t, git_and_the_state_directory_are_never_selected);
	tcase_add_test(t, everything_comes_back_as_it_was);
	tcase_add_test(t, a_long_file_and_a_long_path_survive);
	tcase_add_test(t, the_same_files_make_the_same_archive);
	tcase_add_test(t, exclude_leaves_the_empty_directory);
	tcase_add_test(t, what_matches_nothing_is_named);
	tcase_add_test(t, nothing_selected_makes_no_archive);
	tcase_add_test(t, untracked_files_are_added_when_they_are_there);
	tcase_add_test(t, an_archive_is_replaced_whole_and_leaves_nothing_beside_it);
	tcase_add_test(t, a_place_that_cannot_be_written_is_an_error);
	tcase_add_test(t, existing_files_are_replaced_and_directories_merged);
	tcase_add_test(t, only_what_is_missing_comes_back);
	tcase_add_test(t, a_link_in_place_of_a_directory_is_not_followed);
	tcase_add_test(t, links_that_leave_are_left_out);
	tcase_add_loop_test(t, entries_that_leave_are_refused, 0, sizeof(refused) / sizeof(*refused));
	tcase_add_test(t, nobody_writes_through_a_planted_link);
	tcase_add_test(t, a_link_below_a_link_cannot_climb);
	tcase_add_test(t, hard_links_inside_work);
	tcase_add_test(t, modes_lose_their_special_bits_and_closed_directories_are_filled);
	tcase_add_test(t, several_may_unpack_the_same_at_once);
	tcase_add_test(t, a_bomb_is_stopped);
	tcase_add_test(t, damage_is_an_error);
	suite_add_tcase(suite, t);
	return suite;
}
