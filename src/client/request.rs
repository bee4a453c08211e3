//! A request of the caller. Setters check each part.

use bytes::Bytes;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::error::{Error, FirstError, Result};
use crate::{origin, secret::Secret, validate};

/// How a request is authenticated. The numbers are those of the C API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u32)]
pub enum AuthScheme {
    /// Not by the client: the request's own headers may authenticate it.
    None = 0,
    /// By user name with password or API token, and a one-time code where the user has one.
    Basic = 1,
    /// By the client's JWT, which is requested when needed.
    Jwt = 2,
    /// By JWT for `/graphql`, which takes nothing else, and if the client has a token provider; otherwise by Basic.
    #[default]
    Auto = 3,
}

impl AuthScheme {
    pub(crate) fn decided(self, has_provider: bool, is_graphql: bool) -> AuthScheme {
        match self {
            AuthScheme::Auto if has_provider || is_graphql => AuthScheme::Jwt,
            AuthScheme::Auto => AuthScheme::Basic,
            scheme => scheme,
        }
    }
}

/// Options of one header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeaderOptions {
    /// The value is a secret: no text shows it, and it is cut out of texts that the server sends.
    pub secret: bool,
    /// Adds the header beside others of its name, in place of replacing them.
    pub add: bool,
}

/// One HTTP request to the client's origin.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) auth: AuthScheme,
    pub(crate) account_id: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Vec<u8>>,
    /// Whether the caller says that the request is idempotent.
    pub(crate) replayable: Option<bool>,
    pub(crate) first_error: FirstError,
}

impl Request {
    /// Creates a request for a path or a URL of the client's origin. `{accountId}` in it is replaced.
    pub fn new(method: &str, path_or_url: &str) -> Result<Self> {
        validate::check("the method", method)?;
        validate::check("the path or URL", path_or_url)?;
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .map_err(|_| Error::invalid("the method is not an HTTP method, such as GET"))?;
        if method == Method::CONNECT || method == Method::TRACE {
            return Err(Error::invalid(format!("the method {method} is not for requests to an API")));
        }
        Ok(Request {
            method,
            path: path_or_url.to_owned(),
            query: String::new(),
            auth: AuthScheme::Auto,
            account_id: None,
            headers: Vec::new(),
            body: None,
            replayable: None,
            first_error: FirstError::default(),
        })
    }

    /// Sets the authentication scheme. Default [`AuthScheme::Auto`].
    pub fn set_auth(&mut self, scheme: AuthScheme) {
        self.auth = scheme;
    }

    /// Sets the account of `{accountId}` and of the JWT, in place of the client's.
    pub fn set_account_id(&mut self, account_id: &str) -> Result<()> {
        self.first_error
            .keep(origin::check_account_id(account_id))
            .map(|()| self.account_id = Some(account_id.to_owned()))
    }

    /// Adds a pair to the query. Name and value are percent-encoded.
    pub fn add_query(&mut self, name: &str, value: &str) -> Result<()> {
        self.first_error.keep(validate::check("the query's name", name))?;
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(&format!("{}={}", origin::encode(name), origin::encode(value)));
        Ok(())
    }

    /// Sets a header.
    ///
    /// Errors: Host, Content-Length, Transfer-Encoding, Connection, Expect, Upgrade and TE, which the transport sets;
    /// Authorization and X-Boomi-OTP unless the scheme is [`AuthScheme::None`]. These two are always secret.
    pub fn set_header(&mut self, name: &str, value: &str, options: HeaderOptions) -> Result<()> {
        let (name, value) = self.first_error.keep(checked_header(name, value, options.secret))?;
        if !options.add {
            self.headers.retain(|(other, _)| *other != name);
        }
        self.headers.push((name, value));
        Ok(())
    }

    /// Sets the body. Its default Content-Type is JSON.
    pub fn set_body(&mut self, body: impl Into<Vec<u8>>) {
        self.body = Some(body.into());
    }

    /// Sets whether the request is idempotent, and so may be sent again after it was sent.
    ///
    /// Default: GET, HEAD, DELETE and OPTIONS are, and POSTs that only read: below `/api/rest/v1/` and `/mdm/`, paths
    /// that end in `/query` or `/queryMore`, and `/bulk` of type GET; and `/graphql` without a mutation.
    pub fn set_replayable(&mut self, replayable: bool) {
        self.replayable = Some(replayable);
    }

    /// Returns the first error of a setter, or that of a combination of settings.
    pub(crate) fn check(&self) -> Result<()> {
        self.first_error.check()?;
        let own = self.headers.iter().find(|(name, _)| matches!(name.as_str(), "authorization" | "x-boomi-otp"));
        if let (true, Some((name, _))) = (self.auth != AuthScheme::None, own) {
            return Err(Error::invalid(format!(
                "the header {name} is the client's own: to send another, set the auth scheme to none"
            )));
        }
        if self.body.is_some() && matches!(self.method, Method::GET | Method::HEAD | Method::DELETE) {
            return Err(Error::invalid(format!("a {} request has no body: use POST", self.method)));
        }
        Ok(())
    }

    /// Adds the headers, and defaults for those that are not set.
    pub(crate) fn add_headers_to(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        let mut default = |name: HeaderName, value: &'static str| {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        };
        default(header::ACCEPT, "application/json");
        if self.body.is_some() {
            default(header::CONTENT_TYPE, "application/json");
        }
    }

    /// The body. A POST without one gets an empty body: without Content-Length, some servers answer 411.
    pub(crate) fn body_to_send(&self) -> Option<&[u8]> {
        let empty = matches!(self.method, Method::POST | Method::PUT | Method::PATCH).then_some(&[][..]);
        self.body.as_deref().or(empty)
    }

    /// The path or URL without the query in it.
    pub(crate) fn path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// Whether this is a GraphQL request, whose errors come with status 200.
    pub(crate) fn is_graphql(&self) -> bool {
        is_graphql(self.path())
    }
}

pub(crate) fn is_graphql(path: &str) -> bool {
    path.trim_end_matches('/').ends_with("/graphql")
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("auth", &self.auth)
            .field("headers", &names)
            .field("body", &self.body.as_ref().map(|body| format!("{} bytes", body.len())))
            .finish_non_exhaustive()
    }
}

fn checked_header(name: &str, value: &str, secret: bool) -> Result<(HeaderName, HeaderValue)> {
    validate::check("the header's name", name)?;
    let lower = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::invalid("the header's name has a character that no header name has"))?;
    let transports = ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"];
    if transports.contains(&lower.as_str()) {
        return Err(Error::invalid(format!("the header {lower} is the transport's own and cannot be set")));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Error::invalid(format!("the value of the header {lower} has a control character")));
    }
    let secret = secret || matches!(lower.as_str(), "authorization" | "x-boomi-otp");
    Ok((lower, header_value(Secret::new(value), secret)))
}

/// A header's value, whose memory is wiped when the last clone is dropped.
pub(crate) fn header_value(value: impl AsRef<[u8]> + Send + 'static, secret: bool) -> HeaderValue {
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(value)).expect("checked for control characters");
    value.set_sensitive(secret);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_parts_are_refused_and_first_error_stays() {
        for (method, path) in [("", "/"), ("G T", "/"), ("GET\r\n", "/"), ("CONNECT", "/"), ("GET", ""), ("GET", "/\n")]
        {
            Request::new(method, path).unwrap_err();
        }
        let mut request = Request::new("get", "/").unwrap();
        assert_eq!(request.method, Method::GET);
        let plain = HeaderOptions::default();
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "CONNECTION",
            "Expect",
            "upgrade",
            "TE",
            "",
            "a b",
            "x\r\ny",
            "ä",
        ] {
            request.set_header(name, "x", plain).unwrap_err();
        }
        for value in ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\u{7f}"] {
            request.set_header("X-A", value, plain).unwrap_err();
        }
        assert!(request.headers.is_empty());
        assert!(request.check().unwrap_err().message().contains("host"));
    }

    #[test]
    fn own_authorization_needs_scheme_none() {
        let mut request = Request::new("GET", "/").unwrap();
        request.set_header("Authorization", "Bearer marked-secret", HeaderOptions::default()).unwrap();
        assert!(request.check().unwrap_err().message().contains("set the auth scheme to none"));
        request.set_auth(AuthScheme::None);
        request.check().unwrap();
        let mut code = Request::new("GET", "/").unwrap();
        code.set_header("x-boomi-otp", "123456", HeaderOptions::default()).unwrap();
        assert!(code.check().unwrap_err().message().contains("x-boomi-otp"));
        assert!(!format!("{request:?} {:?}", request.headers).contains("marked-secret"));
    }

    #[test]
    fn headers_replace_or_add_and_query_is_encoded() {
        let mut request = Request::new("GET", "/").unwrap();
        let add = HeaderOptions { add: true, ..Default::default() };
        for (value, options) in [("1", add), ("2", HeaderOptions::default()), ("3", add)] {
            request.set_header("X-A", value, options).unwrap();
        }
        let values: Vec<_> = request.headers.iter().map(|(_, value)| value.to_str().unwrap()).collect();
        assert_eq!(values, ["2", "3"]);
        request.add_query("a b", "c&d=ü+").unwrap();
        request.add_query("e", "").unwrap();
        assert_eq!(request.query, "a%20b=c%26d%3D%C3%BC%2B&e=");
    }

    #[test]
    fn graphql_is_recognized_by_path() {
        for (path, is) in [("/graphql", true), ("https://h/graphql/?x=/y", true), ("/api/x?y=/graphql", false)] {
            assert_eq!(Request::new("POST", path).unwrap().is_graphql(), is, "{path}");
        }
    }
}
