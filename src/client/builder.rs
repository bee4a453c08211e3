//! A request in one expression.

use super::{AuthScheme, Call, Client, HeaderOptions, Job, Pages, Request, Response};
use crate::error::Result;

/// A request of a client, put together in one expression. Errors appear when it is sent.
#[must_use]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    request: Result<Request>,
    call: Option<&'a Call>,
}

impl<'a> RequestBuilder<'a> {
    pub(crate) fn new(client: &'a Client, request: Result<Request>) -> Self {
        RequestBuilder { client, request, call: None }
    }

    fn with(mut self, set: impl FnOnce(&mut Request) -> Result<()>) -> Self {
        if let Ok(request) = &mut self.request {
            // The error stays in the request until it is sent.
            let _ = set(request);
        }
        self
    }

    /// How to sign in.
    pub fn auth(self, scheme: AuthScheme) -> Self {
        self.with(|request| {
            request.set_auth(scheme);
            Ok(())
        })
    }

    /// Another account than the client's. See [`Request::set_account_id`].
    pub fn account_id(self, account_id: &str) -> Self {
        self.with(|request| request.set_account_id(account_id))
    }

    /// Adds a pair to the query.
    pub fn query(self, name: &str, value: &str) -> Self {
        self.with(|request| request.add_query(name, value))
    }

    /// Sets a header. See [`Request::set_header`].
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|request| request.set_header(name, value, HeaderOptions::default()))
    }

    /// Sets a header whose value is secret.
    pub fn secret_header(self, name: &str, value: &str) -> Self {
        self.with(|request| request.set_header(name, value, HeaderOptions { secret: true, add: false }))
    }

    /// The body; JSON unless a Content-Type is set.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.with(|request| {
            request.set_body(body);
            Ok(())
        })
    }

    /// Whether it may be sent again after a failure. See [`Request::set_replayable`].
    pub fn replayable(self, replayable: bool) -> Self {
        self.with(|request| {
            request.set_replayable(replayable);
            Ok(())
        })
    }

    /// One call's own limits.
    pub fn call(mut self, call: &'a Call) -> Self {
        self.call = Some(call);
        self
    }

    /// Sends it. See [`Client::send`].
    pub fn send(self) -> Result<Response> {
        self.client.send(&self.request?, self.call)
    }

    /// Sends it, and leaves the body to be read piece by piece. See [`Client::open`].
    pub fn open(self) -> Result<Response> {
        self.client.open(&self.request?, self.call)
    }

    /// The pages of a query, one after another. See [`Pages`].
    pub fn pages(self) -> Result<Pages> {
        let call = self.call.cloned();
        Ok(self.client.pages(self.request?)?.within(call))
    }

    /// Starts work that the server does in its own time. See [`Job`].
    pub fn start(self) -> Result<Job> {
        self.client.start(&self.request?, self.call)
    }

    /// Starts such work and waits for its result, all in one deadline. See [`Client::wait`].
    pub fn wait(self) -> Result<Response> {
        self.client.wait(&self.request?, self.call)
    }
}
