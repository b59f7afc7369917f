// libnftables; nothing of it needs help to be imported.
#ifndef CNFTABLES_SHIM_H
#define CNFTABLES_SHIM_H

#include <nftables/libnftables.h>

#endif
