//! The source of a client's JWTs: its own account, or the token provider of another client.

use crate::{error::Result, jwt::Token, otp::TypedCode, transport::deadline::Deadline};

pub(crate) trait BearerSource: Send + Sync {
    fn account_id(&self) -> &str;

    /// Returns a valid token, and fetches one within `deadline` if none is cached. `code` goes with that request.
    fn token_for_call(&self, deadline: &Deadline, code: Option<&TypedCode>) -> Result<Token>;

    /// Returns another token than `refused`, which an API answered with `status`; `None` if there is none.
    fn replace(&self, refused: &Token, status: u16, deadline: &Deadline, code: Option<&TypedCode>) -> Option<Token>;

    /// Records that an API answered `token` with `status`. Returns whether the next request gets another token.
    fn observe_refusal(&self, token: &Token, status: u16) -> bool;

    /// Returns the cached token if it is alive and was not refused. No I/O, no waiting.
    fn usable(&self) -> Option<Token>;
}
