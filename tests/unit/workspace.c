#include "runner/files/workspace.h"
#include "tests/unit/scratch.h"

#include <sys/resource.h>

Suite *workspace_suite(void);

static struct scratch s;
static pipe_error err;

static void setup(void)
{
	scratch_make(&s);
	scratch_dir(&s, "project");
}

static void teardown(void)
{
	scratch_remove(&s);
}

static void copy(void)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/project", s.root);
	snprintf(to, sizeof(to), "%s/state/runs/1/work/0", s.root);
	ck_ok(workspace_copy(from, to, &err));
}

#define COPY "state/runs/1/work/0/"

START_TEST(in_git_tracked_and_new_files_are_copied)
{
	scratch_sh(&s, "cd project; git init -q; mkdir d; echo t >d/tracked; echo x >gone; echo '*.o' >.gitignore; git add .;"
		       "git commit -qm one; rm gone; echo changed >d/tracked; echo n >new; echo o >x.o; ln -s d/tracked link;"
		       "mkdir .pipe; : >.pipe/pipe.db");
	copy();
	ck_file_is(&s, COPY "d/tracked", "changed\n");
	ck_file_is(&s, COPY "new", "n\n");
	ck_assert(scratch_has(&s, COPY ".gitignore"));
	ck_assert(!scratch_has(&s, COPY "gone"));
	ck_assert(!scratch_has(&s, COPY "x.o"));
	ck_assert(!scratch_has(&s, COPY ".pipe"));
	ck_file_is(&s, COPY "link", "changed\n");
}
END_TEST

START_TEST(git_works_in_the_copy_and_cannot_harm_the_original)
{
	scratch_sh(
		&s,
		"cd project; git init -q -b main; echo 1 >a; git add .; git commit -qm one; git tag -am v1 v1; git pack-refs --all;"
		"echo 2 >a; git commit -qam two; git branch side; git remote add origin https://example.org/g/p.git;"
		"echo 3 >a; echo 'exit 1' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit");
	copy();
	scratch_sh(
		&s,
		"before=$(cd project; find .git -type f | sort | xargs cat | cksum);"
		"cd " COPY "; test \"$(git rev-parse HEAD)\" = \"$(git -C \"$OLDPWD/project\" rev-parse HEAD)\";"
		"case $(git describe) in v1-1-g*) ;; *) exit 1;; esac;"
		"test \"$(git rev-parse --abbrev-ref HEAD)\" = main; git rev-parse -q --verify side;"
		"test \"$(git status --porcelain)\" = ' M a'; test \"$(git config remote.origin.url)\" = https://example.org/g/p.git;"
		"git commit -qam three; git tag new; git gc -q; git fsck; cd \"$OLDPWD\";"
		"test \"$before\" = \"$(cd project; find .git -type f | sort | xargs cat | cksum)\"");
}
END_TEST

START_TEST(a_linked_work_tree_and_a_submodule_are_copied)
{
	scratch_sh(&s, "rmdir project; git init -q -b main sub; echo s >sub/s; git -C sub add .; git -C sub commit -qm s;"
		       "git init -q -b main main; echo 1 >main/a; git -C main add .;"
		       "git -C main -c protocol.file.allow=always submodule --quiet add ../sub sub; git -C main commit -qm one;"
		       "git -C main worktree add -q ../project -b other;"
		       "git -C project -c protocol.file.allow=always submodule --quiet update --init");
	copy();
	ck_file_is(&s, COPY "a", "1\n");
	ck_file_is(&s, COPY "sub/s", "s\n");
	ck_assert(!scratch_has(&s, COPY "sub/.git"));
	scratch_sh(&s, "cd " COPY "; test \"$(git rev-parse --abbrev-ref HEAD)\" = other; git log -1 --format=%s | grep -q one");
}
END_TEST

START_TEST(outside_git_everything_but_the_state_is_copied)
{
	scratch_file(&s, "project/a/b/c", "1");
	scratch_file(&s, "project/.hidden", "2");
	scratch_file(&s, "project/.pipe/pipe.db", "");
	scratch_file(&s, "project/.pipe/runs/1/0.log", "");
	scratch_dir(&s, "project/empty");
	copy();
	ck_file_is(&s, COPY "a/b/c", "1");
	ck_file_is(&s, COPY ".hidden", "2");
	ck_assert(scratch_has(&s, COPY "empty"));
	ck_assert(!scratch_has(&s, COPY ".pipe"));
}
END_TEST

START_TEST(modes_and_times_are_kept_and_nothing_is_shared)
{
	struct timespec times[2] = { { 5, 0 }, { 1600000000, 42 } };
	struct stat from, to;
	char *big = malloc(1 << 20);

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', 1 << 20);
	scratch_bytes(&s, "project/tool", big, 1 << 20);
	free(big);
	ck_assert_int_eq(chmod(scratch_path(&s, "project/tool"), 0750), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(&s, "project/tool"), times, 0), 0);
	copy();
	ck_assert_int_eq(stat(scratch_path(&s, "project/tool"), &from), 0);
	ck_assert_int_eq(stat(scratch_path(&s, COPY "tool"), &to), 0);
	ck_assert_int_eq(to.st_size, 1 << 20);
	ck_assert_uint_eq(to.st_mode, from.st_mode);
	ck_assert_int_eq(to.st_mtim.tv_sec, 1600000000);
	ck_assert_int_eq(to.st_mtim.tv_nsec, 42);
	ck_assert_uint_ne(to.st_ino, from.st_ino);
	scratch_sh(&s, "cmp project/tool " COPY "tool");
}
END_TEST

START_TEST(a_missing_project_is_an_error)
{
	ck_assert_int_eq(workspace_copy(scratch_path(&s, "none"), scratch_path(&s, "to"), &err), PIPE_ENOTFOUND);
	scratch_file(&s, "file", "");
	ck_assert_int_eq(workspace_copy(scratch_path(&s, "project"), scratch_path(&s, "file/to"), &err), PIPE_EIO);
}
END_TEST

START_TEST(whatever_a_job_left_is_removed)
{
	scratch_file(&s, "outside/kept", "1");
	scratch_sh(&s, "mkdir -p w/a/b/c w/removed.0 w/a/removed.1; : >w/removed.2; : >w/a/b/c/f; ln -s ../../outside w/a/l;"
		       "mkfifo w/a/fifo; mkdir w/a/closed; : >w/a/closed/f; mkdir -p w/a/closed/deep/er; chmod 0 w/a/closed;"
		       "chmod 0555 w/a/b");
	ck_ok(workspace_remove(scratch_path(&s, "w"), &err));
	ck_assert(!scratch_has(&s, "w"));
	ck_file_is(&s, "outside/kept", "1");
	ck_ok(workspace_remove(scratch_path(&s, "w"), &err));
}
END_TEST

/* Deeper than any path can say, and than there are file descriptors. */
START_TEST(a_tree_of_any_depth_is_removed)
{
	struct rlimit few = { 32, 32 };
	int fd;

	scratch_dir(&s, "w");
	fd = open(scratch_path(&s, "w"), O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 400; i++) {
		int next;
		ck_assert_int_eq(mkdirat(fd, "deep-directory", 0700), 0);
		next = openat(fd, "deep-directory", O_RDONLY | O_DIRECTORY);
		ck_assert_int_ge(next, 0);
		close(fd);
		fd = next;
	}
	close(fd);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_ok(workspace_remove(scratch_path(&s, "w"), &err));
	ck_assert(!scratch_has(&s, "w"));
}
END_TEST

Suite *workspace_suite(void)
{
	Suite *suite = suite_create("workspace");
	TCase *t = tcase_create("workspace");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, in_git_tracked_and_new_files_are_copied);
	tcase_add_test(t, git_works_in_the_copy_and_cannot_harm_the_original);
	tcase_add_test(t, a_linked_work_tree_and_a_submodule_are_copied);
	tcase_add_test(t, outside_git_everything_but_the_state_is_copied);
	tcase_add_test(t, modes_and_times_are_kept_and_nothing_is_shared);
	tcase_add_test(t, a_missing_project_is_an_error);
	tcase_add_test(t, whatever_a_job_left_is_removed);
	tcase_add_test(t, a_tree_of_any_depth_is_removed);
	suite_add_tcase(suite, t);
	return suite;
}
