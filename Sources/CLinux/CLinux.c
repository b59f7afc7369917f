#define _GNU_SOURCE 1

#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

const char *cl_error_name(int error) {
    return strerrorname_np(error);
}

const char *cl_error_description(int error) {
    return strerrordesc_np(error);
}

int cl_enter_network_namespace(int descriptor) {
    return setns(descriptor, CLONE_NEWNET);
}

int cl_unshare_network_namespace(void) {
    return unshare(CLONE_NEWNET);
}

int cl_unshare_mount_namespace(void) {
    return unshare(CLONE_NEWNS);
}

int cl_copy_mounts(const char *path) {
    return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
}

int cl_attach_mounts(int descriptor, const char *path) {
    return move_mount(descriptor, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

int cl_is_network_namespace(int descriptor) {
    struct statfs filesystem;
    if (fstatfs(descriptor, &filesystem) < 0) {
        return -1;
    }
    // The request's number means something else on other files: only a file of nsfs is asked.
    if (filesystem.f_type != NSFS_MAGIC) {
        return 0;
    }
    int type = ioctl(descriptor, NS_GET_NSTYPE);
    return type < 0 ? -1 : type == CLONE_NEWNET;
}

int cl_name_thread(const char *name) {
    int error = pthread_setname_np(pthread_self(), name);
    if (error == 0) {
        return 0;
    }
    errno = error;
    return -1;
}

static _Thread_local bool is_marked = false;

void cl_mark_thread(void) {
    is_marked = true;
}

bool cl_thread_is_marked(void) {
    return is_marked;
}

int cl_thread_id(void) {
    return gettid();
}

const int cl_O_TMPFILE = O_TMPFILE;

unsigned int cl_device_major(unsigned long device) {
    return major(device);
}

unsigned int cl_device_minor(unsigned long device) {
    return minor(device);
}

const char *cl_entry_name(const void *entry) {
    return ((const struct dirent *)entry)->d_name;
}
