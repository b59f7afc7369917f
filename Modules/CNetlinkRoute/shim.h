// libnl-3 and libnl-route-3: headers, and only what Swift cannot import. Each line below says which reason it has.
#ifndef CNETLINKROUTE_SHIM_H
#define CNETLINKROUTE_SHIM_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#endif
