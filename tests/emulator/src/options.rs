//! How an emulator starts.

use crate::query::Pages;
use crate::{AsyncOptions, Delay, DownloadOptions, JwtOptions, Outage, RateLimit, Scripted, User, date, otp, users};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How an emulator starts, and what a reset goes back to. As JSON this is the file of `--scenario`; there every
/// field may be left out, and a field that is not known is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Plain HTTP instead of TLS. Default false.
    pub http: bool,
    /// The port to listen on; 0, the default, takes a free one.
    pub port: u16,
    /// Whether there are listeners with bad certificates too. Default true.
    pub bad_tls: bool,
    /// The users. Default [`default_users`](crate::users::default_users).
    pub users: Vec<User>,
    /// How JWTs are made.
    pub jwt: JwtOptions,
    /// How GraphQL refuses a missing or expired JWT.
    pub graphql_refusal: GraphqlRefusal,
    /// Answers scripted from the start.
    pub scripted: Vec<Scripted>,
    /// Latency from the start.
    pub delays: Vec<Delay>,
    /// The outage it starts in, if any.
    pub outage: Option<Outage>,
    /// How many requests a second an account may make. Default 10, so a test that makes more wants
    /// [`Options::unlimited`].
    pub rate_limit: RateLimit,
    /// How many rows a query has. Default 250.
    pub query_rows: u32,
    /// How many of them are on a page. Default 100, as documented.
    pub query_page: u32,
    /// How long asynchronous operations, executions and downloads take. In JSON `async`.
    #[serde(rename = "async")]
    pub asynchronous: AsyncOptions,
    /// What a download holds, and where it is.
    pub download: DownloadOptions,
    /// By how many seconds the `Date` header is shifted; nothing leaves it out. Default 0. In JSON `date`, with
    /// `{"offset_s": 21600}` or `{"none": true}`.
    #[serde(rename = "date", deserialize_with = "date::offset")]
    pub date_offset_s: Option<i64>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            http: false,
            port: 0,
            bad_tls: true,
            users: users::default_users(),
            jwt: JwtOptions::default(),
            graphql_refusal: GraphqlRefusal::default(),
            scripted: Vec::new(),
            delays: Vec::new(),
            outage: None,
            rate_limit: RateLimit::default(),
            query_rows: 250,
            query_page: 100,
            asynchronous: AsyncOptions::default(),
            download: DownloadOptions::default(),
            date_offset_s: Some(0),
        }
    }
}

/// How GraphQL refuses a missing or expired JWT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum GraphqlRefusal {
    /// With HTTP 401, as documented. In JSON `"401"`.
    #[default]
    #[serde(rename = "401")]
    Status401,
    /// With HTTP 200 and `errors`, as seen in the wild. In JSON `"200"`.
    #[serde(rename = "200")]
    Errors200,
}

impl Options {
    /// The default without a rate limit.
    pub fn unlimited() -> Options {
        let rate_limit = RateLimit { requests_per_second: None, ..RateLimit::default() };
        Options { rate_limit, ..Options::default() }
    }

    /// Reads a scenario. The error names the field that is wrong.
    pub fn from_json(json: &str) -> Result<Options, String> {
        let options: Options = from_json(json.as_bytes())?;
        options.check().map(|()| options)
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        for user in &self.users {
            if !user.otp_secret.as_deref().is_none_or(otp::is_secret) {
                return Err(format!("users: the otp_secret of {} is not base32", user.name));
            }
        }
        self.asynchronous.check()?;
        Pages { rows: self.query_rows, page: self.query_page }.check()?;
        self.scripted.iter().try_for_each(Scripted::check)?;
        self.delays.iter().try_for_each(Delay::check)?;
        self.outage.iter().try_for_each(Outage::check)
    }
}

/// Reads JSON; the error says where, by field.
pub(crate) fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}
