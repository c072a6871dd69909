/* The functions of libarchive that archives use. */
#ifndef RUNNER_ARCHIVE_LIBRARY_H
#define RUNNER_ARCHIVE_LIBRARY_H

#include "base/lazy.h"
#include <archive.h>
#include <archive_entry.h>

#define ARCHIVE_FUNCTIONS(X)                                                                                                     \
	X(archive_error_string)                                                                                                  \
	X(archive_errno)                                                                                                         \
	X(archive_entry_new)                                                                                                     \
	X(archive_entry_clear)                                                                                                   \
	X(archive_entry_free)                                                                                                    \
	X(archive_entry_set_pathname)                                                                                            \
	X(archive_entry_set_symlink)                                                                                             \
	X(archive_entry_set_filetype)                                                                                            \
	X(archive_entry_set_perm)                                                                                                \
	X(archive_entry_set_size)                                                                                                \
	X(archive_entry_set_mtime)                                                                                               \
	X(archive_entry_pathname)                                                                                                \
	X(archive_entry_symlink)                                                                                                 \
	X(archive_entry_hardlink)                                                                                                \
	X(archive_entry_filetype)                                                                                                \
	X(archive_entry_perm)                                                                                                    \
	X(archive_entry_size)                                                                                                    \
	X(archive_entry_mtime)                                                                                                   \
	X(archive_entry_mtime_nsec)                                                                                              \
	X(archive_write_new)                                                                                                     \
	X(archive_write_set_format_pax)                                                                                          \
	X(archive_write_add_filter_zstd)                                                                                         \
	X(archive_write_set_options)                                                                                             \
	X(archive_write_open_fd)                                                                                                 \
	X(archive_write_header)                                                                                                  \
	X(archive_write_data)                                                                                                    \
	X(archive_write_close)                                                                                                   \
	X(archive_write_free)                                                                                                    \
	X(archive_read_new)                                                                                                      \
	X(archive_read_support_format_tar)                                                                                       \
	X(archive_read_support_format_zip)                                                                                       \
	X(archive_read_support_filter_zstd)                                                                                      \
	X(archive_read_support_filter_gzip)                                                                                      \
	X(archive_read_open_fd)                                                                                                  \
	X(archive_read_support_format_raw)                                                                                       \
	X(archive_read_support_filter_bzip2)                                                                                     \
	X(archive_read_support_filter_xz)                                                                                        \
	X(archive_read_open)                                                                                                     \
	X(archive_read_open2)                                                                                                    \
	X(archive_filter_bytes)                                                                                                  \
	X(archive_filter_count)                                                                                                  \
	X(archive_read_next_header)                                                                                              \
	X(archive_read_data)                                                                                                     \
	X(archive_read_data_block)                                                                                               \
	X(archive_read_data_skip)                                                                                                \
	X(archive_read_free)

struct archive_library {
	LAZY_FUNCTIONS(ARCHIVE_FUNCTIONS)
};

int archive_library_open(struct archive_library *library, void **handle, pipe_error *err);

#endif
