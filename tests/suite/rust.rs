//! The way in through the Rust types.

use std::time::Duration;

use boomi_auth::{
    AuthScheme, Call, Client, CredentialKind, Credentials, Error, HeaderOptions, Job, Pages, Request, TokenProvider,
    auth_header, auth_username, otp_code,
};

use crate::api::{self, Api, Failure, Given, Header, Setting};

pub struct Rust;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure {
            code: error.kind().code(),
            message: error.message().to_owned(),
            status: error.status().map_or(0, i32::from),
            retry_after_ms: milliseconds(error.retry_after()),
            retryable: error.is_retryable(),
            sent: error.was_sent(),
            attempts: error.attempts().try_into().unwrap(),
        }
    }
}

fn milliseconds(span: Option<Duration>) -> i64 {
    span.map_or(-1, |span| span.as_millis().try_into().unwrap())
}

fn credentials(kind: CredentialKind, username: &str, secret: &str) -> Result<Credentials, Error> {
    match kind {
        CredentialKind::ApiToken => Credentials::api_token(username, secret),
        CredentialKind::Password => Credentials::password(username, secret),
    }
}

impl Api for Rust {
    type Client = Client;
    type Request = Request;
    type Call = Call;
    type Response = boomi_auth::Response;
    type Token = boomi_auth::Token;
    type Authorization = boomi_auth::Authorization;
    type TokenProvider = TokenProvider;
    type Pages = Pages;
    type Job = Job;

    fn auth_username(kind: CredentialKind, username: &str) -> Result<String, Failure> {
        Ok(auth_username(kind, username)?)
    }

    fn auth_header(kind: CredentialKind, username: &str, secret: &str) -> Result<String, Failure> {
        Ok(auth_header(kind, username, secret)?.expose().to_owned())
    }

    fn otp_code(secret: &str, unix_time: i64) -> Result<String, Failure> {
        Ok(otp_code(secret, unix_time)?.expose().to_owned())
    }

    fn client(settings: Vec<Setting>) -> Result<Client, Failure> {
        let mut builder = Client::builder();
        for setting in settings {
            builder = match setting {
                // Checked where they are made: a builder gets good ones only.
                Setting::Credentials(kind, username, secret) => {
                    builder.credentials(credentials(kind, username, secret)?)
                }
                Setting::CredentialsFn(ask) => builder.credentials(Credentials::from_fn(move |rejected| {
                    let Given { kind, username, secret } = ask(rejected);
                    credentials(kind, username, secret)
                })),
                Setting::CredentialProcess(command, username) => {
                    builder.credentials(Credentials::process(&command, username)?)
                }
                Setting::Keychain(entry, username) => builder.credentials(Credentials::keychain(entry, username)?),
                Setting::AccountId(account_id) => builder.account_id(&account_id),
                Setting::BaseUrl(url) => builder.base_url(&url),
                Setting::OtpSecret(secret) => builder.otp_secret(&secret),
                Setting::OtpFn(ask) => builder.otp_from_fn(move || ask().ok_or_else(|| "there is no code".into())),
                Setting::ConnectTimeoutMs(timeout) => builder.connect_timeout(Duration::from_millis(timeout.into())),
                Setting::TimeoutMs(timeout) => builder.timeout(Duration::from_millis(timeout.into())),
                Setting::CaPem(pem, mode) => builder.ca_pem(&pem, mode),
                Setting::Proxy(url) => builder.proxy(&url),
                Setting::UserAgent(product) => builder.user_agent(&product),
                Setting::MaxResponseBytes(bytes) => builder.max_response_bytes(bytes),
                Setting::MaxSignInsInFlight(count) => builder.max_sign_ins_in_flight(count),
                Setting::RequestsPerSecond(count) => builder.requests_per_second(count),
                Setting::MaxRetries(count) => builder.max_retries(count),
                Setting::StateDir(path) => builder.state_dir(path),
                Setting::TokenProviderOf(provider) => {
                    builder.token_provider(provider.downcast_ref::<TokenProvider>().expect("one of this way"))
                }
                Setting::OnEvent(tell) => builder.on_event(move |event| tell(event.kind().code(), &event.to_json())),
                Setting::WaitHook(ask) => builder.wait_hook(ask),
            };
        }
        Ok(builder.build()?)
    }

    fn describe(client: &Client) -> String {
        client.describe()
    }

    fn describe_guard(client: &Client) -> Result<String, Failure> {
        Ok(client.describe_guard()?)
    }

    fn cancel_client(client: &Client) {
        client.cancel();
    }

    fn reset_guard(client: &Client) {
        client.reset_guard();
    }

    fn request(method: &str, path_or_url: &str) -> Result<Request, Failure> {
        Ok(Request::new(method, path_or_url)?)
    }

    fn set_auth(request: &mut Request, scheme: AuthScheme) {
        request.set_auth(scheme);
    }

    fn set_account_id(request: &mut Request, account_id: &str) -> Result<(), Failure> {
        Ok(request.set_account_id(account_id)?)
    }

    fn add_query(request: &mut Request, name: &str, value: &str) -> Result<(), Failure> {
        Ok(request.add_query(name, value)?)
    }

    fn set_header(request: &mut Request, header: Header<'_>) -> Result<(), Failure> {
        let options = HeaderOptions { secret: header.secret, add: header.add };
        Ok(request.set_header(header.name, header.value, options)?)
    }

    fn set_body(request: &mut Request, body: &[u8]) {
        request.set_body(body);
    }

    fn set_replayable(request: &mut Request, replayable: bool) {
        request.set_replayable(replayable);
    }

    fn call() -> Call {
        Call::new()
    }

    fn set_timeout_ms(call: &mut Call, timeout_ms: u32) -> Result<(), Failure> {
        Ok(call.set_timeout(Duration::from_millis(timeout_ms.into()))?)
    }

    fn set_otp(call: &mut Call, code: &str) -> Result<(), Failure> {
        Ok(call.set_otp(code)?)
    }

    fn cancel_call(call: &Call) {
        call.cancel();
    }

    fn send(client: &Client, request: &Request, call: Option<&Call>) -> Result<Self::Response, Failure> {
        Ok(client.send(request, call)?)
    }

    fn open(client: &Client, request: &Request, call: Option<&Call>) -> Result<Self::Response, Failure> {
        Ok(client.open(request, call)?)
    }

    fn wait(client: &Client, request: &Request, call: Option<&Call>) -> Result<Self::Response, Failure> {
        Ok(client.wait(request, call)?)
    }

    fn generate_jwt(client: &Client, account_id: Option<&str>, call: Option<&Call>) -> Result<Self::Token, Failure> {
        Ok(client.generate_jwt(account_id, call)?)
    }

    fn authorize(
        client: &Client,
        scheme: AuthScheme,
        url: &str,
        call: Option<&Call>,
    ) -> Result<Self::Authorization, Failure> {
        Ok(client.authorize(scheme, url, call)?)
    }

    fn token_provider(client: &Client, account_id: Option<&str>) -> Result<TokenProvider, Failure> {
        Ok(client.token_provider(account_id)?)
    }

    fn get_token(
        provider: &TokenProvider,
        min_validity_s: u32,
        call: Option<&Call>,
    ) -> Result<boomi_auth::Token, Failure> {
        Ok(provider.get_with(Duration::from_secs(min_validity_s.into()), call)?)
    }

    fn refresh(provider: &TokenProvider, call: Option<&Call>) -> Result<(), Failure> {
        Ok(provider.refresh(call)?)
    }

    fn invalidate(provider: &TokenProvider, rejected: &boomi_auth::Token) {
        provider.invalidate(rejected);
    }

    fn describe_provider(provider: &TokenProvider) -> String {
        provider.describe()
    }

    fn pages(client: &Client, request: &Request) -> Result<Pages, Failure> {
        Ok(client.pages(request.clone())?)
    }

    fn next_page(pages: &mut Pages, call: Option<&Call>) -> Result<Option<Self::Response>, Failure> {
        Ok(pages.next_page(call)?)
    }

    fn start(client: &Client, request: &Request, call: Option<&Call>) -> Result<Job, Failure> {
        Ok(client.start(request, call)?)
    }

    fn wait_for(job: &mut Job, call: Option<&Call>) -> Result<Self::Response, Failure> {
        Ok(job.wait(call)?)
    }

    fn open_job(job: &mut Job, call: Option<&Call>) -> Result<Self::Response, Failure> {
        Ok(job.open(call)?)
    }

    fn job_path(job: &Job) -> Option<String> {
        job.path().map(str::to_owned)
    }
}

impl api::Response for boomi_auth::Response {
    fn status(&self) -> i32 {
        self.status().into()
    }

    fn check(&self) -> Result<(), Failure> {
        self.error().map_or(Ok(()), |error| Err(error.into()))
    }

    fn message(&self) -> Option<String> {
        self.message().map(str::to_owned)
    }

    fn header(&self, name: &str) -> Option<String> {
        self.header(name).map(str::to_owned)
    }

    fn headers(&self) -> Vec<(String, String)> {
        self.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn whole_body(&self) -> Option<Vec<u8>> {
        // In Rust an empty body is empty, be it here or on its way.
        Some(self.body().to_vec()).filter(|body| !body.is_empty())
    }

    fn body(&self) -> Vec<u8> {
        self.body().to_vec()
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        Ok(self.read(buffer)?)
    }

    fn attempts(&self) -> i32 {
        self.attempts().try_into().unwrap()
    }

    fn retry_after_ms(&self) -> i64 {
        milliseconds(self.retry_after())
    }
}

impl api::Token for boomi_auth::Token {
    fn jwt(&self) -> String {
        self.jwt().to_owned()
    }

    fn header(&self) -> String {
        self.header().to_owned()
    }

    fn account_id(&self) -> String {
        self.account_id().to_owned()
    }

    fn issued_at(&self) -> i64 {
        self.issued_at()
    }

    fn expires_at(&self) -> i64 {
        self.expires_at()
    }

    fn another_reference(&self) -> Self {
        self.clone()
    }
}

impl api::Authorization for boomi_auth::Authorization {
    fn headers(&self) -> Vec<(String, String)> {
        self.headers().map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect()
    }

    fn observe(&mut self, status: i32, body: &[u8]) -> Result<bool, Failure> {
        Ok(self.observe(status.try_into().unwrap(), body))
    }

    fn withdraw(&mut self) {
        self.withdraw();
    }
}
