//! What a client tells about itself, as JSON.

use serde_json::json;

use super::{Client, context::CallContext, sign_in::load::load};
use crate::guard::{LoginAttempt, route_of};
use crate::{config::OtpSource, error::Result, guard::credential::LoginKind};

impl Client {
    /// The settings in force, as a JSON object. Secrets are `***`.
    pub fn describe(&self) -> String {
        let inner = &self.inner;
        let credentials = inner.auth.credentials().map(|credentials| {
            json!({ "source": credentials.source_name(), "username": credentials.username(), "secret": "***" })
        });
        let store = inner.store.as_ref().map(
            |store| json!({ "url": store.place(), "problem": store.problem(), "connecting": store.is_connecting() }),
        );
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "base_url": inner.origin.to_string(),
            "account_id": inner.account_id,
            "credentials": credentials,
            "otp": inner.auth.otp.as_ref().map_or("none", OtpSource::name),
            "timeout_ms": inner.timeout.as_millis() as u64,
            "connect_timeout_ms": inner.connect_timeout.as_millis() as u64,
            "max_response_bytes": inner.max_response_bytes,
            "requests_per_second": inner.rate_limiter.limit,
            "max_retries": inner.max_retries,
            "max_sign_ins_in_flight": inner.auth.guard.most_in_flight,
            "state_dir": inner.state_dir.as_ref().map(|path| path.display().to_string()),
            "store": store,
            "token_provider": inner.token_provider.as_ref().map(|provider| provider.account_id()),
            "trusted_roots": inner.roots,
            "skipped_certificates": inner.skipped_certificates,
            "proxy": inner.proxy.as_ref().map(|proxy| proxy.url()),
            "user_agent": inner.user_agent.to_str().unwrap_or_default(),
        })
        .to_string()
    }

    /// What the guard knows of this user, and whether it would permit a sign-in now, as a JSON object.
    ///
    /// Sends nothing. Loads the credentials if none are cached, and reads the state directory if one is set.
    ///
    /// ```json
    /// {"username": "user@example.com", "host": "api.boomi.com", "memory": "/home/user/.local/state/boomi-auth",
    ///  "problem": null, "rejections": 1, "unanswered": 0, "in_flight": 0,
    ///  "held": {"reason": "rejected", "wait_ms": 59000}}
    /// ```
    ///
    /// `memory` is `null` if only this process remembers. `problem` says why the store or the state directory cannot be
    /// used. `rejections` and `unanswered` count since the last acceptance. `held` is `null` if a sign-in would be
    /// sent; else its `reason` is `rejected`, `unanswered` or `budget`, and `wait_ms` is `null` if only other
    /// credentials or [`reset_guard`](Self::reset_guard) end the hold.
    pub fn describe_guard(&self) -> Result<String> {
        let loaded = load(&CallContext::begin(&self.inner, None)?)?;
        let status = self.inner.auth.guard.status(&LoginAttempt {
            name: &loaded.basic.username,
            secret: &[loaded.basic.secret.as_bytes()],
            kind: LoginKind::TokenRequest,
            route: route_of("/auth/jwt/generate"),
            foreign: false,
            step: None,
        });
        let held = status
            .held
            .map(|held| json!({ "reason": held.reason(), "wait_ms": held.rest.map(|rest| rest.as_millis() as u64) }));
        Ok(json!({
            "username": loaded.basic.username,
            "host": self.inner.origin.authority(),
            "memory": status.memory,
            "problem": status.problem,
            "rejections": status.rejections,
            "unanswered": status.unanswered,
            "in_flight": status.in_flight,
            "held": held,
        })
        .to_string())
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.describe())
    }
}
