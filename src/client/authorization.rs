//! Headers for a request that another HTTP library sends, and what its answer teaches.

use super::Client;
use super::call::Call;
use super::exchange::{Exchange, OTP_HEADER};
use super::message;
use super::request::AuthScheme;
use super::sign_in::SignIn;
use super::verdict::is_rejection;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The headers that sign a request in which another HTTP library sends: put each on it, send it, and tell
/// [`observe`](Authorization::observe) how it was answered.
///
/// The library must not follow redirects with these headers: several forward X-Boomi-OTP to other hosts.
pub struct Authorization {
    client: Client,
    headers: Vec<(&'static str, Secret)>,
    sign_in: Option<SignIn>,
}

impl Client {
    /// Headers for a request to `url`, which must be on this client's origin: no secret is given for another.
    ///
    /// [`AuthScheme::Auto`] means a JWT for `/graphql`, which takes nothing else, and Basic otherwise. With a JWT this may
    /// ask the server for one; with Basic it may wait for a new one-time code.
    pub fn authorize(&self, scheme: AuthScheme, url: &str, call: Option<&Call>) -> Result<Authorization> {
        let uri = self.inner.origin.resolve(url, self.inner.account_id.as_deref())?;
        if url.starts_with('/') {
            return Err(Error::invalid("the URL has no scheme and host: give the whole URL that will be requested"));
        }
        let exchange = Exchange::begin(self, call)?;
        let scheme = match scheme {
            AuthScheme::Auto if uri.path().trim_end_matches('/').ends_with("/graphql") => AuthScheme::Jwt,
            AuthScheme::Auto => AuthScheme::Basic,
            scheme => scheme,
        };
        let (mut headers, mut sign_in) = (Vec::new(), None);
        match scheme {
            AuthScheme::Basic => {
                let begun = exchange.begin_sign_in()?;
                headers.push(("authorization", begun.header()));
                headers.extend(begun.code().map(|code| (OTP_HEADER, code)));
                sign_in = Some(begun);
            }
            AuthScheme::Jwt => {
                let token = exchange.kept_jwt(self.account_id(None)?)?;
                headers.push(("authorization", token.secret().duplicate()));
            }
            AuthScheme::None | AuthScheme::Auto => {}
        }
        Ok(Authorization { client: self.clone(), headers, sign_in })
    }
}

impl Authorization {
    /// The headers' names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.headers.iter().map(|(name, value)| (*name, value))
    }

    /// Learns from the answer's status and body, which may be empty if it is not at hand: credentials from a callback or
    /// file that were rejected are asked for again before the next sign-in.
    ///
    /// Returns whether it helps to authorize anew and send once more. Only the first call counts.
    pub fn observe(&mut self, status: u16, body: &[u8]) -> bool {
        let Some(sign_in) = self.sign_in.take() else { return false };
        let rejected = is_rejection(status, &message::read(body, &[]));
        self.client.inner.end_sign_in(sign_in, None, true, rejected.then_some(status), "authorize");
        false
    }
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization").field("headers", &self.headers).finish_non_exhaustive()
    }
}
