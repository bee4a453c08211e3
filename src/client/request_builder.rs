//! Requests built and sent in one expression.

use super::request::{AuthScheme, HeaderOptions, Request};
use super::{Client, call::Call, job::Job, pages::Pages, response::Response};
use crate::error::Result;

/// Builds and sends a request of a client. An error of a setter appears when it is sent.
#[must_use]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    request: Result<Request>,
    call: Option<&'a Call>,
}

impl Client {
    /// Builds a GET request.
    pub fn get(&self, path_or_url: &str) -> RequestBuilder<'_> {
        self.request("GET", path_or_url)
    }

    /// Builds a POST request.
    pub fn post(&self, path_or_url: &str) -> RequestBuilder<'_> {
        self.request("POST", path_or_url)
    }

    /// Builds a DELETE request.
    pub fn delete(&self, path_or_url: &str) -> RequestBuilder<'_> {
        self.request("DELETE", path_or_url)
    }

    /// Builds a request.
    pub fn request(&self, method: &str, path_or_url: &str) -> RequestBuilder<'_> {
        RequestBuilder { client: self, request: Request::new(method, path_or_url), call: None }
    }
}

impl<'a> RequestBuilder<'a> {
    fn with<T>(mut self, set: impl FnOnce(&mut Request) -> T) -> Self {
        if let Ok(request) = &mut self.request {
            // The request keeps an error of the setter until it is sent.
            set(request);
        }
        self
    }

    /// Sets the authentication scheme.
    pub fn auth(self, scheme: AuthScheme) -> Self {
        self.with(|request| request.set_auth(scheme))
    }

    /// Sets the account, in place of the client's. See [`Request::set_account_id`].
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

    /// Sets the body; JSON unless a Content-Type is set.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.with(|request| request.set_body(body))
    }

    /// Sets whether the request is idempotent. See [`Request::set_replayable`].
    pub fn replayable(self, replayable: bool) -> Self {
        self.with(|request| request.set_replayable(replayable))
    }

    /// Sets the limits of the call.
    pub fn call(mut self, call: &'a Call) -> Self {
        self.call = Some(call);
        self
    }

    /// Sends the request. See [`Client::send`].
    pub fn send(self) -> Result<Response> {
        self.client.send(&self.request?, self.call)
    }

    /// Sends the request, and streams the body. See [`Client::open`].
    pub fn open(self) -> Result<Response> {
        self.client.open(&self.request?, self.call)
    }

    /// Returns the pages of a query. See [`Pages`].
    pub fn pages(self) -> Result<Pages> {
        let mut pages = self.client.pages(self.request?)?;
        pages.call = self.call.cloned();
        Ok(pages)
    }

    /// Starts asynchronous work. See [`Job`].
    pub fn start(self) -> Result<Job> {
        self.client.start(&self.request?, self.call)
    }

    /// Starts asynchronous work and waits for its result. See [`Client::wait`].
    pub fn wait(self) -> Result<Response> {
        self.client.wait(&self.request?, self.call)
    }
}
