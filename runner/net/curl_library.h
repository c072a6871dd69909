/* libcurl, loaded when it is first needed: the functions that runner/net/ calls. */
#ifndef RUNNER_NET_CURL_LIBRARY_H
#define RUNNER_NET_CURL_LIBRARY_H

#include "base/lazy.h"
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>

#define CURL_FUNCTIONS(X)                                                                                                        \
	X(curl_easy_init)                                                                                                        \
	X(curl_easy_setopt)                                                                                                      \
	X(curl_easy_getinfo)                                                                                                     \
	X(curl_easy_perform)                                                                                                     \
	X(curl_easy_strerror)                                                                                                    \
	X(curl_easy_reset)                                                                                                       \
	X(curl_easy_cleanup)                                                                                                     \
	X(curl_multi_init)                                                                                                       \
	X(curl_multi_add_handle)                                                                                                 \
	X(curl_multi_remove_handle)                                                                                              \
	X(curl_multi_perform)                                                                                                    \
	X(curl_multi_poll)                                                                                                       \
	X(curl_multi_info_read)                                                                                                  \
	X(curl_multi_setopt)                                                                                                     \
	X(curl_multi_socket_action)                                                                                              \
	X(curl_multi_assign)                                                                                                     \
	X(curl_multi_cleanup)                                                                                                    \
	X(curl_url)                                                                                                              \
	X(curl_url_set)                                                                                                          \
	X(curl_url_get)                                                                                                          \
	X(curl_url_cleanup)                                                                                                      \
	X(curl_free)                                                                                                             \
	X(curl_mime_init)                                                                                                        \
	X(curl_mime_addpart)                                                                                                     \
	X(curl_mime_name)                                                                                                        \
	X(curl_mime_filename)                                                                                                    \
	X(curl_mime_type)                                                                                                        \
	X(curl_mime_data_cb)                                                                                                     \
	X(curl_mime_free)                                                                                                        \
	X(curl_slist_append)                                                                                                     \
	X(curl_slist_free_all)

struct curl_library {
	LAZY_FUNCTIONS(CURL_FUNCTIONS)
};

/* Close *handle with lazy_close. */
int curl_library_open(void **handle, struct curl_library *library, pipe_error *err);

/* A TLS connection that breaks while it is written to raises SIGPIPE, which is not for the host to see: held back between these. */
struct broken_pipes {
	sigset_t before;
	bool was_pending;
};
void broken_pipes_hold(struct broken_pipes *b);
void broken_pipes_drop(struct broken_pipes *b);

#endif
