//! A server that sends back every secret it was sent, in whatever shape it is told to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use boomi_emulator::ErrorShape;

/// A JWT whose signature is marked.
pub const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.e30.bWFya2VkLXNpZ25hdHVyZQ";

/// The headers whose values are secrets.
const SECRET_HEADERS: [&str; 4] = ["authorization", "x-boomi-otp", "x-api-key", "proxy-authorization"];

/// Makes a whole HTTP answer out of an echo.
pub type Shape = Box<dyn Fn(&str) -> String + Send>;

pub struct Echo {
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    /// Answers with `shape`, but where `issues_jwt`, the exchange with a JWT.
    pub fn start(issues_jwt: bool, shape: Shape) -> Echo {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let all = seen.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head = read_head(&mut stream);
                let secrets = secrets_of(&head);
                all.lock().unwrap().extend(secrets.iter().cloned());
                let is_exchange = head.contains(" /auth/jwt/generate/");
                let answer = if issues_jwt && is_exchange { answer("200 OK", JWT) } else { shape(&secrets.join(" ")) };
                // The client may have had enough before the end.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Echo { port, seen }
    }

    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every secret that came, in each of its forms.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|amount| amount > 0) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// The values of secret headers: whole, without their scheme, and the password out of Basic.
fn secrets_of(head: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        if !SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        secrets.push(value.to_owned());
        secrets.extend(value.split_once(' ').map(|(_, credentials)| credentials.to_owned()));
        let basic = value.strip_prefix("Basic ").map(|pair| base64::prelude::BASE64_STANDARD.decode(pair).unwrap());
        let pair = basic.map(|pair| String::from_utf8(pair).unwrap());
        secrets.extend(pair.and_then(|pair| Some(pair.split_once(':')?.1.to_owned())));
    }
    secrets
}

pub fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// Every documented shape with an echo for its message, and some that nobody documented.
pub fn bodies() -> Vec<Shape> {
    let documented = ErrorShape::ALL.iter().map(|shape| {
        let message = shape.message();
        let in_json = message.replace('"', "\\\"");
        let in_xml = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = shape.body();
        let (before, after) = [message, &in_json, &in_xml].iter().find_map(|text| body.split_once(text)).unwrap();
        let (before, after) = (before.to_owned(), after.to_owned());
        Box::new(move |echo: &str| format!("{before}{echo}{after}")) as Shape
    });
    let others: [fn(&str) -> String; 6] = [
        |echo| echo.to_owned(),
        |echo| format!("{{\"errorMessage\":\"{echo}\"}}"),
        |echo| format!("{{\"error\":\"{echo}\"}}"),
        |echo| format!("<html><head><title>{echo}</title></head><body><h1>{echo}</h1></body></html>"),
        |echo| format!("<soap:Fault xmlns:soap=\"x\"><faultstring>{echo}</faultstring></soap:Fault>"),
        |echo| format!("<{echo}><{{\"{echo}"),
    ];
    documented.chain(others.into_iter().map(|body| Box::new(body) as Shape)).collect()
}

/// Answers that are no HTTP, or break off, with an echo where a parser might quote it.
pub fn broken() -> Vec<Shape> {
    let answers: [fn(&str) -> String; 9] = [
        |echo| format!("{echo}\r\n\r\n"),
        |echo| format!("HTTP/1.1 {echo}\r\n\r\n"),
        |echo| format!("HTTP/1.1 200 OK\r\n{echo}\r\n\r\n"),
        |echo| format!("HTTP/1.1 200 OK\r\n{echo}: x\r\n\r\n"),
        |echo| format!("HTTP/1.1 200 OK\r\nContent-Length: {echo}\r\n\r\n"),
        |echo| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {echo}\r\n\r\n"),
        |echo| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{echo}\r\n"),
        |echo| format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{echo}"),
        |echo| format!("HTTP/1.1 200 OK\r\nX-Echo: {}\r\n\r\n", echo.repeat(10_000)),
    ];
    answers.into_iter().map(|answer| Box::new(answer) as Shape).collect()
}

/// Good answers that have the echo in a header or in the reason.
pub fn headers() -> Vec<Shape> {
    let answers: [fn(&str) -> String; 4] = [
        |echo| format!("HTTP/1.1 401 {echo}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        |echo| format!("HTTP/1.1 401 No\r\nWWW-Authenticate: {echo}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        |echo| format!("HTTP/1.1 302 Go\r\nLocation: /{echo}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        |echo| format!("HTTP/1.1 503 Wait\r\nRetry-After: {echo}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    ];
    answers.into_iter().map(|answer| Box::new(answer) as Shape).collect()
}
