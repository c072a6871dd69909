#include "runner/plan/predefined.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *predefined_suite(void);

static struct arena a;
static pipe_error err;
static struct variables v;
static struct git_facts git;
static struct predefined_facts facts;
static const char *source, *ref;
static bool is_tag, is_merge_request;

static const char zeros[] = "0000000000000000000000000000000000000000";

static void setup(void)
{
	v = (struct variables){ 0 };
	git = (struct git_facts){ .is_repository = true,
				  .work_tree = "/home/ann/shop",
				  .sha = "0123456789abcdef0123456789abcdef01234567",
				  .before_sha = "ffff456789abcdef0123456789abcdef01234567",
				  .branch = "Feature/X_1",
				  .tag = "",
				  .title = "a $title",
				  .message = "a $title\n\nbody\n",
				  .description = "body\n",
				  .author = "Ann <ann@example.org>",
				  .timestamp = "2024-05-06T05:08:09Z",
				  .author_name = "Ann",
				  .author_email = "ann@example.org",
				  .remote = "https://gitlab.example.com:8443/group/sub/Shop.git",
				  .host = "gitlab.example.com",
				  .project_path = "group/sub/Shop",
				  .default_branch = "main" };
	facts = (struct predefined_facts){ .git = &git,
					   .project_directory = "/home/ann/shop",
					   .config_path = ".gitlab-ci.yml",
					   .run = 7,
					   .now_ms = 1714972089123 };
}

static void no_git(void)
{
	git = (struct git_facts){ .work_tree = "",
				  .sha = "",
				  .before_sha = "",
				  .branch = "",
				  .tag = "",
				  .title = "",
				  .message = "",
				  .description = "",
				  .author = "",
				  .timestamp = "",
				  .author_name = "",
				  .author_email = "",
				  .remote = "",
				  .host = "",
				  .project_path = "",
				  .default_branch = "" };
}

static void teardown(void)
{
	arena_clear(&a);
}

static int make(const char *as)
{
	v = (struct variables){ 0 };
	facts.as = as;
	return predefined_make(&facts, &a, &v, &source, &ref, &is_tag, &is_merge_request, &err);
}

static const char *get(const char *name)
{
	const struct variable *one = variables_get(&v, name);

	if (one)
		ck_assert(one->raw); /* a "$" in a commit's title is no variable */
	return one ? one->value : "(unset)";
}

#define is(name, value) ck_assert_str_eq(get(name), value)

START_TEST(a_branch_pipeline)
{
	ck_assert_int_eq(make(NULL), PIPE_OK);
	ck_assert_str_eq(source, "push");
	ck_assert_str_eq(ref, "Feature/X_1");
	ck_assert(!is_tag && !is_merge_request);
	is("CI", "true");
	is("GITLAB_CI", "true");
	is("CI_COMMIT_BRANCH", "Feature/X_1");
	is("CI_COMMIT_REF_NAME", "Feature/X_1");
	is("CI_COMMIT_REF_SLUG", "feature-x-1");
	is("CI_COMMIT_TAG", "(unset)");
	is("CI_MERGE_REQUEST_IID", "(unset)");
	is("CI_COMMIT_SHA", git.sha);
	is("CI_COMMIT_SHORT_SHA", "01234567");
	is("CI_COMMIT_BEFORE_SHA", git.before_sha);
	is("CI_COMMIT_TITLE", "a $title");
	is("CI_COMMIT_MESSAGE", "a $title\n\nbody\n");
	is("CI_COMMIT_DESCRIPTION", "body\n");
	is("CI_COMMIT_AUTHOR", "Ann <ann@example.org>");
	is("CI_COMMIT_TIMESTAMP", "2024-05-06T05:08:09Z");
	is("CI_COMMIT_REF_PROTECTED", "false");
	is("CI_DEFAULT_BRANCH", "main");
	is("CI_PIPELINE_SOURCE", "push");
	is("CI_PIPELINE_ID", "7");
	is("CI_PIPELINE_IID", "7");
	is("CI_PIPELINE_CREATED_AT", "2024-05-06T05:08:09Z");
	is("GITLAB_USER_NAME", "Ann");
	is("GITLAB_USER_LOGIN", "ann");
	is("PIPE_COMMIT_SHA", git.sha);
	is("PIPE_PIPELINE_ID", "7");
	is("PIPE_VERSION", PIPE_VERSION);
	is("CI_SERVER_VERSION", PIPE_VERSION);
	is("CI_SERVER_VERSION_MAJOR", "0");
	is("CI_SERVER_VERSION_MINOR", "1");
	is("CI_SERVER_VERSION_PATCH", "0");
}
END_TEST

START_TEST(the_project_and_its_server)
{
	ck_assert_int_eq(make("push"), PIPE_OK);
	is("CI_PROJECT_DIR", "/home/ann/shop");
	is("CI_BUILDS_DIR", "/home/ann");
	is("CI_CONFIG_PATH", ".gitlab-ci.yml");
	is("CI_PROJECT_PATH", "group/sub/Shop");
	is("CI_PROJECT_PATH_SLUG", "group-sub-shop");
	is("CI_PROJECT_NAME", "Shop");
	is("CI_PROJECT_NAMESPACE", "group/sub");
	is("CI_PROJECT_ROOT_NAMESPACE", "group");
	is("CI_PROJECT_URL", "https://gitlab.example.com:8443/group/sub/Shop");
	is("CI_SERVER_HOST", "gitlab.example.com");
	is("CI_SERVER_PORT", "8443");
	is("CI_SERVER_FQDN", "gitlab.example.com:8443");
	is("CI_SERVER_URL", "https://gitlab.example.com:8443");
	is("CI_API_V4_URL", "https://gitlab.example.com:8443/api/v4");
	is("CI_REPOSITORY_URL", git.remote);
	git.remote = "ssh://git@gitlab.example.com:2222/group/sub/Shop.git";
	ck_assert_int_eq(make("push"), PIPE_OK);
	is("CI_SERVER_URL", "https://gitlab.example.com");
	is("CI_SERVER_PORT", "443");
	git.remote = "http://gitlab.example.com/group/sub/Shop.git";
	ck_assert_int_eq(make("push"), PIPE_OK);
	is("CI_SERVER_URL", "http://gitlab.example.com");
	is("CI_SERVER_PORT", "80");
}
END_TEST

START_TEST(a_tag_pipeline)
{
	ck_assert_int_eq(make("tag:v1.0"), PIPE_OK);
	ck_assert(is_tag);
	ck_assert_str_eq(ref, "v1.0");
	ck_assert_str_eq(source, "push");
	is("CI_COMMIT_TAG", "v1.0");
	is("CI_COMMIT_REF_NAME", "v1.0");
	is("CI_COMMIT_REF_SLUG", "v1-0");
	is("CI_COMMIT_BRANCH", "(unset)");
	is("CI_COMMIT_BEFORE_SHA", zeros);
	ck_assert_int_eq(make("tag"), PIPE_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "--as tag:"));
	git.tag = "v2";
	ck_assert_int_eq(make("tag"), PIPE_OK);
	is("CI_COMMIT_TAG", "v2");
}
END_TEST

START_TEST(a_merge_request_pipeline)
{
	ck_assert_int_eq(make("merge_request"), PIPE_OK);
	ck_assert(is_merge_request && !is_tag);
	ck_assert_str_eq(source, "merge_request_event");
	is("CI_PIPELINE_SOURCE", "merge_request_event");
	is("CI_COMMIT_BRANCH", "(unset)");
	is("CI_COMMIT_TAG", "(unset)");
	is("CI_COMMIT_REF_NAME", "Feature/X_1");
	is("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "Feature/X_1");
	is("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main");
	is("CI_MERGE_REQUEST_IID", "1");
	is("CI_MERGE_REQUEST_PROJECT_PATH", "group/sub/Shop");
	is("CI_MERGE_REQUEST_EVENT_TYPE", "detached");
	ck_assert_int_eq(make("merge_request:release/1"), PIPE_OK);
	is("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release/1");
}
END_TEST

START_TEST(other_kinds)
{
	ck_assert_int_eq(make("schedule"), PIPE_OK);
	ck_assert_str_eq(source, "schedule");
	is("CI_COMMIT_BRANCH", "Feature/X_1");
	is("CI_COMMIT_BEFORE_SHA", zeros);
	ck_assert_int_eq(make("web"), PIPE_OK);
	is("CI_PIPELINE_SOURCE", "web");
	facts.source = "parent_pipeline";
	ck_assert_int_eq(make("push"), PIPE_OK);
	ck_assert_str_eq(source, "parent_pipeline");
	is("CI_PIPELINE_SOURCE", "parent_pipeline");
}
END_TEST

START_TEST(nonsense_is_refused)
{
	static const char *const wrong[] = { "", "pull_request", "pushy", "tag:", "merge_request:", "push:main", "web:x", ":" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		ck_assert_int_eq(make(wrong[i]), PIPE_EUSAGE);
		ck_assert_ptr_nonnull(strstr(err.text, "merge_request[:TARGET]"));
	}
}
END_TEST

START_TEST(a_detached_head)
{
	git.branch = "";
	ck_assert_int_eq(make(NULL), PIPE_OK);
	is("CI_COMMIT_BRANCH", "(unset)");
	is("CI_COMMIT_REF_NAME", "01234567");
}
END_TEST

START_TEST(outside_git)
{
	no_git();
	ck_assert_int_eq(make(NULL), PIPE_OK);
	is("CI_COMMIT_SHA", zeros);
	is("CI_COMMIT_SHORT_SHA", "00000000");
	is("CI_COMMIT_BRANCH", "main");
	is("CI_DEFAULT_BRANCH", "main");
	is("CI_PROJECT_PATH", "local/shop");
	is("CI_PROJECT_NAME", "shop");
	is("CI_PROJECT_NAMESPACE", "local");
	is("CI_SERVER_HOST", "localhost");
	is("CI_API_V4_URL", "(unset)");
	is("CI_REPOSITORY_URL", "(unset)");
	is("GITLAB_USER_NAME", "(unset)");
	facts.project_directory = "/";
	ck_assert_int_eq(make(NULL), PIPE_OK);
	is("CI_BUILDS_DIR", "/");
}
END_TEST

START_TEST(the_reference_lists_every_variable)
{
	struct str out;
	char row[128];

	str_init(&out);
	predefined_reference(&out);
	ck_assert(!out.failed);
	ck_assert_int_eq(make("merge_request"), PIPE_OK);
	for (uint32_t i = 0; i < v.list.count; i++) {
		snprintf(row, sizeof(row), "`%s`", v.list.items[i].name);
		ck_assert_msg(strstr(out.data, row) != NULL, "%s is not in the reference", row);
	}
	ck_assert_ptr_nonnull(strstr(out.data, "| `CI_COMMIT_TAG` | `PIPE_COMMIT_TAG` |"));
	ck_assert_ptr_nonnull(strstr(out.data, "`CI_JOB_NAME`"));
	str_clear(&out);
}
END_TEST

Suite *predefined_suite(void)
{
	Suite *suite = suite_create("predefined");
	TCase *t = tcase_create("predefined");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_branch_pipeline);
	tcase_add_test(t, the_project_and_its_server);
	tcase_add_test(t, a_tag_pipeline);
	tcase_add_test(t, a_merge_request_pipeline);
	tcase_add_test(t, other_kinds);
	tcase_add_test(t, nonsense_is_refused);
	tcase_add_test(t, a_detached_head);
	tcase_add_test(t, outside_git);
	tcase_add_test(t, the_reference_lists_every_variable);
	suite_add_tcase(suite, t);
	return suite;
}
