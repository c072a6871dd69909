/* A real project with its files, its server (a directory of repositories beside it) and a web server in a thread. */
#include "runner/plan/world.h"
#include "tests/unit/scratch.h"
#include "tests/unit/server.h"

Suite *world_suite(void);

static struct scratch s;
static struct arena a;
static pipe_error err;
static struct git_facts facts;
static struct project_world_options options;
static struct project_world *w;
static const struct world *world;
static char project[128], state[128], logged[512];

static void on_log(void *payload, const char *message)
{
	(void)payload;
	snprintf(logged, sizeof(logged), "%s", message);
}

static void open_world(void)
{
	project_world_free(w);
	w = NULL;
	ck_ok(git_facts_read(project, &a, &facts, &err));
	ck_ok(project_world_create(&w, &options, &err));
	world = project_world(w);
}

static void setup(void)
{
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	scratch_make(&s);
	setenv("HOME", s.root, 1);
	setenv("XDG_CONFIG_HOME", s.root, 1);
	snprintf(project, sizeof(project), "%s/git/group/shop", s.root);
	snprintf(state, sizeof(state), "%s/git/group/shop/.pipe", s.root);
	scratch_dir(&s, "git/group/shop");
	logged[0] = '\0';
	options = (struct project_world_options){
		.project_directory = project, .state_directory = state, .git = &facts, .log = on_log
	};
	w = NULL;
}

static void teardown(void)
{
	project_world_free(w);
	arena_clear(&a);
	scratch_remove(&s);
}

static struct include_request request;
static struct include_reply reply;

static int read_file(enum include_kind kind, const char *where, const char *ref, const char *location)
{
	request = (struct include_request){ .kind = kind,
					    .project = where,
					    .ref = ref,
					    .location = location,
					    .integrity = request.integrity,
					    .from = request.from,
					    .max_bytes = 1000,
					    .timeout_ms = 10000 };
	return world->read(world->context, &request, &reply, &a, &err);
}

/* ---- the project's files ---- */

START_TEST(local_files_stay_in_the_project)
{
	char large[1002];

	scratch_file(&s, "git/group/shop/ci/x.yml", "x\n");
	scratch_file(&s, "secret", "s");
	ck_assert_int_eq(symlink("ci/x.yml", scratch_path(&s, "git/group/shop/inside")), 0);
	ck_assert_int_eq(symlink("../../../secret", scratch_path(&s, "git/group/shop/outside")), 0);
	ck_assert_int_eq(symlink("/etc", scratch_path(&s, "git/group/shop/etc")), 0);
	memset(large, 'x', sizeof(large));
	scratch_bytes(&s, "git/group/shop/large", large, 1001);
	open_world();
	ck_ok(read_file(INCLUDE_LOCAL, NULL, NULL, "ci/x.yml"));
	ck_assert_str_eq(reply.text, "x\n");
	ck_assert_uint_eq(reply.length, 2);
	ck_assert_str_eq(reply.name, "ci/x.yml");
	ck_assert_ptr_null(reply.origin);
	ck_ok(read_file(INCLUDE_LOCAL, NULL, NULL, "/ci/./x.yml"));
	ck_assert_str_eq(reply.name, "ci/x.yml");
	ck_ok(read_file(INCLUDE_LOCAL, NULL, NULL, "inside"));
	ck_assert_int_eq(read_file(INCLUDE_LOCAL, NULL, NULL, "none.yml"), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "\"none.yml\""));
	ck_assert_int_eq(read_file(INCLUDE_LOCAL, NULL, NULL, "../../../secret"), PIPE_EUSAGE);
	ck_assert_int_eq(read_file(INCLUDE_LOCAL, NULL, NULL, "outside"), PIPE_EUSAGE);
	ck_assert_int_eq(read_file(INCLUDE_LOCAL, NULL, NULL, "etc/passwd"), PIPE_EUSAGE);
	ck_assert_int_eq(read_file(INCLUDE_LOCAL, NULL, NULL, "ci"), PIPE_EIO);
	ck_assert_int_eq(read_file(INCLUDE_LOCAL, NULL, NULL, "large"), PIPE_ELIMIT);
}
END_TEST

static const char *match(const struct include_origin *from, const char *glob)
{
	path_list list = { 0 };
	const char *text = "";

	ck_ok(world->match(world->context, from, glob, &list, &a, &err));
	for (uint32_t i = 0; i < list.count; i++)
		text = arena_printf(&a, "%s%s ", text, list.items[i]);
	return text;
}

START_TEST(globs_over_the_project)
{
	scratch_file(&s, "git/group/shop/ci/b.yml", "");
	scratch_file(&s, "git/group/shop/ci/a.yml", "");
	scratch_file(&s, "git/group/shop/ci/deep/c.yml", "");
	scratch_file(&s, "git/group/shop/.pipe/pipe.db", "");
	scratch_file(&s, "git/group/shop/.pipe/x.yml", "");
	scratch_file(&s, "git/group/shop/.git/x.yml", "");
	open_world();
	ck_assert_str_eq(match(NULL, "ci/*.yml"), "ci/a.yml ci/b.yml ");
	ck_assert_str_eq(match(NULL, "/ci/**/*.yml"), "ci/a.yml ci/b.yml ci/deep/c.yml ");
	ck_assert_str_eq(match(NULL, "**/*.yml"), "ci/a.yml ci/b.yml ci/deep/c.yml ");
	ck_assert_str_eq(match(NULL, "none*"), "");
}
END_TEST

static bool exists(const char *in_project, const char *glob)
{
	const char *globs[] = { "surely-not-here", glob };
	bool found = false;

	ck_ok(world->exists(world->context, in_project, NULL, globs, 2, &found, &err));
	return found;
}

START_TEST(exists_looks_at_files)
{
	scratch_file(&s, "git/group/shop/Dockerfile", "");
	scratch_file(&s, "git/group/shop/src/deep/x.c", "");
	scratch_dir(&s, "git/group/shop/empty");
	scratch_file(&s, "secret", "");
	open_world();
	for (int again = 0; again < 2; again++) {
		ck_assert(exists(NULL, "Dockerfile"));
		ck_assert(exists(NULL, "/Dockerfile"));
		ck_assert(exists(NULL, "src"));
		ck_assert(exists(NULL, "src/"));
		ck_assert(exists(NULL, "**/*.c"));
		ck_assert(exists(NULL, "Docker{file,compose}"));
		ck_assert(!exists(NULL, "*.c"));
		ck_assert(!exists(NULL, "empty"));
		ck_assert(!exists(NULL, "nothing"));
		ck_assert(!exists(NULL, "../../../secret"));
		ck_assert(!exists(NULL, ""));
	}
}
END_TEST

/* ---- changes ---- */

static const char *changes(const char *compare_to)
{
	path_list list = { 0 };
	const char *text = "";
	bool known;

	ck_ok(world->changes(world->context, compare_to, &list, &known, &a, &err));
	for (uint32_t i = 0; i < list.count; i++)
		text = arena_printf(&a, "%s%s ", text, list.items[i]);
	return known ? text : "unknown";
}

START_TEST(changes_need_something_to_compare_with)
{
	path_list list = { 0 };
	bool known;

	open_world();
	ck_assert_str_eq(changes(NULL), "unknown"); /* no Git */
	scratch_sh(&s, "cd git/group/shop; git init -q -b main; echo 1 >a; git add a; git commit -qm one");
	open_world();
	ck_assert_str_eq(changes(NULL), "unknown"); /* no origin */
	scratch_sh(&s, "cd git/group/shop; git update-ref refs/remotes/origin/main HEAD; git tag base; echo 2 >a");
	open_world();
	ck_assert_str_eq(changes(NULL), "a ");
	ck_assert_str_eq(changes("base"), "a ");
	ck_assert_int_eq(world->changes(world->context, "nope", &list, &known, &a, &err), PIPE_ENOTFOUND);
	scratch_sh(&s, "cd git/group/shop; echo 1 >a");
	ck_assert_str_eq(changes(NULL), "a "); /* one answer per world */
	open_world();
	ck_assert_str_eq(changes(NULL), "");
	options.merge_target = "never-fetched";
	open_world();
	ck_assert_str_eq(changes(NULL), "unknown");
	options.merge_target = NULL;
	options.is_schedule = true;
	open_world();
	ck_assert_str_eq(changes(NULL), "unknown");
	ck_assert_str_eq(changes("base"), "");
}
END_TEST

/* ---- other projects ---- */

static void make_projects(void)
{
	scratch_sh(&s,
		   "git init -q -b main t; mkdir -p t/ci t/templates/scan; cd t; echo one >ci/x.yml; echo y >ci/y.yml;"
		   "echo 'build 1' >templates/build.yml; echo scan >templates/scan/template.yml; git add .; git commit -qm one;"
		   "git tag 1.0.0; echo two >ci/x.yml; echo 'build 2' >templates/build.yml; git commit -qam two; git tag 1.2.0;"
		   "cd ..; mkdir -p git/tools; git clone -q --bare t git/tools/ci.git; cd git/group/shop; git init -q -b main;"
		   "git remote add origin \"$OLDPWD/git/group/shop.git\"; mkdir .pipe");
	open_world();
}

START_TEST(files_of_a_project_and_their_own_files)
{
	make_projects();
	ck_ok(read_file(INCLUDE_PROJECT, "tools/ci", NULL, "/ci/x.yml"));
	ck_assert_str_eq(reply.text, "two\n");
	ck_assert_str_eq(reply.name, "tools/ci:ci/x.yml@HEAD");
	ck_ok(read_file(INCLUDE_PROJECT, "tools/ci", "1.0.0", "ci/x.yml"));
	ck_assert_str_eq(reply.text, "one\n");
	ck_assert_str_eq(reply.name, "tools/ci:ci/x.yml@1.0.0");
	ck_assert_int_eq(reply.origin->kind, INCLUDE_PROJECT);
	ck_assert_uint_eq(strlen(reply.origin->ref), 40);
	request.from = reply.origin;
	ck_ok(read_file(INCLUDE_LOCAL, NULL, NULL, "ci/y.yml"));
	ck_assert_str_eq(reply.text, "y\n");
	ck_assert_str_eq(match(request.from, "/ci/*.yml"), "ci/x.yml ci/y.yml ");
	ck_ok(read_file(INCLUDE_LOCAL, NULL, NULL, "ci/x.yml"));
	ck_assert_str_eq(reply.text, "one\n");
	ck_assert(exists("tools/ci", "templates/*.yml"));
	ck_assert(!exists("tools/ci", "nothing"));
}
END_TEST

START_TEST(projects_that_cannot_be_had)
{
	make_projects();
	ck_assert_int_eq(read_file(INCLUDE_PROJECT, "tools/ci", "nope", "ci/x.yml"), PIPE_ENOTFOUND);
	ck_assert_int_eq(read_file(INCLUDE_PROJECT, "tools/ci", NULL, "none.yml"), PIPE_ENOTFOUND);
	ck_assert_int_eq(read_file(INCLUDE_PROJECT, "tools/none", NULL, "x"), PIPE_ENETWORK);
	ck_assert_int_eq(read_file(INCLUDE_PROJECT, "../../etc", NULL, "x"), PIPE_EUSAGE);
	ck_assert_int_eq(read_file(INCLUDE_PROJECT, "tools/ci", NULL, "../x"), PIPE_EUSAGE);
	ck_assert_int_eq(read_file(INCLUDE_TEMPLATE, NULL, NULL, "Go.gitlab-ci.yml"), PIPE_EUNSUPPORTED);
	scratch_sh(&s, "cd git/group/shop; git remote remove origin");
	open_world();
	ck_assert_int_eq(read_file(INCLUDE_PROJECT, "tools/ci", NULL, "ci/x.yml"), PIPE_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "origin"));
}
END_TEST

START_TEST(within_a_load_a_branch_means_one_commit)
{
	make_projects();
	ck_ok(read_file(INCLUDE_PROJECT, "tools/ci", "main", "ci/x.yml"));
	scratch_sh(&s, "cd t; echo three >ci/x.yml; git commit -qam three; git push -q ../git/tools/ci.git main");
	ck_ok(read_file(INCLUDE_PROJECT, "tools/ci", "main", "ci/x.yml"));
	ck_assert_str_eq(reply.text, "two\n");
	open_world();
	ck_ok(read_file(INCLUDE_PROJECT, "tools/ci", "main", "ci/x.yml"));
	ck_assert_str_eq(reply.text, "three\n");
	scratch_sh(&s, "mv git/tools git/away");
	open_world();
	ck_ok(read_file(INCLUDE_PROJECT, "tools/ci", "main", "ci/x.yml"));
	ck_assert_str_eq(reply.text, "three\n");
	ck_assert_ptr_nonnull(strstr(logged, "cannot be reached"));
}
END_TEST

START_TEST(components_by_version)
{
	make_projects();
	ck_ok(read_file(INCLUDE_COMPONENT, "localhost/tools/ci", "1.0.0", "templates/build.yml"));
	ck_assert_str_eq(reply.text, "build 1\n");
	ck_assert_str_eq(reply.component_name, "build");
	ck_assert_str_eq(reply.component_version, "1.0.0");
	ck_assert_str_eq(reply.component_reference, "1.0.0");
	ck_assert_uint_eq(strlen(reply.component_sha), 40);
	ck_ok(read_file(INCLUDE_COMPONENT, "localhost/tools/ci", "1", "templates/build.yml"));
	ck_assert_str_eq(reply.text, "build 2\n");
	ck_assert_str_eq(reply.component_version, "1.2.0");
	ck_assert_str_eq(reply.component_reference, "1");
	ck_ok(read_file(INCLUDE_COMPONENT, "localhost/tools/ci/scan@~latest", NULL, NULL));
	ck_assert_str_eq(reply.text, "scan\n");
	ck_assert_str_eq(reply.component_name, "scan");
	ck_assert_str_eq(reply.component_version, "1.2.0");
	ck_ok(read_file(INCLUDE_COMPONENT, "localhost/tools/ci", "main", "templates/scan/template.yml"));
	ck_assert_str_eq(reply.component_name, "scan");
	request.from = reply.origin;
	ck_ok(read_file(INCLUDE_LOCAL, NULL, NULL, "ci/y.yml"));
	ck_assert_str_eq(reply.text, "y\n");
	request.from = NULL;
	ck_assert_int_eq(read_file(INCLUDE_COMPONENT, "localhost/tools/ci", "7", "templates/build.yml"), PIPE_ENOTFOUND);
	ck_assert_int_eq(read_file(INCLUDE_COMPONENT, "localhost/tools/ci", "1", "templates/none.yml"), PIPE_ENOTFOUND);
	ck_assert_int_eq(read_file(INCLUDE_COMPONENT, "nonsense", "1", "templates/none.yml"), PIPE_EUSAGE);
	ck_assert_int_eq(read_file(INCLUDE_COMPONENT, "-oProxy/x/y", "1", "templates/none.yml"), PIPE_EUSAGE);
}
END_TEST

/* ---- by URL ---- */

static const struct answer answers[] = {
	{ "/x.yml", "200 OK\r\nETag: \"one\"\r\n", "x: 1\n", "\"one\"" },
	{ NULL, NULL, NULL, NULL },
};
static const char x_sha256[] = "sha256-0J7a3Rc6i7wjPUfcr8MMyHavL7VpgS8rvg6SoZBbvOg=";

START_TEST(urls_are_cached_and_used_when_the_server_is_gone)
{
	struct server server;
	char url[128];

	server_start(&server, answers);
	snprintf(url, sizeof(url), "http://me:secret@127.0.0.1:%d/x.yml", server.port);
	options.offline = true;
	open_world();
	ck_assert_int_eq(read_file(INCLUDE_REMOTE, NULL, NULL, url), PIPE_ENOTFOUND);
	options.offline = false;
	open_world();
	ck_ok(read_file(INCLUDE_REMOTE, NULL, NULL, url));
	ck_assert_str_eq(reply.text, "x: 1\n");
	ck_assert_ptr_null(strstr(reply.name, "secret"));
	ck_assert_ptr_null(reply.origin);
	ck_ok(read_file(INCLUDE_REMOTE, NULL, NULL, url));
	ck_assert_ptr_nonnull(strstr(server.last, "If-None-Match: \"one\""));
	ck_assert_str_eq(reply.text, "x: 1\n");
	server_stop(&server);
	ck_ok(read_file(INCLUDE_REMOTE, NULL, NULL, url));
	ck_assert_str_eq(reply.text, "x: 1\n");
	ck_assert_ptr_nonnull(strstr(logged, "what was fetched before is used"));
	logged[0] = '\0';
	options.offline = true;
	open_world();
	ck_ok(read_file(INCLUDE_REMOTE, NULL, NULL, url));
	ck_assert_str_eq(reply.text, "x: 1\n");
	ck_assert_str_eq(logged, "");
}
END_TEST

START_TEST(what_is_gone_on_the_server_is_gone)
{
	static const struct answer none[] = { { NULL, NULL, NULL, NULL } };
	struct server server;
	char url[128];

	server_start(&server, answers);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/x.yml", server.port);
	open_world();
	ck_ok(read_file(INCLUDE_REMOTE, NULL, NULL, url));
	server.answers = none;
	ck_assert_int_eq(read_file(INCLUDE_REMOTE, NULL, NULL, url), PIPE_ENOTFOUND);
	server_stop(&server);
}
END_TEST

START_TEST(integrity_pins_the_content)
{
	struct server server;
	char url[128];

	server_start(&server, answers);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/x.yml", server.port);
	open_world();
	request.integrity = x_sha256;
	ck_ok(read_file(INCLUDE_REMOTE, NULL, NULL, url));
	server.requests = 0;
	ck_ok(read_file(INCLUDE_REMOTE, NULL, NULL, url));
	ck_assert_uint_eq(server.requests, 0); /* it cannot have changed */
	request.integrity = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	ck_assert_int_eq(read_file(INCLUDE_REMOTE, NULL, NULL, url), PIPE_EIO);
	server_stop(&server);
	ck_assert_int_eq(read_file(INCLUDE_REMOTE, NULL, NULL, url), PIPE_EIO);
}
END_TEST

Suite *world_suite(void)
{
	Suite *suite = suite_create("world");
	TCase *t = tcase_create("world");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, local_files_stay_in_the_project);
	tcase_add_test(t, globs_over_the_project);
	tcase_add_test(t, exists_looks_at_files);
	tcase_add_test(t, changes_need_something_to_compare_with);
	tcase_add_test(t, files_of_a_project_and_their_own_files);
	tcase_add_test(t, projects_that_cannot_be_had);
	tcase_add_test(t, within_a_load_a_branch_means_one_commit);
	tcase_add_test(t, components_by_version);
	tcase_add_test(t, urls_are_cached_and_used_when_the_server_is_gone);
	tcase_add_test(t, what_is_gone_on_the_server_is_gone);
	tcase_add_test(t, integrity_pins_the_content);
	suite_add_tcase(suite, t);
	return suite;
}
