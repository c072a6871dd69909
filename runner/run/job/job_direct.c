#include "runner/run/job/job_direct.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_MAX = 64, TEXT_MAX = 4096, SHELL_SETS = 3 };

/* Characters that mean themselves to every shell, wherever they stand in a word; `~` and `=` mean something at certain places. */
static bool is_plain(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:,@% ";
	size_t length = strspn(text, plain);

	return length && length < TEXT_MAX && !text[length];
}

/* Words that a shell takes for itself, in bash or in dash; sorted.  `true` and `false` are the same as the programs. */
static const char *const own[] = {
	".",	  ":",	     "alias",	"bg",	     "bind",	 "break",    "builtin", "caller",  "case",    "cd",
	"chdir",  "command", "compgen", "complete",  "compopt",	 "continue", "coproc",	"declare", "dirs",    "disown",
	"do",	  "done",    "echo",	"elif",	     "else",	 "enable",   "esac",	"eval",	   "exec",    "exit",
	"export", "fc",	     "fg",	"fi",	     "for",	 "function", "getopts", "hash",	   "help",    "history",
	"if",	  "in",	     "jobs",	"kill",	     "let",	 "local",    "logout",	"mapfile", "popd",    "printf",
	"pushd",  "pwd",     "read",	"readarray", "readonly", "return",   "select",	"set",	   "shift",   "shopt",
	"source", "suspend", "test",	"then",	     "time",	 "times",    "trap",	"type",	   "typeset", "ulimit",
	"umask",  "unalias", "unset",	"until",     "wait",	 "while",
};

static int by_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_own(const char *word)
{
	return bsearch(word, own, sizeof(own) / sizeof(*own), sizeof(*own), by_text) != NULL;
}

/* The words of the text, in a copy; NULL: too many, or no memory. */
static const char *const *split(const char *text, struct arena *a)
{
	const char **argv = ARENA_ARRAY(a, const char *, WORDS_MAX + 1);
	char *copy = arena_strdup(a, text), *rest = copy;
	size_t n = 0;

	if (!argv || !copy)
		return NULL;
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (n == WORDS_MAX)
			return NULL;
		argv[n++] = word;
	}
	return n ? argv : NULL;
}

static const char *value_in(const char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp; envp++)
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

/* bash would read a file first, or know functions. */
static bool is_prepared(const char *const *envp)
{
	static const char function[] = "BASH_FUNC_";
	const char *const *first = envp;

	for (; *envp; envp++)
		if (!strncmp(*envp, function, sizeof(function) - 1))
			return true;
	return value_in(first, "BASH_ENV") != NULL;
}

/* A program that the kernel runs by itself; a file without a first line that says how is run by the shell. */
static bool is_executable(const char *file)
{
	unsigned char head[4] = { 0 };
	struct stat st;
	int fd;

	if (access(file, X_OK) || (fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return false;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || read(fd, head, sizeof(head)) != (ssize_t)sizeof(head))
		head[0] = 0;
	close(fd);
	return !memcmp(head, "\177ELF", 4) || (head[0] == '#' && head[1] == '!');
}

/* Where a name is on a PATH of absolute directories; p->file stays "" when it is not. */
static void find(struct direct_program *p, const char *name, const char *search)
{
	size_t n;

	p->file[0] = '\0';
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->search, sizeof(p->search), "%s", search);
	for (const char *entry = search; *entry; entry += n + (entry[n] == ':')) {
		n = strcspn(entry, ":");
		if (*entry != '/' || snprintf(p->file, sizeof(p->file), "%.*s/%s", (int)n, entry, name) >= (int)sizeof(p->file))
			break;
		if (is_executable(p->file))
			return;
		if (!access(p->file, F_OK))
			break;
	}
	p->file[0] = '\0';
}

static const char *program(struct pipe_run *s, const char *name, const char *search)
{
	struct direct_program *p = s->direct;

	if (!search || strlen(name) >= sizeof(p->name) || strlen(search) >= sizeof(p->search))
		return NULL;
	if (!p)
		p = s->direct = ARENA_NEW(&s->arena, struct direct_program);
	if (p && (strcmp(p->name, name) != 0 || strcmp(p->search, search) != 0))
		find(p, name, search);
	return p && p->file[0] ? p->file : NULL;
}

/* What the shell sets for the programs that it starts: where it is; bash also how deep shells are nested, and what it runs. */
static const char *const *as_in_shell(const char *const *envp, const char *directory, const char *file, bool bash,
				      struct arena *a)
{
	const char *depth = value_in(envp, "SHLVL");
	const char *const set[SHELL_SETS] = { arena_printf(a, "PWD=%s", directory),
					      bash ? arena_printf(a, "SHLVL=%d", (depth ? atoi(depth) : 0) + 1) : NULL,
					      bash ? arena_printf(a, "_=%s", file) : NULL };
	size_t count = 0, n = 0;
	const char **out;

	while (envp[count])
		count++;
	out = ARENA_ARRAY(a, const char *, count + SHELL_SETS + 1);
	for (size_t i = 0; out && i < count; i++) {
		bool replaced = !strncmp(envp[i], "PWD=", 4) ||
				(bash && (!strncmp(envp[i], "SHLVL=", 6) || !strncmp(envp[i], "_=", 2)));
		if (!replaced)
			out[n++] = envp[i];
	}
	for (size_t i = 0; out && i < SHELL_SETS; i++) {
		if (set[i])
			out[n++] = set[i];
		else if (!i || bash)
			return NULL;
	}
	return out;
}

bool job_direct(struct job_run *j, const char *directory, struct arena *a, const char *const **envp, struct job_script *out)
{
	const struct job *job = j->plan->job;

	return !job->settings->pre_get_sources && !job->settings->before_script.count && job->main.count == 1 &&
	       job_direct_text(j, job->main.items[0].text, directory, a, envp, out);
}

bool job_direct_text(struct job_run *j, const char *text, const char *directory, struct arena *a, const char *const **envp,
		     struct job_script *out)
{
	const struct job *job = j->plan->job;
	bool bash = job_shell_is(job, "bash");
	const char *const *argv, *const *set;
	const char *file;

	if ((!bash && !job_shell_is(job, "sh")) || !is_plain(text))
		return false;
	argv = split(text, a);
	if (!argv || strchr(argv[0], '/') || is_own(argv[0]) || (bash && is_prepared(*envp)))
		return false;
	file = program(j->pipeline->session, argv[0], value_in(*envp, "PATH"));
	set = file ? as_in_shell(*envp, directory, file, bash, a) : NULL;
	if (!set)
		return false;
	out->argv = argv;
	out->file = NULL;
	*envp = set;
	return true;
}
