//! What is never reached: denied addresses, unconfigured proxies, servers nobody vouches for.

use super::*;

/// A server on 127.0.0.1, which the guard does not let through. Nothing may ever arrive there.
fn canary() -> Server {
    Server::start("127.0.0.1", |_, s| reply(s, 200, "", b"SECRET-INTERNAL-TOKEN"))
}

#[test]
fn no_spelling_of_a_denied_address_is_asked() {
    let canary = canary();
    let port = canary.address.port();
    let hosts = [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "0.0.0.0", "0", "[::]", "localhost", "localhost.", "feeds.localhost", "127。0。0。1",
    ];
    let jobs = hosts.iter().map(|host| Job::feed(format!("http://{host}:{port}/forbidden").parse().unwrap()));
    // Two spellings of one address are one job.
    let mut fetcher = start(settings(), plan());
    for job in jobs {
        fetcher.ask(job);
    }
    fetcher.ask(Job::page(canary.url("/forbidden?page"), RobotsPolicy::Ask));
    while let Some(Event::Done(done)) = fetcher.next() {
        assert_eq!(word(&done.ended), "denied", "{:?}", done.ended);
    }
    assert!(canary.requests().is_empty());
}

#[test]
fn no_redirect_leads_to_a_denied_address() {
    let canary = canary();
    let port = canary.address.port();
    let server = Server::start("127.0.1.21", move |request, s| {
        let to = match request.path.as_str() {
            "/plain" => format!("http://127.0.0.1:{port}/forbidden"),
            "/decimal" => format!("http://2130706433:{port}/forbidden"),
            "/mapped" => format!("http://[::ffff:127.0.0.1]:{port}/"),
            "/relative" => format!("//127.0.0.1:{port}/"),
            "/name" => format!("http://localhost:{port}/"),
            "/userinfo" => format!("http://good.example@127.0.0.1:{port}/"),
            "/port" => "http://127.0.1.21:22/".to_owned(),
            "/hop0" => "/hop1".to_owned(),
            "/hop1" => "/hop2".to_owned(),
            "/hop2" => "/plain".to_owned(),
            "/robots.txt" => format!("http://127.0.0.1:{port}/robots.txt"),
            other => panic!("{other}"),
        };
        reply(s, 302, &format!("Location: {to}\r\n"), b"")
    });
    for (path, expected) in [
        ("/plain", "denied"),
        ("/decimal", "denied"),
        ("/mapped", "denied"),
        ("/relative", "denied"),
        ("/name", "denied"),
        ("/userinfo", "redirect"),
        ("/port", "denied"),
        ("/hop0", "denied"),
    ] {
        let ended = one(feed(&server, path));
        assert_eq!(word(&ended), expected, "{path}: {ended:?}");
    }
    let ended = one(Job::page(server.url("/page"), RobotsPolicy::Ask));
    assert_eq!(word(&ended), "robots", "a robots.txt that cannot be read");
    assert!(canary.requests().is_empty());
}

#[test]
fn only_admitted_addresses_of_a_name_are_tried() {
    let canary = canary();
    let port = canary.address.port();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut settings = settings();
    settings.lookup = Arc::new(move |name| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let addresses: &[&str] = match (name.as_str(), call) {
                // The first answer is fine, the next ones are not: what is connected to is what was checked.
                ("rebind.test", 0) => &["127.0.1.22:0"],
                ("rebind.test", _) => &["127.0.0.1:0"],
                ("mixed.test", _) => &["127.0.0.1:0", "127.0.1.22:0", "[::1]:0"],
                _ => &["127.0.0.1:0", "[::ffff:127.0.0.1]:0", "[::1]:0", "10.0.0.1:0", "169.254.169.254:0"],
            };
            Ok(addresses.iter().map(|a| a.parse().unwrap()).collect())
        })
    });
    // Nobody listens on the admitted address at that port: the only way to an answer would be the canary.
    let job = |name: &str, path: &str| Job::feed(format!("http://{name}:{port}/{path}").parse().unwrap());
    let run = |jobs| run_with(settings.clone(), plan(), jobs);
    assert_eq!(word(&run(vec![job("rebind.test", "1")])[0]), "connect");
    assert_eq!(word(&run(vec![job("rebind.test", "2")])[0]), "denied");
    assert_eq!(word(&run(vec![job("mixed.test", "")])[0]), "connect");
    assert_eq!(word(&run(vec![job("inner.test", "")])[0]), "denied");
    assert_eq!(calls.load(Ordering::SeqCst), 4);
    assert!(canary.requests().is_empty());
    // And the admitted one of several is used.
    let server = Server::start("127.0.1.22", |_, s| reply(s, 200, "", BODY));
    let url = format!("http://mixed.test:{}/", server.address.port()).parse().unwrap();
    assert_eq!(word(&run(vec![Job::feed(url)])[0]), "ok");
}

#[test]
fn a_proxy_is_used_only_when_it_is_configured() {
    // Set for the whole process: were it looked at, every other test would fail.
    let proxy = Server::start("127.0.1.23", |_, s| reply(s, 200, "", BODY));
    let configured = Settings { proxy: Some(proxy.url("/")), ..settings() };
    let jobs = |urls: &[&str]| urls.iter().map(|u| Job::feed(u.parse().unwrap())).collect::<Vec<_>>();
    let urls = ["http://feeds.example/x", "http://127.0.0.1:9999/", "http://[::1]:9999/", "http://localhost:9999/"];
    let ended = run_with(configured, plan(), jobs(&urls));
    assert_eq!(ended.iter().map(word).collect::<Vec<_>>(), ["ok", "denied", "denied", "denied"], "{ended:?}");
    let asked: Vec<String> = proxy.requests().into_iter().map(|r| r.path).collect();
    assert_eq!(asked, ["http://feeds.example/x"]);
}

#[test]
fn https_trusts_the_authority_that_is_configured_and_no_other() {
    let offered = Arc::new(Mutex::new(Vec::new()));
    let address = secure_server(&offered);
    let file = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fetch/tls").join(name);
    let mut settings = settings();
    settings.lookup = Arc::new(move |_| Box::pin(async move { Ok(vec![address]) }));
    let job = |name: &str| Job::feed(format!("https://{name}:{}/", address.port()).parse().unwrap());
    let ca = Settings { ca_file: Some(file("ca.pem")), ..settings.clone() };
    assert_eq!(word(&run_with(ca.clone(), plan(), vec![job("secure.test")])[0]), "ok");
    let protocols = offered.lock().unwrap().clone();
    assert_eq!(protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    let ended = run_with(ca, plan(), vec![job("other.test")]).remove(0);
    assert_eq!(word(&ended), "tls", "{ended:?}");
    let ended = run_with(settings.clone(), plan(), vec![job("secure.test")]).remove(0);
    assert_eq!(word(&ended), "tls", "{ended:?}");
    // A server that speaks no TLS.
    let plain = std::net::TcpListener::bind("127.0.1.33:0").unwrap();
    let url: Url = format!("https://{}/", plain.local_addr().unwrap()).parse().unwrap();
    std::thread::spawn(move || {
        for stream in plain.incoming().flatten() {
            raw(&mut { stream }, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let ended = run_with(settings.clone(), plan(), vec![Job::feed(url)]).remove(0);
    assert_eq!(word(&ended), "tls", "{ended:?}");

    let missing = Settings { ca_file: Some(file("missing.pem")), ..settings.clone() };
    assert!(matches!(Client::new(missing), Err(ClientError::CaFile { .. })));
    let empty = Settings { ca_file: Some(file("key.pem")), ..settings };
    assert!(matches!(Client::new(empty), Err(ClientError::NoCertificates(_))));
}

/// Notes which protocols a client offers.
#[derive(Debug)]
struct Noting {
    key: Arc<rustls::sign::CertifiedKey>,
    offered: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl rustls::server::ResolvesServerCert for Noting {
    fn resolve(&self, hello: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        let offered = hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
        *self.offered.lock().unwrap() = offered;
        Some(Arc::clone(&self.key))
    }
}

/// Answers over TLS as `secure.test`, with a certificate of the test authority (good until 2126).
fn secure_server(offered: &Arc<Mutex<Vec<Vec<u8>>>>) -> std::net::SocketAddr {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = Arc::new(rustls::sign::CertifiedKey::from_der(vec![certificate], key, &provider).unwrap());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Noting { key, offered: Arc::clone(offered) }));
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.1.32:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), config) = (stream, Arc::clone(&config)) else { continue };
            std::thread::spawn(move || {
                let mut connection = rustls::ServerConnection::new(config).unwrap();
                let mut tls = rustls::Stream::new(&mut connection, &mut stream);
                let mut request = [0; 4096];
                if std::io::Read::read(&mut tls, &mut request).is_ok() {
                    let _ = tls.write_all(&with_body(&format!("Content-Length: {}\r\n", BODY.len()), BODY));
                    let _ = tls.flush();
                }
            });
        }
    });
    address
}
