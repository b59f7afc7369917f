"""What is built in the benchmarks, in each contestant's own form, and the judge that says whether it is there.

The numbers (MACs, addresses, names) are those of floor.c: all contestants must leave the same objects.
"""
import hashlib
import json
import os
import stat
import subprocess

from world import Wrong

NODE = "bench"
GROUP = 0x77656674
PROTOCOL = 87
GATEWAY = "10.77.0.1"
NEXT_HOP = "192.168.77.2"
NETWORK = "net"
RENAMED = "renamed"
OVERLAYS = "/etc/netns"
RUNTIME = f"/run/weft/{NODE}"


def mac(purpose, number):
    """A locally administered address, as `mac_of` in floor.c makes it."""
    return "02:%02x:" % purpose + ":".join("%02x" % byte for byte in number.to_bytes(4, "big"))


def ipv4(number):
    return ".".join(str(byte) for byte in number.to_bytes(4, "big"))


MAC_BRIDGE, MAC_NEAR, MAC_FAR, MAC_VXLAN, MAC_ENTRY = 0x70, 0x71, 0x72, 0x73, 0x10


def sandbox_address(number):
    return ipv4(0x0A4D0002 + number)


def route_prefix(number):
    return ipv4(0x0A000000 + (number << 8)) + "/24"


def neighbour_address(number):
    return ipv4(0x0A080001 + number)


def tunnel_end(number):
    return ipv4(0xAC100101 + number // 100)


def ip_json(*words, tool="ip", namespace=NODE):
    text = subprocess.run(
        [tool, "-json", "-n", namespace, *words], check=True, capture_output=True, text=True
    ).stdout.strip()
    return [item for item in json.loads(text or "[]") if item]


def expect(what, found, wanted):
    if found != wanted:
        raise Wrong(f"{found} {what}, expected {wanted}")


def marked_links():
    return len(ip_json("link", "show", "group", str(GROUP)))


class Scenario:
    """N objects of one sort. Subclasses say which, in each contestant's form."""

    name = ""

    def __init__(self, count):
        self.count = count

    @property
    def title(self):
        return f"{self.name} {self.count}"

    # Where the floor finds the ruleset that it loads, for what has one.
    firewall = None

    def prepare_node(self):
        """Makes in the fresh node what is not Weft's to make."""

    def document(self):
        """The lines of the document for weft."""
        raise NotImplementedError

    def scripts(self):
        """For `ip -batch`: the files, the shell lines that apply them, the shell lines that destroy."""
        raise NotImplementedError

    def check(self):
        """Raises Wrong unless all is there."""
        raise NotImplementedError

    def places(self):
        """The namespaces to compare."""
        return [NODE]

    # What the floor is told to do for the change of one thing, and what that is called; None where nothing is changed.
    change = None

    # What is besides compared of each place: settings by their path below /proc/sys, and whether there are files.
    settings = ()
    has_files = False


class Sandboxes(Scenario):
    """N namespaces on one bridge."""

    name = "sandboxes"

    def document(self):
        numbers = range(self.count)
        yield "weft: 1"
        yield "node:"
        yield f"  namespaces: [{', '.join(f's{number}' for number in numbers)}]"
        yield "  links:"
        yield f'    br0: {{ type: bridge, addresses: [{GATEWAY}/16], mac: "{mac(MAC_BRIDGE, 0)}" }}'
        for number in numbers:
            yield (
                f'    v{number}: {{ type: veth, master: br0, mac: "{mac(MAC_NEAR, number)}", peer: {{ name: eth0,'
                f' namespace: s{number}, mac: "{mac(MAC_FAR, number)}",'
                f" addresses: [{sandbox_address(number)}/16], addrgenmode: none }} }}"
            )
        yield "  routes:"
        for number in numbers:
            yield f"    - {{ to: default, via: {GATEWAY}, namespace: s{number} }}"

    def scripts(self):
        numbers = range(self.count)
        links = [
            f"link add br0 up address {mac(MAC_BRIDGE, 0)} group {GROUP} type bridge",
            "link set br0 alias weft:bridge",
            f"address add {GATEWAY}/16 dev br0",
        ]
        for number in numbers:
            links.append(f"netns add s{number}")
        for number in numbers:
            links.append(
                f"link add v{number} up master br0 address {mac(MAC_NEAR, number)} group {GROUP} type veth"
                f" peer name eth0 address {mac(MAC_FAR, number)} group {GROUP} netns s{number}"
            )
            links.append(f'link set v{number} alias "weft:pair with eth0 in s{number}"')
        files = {"links": links}
        for number in numbers:
            files[f"s{number}"] = [
                f'link set lo up alias "weft:namespace s{number} of node {NODE}"',
                f'link set eth0 addrgenmode none alias "weft:pair with v{number}"',
                "link set eth0 up",
                f"address add {sandbox_address(number)}/16 dev eth0",
                f"route add default via {GATEWAY} proto {PROTOCOL}",
            ]
        files["remove"] = [f"link delete group {GROUP}"] + [f"netns delete s{number}" for number in numbers]
        loop = f"i=0; while [ $i -lt {self.count} ]; do ip -n s$i -batch s$i; i=$((i + 1)); done"
        return files, ["ip -batch links", loop], ["ip -batch remove"]

    def check(self):
        expect("marked links", marked_links(), self.count + 1)
        names = [name for name in os.listdir("/run/netns") if name[0] == "s"]
        expect("namespaces", len(names), self.count)
        last = f"s{self.count - 1}"
        expect("default routes", len(ip_json("route", "show", "default", namespace=last)), 1)
        found = [item["local"] for link in ip_json("address", namespace=last) for item in link["addr_info"]]
        if sandbox_address(self.count - 1) not in found:
            raise Wrong(f"{last} has not its address")

    def places(self):
        return [NODE, f"s{self.count - 1}"]


class Routes(Scenario):
    """N routes through a gateway on a link that is not Weft's."""

    name = "routes"

    def prepare_node(self):
        for words in (
            "link add up0 address 02:01:00:00:00:01 type veth peer name up1 address 02:01:00:00:00:02",
            "link set up0 up",
            "link set up1 up",
            "address add 192.168.77.1/24 dev up0",
        ):
            subprocess.run(["ip", "-n", NODE, *words.split()], check=True)

    def document(self):
        yield "weft: 1"
        yield "node:"
        yield "  routes:"
        for number in range(self.count):
            yield f"    - {{ to: {route_prefix(number)}, via: {NEXT_HOP}, dev: up0 }}"

    def scripts(self):
        routes = [
            f"{route_prefix(number)} via {NEXT_HOP} dev up0 proto {PROTOCOL}" for number in range(self.count)
        ]
        files = {
            "routes": [f"route add {route}" for route in routes],
            "remove": [f"route del {route}" for route in routes],
        }
        return files, ["ip -batch routes"], ["ip -batch remove"]

    def check(self):
        expect("marked routes", len(ip_json("route", "show", "proto", str(PROTOCOL))), self.count)


class Entries(Scenario):
    """N FDB entries of a VXLAN link, and N permanent neighbours on its bridge."""

    name = "entries"

    def document(self):
        numbers = range(self.count)
        yield "weft: 1"
        yield "node:"
        yield "  links:"
        yield f'    br0: {{ type: bridge, mac: "{mac(MAC_BRIDGE, 0)}" }}'
        yield (
            f'    vx0: {{ type: vxlan, master: br0, mac: "{mac(MAC_VXLAN, 0)}",'
            " vni: 7, port: 4789, learning: false }"
        )
        yield "  neighbours:"
        for number in numbers:
            yield f'    - {{ dev: br0, address: {neighbour_address(number)}, mac: "{mac(MAC_ENTRY, number)}" }}'
        yield "  fdb:"
        for number in numbers:
            yield f'    - {{ dev: vx0, mac: "{mac(MAC_ENTRY, number)}", dst: {tunnel_end(number)} }}'

    def scripts(self):
        numbers = range(self.count)
        vxlan = "type vxlan id 7 dstport 4789 nolearning"
        files = {
            "links": [
                f"link add br0 up address {mac(MAC_BRIDGE, 0)} group {GROUP} type bridge",
                "link set br0 alias weft:bridge",
                f"link add vx0 up master br0 address {mac(MAC_VXLAN, 0)} group {GROUP} {vxlan}",
                'link set vx0 alias "weft:vxlan 7"',
            ],
            "fdb": [
                f"fdb add {mac(MAC_ENTRY, number)} dev vx0 dst {tunnel_end(number)} self permanent"
                for number in numbers
            ],
            "neighbours": [
                f"neigh add {neighbour_address(number)} lladdr {mac(MAC_ENTRY, number)} dev br0 nud permanent"
                f" protocol {PROTOCOL}"
                for number in numbers
            ],
        }
        apply = ["ip -batch links", "bridge -batch fdb", "ip -batch neighbours"]
        return files, apply, [f"ip link delete group {GROUP}"]

    def check(self):
        expect("marked links", marked_links(), 2)
        entries = ip_json("fdb", "show", "dev", "vx0", tool="bridge")
        expect("FDB entries", sum("dst" in entry for entry in entries), self.count)
        expect("neighbours", len(ip_json("neigh", "show", "dev", "br0", "nud", "permanent")), self.count)


class Network(Scenario):
    """One bridge network of N sandboxes, from a document of networks and sandboxes."""

    name = "network"
    change = ("renamed", "apply (one renamed)")
    has_files = True
    settings = (
        "net/ipv4/ip_forward", "net/ipv4/conf/default/forwarding", "net/ipv6/conf/all/forwarding",
        "net/ipv6/conf/default/forwarding", "net/ipv6/conf/default/accept_ra", "net/ipv4/conf/eth0/forwarding",
        "net/ipv6/conf/eth0/forwarding", "net/ipv6/conf/eth0/accept_ra",
        f"net/ipv6/conf/br-{NETWORK}/accept_ra", f"net/ipv6/conf/br-{NETWORK}/disable_ipv6",
    )  # fmt: skip

    # With more sandboxes than this so many are compared, evenly spread: the floor's own read looks at all of them.
    MOST_COMPARED = 24

    def sandboxes(self, renamed=False):
        return [RENAMED if renamed and number == 0 else f"s{number}" for number in range(self.count)]

    def document(self, changed=False):
        yield "weft: 1"
        yield "networks:"
        yield f"  {NETWORK}: {{ driver: bridge, subnets: [{GATEWAY.rsplit('.', 2)[0]}.0.0/16] }}"
        yield "sandboxes:"
        for number, name in enumerate(self.sandboxes(changed)):
            address = sandbox_address(number)
            yield f"  {name}: {{ endpoints: [{{ network: {NETWORK}, address: {address} }}] }}"

    def check(self):
        expect("marked links", marked_links(), self.count + 1)
        names = [name for name in os.listdir("/run/netns") if name.startswith(f"{NODE}.")]
        expect("namespaces", len(names), self.count)
        expect("sandboxes with files", len(os.listdir(f"{RUNTIME}/sandboxes")), self.count)
        expect("namespaces with files", len(os.listdir(OVERLAYS)), self.count)
        expect("tables of nftables", len(ruleset("table")), 2)
        expect("ports that the firewall knows", len(ruleset_sets()["bridge weft ports"]), self.count)

    def check_peer(self):
        """Raises Wrong unless each namespace that a peer filled has its link with an address; it marks nothing."""
        names = [name for name in os.listdir("/run/netns") if name.startswith("s")]
        expect("namespaces", len(names), self.count)
        for name in (names[0], names[-1]):
            found = [item for item in ip_json("address", "show", "dev", "eth0", namespace=name)[0]["addr_info"]]
            expect(f"IPv4 addresses in {name}", sum(item["family"] == "inet" for item in found), 1)

    def places(self):
        names = [name for name in sorted(os.listdir("/run/netns")) if name.startswith(f"{NODE}.")]
        step = max(1, len(names) // self.MOST_COMPARED)
        return [NODE, *names[::step], *names[-1:]]


class Overlay(Scenario):
    """What one node is told of N endpoints of other nodes, a hundred on each, all on one overlay."""

    name = "overlay"
    change = ("moved", "apply (one moved)")
    settings = (f"net/ipv6/conf/br-{NETWORK}/accept_ra", f"net/ipv6/conf/br-{NETWORK}/disable_ipv6")

    def prepare_node(self):
        for words in (
            "link add up0 address 02:01:00:00:00:01 type veth peer name up1 address 02:01:00:00:00:02",
            "link set up0 up",
            "link set up1 up",
            "address add 172.16.0.1/16 dev up0",
        ):
            subprocess.run(["ip", "-n", NODE, *words.split()], check=True)

    def document(self, changed=False):
        numbers = range(self.count)
        ends = sorted({tunnel_end(number): f"n{number // 100}" for number in numbers}.items(), key=lambda end: end[1])
        yield "weft: 1"
        yield "nodes:"
        yield f"  {NODE}: {{ address: 172.16.0.1 }}"
        for address, name in ends:
            yield f"  {name}: {{ address: {address} }}"
        yield "networks:"
        yield (
            f"  {NETWORK}: {{ driver: overlay, vni: 7, subnets: [10.8.0.0/14], gateway: 10.11.255.254, internal: true,"
            f" nodes: [{', '.join([NODE, *(name for _, name in ends)])}] }}"
        )
        yield "sandboxes:"
        for number in numbers:
            place = self.count - 1 if changed and number == 0 else number
            yield (
                f"  s{number}: {{ node: n{place // 100}, endpoints: [{{ network: {NETWORK},"
                f' address: {neighbour_address(number)}, mac: "{mac(MAC_ENTRY, number)}" }}] }}'
            )

    def check(self):
        expect("marked links", marked_links(), 2)
        entries = ip_json("fdb", "show", "dev", f"vx-{NETWORK}", tool="bridge")
        expect("entries of the tunnel", sum("dst" in entry for entry in entries), self.count)
        expect("entries of the bridge", sum("master" in entry for entry in entries) - 1, self.count)
        expect("neighbours", len(ip_json("neigh", "show", "dev", f"br-{NETWORK}", "nud", "permanent")), self.count)


# Those that have a firewall, which the floor loads as weft left it beforehand.
WITH_FIREWALL = (Network, Overlay)


def check_nothing_left():
    """Raises Wrong unless every marked object is gone."""
    expect("files", len(list(files())), 0)
    expect("marked links", marked_links(), 0)
    expect("tables of nftables", len(ruleset("table")), 0)
    expect("marked routes", len(ip_json("route", "show", "table", "all", "proto", str(PROTOCOL))), 0)
    expect("namespaces", len([name for name in os.listdir("/run/netns") if is_sandbox(name)]), 0)


def is_sandbox(namespace):
    return namespace.startswith((f"{NODE}.", "s"))


def files():
    """The files of all sandboxes, and the links to them: each with what it is."""
    for top in (f"{RUNTIME}/sandboxes", OVERLAYS):
        for directory, _, names in os.walk(top):
            mode = stat.filemode(os.stat(directory).st_mode)
            if directory != OVERLAYS:
                yield directory, mode
            for path in (os.path.join(directory, name) for name in names):
                status = os.lstat(path)
                if stat.S_ISLNK(status.st_mode):
                    yield path, os.readlink(path)
                else:
                    with open(path, "rb") as content:
                        digest = hashlib.sha256(content.read()).hexdigest()
                    yield path, [stat.filemode(status.st_mode), status.st_size, digest]


def settings(place, paths):
    """The values of settings in a namespace; what it has not is left out."""
    text = "for p in \"$@\"; do [ ! -e /proc/sys/$p ] || echo \"$p $(cat /proc/sys/$p)\"; done"
    command = ["nsenter", f"--net=/run/netns/{place}", "sh", "-c", text, "sh", *paths]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return dict(line.split(" ", 1) for line in lines)


def nft(*words):
    """What `nft` says in the node."""
    command = ["nsenter", f"--net=/run/netns/{NODE}", "nft", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ruleset(kind=None):
    """What is in the node's ruleset, without handles and with the elements of sets in order: kind and value of each."""
    found = []
    for item in json.loads(nft("-j", "list", "ruleset"))["nftables"]:
        ((name, value),) = item.items()
        if name == "metainfo" or kind not in (None, name):
            continue
        kept = {key: field for key, field in value.items() if key != "handle"}
        if "elem" in kept:
            kept["elem"] = sorted(kept["elem"], key=json.dumps)
        found.append((name, kept))
    return found


def ruleset_sets():
    """The elements of the node's sets, as nft writes them, by family, table and set."""
    found, table, name, inside = {}, "", "", False
    for line in (line.strip() for line in nft("list", "ruleset").splitlines()):
        if line.startswith("table "):
            table = line.removeprefix("table ").removesuffix(" {")
        elif line.startswith("set "):
            name = f"{table} {line.removeprefix('set ').removesuffix(' {')}"
            found[name] = set()
        elif inside or line.startswith("elements = {"):
            text = line.removeprefix("elements = {")
            inside = not text.endswith("}")
            found[name] |= {element for part in text.rstrip("},").split(", ") if (element := part.strip())}
    return found


def renaming(before, after):
    """The commands of nft that make the elements of `before` those of `after`."""
    for verb, old, new in (("delete", after, before), ("add", before, after)):
        for name, elements in new.items():
            if changed := sorted(elements - old[name]):
                yield f"{verb} element {name} {{ {', '.join(changed)} }}"


def scenario(text):
    """The scenario that a title such as `routes 100000` names."""
    kinds = {kind.name: kind for kind in (Sandboxes, Network, Overlay, Routes, Entries)}
    name, _, count = text.partition(" ")
    if name not in kinds or not count.isdigit() or int(count) < 1:
        raise ValueError(f"'{text}' is no scenario; one is a sort and a number: {', '.join(kinds)}")
    return kinds[name](int(count))


# Comparison. What the kernel chooses by itself or changes with time is left out.

VOLATILE = {
    "ifindex", "link_index", "link_netnsid", "operstate", "flags", "valid_life_time", "preferred_life_time",
    "tentative", "dynamic", "gc_timer", "hello_timer", "tcn_timer", "topology_change_timer", "hold_timer",
    "message_age_timer", "forward_delay_timer", "state", "topology_change_ack", "config_pending", "link-netns",
    "link_netns", "port_no", "id", "no", "designated_port",
}  # fmt: skip


def normalised(value):
    """`value` without what may differ; the purpose in an alias is free, its mark is not."""
    if isinstance(value, dict):
        kept = {key: normalised(item) for key, item in value.items() if key not in VOLATILE}
        if "ifalias" in kept:
            kept["ifalias"] = kept["ifalias"][: len("weft:")]
        if "flags" in value:
            kept["up"] = "UP" in value["flags"]
        return kept
    if isinstance(value, list):
        return [normalised(item) for item in value]
    return value


def cluster_document(endpoints, nodes=200):
    """The lines of a document of sandboxes, each with an endpoint on an overlay and one on a routed network."""
    yield "weft: 1\nunderlay: { subnets: [172.16.0.0/16] }\nnodes:\n"
    for number in range(nodes):
        yield f"  n{number}: {{ address: {ipv4(0xAC100001 + number)} }}\n"
    yield "networks:\n"
    yield '  back: { driver: overlay, subnets: [10.0.0.0/8, "fd00:10::/64"] }\n'
    yield "  pods: { driver: routed, subnets: [11.0.0.0/8], nodePrefix: 20 }\n"
    yield "sandboxes:\n"
    for number in range(endpoints // 2):
        yield f"  sandbox-{number}:\n    node: n{number % nodes}\n    endpoints:\n"
        yield "      - { network: back, aliases: [web] }\n      - { network: pods }\n"


def is_settled(item):
    """False for what IPv6 adds by itself some time after a link is up."""
    text = json.dumps(item)
    return "fe80" not in text and "ff00::" not in text and "33:33:" not in text


IDENTITY = {
    "link": ("ifname",),
    "route": ("table", "dst", "metric", "dev", "type"),
    "route6": ("table", "dst", "metric", "dev", "type"),
    "neighbour": ("dev", "dst"),
    "fdb": ("ifname", "mac", "dst", "master"),
}


def snapshot(scenario):
    """What the kernel holds in the scenario's places: objects by what they are known by; and all files."""
    found = {f"file {path}": what for path, what in files()} if scenario.has_files else {}
    if scenario.firewall:
        numbers = {}
        for kind, item in ruleset():
            known_by = " ".join(str(item[key]) for key in ("family", "table", "chain", "name") if key in item)
            number = numbers[kind, known_by] = numbers.get((kind, known_by), 0) + 1
            found[f"{kind} {known_by} {number}"] = item
    for place in scenario.places():
        if scenario.settings:
            found[f"{place} settings"] = settings(place, scenario.settings)
        links = ip_json("-d", "address", namespace=place)
        for link in links:
            link["addr_info"] = [item for item in link["addr_info"] if is_settled(item)]
        entries = ip_json("fdb", tool="bridge", namespace=place)
        tables = {
            "link": links,
            "route": ip_json("-d", "route", "show", "table", "all", namespace=place),
            "route6": ip_json("-d", "-6", "route", "show", "table", "all", namespace=place),
            "neighbour": ip_json("-d", "neigh", "show", "nud", "permanent", namespace=place),
            "fdb": [item for item in entries if item.get("state") in ("permanent", "static")],
        }
        for table, items in tables.items():
            for item in filter(is_settled, items):
                known_by = [str(item[key]) for key in IDENTITY[table] if key in item]
                found[" ".join([place, table, *known_by])] = normalised(item)
    return found


def flattened(value, path=""):
    """Each leaf of `value` by its path."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}", item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {path: value}
    return {leaf: item for name, inner in pairs for leaf, item in flattened(inner, name).items()}


def differences(wanted, found, name):
    """What is otherwise in `found`, which `name` left, than in `wanted`, which the floor left: a line for each."""
    lines = [f"not there after {name}: {key}" for key in sorted(wanted.keys() - found.keys())]
    lines += [f"only there after {name}: {key}" for key in sorted(found.keys() - wanted.keys())]
    for key in sorted(wanted.keys() & found.keys()):
        if wanted[key] == found[key]:
            continue
        ours, theirs = flattened(wanted[key]), flattened(found[key])
        for path in sorted(ours.keys() | theirs.keys()):
            if ours.get(path) != theirs.get(path):
                lines.append(f"{key} {path}: floor {ours.get(path)}, {name} {theirs.get(path)}")
    return lines
