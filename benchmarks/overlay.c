// The floor of one overlay of many nodes: what a node that carries it is told of the endpoints of all the others.
//
// For each of these a message that tells the tunnel and the bridge where its MAC is, and one that tells its address. What a
// document leaves open (MACs, names in the kernel) is derived as Weft derives it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "floor.h"

#define TUNNEL "vx-" NETWORK

enum {
    GATEWAY_LENGTH = 14,
    LINK_MTU = 1450,
    VNI = 7,
    VXLAN_PORT = 4789,
};

#define OVERLAY_GATEWAY 0x0a0bfffeu  // 10.11.255.254
#define TUNNEL_SOURCE 0xac100001u    // 172.16.0.1

// MARK: - Links

static void put_tunnel(struct nlmsghdr *message) {
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_KIND, "vxlan");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    mnl_attr_put_u32(message, IFLA_VXLAN_ID, VNI);
    mnl_attr_put_u32(message, IFLA_VXLAN_LOCAL, htonl(TUNNEL_SOURCE));
    mnl_attr_put_u16(message, IFLA_VXLAN_PORT, htons(VXLAN_PORT));
    mnl_attr_put_u8(message, IFLA_VXLAN_LEARNING, 0);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
}

static void add_tunnel(void) {
    struct nlmsghdr *message = link_begin(&node, NLM_F_CREATE | NLM_F_EXCL, VXLAN_INDEX, false);
    put_link_identity(message, TUNNEL, mac_of_port(TUNNEL));
    mnl_attr_put_u32(message, IFLA_MTU, LINK_MTU);
    put_tunnel(message);
    message_end(&node, message);

    message = link_begin(&node, 0, VXLAN_INDEX, false);
    mnl_attr_put_str(message, IFLA_IFALIAS, MARK_ALIAS "tunnel of " NETWORK);
    mnl_attr_put_u32(message, IFLA_MASTER, BRIDGE_INDEX);
    put_no_address_generation(message);
    message_end(&node, message);

    message = link_begin(&node, 0, VXLAN_INDEX, true);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_SLAVE_KIND, "bridge");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_SLAVE_DATA);
    mnl_attr_put_u8(message, IFLA_BRPORT_LEARNING, 0);
    mnl_attr_put_u8(message, IFLA_BRPORT_NEIGH_SUPPRESS, 1);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    message_end(&node, message);
}

// MARK: - Endpoints of other nodes

// Tells the tunnel and the bridge where an endpoint is, or, with NLM_F_REPLACE and for the tunnel alone, where it is now.
static void put_place(uint16_t flags, uint8_t tables, unsigned number, uint32_t peer) {
    struct nlmsghdr *message = message_begin(&node, RTM_NEWNEIGH, NLM_F_CREATE | flags);
    struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ndm_family = AF_BRIDGE;
    header->ndm_ifindex = VXLAN_INDEX;
    header->ndm_state = NUD_NOARP | NUD_REACHABLE;
    header->ndm_flags = tables;
    struct mac mac = mac_of(MAC_ENTRY, number);
    mnl_attr_put(message, NDA_LLADDR, sizeof mac.bytes, mac.bytes);
    mnl_attr_put_u32(message, NDA_DST, htonl(peer));
    message_end(&node, message);
}

static uint32_t peer_of(unsigned number) { return TUNNEL_END_FIRST + number / ENTRIES_PER_TUNNEL_END; }

void make_overlay_network(unsigned count) {
    load_firewall(FIREWALL_RULESET);
    add_network_bridge(OVERLAY_GATEWAY, GATEWAY_LENGTH, LINK_MTU);
    add_tunnel();
    channel_transact(&node, "make the bridge and the tunnel");
    for (unsigned number = 0; number < count; number++) {
        put_place(NLM_F_EXCL, NTF_SELF | NTF_MASTER, number, peer_of(number));
        add_neighbour(&node, number);
        channel_transact_if_full(&node, "add endpoints of other nodes");
    }
    channel_transact(&node, "add endpoints of other nodes");
    verify_overlay_network(count);
}

void verify_overlay_network(unsigned count) {
    struct tally found = {0};
    read_node(&node, &found);
    settings_open();
    verify_settings(bridge_settings);
    settings_close();
    verify_firewall(FIREWALL_RULESET);
    verify(&found, &(struct tally){.links = 2, .addresses = 1, .neighbours = count, .entries = 2 * count});
}

// The first endpoint moves to the last node.
void move_in_overlay_network(unsigned count) {
    put_place(NLM_F_REPLACE, NTF_SELF, 0, peer_of(count - 1));
    channel_transact(&node, "move an endpoint");
    verify_overlay_network(count);
}
