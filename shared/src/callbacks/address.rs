//! Which addresses a callback may go to: global unicast, and nothing else.
//!
//! The tables follow IANA's special-purpose registries for IPv4 and IPv6, and are stricter in three ways:
//!
//! - **Everything outside `2000::/3` is refused**: global unicast addresses are only assigned from there.
//! - **An IPv6 address that carries an IPv4 address is refused**, whatever that is. A translator or tunnel on the way
//!   (NAT64, 6to4, Teredo, ISATAP, SIIT) decides where such a packet arrives. A receiver with a public IPv4 address is
//!   reached by that address. So the dispatcher cannot run in a subnet whose resolver makes up NAT64 addresses (DNS64),
//!   and a NAT64 prefix from an operator's own global space looks like any other address.
//! - **AS112 and `ORCHIDv2` are refused**, although the registries call them globally reachable: the first answers
//!   stray DNS queries at the nearest node, the second names hosts but is not routed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The rule that forbids an address; its text fits "… is not allowed: {rule}".
pub type Forbidden = &'static str;

/// Checks that a callback may connect to `ip`.
pub fn check(ip: IpAddr) -> Result<(), Forbidden> {
    let rule = match ip {
        IpAddr::V4(ip) => rule_v4(ip),
        IpAddr::V6(ip) => rule_v6(ip),
    };
    rule.map_or(Ok(()), Err)
}

fn rule_v4(ip: Ipv4Addr) -> Option<Forbidden> {
    let inside = |(network, length, _): &&(Ipv4Addr, u32, Forbidden)| {
        ip.to_bits() >> (32 - length) == network.to_bits() >> (32 - length)
    };
    V4.iter().find(inside).map(|(_, _, rule)| *rule)
}

fn rule_v6(ip: Ipv6Addr) -> Option<Forbidden> {
    let inside = |(network, length, _): &&(Ipv6Addr, u32, Option<Forbidden>)| {
        ip.to_bits() >> (128 - length) == network.to_bits() >> (128 - length)
    };
    if is_isatap(ip) {
        return Some("ISATAP address");
    }
    V6.iter().find(inside).map_or(Some("not a global unicast address"), |(_, _, rule)| *rule)
}

/// RFC 5214 leaves two bits of the first group to the host: universal/local and individual/group.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let [.., first, second, _, _] = ip.segments();
    first & !0x0300 == 0 && second == 0x5efe
}

/// Network, prefix length, rule; the first row that contains an address decides.
const V4: &[(Ipv4Addr, u32, Forbidden)] = &[
    // Some systems take it for the host itself.
    (Ipv4Addr::UNSPECIFIED, 8, "address of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private address"),
    // Shared between a provider and its customers.
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT address"),
    // On Lambda the Runtime API listens there.
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback address"),
    // Instance metadata services live there.
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local address"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private address"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "address for IETF protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation address"),
    // Anycast nodes that answer DNS queries nobody should have sent.
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112 address"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay address"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private address"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112 address"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking address"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation address"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation address"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast address"),
    (Ipv4Addr::BROADCAST, 32, "broadcast address"),
    // Never handed out, yet used inside some networks.
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved address"),
];

/// The same for IPv6, where `None` allows an address; one in no row is refused.
const V6: &[(Ipv6Addr, u32, Option<Forbidden>)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, Some("unspecified address")),
    (Ipv6Addr::LOCALHOST, 128, Some("loopback address")),
    (Ipv6Addr::UNSPECIFIED, 96, Some("IPv4-compatible address")),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, Some("IPv4-mapped address")),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, Some("IPv4-translated address")),
    // A gateway turns it into IPv4.
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, Some("NAT64 address")),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Some("NAT64 address")),
    // Dropped on the way, or a dummy.
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 63, Some("discard-only address")),
    // A tunnel to an IPv4 address and port behind a NAT.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, Some("Teredo address")),
    // Globally reachable parts of 2001::/23: anycast for PCP, TURN and DNS-SD; AMT; drone identifiers.
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 1), 128, None),
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2), 127, None),
    (Ipv6Addr::new(0x2001, 3, 0, 0, 0, 0, 0, 0), 32, None),
    (Ipv6Addr::new(0x2001, 0x30, 0, 0, 0, 0, 0, 0), 28, None),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Some("benchmarking address")),
    (Ipv6Addr::new(0x2001, 4, 0x112, 0, 0, 0, 0, 0), 48, Some("AS112 address")),
    // Hashes that name hosts.
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, Some("ORCHID address")),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28, Some("ORCHID address")),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Some("address for IETF protocols")),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Some("documentation address")),
    // A tunnel to the IPv4 address inside.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Some("6to4 address")),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, Some("AS112 address")),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Some("documentation address")),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, None),
    // It steers a packet inside a provider's network.
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Some("segment routing address")),
    // Private to a site; `fec0::/10` is the same of earlier days.
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Some("unique local address")),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Some("link-local address")),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Some("site-local address")),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Some("multicast address")),
];

#[cfg(test)]
mod tests;
