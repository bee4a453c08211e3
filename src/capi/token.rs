//! What a token tells: the JWT, its account and its times.

use std::{ffi::c_char, ptr::null, sync::Arc};

use crate::jwt::{CountedToken, Token, TokenData};

/// A JWT for one account: immutable, shared by any number of threads. What its functions return is borrowed until it is
/// freed, with boomi_token_free().
pub struct boomi_token {
    /// C only has pointers to a token. Each comes from `Arc::into_raw` of an `Arc<CountedToken>` and owns one
    /// reference.
    _opaque: [u8; 0],
}

pub(crate) fn give(token: Token) -> *mut boomi_token {
    Arc::into_raw(token.0).cast_mut().cast()
}

/// Returns a Rust reference to a token that C holds; `None` for NULL.
///
/// # Safety
/// `token` is NULL, or came from [`give`] and is not freed yet.
pub(crate) unsafe fn another_reference(token: *const boomi_token) -> Option<Token> {
    let shared = token.cast::<CountedToken>();
    if shared.is_null() {
        return None;
    }
    // SAFETY: the pointer is from `Arc::into_raw`, and C's reference keeps the token alive. The added reference is the
    // returned one.
    let shared = unsafe {
        Arc::increment_strong_count(shared);
        Arc::from_raw(shared)
    };
    Some(Token(shared))
}

fn get<'a>(token: *const boomi_token) -> Option<&'a TokenData> {
    // SAFETY: NULL, or from `give`, by the module's contract.
    unsafe { token.cast::<CountedToken>().as_ref() }.map(|shared| &*shared.data)
}

/// The JWT itself; NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_jwt(token: *const boomi_token) -> *const c_char {
    get(token).map_or(null(), |token| token.c_jwt().as_ptr())
}

/// The value of the Authorization header, "Bearer ..."; NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_header(token: *const boomi_token) -> *const c_char {
    get(token).map_or(null(), |token| token.header.as_c_str().as_ptr())
}

/// The account that the token is for; NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_account_id(token: *const boomi_token) -> *const c_char {
    get(token).map_or(null(), |token| token.account_id.as_ptr())
}

/// When it was requested: Unix seconds, by this machine's clock. 0 if `token` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_issued_at(token: *const boomi_token) -> i64 {
    get(token).map_or(0, |token| token.issued_at)
}

/// When it expires: Unix seconds, by this machine's clock, whatever the server's clock says. 0 if `token` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_expires_at(token: *const boomi_token) -> i64 {
    get(token).map_or(0, |token| token.expires_at)
}

/// One more reference to the same token, freed on its own. NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_clone(token: *const boomi_token) -> *mut boomi_token {
    // SAFETY: NULL, or from `give` and not freed yet, by the module's contract.
    unsafe { another_reference(token) }.map_or(std::ptr::null_mut(), give)
}

/// Ends one reference; the last wipes the token. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_free(token: *mut boomi_token) {
    if !token.is_null() {
        // SAFETY: it came from `give`, by the module's contract, and is not used afterwards.
        drop(unsafe { Arc::from_raw(token.cast::<CountedToken>().cast_const()) });
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::ptr::null_mut;
    use std::sync::Weak;
    use std::time::Duration;

    use super::super::handle;
    use super::super::token_provider::{boomi_token_provider, boomi_token_provider_free, boomi_token_provider_get};
    use super::*;
    use crate::client::TokenProvider;
    use crate::clock::Clock as _;
    use crate::tests::sim::clock::Sim;
    use crate::tests::sim::server::{self, Issuer};

    struct World {
        sim: Arc<Sim>,
        provider: TokenProvider,
        handle: *mut boomi_token_provider,
    }

    // SAFETY: C may use a provider's handle in several threads.
    unsafe impl Sync for World {}

    impl World {
        fn new() -> Self {
            let sim = Sim::new(1_800_000_000, 1);
            let issuer = Issuer::new(sim.clone(), 1);
            let provider = server::client(&issuer, sim.clone(), |_| {}).token_provider(None).unwrap();
            World { sim, handle: handle::give(boomi_token_provider { provider: provider.clone() }), provider }
        }

        fn get(&self) -> *mut boomi_token {
            let mut token = null_mut();
            // SAFETY: the handle lives as long as this.
            let code =
                unsafe { boomi_token_provider_get(self.handle, 0, std::ptr::null(), &raw mut token, null_mut()) };
            assert_eq!(code, 0);
            token
        }

        fn refresh(&self) {
            self.sim.sleep(Duration::from_secs(1));
            self.provider.refresh(None).unwrap();
        }
    }

    impl Drop for World {
        fn drop(&mut self) {
            // SAFETY: from `give`, and not used afterwards.
            unsafe { boomi_token_provider_free(self.handle) };
        }
    }

    fn free(token: *mut boomi_token) {
        // SAFETY: each test frees each token once.
        unsafe { boomi_token_free(token) };
    }

    fn jwt(token: *mut boomi_token) -> String {
        // SAFETY: not freed yet.
        unsafe { CStr::from_ptr(boomi_token_jwt(token)) }.to_str().unwrap().to_owned()
    }

    /// A reference that shows whether the token's memory is freed.
    fn watch(token: *mut boomi_token) -> Weak<CountedToken> {
        // SAFETY: not freed yet.
        Arc::downgrade(&unsafe { another_reference(token) }.unwrap().0)
    }

    #[test]
    fn token_lives_until_its_last_reference_is_freed() {
        let world = World::new();
        let tokens: Vec<_> = (0..10).map(|_| world.get()).collect();
        assert!(tokens.iter().all(|token| jwt(*token) == jwt(tokens[0])));
        let seen = watch(tokens[0]);
        // SAFETY: not freed yet.
        let clone = unsafe { boomi_token_clone(tokens[0]) };
        tokens.into_iter().for_each(free);
        world.refresh();
        let next = world.get();
        assert_ne!(jwt(next), jwt(clone));
        assert!(seen.upgrade().is_some(), "C has a reference");
        free(clone);
        assert!(seen.upgrade().is_none(), "the last reference is freed");
        let seen = watch(next);
        free(next);
        drop(world);
        assert!(seen.upgrade().is_none(), "the provider is freed");
    }

    #[test]
    fn token_that_is_not_fresh_is_not_handed_out() {
        let world = World::new();
        let first = world.get();
        // SAFETY: not freed yet.
        world.provider.invalidate(&unsafe { another_reference(first) }.unwrap());
        let second = world.get();
        assert_ne!(jwt(first), jwt(second));
        world.sim.sleep(Duration::from_secs(299));
        let third = world.get();
        assert_ne!(jwt(second), jwt(third));
        [first, second, third].into_iter().for_each(free);
    }

    #[test]
    fn threads_get_and_free_while_the_token_is_replaced() {
        let world = World::new();
        let first = world.get();
        let seen = watch(first);
        free(first);
        let rounds = if cfg!(miri) { 20 } else { 200 };
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..rounds {
                        let tokens: Vec<_> = (0..8).map(|_| world.get()).collect();
                        assert!(tokens.iter().all(|token| jwt(*token).len() > 40));
                        tokens.into_iter().for_each(free);
                    }
                });
            }
            for _ in 0..rounds / 20 {
                world.refresh();
            }
        });
        assert!(seen.upgrade().is_none(), "every reference is freed");
    }
}
