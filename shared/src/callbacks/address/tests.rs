use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::{Forbidden, check};

fn verdict(address: &str) -> Result<(), Forbidden> {
    check(address.parse::<IpAddr>().expect("the table holds addresses"))
}

/// Rule, first and last address of the block, and what lies just outside of it where that is public.
type Row = (Forbidden, &'static str, &'static str, &'static [&'static str]);

const BLOCKS: &[Row] = &[
    ("address of this network", "0.0.0.0", "0.255.255.255", &["1.0.0.0"]),
    ("private address", "10.0.0.0", "10.255.255.255", &["9.255.255.255", "11.0.0.0"]),
    ("carrier-grade NAT address", "100.64.0.0", "100.127.255.255", &["100.63.255.255", "100.128.0.0"]),
    ("loopback address", "127.0.0.0", "127.255.255.255", &["126.255.255.255", "128.0.0.0"]),
    ("link-local address", "169.254.0.0", "169.254.255.255", &["169.253.255.255", "169.255.0.0"]),
    ("private address", "172.16.0.0", "172.31.255.255", &["172.15.255.255", "172.32.0.0"]),
    ("address for IETF protocols", "192.0.0.0", "192.0.0.255", &["191.255.255.255", "192.0.1.0"]),
    ("documentation address", "192.0.2.0", "192.0.2.255", &["192.0.1.255", "192.0.3.0"]),
    ("AS112 address", "192.31.196.0", "192.31.196.255", &["192.31.195.255", "192.31.197.0"]),
    ("6to4 relay address", "192.88.99.0", "192.88.99.255", &["192.88.98.255", "192.88.100.0"]),
    ("private address", "192.168.0.0", "192.168.255.255", &["192.167.255.255", "192.169.0.0"]),
    ("AS112 address", "192.175.48.0", "192.175.48.255", &["192.175.47.255", "192.175.49.0"]),
    ("benchmarking address", "198.18.0.0", "198.19.255.255", &["198.17.255.255", "198.20.0.0"]),
    ("documentation address", "198.51.100.0", "198.51.100.255", &["198.51.99.255", "198.51.101.0"]),
    ("documentation address", "203.0.113.0", "203.0.113.255", &["203.0.112.255", "203.0.114.0"]),
    ("multicast address", "224.0.0.0", "239.255.255.255", &["223.255.255.255"]),
    ("reserved address", "240.0.0.0", "255.255.255.254", &[]),
    ("broadcast address", "255.255.255.255", "255.255.255.255", &[]),
    ("unspecified address", "::", "::", &[]),
    ("loopback address", "::1", "::1", &[]),
    ("IPv4-compatible address", "::2", "::255.255.255.255", &[]),
    ("IPv4-mapped address", "::ffff:0.0.0.0", "::ffff:255.255.255.255", &[]),
    ("IPv4-translated address", "::ffff:0:0.0.0.0", "::ffff:0:255.255.255.255", &[]),
    ("NAT64 address", "64:ff9b::", "64:ff9b::255.255.255.255", &[]),
    ("NAT64 address", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", &[]),
    ("discard-only address", "100::", "100::ffff:ffff:ffff:ffff", &[]),
    ("discard-only address", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", &[]),
    ("not a global unicast address", "100:0:0:2::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["2000::"]),
    (
        "Teredo address",
        "2001::",
        "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    ),
    ("address for IETF protocols", "2001:1::", "2001:1::", &["2001:1::1", "2001:1::2", "2001:1::3"]),
    ("address for IETF protocols", "2001:1::4", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", &["2001:1::3"]),
    ("benchmarking address", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", &[]),
    ("address for IETF protocols", "2001:2:1::", "2001:2:ffff:ffff:ffff:ffff:ffff:ffff", &["2001:3::"]),
    (
        "address for IETF protocols",
        "2001:4::",
        "2001:4:111:ffff:ffff:ffff:ffff:ffff",
        &["2001:3:ffff:ffff:ffff:ffff:ffff:ffff"],
    ),
    ("AS112 address", "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", &[]),
    ("ORCHID address", "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("ORCHID address", "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", &["2001:30::"]),
    (
        "address for IETF protocols",
        "2001:40::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"],
    ),
    (
        "documentation address",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"],
    ),
    (
        "6to4 address",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"],
    ),
    (
        "AS112 address",
        "2620:4f:8000::",
        "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
        &["2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::"],
    ),
    (
        "ISATAP address",
        "2606:4700::5efe:0.0.0.0",
        "2606:4700::5efe:255.255.255.255",
        &["2606:4700::5eff:0:0"],
    ),
    (
        "ISATAP address",
        "2606:4700::200:5efe:0:0",
        "2606:4700::300:5efe:ffff:ffff",
        &["2606:4700::400:5efe:0:0"],
    ),
    (
        "documentation address",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"],
    ),
    (
        "not a global unicast address",
        "4000::",
        "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        &["3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    ),
    ("segment routing address", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("not a global unicast address", "5f01::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("unique local address", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("not a global unicast address", "fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("link-local address", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("site-local address", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
    ("multicast address", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
];

#[test]
fn every_block_is_refused_to_its_edges() {
    for (rule, first, last, neighbours) in BLOCKS {
        assert_eq!(verdict(first), Err(*rule), "{first}");
        assert_eq!(verdict(last), Err(*rule), "{last}");
        for neighbour in *neighbours {
            assert_eq!(verdict(neighbour), Ok(()), "{neighbour}, next to {first} to {last}");
        }
    }
}

#[test]
fn every_row_of_the_tables_has_its_blocks_tested() {
    let listed = super::V4.iter().map(|(network, _, rule)| (IpAddr::V4(*network), *rule));
    let listed = listed.chain(
        super::V6.iter().filter_map(|(network, _, rule)| rule.map(|rule| (IpAddr::V6(*network), rule))),
    );
    for (network, rule) in listed {
        let tested = BLOCKS.iter().any(|(tested, ..)| *tested == rule);
        assert!(tested, "{network} ({rule}) has no row in this test");
    }
}

#[test]
fn well_known_public_addresses_pass() {
    let public = [
        "1.1.1.1",
        "8.8.8.8",
        "9.9.9.9",
        "52.94.236.248",
        "192.52.193.1",
        "2001:200:dff:fff1:216:3eff:feb1:44d7",
        "2001:4860:4860::8888",
        "2001:500:88:200::8",
        "2600:1f18:1:2:3:4:5:6",
        "2606:4700::1111",
        "2620:fe::fe",
        "2a00:1450:4001:82a::200e",
        "2a02:2e0:3fe:1001:302::",
        "2c0f:fb50:4002::1",
    ];
    for address in public {
        assert_eq!(verdict(address), Ok(()), "{address}");
    }
}

#[test]
fn the_endpoints_inside_a_lambda_sandbox_are_refused() {
    for address in ["127.0.0.1", "169.254.100.1", "169.254.79.129", "169.254.169.254", "169.254.170.2"] {
        assert!(verdict(address).is_err(), "{address}");
    }
    assert_eq!(verdict("fd00:ec2::254"), Err("unique local address"));
}

/// Every way in which an IPv6 address is known to carry the IPv4 address `inner`.
fn carriers(inner: Ipv4Addr, prefix: u64) -> Vec<Ipv6Addr> {
    let inner = u128::from(inner.to_bits());
    let behind = |network: &str| {
        let network: Ipv6Addr = network.parse().expect("the list holds networks");
        Ipv6Addr::from_bits(network.to_bits() | inner)
    };
    let prefix = u128::from(prefix) << 64;
    let (high, low) = (inner >> 16, inner & 0xffff);
    vec![
        behind("::"),
        behind("::ffff:0:0"),
        behind("::ffff:0:0:0"),
        behind("64:ff9b::"),
        behind("64:ff9b:1::"),
        // RFC 6052 leaves bits 64 to 71 empty, so a /48 prefix holds the address in two halves.
        Ipv6Addr::from_bits((0x0064_ff9b_0001 << 80) | (high << 64) | (low << 40)),
        Ipv6Addr::from_bits((0x2002 << 112) | (inner << 80) | 1),
        Ipv6Addr::from_bits((0x2001_0000 << 96) | (inner << 64) | !inner & 0xffff_ffff),
        Ipv6Addr::from_bits(prefix | (0x0000_5efe << 32) | inner),
        Ipv6Addr::from_bits(prefix | (0x0200_5efe << 32) | inner),
    ]
}

fn within(network: Ipv6Addr, length: u32, ip: u128) -> bool {
    ip >> (128 - length) == network.to_bits() >> (128 - length)
}

proptest! {
    #[test]
    fn an_ipv6_address_that_carries_an_ipv4_address_is_refused(inner: u32, prefix: u64) {
        for carrier in carriers(Ipv4Addr::from_bits(inner), prefix) {
            prop_assert!(check(IpAddr::V6(carrier)).is_err(), "{carrier}");
        }
    }

    #[test]
    fn an_ipv6_address_passes_only_in_2000_3_and_there_unless_a_block_holds_it(bits: u128, global: bool) {
        let bits = if global { bits >> 3 | 0x2 << 124 } else { bits };
        let ip = Ipv6Addr::from_bits(bits);
        let unicast = within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, bits);
        let refused_inside = [
            ("2001::", 23), ("2001:db8::", 32), ("2002::", 16), ("2620:4f:8000::", 48), ("3fff::", 20),
        ];
        let special = refused_inside.iter().any(|(network, length)| {
            network.parse().is_ok_and(|network| within(network, *length, bits))
        }) || super::is_isatap(ip);
        if !unicast {
            prop_assert!(check(IpAddr::V6(ip)).is_err(), "{ip}");
        } else if !special {
            prop_assert_eq!(check(IpAddr::V6(ip)), Ok(()), "{}", ip);
        }
    }

    #[test]
    fn ipv4_agrees_with_the_standard_library_where_it_has_an_opinion(bits: u32) {
        let ip = Ipv4Addr::from_bits(bits);
        let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
            || ip.is_broadcast() || ip.is_documentation() || ip.is_unspecified();
        if special {
            prop_assert!(check(IpAddr::V4(ip)).is_err(), "{ip}");
        }
    }
}
