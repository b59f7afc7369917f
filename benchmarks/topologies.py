"""What packets go through in `datapath`: a node with its outside, and two nodes on an underlay, by Weft and by hand.

Each has states of the ruleset, between which `bring` changes, and ways whose ends `ends` tells.
"""
import json
import os
import subprocess

from world import Wrong

NETWORK, SUBNET = "net", "10.77.0.0/16"
FIRST_SANDBOX = 0x0A4D0002
NODE_OUTSIDE, OUTSIDE = "192.168.77.1", "192.168.77.2"
UNDERLAY = "172.16.0"

THROUGHPUT, LATENCY, PRICE = "throughput", "latency", "latency on one processor"
TO_OUTSIDE, ON_BRIDGE, TO_NODE = "sandbox to outside", "sandbox to sandbox", "sandbox to that of another node"

# What is in the ruleset of a node.
NONE, TRACKED, BY_HAND, WEFT = "no tables", "one ct rule", "by hand", "weft"
OTHERS = {
    # The price of tracking connections is the kernel's own: whoever asks for their state pays it.
    TRACKED: """table inet other {
        chain forward { type filter hook forward priority 0; ct state established,related accept; }
    }""",
    BY_HAND: """table inet other {
        chain forward {
            type filter hook forward priority 0; policy drop;
            ct state established,related accept
            iifname "br-net" accept
        }
        chain postrouting { type nat hook postrouting priority srcnat; oifname "up0" masquerade; }
    }""",
}
TABLES = {
    NONE: set(), TRACKED: {"inet other"}, BY_HAND: {"inet other"}, WEFT: {"inet weft", "bridge weft"},
}  # fmt: skip


def run(*words, text=None, timeout=120):
    """What a command says. Raises Wrong with its complaint if it fails."""
    try:
        process = subprocess.run(words, input=text, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Wrong(f"{' '.join(words)}: no end after {timeout} s") from None
    if process.returncode:
        said = (process.stderr.strip() or process.stdout.strip())[-600:]
        raise Wrong(f"{' '.join(words)}: exit status {process.returncode}: {said}")
    return process.stdout


def ip(namespace, *lines):
    """Lines of `ip`, in a namespace."""
    run("ip", "-n", namespace, "-batch", "-", text="".join(f"{line}\n" for line in lines))


def path(namespace):
    return f"/run/netns/{namespace}"


def within(namespace, *words):
    return ["nsenter", f"--net={path(namespace)}", *words]


def make_namespace(name):
    run("ip", "netns", "add", name)
    ip(name, "link set lo up")


def set_bridged_through_tables(node, is_on):
    """With br_netfilter bridged packets pass the tables of routed ones too, if this is set; without it there is no setting."""
    setting = "/proc/sys/net/bridge/bridge-nf-call-iptables"
    if os.path.exists(setting):
        run(*within(node, "sh", "-c", f"echo {int(is_on)} > {setting}"))


def tables(node):
    lines = run(*within(node, "nft", "list", "tables")).splitlines()
    return {line.removeprefix("table ") for line in lines}


def set_tables(node, state, weft, document, ports):
    """Makes the node's ruleset that of `state`, and sees that it is; by weft with so many ports of sandboxes."""
    for table in tables(node) - TABLES[state]:
        run(*within(node, "nft", "delete", "table", *table.split()))
    if state == WEFT:
        run(weft, "apply", "--quiet", "--netns", node, document)
    elif state in OTHERS:
        run(*within(node, "nft", "-f", "-"), text=OTHERS[state])
    if tables(node) != TABLES[state]:
        raise Wrong(f"{node}: the tables are {tables(node)}, expected {TABLES[state]}")
    if state == WEFT:
        listed = json.loads(run(*within(node, "nft", "-j", "list", "set", "bridge", "weft", "ports")))
        known = sum(len(item.get("set", {}).get("elem", [])) for item in listed["nftables"])
        if known != ports:
            raise Wrong(f"{node}: the firewall knows {known} ports, expected {ports}")


def write(file, lines):
    with open(file, "w") as text:
        text.writelines(f"{line}\n" for line in lines)


class Node:
    """A node with sandboxes on a bridge network, and an outside beyond a veth pair."""

    def __init__(self, name, sandboxes, states, ways, kinds, masquerade=False):
        self.name, self.sandboxes, self.states, self.ways, self.kinds = name, sandboxes, states, ways, kinds
        self.masquerade = masquerade
        self.outside = f"{name}-outside"

    @property
    def title(self):
        return f"{self.sandboxes} sandboxes, {'masquerading' if self.masquerade else 'masquerade: false'}"

    @staticmethod
    def address(sandbox):
        return ".".join(str(byte) for byte in (FIRST_SANDBOX + sandbox).to_bytes(4, "big"))

    def document(self):
        yield "weft: 1"
        yield "networks:"
        yield f"  {NETWORK}: {{ driver: bridge, subnets: [{SUBNET}], masquerade: {str(self.masquerade).lower()} }}"
        yield "sandboxes:"
        for number in range(self.sandboxes):
            yield f"  s{number}: {{ endpoints: [{{ network: {NETWORK}, address: {self.address(number)} }}] }}"

    def make(self, weft, directory, bridged_through_tables):
        self.weft, self.file = weft, os.path.join(directory, f"{self.name}.yaml")
        write(self.file, self.document())
        make_namespace(self.name)
        make_namespace(self.outside)
        ip(self.name, f"link add up0 type veth peer name up1 netns {self.outside}",
           f"address add {NODE_OUTSIDE}/24 dev up0", "link set up0 up")  # fmt: skip
        ip(self.outside, f"address add {OUTSIDE}/24 dev up1", "link set up1 up")
        if not self.masquerade:
            ip(self.outside, f"route add {SUBNET} via {NODE_OUTSIDE}")
        set_bridged_through_tables(self.name, bridged_through_tables)
        self.bring(WEFT)

    def bring(self, state):
        set_tables(self.name, state, self.weft, self.file, self.sandboxes)

    def ends(self, way, state):
        """The namespaces of client and server, and the server's address. The last sandboxes are the ones that send."""
        del state  # The same in all.
        last = self.sandboxes - 1
        client = f"{self.name}.s{last}"
        if way == TO_OUTSIDE:
            return client, self.outside, OUTSIDE
        return client, f"{self.name}.s{last - 1}", self.address(last - 1)


class Pair:
    """Two nodes on an underlay with a sandbox each, on a network of the driver: by Weft, and the same made with `ip`."""

    states = [BY_HAND, NONE, WEFT]
    ways = [TO_NODE]
    kinds = [THROUGHPUT, LATENCY, PRICE]

    def __init__(self, driver):
        self.driver = self.name = driver

    @property
    def title(self):
        return f"two nodes, driver: {self.driver}"

    # The sandboxes' addresses, their lengths, and their gateways.

    def address(self, number):
        return f"10.77.{number}.2" if self.driver == "routed" else f"10.77.0.{number + 1}"

    @property
    def length(self):
        return 24 if self.driver == "routed" else 16

    def gateway(self, number):
        return f"10.77.{number}.1" if self.driver == "routed" else "10.77.0.1"

    def node(self, number):
        return f"{self.driver}{number}"

    def by_hand(self, number):
        return f"{self.driver}-by-hand{number}"

    def document(self):
        yield "weft: 1"
        yield f"underlay: {{ subnets: [{UNDERLAY}.0/24] }}"
        yield "nodes:"
        for number in (1, 2):
            yield f"  {self.node(number)}: {{ address: {UNDERLAY}.{number} }}"
        parts = ", ".join(f"{self.node(number)}: 10.77.{number}.0/24" for number in (1, 2))
        own = f", nodeSubnets: {{ {parts} }}" if self.driver == "routed" else ""
        yield "networks:"
        yield f"  {NETWORK}: {{ driver: {self.driver}, subnets: [{SUBNET}]{own} }}"
        yield "sandboxes:"
        for number in (1, 2):
            endpoint = f"{{ network: {NETWORK}, address: {self.address(number)} }}"
            yield f"  s{number}: {{ node: {self.node(number)}, endpoints: [{endpoint}] }}"

    def make(self, weft, directory, bridged_through_tables):
        self.weft, self.file = weft, os.path.join(directory, f"{self.name}.yaml")
        write(self.file, self.document())
        for name in (self.node, self.by_hand):
            self.make_underlay(name, bridged_through_tables)
        for number in (1, 2):
            self.make_by_hand(number)
        self.bring(WEFT)

    def make_underlay(self, name, bridged_through_tables):
        wire = f"{name(1)}-wire"
        make_namespace(wire)
        ip(wire, "link add br0 up type bridge")
        set_bridged_through_tables(wire, False)
        for number in (1, 2):
            node = name(number)
            make_namespace(node)
            ip(wire, f"link add w{number} up master br0 type veth peer name eth0 netns {node}")
            ip(node, f"address add {UNDERLAY}.{number}/24 dev eth0", "link set eth0 up")
            set_bridged_through_tables(node, bridged_through_tables)

    def make_by_hand(self, number):
        node, other = self.by_hand(number), 3 - number
        sandbox = f"{node}.s"
        make_namespace(sandbox)
        mtu = 1500 if self.driver == "routed" else 1450
        ip(node, f"link add br-net up mtu {mtu} type bridge mcast_snooping 0",
           f"link add v0 up mtu {mtu} master br-net type veth peer name eth0 mtu {mtu} netns {sandbox}",
           f"address add {self.gateway(number)}/{self.length} dev br-net")  # fmt: skip
        ip(sandbox, "link set eth0 up", f"address add {self.address(number)}/{self.length} dev eth0",
           f"route add default via {self.gateway(number)}")  # fmt: skip
        if self.driver == "routed":
            run(*within(node, "sysctl", "-qw", "net.ipv4.ip_forward=1"))
            ip(node, f"route add 10.77.{other}.0/24 via {UNDERLAY}.{other}")
        else:
            ip(node, f"link add vx0 up mtu {mtu} master br-net type vxlan id 7 local {UNDERLAY}.{number}"
                     f" remote {UNDERLAY}.{other} dstport 4789 udpcsum")  # fmt: skip

    def bring(self, state):
        # What is made by hand has no tables, and is beside what is Weft's.
        if state == BY_HAND:
            return
        for number in (1, 2):
            set_tables(self.node(number), state, self.weft, self.file, 1)

    def ends(self, way, state):
        del way  # There is one only.
        if state == BY_HAND:
            return f"{self.by_hand(1)}.s", f"{self.by_hand(2)}.s", self.address(2)
        return f"{self.node(1)}.s1", f"{self.node(2)}.s2", self.address(2)
