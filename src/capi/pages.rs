//! The functions that read a query page by page.

use super::boundary::{OneAtATime, borrow, create};
use super::client::{boomi_client, in_use, in_use_call};
use super::error::{boomi_code, boomi_error};
use super::handle::{give, release};
use super::{call::boomi_call, request::boomi_request, response::boomi_response};
use crate::client::pages::Pages;

/// The pages of a query, one after another, each with up to a hundred results. Used by one thread at a time.
///
/// It keeps its client alive. Freed with boomi_pages_free(), in any order with its client, request and pages, even
/// inside a callback of its own call, which then runs to its end.
pub struct boomi_pages {
    pages: OneAtATime<Pages>,
}

/// Creates the pages of a query: `request` is a POST to a path that ends in /query, and is copied. No I/O.
///
/// `*pages_out` is freed with boomi_pages_free(); NULL on failure.
/// Errors: the first one of the request's setters; BOOMI_ERR_INVALID_ARGUMENT, also for another method or path.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_pages_new(
    client: *const boomi_client,
    request: *const boomi_request,
    pages_out: *mut *mut boomi_pages,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(pages_out, "pages_out", error_out, || {
            let (client, request) = (in_use(client)?, borrow(request, "request")?.request.clone());
            let pages = client.pages((*request).clone())?;
            Ok(give(boomi_pages { pages: OneAtATime::new(pages) }))
        })
    }
}

/// Requests the next page: a response with status 200, in JSON or XML as the request accepts.
///
/// Each page is a call of its own, with its own deadline, rate-limit permit and retries; see boomi_client_send().
/// `call` may be NULL for the client's limits.
///
/// After the last page, which may be the first and without results, this is BOOMI_OK, and `*response_out` is NULL.
/// An error loses nothing: the next call requests the same page again. From another thread at the same time, or
/// inside a callback of its own call, it is BOOMI_ERR_INVALID_ARGUMENT.
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure, too.
/// Errors: those of boomi_client_send(), and, for a response of another status, those of boomi_response_check();
/// BOOMI_ERR_PROTOCOL if the response is no page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_pages_next(
    pages: *mut boomi_pages,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(response_out, "response_out", error_out, || {
            let (pages, call) = (borrow(pages, "pages")?.pages.share(), in_use_call(call));
            let page = pages.with("pages", |pages| pages.next_page(call.as_ref()))?;
            Ok(page.map_or(std::ptr::null_mut(), |response| give(boomi_response::from(response))))
        })
    }
}

/// Frees pages. Returned responses stay valid. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_pages_free(pages: *mut boomi_pages) {
    // SAFETY: see the module's contract.
    unsafe { release(pages) }
}
