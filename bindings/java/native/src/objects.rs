//! The objects that Java has handles of. A handle is a number that is used once, so a freed one is recognized.
//!
//! A call shares its object, so that freeing it meanwhile is safe, and takes effect when the call ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use boomi_auth::{Authorization, Call, Client, Job, Pages, Response, Secret, Token, TokenProvider};

use crate::failure::Failure;

/// Credentials, and the source of their one-time codes.
pub(crate) struct Credentials {
    pub(crate) core: boomi_auth::Credentials,
    pub(crate) otp: Otp,
}

/// The source of one-time codes.
pub(crate) enum Otp {
    None,
    Secret(Secret),
    /// A function of Java's.
    Function(i64),
}

#[expect(clippy::large_enum_variant, reason = "each is in an allocation of its own anyway")]
pub(crate) enum Object {
    Credentials(Credentials),
    Client(Client),
    TokenProvider(TokenProvider),
    Token(Token),
    /// `None` after its response was reported.
    Authorization(Mutex<Option<Authorization>>),
    /// A response whose body is not read yet.
    Response(Mutex<Response>),
    Pages(Mutex<Pages>),
    Job(Mutex<Job>),
    Call(Call),
}

static OBJECTS: LazyLock<RwLock<HashMap<i64, Arc<Object>>>> = LazyLock::new(Default::default);
static LAST: AtomicI64 = AtomicI64::new(0);

/// Keeps an object until [`free`], under a number that is not 0.
pub(crate) fn keep(object: Object) -> i64 {
    let handle = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    OBJECTS.write().unwrap_or_else(PoisonError::into_inner).insert(handle, Arc::new(object));
    handle
}

pub(crate) fn get(handle: i64) -> Result<Arc<Object>, Failure> {
    OBJECTS.read().unwrap_or_else(PoisonError::into_inner).get(&handle).cloned().ok_or(Failure::Closed)
}

pub(crate) fn free(handle: i64) {
    let freed = OBJECTS.write().unwrap_or_else(PoisonError::into_inner).remove(&handle);
    // Outside of the lock: an authorization without a reported response writes to the state directory.
    drop(freed);
}

/// The number of objects, for tests of leaks.
pub(crate) fn count() -> usize {
    OBJECTS.read().unwrap_or_else(PoisonError::into_inner).len()
}

macro_rules! getters {
    ($($name:ident: $kind:ident($type:ty);)*) => {
        impl Object {
            $(pub(crate) fn $name(&self) -> Result<&$type, Failure> {
                match self {
                    Object::$kind(object) => Ok(object),
                    _ => Err(Failure::Closed),
                }
            })*
        }
    };
}

getters! {
    credentials: Credentials(Credentials);
    client: Client(Client);
    token_provider: TokenProvider(TokenProvider);
    token: Token(Token);
    authorization: Authorization(Mutex<Option<Authorization>>);
    response: Response(Mutex<Response>);
    pages: Pages(Mutex<Pages>);
    job: Job(Mutex<Job>);
    call: Call(Call);
}
