//! Authentication headers for a request that another HTTP library sends.

use std::sync::Arc;

use ureq::http::Uri;

use super::error_body::{self, GraphqlData};
use super::request::{AuthScheme, is_graphql};
use super::sign_in::attempt::{AuthAttempt, Purpose};
use super::status::{self, is_unauthorized};
use super::{Client, call::Call, context::CallContext, inner::Inner, signed::OTP_HEADER};
use crate::error::{Error, Result};
use crate::{bearer::BearerSource, jwt::Token, secret::Secret};

const PURPOSE: &str = "authorize";

/// The headers that authenticate a request of another HTTP library.
///
/// Set each of them, send the request, and call [`observe`](Authorization::observe) with its response.
///
/// Call it for every response, or [`withdraw`](Authorization::withdraw) if there was no connection: a Basic
/// authorization holds a permit of the guard, and one that is dropped without either counts as a sign-in without a
/// response. After five of those in a row the guard permits none until [`Client::reset_guard`].
///
/// The library must not follow redirects with these headers: several forward X-Boomi-OTP to other hosts.
pub struct Authorization {
    client: Arc<Inner>,
    headers: Vec<(&'static str, Secret)>,
    pending: Pending,
}

enum Pending {
    Nothing,
    Basic(AuthAttempt),
    Bearer { bearer: Arc<dyn BearerSource>, token: Token, is_graphql: bool },
}

impl Client {
    /// Returns headers for a request to `url`, which must be on this client's origin.
    ///
    /// [`AuthScheme::Auto`] means a JWT for `/graphql`, which takes nothing else, and for a client with a token
    /// provider; Basic otherwise. With a JWT this may request one; with Basic it may wait for a new one-time code.
    pub fn authorize(&self, scheme: AuthScheme, url: &str, call: Option<&Call>) -> Result<Authorization> {
        let (uri, scheme) = self.target(scheme, url)?;
        let context = CallContext::begin(&self.inner, call)?;
        match scheme {
            AuthScheme::Basic => {
                let purpose = Purpose::new(PURPOSE, uri.path(), context.deadline().remaining());
                let attempt = AuthAttempt::begin(&context, Purpose { foreign: true, ..purpose })?;
                let mut headers = vec![("authorization", attempt.header())];
                headers.extend(attempt.code().map(|code| (OTP_HEADER, code)));
                Ok(Authorization { client: self.inner.clone(), headers, pending: Pending::Basic(attempt) })
            }
            AuthScheme::Jwt => {
                let bearer = self.bearer(None)?;
                let token = bearer.token_for_call(context.deadline(), context.code)?;
                Ok(self.with_bearer(bearer, token, &uri))
            }
            AuthScheme::None | AuthScheme::Auto => Ok(self.without_headers()),
        }
    }

    /// Returns the headers of a cached JWT that is alive, without I/O or waiting, as an event loop needs it.
    ///
    /// `None` if there is no such JWT, or if the URL takes Basic.
    pub fn authorize_at_once(&self, scheme: AuthScheme, url: &str) -> Result<Option<Authorization>> {
        let (uri, scheme) = self.target(scheme, url)?;
        match scheme {
            AuthScheme::Jwt => {
                let bearer = self.bearer(None)?;
                Ok(bearer.usable().map(|token| self.with_bearer(bearer, token, &uri)))
            }
            AuthScheme::Basic => Ok(None),
            AuthScheme::None | AuthScheme::Auto => Ok(Some(self.without_headers())),
        }
    }

    /// The URL, checked, and the scheme in place of `Auto`.
    fn target(&self, scheme: AuthScheme, url: &str) -> Result<(Uri, AuthScheme)> {
        let uri = self.inner.origin.resolve(url, self.inner.account_id.as_deref())?;
        if url.starts_with('/') {
            return Err(Error::invalid("the URL has no scheme and host: give the whole URL that will be requested"));
        }
        let scheme = scheme.decided(self.inner.token_provider.is_some(), is_graphql(uri.path()));
        Ok((uri, scheme))
    }

    fn without_headers(&self) -> Authorization {
        Authorization { client: self.inner.clone(), headers: Vec::new(), pending: Pending::Nothing }
    }

    fn with_bearer(&self, bearer: Arc<dyn BearerSource>, token: Token, uri: &Uri) -> Authorization {
        let headers = vec![("authorization", token.secret().duplicate())];
        let pending = Pending::Bearer { bearer, token, is_graphql: is_graphql(uri.path()) };
        Authorization { client: self.inner.clone(), headers, pending }
    }
}

impl Authorization {
    /// The headers' names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.headers.iter().map(|(name, value)| (*name, value))
    }

    /// Learns from the response's status and body. The body may be empty if it is not available. Only the first call
    /// counts.
    ///
    /// Returns whether to authorize and send once more: if a JWT was refused, and another is or will be available.
    /// Rejected credentials of a callback or file are loaded again before the next sign-in.
    pub fn observe(&mut self, status: u16, body: &[u8]) -> bool {
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => false,
            Pending::Basic(attempt) => {
                let outcome = status::outcome(status, &error_body::read(body, &[]));
                attempt.end(&self.client, None, outcome, Some(status), PURPOSE);
                false
            }
            Pending::Bearer { bearer, token, is_graphql } => {
                let errors = (is_graphql && status == 200).then(|| error_body::graphql_errors(body, &[])).flatten();
                let refusal = errors.filter(|(text, data)| *data != GraphqlData::There && is_unauthorized(text));
                let renewed = (status == 401 || refusal.is_some()) && bearer.observe_refusal(&token, status);
                // The request may be a mutation that was executed in part.
                renewed && refusal.is_none_or(|(_, data)| data != GraphqlData::Null)
            }
        }
    }

    /// Records that no byte of the request was sent, because there was no connection. After
    /// [`observe`](Self::observe) it does nothing.
    pub fn withdraw(&mut self) {
        if let Pending::Basic(attempt) = std::mem::replace(&mut self.pending, Pending::Nothing) {
            attempt.withdraw(None);
        }
    }
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization").field("headers", &self.headers).finish_non_exhaustive()
    }
}
