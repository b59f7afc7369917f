// The floor: the fewest messages and system calls that leave the same result in the kernel as Weft does.
//
// The same objects, the same marks, and the closing read that proves them. What Weft adds to it (a document, a plan,
// a registry, reports) is what the benchmarks measure. See docs/benchmarks.md.
//
// It works in the network namespace that it is started in, and in namespaces named in /run/netns. It stops at the
// first error and leaves what it made: `floor destroy` removes it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include <yaml.h>

#include "floor.h"

static const char *namespace_prefix = "s";
const char *node_name = NULL;

// MARK: - Errors

// Ends the program: what failed, the system's words, the number.
void fail(const char *format, ...) {
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    fputs("floor: cannot ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, ": %s (errno %d)\n", strerror(error), error);
    exit(1);
}

// Ends the program where the kernel said yes and yet does not hold what was asked for.
void fail_verification(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("floor: verification: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

// MARK: - Channels

static char answer[ANSWER_BYTES];

void channel_open(struct channel *channel) {
    // No bind: the kernel chooses a port at the first send.
    channel->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!channel->socket) fail("open a netlink socket");
    channel->sequence = 0;
    channel->messages = 0;
    channel->length = 0;
    channel->last = NULL;
}

void channel_close(struct channel *channel) {
    mnl_socket_close(channel->socket);
}

struct nlmsghdr *message_begin(struct channel *channel, uint16_t type, uint16_t flags) {
    struct nlmsghdr *message = mnl_nlmsg_put_header(channel->batch + channel->length);
    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = ++channel->sequence;
    return message;
}

void message_end(struct channel *channel, struct nlmsghdr *message) {
    channel->length += NLMSG_ALIGN(message->nlmsg_len);
    channel->messages += 1;
    channel->last = message;
}

static void channel_send(struct channel *channel, const char *step) {
    if (mnl_socket_sendto(channel->socket, channel->batch, channel->length) < 0) fail("send: %s", step);
    channel->length = 0;
    channel->messages = 0;
}

static size_t channel_receive(struct channel *channel, const char *step) {
    ssize_t length;
    do {
        length = mnl_socket_recvfrom(channel->socket, answer, sizeof answer);
    } while (length < 0 && errno == EINTR);
    if (length < 0) fail("receive: %s", step);
    return (size_t)length;
}

static void fail_if_refused(const struct nlmsghdr *message, const char *step) {
    const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(message);
    if (refusal->error == 0) return;
    errno = -refusal->error;
    fail("%s (message %u)", step, message->nlmsg_seq);
}

// Sends the batch and waits for the acknowledgement of its last message; refusals of the others come unasked.
void channel_transact(struct channel *channel, const char *step) {
    if (channel->messages == 0) return;
    uint32_t last = channel->last->nlmsg_seq;
    channel->last->nlmsg_flags |= NLM_F_ACK;
    channel_send(channel, step);
    for (;;) {
        int left = (int)channel_receive(channel, step);
        const struct nlmsghdr *message = (const struct nlmsghdr *)answer;
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_type != NLMSG_ERROR) continue;
            fail_if_refused(message, step);
            if (message->nlmsg_seq == last) return;
        }
    }
}

void channel_transact_if_full(struct channel *channel, const char *step) {
    if (channel->messages == BATCH_MESSAGES) channel_transact(channel, step);
}

typedef void visitor(const struct nlmsghdr *message, void *context);

// Shows every message of the answer to `visit`. False if the kernel's tables changed under the dump.
static bool channel_read_answer(struct channel *channel, const char *step, visitor *visit, void *context) {
    bool is_whole = true;
    for (;;) {
        int left = (int)channel_receive(channel, step);
        const struct nlmsghdr *message = (const struct nlmsghdr *)answer;
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_seq != channel->sequence) continue;
            if (message->nlmsg_flags & NLM_F_DUMP_INTR) is_whole = false;
            if (message->nlmsg_type == NLMSG_DONE) return is_whole;
            if (message->nlmsg_type == NLMSG_ERROR) fail_if_refused(message, step);
            visit(message, context);
            if (!(message->nlmsg_flags & NLM_F_MULTI)) return is_whole;
        }
    }
}

// Sends the one request of the batch until its answer is whole. Each answer is counted anew in `count`.
static void channel_dump(struct channel *channel, const char *step, visitor *visit, void *context, unsigned *count) {
    size_t length = channel->length;
    for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
        *count = 0;
        channel->length = length;
        channel->last->nlmsg_seq = ++channel->sequence;
        channel_send(channel, step);
        if (channel_read_answer(channel, step, visit, context)) return;
    }
    fail_verification("%s: interrupted %d times", step, DUMP_ATTEMPTS);
}

// MARK: - Links

// A locally administered address: what it is for, and which of them.
struct mac mac_of(uint8_t purpose, uint32_t number) {
    return (struct mac){{0x02, purpose, (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                         (uint8_t)number}};
}

struct nlmsghdr *link_begin(struct channel *channel, uint16_t flags, int index, bool up) {
    struct nlmsghdr *message = message_begin(channel, RTM_NEWLINK, flags);
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifi_index = index;
    if (up) header->ifi_flags = header->ifi_change = IFF_UP;
    return message;
}

void put_link_identity(struct nlmsghdr *message, const char *name, struct mac mac) {
    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    mnl_attr_put(message, IFLA_ADDRESS, sizeof mac.bytes, mac.bytes);
    mnl_attr_put_u32(message, IFLA_GROUP, MARK_GROUP);
}

void put_no_address_generation(struct nlmsghdr *message) {
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *ipv6 = mnl_attr_nest_start(message, AF_INET6);
    mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(message, ipv6);
    mnl_attr_nest_end(message, families);
}

// An alias is ignored in the message that makes a link: it follows, by index, in the same send.
void add_alias(struct channel *channel, int index, const char *alias) {
    struct nlmsghdr *message = link_begin(channel, 0, index, false);
    mnl_attr_put_str(message, IFLA_IFALIAS, alias);
    message_end(channel, message);
}

static void add_bridge(struct channel *channel) {
    struct nlmsghdr *message = link_begin(channel, NLM_F_CREATE | NLM_F_EXCL, BRIDGE_INDEX, true);
    put_link_identity(message, "br0", mac_of(MAC_BRIDGE, 0));
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_KIND, "bridge");
    mnl_attr_nest_end(message, info);
    message_end(channel, message);
    add_alias(channel, BRIDGE_INDEX, MARK_ALIAS "bridge");
}

static void add_vxlan(struct channel *channel) {
    struct nlmsghdr *message = link_begin(channel, NLM_F_CREATE | NLM_F_EXCL, VXLAN_INDEX, true);
    put_link_identity(message, "vx0", mac_of(MAC_VXLAN, 0));
    mnl_attr_put_u32(message, IFLA_MASTER, BRIDGE_INDEX);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_KIND, "vxlan");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    mnl_attr_put_u32(message, IFLA_VXLAN_ID, 7);
    mnl_attr_put_u16(message, IFLA_VXLAN_PORT, htons(4789));
    mnl_attr_put_u8(message, IFLA_VXLAN_LEARNING, 0);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    message_end(channel, message);
    add_alias(channel, VXLAN_INDEX, MARK_ALIAS "vxlan 7");
}

static void put_far_end(struct nlmsghdr *message, unsigned number, int namespace) {
    struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifi_index = FAR_INDEX;
    put_link_identity(message, "eth0", mac_of(MAC_FAR, number));
    mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)namespace);
    mnl_attr_nest_end(message, peer);
}

// One message makes both ends, makes the near end a port of the bridge, raises it, and moves the far end.
static void add_pair(struct channel *channel, unsigned number, int namespace) {
    char name[IFNAMSIZ];
    snprintf(name, sizeof name, "v%u", number);
    int index = NEAR_INDEX + (int)number;
    struct nlmsghdr *message = link_begin(channel, NLM_F_CREATE | NLM_F_EXCL, index, true);
    put_link_identity(message, name, mac_of(MAC_NEAR, number));
    mnl_attr_put_u32(message, IFLA_MASTER, BRIDGE_INDEX);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_KIND, "veth");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    put_far_end(message, number, namespace);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    message_end(channel, message);
}

// MARK: - Addresses, routes, neighbours, FDB entries

void add_address(struct channel *channel, int index, uint32_t address, uint8_t length) {
    struct nlmsghdr *message = message_begin(channel, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifa_family = AF_INET;
    header->ifa_prefixlen = length;
    header->ifa_index = (uint32_t)index;
    mnl_attr_put_u32(message, IFA_LOCAL, htonl(address));
    mnl_attr_put_u32(message, IFA_ADDRESS, htonl(address));
    mnl_attr_put_u8(message, IFA_PROTO, MARK_PROTOCOL);
    message_end(channel, message);
}

void put_route(struct channel *channel, uint16_t type, uint16_t flags, const struct route *route) {
    struct nlmsghdr *message = message_begin(channel, type, flags);
    struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->rtm_family = AF_INET;
    header->rtm_dst_len = route->length;
    header->rtm_table = RT_TABLE_MAIN;
    header->rtm_protocol = MARK_PROTOCOL;
    header->rtm_scope = RT_SCOPE_UNIVERSE;
    header->rtm_type = RTN_UNICAST;
    if (route->length) mnl_attr_put_u32(message, RTA_DST, htonl(route->destination));
    if (route->metric) mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
    mnl_attr_put_u32(message, RTA_GATEWAY, htonl(route->gateway));
    mnl_attr_put_u32(message, RTA_OIF, route->link);
    message_end(channel, message);
}

void add_neighbour(struct channel *channel, unsigned number) {
    struct nlmsghdr *message = message_begin(channel, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);
    struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ndm_family = AF_INET;
    header->ndm_ifindex = BRIDGE_INDEX;
    header->ndm_state = NUD_PERMANENT;
    struct mac mac = mac_of(MAC_ENTRY, number);
    mnl_attr_put_u32(message, NDA_DST, htonl(NEIGHBOUR_FIRST + number));
    mnl_attr_put(message, NDA_LLADDR, sizeof mac.bytes, mac.bytes);
    mnl_attr_put_u8(message, NDA_PROTOCOL, MARK_PROTOCOL);
    message_end(channel, message);
}

static void add_forwarding_entry(struct channel *channel, unsigned number) {
    struct nlmsghdr *message = message_begin(channel, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);
    struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ndm_family = AF_BRIDGE;
    header->ndm_ifindex = VXLAN_INDEX;
    header->ndm_state = NUD_PERMANENT;
    header->ndm_flags = NTF_SELF;
    struct mac mac = mac_of(MAC_ENTRY, number);
    mnl_attr_put(message, NDA_LLADDR, sizeof mac.bytes, mac.bytes);
    mnl_attr_put_u32(message, NDA_DST, htonl(TUNNEL_END_FIRST + number / ENTRIES_PER_TUNNEL_END));
    message_end(channel, message);
}

// MARK: - Namespaces

static void namespace_name(char name[NAME_BYTES], unsigned number) {
    snprintf(name, NAME_BYTES, "%s%u", namespace_prefix, number);
}

static void namespace_path(char path[PATH_MAX], const char *name) {
    snprintf(path, PATH_MAX, NAMESPACES "/%s", name);
}

// Makes a namespace, enters it, names it, and returns it open.
int namespace_make(const char *name) {
    char path[PATH_MAX];
    namespace_path(path, name);
    int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
    if (file < 0) fail("create '%s'", path);
    close(file);
    if (unshare(CLONE_NEWNET) < 0) fail("make namespace '%s'", name);
    if (mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) < 0) fail("mount '%s'", path);
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0) fail("open '%s'", path);
    return namespace;
}

void namespace_enter(const char *name) {
    char path[PATH_MAX];
    namespace_path(path, name);
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0) fail("open '%s'", path);
    if (setns(namespace, CLONE_NEWNET) < 0) fail("enter namespace '%s'", name);
    close(namespace);
}

void namespace_remove(const char *name) {
    char path[PATH_MAX];
    namespace_path(path, name);
    if (umount2(path, MNT_DETACH) < 0) fail("unmount '%s'", path);
    if (unlink(path) < 0) fail("remove '%s'", path);
}

// MARK: - Reading

static const struct nlattr *attribute(const struct nlmsghdr *message, size_t header, uint16_t type) {
    const struct nlattr *found;
    mnl_attr_for_each(found, message, header) {
        if (mnl_attr_get_type(found) == type) return found;
    }
    return NULL;
}

static uint32_t number_attribute(const struct nlmsghdr *message, size_t header, uint16_t type) {
    const struct nlattr *found = attribute(message, header, type);
    return found ? mnl_attr_get_u32(found) : 0;
}

static void count_link(const struct nlmsghdr *message, void *context) {
    unsigned *count = context;
    *count += number_attribute(message, sizeof(struct ifinfomsg), IFLA_GROUP) == MARK_GROUP;
}

static void count_address(const struct nlmsghdr *message, void *context) {
    unsigned *count = context;
    const struct nlattr *protocol = attribute(message, sizeof(struct ifaddrmsg), IFA_PROTO);
    *count += protocol && mnl_attr_get_u8(protocol) == MARK_PROTOCOL;
}

static void count_route(const struct nlmsghdr *message, void *context) {
    unsigned *count = context;
    const struct rtmsg *header = mnl_nlmsg_get_payload(message);
    *count += header->rtm_protocol == MARK_PROTOCOL;
}

static void count_neighbour(const struct nlmsghdr *message, void *context) {
    unsigned *count = context;
    const struct ndmsg *header = mnl_nlmsg_get_payload(message);
    if (!(header->ndm_state & NUD_PERMANENT)) return;
    const struct nlattr *protocol = attribute(message, sizeof *header, NDA_PROTOCOL);
    *count += protocol && mnl_attr_get_u8(protocol) == MARK_PROTOCOL;
}

// An entry of a VXLAN link's own table that leads somewhere, or a static one of its bridge: of those, floor makes only its own.
static void count_entry(const struct nlmsghdr *message, void *context) {
    unsigned *count = context;
    const struct ndmsg *header = mnl_nlmsg_get_payload(message);
    if (header->ndm_flags & NTF_SELF) {
        *count += attribute(message, sizeof *header, NDA_DST) != NULL;
    } else {
        *count += (header->ndm_state & NUD_NOARP) != 0;
    }
}

static void request_links(struct channel *channel, uint16_t flags, int index) {
    struct nlmsghdr *message = message_begin(channel, RTM_GETLINK, flags);
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifi_index = index;
    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    message_end(channel, message);
}

static void read_links(struct channel *channel, visitor *visit, void *context, unsigned *count) {
    request_links(channel, NLM_F_DUMP, 0);
    channel_dump(channel, "read links", visit, context, count);
}

static void read_addresses(struct channel *channel, unsigned *count) {
    struct nlmsghdr *message = message_begin(channel, RTM_GETADDR, NLM_F_DUMP);
    mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
    message_end(channel, message);
    channel_dump(channel, "read addresses", count_address, count, count);
}

static void read_routes(struct channel *channel, uint8_t family, visitor *visit, void *context, unsigned *count) {
    struct nlmsghdr *message = message_begin(channel, RTM_GETROUTE, NLM_F_DUMP);
    struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->rtm_family = family;
    message_end(channel, message);
    channel_dump(channel, "read routes", visit, context, count);
}

// Neighbours of both families, or, with AF_BRIDGE, FDB entries.
static void read_neighbours(struct channel *channel, uint8_t family, visitor *visit, unsigned *count) {
    struct nlmsghdr *message = message_begin(channel, RTM_GETNEIGH, NLM_F_DUMP);
    struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ndm_family = family;
    message_end(channel, message);
    channel_dump(channel, family == AF_BRIDGE ? "read FDB entries" : "read neighbours", visit, count, count);
}

// Adds to `tally` what one namespace holds.
void read_place(struct channel *channel, bool with_neighbours, struct tally *tally) {
    struct tally found = {0};
    unsigned routes6;
    read_links(channel, count_link, &found.links, &found.links);
    read_addresses(channel, &found.addresses);
    read_routes(channel, AF_INET, count_route, &found.routes, &found.routes);
    read_routes(channel, AF_INET6, count_route, &routes6, &routes6);
    if (with_neighbours) read_neighbours(channel, AF_UNSPEC, count_neighbour, &found.neighbours);
    tally->links += found.links;
    tally->addresses += found.addresses;
    tally->routes += found.routes + routes6;
    tally->neighbours += found.neighbours;
}

void read_node(struct channel *node, struct tally *tally) {
    read_place(node, true, tally);
    read_neighbours(node, AF_BRIDGE, count_entry, &tally->entries);
}

static void read_namespaces(unsigned count, struct tally *tally) {
    static struct channel channel;
    char name[NAME_BYTES];
    for (unsigned number = 0; number < count; number++) {
        namespace_name(name, number);
        namespace_enter(name);
        channel_open(&channel);
        read_place(&channel, true, tally);
        channel_close(&channel);
    }
}

static void verify_count(const char *what, unsigned found, unsigned expected) {
    if (found != expected) fail_verification("%u %s, expected %u", found, what, expected);
}

void verify(const struct tally *found, const struct tally *expected) {
    verify_count("links", found->links, expected->links);
    verify_count("addresses", found->addresses, expected->addresses);
    verify_count("routes", found->routes, expected->routes);
    verify_count("neighbours", found->neighbours, expected->neighbours);
    verify_count("FDB entries", found->entries, expected->entries);
}

// MARK: - Scenarios

struct channel node;

static void verify_sandboxes(unsigned count) {
    struct tally found = {0};
    read_node(&node, &found);
    read_namespaces(count, &found);
    verify(&found, &(struct tally){.links = 1 + 2 * count, .addresses = 1 + count, .routes = count});
}

static void verify_routes(unsigned count) {
    struct tally found = {0};
    read_node(&node, &found);
    verify(&found, &(struct tally){.routes = count});
}

static void verify_entries(unsigned count) {
    struct tally found = {0};
    read_node(&node, &found);
    verify(&found, &(struct tally){.links = 2, .neighbours = count, .entries = count});
}

// One send for the contents of a namespace. The kernel raises a link before it reads the `addr_gen_mode` of the same
// message, which then comes too late: the link has its link-local address already. So it goes before.
static void fill_namespace(unsigned number, const char *name) {
    static struct channel channel;
    char alias[ALIAS_BYTES];
    channel_open(&channel);

    struct nlmsghdr *message = link_begin(&channel, 0, LO_INDEX, true);
    const char *kind = node_name ? "node " : "the host";
    snprintf(alias, sizeof alias, MARK_ALIAS "namespace %s of %s%s", name, kind, node_name ? node_name : "");
    mnl_attr_put_str(message, IFLA_IFALIAS, alias);
    message_end(&channel, message);

    message = link_begin(&channel, 0, FAR_INDEX, false);
    snprintf(alias, sizeof alias, MARK_ALIAS "pair with v%u", number);
    mnl_attr_put_str(message, IFLA_IFALIAS, alias);
    put_no_address_generation(message);
    message_end(&channel, message);
    message_end(&channel, link_begin(&channel, 0, FAR_INDEX, true));

    add_address(&channel, FAR_INDEX, SANDBOX_GATEWAY + 1 + number, 16);
    struct route outward = {.gateway = SANDBOX_GATEWAY, .link = FAR_INDEX};
    put_route(&channel, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &outward);
    channel_transact(&channel, "fill a namespace");
    channel_close(&channel);
}

static void make_sandbox(unsigned number) {
    char name[NAME_BYTES], alias[ALIAS_BYTES];
    namespace_name(name, number);
    int namespace = namespace_make(name);
    add_pair(&node, number, namespace);
    snprintf(alias, sizeof alias, MARK_ALIAS "pair with eth0 in %s", name);
    add_alias(&node, NEAR_INDEX + (int)number, alias);
    channel_transact(&node, "make a veth pair");
    close(namespace);
    fill_namespace(number, name);
}

static void make_sandboxes(unsigned count) {
    add_bridge(&node);
    add_address(&node, BRIDGE_INDEX, SANDBOX_GATEWAY, 16);
    channel_transact(&node, "make the bridge");
    for (unsigned number = 0; number < count; number++) make_sandbox(number);
    verify_sandboxes(count);
}

static void make_routes(unsigned count) {
    uint32_t link = if_nametoindex("up0");
    if (link == 0) fail("find link 'up0'");
    for (unsigned number = 0; number < count; number++) {
        struct route route = {ROUTE_FIRST + (number << 8), 24, 0, ROUTE_GATEWAY, link};
        put_route(&node, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route);
        channel_transact_if_full(&node, "add routes");
    }
    channel_transact(&node, "add routes");
    verify_routes(count);
}

static void make_entries(unsigned count) {
    add_bridge(&node);
    add_vxlan(&node);
    channel_transact(&node, "make the bridge and the VXLAN link");
    for (unsigned number = 0; number < count; number++) {
        add_forwarding_entry(&node, number);
        channel_transact_if_full(&node, "add FDB entries");
    }
    channel_transact(&node, "add FDB entries");
    for (unsigned number = 0; number < count; number++) {
        add_neighbour(&node, number);
        channel_transact_if_full(&node, "add neighbours");
    }
    channel_transact(&node, "add neighbours");
    verify_entries(count);
}

// MARK: - Destruction

// The node's links that bear the mark or `group`, and which deletion groups are taken.
struct marked_links {
    int *indexes;
    unsigned count, capacity;
    uint32_t group;
    bool taken[DELETION_GROUP_LAST - DELETION_GROUP_FIRST + 1];
};

static void collect_link(const struct nlmsghdr *message, void *context) {
    struct marked_links *links = context;
    const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
    uint32_t group = number_attribute(message, sizeof *header, IFLA_GROUP);
    if (group >= DELETION_GROUP_FIRST && group <= DELETION_GROUP_LAST) {
        links->taken[group - DELETION_GROUP_FIRST] = true;
    }
    if (group != links->group) return;
    if (links->count == links->capacity) {
        links->capacity = links->capacity ? 2 * links->capacity : 64;
        links->indexes = realloc(links->indexes, links->capacity * sizeof *links->indexes);
        if (!links->indexes) fail("remember links");
    }
    links->indexes[links->count++] = header->ifi_index;
}

static uint32_t fresh_group(const struct marked_links *links) {
    for (uint32_t group = DELETION_GROUP_FIRST; group <= DELETION_GROUP_LAST; group++) {
        if (!links->taken[group - DELETION_GROUP_FIRST]) return group;
    }
    fail_verification("every deletion group is taken");
}

static void move_links(const struct marked_links *links, uint32_t group) {
    for (unsigned number = 0; number < links->count; number++) {
        struct nlmsghdr *message = link_begin(&node, 0, links->indexes[number], false);
        mnl_attr_put_u32(message, IFLA_GROUP, group);
        message_end(&node, message);
        channel_transact_if_full(&node, "move links into a group");
    }
    channel_transact(&node, "move links into a group");
}

static void delete_group(uint32_t group) {
    struct nlmsghdr *message = message_begin(&node, RTM_DELLINK, 0);
    mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
    mnl_attr_put_u32(message, IFLA_GROUP, group);
    message_end(&node, message);
    channel_transact(&node, "delete links by group");
}

// Deleting costs a request, not a link: all go by one. A stranger's link may have joined the mark's group, so that
// they go by a group that was free, and that is read back to hold them and nothing else.
static void destroy_links(void) {
    struct marked_links links = {.group = MARK_GROUP};
    read_links(&node, collect_link, &links, &links.count);
    if (links.count == 0) return;
    struct marked_links moved = {.group = fresh_group(&links)};
    move_links(&links, moved.group);
    read_links(&node, collect_link, &moved, &moved.count);
    bool same = moved.count == links.count;
    // Both lists are in the kernel's order.
    same = same && memcmp(moved.indexes, links.indexes, links.count * sizeof *links.indexes) == 0;
    if (!same) fail_verification("the group to delete holds other links than were moved into it");
    delete_group(moved.group);
    free(links.indexes);
    free(moved.indexes);
}

struct namespace_check {
    const char *name;
    unsigned is_marked;
};

static void check_namespace_mark(const struct nlmsghdr *message, void *context) {
    struct namespace_check *check = context;
    const struct nlattr *alias = attribute(message, sizeof(struct ifinfomsg), IFLA_IFALIAS);
    char mark[ALIAS_BYTES];
    int length = snprintf(mark, sizeof mark, MARK_ALIAS "namespace %s ", check->name);
    check->is_marked = alias && strncmp(mnl_attr_get_str(alias), mark, (size_t)length) == 0;
}

// A namespace is ours if its `lo` says so: names alone prove nothing.
static bool namespace_is_marked(const char *name) {
    static struct channel channel;
    struct namespace_check check = {.name = name};
    namespace_enter(name);
    channel_open(&channel);
    request_links(&channel, 0, LO_INDEX);
    channel_dump(&channel, "read the mark of a namespace", check_namespace_mark, &check, &check.is_marked);
    channel_close(&channel);
    return check.is_marked;
}

static void destroy_namespaces(void) {
    DIR *directory = opendir(NAMESPACES);
    if (!directory) fail("open '" NAMESPACES "'");
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        if (namespace_is_marked(entry->d_name)) namespace_remove(entry->d_name);
    }
    closedir(directory);
}

struct marked_routes {
    struct route *routes;
    unsigned count, capacity;
};

static void collect_route(const struct nlmsghdr *message, void *context) {
    struct marked_routes *routes = context;
    const struct rtmsg *header = mnl_nlmsg_get_payload(message);
    if (header->rtm_protocol != MARK_PROTOCOL) return;
    if (routes->count == routes->capacity) {
        routes->capacity = routes->capacity ? 2 * routes->capacity : 64;
        routes->routes = realloc(routes->routes, routes->capacity * sizeof *routes->routes);
        if (!routes->routes) fail("remember routes");
    }
    struct route *route = &routes->routes[routes->count++];
    route->destination = ntohl(number_attribute(message, sizeof *header, RTA_DST));
    route->length = header->rtm_dst_len;
    route->metric = number_attribute(message, sizeof *header, RTA_PRIORITY);
    route->gateway = ntohl(number_attribute(message, sizeof *header, RTA_GATEWAY));
    route->link = number_attribute(message, sizeof *header, RTA_OIF);
}

static void destroy_routes(void) {
    struct marked_routes routes = {0};
    read_routes(&node, AF_INET, collect_route, &routes, &routes.count);
    for (unsigned number = 0; number < routes.count; number++) {
        put_route(&node, RTM_DELROUTE, 0, &routes.routes[number]);
        channel_transact_if_full(&node, "delete routes");
    }
    channel_transact(&node, "delete routes");
    free(routes.routes);
}

// Links first, so that what they connect is off the network at once; then names; routes that stand on others' links.
static void destroy(void) {
    destroy_links();
    destroy_namespaces();
    destroy_routes();
    destroy_files();
    destroy_firewall();
    struct tally left = {0};
    read_node(&node, &left);
    verify(&left, &(struct tally){0});
}

// MARK: - Command line

struct scenario {
    const char *name;
    unsigned limit;
    void (*make)(unsigned count);
    void (*read)(unsigned count);
};

static const struct scenario scenarios[] = {
    {"sandboxes", BRIDGE_PORTS, make_sandboxes, verify_sandboxes},
    {"routes", 1 << 20, make_routes, verify_routes},
    {"entries", 1 << 20, make_entries, verify_entries},
    {"network", BRIDGE_PORTS, make_network, verify_network},
    {"renamed", BRIDGE_PORTS, rename_network, verify_renamed_network},
    {"overlay", 1 << 17, make_overlay_network, verify_overlay_network},
    {"moved", 1 << 17, move_in_overlay_network, verify_overlay_network},
};

__attribute__((noreturn)) static void usage(void) {
    fputs("usage: floor [--prefix NAMESPACES] [--node NAME] [--firewall DIRECTORY] [--document FILE] COMMAND\n"
          "  sandboxes|routes|entries|network|overlay N   make N of them, and read all back\n"
          "  renamed N                                 give the first of a network of N another name, and read all back\n"
          "  moved N                                   let the first endpoint of an overlay move, and read all back\n"
          "  read sandboxes|routes|entries|network|renamed|overlay|moved N   read all, and compare\n"
          "  destroy                                   remove all that bears the mark\n",
          stderr);
    exit(64);
}

static const struct scenario *scenario_named(const char *name) {
    for (size_t number = 0; number < sizeof scenarios / sizeof *scenarios; number++) {
        if (strcmp(scenarios[number].name, name) == 0) return &scenarios[number];
    }
    usage();
}

static unsigned count_argument(const char *text, unsigned limit) {
    char *end;
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    if (errno || *end || end == text || count == 0 || count > limit) {
        fprintf(stderr, "floor: '%s' is no number from 1 to %u\n", text, limit);
        exit(64);
    }
    return (unsigned)count;
}

// Reads a document as whoever is told by one must: event by event, and builds nothing of it.
static void read_document(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("open '%s'", path);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) fail("initialize libyaml");
    yaml_parser_set_input_file(&parser, file);
    yaml_event_type_t type;
    do {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) fail("read '%s' as YAML", path);
        type = event.type;
        yaml_event_delete(&event);
    } while (type != YAML_STREAM_END_EVENT);
    yaml_parser_delete(&parser);
    fclose(file);
}

static char **take_options(char **arguments) {
    for (; *arguments && strncmp(*arguments, "--", 2) == 0; arguments += 2) {
        if (!arguments[1]) usage();
        if (strcmp(*arguments, "--prefix") == 0) {
            namespace_prefix = arguments[1];
        } else if (strcmp(*arguments, "--node") == 0) {
            node_name = arguments[1];
        } else if (strcmp(*arguments, "--firewall") == 0) {
            firewall_directory = arguments[1];
        } else if (strcmp(*arguments, "--document") == 0) {
            read_document(arguments[1]);
        } else {
            usage();
        }
    }
    return arguments;
}

static void run(char **arguments) {
    const char *command = arguments[0];
    if (!command) usage();
    channel_open(&node);
    if (strcmp(command, "destroy") == 0 && !arguments[1]) {
        destroy();
        return;
    }
    bool reads = strcmp(command, "read") == 0;
    if (reads) arguments += 1;
    if (!arguments[0] || !arguments[1] || arguments[2]) usage();
    const struct scenario *scenario = scenario_named(arguments[0]);
    unsigned count = count_argument(arguments[1], scenario->limit);
    (reads ? scenario->read : scenario->make)(count);
}

int main(int count, char **arguments) {
    (void)count;
    run(take_options(arguments + 1));
    return 0;
}
