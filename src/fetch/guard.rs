//! Which addresses are asked at all.
//!
//! Feeds, redirects and links come from strangers, and Feedloom runs inside networks
//! that trust it. So only http and https, only ports where the web lives, and only
//! addresses of the public internet, unless the operator opened a range (`fetch.allow`).
//!
//! Two checks, because there are two ways to an address. [`Guard::check`] looks at what
//! an address says, before every request and so on every hop: the HTTP client resolves no
//! names for hosts that are numbers. [`Resolver`] looks at what the DNS says, and hands
//! out only addresses that passed; connecting uses exactly these, so a name that changes
//! its mind in between gains nothing, and an address that did not pass is never tried.
//!
//! Behind a proxy it is the proxy that resolves names: there only the first check is left.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What is let through.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allow: Vec<Range>,
    ports: Ports,
}

/// Which ports are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ports {
    /// 80, 443 and from 1024: below live mail, name and login servers that may take a request for something else.
    #[default]
    Web,
    /// All of them.
    Any,
}

/// Why an address is not asked. The words stand after "not asked:".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// Neither http nor https.
    Scheme,
    /// No host.
    NoHost,
    /// A port of another service.
    Port(u16),
    /// An address that is not on the public internet.
    Address(IpAddr, Region),
    /// A name that means this machine.
    LocalName,
    /// A name all of whose addresses were denied: the first of them.
    Name(IpAddr, Region),
}

/// Parts of the address space that are not the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, 4193), site-local addresses.
    Private,
    /// The same wire; cloud providers keep their metadata there.
    LinkLocal,
    /// Behind a provider's address translation (RFC 6598).
    Shared,
    /// Nobody in particular.
    Unspecified,
    /// Many at once.
    Multicast,
    /// For documentation, benchmarks, protocols or the future.
    Reserved,
    /// Another address inside, to be unpacked by somebody else: 6to4, Teredo, local NAT64.
    Tunnel,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Scheme => f.write_str("only http and https are"),
            Denial::NoHost => f.write_str("it names no host"),
            Denial::Port(port) => write!(f, "port {port} belongs to another service"),
            Denial::Address(ip, region) => write!(f, "{ip} is {region}; `fetch.allow` opens ranges"),
            Denial::LocalName => f.write_str("the name means the machine itself"),
            Denial::Name(ip, region) => write!(f, "the name leads to {ip}, {region}; `fetch.allow` opens ranges"),
        }
    }
}

impl std::error::Error for Denial {}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Region::Loopback => "this machine",
            Region::Private => "a private network",
            Region::LinkLocal => "link-local",
            Region::Shared => "behind a provider's address translation",
            Region::Unspecified => "no address of anybody",
            Region::Multicast => "multicast",
            Region::Reserved => "reserved",
            Region::Tunnel => "the end of a tunnel",
        })
    }
}

/// A range of addresses: the leading bits that count. Written here rather than taken from
/// a crate: it is one comparison, and `config` already knows how ranges are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    network: IpAddr,
    length: u8,
}

impl Range {
    /// The addresses that share the first `length` bits with `network`; more bits than
    /// there are mean all of them.
    pub fn new(network: IpAddr, length: u8) -> Self {
        Self { network, length }
    }

    /// Whether `ip` lies in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let differs = |a: u128, b: u128, bits: u32| {
            let dropped = bits.saturating_sub(u32::from(self.length));
            (a ^ b).checked_shr(dropped).unwrap_or(0) != 0
        };
        match (self.network, ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => !differs(u32::from(a).into(), u32::from(b).into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => !differs(a.into(), b.into(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Guard {
    /// The public internet and the ranges in `allow`.
    pub fn new(allow: Vec<Range>, ports: Ports) -> Self {
        Self { allow, ports }
    }

    /// Whether what `url` says may be asked: its scheme, its port, its host when that is a
    /// number or means this machine. `url` is parsed, so every spelling of a number
    /// (decimal, octal, hexadecimal, shortened) has become the usual one.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check(&self, url: &Url) -> Result<(), Denial> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Denial::Scheme);
        }
        let port = url.port_or_known_default().ok_or(Denial::Scheme)?;
        match self.ports {
            Ports::Web if !matches!(port, 80 | 443 | 1024..) => return Err(Denial::Port(port)),
            Ports::Web | Ports::Any => {}
        }
        match url.host() {
            None => Err(Denial::NoHost),
            Some(Host::Ipv4(ip)) => self.check_ip(ip.into()),
            Some(Host::Ipv6(ip)) => self.check_ip(ip.into()),
            Some(Host::Domain(name)) if is_local(name) && !self.admits_loopback() => Err(Denial::LocalName),
            Some(Host::Domain(_)) => Ok(()),
        }
    }

    /// Whether `ip` may be connected to.
    ///
    /// # Errors
    /// [`Denial::Address`].
    pub fn check_ip(&self, ip: IpAddr) -> Result<(), Denial> {
        match self.region(ip) {
            Some(region) => Err(Denial::Address(ip, region)),
            None => Ok(()),
        }
    }

    fn region(&self, ip: IpAddr) -> Option<Region> {
        let inner = embedded(ip);
        let allowed = |ip| self.allow.iter().any(|range| range.contains(ip));
        if allowed(ip) || inner.is_some_and(|v4| allowed(v4.into())) {
            return None;
        }
        match (ip, inner) {
            (_, Some(v4)) => region_v4(v4),
            (IpAddr::V4(v4), None) => region_v4(v4),
            (IpAddr::V6(v6), None) => region_v6(v6),
        }
    }

    /// Where the operator opened the machine itself, its name may be used as well; what it
    /// resolves to is still checked.
    fn admits_loopback(&self) -> bool {
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        loopback.into_iter().any(|ip| self.check_ip(ip).is_ok())
    }
}

/// RFC 6761: these never leave the machine. Asked of a proxy they would mean the proxy's.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The IPv4 address that a connection to `ip` really goes to, where the system or the
/// network translates: v4-mapped, NAT64 (RFC 6052) and ISATAP addresses.
fn embedded(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = ip else {
        return None;
    };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let last = Ipv4Addr::from((u32::from(g) << 16) | u32::from(h));
    let mapped = [a, b, c, d, e, f] == [0, 0, 0, 0, 0, 0xffff];
    let nat64 = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let isatap = e & 0xfcff == 0 && f == 0x5efe;
    (mapped || nat64 || isatap).then_some(last)
}

/// IANA's IPv4 special-purpose registry; none where the address is public.
fn region_v4(ip: Ipv4Addr) -> Option<Region> {
    match ip.octets() {
        [0, ..] => Some(Region::Unspecified),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Region::Private),
        [100, 64..=127, ..] => Some(Region::Shared),
        [127, ..] => Some(Region::Loopback),
        [169, 254, ..] => Some(Region::LinkLocal),
        [192, 0, 0, _] | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Region::Reserved),
        [192, 88, 99, _] => Some(Region::Tunnel),
        [198, 18..=19, ..] => Some(Region::Reserved),
        [224..=239, ..] => Some(Region::Multicast),
        [240..=255, ..] => Some(Region::Reserved),
        _ => None,
    }
}

/// IANA's IPv6 registries: only 2000::/3 is handed out, and not all of that is public.
fn region_v6(ip: Ipv6Addr) -> Option<Region> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Region::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Region::Loopback),
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some(Region::Private),
        [0xfe80..=0xfebf, ..] => Some(Region::LinkLocal),
        [0xff00..=0xffff, ..] => Some(Region::Multicast),
        [0x64, 0xff9b, ..] => Some(Region::Tunnel),
        // Teredo and 6to4 carry an IPv4 address; nobody serves the web there.
        [0x2001, 0, ..] | [0x2002, ..] => Some(Region::Tunnel),
        [0x2001, 0x0001..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Some(Region::Reserved),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Region::Reserved),
    }
}

/// Finds the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> LookingUp + Send + Sync>;

/// The addresses of a name, on their way.
pub type LookingUp = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

/// What the operating system knows: its DNS, its hosts file.
pub fn system_lookup() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) }))
}

/// Resolves names for the HTTP client and hands out only what the guard lets through.
pub struct Resolver {
    guard: Guard,
    lookup: Lookup,
    patience: Duration,
}

impl Resolver {
    /// `patience`: how long finding a name may take.
    pub fn new(guard: Guard, lookup: Lookup, patience: Duration) -> Self {
        Self { guard, lookup, patience }
    }
}

/// Why a name led nowhere.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// It took too long.
    #[error("no answer from the DNS")]
    Slow(Duration),
    /// There is no such name.
    #[error("{0}")]
    Unknown(std::io::Error),
    /// There is, but it may not be asked.
    #[error("{0}")]
    Denied(Denial),
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let (guard, patience) = (self.guard.clone(), self.patience);
        Box::pin(async move {
            let found = match tokio::time::timeout(patience, found).await {
                Ok(found) => found.map_err(LookupError::Unknown)?,
                Err(_) => return Err(LookupError::Slow(patience).into()),
            };
            Ok(admitted(&guard, found)?)
        })
    }
}

/// Those of `found` that may be tried.
fn admitted(guard: &Guard, found: Vec<SocketAddr>) -> Result<Addrs, LookupError> {
    let (mut addresses, mut denied) = (Vec::new(), None);
    for address in found {
        match guard.region(address.ip()) {
            None => addresses.push(address),
            Some(region) => denied = denied.or(Some(Denial::Name(address.ip(), region))),
        }
    }
    match denied {
        Some(denial) if addresses.is_empty() => Err(LookupError::Denied(denial)),
        Some(_) | None => Ok(Box::new(addresses.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str, length: u8) -> Range {
        Range::new(text.parse().unwrap(), length)
    }

    fn check(guard: &Guard, url: &str) -> Result<(), Denial> {
        guard.check(&url.parse().unwrap_or_else(|e| panic!("{url}: {e}")))
    }

    #[test]
    fn this_machine_in_every_spelling_is_not_asked() {
        let guard = Guard::default();
        for host in [
            "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
            "127.0.0.1.", "0", "0.0.0.0", "0x0", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "[::127.0.0.1]", "１２７.０.０.１", "127。0。0。1", "localhost",
            "localhost.", "LOCALHOST", "a.localhost", "x@127.0.0.1", "example.org:80@127.0.0.1", "%31%32%37.0.0.1",
        ] {
            for url in [format!("http://{host}/"), format!("https://{host}/forbidden")] {
                assert!(check(&guard, &url).is_err(), "{url}");
            }
        }
    }

    #[test]
    fn ranges_that_are_not_the_internet_are_not_asked() {
        use Region::*;
        for (ip, expected) in [
            ("0.1.2.3", Unspecified),
            ("10.0.0.1", Private),
            ("10.255.255.255", Private),
            ("100.64.0.1", Shared),
            ("100.127.255.255", Shared),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("169.254.169.254", LinkLocal),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.0.0.1", Reserved),
            ("192.0.2.1", Reserved),
            ("192.88.99.1", Tunnel),
            ("192.168.0.1", Private),
            ("198.18.0.1", Reserved),
            ("198.19.255.255", Reserved),
            ("198.51.100.1", Reserved),
            ("203.0.113.1", Reserved),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.1", Reserved),
            ("255.255.255.255", Reserved),
            ("::", Unspecified),
            ("::1", Loopback),
            ("::7f00:1", Reserved),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:169.254.169.254", LinkLocal),
            ("::ffff:0:127.0.0.1", Reserved),
            ("64:ff9b::10.0.0.1", Private),
            ("64:ff9b::7f00:1", Loopback),
            ("64:ff9b:1::1", Tunnel),
            ("100::1", Reserved),
            ("2001::1", Tunnel),
            ("2001:0:7f00:1::", Tunnel),
            ("2001:2::1", Reserved),
            ("2001:10::1", Reserved),
            ("2001:20::1", Reserved),
            ("2001:db8::1", Reserved),
            ("2002:7f00:1::1", Tunnel),
            ("2002:a00:1::", Tunnel),
            ("3fff::1", Reserved),
            ("5f00::1", Reserved),
            ("fc00::1", Private),
            ("fd12:3456:789a::1", Private),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fec0::1", Private),
            ("ff02::1", Multicast),
            ("2600:1f18::5efe:10.0.0.1", Private),
            ("2600:1f18::200:5efe:127.0.0.1", Loopback),
            ("fe80::5efe:10.0.0.1", Private),
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(Guard::default().check_ip(ip), Err(Denial::Address(ip, expected)));
        }
    }

    #[test]
    fn the_internet_is_asked() {
        for ip in [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1",
            "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0",
            "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::1", "2001:4860:4860::8888",
            "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        ] {
            assert_eq!(Guard::default().check_ip(ip.parse().unwrap()), Ok(()), "{ip}");
        }
    }

    #[test]
    fn only_the_web_is_asked() {
        let guard = Guard::default();
        for (url, expected) in [
            ("ftp://example.org/", Err(Denial::Scheme)),
            ("file:///etc/passwd", Err(Denial::Scheme)),
            ("gopher://127.0.0.1:6379/_x", Err(Denial::Scheme)),
            ("data:text/plain,x", Err(Denial::Scheme)),
            ("http://example.org:22/", Err(Denial::Port(22))),
            ("http://example.org:25/", Err(Denial::Port(25))),
            ("http://example.org:1023/", Err(Denial::Port(1023))),
            ("http://example.org:0/", Err(Denial::Port(0))),
            ("http://example.org/", Ok(())),
            ("https://example.org/", Ok(())),
            ("http://example.org:443/", Ok(())),
            ("http://example.org:8080/", Ok(())),
            ("http://example.org:65535/", Ok(())),
        ] {
            assert_eq!(check(&guard, url), expected, "{url}");
        }
        assert_eq!(check(&Guard::new(Vec::new(), Ports::Any), "http://example.org:22/"), Ok(()));
    }

    #[test]
    fn the_operator_opens_ranges() {
        let guard = Guard::new(vec![range("127.0.1.0", 24), range("fd00::", 8), range("192.168.7.9", 32)], Ports::Web);
        for (host, open) in [
            ("127.0.1.7", true),
            ("[::ffff:127.0.1.7]", true),
            ("127.0.0.1", false),
            ("127.0.2.1", false),
            ("[fd12::1]", true),
            ("[fe80::1]", false),
            ("192.168.7.9", true),
            ("192.168.7.8", false),
            ("localhost", false),
        ] {
            assert_eq!(check(&guard, &format!("http://{host}/")).is_ok(), open, "{host}");
        }
        let everything = Guard::new(vec![range("0.0.0.0", 0)], Ports::Web);
        assert_eq!(check(&everything, "http://localhost/"), Ok(()));
        assert_eq!(check(&everything, "http://10.0.0.1/"), Ok(()));
        assert!(check(&everything, "http://[::1]/").is_err());
    }

    #[test]
    fn a_range_is_its_leading_bits() {
        for (network, length, ip, inside) in [
            ("10.1.0.0", 16, "10.1.255.255", true),
            ("10.1.0.0", 16, "10.2.0.0", false),
            ("10.1.2.3", 16, "10.1.0.0", true),
            ("10.0.0.0", 0, "255.0.0.0", true),
            ("10.0.0.1", 32, "10.0.0.1", true),
            ("10.0.0.1", 32, "10.0.0.2", false),
            ("::", 0, "ffff::", true),
            ("fd00::1", 128, "fd00::2", false),
            ("10.0.0.0", 8, "::ffff:10.0.0.1", false),
        ] {
            assert_eq!(range(network, length).contains(ip.parse().unwrap()), inside, "{network}/{length} {ip}");
        }
    }

    fn resolved(guard: &Guard, found: &[&str]) -> Result<Vec<String>, LookupError> {
        let found = found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        Ok(admitted(guard, found)?.map(|a| a.ip().to_string()).collect())
    }

    #[test]
    fn of_a_names_addresses_only_those_that_passed_are_tried() {
        let guard = Guard::new(vec![range("127.0.1.0", 24)], Ports::Web);
        assert_eq!(resolved(&guard, &["127.0.0.1", "127.0.1.1", "::1", "8.8.8.8"]).unwrap(), ["127.0.1.1", "8.8.8.8"]);
        assert!(matches!(resolved(&guard, &["127.0.0.1", "::1"]), Err(LookupError::Denied(Denial::Name(..)))));
        assert!(resolved(&guard, &[]).unwrap().is_empty());
    }
}
