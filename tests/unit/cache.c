#include "runner/files/cache.h"
#include "tests/unit/scratch.h"

#include <dirent.h>

Suite *cache_suite(void);

static struct scratch s;
static struct arena a;
static pipe_error err;
static struct cache cache;
static struct variables variables;
static struct scope scope;
static char state[128], work[128];

static void setup(void)
{
	scratch_make(&s);
	scratch_dir(&s, "work");
	snprintf(state, sizeof(state), "%s/state", s.root);
	snprintf(work, sizeof(work), "%s/work", s.root);
	cache = (struct cache){ 0 };
	variables = (struct variables){ 0 };
	scope = (struct scope){ 0 };
	ck_assert(variables_set(&variables, &a, (struct variable){ .name = "REF", .value = "main/x" }));
	scope_push(&scope, &variables);
}

static void teardown(void)
{
	arena_clear(&a);
	scratch_remove(&s);
}

static void push(text_list *list, const char *text)
{
	const char **p = vec_push(&a, list);

	ck_assert_ptr_nonnull(p);
	*p = text;
}

static const char *key(void)
{
	const char *k = NULL;

	ck_ok(cache_key(&cache, &scope, work, &a, &k, &err));
	return k;
}

static const char *restore(const char *k, const char *const *fallback)
{
	const char *hit = NULL;

	ck_ok(cache_restore(state, k, fallback, work, &hit, &err));
	return hit;
}

static void save(const char *k)
{
	ck_ok(cache_save(state, k, &cache, &scope, work, &err));
}

static int count_caches(char *last, size_t size)
{
	DIR *d = opendir(scratch_path(&s, "state/cache"));
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(last, size, "%s", e->d_name);
			n++;
		}
	if (d)
		closedir(d);
	return n;
}

START_TEST(a_key_is_text_with_variables_or_default)
{
	ck_assert_str_eq(key(), "default");
	cache.key = "deps-$REF";
	ck_assert_str_eq(key(), "deps-main/x");
	cache.key = "$NOTHING";
	ck_assert_str_eq(key(), "default");
}
END_TEST

START_TEST(a_key_of_files_follows_their_content)
{
	char first[128], second[128];

	push(&cache.key_files, "lock");
	push(&cache.key_files, "$NAME");
	ck_assert(variables_set(&variables, &a, (struct variable){ .name = "NAME", .value = "sub/lock2" }));
	ck_assert_str_eq(key(), "default");
	cache.key_prefix = "p-$REF";
	ck_assert_str_eq(key(), "p-main/x-default");
	scratch_file(&s, "work/lock", "1");
	snprintf(first, sizeof(first), "%s", key());
	ck_assert_ptr_nonnull(strstr(first, "p-main/x-"));
	ck_assert_uint_eq(strlen(first), strlen("p-main/x-") + 40);
	ck_assert_str_eq(key(), first);
	scratch_file(&s, "work/sub/lock2", "");
	snprintf(second, sizeof(second), "%s", key());
	ck_assert_str_ne(second, first);
	scratch_file(&s, "work/lock", "2");
	ck_assert_str_ne(key(), second);
	unlink(scratch_path(&s, "work/sub/lock2"));
	scratch_file(&s, "work/lock", "1");
	ck_assert_str_eq(key(), first);
}
END_TEST

START_TEST(what_is_saved_comes_back)
{
	push(&cache.paths, "deps/$SUB");
	ck_assert(variables_set(&variables, &a, (struct variable){ .name = "SUB", .value = "x" }));
	scratch_file(&s, "work/deps/x/file", "1");
	scratch_file(&s, "work/deps/y", "2");
	ck_assert_ptr_null(restore("k", NULL));
	save("k");
	scratch_sh(&s, "rm -r work/deps");
	ck_assert_str_eq(restore("k", NULL), "k");
	ck_file_is(&s, "work/deps/x/file", "1");
	ck_assert(!scratch_has(&s, "work/deps/y"));
}
END_TEST

START_TEST(keys_do_not_meet_and_do_not_escape)
{
	char last[256] = "";

	push(&cache.paths, "f");
	scratch_file(&s, "work/f", "1");
	save("../../etc/a b");
	scratch_file(&s, "work/f", "2");
	save("../../etc/a_b");
	ck_assert_int_eq(count_caches(last, sizeof(last)), 2);
	ck_assert_ptr_null(strchr(last, '/'));
	ck_assert_ptr_nonnull(strstr(last, "etc_a_b-"));
	ck_assert_str_eq(restore("../../etc/a b", NULL), "../../etc/a b");
	ck_file_is(&s, "work/f", "1");
	ck_assert_ptr_null(restore("", NULL));
}
END_TEST

START_TEST(fallback_keys_are_tried_in_order)
{
	const char *const fallback[] = { "none", "old", "older", NULL };

	push(&cache.paths, "f");
	scratch_file(&s, "work/f", "older");
	save("older");
	scratch_file(&s, "work/f", "old");
	save("old");
	ck_assert_str_eq(restore("new", fallback), "old");
	ck_file_is(&s, "work/f", "old");
	scratch_file(&s, "work/f", "new");
	save("new");
	ck_assert_str_eq(restore("new", fallback), "new");
	ck_file_is(&s, "work/f", "new");
}
END_TEST

START_TEST(an_empty_selection_saves_nothing)
{
	char last[256];

	push(&cache.paths, "none");
	push(&cache.paths, "/tmp");
	save("k");
	ck_assert_int_eq(count_caches(last, sizeof(last)), 0);
	ck_assert_ptr_null(restore("k", NULL));
}
END_TEST

START_TEST(use_is_remembered_by_time)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	char last[256] = "", path[512];
	struct stat st;

	push(&cache.paths, "f");
	scratch_file(&s, "work/f", "1");
	save("k");
	ck_assert_int_eq(count_caches(last, sizeof(last)), 1);
	snprintf(path, sizeof(path), "%s/cache/%s", state, last);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
	restore("k", NULL);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_gt(st.st_mtim.tv_sec, 1000);
}
END_TEST

START_TEST(a_damaged_cache_is_an_error)
{
	char last[256] = "", relative[300];
	const char *hit;

	push(&cache.paths, "f");
	scratch_file(&s, "work/f", "1");
	save("k");
	count_caches(last, sizeof(last));
	snprintf(relative, sizeof(relative), "state/cache/%s", last);
	scratch_file(&s, relative, "junk");
	ck_assert_int_eq(cache_restore(state, "k", NULL, work, &hit, &err), PIPE_EIO);
	ck_assert_ptr_null(hit);
}
END_TEST

START_TEST(untracked_files_can_be_cached)
{
	scratch_sh(&s, "cd work; git init -q; echo t >tracked; echo '*.o' >.gitignore; git add .; git commit -qm one;"
		       "echo n >new; echo o >x.o; mkdir -p .pipe; : >.pipe/pipe.db; : >.pipe/other");
	cache.untracked = true;
	save("k");
	scratch_sh(&s, "cd work; rm new x.o; rm -r .pipe; echo changed >tracked");
	ck_assert_str_eq(restore("k", NULL), "k");
	ck_file_is(&s, "work/new", "n\n");
	ck_file_is(&s, "work/x.o", "o\n");
	ck_file_is(&s, "work/tracked", "changed\n");
	ck_assert(!scratch_has(&s, "work/.pipe"));
}
END_TEST

Suite *cache_suite(void)
{
	Suite *suite = suite_create("cache");
	TCase *t = tcase_create("cache");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_key_is_text_with_variables_or_default);
	tcase_add_test(t, a_key_of_files_follows_their_content);
	tcase_add_test(t, what_is_saved_comes_back);
	tcase_add_test(t, keys_do_not_meet_and_do_not_escape);
	tcase_add_test(t, fallback_keys_are_tried_in_order);
	tcase_add_test(t, an_empty_selection_saves_nothing);
	tcase_add_test(t, use_is_remembered_by_time);
	tcase_add_test(t, a_damaged_cache_is_an_error);
	tcase_add_test(t, untracked_files_can_be_cached);
	suite_add_tcase(suite, t);
	return suite;
}
