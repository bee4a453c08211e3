//! One request on its way: in its turn, signed in, and again where that helps and can do no harm. The only place that counts
//! tries: nothing below it sends a request of the caller's twice, and nothing above it asks again.

use serde_json::json;
use ureq::http::Uri;

use super::TokenProvider;
use super::call::Call;
use super::context::{Asking, Exchange};
use super::request::{Request, header_value};
use super::response::Response;
use super::retry::{Budget, Decision, Effect, Outcome, is_of_the_connection, judge};
use super::sign_in::{Purpose, TIME_TO_BEGIN};
use super::status::SignedInAs;
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventKind;
use crate::jwt::Token;
use crate::rate_limit::{InTurn, account_of};
use crate::transport::scope::Phase;

/// Whose credentials go with a request.
pub(crate) enum Who {
    /// The caller's own headers say.
    Caller,
    /// The client's user.
    User,
    /// The bearer of a provider's JWT.
    Bearer(TokenProvider),
}

/// See the module's text.
pub(crate) struct Sending<'a> {
    exchange: &'a Exchange<'a>,
    request: &'a Request,
    /// Where it goes: the request's path, or URL, with account and query.
    uri: &'a Uri,
    /// See [`Asking::most`].
    most: Option<u64>,
    who: Who,
    effect: Effect,
    /// Whose pace it keeps.
    account: &'a str,
    /// How often it was tried.
    attempts: u32,
    /// Whether any of the tries left.
    sent: bool,
    /// Whether the user typed a code for this call, which goes with one try.
    has_typed_code: bool,
    /// Another JWT than the one that the API refused, of which there is one in a call.
    newer: Option<Token>,
    replaced: bool,
    /// The last answer, unless it refused a JWT that was replaced.
    answer: Option<Response>,
    /// Why the last try that had no answer had none.
    lost: Option<Error>,
}

impl<'a> Sending<'a> {
    pub(crate) fn new(
        exchange: &'a Exchange<'a>,
        request: &'a Request,
        uri: &'a Uri,
        who: Who,
        account_id: Option<&'a str>,
        most: Option<u64>,
    ) -> Self {
        Sending {
            account: account_of(uri.path(), account_id),
            has_typed_code: exchange.call().is_some_and(Call::has_otp),
            exchange,
            request,
            uri,
            most,
            who,
            effect: Effect::of(request),
            attempts: 0,
            sent: false,
            newer: None,
            replaced: false,
            answer: None,
            lost: None,
        }
    }

    /// The answer to the request, whatever its status: the last, if there were several.
    pub(crate) fn run(mut self) -> Result<Response> {
        loop {
            let ended = match self.try_once() {
                Ok(ended) => ended,
                Err(error) => return self.stop(error),
            };
            if self.newer.is_some() {
                continue;
            }
            let Decision::Retry(wait) = self.judge(&ended) else { return self.end(ended) };
            self.tell(&ended, wait.as_millis() as u64);
            match ended {
                Ok(answer) => self.answer = Some(answer),
                Err(error) => self.lost = Some(error),
            }
            if let Err(error) = self.exchange.scope().wait_between(Phase::Retry, wait) {
                return self.stop(error);
            }
        }
    }

    /// The request, made for one try.
    fn asking(&self) -> Asking<'a> {
        let mut outgoing = self.exchange.outgoing(self.request.method.clone(), self.uri.clone());
        self.request.add_headers_to(&mut outgoing.headers);
        outgoing.body = self.request.body_to_send();
        Asking { outgoing, graphql: self.request.is_graphql(), most: self.most, purpose: "request" }
    }

    /// Sends it once. The outer error is that it was not tried: it had no turn, no leave to sign in, or no token.
    fn try_once(&mut self) -> Result<Result<Response>> {
        let (exchange, scope) = (self.exchange, self.exchange.scope());
        if let (Who::Bearer(provider), None) = (&self.who, &self.newer) {
            // Whoever waits for a token keeps no place from those who have one.
            exchange.bearer(provider).map_err(|error| error.sent(false))?;
        }
        let turn = InTurn::wait(exchange.paces(), self.account, scope)?;
        let begin = || {
            // The last thing that is waited for: a turn of the fleet's that is not used is nobody's.
            turn.wait_for_the_fleet()?;
            scope.set_on_sent(turn.on_sent());
            Ok::<_, Error>(())
        };
        let asking = self.asking();
        let ended = match &self.who {
            Who::Caller => {
                begin()?;
                exchange.send_as(asking, SignedInAs::Caller, None, &[])
            }
            Who::User => {
                let patience = scope.remaining();
                let purpose = Purpose {
                    name: asking.purpose,
                    path: self.uri.path(),
                    foreign: false,
                    patience,
                    turn: Some(&turn),
                    while_waiting: None,
                };
                match exchange.begin_sign_in(purpose) {
                    Ok(sign_in) => match begin() {
                        Ok(()) => exchange.send_by(asking, sign_in),
                        Err(error) => {
                            exchange.abandon(sign_in);
                            return Err(error);
                        }
                    },
                    // Whoever asked whether the server answers again found that it does not: a try like any other, but not sent.
                    // With less time than that, it is the wait for others that ended.
                    Err(error) if is_of_the_connection(error.kind()) && scope.remaining() >= TIME_TO_BEGIN => {
                        Err(error)
                    }
                    Err(error) => return Err(error),
                }
            }
            Who::Bearer(provider) => {
                // What fails then is the exchange: the request itself was not sent.
                let token = match self.newer.take() {
                    Some(newer) => newer,
                    None => exchange.bearer(provider).map_err(|error| error.sent(false))?,
                };
                begin()?;
                let ended =
                    exchange.send_as(asking, SignedInAs::Bearer, Some(header_value(token.in_header(), true)), &[]);
                if let Ok(response) = &ended
                    && response.refuses_bearer()
                    && !std::mem::replace(&mut self.replaced, true)
                {
                    // A refusal comes before any effect; but one field of a GraphQL mutation may be refused after another was
                    // executed. And without the code that got that JWT, the exchange would be a bad sign-in.
                    let begun = self.effect == Effect::Creating && response.may_have_begun();
                    if begun || self.typed_code_is_gone() {
                        provider.observe_refusal(&token, response.status());
                    } else {
                        self.newer = exchange.newer_bearer(provider, &token, response.status());
                    }
                }
                ended
            }
        };
        turn.end();
        scope.set_on_sent(None);
        self.attempts += 1;
        // What was refused with its JWT had no effect.
        self.sent |= scope.was_sent() && self.newer.is_none();
        Ok(ended)
    }

    fn judge(&self, ended: &Result<Response>) -> Decision {
        if ended.as_ref().is_ok_and(|response| response.status() < 400) {
            return Decision::Give;
        }
        let scope = self.exchange.scope();
        let outcome = match ended {
            Ok(response) => Outcome::Answered {
                status: response.status(),
                message: response.message(),
                retry_after: response.retry_after(),
            },
            Err(error) => Outcome::Lost {
                kind: error.kind(),
                passing: error.is_retryable(),
                sent: scope.was_sent(),
                went_stale: scope.on_kept_connection() && scope.status().is_none(),
            },
        };
        if self.typed_code_is_gone() {
            // It went with this try. Without one, the next would be a bad sign-in.
            return Decision::Give;
        }
        let retries = self.exchange.max_retries();
        let budget = Budget { retries, time: scope.remaining(), chance: scope.clock().chance() };
        judge(self.effect, self.attempts - u32::from(self.replaced), outcome, budget)
    }

    /// Whether the user typed a code for this call, and it went with one of its sign-ins.
    fn typed_code_is_gone(&self) -> bool {
        self.has_typed_code && !self.exchange.call().is_some_and(Call::has_otp)
    }

    fn tell(&self, ended: &Result<Response>, wait_ms: u64) {
        let (status, code) = match ended {
            Ok(response) => (response.status(), response.error().map_or(0, |error| error.kind().code())),
            Err(error) => (error.status().unwrap_or(0), error.kind().code()),
        };
        self.exchange.emit(EventKind::RequestRetried, || {
            json!({
                "host": self.exchange.scope().host(),
                "method": self.request.method.as_str(),
                "path": self.uri.path(),
                "attempt": self.attempts,
                "status": status,
                "code": code,
                "wait_ms": wait_ms,
            })
        });
    }

    /// The last try was the last.
    fn end(self, ended: Result<Response>) -> Result<Response> {
        match ended {
            Ok(response) => Ok(response.with_attempts(self.attempts)),
            Err(error) => {
                // What may have been done must not hide behind an answer that says that nothing was.
                let in_doubt = self.effect == Effect::Creating && self.exchange.scope().was_sent();
                if in_doubt { Err(self.explain(error)) } else { self.give_up(error) }
            }
        }
    }

    /// It cannot be tried again, although it should: what became of the last try is what its caller hears.
    fn stop(mut self, error: Error) -> Result<Response> {
        match self.lost.take() {
            Some(lost) if self.answer.is_none() && error.kind() != ErrorKind::Canceled => {
                let note = format!("; it was not sent again: {}", error.message());
                Err(self.explain(lost.noting(&note).with_retry_after(error.retry_after())))
            }
            _ => self.give_up(error),
        }
    }

    /// There will be no other answer than what there is, unless a later one came that cannot be used.
    fn give_up(mut self, error: Error) -> Result<Response> {
        let says_more = matches!(
            error.kind(),
            ErrorKind::Canceled | ErrorKind::Protocol | ErrorKind::TooLarge | ErrorKind::Internal
        );
        match self.answer.take() {
            Some(answer) if !says_more => Ok(answer.with_attempts(self.attempts)),
            _ => Err(self.explain(error)),
        }
    }

    fn explain(&self, error: Error) -> Error {
        let mut notes = String::new();
        if self.attempts > 1 {
            notes += &format!("; it was tried {} times", self.attempts);
        }
        if self.sent && self.effect == Effect::Creating {
            notes += "; the request may have taken effect: look, before you send it again";
        }
        error.noting(&notes).sent(self.sent).with_attempts(self.attempts)
    }
}
