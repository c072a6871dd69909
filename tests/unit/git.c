#include "runner/git/git.h"
#include "base/str.h"
#include "runner/git/git_lines.h"
#include "runner/git/git_quick.h"
#include "runner/git/git_version.h"
#include "runner/net/url.h"
#include "tests/unit/scratch.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

Suite *git_suite(void);

static struct scratch s;
static struct arena a;
static pipe_error err;
static struct git_facts facts;
static char work[128], cache[128];

static void setup(void)
{
	scratch_make(&s);
	setenv("HOME", s.root, 1);
	setenv("XDG_CONFIG_HOME", s.root, 1);
	snprintf(work, sizeof(work), "%s/work", s.root);
	snprintf(cache, sizeof(cache), "%s/cache", s.root);
	scratch_sh(&s, "git init -q -b main work");
}

static void teardown(void)
{
	arena_clear(&a);
	scratch_remove(&s);
}

static void sh(const char *script)
{
	struct scratch in = s;

	snprintf(in.root, sizeof(in.root), "%.50s/work", s.root);
	scratch_sh(&in, script);
}

/* Whichever way they were read, the facts are the same. */
static void read_facts(const char *directory)
{
	struct git_facts slow;

	ck_ok(git_facts_read(directory, &a, &facts, &err));
	ck_ok(git_facts_read_slowly(directory, &a, &slow, &err));
	ck_assert_int_eq(facts.is_repository, slow.is_repository);
	ck_assert_str_eq(facts.work_tree, slow.work_tree);
	ck_assert_str_eq(facts.sha, slow.sha);
	ck_assert_str_eq(facts.before_sha, slow.before_sha);
	ck_assert_str_eq(facts.branch, slow.branch);
	ck_assert_str_eq(facts.tag, slow.tag);
	ck_assert_str_eq(facts.title, slow.title);
	ck_assert_str_eq(facts.message, slow.message);
	ck_assert_str_eq(facts.description, slow.description);
	ck_assert_str_eq(facts.author, slow.author);
	ck_assert_str_eq(facts.timestamp, slow.timestamp);
	ck_assert_str_eq(facts.author_name, slow.author_name);
	ck_assert_str_eq(facts.author_email, slow.author_email);
	ck_assert_str_eq(facts.remote, slow.remote);
	ck_assert_str_eq(facts.host, slow.host);
	ck_assert_str_eq(facts.project_path, slow.project_path);
	ck_assert_str_eq(facts.default_branch, slow.default_branch);
}

static bool quick(void)
{
	struct git_facts f = { .sha = "",
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
			       .login = "",
			       .host = "",
			       .project_path = "",
			       .default_branch = "" };

	return git_quick_facts(work, &a, &f);
}

/* ---- facts ---- */

START_TEST(outside_git_there_are_no_facts)
{
	scratch_dir(&s, "plain");
	read_facts(scratch_path(&s, "plain"));
	ck_assert(!facts.is_repository);
	ck_assert_str_eq(facts.sha, "");
	ck_assert_str_eq(facts.default_branch, "");
	scratch_dir(&s, "plain/.git"); /* looks like one and is none */
	read_facts(scratch_path(&s, "plain"));
	ck_assert(!facts.is_repository);
}
END_TEST

START_TEST(before_the_first_commit)
{
	read_facts(work);
	ck_assert(facts.is_repository);
	ck_assert_str_eq(facts.work_tree, work);
	ck_assert_str_eq(facts.sha, "");
	ck_assert_str_eq(facts.branch, "main");
	ck_assert_str_eq(facts.title, "");
	ck_assert_str_eq(facts.default_branch, "main");
	sh("git checkout -q -b topic/y; echo 1 >f; git add f; git config init.defaultBranch trunk; git config user.name Bob");
	read_facts(work);
	ck_assert_str_eq(facts.branch, "topic/y");
	ck_assert(quick());
	sh("echo 0123 >.git/refs/heads/main; git symbolic-ref HEAD refs/heads/main"); /* damaged is not unborn */
	ck_assert(!quick());
}
END_TEST

START_TEST(head_and_its_commit)
{
	sh("mkdir -p d/e; echo 1 >d/e/f; git add .; git commit -qm one; git commit -q --allow-empty -m 'two: title\n\nthe\nbody';"
	   "git config user.name Bob; git config user.email bob@example.org;"
	   "git remote add origin https://bob:secret@gitlab.example.com/group/sub/shop.git; git checkout -q -b topic/x");
	read_facts(scratch_path(&s, "work/d/e"));
	ck_assert_str_eq(facts.work_tree, work);
	ck_assert_uint_eq(strlen(facts.sha), 40);
	ck_assert_uint_eq(strlen(facts.before_sha), 40);
	ck_assert_str_ne(facts.before_sha, "0000000000000000000000000000000000000000");
	ck_assert_str_eq(facts.branch, "topic/x");
	ck_assert_str_eq(facts.tag, "");
	ck_assert_ptr_nonnull(strstr(facts.title, "two: title"));
	ck_assert_str_eq(facts.author, "Ann <ann@example.org>");
	ck_assert_str_eq(facts.timestamp, "2024-05-06T05:08:09Z");
	ck_assert_str_eq(facts.author_name, "Bob");
	ck_assert_str_eq(facts.author_email, "bob@example.org");
	ck_assert_str_eq(facts.remote, "https://gitlab.example.com/group/sub/shop.git");
	ck_assert_str_eq(facts.host, "gitlab.example.com");
	ck_assert_str_eq(facts.project_path, "group/sub/shop");
	ck_assert_str_eq(facts.default_branch, "main");
}
END_TEST

START_TEST(title_message_and_description)
{
	sh("printf 'a title\\n\\nthe body\\nof it\\n' | git commit -q --allow-empty -F -");
	read_facts(work);
	ck_assert_str_eq(facts.title, "a title");
	ck_assert_str_eq(facts.message, "a title\n\nthe body\nof it\n");
	ck_assert_str_eq(facts.description, "the body\nof it\n");
	ck_assert_str_eq(facts.before_sha, "0000000000000000000000000000000000000000");
	sh("printf '%0100d\\n\\nbody\\n' 7 | git commit -q --allow-empty -F -");
	read_facts(work);
	ck_assert_uint_eq(strlen(facts.title), 100);
	ck_assert_str_eq(facts.description, facts.message);
}
END_TEST

START_TEST(tags_at_head_light_annotated_and_packed)
{
	sh("git commit -q --allow-empty -m one; git tag old; git commit -q --allow-empty -m two");
	read_facts(work);
	ck_assert_str_eq(facts.tag, "");
	sh("git tag -am v1.9 v1.9");
	read_facts(work);
	ck_assert_str_eq(facts.tag, "v1.9");
	sh("git tag v1.10");
	read_facts(work);
	ck_assert_str_eq(facts.tag, "v1.10");
	sh("git tag -d v1.10; git pack-refs --all");
	read_facts(work);
	ck_assert_str_eq(facts.tag, "v1.9");
}
END_TEST

START_TEST(a_detached_head_has_no_branch)
{
	sh("git commit -q --allow-empty -m one; git checkout -q --detach");
	read_facts(work);
	ck_assert_str_eq(facts.branch, "");
	ck_assert_uint_eq(strlen(facts.sha), 40);
}
END_TEST

START_TEST(the_default_branch_is_origins)
{
	sh("git commit -q --allow-empty -m one; git branch master; git update-ref refs/remotes/origin/trunk HEAD;"
	   "git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/trunk");
	read_facts(work);
	ck_assert_str_eq(facts.default_branch, "trunk");
	sh("git symbolic-ref -d refs/remotes/origin/HEAD; git config init.defaultBranch master");
	read_facts(work);
	ck_assert_str_eq(facts.default_branch, "master");
	sh("git config init.defaultBranch nothere");
	read_facts(work);
	ck_assert_str_eq(facts.default_branch, "main");
}
END_TEST

START_TEST(a_bare_repository_is_no_project)
{
	scratch_sh(&s, "git init -q --bare bare.git");
	read_facts(scratch_path(&s, "bare.git"));
	ck_assert(!facts.is_repository);
}
END_TEST

/* The usual repository is read without libgit2, in all the forms that git gives it. */
START_TEST(plain_repositories_are_read_quickly)
{
	ck_assert(quick()); /* before the first commit */
	sh("git commit -q --allow-empty -m one; git tag -am t1 t1; git commit -q --allow-empty -m two; git tag l2; git tag -am t2 t2;"
	   "git config user.name Bob; git remote add origin git@h.io:g/p.git; git update-ref refs/remotes/origin/main HEAD~1");
	read_facts(work);
	ck_assert(quick());
	ck_assert_str_eq(facts.tag, "t2");
	sh("git gc -q --aggressive; git pack-refs --all --prune"); /* packs, packed-refs */
	read_facts(work);
	ck_assert(quick());
	ck_assert_str_eq(facts.tag, "t2");
	sh("git commit -q --allow-empty -m three; git tag -f l2; git repack -q -d; git multi-pack-index write");
	read_facts(work);
	ck_assert(quick());
	ck_assert_str_eq(facts.tag, "l2");
	sh("git worktree add -q ../linked -b other; cd ../linked; git commit -q --allow-empty -m linked");
	read_facts(scratch_path(&s, "linked"));
	ck_assert_str_eq(facts.branch, "other");
	ck_assert_str_eq(facts.title, "linked");
	sh("git clone -q --depth 1 \"file://$PWD\" ../shallow; git clone -q --shared . ../shared; git clone -q . ../clone");
	read_facts(scratch_path(&s, "shallow"));
	read_facts(scratch_path(&s, "shared"));
	read_facts(scratch_path(&s, "clone"));
	ck_assert_str_eq(facts.default_branch, "main");
}
END_TEST

static const char *const odd_configs[] = {
	"[user]\n\tname = \"Quoted Name\" ; comment\n",
	"[user] name = same line\n",
	"[user]\n\tname = over \\\n two lines\n",
	"[User]\n\tNAME = Case\n[remote \"Origin\"]\n\turl = no\n",
	"[include]\n\tpath = ../../extra\n",
	"[includeIf \"gitdir:/\"]\n\tpath = ../../extra\n",
	"[user]\n\tname\n\temail =\n",
	"[core]\n\tworktree = ..\n",
	"[remote \"origin\"]\n\turl = https://a.io/b/c\n\turl = https://a.io/d/e\n",
	"; comment\n# another\n\n  [user]\n  email=x@y\n",
	"[remote.origin]\nurl=https://u:p@h.io/x/y.git\n",
};

START_TEST(odd_configurations_are_read_alike)
{
	FILE *f;

	sh("git commit -q --allow-empty -m one; printf '[user]\n\tname = extra\n' >../extra");
	f = fopen(scratch_path(&s, "work/.git/config"), "a");
	fputs(odd_configs[_i], f);
	fclose(f);
	if (_i == 6) { /* a name without a value is an error to libgit2's reader of text */
		ck_ok(git_facts_read(work, &a, &facts, &err));
		return;
	}
	read_facts(work);
}
END_TEST

static const char *const damage[] = {
	"printf 'ref: refs/heads/nowhere\n' >.git/HEAD",
	"printf 'nonsense' >.git/HEAD",
	"git pack-refs --all; sed -i 's/fully-peeled//' .git/packed-refs",
	"git gc -q; chmod u+w .git/objects/pack/*.idx; printf 'x' | dd of=$(ls .git/objects/pack/*.idx) bs=1 seek=1040 conv=notrunc 2>/dev/null",
	"git gc -q; for f in .git/objects/pack/*.idx; do chmod u+w $f; truncate -s 1000 $f; done",
	"git gc -q; for f in .git/objects/pack/*.pack; do chmod u+w $f; truncate -s 20 $f; done",
	"for f in .git/objects/[0-9a-f][0-9a-f]/*; do chmod u+w $f; : >$f; done",
	"printf '%s\n' '[[[' >>.git/config",
	"echo junk >.git/refs/tags/junk",
};

/* Whatever is broken: no crash, and the quick way never invents anything that libgit2 would not say. */
START_TEST(damage_is_left_to_libgit2)
{
	struct git_facts slow;

	sh("git commit -q --allow-empty -m one; git tag -am t1 t1; git commit -q --allow-empty -m two");
	sh(damage[_i]);
	if (quick()) {
		ck_ok(git_facts_read(work, &a, &facts, &err));
		ck_ok(git_facts_read_slowly(work, &a, &slow, &err));
		ck_assert_str_eq(facts.sha, slow.sha);
		ck_assert_str_eq(facts.title, slow.title);
		ck_assert_str_eq(facts.tag, slow.tag);
	}
}
END_TEST

/* As in a container, where the checkout is the host user's. */
START_TEST(a_repository_of_another_user_is_read)
{
	if (geteuid() != 0)
		return;
	sh("git commit -q --allow-empty -m one; chown -R 12345 .");
	read_facts(work);
	ck_assert_str_eq(facts.title, "one");
}
END_TEST

/* ---- addresses ---- */

static const struct {
	const char *text, *clean, *scheme, *host, *port, *path, *sibling;
} urls[] = {
	{ "https://gitlab.com/g/p.git", "https://gitlab.com/g/p.git", "https", "gitlab.com", "", "g/p",
	  "https://gitlab.com/x/y.git" },
	{ "https://u:p@h.io:8443/a/b/c", "https://h.io:8443/a/b/c", "https", "h.io", "8443", "a/b/c",
	  "https://h.io:8443/x/y.git" },
	{ "https://token@h.io/a/b/", "https://h.io/a/b/", "https", "h.io", "", "a/b", "https://h.io/x/y.git" },
	{ "https://a@b@h.io/a/b", "https://h.io/a/b", "https", "h.io", "", "a/b", "https://h.io/x/y.git" },
	{ "git@h.io:g/p.git", "git@h.io:g/p.git", "ssh", "h.io", "", "g/p", "git@h.io:x/y.git" },
	{ "h.io:/g/p.git", "h.io:/g/p.git", "ssh", "h.io", "", "g/p", "h.io:/x/y.git" },
	{ "ssh://git@h.io:2222/g/p.git", "ssh://git@h.io:2222/g/p.git", "ssh", "h.io", "2222", "g/p",
	  "ssh://git@h.io:2222/x/y.git" },
	{ "ssh://git:pw@h.io/g/p", "ssh://git@h.io/g/p", "ssh", "h.io", "", "g/p", "ssh://git@h.io/x/y.git" },
	{ "/srv/git/g/p.git", "/srv/git/g/p.git", "file", "", "", "g/p", "/srv/git/x/y.git" },
	{ "file:///srv/git/g/p.git", "file:///srv/git/g/p.git", "file", "", "", "g/p", "file:///srv/git/x/y.git" },
	{ "../p", "../p", "file", "", "", "../p", "x/y.git" },
	{ "https://[::1]:80/a/b", "https://[::1]:80/a/b", "https", "[::1]:80", "", "a/b", "https://[::1]:80/x/y.git" },
};

START_TEST(addresses_are_taken_apart)
{
	struct url u;

	ck_assert(url_parse(urls[_i].text, &a, &u));
	ck_assert_str_eq(u.text, urls[_i].clean);
	ck_assert_str_eq(u.scheme, urls[_i].scheme);
	ck_assert_str_eq(u.host, urls[_i].host);
	ck_assert_str_eq(u.port, urls[_i].port);
	ck_assert_str_eq(u.path, urls[_i].path);
	ck_assert_str_eq(url_sibling(&u, "x/y", &a), urls[_i].sibling);
}
END_TEST

START_TEST(odd_addresses_do_no_harm)
{
	static const char *const odd[] = { "",	"/",	   "://",	"https://",   "https://@", "a:",
					   ":", "file://", "https://h", "ssh://git@", "@:/" };
	struct url u;

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		ck_assert(url_parse(odd[i], &a, &u));
		ck_assert_uint_le(u.before_path, strlen(u.text));
		ck_assert_ptr_nonnull(url_sibling(&u, "x", &a));
	}
	ck_assert(url_is_project_path("group/sub-group/my.project_1"));
	ck_assert(!url_is_project_path(""));
	ck_assert(!url_is_project_path("a/../b"));
	ck_assert(!url_is_project_path("/a"));
	ck_assert(!url_is_project_path("a//b"));
	ck_assert(!url_is_project_path("a/"));
	ck_assert(!url_is_project_path("-a/b"));
	ck_assert(!url_is_project_path("a b"));
	ck_assert(!url_is_project_path("a/b?x"));
}
END_TEST

static const struct {
	const char *ref;
	const char *found; /* NULL: none */
} versions[] = {
	{ NULL, "HEAD" },
	{ "main", "refs/heads/main" },
	{ "both", "refs/tags/both" },
	{ "refs/heads/both", "refs/heads/both" },
	{ "1.2", NULL },
	{ "~1.2", "refs/tags/1.2.10" },
	{ "~1", "refs/tags/1.10.0" },
	{ "~1.2.3", "refs/tags/1.2.3" },
	{ "~v2", "refs/tags/v2.0.0" },
	{ "~main", "refs/heads/main" },
	{ "~latest", "refs/tags/v2.0.0" },
	{ "~3", NULL },
	{ "~1.2.4", NULL },
	{ "~", NULL },
	{ "nope", NULL },
};

START_TEST(versions_are_chosen)
{
	static const char *const names[] = { "HEAD",
					     "refs/heads/main",
					     "refs/heads/both",
					     "refs/tags/both",
					     "refs/tags/1.2.3",
					     "refs/tags/1.2.10",
					     "refs/tags/1.10.0",
					     "refs/tags/v2.0.0",
					     "refs/tags/v2.0",
					     "refs/tags/3.0.0-rc1",
					     "refs/tags/9.9.9.9",
					     "refs/tags/99999999999.0.0",
					     "refs/tags/2.0.0^{}" };
	long i = git_version_choose(names, sizeof(names) / sizeof(*names), versions[_i].ref);

	if (versions[_i].found)
		ck_assert_str_eq(i < 0 ? "none" : names[i], versions[_i].found);
	else
		ck_assert_int_eq(i, -1);
}
END_TEST

/* ---- the work tree ---- */

static bool is_dirty(void)
{
	bool dirty;

	ck_ok(git_is_dirty(work, &dirty, &err));
	return dirty;
}

START_TEST(dirty_is_what_differs_from_head)
{
	ck_assert(!is_dirty());
	sh("echo 1 >a; echo 1 >b");
	ck_assert(!is_dirty()); /* untracked */
	sh("git add a");
	ck_assert(is_dirty());
	sh("git commit -qm one");
	ck_assert(!is_dirty());
	sh("touch a");
	ck_assert(!is_dirty()); /* the same content */
	sh("echo 2 >a");
	ck_assert(is_dirty());
	sh("git add a; git commit -qm two; rm a");
	ck_assert(is_dirty());
}
END_TEST

/* The quick way may be unsure; it must never be wrong. */
static enum git_quick_answer quick_dirty(void)
{
	return git_quick_dirty(work);
}

START_TEST(a_clean_tree_and_the_usual_changes_are_told_quickly)
{
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_CLEAN); /* before the first commit */
	sh("mkdir d; echo 1 >a; echo 1 >d/b; ln -s a l; : >empty; git add .");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_UNSURE);
	ck_assert(is_dirty());
	sh("git commit -qm one; sleep 0.02; touch .git/index");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_CLEAN);
	sh("echo untracked >u");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_CLEAN);
	sh("echo longer >a");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_DIRTY);
	sh("echo '*.x text' >.gitattributes; git add .gitattributes"); /* conversions: sizes say nothing */
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_UNSURE);
	ck_assert(is_dirty());
	sh("git rm -qf .gitattributes; git commit -qam two; git update-index --index-version 4; sleep 0.02; touch .git/index");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_CLEAN);
	sh("rm d/b");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_DIRTY);
	sh("git checkout -q .; rm l; echo 1 >l");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_DIRTY);
	sh("git checkout -q .; echo LONGER >a"); /* the same size: only a hash can tell */
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_UNSURE);
	ck_assert(is_dirty());
	sh("git add a"); /* staged: the index is of another tree */
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_UNSURE);
	ck_assert(is_dirty());
	sh("git commit -qm three; chmod +x a");
	ck_assert_int_ne(quick_dirty(), GIT_QUICK_CLEAN);
	ck_assert(is_dirty());
	sh("git checkout -q .; git update-index --assume-unchanged a; echo longer >a");
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_UNSURE);
}
END_TEST

START_TEST(a_broken_index_is_no_answer)
{
	char bytes[4096];
	FILE *f;
	size_t n;

	sh("mkdir d; echo 1 >a; echo 1 >d/b; git add .; git commit -qm one; git config core.autocrlf input");
	f = fopen(scratch_path(&s, "work/.git/index"), "rb");
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t cut = 0; cut < n; cut += 3) {
		scratch_bytes(&s, "work/.git/index", bytes, cut);
		ck_assert_int_ne(quick_dirty(), GIT_QUICK_CLEAN);
	}
	for (size_t i = 4; i < n; i++) {
		bytes[i] ^= 0xff;
		scratch_bytes(&s, "work/.git/index", bytes, n);
		(void)quick_dirty();
		bytes[i] ^= 0xff;
	}
	unlink(scratch_path(&s, "work/.git/index"));
	ck_assert_int_eq(quick_dirty(), GIT_QUICK_UNSURE);
}
END_TEST

static const char *join(const git_paths *list)
{
	const char *text = "";

	for (uint32_t i = 0; i < list->count; i++)
		text = arena_printf(&a, "%s%s ", text, list->items[i]);
	return text;
}

static const char *changes(const char *base)
{
	git_paths list = { 0 };
	bool known;

	ck_ok(git_changes(work, base, &list, &known, &a, &err));
	return known ? join(&list) : "unknown";
}

START_TEST(changes_are_those_since_the_fork)
{
	ck_assert_str_eq(changes(NULL), "unknown");
	sh("echo 1 >a; echo 1 >b; mkdir d; echo 1 >d/c; git add .; git commit -qm one");
	ck_assert_str_eq(changes(NULL), "unknown");
	sh("git update-ref refs/remotes/origin/main HEAD");
	ck_assert_str_eq(changes(NULL), "");
	sh("echo 2 >a; echo new >untracked");
	ck_assert_str_eq(changes(NULL), "a ");
	sh("git checkout -q -b topic; git commit -qam two; git rm -q b; echo 2 >d/c; git add d");
	ck_assert_str_eq(changes(NULL), "a b d/c ");
	ck_assert_str_eq(changes("topic"), "b d/c ");
	ck_assert_str_eq(changes("main"), "a b d/c ");
	ck_assert_str_eq(changes("refs/heads/main"), "a b d/c ");
	/* What others did on main meanwhile is no change of ours. */
	sh("git stash -q; git checkout -q main; echo theirs >theirs; git add .; git commit -qm theirs;"
	   "git update-ref refs/remotes/origin/main HEAD; git checkout -q topic");
	ck_assert_str_eq(changes(NULL), "a ");
}
END_TEST

START_TEST(an_unknown_base_is_an_error)
{
	git_paths list = { 0 };
	bool known;

	sh("git commit -q --allow-empty -m one");
	ck_assert_int_eq(git_changes(work, "nope", &list, &known, &a, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "nope"));
	ck_assert(!known);
}
END_TEST

/* "a:2-3,7 b:" */
static const char *touched(const char *branch, const char *commit, const char *const *paths)
{
	struct git_lines lines;
	struct str out;
	const char *text;

	ck_ok(git_changed_lines(work, branch, commit, &lines, &a, &err));
	str_init(&out);
	for (; *paths; paths++) {
		if (!git_lines_touched(&lines, *paths, 0))
			continue;
		str_printf(&out, "%s:", *paths);
		for (uint32_t line = 1; line < 20; line++)
			if (git_lines_touched(&lines, *paths, line))
				str_printf(&out, "%u,", line);
		str_addc(&out, ' ');
	}
	text = arena_strdup(&a, out.data);
	str_clear(&out);
	return text;
}

START_TEST(lines_that_a_change_touched)
{
	static const char *const paths[] = { "a", "b", "new", "untracked", NULL };

	sh("seq 10 >a; seq 5 >b; git add .; git commit -qm one; git rev-parse HEAD >../base");
	sh("git checkout -q -b topic; sed -i '2s/.*/two/; 7,8s/.*/x/' a; sed -i 3d b; git commit -qam two");
	ck_assert_str_eq(touched("main", "", paths), "a:2,7,8, b: ");
	/* What is not committed belongs to the change; what Git does not know does not. */
	sh("echo 11 >>a; printf '1\n2\n' >new; git add new; echo 1 >untracked");
	ck_assert_str_eq(touched("main", "", paths), "a:2,7,8,11, b: new:1,2, ");
	/* origin's branch is what the team's server compares with. */
	sh("git commit -qam three; git update-ref refs/remotes/origin/main HEAD~1");
	ck_assert_str_eq(touched("main", "", paths), "a:11, new:1,2, ");
}
END_TEST

START_TEST(on_the_target_branch_the_earlier_run_is_compared_with)
{
	static const char *const paths[] = { "a", NULL };
	struct git_lines lines;

	sh("seq 3 >a; git add .; git commit -qm one; echo 4 >>a; git commit -qam two");
	ck_assert_str_eq(touched("main", "HEAD~1", paths), "a:4, ");
	ck_assert_str_eq(touched("", "HEAD~1", paths), "a:4, ");
	ck_assert_int_eq(git_changed_lines(work, "main", "", &lines, &a, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no commit to compare with"));
	ck_assert_int_eq(git_changed_lines(work, "main", "0123456789012345678901234567890123456789", &lines, &a, &err),
			 PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "not in this repository"));
}
END_TEST

static const char *files(bool tracked, bool untracked, bool ignored)
{
	git_paths list = { 0 };

	ck_ok(git_files(work, tracked, untracked, ignored, &list, &a, &err));
	return join(&list);
}

START_TEST(files_by_kind)
{
	sh("mkdir -p d/e; echo '*.o' >.gitignore; echo 1 >d/t; echo 1 >gone; git add .; git commit -qm one; rm gone;"
	   "echo 2 >d/t; echo n >d/e/new; echo o >d/x.o; mkdir -p s/runs; : >s/pipe.db; : >s/runs/log; git init -q nested; : >nested/f");
	ck_assert_str_eq(files(true, false, false), ".gitignore d/t ");
	ck_assert_str_eq(files(false, true, false), "d/e/new ");
	ck_assert_str_eq(files(false, false, true), "d/x.o ");
	ck_assert_str_eq(files(true, true, true), ".gitignore d/e/new d/t d/x.o ");
}
END_TEST

/* ---- other repositories ---- */

static struct git_remote_request request;
static struct git_remote_reply reply;
static char origin[160];

static void make_origin(void)
{
	sh("mkdir ci; echo v1 >ci/x.yml; echo y >ci/y.yml; echo r >root.yml; git add .; git commit -qm one; git tag 1.0.0;"
	   "echo v2 >ci/x.yml; git commit -qam two; git tag -am note 1.1.0; git checkout -q -b side; echo side >ci/x.yml;"
	   "git commit -qam three; git checkout -q main");
	snprintf(origin, sizeof(origin), "file://%s", work);
	request = (struct git_remote_request){
		.url = origin, .path = "ci/x.yml", .cache_directory = cache, .timeout_ms = 20000, .max_bytes = 1000
	};
}

static const char *remote(const char *ref)
{
	request.ref = ref;
	ck_ok(git_remote_file(&request, &reply, &a, &err));
	ck_assert_uint_eq(reply.length, strlen(reply.text));
	ck_assert_uint_eq(strlen(reply.sha), 40);
	return reply.text;
}

START_TEST(files_of_other_repositories_by_any_ref)
{
	const char *sha;

	make_origin();
	ck_assert_str_eq(remote(NULL), "v2\n");
	sha = reply.sha;
	ck_assert_str_eq(remote("side"), "side\n");
	ck_assert_str_eq(reply.name, "side");
	ck_assert_str_eq(remote("1.0.0"), "v1\n");
	ck_assert_str_eq(remote("~latest"), "v2\n");
	ck_assert_str_eq(reply.name, "1.1.0");
	ck_assert_str_eq(reply.sha, sha);
	ck_assert_str_eq(remote("~1.0"), "v1\n");
	ck_assert_str_eq(remote(sha), "v2\n");
	ck_assert(!reply.stale);
}
END_TEST

START_TEST(a_commit_is_found_by_its_name_alone)
{
	char sha[64];

	make_origin();
	sh("git rev-parse 1.0.0 >../sha");
	scratch_text(&s, "sha", sha, sizeof(sha));
	sha[40] = '\0';
	ck_assert_str_eq(remote(sha), "v1\n");
	request.offline = true;
	ck_assert_str_eq(remote(sha), "v1\n");
}
END_TEST

START_TEST(branches_move_and_the_cache_bridges)
{
	make_origin();
	request.offline = true;
	request.ref = "main";
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "offline"));
	request.offline = false;
	ck_assert_str_eq(remote("main"), "v2\n");
	ck_assert_str_eq(remote(NULL), "v2\n");
	sh("echo v3 >ci/x.yml; git commit -qam four");
	ck_assert_str_eq(remote("main"), "v3\n");
	ck_assert_str_eq(remote(NULL), "v3\n");
	sh("git checkout -q --orphan fresh; git commit -qm again; git branch -M main"); /* history rewritten */
	ck_assert_str_eq(remote("main"), "v3\n");
	scratch_sh(&s, "mv work hidden");
	ck_assert_str_eq(remote("main"), "v3\n");
	ck_assert(reply.stale);
	ck_assert_str_eq(reply.name, "main");
	request.offline = true;
	ck_assert_str_eq(remote("main"), "v3\n");
	ck_assert_str_eq(remote(NULL), "v3\n");
	ck_assert(!reply.stale);
}
END_TEST

START_TEST(what_is_not_there_is_an_error)
{
	make_origin();
	request.ref = "nope";
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "\"nope\""));
	request.ref = "main";
	request.path = "ci/none.yml";
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "ci/none.yml"));
	request.path = "ci";
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ENOTFOUND);
	request.path = "ci/x.yml";
	request.max_bytes = 2;
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ELIMIT);
	request.ref = "0123456789012345678901234567890123456789";
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ENOTFOUND);
	request.url = "file:///nowhere/at/all.git";
	request.ref = "main";
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ENETWORK);
}
END_TEST

START_TEST(short_addresses_are_spelled_out_as_configured)
{
	make_origin();
	sh("git config --file ../.gitconfig url.file://$PWD/../.insteadOf short:; git config --file ../.gitconfig url.nowhere:.insteadOf s");
	request.url = "short:work";
	ck_assert_str_eq(remote("main"), "v2\n");
}
END_TEST

/* A server that accepts and says nothing. */
START_TEST(silence_ends_with_the_timeout)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);
	struct timespec start, end;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, size), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	snprintf(origin, sizeof(origin), "http://127.0.0.1:%d/g/p.git", ntohs(at.sin_port));
	request = (struct git_remote_request){ .url = origin, .path = "x", .cache_directory = cache, .timeout_ms = 300 };
	clock_gettime(CLOCK_MONOTONIC, &start);
	ck_assert_int_eq(git_remote_file(&request, &reply, &a, &err), PIPE_ENETWORK);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_lt(end.tv_sec - start.tv_sec, 3);
	ck_assert_ptr_nonnull(strstr(err.text, "no answer"));
	close(fd);
}
END_TEST

START_TEST(globs_in_other_repositories)
{
	git_paths list = { 0 };

	make_origin();
	remote("main");
	ck_ok(git_remote_match(origin, reply.sha, "ci/*.yml", cache, &list, &a, &err));
	ck_assert_str_eq(join(&list), "ci/x.yml ci/y.yml ");
	list.count = 0;
	ck_ok(git_remote_match(origin, reply.sha, "**/*.yml", cache, &list, &a, &err));
	ck_assert_str_eq(join(&list), "ci/x.yml ci/y.yml root.yml ");
	list.count = 0;
	ck_ok(git_remote_match(origin, reply.sha, "none/*", cache, &list, &a, &err));
	ck_assert_uint_eq(list.count, 0);
	ck_assert_int_eq(git_remote_match(origin, "0123456789012345678901234567890123456789", "*", cache, &list, &a, &err),
			 PIPE_ENOTFOUND);
}
END_TEST

Suite *git_suite(void)
{
	Suite *suite = suite_create("git");
	TCase *t = tcase_create("git");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, outside_git_there_are_no_facts);
	tcase_add_test(t, before_the_first_commit);
	tcase_add_test(t, head_and_its_commit);
	tcase_add_test(t, title_message_and_description);
	tcase_add_test(t, tags_at_head_light_annotated_and_packed);
	tcase_add_test(t, a_detached_head_has_no_branch);
	tcase_add_test(t, the_default_branch_is_origins);
	tcase_add_test(t, a_bare_repository_is_no_project);
	tcase_add_test(t, plain_repositories_are_read_quickly);
	tcase_add_loop_test(t, odd_configurations_are_read_alike, 0, sizeof(odd_configs) / sizeof(*odd_configs));
	tcase_add_loop_test(t, damage_is_left_to_libgit2, 0, sizeof(damage) / sizeof(*damage));
	tcase_add_test(t, a_repository_of_another_user_is_read);
	tcase_add_loop_test(t, addresses_are_taken_apart, 0, sizeof(urls) / sizeof(*urls));
	tcase_add_test(t, odd_addresses_do_no_harm);
	tcase_add_loop_test(t, versions_are_chosen, 0, sizeof(versions) / sizeof(*versions));
	tcase_add_test(t, dirty_is_what_differs_from_head);
	tcase_add_test(t, a_clean_tree_and_the_usual_changes_are_told_quickly);
	tcase_add_test(t, a_broken_index_is_no_answer);
	tcase_add_test(t, changes_are_those_since_the_fork);
	tcase_add_test(t, an_unknown_base_is_an_error);
	tcase_add_test(t, lines_that_a_change_touched);
	tcase_add_test(t, on_the_target_branch_the_earlier_run_is_compared_with);
	tcase_add_test(t, files_by_kind);
	tcase_add_test(t, files_of_other_repositories_by_any_ref);
	tcase_add_test(t, a_commit_is_found_by_its_name_alone);
	tcase_add_test(t, branches_move_and_the_cache_bridges);
	tcase_add_test(t, what_is_not_there_is_an_error);
	tcase_add_test(t, short_addresses_are_spelled_out_as_configured);
	tcase_add_test(t, silence_ends_with_the_timeout);
	tcase_add_test(t, globs_in_other_repositories);
	suite_add_tcase(suite, t);
	return suite;
}
