/*
 * libgit2 1.5 has no timeouts of its own: a server that accepts and then says nothing would hold it for ever.  So the fetch runs in a
 * thread that owns all it uses.  When its time is over it is told to stop at the next chance, and left to itself; the last of the
 * two frees what they share.  All signals are blocked there: the host's handlers run on the host's threads, and a broken connection
 * is no SIGPIPE.
 */
#include "runner/git/git_fetch.h"

#include "base/error.h"
#include "base/vec.h"
#include "runner/git/git_login.h"
#include "runner/git/git_version.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_TIMEOUT_MS = 30000, GRACE_MS = 200, MAX_REFS = 1000000 };
static const uint64_t max_received = UINT64_C(1) << 30;

struct fetch {
	/* Set before the thread starts. */
	char *url, *ref, *directory, *login;
	uint32_t timeout_ms;
	/* Shared, below the lock. */
	pthread_mutex_t lock;
	pthread_cond_t ended_condition;
	bool ended, abandoned;
	atomic_bool stop; /* the time is over; read without the lock */
	/* The thread's, until it has ended. */
	struct git_session s;
	git_repository *repository;
	git_remote *remote;
	struct arena a;
	unsigned credentials_tried;
	bool too_large;
	pipe_error refusal; /* of the server, said better than libgit2 does */
	char name[GIT_FETCH_NAME];
	pipe_error err;
	int rc;
};

bool git_is_sha(const char *ref)
{
	return ref && strlen(ref) == GIT_OID_HEXSZ && strspn(ref, "0123456789abcdef") == GIT_OID_HEXSZ;
}

static void fetch_free(struct fetch *f)
{
	free(f->url);
	free(f->ref);
	free(f->directory);
	free(f->login);
	pthread_cond_destroy(&f->ended_condition);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* ---- callbacks ---- */

static bool must_stop(struct fetch *f)
{
	return atomic_load(&f->stop);
}

static int on_message(const char *text, int length, void *payload)
{
	(void)text, (void)length;
	return must_stop(payload) ? GIT_EUSER : 0;
}

static int on_progress(const git_indexer_progress *progress, void *payload)
{
	struct fetch *f = payload;

	f->too_large = progress->received_bytes > max_received;
	return f->too_large || must_stop(f) ? GIT_EUSER : 0;
}

static int key_from_file(struct fetch *f, git_credential **out, const char *user, const char *file)
{
	const char *home = getenv("HOME"), *path = home ? arena_printf(&f->a, "%s/.ssh/%s", home, file) : NULL;

	return path ? f->s.lib.git_credential_ssh_key_new(out, user, NULL, path, NULL) : GIT_PASSTHROUGH;
}

/* Each is tried once: the agent, then keys without a pass phrase. */
static int log_in_with_key(struct fetch *f, git_credential **out, const char *user)
{
	static const char *const files[] = { "id_ed25519", "id_ecdsa", "id_rsa" };
	unsigned attempt = f->credentials_tried++;

	if (!attempt)
		return f->s.lib.git_credential_ssh_key_from_agent(out, user);
	if (attempt <= sizeof(files) / sizeof(*files))
		return key_from_file(f, out, user, files[attempt - 1]);
	error_set(&f->refusal, PIPE_ENETWORK,
		  "%s: the server takes no key of yours: the agent's and ~/.ssh/id_ed25519, id_ecdsa and id_rsa (without a pass "
		  "phrase) were tried; `ssh-add` gives the agent a key",
		  f->url);
	return GIT_EUSER;
}

/* Are these addresses of one server?  A redirection to another one does not take what was written for this one along. */
static bool same_server(const char *a, const char *b)
{
	const char *host = strstr(a, "://");
	size_t n = host ? (size_t)(host + 3 - a) + strcspn(host + 3, "/") : 0;

	return n && !strncmp(a, b, n) && (!b[n] || b[n] == '/');
}

static int log_in_with_password(struct fetch *f, git_credential **out, const char *url)
{
	const struct git_login_request r = { url, same_server(f->url, url) ? f->login : "", f->directory, f->timeout_ms,
					     &f->stop };
	struct git_login login;

	if (f->credentials_tried++)
		error_set(&f->refusal, PIPE_ENETWORK,
			  "%s: the server refuses the login that Git knows for it; `git ls-remote` on this address must work",
			  f->url);
	else if (git_login_ask(&r, &f->a, &login, &f->refusal) == PIPE_OK)
		return f->s.lib.git_credential_userpass_plaintext_new(out, login.user, login.password);
	return GIT_EUSER;
}

static int on_credentials(git_credential **out, const char *url, const char *user, unsigned allowed, void *payload)
{
	struct fetch *f = payload;

	user = user ? user : "git";
	if (must_stop(f))
		return GIT_EUSER;
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return f->s.lib.git_credential_username_new(out, user);
	if (allowed & GIT_CREDENTIAL_SSH_KEY)
		return log_in_with_key(f, out, user);
	return allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT ? log_in_with_password(f, out, url) : GIT_PASSTHROUGH;
}

static git_remote_callbacks callbacks(struct fetch *f)
{
	git_remote_callbacks c = { .version = GIT_REMOTE_CALLBACKS_VERSION };

	c.sideband_progress = on_message;
	c.transfer_progress = on_progress;
	c.credentials = on_credentials;
	c.payload = f;
	return c;
}

/* ---- the thread ---- */

static int network_error(struct fetch *f)
{
	if (f->too_large)
		return error_set(&f->err, PIPE_ELIMIT, "%s: the repository is too large to be included from", f->url);
	if (f->refusal.code)
		return error_set(&f->err, PIPE_ENETWORK, "%s", f->refusal.text);
	return git_session_error(&f->s, PIPE_ENETWORK, &f->err, f->url);
}

/* The beginning that "url.BASE.insteadOf" replaces, when this entry is one that fits; 0: it is not. */
static size_t instead_of(const git_config_entry *e, const char *url)
{
	static const char first[] = "url.", last[] = ".insteadof";
	size_t n = strlen(e->name), length = strlen(e->value);

	if (n < sizeof(first) + sizeof(last) - 2 || strncmp(e->name, first, sizeof(first) - 1) ||
	    strcmp(e->name + n - (sizeof(last) - 1), last))
		return 0;
	return strncmp(url, e->value, length) ? 0 : length;
}

/* libgit2 1.5 would do it, at the price of 20 KB that it loses for every line of the configuration.  As in git, the longest wins. */
static const char *rewritten_url(struct fetch *f)
{
	const struct git_library *g = &f->s.lib;
	git_config_iterator *all;
	git_config_entry *e;
	git_config *config;
	const char *found = f->url;
	size_t best = 0, n;

	if (g->git_repository_config_snapshot(&config, f->repository))
		return found;
	if (!g->git_config_iterator_new(&all, config)) {
		while (found && !g->git_config_next(&e, all))
			if ((n = instead_of(e, f->url)) > best) {
				best = n;
				found = arena_printf(&f->a, "%.*s%s", (int)(strlen(e->name) - strlen("url..insteadof")),
						     e->name + 4, f->url + n);
			}
		g->git_config_iterator_free(all);
	}
	g->git_config_free(config);
	return found;
}

static int make_remote(struct fetch *f)
{
	git_remote_create_options options = { .version = GIT_REMOTE_CREATE_OPTIONS_VERSION,
					      .repository = f->repository,
					      .flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF |
						       GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC };
	const char *url = rewritten_url(f);

	if (!url)
		return error_nomem(&f->err);
	return f->s.lib.git_remote_create_with_opts(&f->remote, url, &options) ? network_error(f) : PIPE_OK;
}

static int open_cache(struct fetch *f)
{
	const struct git_library *g = &f->s.lib;

	if (g->git_repository_open_bare(&f->repository, f->directory) && g->git_repository_init(&f->repository, f->directory, 1))
		return git_session_error(&f->s, PIPE_EIO, &f->err, f->directory);
	return make_remote(f);
}

static int list_refs(struct fetch *f, const git_remote_head ***heads, size_t *count)
{
	git_remote_callbacks c = callbacks(f);
	git_proxy_options proxy = { .version = GIT_PROXY_OPTIONS_VERSION, .type = GIT_PROXY_AUTO };

	if (f->s.lib.git_remote_connect(f->remote, GIT_DIRECTION_FETCH, &c, &proxy, NULL) ||
	    f->s.lib.git_remote_ls(heads, count, f->remote))
		return network_error(f);
	return PIPE_OK;
}

static int download(struct fetch *f, char **specs, size_t count)
{
	git_strarray list = { specs, count };
	git_fetch_options options;

	f->s.lib.git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
	options.callbacks = callbacks(f);
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.update_fetchhead = 0;
	options.proxy_opts.type = GIT_PROXY_AUTO;
	f->credentials_tried = 0;
	return f->s.lib.git_remote_fetch(f->remote, &list, &options, NULL) ? network_error(f) : PIPE_OK;
}

static int choose(struct fetch *f, const git_remote_head *const *heads, size_t count, size_t *chosen)
{
	const char **names = count <= MAX_REFS ? ARENA_ARRAY(&f->a, const char *, count + 1) : NULL;
	long i;

	if (!names)
		return error_set(&f->err, PIPE_ELIMIT, "%s has too many branches and tags", f->url);
	for (size_t k = 0; k < count; k++)
		names[k] = heads[k]->name;
	i = git_version_choose(names, count, f->ref);
	if (i < 0)
		return error_set(&f->err, PIPE_ENOTFOUND, "%s has no %s \"%s\"", f->url,
				 f->ref && *f->ref == '~' ? "version" : "branch, tag or commit", f->ref ? f->ref : "HEAD");
	*chosen = (size_t)i;
	return PIPE_OK;
}

static int fetch_one(struct fetch *f)
{
	const git_remote_head **heads = NULL, *head;
	size_t count = 0, chosen = 0;
	git_oid have;
	char *spec;
	int rc = list_refs(f, &heads, &count);

	if (rc == PIPE_OK)
		rc = choose(f, heads, count, &chosen);
	if (rc)
		return rc;
	head = heads[chosen];
	if (snprintf(f->name, sizeof(f->name), "%s", strcmp(head->name, "HEAD") ? head->name : GIT_FETCH_HEAD) >=
	    (int)sizeof(f->name))
		return error_set(&f->err, PIPE_ELIMIT, "%s: a ref name is too long", f->url);
	if (!f->s.lib.git_reference_name_to_id(&have, f->repository, f->name) && f->s.lib.git_oid_equal(&have, &head->oid))
		return PIPE_OK;
	spec = arena_printf(&f->a, "+%s:%s", head->name, f->name);
	return spec ? download(f, &spec, 1) : error_nomem(&f->err);
}

/* A commit cannot be asked for by its name; it comes with the branches and tags that lead to it. */
static int fetch_everything(struct fetch *f)
{
	char heads[] = "+refs/heads/*:refs/heads/*", tags[] = "+refs/tags/*:refs/tags/*", *specs[] = { heads, tags };

	return download(f, specs, 2);
}

static void do_fetch(struct fetch *f)
{
	f->rc = git_session_open(&f->s, &f->err);
	if (f->rc)
		return;
	f->rc = open_cache(f);
	if (f->rc == PIPE_OK)
		f->rc = git_is_sha(f->ref) ? fetch_everything(f) : fetch_one(f);
	if (f->remote) {
		f->s.lib.git_remote_disconnect(f->remote);
		f->s.lib.git_remote_free(f->remote);
	}
	if (f->repository)
		f->s.lib.git_repository_free(f->repository);
	git_session_close(&f->s);
	arena_clear(&f->a);
}

static void *thread(void *argument)
{
	struct fetch *f = argument;
	bool last;

	do_fetch(f);
	pthread_mutex_lock(&f->lock);
	f->ended = true;
	last = f->abandoned;
	pthread_cond_signal(&f->ended_condition);
	pthread_mutex_unlock(&f->lock);
	if (last)
		fetch_free(f);
	return NULL;
}

/* ---- the caller ---- */

static struct fetch *fetch_new(const char *directory, const struct git_remote_request *request, uint32_t timeout_ms)
{
	struct fetch *f = calloc(1, sizeof(*f));
	pthread_condattr_t monotonic;

	if (!f)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&f->ended_condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&f->lock, NULL);
	f->url = strdup(request->url);
	f->directory = strdup(directory);
	f->ref = request->ref ? strdup(request->ref) : NULL;
	f->login = strdup(request->login ? request->login : "");
	f->timeout_ms = timeout_ms;
	if (f->url && f->directory && f->login && (f->ref || !request->ref))
		return f;
	fetch_free(f);
	return NULL;
}

static int start_thread(struct fetch *f, pthread_t *id)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(id, NULL, thread, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}

/* Below the lock. */
static bool ends_within(struct fetch *f, uint32_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!f->ended && !pthread_cond_timedwait(&f->ended_condition, &f->lock, &until))
		;
	return f->ended;
}

/* false: the time is over, and f is the thread's alone.  The grace is for a helper that it has to end. */
static bool wait_for_end(struct fetch *f)
{
	bool ended;

	pthread_mutex_lock(&f->lock);
	ended = ends_within(f, f->timeout_ms);
	if (!ended) {
		atomic_store(&f->stop, true);
		ended = ends_within(f, GRACE_MS);
	}
	f->abandoned = !ended;
	pthread_mutex_unlock(&f->lock);
	return ended;
}

int git_fetch(const char *directory, const struct git_remote_request *request, char name[GIT_FETCH_NAME], pipe_error *err)
{
	uint32_t timeout_ms = request->timeout_ms ? request->timeout_ms : DEFAULT_TIMEOUT_MS;
	struct fetch *f = fetch_new(directory, request, timeout_ms);
	pthread_t id;
	int rc;

	if (!f)
		return error_nomem(err);
	rc = start_thread(f, &id);
	if (rc) {
		fetch_free(f);
		return error_errno(err, PIPE_EIO, rc, "a thread to fetch with");
	}
	if (!wait_for_end(f)) {
		pthread_detach(id);
		return error_set(err, PIPE_ENETWORK, "%s: no answer within %g s", request->url, timeout_ms / 1000.0);
	}
	pthread_join(id, NULL);
	rc = f->rc;
	if (rc && err)
		*err = f->err;
	memcpy(name, f->name, GIT_FETCH_NAME);
	fetch_free(f);
	return rc;
}
