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

/// The rule that forbids an address. Its text fits "… is not allowed: {rule}".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Forbidden {
    /// `::`, which is not a host.
    #[error("unspecified address")]
    Unspecified,
    /// 0.0.0.0/8, which some systems treat as the host itself.
    #[error("address of this network")]
    ThisNetwork,
    /// 127.0.0.0/8 and `::1`; on Lambda the Runtime API listens there.
    #[error("loopback address")]
    Loopback,
    /// The three blocks of RFC 1918.
    #[error("private address")]
    Private,
    /// 100.64.0.0/10, shared between a provider and its customers.
    #[error("carrier-grade NAT address")]
    CarrierGradeNat,
    /// 169.254.0.0/16 and `fe80::/10`; instance metadata services live there.
    #[error("link-local address")]
    LinkLocal,
    /// 192.0.0.0/24 and `2001::/23`, kept for protocols.
    #[error("address for IETF protocols")]
    IetfProtocolAssignments,
    /// The blocks for examples in documents.
    #[error("documentation address")]
    Documentation,
    /// Anycast nodes that answer stray DNS queries.
    #[error("AS112 address")]
    As112,
    /// 192.88.99.0/24, whichever 6to4 relay is nearest.
    #[error("6to4 relay address")]
    SixToFourRelay,
    /// 198.18.0.0/15 and `2001:2::/48`, for measuring devices.
    #[error("benchmarking address")]
    Benchmarking,
    /// 224.0.0.0/4 and `ff00::/8`: many hosts, not one.
    #[error("multicast address")]
    Multicast,
    /// 255.255.255.255, everyone on the link.
    #[error("broadcast address")]
    Broadcast,
    /// 240.0.0.0/4, never assigned, but used inside some networks.
    #[error("reserved address")]
    Reserved,
    /// `::ffff:0:0/96`: an IPv4 address in the notation of IPv6.
    #[error("IPv4-mapped address")]
    Ipv4Mapped,
    /// `::/96`, the mapping before that one.
    #[error("IPv4-compatible address")]
    Ipv4Compatible,
    /// `::ffff:0:0:0/96`, stateless translation.
    #[error("IPv4-translated address")]
    Ipv4Translated,
    /// `64:ff9b::/96` and `64:ff9b:1::/48`: a gateway turns it into IPv4.
    #[error("NAT64 address")]
    Nat64,
    /// `2002::/16`: a tunnel to the IPv4 address inside.
    #[error("6to4 address")]
    SixToFour,
    /// `2001::/32`: a tunnel to an IPv4 address and port behind a NAT.
    #[error("Teredo address")]
    Teredo,
    /// An interface identifier 0:5efe with an IPv4 address, under any prefix.
    #[error("ISATAP address")]
    Isatap,
    /// `2001:10::/28` and `2001:20::/28`: hashes that name hosts.
    #[error("ORCHID address")]
    Orchid,
    /// `100::/64` (dropped on the way) and `100:0:0:1::/64` (a dummy).
    #[error("discard-only address")]
    Discard,
    /// `5f00::/16`, which steers a packet inside a provider's network.
    #[error("segment routing address")]
    SegmentRouting,
    /// `fc00::/7`, private to a site.
    #[error("unique local address")]
    UniqueLocal,
    /// `fec0::/10`, the predecessor of unique local addresses.
    #[error("site-local address")]
    SiteLocal,
    /// Everything else outside `2000::/3`.
    #[error("not a global unicast address")]
    NotGlobalUnicast,
}

/// Checks that a callback may connect to `ip`.
///
/// # Errors
/// The rule that forbids it.
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
        return Some(Forbidden::Isatap);
    }
    V6.iter().find(inside).map_or(Some(Forbidden::NotGlobalUnicast), |(_, _, rule)| *rule)
}

/// RFC 5214 leaves two bits of the first group to the host: universal/local and individual/group.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let [.., first, second, _, _] = ip.segments();
    first & !0x0300 == 0 && second == 0x5efe
}

/// Network, prefix length, rule; the first row that contains an address decides.
const V4: &[(Ipv4Addr, u32, Forbidden)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, Forbidden::ThisNetwork),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Forbidden::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Forbidden::CarrierGradeNat),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Forbidden::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Forbidden::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Forbidden::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Forbidden::IetfProtocolAssignments),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Forbidden::Documentation),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Forbidden::As112),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Forbidden::SixToFourRelay),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Forbidden::Private),
    (Ipv4Addr::new(192, 175, 48, 0), 24, Forbidden::As112),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Forbidden::Benchmarking),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Forbidden::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Forbidden::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Forbidden::Multicast),
    (Ipv4Addr::BROADCAST, 32, Forbidden::Broadcast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Forbidden::Reserved),
];

/// The same for IPv6, where `None` allows an address; one in no row is refused.
const V6: &[(Ipv6Addr, u32, Option<Forbidden>)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, Some(Forbidden::Unspecified)),
    (Ipv6Addr::LOCALHOST, 128, Some(Forbidden::Loopback)),
    (Ipv6Addr::UNSPECIFIED, 96, Some(Forbidden::Ipv4Compatible)),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, Some(Forbidden::Ipv4Mapped)),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, Some(Forbidden::Ipv4Translated)),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, Some(Forbidden::Nat64)),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Some(Forbidden::Nat64)),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 63, Some(Forbidden::Discard)),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, Some(Forbidden::Teredo)),
    // Globally reachable parts of 2001::/23: anycast for PCP, TURN and DNS-SD; AMT; drone identifiers.
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 1), 128, None),
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2), 127, None),
    (Ipv6Addr::new(0x2001, 3, 0, 0, 0, 0, 0, 0), 32, None),
    (Ipv6Addr::new(0x2001, 0x30, 0, 0, 0, 0, 0, 0), 28, None),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Some(Forbidden::Benchmarking)),
    (Ipv6Addr::new(0x2001, 4, 0x112, 0, 0, 0, 0, 0), 48, Some(Forbidden::As112)),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, Some(Forbidden::Orchid)),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28, Some(Forbidden::Orchid)),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Some(Forbidden::IetfProtocolAssignments)),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Some(Forbidden::Documentation)),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Some(Forbidden::SixToFour)),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, Some(Forbidden::As112)),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Some(Forbidden::Documentation)),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, None),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Some(Forbidden::SegmentRouting)),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Some(Forbidden::UniqueLocal)),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Some(Forbidden::LinkLocal)),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Some(Forbidden::SiteLocal)),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Some(Forbidden::Multicast)),
];

#[cfg(test)]
mod tests;
