//! The cost of tokens: no allocation for a fresh one, and little memory for thousands of accounts without one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use boomi_auth::{Client, Credentials, TokenProvider};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common;

const ACCOUNTS: usize = 10_000;

thread_local! {
    /// Of this thread: the other tests and the emulator run on others.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: the system's allocator does the work; counting does not change it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size() as isize);
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as our caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as isize);
        // SAFETY: as our caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn client() -> Client {
    let credentials = Credentials::api_token("user@example.com", "123aab45-67b8-9012-3a45-67c8e9e01e23").unwrap();
    Client::builder().credentials(credentials).proxy("").build().unwrap()
}

fn provider(client: &Client, number: usize) -> TokenProvider {
    client.token_provider(format!("account-{number:05}").as_str()).unwrap()
}

#[test]
fn fresh_token_needs_no_allocation() {
    let boomi = Emulator::start_unlimited();
    let provider = common::client(&boomi, common::by_token(REGULAR)).token_provider(None).unwrap();
    // The first call requests the token, and the second sets up this thread's part of the cache.
    let jwt = provider.get().unwrap().jwt().to_owned();
    provider.get().unwrap();
    let begin = ALLOCATIONS.get();
    for _ in 0..1000 {
        assert!(provider.get().unwrap().jwt() == jwt);
    }
    assert_eq!(ALLOCATIONS.get() - begin, 0);

    // In another thread, the first call allocates, and no later one, even after a refresh.
    let later = || {
        let allocations = || {
            let begin = ALLOCATIONS.get();
            (0..1000).for_each(|_| drop(provider.get().unwrap()));
            ALLOCATIONS.get() - begin
        };
        allocations();
        assert_eq!(allocations(), 0);
        std::thread::scope(|threads| threads.spawn(|| provider.refresh(None).unwrap()).join().unwrap());
        assert_eq!(allocations(), 0);
        assert!(provider.get().unwrap().jwt() != jwt);
    };
    std::thread::scope(|threads| threads.spawn(later).join().unwrap());
}

#[test]
fn account_takes_less_than_2_kib_and_look_up_cost_is_constant() {
    let client = client();
    drop(provider(&client, 0));
    let before = HELD.get();
    let providers: Vec<_> = (0..ACCOUNTS).map(|number| provider(&client, number)).collect();
    let each = (HELD.get() - before) / ACCOUNTS as isize;
    println!("{each} bytes for each account and its provider");
    assert!(each < 2048, "{each} bytes for each account");
    drop(providers);
    let kept = (HELD.get() - before) / ACCOUNTS as isize;
    assert!(kept > 0 && kept <= each, "{kept} bytes, of accounts that stay");

    // Allocations, unlike times, show on any machine whether a look-up copies the accounts.
    let lookups = |client: &Client| {
        let (begin, held) = (ALLOCATIONS.get(), HELD.get());
        (0..1000).for_each(|number| drop(provider(client, number * 7 % 10)));
        assert_eq!(HELD.get(), held);
        ALLOCATIONS.get() - begin
    };
    let few = self::client();
    (0..10).for_each(|number| drop(provider(&few, number)));
    assert_eq!(lookups(&client), lookups(&few));
}
