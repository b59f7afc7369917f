// The floor of one bridge network of sandboxes: what Weft makes of a document of networks and sandboxes.
//
// Beyond namespaces, links, addresses and routes these have settings, files in the runtime directory, and links to those
// in /etc/netns. What a document leaves open (MACs, names in the kernel) is derived as Weft derives it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "floor.h"

#define OVERLAYS "/etc/netns"
#define RESOLVER "/etc/resolv.conf"
#define LOOPBACK_LINES "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

enum {
    PREFIX_LENGTH = 16,
    SANDBOX_BYTES = 16,
    LINE_BYTES = 64,
    RESOLVER_BYTES = 4096,
};

// The first sandbox has its second name.
static bool is_renamed = false;

static void sandbox_name(char name[SANDBOX_BYTES], unsigned number) {
    if (number == 0 && is_renamed) {
        strcpy(name, "renamed");
    } else {
        snprintf(name, SANDBOX_BYTES, "s%u", number);
    }
}

static const char *node_text(void) {
    if (!node_name) fail_verification("a network needs a node with a name: --node");
    return node_name;
}

static void sandbox_namespace(char name[NAME_BYTES], const char *sandbox) {
    int length = snprintf(name, NAME_BYTES, "%s.%s", node_text(), sandbox);
    if (length >= NAME_BYTES) fail_verification("the name of sandbox '%s' is too long", sandbox);
}

static uint32_t sandbox_address(unsigned number) {
    return SANDBOX_GATEWAY + 1 + number;
}

// MARK: - MACs

// See Sources/ClusterModel/Assignment/StableHash.swift and DefaultMAC.swift.
#define HASH_START 0xcbf29ce484222325u

static uint64_t hash_byte(uint64_t hash, uint8_t byte) {
    return (hash ^ byte) * 0x100000001b3u;
}

static uint64_t hash_text(uint64_t hash, const char *text) {
    for (; *text; text++) hash = hash_byte(hash, (uint8_t)*text);
    return hash_byte(hash, 0);
}

static uint64_t hash_number(uint64_t hash, uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) hash = hash_byte(hash, (uint8_t)(number >> shift));
    return hash;
}

static struct mac mac_of_hash(uint64_t hash) {
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    hash ^= hash >> 33;
    return (struct mac){{0x02, (uint8_t)(hash >> 32), (uint8_t)(hash >> 24), (uint8_t)(hash >> 16), (uint8_t)(hash >> 8),
                         (uint8_t)hash}};
}

struct mac mac_of_address(uint32_t address) {
    return mac_of_hash(hash_number(hash_number(hash_text(HASH_START, NETWORK), 0), address));
}

struct mac mac_of_port(const char *port) {
    return mac_of_hash(hash_text(hash_text(hash_text(HASH_START, node_text()), ""), port));
}

// MARK: - Settings

// What a namespace may have from its maker. Links that come later begin with what stands in `default`.
static const struct setting made_settings[] = {
    {false, "ip_forward", "0"},
    {false, "conf/default/forwarding", "0"},
    {true, "conf/all/forwarding", "0"},
    {true, "conf/default/forwarding", "0"},
    {true, "conf/default/accept_ra", "0"},
    {false, NULL, NULL},
};

static const struct setting link_settings[] = {
    {false, "conf/eth0/forwarding", "0"},
    {true, "conf/eth0/forwarding", "0"},
    {true, "conf/eth0/accept_ra", "0"},
    {false, NULL, NULL},
};

const struct setting bridge_settings[] = {
    {true, "conf/" BRIDGE "/accept_ra", "0"},
    {true, "conf/" BRIDGE "/disable_ipv6", "1"},
    {false, NULL, NULL},
};

// Written last, as it opens the way.
static const struct setting node_settings[] = {
    {false, "ip_forward", "1"},
    {false, NULL, NULL},
};

// The settings of the namespace that the thread is in. The kernel looks through the `ipv4` of all namespaces for that of
// one: with a thousand of them this costs more than all that is read there, so it is done once for each.
static int settings_directories[2];

void settings_open(void) {
    static const char *const paths[2] = {"/proc/sys/net/ipv4", "/proc/sys/net/ipv6"};
    for (int family = 0; family < 2; family++) {
        settings_directories[family] = open(paths[family], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (settings_directories[family] < 0) fail("open '%s'", paths[family]);
    }
}

void settings_close(void) {
    for (int family = 0; family < 2; family++) close(settings_directories[family]);
}

void write_settings(const struct setting *setting) {
    for (; setting->path; setting++) {
        int file = openat(settings_directories[setting->is_ipv6], setting->path, O_WRONLY | O_CLOEXEC);
        if (file < 0) fail("open '%s'", setting->path);
        if (write(file, setting->value, strlen(setting->value)) < 0) fail("write '%s'", setting->path);
        close(file);
    }
}

void verify_settings(const struct setting *setting) {
    for (; setting->path; setting++) {
        char value[LINE_BYTES];
        int file = openat(settings_directories[setting->is_ipv6], setting->path, O_RDONLY | O_CLOEXEC);
        if (file < 0) fail("open '%s'", setting->path);
        ssize_t length = read(file, value, sizeof value);
        if (length < 0) fail("read '%s'", setting->path);
        close(file);
        size_t expected = strlen(setting->value);
        bool same = (size_t)length == expected + 1 && memcmp(value, setting->value, expected) == 0;
        if (!same) fail_verification("'%s' is not '%s'", setting->path, setting->value);
    }
}

// MARK: - Files

// What is in the hosts files: the lines of all, in order of name, and where that of each sandbox is.
struct hosts {
    char *lines;
    size_t length;
    struct {
        size_t start, end;
    } *places;
};

static char resolver[RESOLVER_BYTES];
static size_t resolver_length;
// RUNTIME/sandboxes and /etc/netns.
static int files_directory, overlays_directory;

static int compare_names(const void *left, const void *right) {
    char names[2][SANDBOX_BYTES];
    sandbox_name(names[0], *(const unsigned *)left);
    sandbox_name(names[1], *(const unsigned *)right);
    return strcmp(names[0], names[1]);
}

static struct hosts hosts_make(unsigned count) {
    struct hosts hosts = {malloc((size_t)count * LINE_BYTES), 0, malloc(count * sizeof *hosts.places)};
    unsigned *order = malloc(count * sizeof *order);
    if (!hosts.lines || !hosts.places || !order) fail("remember the hosts file");
    for (unsigned number = 0; number < count; number++) order[number] = number;
    qsort(order, count, sizeof *order, compare_names);
    for (unsigned position = 0; position < count; position++) {
        unsigned number = order[position];
        char name[SANDBOX_BYTES];
        sandbox_name(name, number);
        struct in_addr address = {htonl(sandbox_address(number))};
        hosts.places[number].start = hosts.length;
        char *line = hosts.lines + hosts.length;
        hosts.length += (size_t)sprintf(line, "%s\t%s %s." NETWORK "\n", inet_ntoa(address), name, name);
        hosts.places[number].end = hosts.length;
    }
    free(order);
    return hosts;
}

static void hosts_free(struct hosts *hosts) {
    free(hosts->lines);
    free(hosts->places);
}

// The hosts file of a sandbox, in pieces: its own lines, then those of the others.
enum { PIECES = 4 };

static void hosts_pieces(struct iovec pieces[PIECES], const struct hosts *hosts, unsigned number) {
    size_t start = hosts->places[number].start, end = hosts->places[number].end;
    pieces[0] = (struct iovec){LOOPBACK_LINES, strlen(LOOPBACK_LINES)};
    pieces[1] = (struct iovec){hosts->lines + start, end - start};
    pieces[2] = (struct iovec){hosts->lines, start};
    pieces[3] = (struct iovec){hosts->lines + end, hosts->length - end};
}

static void files_path(char path[PATH_MAX], const char *name) {
    snprintf(path, PATH_MAX, "/run/weft/%s%s", node_text(), name);
}

static int directory_open(const char *path) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) fail("open '%s'", path);
    return directory;
}

static void directory_make(int parent, const char *path) {
    if (mkdirat(parent, path, 0755) < 0 && errno != EEXIST) fail("make directory '%s'", path);
}

static void files_open(void) {
    char path[PATH_MAX];
    files_path(path, "/sandboxes");
    files_directory = directory_open(path);
    overlays_directory = directory_open(OVERLAYS);
    int file = open(RESOLVER, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail("open '" RESOLVER "'");
    ssize_t length = read(file, resolver, sizeof resolver);
    if (length < 0) fail("read '" RESOLVER "'");
    resolver_length = (size_t)length;
    close(file);
}

static void files_make_directories(void) {
    char path[PATH_MAX];
    directory_make(AT_FDCWD, "/run/weft");
    files_path(path, "");
    directory_make(AT_FDCWD, path);
    files_path(path, "/sandboxes");
    directory_make(AT_FDCWD, path);
    directory_make(AT_FDCWD, OVERLAYS);
}

// Writes a file in place: the inode of one that is there stays, for processes may have it mounted.
static void file_write(const char *path, const struct iovec *pieces, int count, bool is_there) {
    int file = openat(files_directory, path, O_WRONLY | (is_there ? 0 : O_CREAT) | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file < 0) fail("open '%s'", path);
    size_t length = 0;
    for (int piece = 0; piece < count; piece++) length += pieces[piece].iov_len;
    if (writev(file, pieces, count) != (ssize_t)length) fail("write '%s'", path);
    if (is_there && ftruncate(file, (off_t)length) < 0) fail("shorten '%s'", path);
    close(file);
}

static void lay_over(const char *namespace, const char *sandbox, const char *file) {
    char target[PATH_MAX], path[2 * NAME_BYTES];
    int length = snprintf(target, sizeof target, "/run/weft/%s/sandboxes/%s/%s", node_text(), sandbox, file);
    if (length < 0 || length >= PATH_MAX) fail_verification("the path of '%s' is too long", file);
    snprintf(path, sizeof path, "%s/%s", namespace, file);
    if (symlinkat(target, overlays_directory, path) < 0) fail("link '%s'", path);
}

static void make_files(const struct hosts *hosts, unsigned number) {
    char sandbox[SANDBOX_BYTES], namespace[NAME_BYTES], path[2 * NAME_BYTES];
    sandbox_name(sandbox, number);
    sandbox_namespace(namespace, sandbox);
    directory_make(files_directory, sandbox);
    snprintf(path, sizeof path, "%s/env", sandbox);
    file_write(path, NULL, 0, false);
    struct iovec pieces[PIECES];
    hosts_pieces(pieces, hosts, number);
    snprintf(path, sizeof path, "%s/hosts", sandbox);
    file_write(path, pieces, PIECES, false);
    snprintf(path, sizeof path, "%s/resolv.conf", sandbox);
    file_write(path, &(struct iovec){resolver, resolver_length}, 1, false);
    directory_make(overlays_directory, namespace);
    lay_over(namespace, sandbox, "hosts");
    lay_over(namespace, sandbox, "resolv.conf");
}

static void verify_file(const char *path, const struct iovec *pieces, int count) {
    static char *buffer = NULL;
    static size_t capacity = 0;
    size_t length = 0;
    for (int piece = 0; piece < count; piece++) length += pieces[piece].iov_len;
    if (length >= capacity) {
        capacity = 2 * length + 1;
        buffer = realloc(buffer, capacity);
        if (!buffer) fail("read '%s'", path);
    }
    int file = openat(files_directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) fail("open '%s'", path);
    // One byte more than there shall be: then one read tells that there is no more.
    ssize_t found = read(file, buffer, length + 1);
    if (found < 0) fail("read '%s'", path);
    close(file);
    bool same = (size_t)found == length;
    size_t offset = 0;
    for (int piece = 0; piece < count && same; piece++) {
        same = memcmp(buffer + offset, pieces[piece].iov_base, pieces[piece].iov_len) == 0;
        offset += pieces[piece].iov_len;
    }
    if (!same) fail_verification("the file '%s' is not as it shall be", path);
}

static void verify_layer(const char *namespace, const char *sandbox, const char *file) {
    char target[PATH_MAX], found[PATH_MAX], path[2 * NAME_BYTES];
    int length = snprintf(target, sizeof target, "/run/weft/%s/sandboxes/%s/%s", node_text(), sandbox, file);
    snprintf(path, sizeof path, "%s/%s", namespace, file);
    ssize_t found_length = readlinkat(overlays_directory, path, found, sizeof found);
    if (found_length < 0) fail("read link '%s'", path);
    bool same = found_length == length && memcmp(found, target, (size_t)length) == 0;
    if (!same) fail_verification("'" OVERLAYS "/%s' does not lead to the sandbox's file", path);
}

static void verify_files(const struct hosts *hosts, unsigned number) {
    char sandbox[SANDBOX_BYTES], namespace[NAME_BYTES], path[2 * NAME_BYTES];
    sandbox_name(sandbox, number);
    sandbox_namespace(namespace, sandbox);
    struct iovec pieces[PIECES];
    snprintf(path, sizeof path, "%s/env", sandbox);
    verify_file(path, NULL, 0);
    hosts_pieces(pieces, hosts, number);
    snprintf(path, sizeof path, "%s/hosts", sandbox);
    verify_file(path, pieces, PIECES);
    snprintf(path, sizeof path, "%s/resolv.conf", sandbox);
    verify_file(path, &(struct iovec){resolver, resolver_length}, 1);
    verify_layer(namespace, sandbox, "hosts");
    verify_layer(namespace, sandbox, "resolv.conf");
}

// Removes each file in a directory, and the directory. Nothing happens if there is none.
static void remove_directory(int parent, const char *path) {
    int directory = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (directory < 0) fail("open '%s'", path);
    DIR *entries = fdopendir(directory);
    if (!entries) fail("list '%s'", path);
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (entry->d_name[0] == '.') continue;
        if (unlinkat(directory, entry->d_name, 0) < 0) fail("remove '%s/%s'", path, entry->d_name);
    }
    closedir(entries);
    if (unlinkat(parent, path, AT_REMOVEDIR) < 0) fail("remove '%s'", path);
}

static void remove_files_of(const char *sandbox) {
    char namespace[NAME_BYTES];
    sandbox_namespace(namespace, sandbox);
    remove_directory(overlays_directory, namespace);
    remove_directory(files_directory, sandbox);
}

void destroy_files(void) {
    char path[PATH_MAX];
    if (!node_name) return;
    files_path(path, "/sandboxes");
    DIR *sandboxes = opendir(path);
    if (!sandboxes && errno == ENOENT) return;
    if (!sandboxes) fail("open '%s'", path);
    files_open();
    for (struct dirent *entry; (entry = readdir(sandboxes));) {
        if (entry->d_name[0] != '.') remove_files_of(entry->d_name);
    }
    closedir(sandboxes);
    if (rmdir(path) < 0) fail("remove '%s'", path);
    files_path(path, "");
    // What else is in it is not the floor's.
    if (rmdir(path) < 0 && errno != ENOTEMPTY) fail("remove '%s'", path);
}

// MARK: - Links

void add_network_bridge(uint32_t gateway, uint8_t length, uint32_t mtu) {
    struct nlmsghdr *message = link_begin(&node, NLM_F_CREATE | NLM_F_EXCL, BRIDGE_INDEX, false);
    put_link_identity(message, BRIDGE, mac_of_address(gateway));
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_KIND, "bridge");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    mnl_attr_put_u8(message, IFLA_BR_MCAST_SNOOPING, 0);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    message_end(&node, message);
    channel_transact(&node, "make the bridge");
    // Before it is up: later it would have an address, and have heard advertisements.
    settings_open();
    write_settings(bridge_settings);
    settings_close();
    // An MTU would be forgotten with the first port, had it been in the message that makes the bridge.
    message = link_begin(&node, 0, BRIDGE_INDEX, false);
    mnl_attr_put_str(message, IFLA_IFALIAS, MARK_ALIAS "network " NETWORK);
    if (mtu) mnl_attr_put_u32(message, IFLA_MTU, mtu);
    put_no_address_generation(message);
    message_end(&node, message);
    message_end(&node, link_begin(&node, 0, BRIDGE_INDEX, true));
    add_address(&node, BRIDGE_INDEX, gateway, length);
    channel_transact(&node, "raise the bridge");
}

static void put_endpoint(struct nlmsghdr *message, unsigned number, int namespace) {
    struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifi_index = FAR_INDEX;
    put_link_identity(message, "eth0", mac_of_address(sandbox_address(number)));
    mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)namespace);
    mnl_attr_nest_end(message, peer);
}

// A pair in one send: made, named and raised on the node's side.
static void add_port(unsigned number, const char *sandbox, int namespace) {
    char name[IFNAMSIZ], alias[ALIAS_BYTES];
    snprintf(name, sizeof name, "%s.eth0", sandbox);
    // The renamed one comes while the kernel may still know the one before by its index.
    int index = NEAR_INDEX + (int)number + (is_renamed ? BRIDGE_PORTS : 0);
    struct nlmsghdr *message = link_begin(&node, NLM_F_CREATE | NLM_F_EXCL, index, false);
    put_link_identity(message, name, mac_of_port(name));
    mnl_attr_put_u32(message, IFLA_MASTER, BRIDGE_INDEX);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_KIND, "veth");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    put_endpoint(message, number, namespace);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    message_end(&node, message);

    message = link_begin(&node, 0, index, false);
    snprintf(alias, sizeof alias, MARK_ALIAS "port of %s on " NETWORK, sandbox);
    mnl_attr_put_str(message, IFLA_IFALIAS, alias);
    put_no_address_generation(message);
    message_end(&node, message);
    message_end(&node, link_begin(&node, 0, index, true));
    channel_transact(&node, "make a pair");
}

// One send for the contents of a namespace.
static void fill_sandbox(unsigned number, const char *namespace) {
    static struct channel channel;
    char alias[ALIAS_BYTES];
    channel_open(&channel);
    struct nlmsghdr *message = link_begin(&channel, 0, LO_INDEX, true);
    snprintf(alias, sizeof alias, MARK_ALIAS "namespace %s of node %s", namespace, node_text());
    mnl_attr_put_str(message, IFLA_IFALIAS, alias);
    message_end(&channel, message);

    message = link_begin(&channel, 0, FAR_INDEX, false);
    mnl_attr_put_str(message, IFLA_IFALIAS, MARK_ALIAS "endpoint on " NETWORK);
    put_no_address_generation(message);
    message_end(&channel, message);
    message_end(&channel, link_begin(&channel, 0, FAR_INDEX, true));

    add_address(&channel, FAR_INDEX, sandbox_address(number), PREFIX_LENGTH);
    struct route outward = {.gateway = SANDBOX_GATEWAY, .link = FAR_INDEX};
    put_route(&channel, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &outward);
    channel_transact(&channel, "fill a namespace");
    channel_close(&channel);
}

static void make_sandbox_of_network(const struct hosts *hosts, unsigned number) {
    char sandbox[SANDBOX_BYTES], name[NAME_BYTES];
    sandbox_name(sandbox, number);
    sandbox_namespace(name, sandbox);
    int namespace = namespace_make(name);
    settings_open();
    write_settings(made_settings);
    settings_close();
    add_port(number, sandbox, namespace);
    close(namespace);
    fill_sandbox(number, name);
    make_files(hosts, number);
}

void make_network(unsigned count) {
    struct hosts hosts = hosts_make(count);
    files_make_directories();
    files_open();
    add_network_bridge(SANDBOX_GATEWAY, PREFIX_LENGTH, 0);
    for (unsigned number = 0; number < count; number++) make_sandbox_of_network(&hosts, number);
    hosts_free(&hosts);
    namespace_enter(node_text());
    load_firewall(FIREWALL_RULESET);
    settings_open();
    write_settings(node_settings);
    settings_close();
    verify_network(count);
}

// MARK: - Reading

// Neighbours of the namespaces are not read: nobody put any there, and the kernel goes through those of all namespaces to
// list those of one.
void verify_network(unsigned count) {
    static struct channel channel;
    struct hosts hosts = hosts_make(count);
    struct tally found = {0};
    files_open();
    namespace_enter(node_text());
    settings_open();
    verify_settings(bridge_settings);
    verify_settings(node_settings);
    settings_close();
    verify_firewall(is_renamed ? FIREWALL_RENAMED : FIREWALL_RULESET);
    read_node(&node, &found);
    for (unsigned number = 0; number < count; number++) {
        char sandbox[SANDBOX_BYTES], name[NAME_BYTES];
        sandbox_name(sandbox, number);
        sandbox_namespace(name, sandbox);
        namespace_enter(name);
        channel_open(&channel);
        read_place(&channel, false, &found);
        channel_close(&channel);
        settings_open();
        verify_settings(made_settings);
        verify_settings(link_settings);
        settings_close();
        verify_files(&hosts, number);
    }
    hosts_free(&hosts);
    verify(&found, &(struct tally){.links = 1 + 2 * count, .addresses = 1 + count, .routes = count});
}

// MARK: - Renaming

// The kernel can't give a namespace's name to another sandbox: the old one goes, and a new one comes in its place.
static void remove_first_sandbox(void) {
    char sandbox[SANDBOX_BYTES], namespace[NAME_BYTES], name[IFNAMSIZ];
    sandbox_name(sandbox, 0);
    snprintf(name, sizeof name, "%s.eth0", sandbox);
    unsigned index = if_nametoindex(name);
    if (index == 0) fail("find link '%s'", name);
    struct nlmsghdr *message = message_begin(&node, RTM_DELLINK, 0);
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifi_index = (int)index;
    message_end(&node, message);
    channel_transact(&node, "delete a pair");
    sandbox_namespace(namespace, sandbox);
    namespace_remove(namespace);
    remove_files_of(sandbox);
}

void rename_network(unsigned count) {
    files_open();
    remove_first_sandbox();
    is_renamed = true;
    struct hosts hosts = hosts_make(count);
    make_sandbox_of_network(&hosts, 0);
    for (unsigned number = 1; number < count; number++) {
        char sandbox[SANDBOX_BYTES], path[2 * NAME_BYTES];
        sandbox_name(sandbox, number);
        snprintf(path, sizeof path, "%s/hosts", sandbox);
        struct iovec pieces[PIECES];
        hosts_pieces(pieces, &hosts, number);
        file_write(path, pieces, PIECES, true);
    }
    hosts_free(&hosts);
    namespace_enter(node_text());
    load_firewall(FIREWALL_RENAMING);
    verify_network(count);
}

void verify_renamed_network(unsigned count) {
    is_renamed = true;
    verify_network(count);
}
