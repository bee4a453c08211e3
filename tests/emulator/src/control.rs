//! The control API: what a test in any language may ask of the server. Plain HTTP on a port of its own, so that it
//! shows in no log and no fault can reach it.

use crate::answer::json;
use crate::date::DateOffset;
use crate::options::from_json;
use crate::outage::OutageJson;
use crate::query::Pages;
use crate::world::Shared;
use crate::{AsyncOptions, Delay, DownloadOptions, JwtOptions, RateLimit, Scripted};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The control endpoints over the shared state.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/control/reset", post(reset))
        .route("/control/log", get(log))
        .route("/control/users", get(users))
        .route("/control/password", post(password))
        .route("/control/clock", post(clock))
        .route("/control/jwt", post(jwt))
        .route("/control/faults", post(faults).delete(no_faults))
        .route("/control/delays", post(delays))
        .route("/control/outage", post(outage))
        .route("/control/date", post(date))
        .route("/control/in_flight", get(in_flight))
        .route("/control/rate-limit", post(rate_limit))
        .route("/control/rates", get(rates))
        .route("/control/query", post(query))
        .route("/control/async", post(asynchronous))
        .route("/control/download", post(download))
        .route("/control/effects", get(effects))
        .fallback(|| async { message(StatusCode::NOT_FOUND, "there is no such control") })
        .method_not_allowed_fallback(|| async { message(StatusCode::METHOD_NOT_ALLOWED, "not with this method") })
        .with_state(shared)
}

async fn reset(State(shared): State<Shared>) -> Response {
    shared.reset();
    done()
}

async fn log(State(shared): State<Shared>) -> Response {
    ok(&shared.world().log)
}

async fn users(State(shared): State<Shared>) -> Response {
    ok(&shared.world().users.status())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    user: String,
    password: Option<String>,
    token: Option<String>,
}

async fn password(State(shared): State<Shared>, body: Bytes) -> Response {
    let wanted: NewSecret = match from_json(&body) {
        Ok(wanted) => wanted,
        Err(why) => return message(StatusCode::BAD_REQUEST, &why),
    };
    let users = &mut shared.world().users;
    if !users.has(&wanted.user) {
        let why = format!("user: there is no {}", wanted.user);
        return message(StatusCode::BAD_REQUEST, &why);
    }
    match (&wanted.password, &wanted.token) {
        (Some(password), None) => users.set_password(&wanted.user, password),
        (None, Some(token)) => users.set_token(&wanted.user, token),
        _ => return message(StatusCode::BAD_REQUEST, "password, token: give one of them"),
    };
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: i64,
}

#[derive(Serialize)]
struct Now {
    now: i64,
}

async fn clock(State(shared): State<Shared>, body: Bytes) -> Response {
    match from_json::<Advance>(&body) {
        Ok(wanted) => {
            let mut world = shared.world();
            world.advance_clock(wanted.advance_s);
            ok(&Now { now: world.now() })
        }
        Err(why) => message(StatusCode::BAD_REQUEST, &why),
    }
}

async fn jwt(State(shared): State<Shared>, body: Bytes) -> Response {
    told(&body, |options: JwtOptions| shared.world().jwt.set_options(options))
}

async fn faults(State(shared): State<Shared>, body: Bytes) -> Response {
    told(&body, |scripted: Scripted| shared.world().script(scripted))
}

async fn no_faults(State(shared): State<Shared>) -> Response {
    shared.world().clear_scripted();
    done()
}

async fn delays(State(shared): State<Shared>, body: Bytes) -> Response {
    told(&body, |delays: Vec<Delay>| shared.world().delays = delays)
}

async fn outage(State(shared): State<Shared>, body: Bytes) -> Response {
    told_if(&body, |outage: OutageJson| outage.wanted().map(|outage| shared.line.set(outage)))
}

async fn date(State(shared): State<Shared>, body: Bytes) -> Response {
    told(&body, |offset: DateOffset| shared.world().date_offset_s = offset.0)
}

async fn rate_limit(State(shared): State<Shared>, body: Bytes) -> Response {
    told(&body, |limit: RateLimit| shared.world().rate_limit = limit)
}

async fn query(State(shared): State<Shared>, body: Bytes) -> Response {
    told_if(&body, |pages: Pages| pages.check().map(|()| shared.world().query = pages))
}

async fn asynchronous(State(shared): State<Shared>, body: Bytes) -> Response {
    told_if(&body, |options: AsyncOptions| options.check().map(|()| shared.world().asynchronous = options))
}

async fn download(State(shared): State<Shared>, body: Bytes) -> Response {
    told(&body, |options: DownloadOptions| shared.world().download = options)
}

async fn effects(State(shared): State<Shared>) -> Response {
    ok(&shared.world().effects)
}

async fn rates(State(shared): State<Shared>) -> Response {
    ok(&shared.world().rates.status())
}

async fn in_flight(State(shared): State<Shared>) -> Response {
    ok(&shared.world().flights)
}

/// Does what a body says.
fn told<T: DeserializeOwned>(body: &[u8], act: impl FnOnce(T)) -> Response {
    told_if(body, |wanted| {
        act(wanted);
        Ok(())
    })
}

/// Does what a body says, if it makes sense.
fn told_if<T: DeserializeOwned>(body: &[u8], act: impl FnOnce(T) -> Result<(), String>) -> Response {
    match from_json(body).and_then(act) {
        Ok(()) => done(),
        Err(why) => message(StatusCode::BAD_REQUEST, &why),
    }
}

fn ok(value: &impl Serialize) -> Response {
    json(StatusCode::OK, serde_json::to_string(value).expect("it is JSON"))
}

fn done() -> Response {
    json(StatusCode::OK, "{}".into())
}

fn message(status: StatusCode, message: &str) -> Response {
    json(status, serde_json::json!({ "message": message }).to_string())
}
