//! What both ways into the library can do, in terms that neither of them owns.

use std::any::Any;

use boomi_auth::{AuthScheme, CaMode, CredentialKind, ErrorKind};

/// A failure, as far as both ways tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub code: i32,
    pub message: String,
    /// 0 where no answer arrived.
    pub status: i32,
    /// -1 where nobody said.
    pub retry_after_ms: i64,
    pub retryable: bool,
    pub sent: bool,
    pub attempts: i32,
}

impl Failure {
    /// Fails, with the whole failure, unless it is of this kind and its message has each of `parts`.
    #[track_caller]
    pub fn assert(&self, kind: ErrorKind, parts: &[&str]) {
        assert_eq!(self.code, kind.code(), "{self:?}");
        for part in parts {
            assert!(self.message.contains(part), "{part:?} is not in {self:?}");
        }
    }

    /// The same, of a failure before anything left this machine.
    #[track_caller]
    pub fn assert_unsent(&self, kind: ErrorKind, parts: &[&str]) {
        self.assert(kind, parts);
        assert_eq!((self.status, self.sent), (0, false), "{self:?}");
    }
}

/// Which credentials a callback gives.
#[derive(Debug, Clone)]
pub struct Given {
    pub kind: CredentialKind,
    pub username: &'static str,
    pub secret: &'static str,
}

pub type CredentialsFn = Box<dyn Fn(bool) -> Given + Send + Sync>;
/// `None`: there is no code.
pub type OtpFn = Box<dyn Fn() -> Option<String> + Send + Sync>;
/// Told the number of the event's kind, and its JSON.
pub type EventFn = Box<dyn Fn(u32, &str) + Send + Sync>;
pub type WaitFn = Box<dyn Fn() -> bool + Send + Sync>;

/// One setting of a client.
pub enum Setting {
    Credentials(CredentialKind, &'static str, &'static str),
    CredentialsFn(CredentialsFn),
    /// A command, and whose credentials it gives.
    CredentialProcess(String, Option<&'static str>),
    /// The name of an entry, and whose it is.
    Keychain(&'static str, Option<&'static str>),
    AccountId(String),
    BaseUrl(String),
    OtpSecret(String),
    OtpFn(OtpFn),
    ConnectTimeoutMs(u32),
    TimeoutMs(u32),
    CaPem(Vec<u8>, CaMode),
    Proxy(String),
    UserAgent(String),
    MaxResponseBytes(u64),
    MaxSignInsInFlight(u32),
    RequestsPerSecond(u32),
    MaxRetries(u32),
    StateDir(String),
    /// An [`Api::TokenProvider`]; see [`Setting::provider`].
    TokenProviderOf(Box<dyn Any>),
    OnEvent(EventFn),
    WaitHook(WaitFn),
}

impl Setting {
    /// The provider whose JWT the client sends.
    pub fn provider<A: Api>(provider: &A::TokenProvider) -> Setting {
        Setting::TokenProviderOf(Box::new(provider.clone()))
    }
}

/// One way into the library. Each function is one function or method of it.
pub trait Api: 'static {
    type Client: Clone + Send + 'static;
    type Request;
    type Call: Clone + Send + 'static;
    type Response: Response;
    type Token: Token;
    type Authorization: Authorization;
    type TokenProvider: Clone + Send + 'static;
    type Pages;
    type Job;

    fn auth_username(kind: CredentialKind, username: &str) -> Result<String, Failure>;
    fn auth_header(kind: CredentialKind, username: &str, secret: &str) -> Result<String, Failure>;
    fn otp_code(secret: &str, unix_time: i64) -> Result<String, Failure>;

    /// Sets everything, and looks once.
    fn client(settings: Vec<Setting>) -> Result<Self::Client, Failure>;
    fn describe(client: &Self::Client) -> String;
    fn describe_guard(client: &Self::Client) -> Result<String, Failure>;
    fn cancel_client(client: &Self::Client);
    fn reset_guard(client: &Self::Client);

    fn request(method: &str, path_or_url: &str) -> Result<Self::Request, Failure>;
    fn set_auth(request: &mut Self::Request, scheme: AuthScheme);
    fn set_account_id(request: &mut Self::Request, account_id: &str) -> Result<(), Failure>;
    fn add_query(request: &mut Self::Request, name: &str, value: &str) -> Result<(), Failure>;
    fn set_header(request: &mut Self::Request, header: Header<'_>) -> Result<(), Failure>;
    fn set_body(request: &mut Self::Request, body: &[u8]);
    fn set_replayable(request: &mut Self::Request, replayable: bool);

    fn call() -> Self::Call;
    fn set_timeout_ms(call: &mut Self::Call, timeout_ms: u32) -> Result<(), Failure>;
    fn set_otp(call: &mut Self::Call, code: &str) -> Result<(), Failure>;
    fn cancel_call(call: &Self::Call);

    fn send(
        client: &Self::Client,
        request: &Self::Request,
        call: Option<&Self::Call>,
    ) -> Result<Self::Response, Failure>;
    fn open(
        client: &Self::Client,
        request: &Self::Request,
        call: Option<&Self::Call>,
    ) -> Result<Self::Response, Failure>;
    /// [`start`](Self::start) and [`wait_for`](Self::wait_for) in one.
    fn wait(
        client: &Self::Client,
        request: &Self::Request,
        call: Option<&Self::Call>,
    ) -> Result<Self::Response, Failure>;
    fn generate_jwt(
        client: &Self::Client,
        account_id: Option<&str>,
        call: Option<&Self::Call>,
    ) -> Result<Self::Token, Failure>;
    fn authorize(
        client: &Self::Client,
        scheme: AuthScheme,
        url: &str,
        call: Option<&Self::Call>,
    ) -> Result<Self::Authorization, Failure>;

    fn token_provider(client: &Self::Client, account_id: Option<&str>) -> Result<Self::TokenProvider, Failure>;
    fn get_token(
        provider: &Self::TokenProvider,
        min_validity_s: u32,
        call: Option<&Self::Call>,
    ) -> Result<Self::Token, Failure>;
    fn refresh(provider: &Self::TokenProvider, call: Option<&Self::Call>) -> Result<(), Failure>;
    fn invalidate(provider: &Self::TokenProvider, rejected: &Self::Token);
    fn describe_provider(provider: &Self::TokenProvider) -> String;

    fn pages(client: &Self::Client, request: &Self::Request) -> Result<Self::Pages, Failure>;
    /// `None` after the last.
    fn next_page(pages: &mut Self::Pages, call: Option<&Self::Call>) -> Result<Option<Self::Response>, Failure>;

    fn start(client: &Self::Client, request: &Self::Request, call: Option<&Self::Call>) -> Result<Self::Job, Failure>;
    fn wait_for(job: &mut Self::Job, call: Option<&Self::Call>) -> Result<Self::Response, Failure>;
    fn open_job(job: &mut Self::Job, call: Option<&Self::Call>) -> Result<Self::Response, Failure>;
    fn job_path(job: &Self::Job) -> Option<String>;
}

/// One header of a request.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub secret: bool,
    pub add: bool,
}

impl<'a> Header<'a> {
    pub fn plain(name: &'a str, value: &'a str) -> Self {
        Header { name, value, secret: false, add: false }
    }
}

pub trait Response {
    fn status(&self) -> i32;
    fn check(&self) -> Result<(), Failure>;
    fn message(&self) -> Option<String>;
    fn header(&self, name: &str) -> Option<String>;
    fn headers(&self) -> Vec<(String, String)>;
    fn body(&self) -> Vec<u8> {
        self.whole_body().expect("a body that is here")
    }
    /// `None` if the body is still on its way.
    fn whole_body(&self) -> Option<Vec<u8>>;
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure>;
    fn attempts(&self) -> i32;
    fn retry_after_ms(&self) -> i64;
}

pub trait Token: Sized {
    fn jwt(&self) -> String;
    fn header(&self) -> String;
    fn account_id(&self) -> String;
    fn issued_at(&self) -> i64;
    fn expires_at(&self) -> i64;
    fn another_reference(&self) -> Self;
}

pub trait Authorization {
    fn headers(&self) -> Vec<(String, String)>;
    /// Whether it helps to authorize anew and send once more.
    fn observe(&mut self, status: i32, body: &[u8]) -> Result<bool, Failure>;
    fn withdraw(&mut self);
}
