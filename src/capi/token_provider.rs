//! The functions of a token provider, which caches and refreshes one account's JWT.

use std::{ffi::c_char, sync::Arc, time::Duration};

use super::boundary::{borrow, create, optional_text, run};
use super::client::{boomi_client, in_use, in_use_call};
use super::config::{self, boomi_config};
use super::error::{boomi_code, boomi_error};
use super::handle::{get, give, release};
use super::token::{self, boomi_token};
use super::{call::boomi_call, text::give_text};
use crate::{client::TokenProvider, error::Result};

/// Hands out a JWT for one account: a cached one, refreshed before it expires. Used by any number of threads at once.
///
/// All providers of one client and account, and the client's own requests, share one token. One caller refreshes it
/// while the others use the cached one; callers that need a new one share one token request. A provider keeps its
/// client alive, has no thread, and works in a child of fork(): see "Fork" above. Freed with
/// boomi_token_provider_free(), in any order with its client and tokens.
pub struct boomi_token_provider {
    pub(crate) provider: TokenProvider,
}

/// A provider of JWTs for an account; `account_id` may be NULL for the client's own. No I/O. `client` may be freed
/// afterwards.
///
/// `*provider_out` is freed with boomi_token_provider_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT; BOOMI_ERR_CONFIG if there is no account id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_provider_new(
    client: *const boomi_client,
    account_id: *const c_char,
    provider_out: *mut *mut boomi_token_provider,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(provider_out, "provider_out", error_out, || {
            let provider = in_use(client)?.token_provider(optional_text(account_id, "account_id")?)?;
            Ok(give(boomi_token_provider { provider }))
        })
    }
}

/// A JWT with at least `min_validity_s` seconds left, as far as the server gives one; 0 is right for a request that is
/// sent at once. A fresh cached token is returned without I/O or lock, and allocates memory only in a thread's first
/// call; else this requests a token from the server, or waits for the caller that does. `call` may be NULL for the
/// client's limits.
///
/// The call does not wait for more than 0.6 of a token's life, and returns a token that was requested just now whatever
/// is left of it. If the server cannot be reached, or the guard blocks authentication, it returns a token with less
/// left until that expires.
///
/// `*token_out` is freed with boomi_token_free(), and outlives the provider; NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT; only without an unexpired token those of boomi_jwt_generate(). A failure of the
/// server fails all calls until the next attempt: boomi_error_retry_after_ms() says when that is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_provider_get(
    provider: *const boomi_token_provider,
    min_validity_s: u32,
    call: *const boomi_call,
    token_out: *mut *mut boomi_token,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(token_out, "token_out", error_out, || {
            let min_validity = Duration::from_secs(min_validity_s.into());
            // Borrowed handles are enough for a cached token: no callback runs, which could free them.
            let limits = get(call).map(|limits| &limits.call);
            if let Some(token) = borrow(provider, "provider")?.provider.get_if_fresh(min_validity, limits) {
                return Ok(token::give(token));
            }
            let (provider, call) = (in_use_provider(provider)?, in_use_call(call));
            Ok(token::give(provider.get_with(min_validity, call.as_ref())?))
        })
    }
}

/// Requests a new JWT from the server now, for callers with a timer of their own, or joins a token request in progress.
/// On failure the cached token stays. `call` may be NULL for the client's limits.
/// Errors: those of boomi_jwt_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_provider_refresh(
    provider: *const boomi_token_provider,
    call: *const boomi_call,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    run(error_out, || {
        // SAFETY: see the module's contract.
        let (provider, call) = unsafe { (in_use_provider(provider)?, in_use_call(call)) };
        provider.refresh(call.as_ref())
    })
}

/// Reports that an API refused `rejected` with 401, a token of boomi_token_provider_get(), which the caller still
/// frees. The provider drops it, so that the next boomi_token_provider_get() returns another. Within half a minute of
/// another refusal (a minute if the refused token replaced a refused one) it keeps the token, because then tokens are
/// not the cause. No I/O.
///
/// A token that was replaced since, or is of another provider's account or client, changes nothing. Nor does NULL, for
/// either.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_provider_invalidate(
    provider: *const boomi_token_provider,
    rejected: *const boomi_token,
) {
    // There is no code to give back: a panic leaves the token as it is.
    run(std::ptr::null_mut(), || {
        // SAFETY: see the module's contract.
        let rejected = unsafe { token::another_reference(rejected) };
        if let (Some(handle), Some(rejected)) = (get(provider), rejected) {
            // Both are references of the call's own: an event callback may free the handles.
            handle.provider.clone().invalidate(&rejected);
        }
        Ok(())
    });
}

/// The token's times and counters as a JSON object for people and logs, to which keys may be added. Never a secret. No
/// I/O.
///
/// account_id; generation (how many tokens there were); issued_at, expires_at and next_refresh_at (Unix seconds by this
/// machine's clock; null without a token); last_error (a BOOMI_ERR_* code; 0 if the last token request succeeded); and
/// counters since the client was made: exchanges (token requests sent), joins, stale_served, refused, held.
///
/// `*json_out` is freed with boomi_string_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_provider_describe(
    provider: *const boomi_token_provider,
    json_out: *mut *mut c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(json_out, "json_out", error_out, || Ok(give_text(&borrow(provider, "provider")?.provider.describe())))
    }
}

/// Sets the provider whose JWT is sent with this client's requests.
///
/// For another host that accepts the platform's bearer tokens, such as a DataHub repository. BOOMI_AUTH_AUTO then
/// means a JWT for every request, and the client needs no credentials of its own.
///
/// `provider` may be freed afterwards; these settings, their copies and the clients created from them keep it and
/// its client alive.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_token_provider(
    config: *mut boomi_config,
    provider: *const boomi_token_provider,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        config::set(config, error_out, |config| {
            config.set(in_use_provider(provider), |config, provider| config.token_provider = Some(Arc::new(provider)))
        })
    }
}

/// Frees a provider. Calls in progress, tokens, and clients with boomi_config_set_token_provider() live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_provider_free(provider: *mut boomi_token_provider) {
    // SAFETY: see the module's contract.
    unsafe { release(provider) }
}

/// Clones the provider for one call: its handle may be freed during the call, even inside a callback.
pub(crate) unsafe fn in_use_provider(provider: *const boomi_token_provider) -> Result<TokenProvider> {
    // SAFETY: the same contract.
    Ok(unsafe { borrow(provider, "provider") }?.provider.clone())
}
