// What Swift's Glibc module hides, and nothing else. Every symbol begins with `cl_`; each says why it is here.
#ifndef CLINUX_H
#define CLINUX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

/// The name of an errno, `EPERM`, or NULL. Reason: `strerrorname_np` is a GNU extension that Glibc's module leaves out.
const char *cl_error_name(int error);

/// The sentence for an errno, in English whatever the locale, or NULL. Reason: as above.
const char *cl_error_description(int error);

#endif
