//! The client. Below it lie requests, the send loop and token providers; above it the builders, jobs, pages and
//! `describe`.

mod account_requester;
pub(crate) mod authorization;
pub(crate) mod body;
mod call;
pub(crate) mod client_builder;
mod context;
mod describe;
pub(crate) mod error_body;
pub(crate) mod graphql;
pub(crate) mod idempotency;
pub(crate) mod inner;
pub(crate) mod job;
pub(crate) mod pages;
pub(crate) mod request;
pub(crate) mod request_builder;
pub(crate) mod response;
pub(crate) mod response_times;
pub(crate) mod retry;
mod send;
mod server_clock;
mod sign_in;
mod signed;
mod status;
mod token_provider;
mod token_request;
mod wire;
pub(crate) mod xml;

use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use ureq::http::Uri;

pub use call::Call;
pub use request::{AuthScheme, HeaderOptions, Request};
pub use response::Response;
pub use token_provider::TokenProvider;

use crate::error::{Error, Result};
use crate::{bearer::BearerSource, config::Config, credentials::Credentials, jwt::Token, secret::Secret};
use context::CallContext;
use inner::Inner;
use send::{RequestAuth, SendLoop};
use sign_in::code::one_time_code;
use sign_in::load::load;

/// A client for one origin and one user. It is immutable, shared by any number of threads, and owns its connections.
///
/// Clones share everything. A client made before a `fork` works in the child, on connections of its own. If another
/// thread of the parent was in `getaddrinfo` during the `fork`, name look-ups in the child may hang: calls that need
/// one end by their timeout. Addresses and `localhost` need none.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

impl Client {
    pub(crate) fn new(config: Config) -> Result<Self> {
        Inner::new(config).map(|inner| Client { inner: Arc::new(inner) })
    }

    /// Requests a new JWT from the server. For one that is cached and refreshed, see [`token`](Self::token).
    ///
    /// `account_id` is the client's own if `None`.
    pub fn generate_jwt(&self, account_id: Option<&str>, call: Option<&Call>) -> Result<Token> {
        let account_id = self.inner.account_id(account_id)?;
        token_request::fetch(&CallContext::begin(&self.inner, call)?, account_id)
    }

    /// Returns a JWT for the client's account: a cached one that is not about to expire, or a new one.
    ///
    /// See [`TokenProvider::get`].
    pub fn token(&self) -> Result<Token> {
        self.token_for(None, None)
    }

    /// Returns a JWT like [`token`](Self::token), for another account or within one call's limits.
    pub fn token_for(&self, account_id: Option<&str>, call: Option<&Call>) -> Result<Token> {
        self.token_provider(account_id)?.get_with(Duration::ZERO, call)
    }

    /// Creates a provider of JWTs for an account; the client's own if `None`. No I/O.
    pub fn token_provider<'a>(&self, account_id: impl Into<Option<&'a str>>) -> Result<TokenProvider> {
        TokenProvider::new(&self.inner, account_id.into())
    }

    /// Sends a request and returns the whole response, whatever its status.
    ///
    /// Requests of one account are rate-limited on the client (see
    /// [`requests_per_second`](crate::ClientBuilder::requests_per_second)). Within the call's deadline and at most
    /// [`max_retries`](crate::ClientBuilder::max_retries) times, an idempotent request is retried after a lost
    /// connection and after 429, 502, 503 or 504. [`Request::set_replayable`] says which requests are idempotent. Other
    /// requests are retried only if no bytes were sent, or after Boomi's 503 for too many requests. Apart from that, a
    /// JWT that is refused is replaced once, and the request sent again.
    ///
    /// Accepts JSON unless an Accept header is set. Does not follow redirects.
    pub fn send(&self, request: &Request, call: Option<&Call>) -> Result<Response> {
        self.send_checked(request, call, Some(self.inner.max_response_bytes))
    }

    /// Sends a request like [`send`](Self::send), and returns as soon as the response's status and headers are read.
    ///
    /// The [`Response`] then reads the body piece by piece, in constant memory. The body of a status of 400 or more is
    /// read at once, for its message.
    pub fn open(&self, request: &Request, call: Option<&Call>) -> Result<Response> {
        self.send_checked(request, call, None)
    }

    fn send_checked(&self, request: &Request, call: Option<&Call>, max_body: Option<u64>) -> Result<Response> {
        request.check()?;
        self.send_in(&CallContext::begin(&self.inner, call)?, request, max_body)
    }

    /// Sends a checked request as a part of a call in progress. `max_body` is the largest body; `None` streams it.
    pub(crate) fn send_in(
        &self,
        context: &CallContext<'_>,
        request: &Request,
        max_body: Option<u64>,
    ) -> Result<Response> {
        let account_id = request.account_id.as_deref().or(self.inner.account_id.as_deref());
        let uri = with_query(self.inner.origin.resolve(&request.path, account_id)?, &request.query)?;
        let auth = match request.auth.decided(self.inner.token_provider.is_some(), request.is_graphql()) {
            AuthScheme::Basic => RequestAuth::User,
            AuthScheme::Jwt => RequestAuth::Bearer(self.bearer(request.account_id.as_deref())?),
            _ => RequestAuth::Caller,
        };
        SendLoop::new(context, request, &uri, auth, account_id, max_body).run()
    }

    /// The source of the JWTs for this account's requests.
    pub(crate) fn bearer(&self, account_id: Option<&str>) -> Result<Arc<dyn BearerSource>> {
        match &self.inner.token_provider {
            Some(provider) => Ok(provider.clone()),
            None => Ok(Arc::new(self.token_provider(account_id)?)),
        }
    }

    /// Cancels every running call of this client, within 100 ms. Later calls work.
    pub fn cancel(&self) {
        self.inner.cancellations.fetch_add(1, Ordering::AcqRel);
    }

    /// Closes idle connections now, and those in use when their calls end. Later calls make new ones.
    pub fn close_connections(&self) {
        self.inner.transport.close_connections();
    }

    /// Lets the guard permit one more sign-in of this user, whatever it holds.
    ///
    /// For when the credentials were corrected, or the user was unlocked, and the library cannot know. If that sign-in
    /// is accepted, the guard starts afresh; if not, it holds the user as before.
    pub fn reset_guard(&self) {
        self.inner.auth.reset_guard();
    }

    /// The credentials, if any are set.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.inner.auth.credentials()
    }

    /// The value of this user's `Authorization` header, `Basic ...`. Loads the credentials if none are cached.
    ///
    /// Sends nothing and does not ask the guard: [`authorize`](Self::authorize) does.
    pub fn auth_header(&self) -> Result<Secret> {
        Ok(load(&CallContext::begin(&self.inner, None)?)?.basic.header.duplicate())
    }

    /// The user name as it is sent, with `BOOMI_TOKEN.` for an API token. Loads the credentials if none are cached.
    pub fn auth_username(&self) -> Result<String> {
        Ok(load(&CallContext::begin(&self.inner, None)?)?.basic.username.clone())
    }

    /// Returns a one-time code that another program will send for this user. No client that shares the guard's memory
    /// sends it.
    ///
    /// Computed by the server's time if a response told it, else by this machine's. Within 30 s of the last code it
    /// waits for the next.
    pub fn one_time_code(&self, call: Option<&Call>) -> Result<Secret> {
        one_time_code(&CallContext::begin(&self.inner, call)?)
    }

    /// The proxy of this client for another HTTP library, `http://host:port` or `socks5h://host:port`, and its login.
    ///
    /// The login is the value of `Proxy-Authorization`; of a SOCKS proxy it is `user:password`, percent-encoded. Every
    /// request goes through a tunnel (CONNECT, or SOCKS 5).
    pub fn proxy(&self) -> Option<(String, Option<Secret>)> {
        self.inner.proxy.as_ref().map(|proxy| (proxy.url(), proxy.login()))
    }
}

fn with_query(uri: Uri, query: &str) -> Result<Uri> {
    if query.is_empty() {
        return Ok(uri);
    }
    let sign = if uri.query().is_some() { '&' } else { '?' };
    format!("{uri}{sign}{query}").parse().map_err(|_| Error::invalid("the query is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const _: () = {
        const fn is_shared_by_threads<T: Send + Sync>() {}
        is_shared_by_threads::<Client>();
        is_shared_by_threads::<Credentials>();
        is_shared_by_threads::<Call>();
        is_shared_by_threads::<Request>();
        is_shared_by_threads::<Response>();
        is_shared_by_threads::<Token>();
        is_shared_by_threads::<TokenProvider>();
        is_shared_by_threads::<Error>();
    };
}
