// libjansson, in which libnftables writes what it lists.
#ifndef CJANSSON_SHIM_H
#define CJANSSON_SHIM_H

#include <jansson.h>

#endif
