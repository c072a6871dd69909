/* libgit2 as the files of the Git room (git*.c) use it: loaded, initialised, and ended again. */
#ifndef RUNNER_GIT_LIBRARY_H
#define RUNNER_GIT_LIBRARY_H

#include "base/arena.h"
#include "base/lazy.h"
#include <git2.h>
#include <stdbool.h>

#define GIT_FUNCTIONS(X)                                                                                                         \
	X(git_libgit2_init)                                                                                                      \
	X(git_libgit2_shutdown)                                                                                                  \
	X(git_libgit2_opts)                                                                                                      \
	X(git_error_last)                                                                                                        \
	X(git_repository_open_ext)                                                                                               \
	X(git_repository_open_bare)                                                                                              \
	X(git_repository_init)                                                                                                   \
	X(git_repository_free)                                                                                                   \
	X(git_repository_workdir)                                                                                                \
	X(git_repository_path)                                                                                                   \
	X(git_repository_commondir)                                                                                              \
	X(git_repository_index)                                                                                                  \
	X(git_repository_config_snapshot)                                                                                        \
	X(git_repository_odb)                                                                                                    \
	X(git_config_get_string)                                                                                                 \
	X(git_config_open_ondisk)                                                                                                \
	X(git_config_delete_entry)                                                                                               \
	X(git_config_iterator_new)                                                                                               \
	X(git_config_next)                                                                                                       \
	X(git_config_iterator_free)                                                                                              \
	X(git_config_free)                                                                                                       \
	X(git_reference_lookup)                                                                                                  \
	X(git_reference_name_to_id)                                                                                              \
	X(git_reference_type)                                                                                                    \
	X(git_reference_name)                                                                                                    \
	X(git_reference_target)                                                                                                  \
	X(git_reference_target_peel)                                                                                             \
	X(git_reference_symbolic_target)                                                                                         \
	X(git_reference_create)                                                                                                  \
	X(git_reference_free)                                                                                                    \
	X(git_reference_iterator_glob_new)                                                                                       \
	X(git_reference_next)                                                                                                    \
	X(git_reference_iterator_free)                                                                                           \
	X(git_object_lookup)                                                                                                     \
	X(git_object_peel)                                                                                                       \
	X(git_object_id)                                                                                                         \
	X(git_object_free)                                                                                                       \
	X(git_commit_lookup)                                                                                                     \
	X(git_commit_free)                                                                                                       \
	X(git_commit_message)                                                                                                    \
	X(git_commit_author)                                                                                                     \
	X(git_commit_time)                                                                                                       \
	X(git_commit_parentcount)                                                                                                \
	X(git_commit_parent_id)                                                                                                  \
	X(git_commit_tree)                                                                                                       \
	X(git_tree_free)                                                                                                         \
	X(git_tree_entry_bypath)                                                                                                 \
	X(git_tree_entry_id)                                                                                                     \
	X(git_tree_entry_type)                                                                                                   \
	X(git_tree_entry_name)                                                                                                   \
	X(git_tree_entry_free)                                                                                                   \
	X(git_tree_walk)                                                                                                         \
	X(git_blob_lookup)                                                                                                       \
	X(git_blob_rawsize)                                                                                                      \
	X(git_blob_rawcontent)                                                                                                   \
	X(git_blob_free)                                                                                                         \
	X(git_odb_free)                                                                                                          \
	X(git_odb_hash)                                                                                                          \
	X(git_odb_read_header)                                                                                                   \
	X(git_oid_fromstr)                                                                                                       \
	X(git_oid_tostr)                                                                                                         \
	X(git_oid_equal)                                                                                                         \
	X(git_revparse_single)                                                                                                   \
	X(git_merge_base)                                                                                                        \
	X(git_index_free)                                                                                                        \
	X(git_index_entrycount)                                                                                                  \
	X(git_index_get_byindex)                                                                                                 \
	X(git_diff_options_init)                                                                                                 \
	X(git_diff_tree_to_workdir_with_index)                                                                                   \
	X(git_diff_index_to_workdir)                                                                                             \
	X(git_diff_num_deltas)                                                                                                   \
	X(git_diff_get_delta)                                                                                                    \
	X(git_diff_foreach)                                                                                                      \
	X(git_diff_free)                                                                                                         \
	X(git_remote_create_with_opts)                                                                                           \
	X(git_remote_connect)                                                                                                    \
	X(git_remote_ls)                                                                                                         \
	X(git_remote_disconnect)                                                                                                 \
	X(git_remote_fetch)                                                                                                      \
	X(git_remote_free)                                                                                                       \
	X(git_fetch_options_init)                                                                                                \
	X(git_credential_ssh_key_from_agent)                                                                                     \
	X(git_credential_ssh_key_new)                                                                                            \
	X(git_credential_username_new)                                                                                           \
	X(git_credential_userpass_plaintext_new)

struct git_library {
	LAZY_FUNCTIONS(GIT_FUNCTIONS)
};

struct git_session {
	struct git_library lib;
	void *handle;
};

int git_session_open(struct git_session *s, pipe_error *err);
void git_session_close(struct git_session *s);
/* "what: why", with libgit2's own words. */
int git_session_error(const struct git_session *s, enum pipe_code code, pipe_error *err, const char *what);
/* Opens the repository at directory, or with `search` around it.  PIPE_ENOTFOUND: there is none. */
int git_session_repository(struct git_session *s, const char *directory, bool search, git_repository **out, pipe_error *err);

#endif
