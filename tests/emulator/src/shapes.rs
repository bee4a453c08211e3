//! Every shape an error body may have. The documentation contradicts itself, so a client has to read them all.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// An error answer as documented, or as seen in the wild where the documentation is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorShape {
    /// The REST introduction's JSON: `{"error":{"message":…}}`.
    RestDocJson,
    /// The OpenAPI file's example of a 403: `{"message":…}`.
    OasForbiddenJson,
    /// The OpenAPI file's example of a 410.
    OasGoneJson,
    /// The OpenAPI file's example of a 503: too busy, or over the rate limit.
    OasUnavailableJson,
    /// What scripts around the live API look for: `{"@type":"Error","message":…}`.
    RestLiveJson,
    /// XML, the default of the REST API: `<error><message>…`.
    RestXml,
    /// The same with a namespace prefix.
    RestXmlNamespaced,
    /// The 503 of the rate limit in XML, as a client gets it that asked for nothing.
    RateLimitXml,
    /// DataHub's 403 for bad or missing credentials: a `UserMessage` with the id `error.user.login`.
    UserMessageLogin,
    /// The 403 for a token on an account it does not belong to: a `UserMessage` with the id `error.user.auth`.
    UserMessageAuth,
    /// DataHub's 400 for a missing privilege.
    DataHubPrivilegeXml,
    /// A DataHub repository's 401 for bad Basic credentials: Jetty's HTML page.
    JettyUnauthorizedHtml,
    /// A DataHub repository's 401 for an expired JWT: Jetty's HTML page.
    JettyInvalidCredentialsHtml,
    /// GraphQL's refusal inside an HTTP 200.
    GraphqlUnauthorized,
    /// GraphQL's own failure inside an HTTP 200, with an `errorCode`.
    GraphqlSystemError,
    /// One failed item of a bulk request inside an HTTP 200.
    BulkItem,
    /// The API Control Plane's JSON.
    ControlPlaneJson,
}

use ErrorShape::*;

const JSON: &str = "application/json";
const XML: &str = "application/xml";
const JETTY: &str = "text/html;charset=ISO-8859-1";
const BUSY: &str =
    "The Boomi server is currently unavailable or your account's rate limits have been exceeded. Retry later.";

impl ErrorShape {
    /// Every shape.
    pub const ALL: &'static [ErrorShape] = &[
        RestDocJson,
        OasForbiddenJson,
        OasGoneJson,
        OasUnavailableJson,
        RestLiveJson,
        RestXml,
        RestXmlNamespaced,
        RateLimitXml,
        UserMessageLogin,
        UserMessageAuth,
        DataHubPrivilegeXml,
        JettyUnauthorizedHtml,
        JettyInvalidCredentialsHtml,
        GraphqlUnauthorized,
        GraphqlSystemError,
        BulkItem,
        ControlPlaneJson,
    ];

    /// The name by which the control API and scenarios select it.
    pub fn name(self) -> &'static str {
        match self {
            RestDocJson => "rest-doc-json",
            OasForbiddenJson => "oas-forbidden-json",
            OasGoneJson => "oas-gone-json",
            OasUnavailableJson => "oas-unavailable-json",
            RestLiveJson => "rest-live-json",
            RestXml => "rest-xml",
            RestXmlNamespaced => "rest-xml-namespaced",
            RateLimitXml => "rate-limit-xml",
            UserMessageLogin => "user-message-login",
            UserMessageAuth => "user-message-auth",
            DataHubPrivilegeXml => "datahub-privilege-xml",
            JettyUnauthorizedHtml => "jetty-unauthorized-html",
            JettyInvalidCredentialsHtml => "jetty-invalid-credentials-html",
            GraphqlUnauthorized => "graphql-unauthorized",
            GraphqlSystemError => "graphql-system-error",
            BulkItem => "bulk-item",
            ControlPlaneJson => "control-plane-json",
        }
    }

    /// The shape of that name.
    pub fn from_name(name: &str) -> Option<ErrorShape> {
        Self::ALL.iter().copied().find(|shape| shape.name() == name)
    }

    /// The status it comes with. Where the source gives none (\[U\]) it is 400, a refusal no client may retry.
    pub fn status(self) -> u16 {
        match self {
            GraphqlUnauthorized | GraphqlSystemError | BulkItem => 200,
            RestDocJson | RestLiveJson | RestXml | RestXmlNamespaced | DataHubPrivilegeXml => 400,
            JettyUnauthorizedHtml | JettyInvalidCredentialsHtml => 401,
            OasForbiddenJson | UserMessageLogin | UserMessageAuth | ControlPlaneJson => 403,
            OasGoneJson => 410,
            OasUnavailableJson | RateLimitXml => 503,
        }
    }

    /// The `Content-Type` it comes with.
    pub fn content_type(self) -> &'static str {
        match self {
            RestXml | RestXmlNamespaced | RateLimitXml | UserMessageLogin | UserMessageAuth | DataHubPrivilegeXml => {
                XML
            }
            JettyUnauthorizedHtml | JettyInvalidCredentialsHtml => JETTY,
            _ => JSON,
        }
    }

    /// The words in it that are meant for people: what a client should show.
    pub fn message(self) -> &'static str {
        match self {
            RestDocJson => "ERROR_MESSAGE",
            OasForbiddenJson => "Access denied due to insufficient permissions.",
            OasGoneJson => "Endpoint is invalid or no longer exists.",
            OasUnavailableJson | RateLimitXml => BUSY,
            RestLiveJson => "Unknown objectType \"Nothing\" & more.",
            RestXml => "The filter <expression> is not valid & was refused.",
            RestXmlNamespaced => "The object was changed in the meantime.",
            UserMessageLogin => "Incorrect user name and password combination.",
            UserMessageAuth => "User is not authorized for this account.",
            DataHubPrivilegeXml => "The authenticated user does not have access rights to this functionality",
            JettyUnauthorizedHtml => "UNAUTHORIZED",
            JettyInvalidCredentialsHtml => "Invalid credentials.",
            GraphqlUnauthorized => "Downstream Execution Error: Unauthorized",
            GraphqlSystemError => "Something went wrong.",
            BulkItem => "No such process",
            ControlPlaneJson => "You are not allowed to do this.",
        }
    }

    /// The whole body.
    pub fn body(self) -> String {
        let message = self.message();
        match self {
            RestDocJson => rest_doc_json(message),
            OasForbiddenJson | OasGoneJson | OasUnavailableJson => {
                serde_json::json!({ "message": message }).to_string()
            }
            RestLiveJson => serde_json::json!({ "@type": "Error", "message": message }).to_string(),
            RestXml | RateLimitXml | DataHubPrivilegeXml => rest_xml(message),
            RestXmlNamespaced => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
                 <bns:error xmlns:bns=\"http://api.platform.boomi.com/\"><bns:message>{}</bns:message></bns:error>",
                escape_xml(message)
            ),
            UserMessageLogin => user_message("error.user.login", message),
            // [U] the words: only the id is known.
            UserMessageAuth => user_message("error.user.auth", message),
            JettyUnauthorizedHtml | JettyInvalidCredentialsHtml => jetty(message),
            GraphqlUnauthorized => serde_json::json!({ "errors": [{ "message": message }] }).to_string(),
            GraphqlSystemError => graphql_error(message, "SYSTEM_ERROR"),
            BulkItem => serde_json::json!({ "response": [{
                "@type": "BulkResponse", "id": "00000000-0000-0000-0000-000000000000",
                "statusCode": 400, "errorMessage": message,
            }] })
            .to_string(),
            ControlPlaneJson => serde_json::json!({
                "timestamp": "2026-01-02T03:04:05.678+00:00", "status": 403, "error": "Forbidden",
                "message": message, "path": "/api/nothing",
            })
            .to_string(),
        }
    }
}

/// The REST API's documented JSON error with any message.
pub(crate) fn rest_doc_json(message: &str) -> String {
    serde_json::json!({ "error": { "message": message } }).to_string()
}

/// The REST API's documented XML error with any message.
pub(crate) fn rest_xml(message: &str) -> String {
    format!("<error><message>{}</message></error>", escape_xml(message))
}

/// A GraphQL error with any message and one of the documented codes.
pub(crate) fn graphql_error(message: &str, code: &str) -> String {
    serde_json::json!({ "errors": [{ "message": message, "extensions": { "errorCode": code } }] }).to_string()
}

/// The words documented for a retired endpoint; for one that never was they are as good as any (\[U\]).
pub(crate) fn no_such_endpoint() -> &'static str {
    OasGoneJson.message()
}

pub(crate) fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn user_message(id: &str, message: &str) -> String {
    format!("<UserMessage id=\"{id}\" type=\"error\"><Data>{}</Data></UserMessage>", escape_xml(message))
}

fn jetty(reason: &str) -> String {
    format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n\
         <title>Error 401 {reason}</title>\n</head>\n<body>\n<h2>HTTP ERROR 401</h2>\n\
         <p>Problem accessing /mdm/universes. Reason:\n<pre>    {reason}</pre></p>\n\
         <hr /><i><small>Powered by Jetty://</small></i>\n</body>\n</html>\n"
    )
}

impl<'de> Deserialize<'de> for ErrorShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ErrorShape, D::Error> {
        let name = String::deserialize(deserializer)?;
        ErrorShape::from_name(&name).ok_or_else(|| {
            let known: Vec<_> = ErrorShape::ALL.iter().map(|shape| shape.name()).collect();
            D::Error::custom(format!("unknown shape `{name}`, expected one of {}", known.join(", ")))
        })
    }
}
