//! What accounts without a token cost: a program that serves many customers has one client and thousands of accounts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use boomi_auth::{Client, Credentials, TokenProvider};

const ACCOUNTS: usize = 10_000;

static HELD: AtomicIsize = AtomicIsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: the system's allocator does the work; what is counted changes nothing about it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as isize, Ordering::Relaxed);
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as our caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as isize, Ordering::Relaxed);
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

/// The only test of this program, so nobody else allocates meanwhile.
#[test]
fn an_account_without_a_token_takes_less_than_2_kib_and_finding_one_allocates_the_same_among_10_000() {
    let client = client();
    drop(provider(&client, 0));
    let before = HELD.load(Ordering::Relaxed);
    let providers: Vec<_> = (0..ACCOUNTS).map(|number| provider(&client, number)).collect();
    let each = (HELD.load(Ordering::Relaxed) - before) / ACCOUNTS as isize;
    println!("{each} bytes for each account and its provider");
    assert!(each < 2048, "{each} bytes for each account");
    drop(providers);
    let kept = (HELD.load(Ordering::Relaxed) - before) / ACCOUNTS as isize;
    assert!(kept > 0 && kept <= each, "{kept} bytes, of accounts that are found again");

    // Time is the machine's; what is allocated shows as well whether a look-up copies or walks the others.
    let lookups = |client: &Client| {
        let (begin, held) = (ALLOCATIONS.load(Ordering::Relaxed), HELD.load(Ordering::Relaxed));
        (0..1000).for_each(|number| drop(provider(client, number * 7 % 10)));
        assert_eq!(HELD.load(Ordering::Relaxed), held);
        ALLOCATIONS.load(Ordering::Relaxed) - begin
    };
    let few = self::client();
    (0..10).for_each(|number| drop(provider(&few, number)));
    assert_eq!(lookups(&client), lookups(&few));
}
