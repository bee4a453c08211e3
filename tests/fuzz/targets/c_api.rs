//! The C API as a sequence of calls: handles of every kind in whatever order, with texts and NULL where they may be.
//! Nothing goes beyond loopback's discard port, where nobody listens.
#![no_main]

use std::ffi::{CString, c_char};
use std::ptr::{null, null_mut};

use boomi_auth::capi::*;
use libfuzzer_sys::fuzz_target;

/// What is left of the input.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> u32 {
        self.byte().unwrap_or(0).into()
    }

    /// A text up to the next NUL; now and then a good one, so that calls get beyond it.
    fn text(&mut self, good: &str) -> Option<CString> {
        match self.byte() {
            None | Some(0) => None,
            Some(1..=128) => Some(CString::new(good).unwrap()),
            Some(_) => {
                let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
                let text = CString::new(&self.0[..end]).unwrap();
                self.0 = &self.0[end..];
                Some(text)
            }
        }
    }
}

fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(null(), |text| text.as_ptr())
}

/// Handles of one kind, some of them NULL. `free` is called once for each.
struct Handles<T> {
    all: Vec<*mut T>,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Handles<T> {
    fn new(free: unsafe extern "C" fn(*mut T)) -> Self {
        Handles { all: vec![null_mut()], free }
    }

    fn pick(&self, input: &mut Input<'_>) -> *mut T {
        self.all[input.number() as usize % self.all.len()]
    }

    fn keep(&mut self, handle: *mut T) {
        if self.all.len() == 8 {
            // SAFETY: it is forgotten here.
            unsafe { (self.free)(self.all.swap_remove(3)) };
        }
        self.all.push(handle);
    }

    fn free_one(&mut self, input: &mut Input<'_>) {
        let index = input.number() as usize % self.all.len();
        // SAFETY: it is forgotten here; NULL is fine.
        unsafe { (self.free)(std::mem::replace(&mut self.all[index], null_mut())) };
    }
}

impl<T> Drop for Handles<T> {
    fn drop(&mut self) {
        for handle in &self.all {
            // SAFETY: each is in here once.
            unsafe { (self.free)(*handle) };
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let input = &mut input;
    let mut configs = Handles::new(boomi_config_free);
    let mut clients = Handles::new(boomi_client_free);
    let mut requests = Handles::new(boomi_request_free);
    let mut calls = Handles::new(boomi_call_free);
    let mut errors = Handles::new(boomi_error_free);
    let mut responses = Handles::new(boomi_response_free);
    let mut tokens = Handles::new(boomi_token_free);
    let mut providers = Handles::new(boomi_token_provider_free);
    let mut authorizations = Handles::new(boomi_authorization_free);
    let mut sent = 0;
    while let Some(operation) = input.byte() {
        let mut error = null_mut();
        let error_out: *mut *mut boomi_error = if operation >= 128 { null_mut() } else { &mut error };
        // SAFETY: what is handed over is NULL, a handle that is not freed yet, a text with its NUL, or a buffer with
        // its length.
        unsafe {
            match operation % 40 {
                0 => {
                    let config = boomi_config_new();
                    let base = CString::new("http://127.0.0.1:9").unwrap();
                    boomi_config_set_base_url(config, base.as_ptr(), null_mut());
                    boomi_config_set_proxy(config, c"".as_ptr(), null_mut());
                    boomi_config_set_timeout_ms(config, 20, null_mut());
                    boomi_config_set_max_retries(config, 0, null_mut());
                    configs.keep(config);
                }
                1 => configs.keep(boomi_config_clone(configs.pick(input))),
                2 => {
                    let (user, secret) = (input.text("user@example.com"), input.text("secret"));
                    let kind = input.number() % 4;
                    boomi_config_set_credentials(
                        configs.pick(input),
                        kind,
                        pointer(&user),
                        pointer(&secret),
                        error_out,
                    );
                }
                3 => {
                    let text = input.text("account123");
                    boomi_config_set_account_id(configs.pick(input), pointer(&text), error_out);
                }
                4 => {
                    let text = input.text("JBSWY3DPEHPK3PXP");
                    boomi_config_set_otp_secret(configs.pick(input), pointer(&text), error_out);
                }
                5 => {
                    let text = input.text("product/1");
                    boomi_config_set_user_agent(configs.pick(input), pointer(&text), error_out);
                }
                6 => {
                    let (pem, mode) = (input.text("no PEM"), input.number() % 4);
                    let length = pem.as_ref().map_or(0, |pem| pem.as_bytes().len());
                    boomi_config_set_ca_pem(configs.pick(input), pointer(&pem).cast(), length, mode, error_out);
                }
                7 => {
                    boomi_config_set_requests_per_second(configs.pick(input), input.number() * 100, null_mut());
                    boomi_config_set_max_sign_ins_in_flight(configs.pick(input), input.number(), null_mut());
                    boomi_config_set_max_response_bytes(configs.pick(input), input.number().into(), error_out);
                }
                8 => {
                    boomi_config_set_token_provider(configs.pick(input), providers.pick(input), error_out);
                }
                9 => {
                    let mut client = null_mut();
                    boomi_client_new(configs.pick(input), &mut client, error_out);
                    clients.keep(client);
                }
                10 => {
                    let mut text = null_mut();
                    boomi_client_describe(clients.pick(input), &mut text, error_out);
                    boomi_string_free(text);
                }
                11 => boomi_client_cancel(clients.pick(input)),
                12 => boomi_client_reset_guard(clients.pick(input)),
                13 => {
                    let mut text = null_mut();
                    boomi_client_describe_guard(clients.pick(input), &mut text, error_out);
                    boomi_string_free(text);
                }
                14 => {
                    let (method, path) = (input.text("GET"), input.text("/api/rest/v1/{accountId}/Deployment/1"));
                    let mut request = null_mut();
                    boomi_request_new(pointer(&method), pointer(&path), &mut request, error_out);
                    requests.keep(request);
                }
                15 => {
                    let (name, value) = (input.text("X-Name"), input.text("value"));
                    let flags = input.number() % 5;
                    boomi_request_set_header(requests.pick(input), pointer(&name), pointer(&value), flags, error_out);
                }
                16 => {
                    let body = input.text("{\"a\":1}");
                    let length = body.as_ref().map_or(0, |body| body.as_bytes().len());
                    boomi_request_set_body(requests.pick(input), pointer(&body).cast(), length, error_out);
                }
                17 => {
                    let (name, value) = (input.text("name"), input.text("value"));
                    boomi_request_add_query(requests.pick(input), pointer(&name), pointer(&value), error_out);
                }
                18 => {
                    boomi_request_set_auth(requests.pick(input), input.number() % 6, error_out);
                }
                19 => {
                    let text = input.text("account456");
                    boomi_request_set_account_id(requests.pick(input), pointer(&text), error_out);
                }
                20 if sent < 4 => {
                    sent += 1;
                    let mut response = null_mut();
                    let (client, request) = (clients.pick(input), requests.pick(input));
                    boomi_client_send(client, request, calls.pick(input), &mut response, error_out);
                    responses.keep(response);
                }
                21 if sent < 4 => {
                    sent += 1;
                    let account = input.text("account123");
                    let mut token = null_mut();
                    boomi_jwt_generate(
                        clients.pick(input),
                        pointer(&account),
                        calls.pick(input),
                        &mut token,
                        error_out,
                    );
                    tokens.keep(token);
                }
                22 => {
                    let call = boomi_call_new();
                    boomi_call_set_timeout_ms(call, 20, null_mut());
                    calls.keep(call);
                }
                23 => boomi_call_cancel(calls.pick(input)),
                24 => {
                    let account = input.text("account123");
                    let mut provider = null_mut();
                    boomi_token_provider_new(clients.pick(input), pointer(&account), &mut provider, error_out);
                    providers.keep(provider);
                }
                25 if sent < 4 => {
                    sent += 1;
                    let mut token = null_mut();
                    let seconds = input.number() * 10;
                    boomi_token_provider_get(providers.pick(input), seconds, calls.pick(input), &mut token, error_out);
                    tokens.keep(token);
                }
                26 => {
                    let mut text = null_mut();
                    boomi_token_provider_describe(providers.pick(input), &mut text, error_out);
                    boomi_string_free(text);
                }
                27 => {
                    let url = input.text("http://127.0.0.1:9/api");
                    let mut authorization = null_mut();
                    let (client, call) = (clients.pick(input), calls.pick(input));
                    boomi_client_authorize(
                        client,
                        input.number() % 5,
                        pointer(&url),
                        call,
                        &mut authorization,
                        error_out,
                    );
                    authorizations.keep(authorization);
                }
                28 => {
                    let authorization = authorizations.pick(input);
                    for index in 0..boomi_authorization_count(authorization) + 1 {
                        boomi_authorization_name(authorization, index);
                        boomi_authorization_value(authorization, index);
                    }
                }
                29 => {
                    let response = responses.pick(input);
                    boomi_response_status(response);
                    boomi_response_body(response, null_mut());
                    boomi_response_check(response, error_out);
                }
                30 => {
                    let picked = errors.pick(input);
                    boomi_error_code(picked);
                    boomi_error_message(picked);
                    boomi_error_http_status(picked);
                }
                31 => {
                    let token = tokens.pick(input);
                    boomi_token_jwt(token);
                    tokens.keep(boomi_token_clone(token));
                }
                32 => {
                    let (user, secret) = (input.text("user@example.com"), input.text("secret"));
                    let mut header = null_mut();
                    boomi_auth_header(input.number() % 4, pointer(&user), pointer(&secret), &mut header, error_out);
                    boomi_string_free(header);
                }
                33 => {
                    let secret = input.text("JBSWY3DPEHPK3PXP");
                    let mut code = null_mut();
                    boomi_otp_code(pointer(&secret), input.number().into(), &mut code, error_out);
                    boomi_string_free(code);
                }
                34 => configs.free_one(input),
                35 => clients.free_one(input),
                36 => requests.free_one(input),
                37 => calls.free_one(input),
                38 => providers.free_one(input),
                39 => {
                    tokens.free_one(input);
                    errors.free_one(input);
                    responses.free_one(input);
                    authorizations.free_one(input);
                }
                _ => {}
            }
        }
        errors.keep(error);
    }
});
