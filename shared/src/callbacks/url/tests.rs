use proptest::prelude::*;

use super::CallbackUrlError as Error;
use super::*;

fn public(text: &str) -> Result<String, Error> {
    CallbackUrl::parse(text, Reach::Public).map(|url| url.as_url().to_string())
}

fn any(text: &str) -> Result<String, Error> {
    CallbackUrl::parse(text, Reach::Any).map(|url| url.as_url().to_string())
}

#[test]
fn a_url_is_kept_in_its_normal_form() {
    for (text, normal) in [
        ("https://hooks.example.com/a?b=c", "https://hooks.example.com/a?b=c"),
        ("HTTPS://Hooks.Example.COM", "https://hooks.example.com/"),
        ("https://hooks.example.com:443/", "https://hooks.example.com/"),
        ("https://hooks.example.com:8443/", "https://hooks.example.com:8443/"),
        ("https://hooks.example.com:1024/", "https://hooks.example.com:1024/"),
        ("https://hooks.example.com:65535/", "https://hooks.example.com:65535/"),
        ("https://hooks.example.com./a", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a#part", "https://hooks.example.com/a"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://bücher。example/", "https://xn--bcher-kva.example/"),
        ("https://ｈｏｏｋｓ.example/", "https://hooks.example/"),
        ("https://@hooks.example.com/", "https://hooks.example.com/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://134744072/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443/"),
    ] {
        assert_eq!(public(text).as_deref(), Ok(normal), "{text}");
    }
}

#[test]
fn an_address_is_checked_however_it_is_spelled() {
    for (text, address) in [
        ("https://127.0.0.1/", "127.0.0.1"),
        ("https://2130706433/", "127.0.0.1"),
        ("https://0x7f.1/", "127.0.0.1"),
        ("https://0x7f000001/", "127.0.0.1"),
        ("https://0177.0.0.1/", "127.0.0.1"),
        ("https://127.1/", "127.0.0.1"),
        ("https://127.0.0.1./", "127.0.0.1"),
        ("https://127.1./", "127.0.0.1"),
        ("https://①②⑦.0.0.1/", "127.0.0.1"),
        ("https://127。0。0。1/", "127.0.0.1"),
        ("https://%31%32%37.0.0.1/", "127.0.0.1"),
        ("https://0/", "0.0.0.0"),
        ("https://10.1.2.3/", "10.1.2.3"),
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("https://[::1]/", "::1"),
        ("https://[::]/", "::"),
        ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
        ("https://[::ffff:7f00:1]/", "::ffff:127.0.0.1"),
        ("https://[::127.0.0.1]/", "::127.0.0.1"),
        ("https://[64:ff9b::127.0.0.1]/", "64:ff9b::127.0.0.1"),
        ("https://[fd00:ec2::254]/", "fd00:ec2::254"),
    ] {
        let address: IpAddr = address.parse().expect("the table holds addresses");
        let rule = address::check(address).expect_err("the table holds forbidden addresses");
        assert_eq!(public(text), Err(Error::Address { address, rule }), "{text}");
        assert!(any(text).is_ok(), "{text}");
    }
}

#[test]
fn a_name_of_a_local_network_is_refused() {
    for name in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "instance-data.ec2.internal",
        "metadata.google.internal",
        "router.home.arpa",
        "receiver",
        "receiver.",
    ] {
        let text = format!("https://{name}/");
        assert!(matches!(public(&text), Err(Error::LocalName(_))), "{text}");
        assert!(any(&text).is_ok(), "{text}");
    }
    for name in ["local.example.com", "mylocalhost.com", "internal.com", "notlocal.notinternal.io"] {
        assert!(public(&format!("https://{name}/")).is_ok(), "{name}");
    }
}

#[test]
fn each_rule_is_named_when_it_is_broken() {
    for (text, error, says) in [
        ("hooks.example.com", None, "not a URL"),
        ("", None, "not a URL"),
        ("https://", None, "not a URL"),
        ("https://[fe80::1%25eth0]/", None, "not a URL"),
        ("https://256.256.256.256/", None, "not a URL"),
        ("https://hooks.example.com:65536/", None, "not a URL"),
        ("http://hooks.example.com/", Some(Error::Scheme("https")), "scheme must be https"),
        ("ftp://hooks.example.com/", Some(Error::Scheme("https")), "scheme must be https"),
        ("file:///etc/passwd", Some(Error::Scheme("https")), "scheme must be https"),
        ("javascript:alert(1)", Some(Error::Scheme("https")), "scheme must be https"),
        ("https://user@hooks.example.com/", Some(Error::UserInfo), "user name or password"),
        ("https://:secret@hooks.example.com/", Some(Error::UserInfo), "user name or password"),
        ("https://8.8.8.8@127.0.0.1/", Some(Error::UserInfo), "user name or password"),
        ("https://hooks..example.com/", Some(Error::Host), "host name"),
        ("https://hooks.example.com../", Some(Error::Host), "host name"),
        ("https://127.0.0.1../", Some(Error::Host), "host name"),
        ("https://.example.com/", Some(Error::Host), "host name"),
        ("https://hooks.example.com:80/", Some(Error::Port(80)), "port 80"),
        ("https://hooks.example.com:0/", Some(Error::Port(0)), "port 0"),
        ("https://hooks.example.com:22/", Some(Error::Port(22)), "port 22"),
        ("https://hooks.example.com:1023/", Some(Error::Port(1023)), "port 1023"),
        ("https://localhost/", None, "localhost is not allowed"),
        ("https://127.1/", None, "127.0.0.1 is not allowed: loopback address"),
    ] {
        let refused = public(text).expect_err(text);
        assert!(refused.to_string().contains(says), "{text}: {refused}");
        if let Some(error) = error {
            assert_eq!(refused, error, "{text}");
        }
    }
}

#[test]
fn private_reach_allows_http_and_every_port() {
    assert_eq!(any("http://127.0.0.1:80/a").as_deref(), Ok("http://127.0.0.1/a"));
    assert_eq!(any("http://localhost:22/").as_deref(), Ok("http://localhost:22/"));
    assert_eq!(any("ftp://localhost/"), Err(Error::Scheme("https or http")));
    assert_eq!(any("http://user@localhost/"), Err(Error::UserInfo));
    assert_eq!(any("http://localhost../"), Err(Error::Host));
}

#[test]
fn a_thousand_characters_are_allowed_as_given_and_as_stored() {
    let of_length = |length: usize| format!("{:a<length$}", "https://example.com/");
    assert!(public(&of_length(1000)).is_ok());
    assert_eq!(public(&of_length(1001)), Err(Error::TooLong));
    let grows = format!("https://example.com/{}", "é".repeat(500));
    assert_eq!(public(&grows), Err(Error::TooLong));
}

#[test]
fn the_query_is_not_printed() {
    let url = CallbackUrl::parse("https://example.com:8443/hook?token=secret", Reach::Public);
    let url = url.expect("a public URL");
    assert_eq!(url.to_string(), "https://example.com:8443/hook");
    assert_eq!(format!("{url:?}"), "CallbackUrl(https://example.com:8443/hook)");
    assert_eq!(url.as_url().query(), Some("token=secret"));
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_accepted_is_accepted_again_unchanged(text in "(https?://)?\\PC{0,60}") {
        for reach in [Reach::Public, Reach::Any] {
            if let Ok(url) = CallbackUrl::parse(&text, reach) {
                prop_assert_eq!(CallbackUrl::parse(url.as_url().as_str(), reach), Ok(url));
            }
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_checked(bits: u32) {
        let ip = IpAddr::V4(bits.into());
        for text in [format!("https://{bits}/"), format!("https://{bits:#x}/"), format!("https://0{bits:o}/")] {
            prop_assert_eq!(public(&text).is_ok(), address::check(ip).is_ok(), "{}", text);
        }
    }
}
