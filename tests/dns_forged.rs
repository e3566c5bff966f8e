//! Replies that are not what was asked for, and TCP: nothing that does not fit is believed, nothing stalls.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod dns_common;
mod net;
use dns_common::{A1, Client, Query, Server, all_got, record, wire};
use oxievent::abi::dns::*;
use oxievent::dns::request::Kind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const EVIL: [u8; 4] = [6, 6, 6, 6];

type Forge = fn(&Query, Vec<u8>) -> Vec<Vec<u8>>;

/// Sends what `forge` makes of a good reply first, and the good reply behind it.
fn forged_first(forge: Forge) -> Server {
    Server::new(move |q| {
        let evil = q.reply(0, &[record(&[0xc0, 12], 1, 300, &EVIL)]);
        let mut all = forge(q, evil);
        all.push(q.answer());
        all
    })
}

#[test]
fn what_does_not_fit_is_dropped_and_the_true_reply_taken() {
    let forgeries: &[(&str, Forge)] = &[
        ("id", |_, mut m| {
            m[0] ^= 1;
            vec![m]
        }),
        ("no reply", |_, mut m| {
            m[2] &= 0x7f;
            vec![m]
        }),
        ("opcode", |_, mut m| {
            m[2] |= 0x10;
            vec![m]
        }),
        ("type", |q, mut m| {
            let end = 12 + q.name().len();
            m[end + 1] = 28;
            vec![m]
        }),
        ("class", |q, mut m| {
            let end = 12 + q.name().len();
            m[end + 3] = 3;
            vec![m]
        }),
        ("name", |_, mut m| {
            m[13] = if m[13] == b'x' { b'y' } else { b'x' };
            vec![m]
        }),
        ("no question", |q, m| {
            let mut n = m[..12].to_vec();
            n[5] = 0;
            n.extend_from_slice(&m[12 + q.name().len() + 4..]);
            vec![n]
        }),
        ("two questions", |q, m| {
            let end = 12 + q.name().len() + 4;
            let mut n = m[..end].to_vec();
            n[5] = 2;
            n.extend_from_slice(&m[12..]);
            vec![n]
        }),
        ("a loop in the question", |_, mut m| {
            (m[12], m[13]) = (0xc0, 12);
            vec![m]
        }),
        ("short", |_, m| (0..12).map(|n| m[..n].to_vec()).take(9).collect()),
        ("nothing", |_, _| vec![vec![]]),
    ];
    for (what, forge) in forgeries {
        let s = forged_first(*forge);
        let c = Client::new(&[&s]);
        assert_eq!(c.ask("abc.test").data, A1, "{what}");
        assert!(c.dns.stats().dropped > 0, "{what}");
        assert_eq!(s.queries().len(), 1, "{what}");
        c.end();
    }
}

#[test]
fn another_port_is_another_server() {
    // libevent 2.1 compares the address only.
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let s = Server::new(move |q| {
        let evil = q.reply(0, &[record(&[0xc0, 12], 1, 300, &EVIL)]);
        other.send_to(&evil, q.from).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        vec![q.answer()]
    });
    let c = Client::new(&[&s]);
    assert_eq!(c.ask("a.test").data, A1);
    // The kernel dropped it.
    assert_eq!(c.dns.stats().dropped, 0);
    c.end();
}

#[test]
fn records_of_other_names_are_not_believed() {
    let s = Server::new(|q| {
        vec![q.reply(
            0,
            &[
                record(&wire("evil.test"), 1, 300, &EVIL),
                record(&wire("evil.test"), 5, 300, &wire("a.test")),
                record(&[0xc0, 12], 28, 300, &[6; 16]),
            ],
        )]
    });
    let c = Client::new(&[&s]);
    assert_eq!(c.ask("a.test").result, DNS_ERR_NODATA);
    c.end();
}

#[test]
fn a_name_in_another_case_is_asked_for_again() {
    // libevent 2.1 takes it.
    let s = Server::new(|q| {
        let mut m = q.answer();
        m[12..12 + q.name().len()].make_ascii_lowercase();
        vec![m]
    });
    let c = Client::new(&[&s]);
    assert_eq!(c.ask("some-name-of-letters.test").data, A1);
    let q = s.queries();
    assert_eq!(q.len(), 2);
    assert!(q[0].text().bytes().any(|b| b.is_ascii_uppercase()));
    assert_eq!(q[1].text(), "some-name-of-letters.test");
    assert!(q[0].id() != q[1].id() || q[0].from != q[1].from);
    // After a few, such a server is asked without.
    for _ in 0..4 {
        assert_eq!(c.ask("some-name-of-letters.test").data, A1);
    }
    assert_eq!((s.queries().len(), c.dns.stats().case_differed), (2 * 3 + 2, 3));
    c.end();
    // A forged answer in another case, and the true one behind it: the true one counts.
    let s = forged_first(|q, mut m| {
        m[12..12 + q.name().len()].make_ascii_lowercase();
        vec![m]
    });
    let c = Client::new(&[&s]);
    let got = c.ask("some-name-of-letters.test");
    // The second question, without 0x20, is one that this forger answers.
    assert_eq!(got.result, 0);
    assert_eq!(s.queries().len(), 2);
    c.end();
    // Switched off.
    let s = Server::new(|q| vec![q.answer()]);
    let c = Client::new(&[&s]);
    c.set("randomize-case", "0");
    assert_eq!(c.ask("MiXed.test").data, A1);
    assert_eq!(s.queries()[0].text(), "MiXed.test");
    c.end();
}

#[test]
fn whoever_guesses_much_is_left_for_tcp() {
    let s = Server::new(|q| {
        if q.tcp {
            return vec![q.answer()];
        }
        (1..40u8)
            .map(|i| {
                let mut m = q.reply(0, &[record(&[0xc0, 12], 1, 300, &EVIL)]);
                m[0] ^= i;
                m
            })
            .collect()
    });
    let c = Client::new(&[&s]);
    let begin = Instant::now();
    assert_eq!(c.ask("a.test").data, A1);
    assert!(begin.elapsed() < Duration::from_millis(250));
    assert_eq!(c.dns.stats().suspicious, 1);
    c.end();
    // Without TCP: another port, another id.
    let s = Server::with_tcp(
        |q| {
            if q.index > 0 {
                return vec![q.answer()];
            }
            (1..40u8)
                .map(|i| {
                    let mut m = q.answer();
                    m[1] ^= i;
                    m
                })
                .collect()
        },
        false,
    );
    let c = Client::new(&[&s]);
    assert_eq!(c.ask("a.test").data, A1);
    let q = s.queries();
    assert!(q[0].from.port() != q[1].from.port());
    c.end();
}

#[test]
fn malicious_messages_do_no_harm() {
    // Pointers that loop in the answer, records that lie about their length, counts that do.
    let bad: &[fn(&Query) -> Vec<u8>] = &[
        |q| q.reply(0, &[record(&[0xc0, 12], 5, 1, &[0xc0, 12])]),
        |q| {
            let at = (q.reply(0, &[]).len() + 12) as u8;
            q.reply(0, &[record(&[0xc0, 12], 5, 1, &[0xc0, at])])
        },
        |q| q.reply(0, &[record(&[0xc0, 12], 1, 1, &[1, 2, 3])]),
        |q| {
            let mut m = q.answer();
            m[7] = 200;
            m
        },
        |q| {
            let mut m = q.answer();
            let n = m.len();
            m[n - 5] = 255;
            m
        },
    ];
    for (i, f) in bad.iter().enumerate() {
        let s = Server::new(move |q| vec![f(q)]);
        let c = Client::new(&[&s]);
        assert_eq!(c.ask("a.test").result, DNS_ERR_UNKNOWN, "{i}");
        c.end();
    }
    // Every message with one byte changed, many times: an answer or none, in time.
    let mut seed = 1u64;
    let s = Server::new(move |q| {
        (0..6)
            .map(|_| {
                let mut m = q.reply(
                    0,
                    &[record(&[0xc0, 12], 5, 7, &wire("b.test")), record(&wire("b.test"), 1, 9, &A1)],
                );
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let at = 2 + seed as usize % (m.len() - 2);
                m[at] ^= (seed >> 32) as u8;
                m
            })
            .collect()
    });
    let c = Client::new(&[&s]);
    c.set("timeout", "0.05");
    for i in 0..300 {
        c.start(Kind::A, "a.test", i).unwrap();
    }
    c.run_until(300);
    c.end();
}

fn big(q: &Query) -> Vec<u8> {
    q.reply(0, &(0..100u8).map(|i| record(&[0xc0, 12], 1, 5, &[10, 9, 8, i])).collect::<Vec<_>>())
}

#[test]
fn truncated_replies_are_asked_for_over_tcp() {
    let s = Server::new(|q| vec![if q.tcp { big(q) } else { q.reply(0x200, &[]) }]);
    let c = Client::new(&[&s]);
    for _ in 0..3 {
        assert_eq!(c.ask("a.test").data.len(), 32 * 4);
    }
    // One connection for all.
    assert_eq!(s.connections.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(s.queries().len(), 6);
    c.end();
    // Cut in the middle of a record; and larger than we said that we take.
    let s = Server::new(|q| {
        let mut m = big(q);
        if !q.tcp {
            m[2] |= 2;
            m.truncate(300);
        }
        vec![m]
    });
    let c = Client::new(&[&s]);
    assert_eq!(c.ask("a.test").data.len(), 32 * 4);
    c.end();
    let s = Server::new(|q| vec![if q.tcp { big(q) } else { [big(q), vec![0; 4000]].concat() }]);
    let c = Client::new(&[&s]);
    assert_eq!(c.ask("a.test").data.len(), 32 * 4);
    assert_eq!(s.queries().len(), 2);
    c.end();
    // What is in it may be taken if the program says so.
    let s = Server::new(|q| vec![q.reply(0x200, &[record(&[0xc0, 12], 1, 5, &A1)])]);
    let c = Client::new(&[&s]);
    c.set("ignore-tc", "");
    assert_eq!(c.ask("a.test").data, A1);
    assert_eq!(s.queries().len(), 1);
    c.end();
}

#[test]
fn a_server_without_tcp_leaves_the_truncated_reply() {
    // Nobody accepts: the kernel takes the connection, and no reply comes.
    let s = Server::with_tcp(|q| vec![q.reply(0x200, &[])], false);
    let c = Client::new(&[&s]);
    c.set("timeout", "0.1");
    let begin = Instant::now();
    assert_eq!(c.ask("a.test").result, DNS_ERR_TRUNCATED);
    assert!(begin.elapsed() < Duration::from_secs(1));
    // Another server knows more.
    let good = Server::new(|q| vec![q.answer()]);
    c.dns.add_server_text(good.addr.to_string().as_bytes()).unwrap();
    for _ in 0..3 {
        assert_eq!(c.ask("a.test").data, A1);
    }
    c.end();
}

#[test]
fn over_tcp_queries_follow_one_another() {
    let s = Server::new(|q| vec![q.answer()]);
    let c = Client::new(&[&s]);
    c.set("use-vc", "");
    c.set("timeout", "5");
    for i in 0..50 {
        c.start(Kind::A, "a.test", i).unwrap();
    }
    let got = c.run_until(50);
    assert!(got.iter().all(|g| g.1.data == A1));
    assert_eq!(s.connections.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert!(s.queries().iter().all(|q| q.tcp));
    c.end();
}

#[test]
fn connections_that_end_or_stall() {
    // Closed after each answer, without a warning.
    let s = Server::new(|q| vec![q.answer(), b"close".to_vec()]);
    let c = Client::new(&[&s]);
    c.set("use-vc", "");
    for _ in 0..4 {
        assert_eq!(c.ask("a.test").data, A1);
    }
    c.end();
    // Closed at once, always.
    let s = Server::new(|_| vec![b"close".to_vec()]);
    let c = Client::new(&[&s]);
    c.set("use-vc", "");
    c.set("timeout", "0.1");
    let got = c.ask("a.test");
    assert_eq!(got.result, DNS_ERR_TIMEOUT);
    assert!(s.queries().len() <= 4, "{} queries", s.queries().len());
    c.end();
    // Silent: given up in time, and the next try has a new connection.
    let s = Server::new(|q| if q.index == 0 { vec![] } else { vec![q.answer()] });
    let c = Client::new(&[&s]);
    c.set("use-vc", "");
    c.set("timeout", "0.1");
    assert_eq!(c.ask("a.test").data, A1);
    assert_eq!(s.connections.load(std::sync::atomic::Ordering::Relaxed), 2);
    c.end();
    // A torrent of replies to nothing.
    let s = Server::new(|q| {
        let mut m = q.answer();
        m[0] ^= 0x55;
        if q.index == 0 { vec![m; 60] } else { vec![q.answer()] }
    });
    let c = Client::new(&[&s]);
    c.set("use-vc", "");
    assert_eq!(c.ask("a.test").data, A1);
    c.end();
    // Kept for a while only.
    let s = Server::new(|q| vec![q.answer()]);
    let c = Client::new(&[&s]);
    c.set("use-vc", "");
    c.set("tcp-idle-timeout", "0.05");
    assert_eq!(c.ask("a.test").data, A1);
    c.run_for(Duration::from_millis(150));
    assert_eq!(c.ask("a.test").data, A1);
    assert_eq!(s.connections.load(std::sync::atomic::Ordering::Relaxed), 2);
    assert_eq!(all_got().len(), 2);
    c.end();
}
