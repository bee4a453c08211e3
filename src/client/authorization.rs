//! Headers for a request that another HTTP library sends, and what its answer teaches.

use ureq::http::Uri;

use super::call::Call;
use super::context::{CallContext, OTP_HEADER};
use super::error_body::GraphqlData;
use super::request::AuthScheme;
use super::sign_in::{Purpose, SignIn};
use super::status::{self, is_unauthorized};
use super::{Client, TokenProvider, error_body};
use crate::error::{Error, Result};
use crate::guard::history::LoginOutcome;
use crate::jwt::Token;
use crate::secret::Secret;

/// The headers that sign a request in which another HTTP library sends: put each on it, send it, and tell
/// [`observe`](Authorization::observe) how it was answered.
///
/// Tell it every answer, or [`withdraw`](Authorization::withdraw) it if there was no connection: a Basic authorization holds a place
/// in the guard, and one that is dropped without either counts as a sign-in without an answer. After five of those in a row
/// nothing is sent, until [`Client::reset_guard`].
///
/// The library must not follow redirects with these headers: several forward X-Boomi-OTP to other hosts.
pub struct Authorization {
    client: Client,
    headers: Vec<(&'static str, Secret)>,
    sent: Sent,
}

/// What its answer teaches about.
enum Sent {
    Nothing,
    SignIn(SignIn),
    Bearer { provider: TokenProvider, token: Token, is_graphql: bool },
}

impl Client {
    /// Headers for a request to `url`, which must be on this client's origin: no secret is given for another.
    ///
    /// [`AuthScheme::Auto`] means a JWT for `/graphql`, which takes nothing else, and for a client with a token provider; Basic
    /// otherwise. With a JWT this may
    /// ask the server for one; with Basic it may wait for a new one-time code.
    pub fn authorize(&self, scheme: AuthScheme, url: &str, call: Option<&Call>) -> Result<Authorization> {
        let (uri, scheme) = self.target(scheme, url)?;
        let context = CallContext::begin(self, call)?;
        let (mut headers, mut sent) = (Vec::new(), Sent::Nothing);
        match scheme {
            AuthScheme::Basic => {
                let max_wait = context.deadline().remaining();
                let purpose = Purpose {
                    name: "authorize",
                    path: uri.path(),
                    foreign: true,
                    max_wait,
                    turn: None,
                    while_waiting: None,
                };
                let sign_in = context.begin_sign_in(purpose)?;
                headers.push(("authorization", sign_in.header()));
                headers.extend(sign_in.code().map(|code| (OTP_HEADER, code)));
                sent = Sent::SignIn(sign_in);
            }
            AuthScheme::Jwt => {
                let provider = self.bearer(None)?;
                let token = context.bearer(&provider)?;
                return Ok(Authorization::of_bearer(provider, token, &uri));
            }
            AuthScheme::None | AuthScheme::Auto => {}
        }
        Ok(Authorization { client: self.clone(), headers, sent })
    }

    /// The same without any I/O or waiting, for a caller that must not wait, such as an event loop: with a JWT that is kept and
    /// lives; `None` if there is none, or if Basic is what the URL takes.
    pub fn authorize_at_once(&self, scheme: AuthScheme, url: &str) -> Result<Option<Authorization>> {
        let (uri, scheme) = self.target(scheme, url)?;
        match scheme {
            AuthScheme::Jwt => {
                let provider = self.bearer(None)?;
                Ok(provider.living().map(|token| Authorization::of_bearer(provider, token, &uri)))
            }
            AuthScheme::Basic => Ok(None),
            AuthScheme::None | AuthScheme::Auto => {
                Ok(Some(Authorization { client: self.clone(), headers: Vec::new(), sent: Sent::Nothing }))
            }
        }
    }

    /// Where a request of another library goes, and the scheme, chosen where it is left to us.
    fn target(&self, scheme: AuthScheme, url: &str) -> Result<(Uri, AuthScheme)> {
        let uri = self.inner.origin.resolve(url, self.inner.account_id.as_deref())?;
        if url.starts_with('/') {
            return Err(Error::invalid("the URL has no scheme and host: give the whole URL that will be requested"));
        }
        let scheme = match scheme {
            AuthScheme::Auto if self.inner.token_provider.is_some() || is_graphql(&uri) => AuthScheme::Jwt,
            AuthScheme::Auto => AuthScheme::Basic,
            scheme => scheme,
        };
        Ok((uri, scheme))
    }
}

impl Authorization {
    fn of_bearer(provider: TokenProvider, token: Token, uri: &Uri) -> Self {
        let headers = vec![("authorization", token.secret().duplicate())];
        let client = provider.client().clone();
        Authorization { client, headers, sent: Sent::Bearer { provider, token, is_graphql: is_graphql(uri) } }
    }

    /// The headers' names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.headers.iter().map(|(name, value)| (*name, value))
    }

    /// Learns from the answer's status and body, which may be empty if it is not at hand. Only the first call counts.
    ///
    /// Returns whether it helps to authorize anew and send once more: if a JWT was refused, and there is, or will be, another.
    /// Credentials from a callback or file that were rejected are asked for again before the next sign-in.
    pub fn observe(&mut self, status: u16, body: &[u8]) -> bool {
        match std::mem::replace(&mut self.sent, Sent::Nothing) {
            Sent::Nothing => false,
            Sent::SignIn(sign_in) => {
                let outcome = status::outcome(status, &error_body::read(body, &[]));
                self.client.inner.end_sign_in(sign_in, None, outcome, Some(status), "authorize");
                false
            }
            Sent::Bearer { provider, token, is_graphql } => {
                let graphql = is_graphql && status == 200;
                let refusal = if graphql { graphql_refusal(body) } else { None };
                let renewed = (status == 401 || refusal.is_some()) && provider.observe_refusal(&token, status);
                // The request is not known here: a mutation may have been executed in part.
                renewed && refusal != Some(GraphqlData::Null)
            }
        }
    }

    /// Says that no byte of the request was sent, because there was no connection: then it counts as nothing. What is known of an
    /// answer already stays.
    pub fn withdraw(&mut self) {
        if let Sent::SignIn(sign_in) = std::mem::replace(&mut self.sent, Sent::Nothing) {
            self.client.inner.end_sign_in(sign_in, None, LoginOutcome::NotSent, None, "authorize");
        }
    }
}

fn is_graphql(uri: &Uri) -> bool {
    uri.path().trim_end_matches('/').ends_with("/graphql")
}

/// What stands beside the errors of GraphQL, if they refuse a JWT.
fn graphql_refusal(body: &[u8]) -> Option<GraphqlData> {
    let (text, data) = error_body::graphql_errors(body, &[])?;
    (data != GraphqlData::There && is_unauthorized(&text)).then_some(data)
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization").field("headers", &self.headers).finish_non_exhaustive()
    }
}
