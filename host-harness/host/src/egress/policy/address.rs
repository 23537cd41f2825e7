//! What kind of network an address belongs to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of network an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressClass {
    /// The internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, shared address space (RFC 6598), unique local (RFC 4193).
    Private,
    /// This network segment.
    LinkLocal,
    /// A cloud's metadata service, which hands out the machine's credentials to everyone who asks.
    Metadata,
    /// Not for connections: unspecified, broadcast, multicast, documentation, benchmarks, future use.
    Reserved,
}

/// Metadata services, and others that hand out a machine's credentials, at IPv4 addresses.
const METADATA_V4: [[u8; 4]; 8] = [
    // Amazon, Google, Azure, Oracle, IBM, DigitalOcean, Hetzner, OpenStack and most others.
    [169, 254, 169, 254],
    // Amazon: the credentials of ECS tasks and of EKS pods.
    [169, 254, 170, 2],
    [169, 254, 170, 23],
    // Alibaba.
    [100, 100, 100, 200],
    // Azure: the wire server.
    [168, 63, 129, 16],
    // Tencent.
    [169, 254, 0, 23],
    // Scaleway.
    [169, 254, 42, 42],
    // Oracle, for old images.
    [192, 0, 0, 192],
];

/// The same at IPv6 addresses.
const METADATA_V6: [[u16; 8]; 5] = [
    // Amazon: metadata, and the credentials of EKS pods.
    [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
    [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
    // Google.
    [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254],
    // Oracle.
    [0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe],
    // Scaleway.
    [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42],
];

impl AddressClass {
    /// The class of an address. An IPv6 address that carries packets to an IPv4 address has that address's class.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            octets if METADATA_V4.contains(&octets) => Self::Metadata,
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Self::Private,
            [0, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _] => Self::Reserved,
            [224..=255, ..] => Self::Reserved,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if let Some(embedded) = embedded_v4(address) {
            return Self::of_v4(embedded);
        }
        match address.segments() {
            segments if METADATA_V6.contains(&segments) => Self::Metadata,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Self::Private,
            // Of the global unicast space (2000::/3): Teredo and other protocol assignments, and documentation.
            [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Reserved,
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Reserved,
        }
    }
}

/// The IPv4 address that an IPv6 address carries packets to: mapped, compatible, NAT64 (RFC 6052) and 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(from(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Reserved => "reserved",
        })
    }
}
