#define _GNU_SOURCE 1

#include "CLinux.h"

#include <string.h>

const char *cl_error_name(int error) {
    return strerrorname_np(error);
}

const char *cl_error_description(int error) {
    return strerrordesc_np(error);
}
