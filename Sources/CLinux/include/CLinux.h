// What Swift's Glibc module hides, and nothing else. Every symbol begins with `cl_`; each says why it is
// here. Calls that fail answer -1 and leave their reason in `errno`.
#ifndef CLINUX_H
#define CLINUX_H

// No header of the C library: Swift would take its types for others than Glibc's.
#include <stdbool.h>

/// The name of an errno, `EPERM`, or NULL. Reason: `strerrorname_np` is a GNU extension that Glibc's module
/// leaves out.
const char *cl_error_name(int error);

/// The sentence for an errno, in English whatever the locale, or NULL. Reason: as above.
const char *cl_error_description(int error);

/// Puts the calling thread into the network namespace that `descriptor` refers to. Reason: `setns` is a GNU
/// extension.
int cl_enter_network_namespace(int descriptor);

/// Puts the calling thread into a new network namespace. Reason: `unshare` is a GNU extension.
int cl_unshare_network_namespace(void);

/// Puts the calling thread into a copy of its mount namespace, with a working directory and a root of its own there.
/// Reason: as above.
int cl_unshare_mount_namespace(void);

/// A descriptor of a copy of what is mounted on `path` and below it, which is mounted nowhere. Reason: `open_tree` is a
/// GNU extension, its flags are macros made of others.
int cl_copy_mounts(const char *path);

/// Mounts on `path` what `cl_copy_mounts` has copied. Reason: as above.
int cl_attach_mounts(int descriptor, const char *path);

/// 1 if `descriptor` refers to a network namespace, 0 if to anything else. Reason: `fstatfs` is not in
/// Glibc's module, and `NS_GET_NSTYPE` is a macro that Swift does not import.
int cl_is_network_namespace(int descriptor);

/// Names the calling thread, at most 15 bytes. Reason: `pthread_setname_np` is a GNU extension.
int cl_name_thread(const char *name);

/// Notes that the calling thread was made for one piece of work. Reason: Swift has no thread-local storage
/// without allocation.
void cl_mark_thread(void);

/// True on a thread that called `cl_mark_thread`.
bool cl_thread_is_marked(void);

/// The kernel's number of the calling thread. Reason: `gettid` is a GNU extension.
int cl_thread_id(void);

/// Opens a file without a name. Reason: `O_TMPFILE` is a macro made of others, which Swift does not import.
extern const int cl_O_TMPFILE;

/// The parts of a device number. Reason: `gnu_dev_major` is hidden, `major` is a macro.
unsigned int cl_device_major(unsigned long device);
unsigned int cl_device_minor(unsigned long device);

/// The name of a directory entry, a `struct dirent`. Reason: Swift imports `d_name` as 256 values, more than
/// a short record has.
const char *cl_entry_name(const void *entry);

/// From now on SIGINT, SIGTERM and SIGHUP do not end the process the first time; ``cl_interruption`` tells of them.
/// Reason: a signal handler can reach nothing but static variables, and must not run Swift code.
int cl_catch_interruptions(void);

/// The number of the signal that came since ``cl_catch_interruptions``, or 0. Reason: as above.
int cl_interruption(void);

#endif
