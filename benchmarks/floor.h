// What the parts of the floor share: constants, channels to the kernel, and the messages of its objects.
#pragma once
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // Marks: see Sources/NetworkModel/Mark.swift.
    MARK_GROUP = 0x77656674,
    MARK_PROTOCOL = 87,
    DELETION_GROUP_FIRST = 0x77656400,
    DELETION_GROUP_LAST = 0x776564ff,

    // Batches of 64: larger ones make FDB insertion slower.
    BATCH_MESSAGES = 64,
    BATCH_BYTES = 64 * 1024,
    // The kernel gives no more than 32 KiB in one answer of a dump.
    ANSWER_BYTES = 32 * 1024,
    // An interrupted dump is not an answer: it is asked for again.
    DUMP_ATTEMPTS = 100,

    // Interface indexes are chosen, so that a message can follow in the send that makes the link.
    LO_INDEX = 1,
    BRIDGE_INDEX = 1000,
    VXLAN_INDEX = 1001,
    FAR_INDEX = 1002,
    NEAR_INDEX = 2000,

    BRIDGE_PORTS = 1023,
    NAME_BYTES = 64,
    ALIAS_BYTES = 256,
};

#define NAMESPACES "/run/netns"
#define MARK_ALIAS "weft:"
#define SANDBOX_GATEWAY 0x0a4d0001u  // 10.77.0.1
#define ROUTE_FIRST 0x0a000000u      // 10.0.0.0/24
#define ROUTE_GATEWAY 0xc0a84d02u    // 192.168.77.2
#define NEIGHBOUR_FIRST 0x0a080001u  // 10.8.0.1
#define TUNNEL_END_FIRST 0xac100101u // 172.16.1.1
#define ENTRIES_PER_TUNNEL_END 100

// The name of the node in /run/netns; NULL if it has none.
extern const char *node_name;
// The channel to the node's own namespace.
extern struct channel node;

// Ends the program: what failed, the system's words, the number.
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
// Ends the program where the kernel said yes and yet does not hold what was asked for.
__attribute__((noreturn, format(printf, 1, 2))) void fail_verification(const char *format, ...);

// A netlink socket of the namespace that its thread was in when it was opened, and a batch of messages to be sent.
struct channel {
    struct mnl_socket *socket;
    uint32_t sequence;
    unsigned messages;
    size_t length;
    struct nlmsghdr *last;
    char batch[BATCH_BYTES];
};

void channel_open(struct channel *channel);
void channel_close(struct channel *channel);
struct nlmsghdr *message_begin(struct channel *channel, uint16_t type, uint16_t flags);
void message_end(struct channel *channel, struct nlmsghdr *message);
void channel_transact(struct channel *channel, const char *step);
void channel_transact_if_full(struct channel *channel, const char *step);

struct mac {
    uint8_t bytes[6];
};

enum { MAC_BRIDGE = 0x70, MAC_NEAR = 0x71, MAC_FAR = 0x72, MAC_VXLAN = 0x73, MAC_ENTRY = 0x10 };

struct mac mac_of(uint8_t purpose, uint32_t number);

struct nlmsghdr *link_begin(struct channel *channel, uint16_t flags, int index, bool up);
void put_link_identity(struct nlmsghdr *message, const char *name, struct mac mac);
void put_no_address_generation(struct nlmsghdr *message);
void add_alias(struct channel *channel, int index, const char *alias);
void add_address(struct channel *channel, int index, uint32_t address, uint8_t length);

// What tells an IPv4 route of the table `main` apart, and where it leads.
struct route {
    uint32_t destination;
    uint8_t length;
    uint32_t metric;
    uint32_t gateway;
    uint32_t link;
};

void add_neighbour(struct channel *channel, unsigned number);
void put_route(struct channel *channel, uint16_t type, uint16_t flags, const struct route *route);

int namespace_make(const char *name);
void namespace_enter(const char *name);
void namespace_remove(const char *name);

// How many objects of Weft's were read.
struct tally {
    unsigned links, addresses, routes, neighbours, entries;
};

void read_place(struct channel *channel, bool with_neighbours, struct tally *tally);
void read_node(struct channel *node, struct tally *tally);
void verify(const struct tally *found, const struct tally *expected);

// MARK: - network.c: one bridge network of sandboxes, with their settings and files

#define NETWORK "net"
#define BRIDGE "br-" NETWORK

// As Weft derives them from names and addresses.
struct mac mac_of_address(uint32_t address);
struct mac mac_of_port(const char *port);

// A setting below one of the directories that `settings_open` opens.
struct setting {
    bool is_ipv6;
    const char *path, *value;
};

// The settings of the namespace that the thread is in; lists of them end with one that has no path.
void settings_open(void);
void settings_close(void);
void write_settings(const struct setting *setting);
void verify_settings(const struct setting *setting);

// Those of the bridge of a network.
extern const struct setting bridge_settings[];
// Makes the bridge, with its settings before it is up, and its address; an MTU of 0 is the kernel's own.
void add_network_bridge(uint32_t gateway, uint8_t length, uint32_t mtu);

void make_network(unsigned count);
void verify_network(unsigned count);
// Gives the first sandbox of a network another name.
void rename_network(unsigned count);
void verify_renamed_network(unsigned count);
// Removes the files of all sandboxes of the node, if there are any.
void destroy_files(void);

// MARK: - overlay.c: what one node of an overlay is told of the endpoints of all the others

void make_overlay_network(unsigned count);
void verify_overlay_network(unsigned count);
// Lets the first endpoint move to the node of the last.
void move_in_overlay_network(unsigned count);

// MARK: - firewall.c: the tables of nftables, in files that were written beforehand

// Names of files in `firewall_directory`: the ruleset, that after a renaming, and what makes the one into the other.
#define FIREWALL_RULESET "ruleset.nft"
#define FIREWALL_RENAMED "renamed.nft"
#define FIREWALL_RENAMING "renaming.nft"

// Where these files are; NULL if there is no firewall.
extern const char *firewall_directory;

// All these work in the namespace of the node, which the thread must be in, but for the last, which enters it.
void load_firewall(const char *name);
void verify_firewall(const char *name);
void destroy_firewall(void);
