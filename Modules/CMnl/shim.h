// libmnl: headers, and only what Swift cannot import. Each line below says which reason it has.
#ifndef CMNL_SHIM_H
#define CMNL_SHIM_H

#include <libmnl/libmnl.h>

#endif
