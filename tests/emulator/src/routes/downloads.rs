//! Downloads of logs and documents: a URL first, which answers 202 until the file is there.

use super::call::Call;
use crate::answer::refused;
use crate::credentials::Presented;
use crate::jobs::Progress;
use crate::shapes::escape_xml;
use crate::users::Refusal;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// `POST …/ProcessLog`, `AtomLog` or `ConnectorDocument`: 200 with the URL, and 202 in the body.
pub(crate) fn begin(call: Call) -> Response {
    // Basic only, like any object but Deployment.
    let call = Call { object: "ExecutionRecord".into(), ..call };
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    let url = {
        let mut world = call.shared.world();
        let id = world.jobs.begin("download", &call.account, "download");
        world
            .download
            .url
            .clone()
            .unwrap_or_else(|| format!("{}/account/{}/api/download/{id}", call.origin, call.account))
    };
    let message = "Beginning download.";
    let as_json =
        || serde_json::json!({ "@type": "LogDownload", "url": url, "statusCode": 202, "message": message }).to_string();
    let as_xml = || {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
             <bns:LogDownload xmlns:bns=\"http://api.platform.boomi.com/\" url=\"{}\" statusCode=\"202\" \
             message=\"{message}\"/>",
            escape_xml(&url)
        )
    };
    call.ok(StatusCode::OK, as_json, as_xml)
}

/// `GET /account/{accountId}/api/download/{id}`: "with the same auth", \[U\] or a JWT of the account.
pub(crate) async fn fetch(call: Call) -> Response {
    let (progress, bytes) = {
        let mut world = call.shared.world();
        let presented = Presented::of(&call.headers);
        let signed_in = match presented.bearer {
            Some(_) => world
                .bearer(&presented)
                .and_then(|claims| if claims.account_id == call.account { Ok(()) } else { Err(Refusal::Forbidden) }),
            None => world.basic(&presented, &call.account).map(|_| ()),
        };
        if let Err(refusal) = signed_in {
            return refused(&call.headers, refusal);
        }
        (world.ask(&call.id, &call.account, "download"), world.download.bytes)
    };
    let (status, body) = match progress {
        None => return call.error(StatusCode::NOT_FOUND, "There is no such download."),
        Some(Progress::UnderWay) => (StatusCode::ACCEPTED, Body::empty()),
        // Something that no text is, and different wherever one looks.
        Some(_) => (StatusCode::OK, Body::from((0..bytes).map(|n| (n % 251) as u8).collect::<Vec<u8>>())),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
